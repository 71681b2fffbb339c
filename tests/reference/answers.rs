//! The families of surveys and their answers: satisfaction, effort, promoters, response, and what goes together with what.

use std::collections::{BTreeMap, BTreeSet};

use super::contact::Story;
use super::families::timed;
use super::identity::Life;
use super::model::Past;
use super::series::Value;
use super::sheet::Sheet;
use super::statistics::{fisher, nps, spearman};
use super::survey::{Answer, AnswerKey, Sent};
use super::world::{Name, Timed};

/// What is counted in a window.
pub(crate) fn windowed(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    csat(past, sheet);
    ces(past, sheet);
    sent(past, sheet);
    net_promoters(past, sheet);
    correlations(past, sheet);
}

fn answers<'p>(past: &'p Past<'_>, metric: &str) -> Vec<Timed<&'p Answer>> {
    past.answers(metric).into_iter().map(|a| Timed { at: a.at, value: a, dims: a.dims.clone() }).collect()
}

fn csat(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    let answers = answers(past, "csat");
    let rated: Vec<_> = answers.iter().map(|a| timed(a, a.value.is_satisfied(&past.world))).collect();
    sheet.count("cx_csat_responses", &answers);
    sheet.ratio("cx_csat_ratio", Some("cx_csat_satisfied_responses"), &[], &rated);
    for group in sheet.groups(&answers) {
        let points: i64 = group.inside.iter().map(|a| a.value.score).sum();
        let mut scales: Vec<_> = group.inside.iter().map(|a| a.value.scale).collect();
        scales.dedup();
        sheet.put_in(&group, "cx_csat_score_points", "", &[], Value::Millionths(points));
        let mean = points as f64 / 1e6 / group.inside.len() as f64;
        let mean = if scales.len() == 1 { Value::Real(mean) } else { Value::Absent };
        sheet.put_in(&group, "cx_csat_mean_score", "", &[], mean);
    }
    let mut scores: BTreeMap<String, i64> = BTreeMap::new();
    for answer in &answers {
        *scores.entry(answer.value.score_label()).or_default() += i64::from(sheet.holds(answer.at));
    }
    for (score, n) in scores {
        sheet.put("cx_csat_score_responses", &[("score", &score)], Value::Count(n));
    }
}

fn ces(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    let answers = answers(past, "ces");
    sheet.count("cx_ces_responses", &answers);
    for group in sheet.groups(&answers) {
        let efforts = group.inside.iter().map(|a| a.value.effort());
        let mean = efforts.map(|(part, whole)| part as f64 / whole as f64).sum::<f64>() / group.inside.len() as f64;
        let squares: f64 =
            group.inside.iter().map(|a| a.value.effort()).map(|(part, whole)| (1.0 + 4.0 * part as f64 / whole as f64).powi(2)).sum();
        if group.is_overall() {
            sheet.put("cx_ces_effort_squared_points", &[], Value::Real(squares));
        }
        let score = if group.inside.is_empty() { Value::Absent } else { Value::Real(1.0 + 4.0 * mean) };
        sheet.put_in(&group, "cx_ces_effort_score", "", &[], score);
    }
    let split = |test: fn((i64, i64)) -> bool| answers.iter().map(move |a| timed(a, test(a.value.effort()))).collect::<Vec<_>>();
    let low = split(|(part, whole)| 3 * part <= whole);
    let high = split(|(part, whole)| 3 * part >= 2 * whole);
    sheet.ratio("cx_ces_low_effort_ratio", Some("cx_ces_low_effort_responses"), &[], &low);
    sheet.ratio("cx_ces_high_effort_ratio", Some("cx_ces_high_effort_responses"), &[], &high);
}

fn sent(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    for metric in ["csat", "nps", "ces"] {
        let standing: BTreeSet<&AnswerKey> = past.answers(metric).into_iter().map(|answer| &answer.key).collect();
        let answered = |key: &AnswerKey| standing.contains(key);
        let sample = |(key, sent): (&AnswerKey, &Sent)| Timed { at: sent.at, value: answered(key), dims: sent.dims.clone() };
        let sent: Vec<_> = past.sent(metric).map(sample).collect();
        for group in sheet.groups(&sent) {
            sheet.put_in(&group, "cx_surveys_sent", "", &[("metric", metric)], Value::Count(group.inside.len() as i64));
        }
        let labels = [("metric", metric)];
        sheet.ratio_once(past.ever_matched(metric), "cx_survey_response_ratio", "cx_surveys_answered", &labels, &sent);
    }
}

fn net_promoters(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    for scope in ["service", "experience"] {
        let mut answers = answers(past, "nps");
        answers.retain(|a| a.value.scope == scope);
        if scope == "experience" {
            // The latest answer of each customer; who is not known is a customer of their own.
            let mut latest = BTreeMap::new();
            for a in answers {
                let unknown = a.value.customer.is_none().then(|| a.value.key.clone());
                latest.insert((a.value.customer.clone(), unknown), a);
            }
            answers = latest.into_values().collect();
        }
        for group in sheet.groups(&answers) {
            let count = |low: i64, high: i64| {
                let within = |a: &&&Timed<&Answer>| (low * 1_000_000..=high * 1_000_000).contains(&a.value.score);
                group.inside.iter().filter(within).count() as i64
            };
            let (p, m, d) = (count(9, 10), count(7, 8), count(0, 6));
            for (name, n) in [("promoter", p), ("passive", m), ("detractor", d)] {
                sheet.put_in(&group, "cx_nps_responses", "", &[("scope", scope), ("group", name)], Value::Count(n));
            }
            let (score, low, high) = nps(p, m, d);
            let present = |value: Value| if p + m + d > 0 { value } else { Value::Absent };
            sheet.put_in(&group, "cx_nps_score", "", &[("scope", scope)], present(Value::Real(score)));
            sheet.put_in(&group, "cx_nps_score_lower", "", &[("scope", scope)], present(Value::NpsBound(low)));
            sheet.put_in(&group, "cx_nps_score_upper", "", &[("scope", scope)], present(Value::NpsBound(high)));
        }
    }
}

/// The latest answer of each key; answers come in their order.
pub(crate) fn latest<K: Ord>(answers: Vec<&Answer>, key: impl Fn(&Answer) -> Option<K>) -> BTreeMap<K, &Answer> {
    answers.into_iter().filter_map(|a| key(a).map(|k| (k, a))).collect()
}

fn of_scope<'p>(answers: Vec<&'p Answer>, scope: &str) -> Vec<&'p Answer> {
    answers.into_iter().filter(|a| a.scope == scope).collect()
}

fn correlations(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    // A chat and its record are one contact.
    let contact = |a: &Answer| a.about.as_ref().map(|about| past.records.contact(about).clone());
    let service = of_scope(past.answers("nps"), "service");
    type Side = fn(&Past<'_>, &Name) -> Option<Timed<i64>>;
    let response: Side = |past, contact| past.contact(past.responding(contact))?.first_response.clone();
    let resolution: Side = |past, contact| {
        let solve = past.contact(past.resolving(contact)?).and_then(Story::solve)?;
        solve.value.map(|value| timed(solve, value))
    };
    let per_contact: [(&str, Side, &str, BTreeMap<Name, &Answer>); 5] = [
        ("first_response", response, "csat", latest(past.answers("csat"), contact)),
        ("resolution", resolution, "csat", latest(past.answers("csat"), contact)),
        ("first_response", response, "ces", latest(past.answers("ces"), contact)),
        ("resolution", resolution, "ces", latest(past.answers("ces"), contact)),
        ("first_response", response, "nps", latest(service, contact)),
    ];
    for (x, side, y, answers) in per_contact {
        let pair = |(name, answer): (Name, &Answer)| {
            // The ticket that the answer names is the one whose resolution counts.
            let named = answer.about.clone().filter(|about| x == "resolution" && !about.is_chat).unwrap_or(name);
            let sample = side(past, &named)?;
            Some(pair_of(sample.at, sample.value as f64, answer))
        };
        correlation(sheet, x, y, &answers.into_iter().filter_map(pair).collect::<Vec<_>>());
    }
    let customer = |a: &Answer| a.customer.clone();
    let loyalty = latest(of_scope(past.answers("nps"), "experience"), customer);
    for x in ["csat", "ces"] {
        let pair = |(customer, a): (Life, &Answer)| {
            let b = loyalty.get(&customer)?;
            Some(pair_of(a.at, a.rank_value(), b))
        };
        correlation(sheet, x, "nps", &latest(past.answers(x), customer).into_iter().filter_map(pair).collect::<Vec<_>>());
    }
}

/// A pair enters at the later of its two sides, for the dimensions of its answer.
fn pair_of(at: i64, x: f64, y: &Answer) -> Timed<(f64, f64)> {
    Timed { at: at.max(y.at), value: (x, y.rank_value()), dims: y.dims.clone() }
}

/// A correlation, overall and for every grouping set of one dimension.
fn correlation(sheet: &mut Sheet<'_>, x: &str, y: &str, pairs: &[Timed<(f64, f64)>]) {
    let labels = [("x", x), ("y", y)];
    for group in sheet.one_dimension_groups(pairs) {
        let pairs: Vec<(f64, f64)> = group.inside.iter().map(|pair| pair.value).collect();
        let blunt: Vec<_> = blunted(&pairs, x != "csat" && x != "ces");
        let with_interval = |rho: Option<f64>| rho.map(|rho| (rho, fisher(rho, pairs.len())));
        let (exact, blunt) = (with_interval(spearman(&pairs)), with_interval(spearman(&blunt)));
        let present = |pick: fn((f64, (f64, f64))) -> f64| match exact {
            Some(exact) => Value::Correlation { exact: pick(exact), blunt: blunt.map(pick) },
            None => Value::Absent,
        };
        sheet.put_in(&group, "cx_correlation_pairs", "", &labels, Value::Count(pairs.len() as i64));
        sheet.put_in(&group, "cx_correlation", "", &labels, present(|(rho, _)| rho));
        sheet.put_in(&group, "cx_correlation_lower", "", &labels, present(|(_, (low, _))| low));
        sheet.put_in(&group, "cx_correlation_upper", "", &labels, present(|(_, (_, high))| high));
    }
}

/// The pairs with every run of durations tied in which each lies within a bin's width (2 % and a bit) of the next.
fn blunted(pairs: &[(f64, f64)], x_is_duration: bool) -> Vec<(f64, f64)> {
    let mut durations: Vec<f64> = pairs.iter().map(|p| p.0).collect();
    durations.sort_by(f64::total_cmp);
    let mut out = pairs.to_vec();
    if x_is_duration {
        for pair in &mut out {
            let at = durations.partition_point(|d| *d < pair.0);
            let gap = durations[..=at].windows(2).rposition(|d| d[1] > d[0] * 1.021);
            pair.0 = durations[gap.map_or(0, |gap| gap + 1)];
        }
    }
    out
}
