//! The families of the catalogue, section by section of the definitions.

use std::collections::BTreeMap;

use cxpulse::time::Span;

use super::contact::Story;
use super::model::Past;
use super::series::Value;
use super::sheet::Sheet;
use super::statistics::{fisher, nps, spearman};
use super::survey::{Answer, AnswerKey, Sent};
use super::targets;
use super::world::{Dims, Life, Name, Timed};

/// What is true now and has no window.
pub(crate) fn state(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    let open: Vec<&Story> = past.tickets.iter().filter(|t| t.known.is_some() && t.unsolved).collect();
    let now = |value: i64, dims: &Dims| Timed { at: 0, value, dims: dims.clone() };
    let backlog: Vec<_> = open.iter().map(|t| now(0, &t.dims_now)).collect();
    sheet.count("cx_backlog_tickets", &backlog);
    for status in ["new", "open", "pending", "on_hold"] {
        let n = open.iter().filter(|t| t.status == status).count();
        sheet.put("cx_backlog_tickets_by_status", &[("status", status)], Value::Count(n as i64));
    }
    let unanswered = |t: &Story| t.clock_start.filter(|_| !t.answered);
    let awaiting = |t: &Story| t.awaiting_since;
    type Since<'s> = &'s dyn Fn(&Story) -> Option<i64>;
    let waits: [(&str, Since<'_>); 2] = [("unanswered", &unanswered), ("awaiting_reply", &awaiting)];
    for (name, since) in waits {
        let waiting: Vec<_> = open.iter().filter_map(|t| since(t).map(|at| now(at, &t.dims_now))).collect();
        sheet.count(&format!("cx_backlog_{name}_tickets"), &waiting);
        for group in sheet.groups(&waiting) {
            let oldest = group.inside.iter().map(|s| s.value).min();
            let family = format!("cx_backlog_oldest_{name}_timestamp_seconds");
            sheet.put_in(&group, &family, "", &[], oldest.map_or(Value::Absent, Value::Millis));
        }
    }
    targets::state(past, sheet);
    let running = past.chats.iter().filter(|c| c.opened.is_some() && c.abandoned.is_none() && c.ended.is_none());
    let (active, waiting): (Vec<&Story>, Vec<&Story>) = running.partition(|c| c.accepted.is_some());
    for (name, chats) in [("cx_chats_waiting", waiting), ("cx_chats_active", active)] {
        sheet.count(name, &chats.iter().map(|c| now(0, &c.dims_now)).collect::<Vec<_>>());
    }
    let customers: Vec<_> = past.customers.all.values().filter(|c| c.is_active()).map(|c| now(0, &c.dims)).collect();
    for group in sheet.groups_of(&past.world.settings.customer_grouping_sets, &customers) {
        // Without any customer the feed may not exist, and then the base is unknown.
        let is_known = !past.customers.all.is_empty();
        let n = group.inside.len() as i64;
        sheet.put_in(&group, "cx_customers_active", "", &[], if is_known { Value::Count(n) } else { Value::Absent });
    }
}

/// What is counted in a window.
pub(crate) fn windowed(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    tickets(past, sheet);
    responses(past, sheet);
    chats(past, sheet);
    contacts(past, sheet);
    touchpoints(past, sheet);
    csat(past, sheet);
    ces(past, sheet);
    sent(past, sheet);
    net_promoters(past, sheet);
    churn(past, sheet);
    correlations(past, sheet);
    targets::windowed(past, sheet);
}

pub(crate) fn timed<V, W>(from: &Timed<V>, value: W) -> Timed<W> {
    Timed { at: from.at, value, dims: from.dims.clone() }
}

/// Those with a value; a creation that a snapshot tells of may lie after the end, and what is below zero is no length of time.
fn known(samples: impl Iterator<Item = Timed<Option<i64>>>) -> Vec<Timed<i64>> {
    samples.filter_map(|s| s.value.filter(|ms| *ms >= 0).map(|value| timed(&s, value))).collect()
}

fn collect<V: Clone>(stories: &[Story], pick: impl Fn(&Story) -> Option<&Timed<V>>) -> Vec<Timed<V>> {
    stories.iter().filter_map(pick).cloned().collect()
}

fn tickets(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    let tickets = &past.tickets;
    let resolution_bounds = &past.world.settings.duration_bounds.resolution;
    sheet.count("cx_tickets_created", &collect(tickets, |t| t.opened.as_ref()));
    sheet.count("cx_tickets_first_responded", &collect(tickets, |t| t.first_response.as_ref()));
    sheet.count("cx_tickets_resolved", &collect(tickets, Story::solve));
    sheet.count("cx_tickets_reopened", &tickets.iter().flat_map(|t| t.reopens.clone()).collect::<Vec<_>>());
    sheet.count("cx_tickets_escalated", &collect(tickets, |t| t.escalated.as_ref()));
    sheet.count("cx_tickets_transferred", &collect(tickets, |t| t.transferred.as_ref()));
    sheet.durations("cx_resolution", resolution_bounds, &known(collect(tickets, Story::solve).into_iter()));
    let first = collect(tickets, |t| t.solves.first().filter(|_| !t.first_solve_is_told));
    sheet.durations("cx_first_resolution", resolution_bounds, &known(first.into_iter()));
    sheet.durations("cx_requester_wait", resolution_bounds, &collect(tickets, |t| t.requester_wait.as_ref()));

    let unanswered = |t: &Story| t.known.is_some() && !t.answered;
    let automated = |t: &Story| unanswered(t) && t.automated_response.is_some();
    sheet.count("cx_tickets_solved_without_response", &collect(tickets, |t| t.solve().filter(|_| unanswered(t))));
    sheet.count("cx_tickets_solved_by_automation", &collect(tickets, |t| t.solve().filter(|_| automated(t))));

    let cohort = |ever: &dyn Fn(&Story) -> bool| -> Vec<Timed<bool>> {
        tickets.iter().filter_map(|t| t.solve().map(|solve| timed(solve, ever(t)))).collect()
    };
    sheet.ratio("cx_reopen_ratio", Some("cx_tickets_resolved_reopened"), &[], &cohort(&|t| t.was_reopened));
    sheet.ratio("cx_escalation_ratio", Some("cx_tickets_resolved_escalated"), &[], &cohort(&|t| t.escalated.is_some()));
    sheet.ratio("cx_transfer_ratio", Some("cx_tickets_resolved_transferred"), &[], &cohort(&|t| t.transferred.is_some()));
    let one_touch = cohort(&|t| t.replies == 1 && !t.was_reopened);
    sheet.ratio("cx_first_contact_resolution_ratio", Some("cx_first_contact_resolved"), &[], &one_touch);
}

fn responses(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    let bounds = &past.world.settings.duration_bounds.response;
    let first: Vec<_> = past.contacts().filter_map(|c| c.first_response.clone()).collect();
    let automated: Vec<_> = past.contacts().filter_map(|c| c.automated_response.clone()).collect();
    let next: Vec<_> = past.contacts().flat_map(|c| c.next_responses.clone()).collect();
    sheet.durations("cx_first_response", bounds, &first);
    sheet.durations("cx_automated_first_response", bounds, &automated);
    sheet.durations("cx_next_response", bounds, &next);
}

fn chats(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    let chats = &past.chats;
    let (accepted, abandoned) = (collect(chats, |c| c.accepted.as_ref()), collect(chats, |c| c.abandoned.as_ref()));
    let ended = collect(chats, |c| c.ended.as_ref());
    sheet.count("cx_chats_started", &collect(chats, |c| c.opened.as_ref()));
    sheet.count("cx_chats_accepted", &accepted);
    sheet.count("cx_chats_abandoned", &abandoned);
    sheet.count("cx_chats_ended", &ended);
    sheet.count("cx_chats_transferred", &collect(chats, |c| c.transferred.as_ref()));
    let short = past.world.settings.chat_abandon_min.0;
    let left = abandoned.iter().filter(|s| s.value.is_none_or(|wait| wait >= short)).map(|s| timed(s, true));
    let outcomes: Vec<_> = left.chain(accepted.iter().map(|s| timed(s, false))).collect();
    sheet.ratio("cx_chat_abandonment_ratio", None, &[], &outcomes);
    let bounds = &past.world.settings.duration_bounds.chat;
    sheet.durations("cx_chat_wait", bounds, &known(accepted.into_iter()));
    sheet.durations("cx_chat_duration", bounds, &known(ended.into_iter()));
}

fn contacts(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    let Span(within) = past.world.settings.repeat_contact_within;
    let channel = past.world.dimension("channel");
    let mut by_customer: BTreeMap<&Life, Vec<(&Story, &Timed<usize>)>> = BTreeMap::new();
    for contact in past.contacts() {
        if let (Some(customer), Some(known)) = (&contact.customer, &contact.known) {
            by_customer.entry(customer).or_default().push((contact, known));
        }
    }
    let (mut all, mut repeats) = (Vec::new(), Vec::new());
    for mut contacts in by_customer.into_values() {
        // In the order in which they were opened, also where a snapshot told of it later.
        let event = |known: &Timed<usize>| &past.world.events[known.value];
        contacts.sort_by_key(|(_, known)| (known.at, event(known).kind, event(known).nth));
        let mut before = None;
        for (story, known) in contacts {
            let this = timed(known, ());
            let Some(before) = before.replace(this.clone()) else {
                all.extend(story.opened.is_some().then(|| timed(&this, false)));
                continue;
            };
            // What only a snapshot tells of is no sample itself.
            if story.opened.is_none() {
                continue;
            }
            let is_repeat = this.at - before.at <= within;
            all.push(timed(&this, is_repeat));
            if is_repeat {
                repeats.push(timed(&this, this.dims[channel] != before.dims[channel]));
            }
        }
    }
    sheet.count("cx_contacts", &all);
    sheet.ratio("cx_repeat_contact_ratio", Some("cx_repeat_contacts"), &[], &all);
    let overall = sheet.groups_of(&[], &repeats).remove(0);
    let switches = overall.inside.iter().filter(|s| s.value).count() as i64;
    sheet.put("cx_channel_switches", &[], Value::Count(switches));
    sheet.proportion(&overall, "cx_channel_switch_ratio", &[], switches, overall.inside.len() as i64);
}

fn touchpoints(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    let world = &past.world;
    let (channel, stage) = (world.dimension("channel"), world.dimension("journey_stage"));
    let place = |dims: &Dims| (dims[stage].clone(), dims[channel].clone());
    let mut found: Vec<(i64, (String, String))> = Vec::new();
    found.extend(past.contacts().filter_map(|c| c.opened.as_ref()).map(|opened| (opened.at, place(&opened.dims))));
    for metric in ["csat", "nps", "ces"] {
        found.extend(past.answers(metric).iter().map(|a| (a.at, place(&a.dims))));
    }
    for event in world.events.iter().filter(|e| e.what == "customer.touchpoint") {
        let stage = event.text("journey_stage").expect("checked by the reader").to_owned();
        found.push((event.time, (stage, event.text("channel").unwrap_or("unknown").to_owned())));
    }
    let mut counts: BTreeMap<(String, String), i64> = BTreeMap::new();
    for (at, place) in found {
        *counts.entry(place).or_default() += i64::from(sheet.holds(at));
    }
    for ((stage, channel), n) in counts {
        sheet.put("cx_journey_touchpoints", &[("journey_stage", &stage), ("channel", &channel)], Value::Count(n));
    }
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
        let standing = past.answers(metric);
        let answered = |survey: &str| standing.iter().any(|a| a.key == AnswerKey::Survey(survey.to_owned()));
        let sample = |(survey, sent): (&str, &Sent)| Timed { at: sent.at, value: answered(survey), dims: sent.dims.clone() };
        let sent: Vec<_> = past.sent(metric).map(sample).collect();
        for group in sheet.groups(&sent) {
            sheet.put_in(&group, "cx_surveys_sent", "", &[("metric", metric)], Value::Count(group.inside.len() as i64));
        }
        sheet.ratio("cx_survey_response_ratio", Some("cx_surveys_answered"), &[("metric", metric)], &sent);
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

fn churn(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    let start = sheet.start();
    let is_known = past.customers.base_is_known(start);
    let all: Vec<_> = past.customers.all.values().map(|c| Timed { at: start, value: c, dims: c.dims.clone() }).collect();
    for group in sheet.groups_of(&past.world.settings.customer_grouping_sets, &all) {
        let at_start: Vec<_> = group.inside.iter().map(|c| c.value).filter(|c| c.was_active(start)).collect();
        let (base, churned) = (at_start.len() as i64, at_start.iter().filter(|c| !c.is_active()).count() as i64);
        let new = group.inside.iter().filter(|c| c.value.subscribed_first().is_some_and(|at| sheet.holds(at))).count() as i64;
        for (name, n) in [("active_at_start", base), ("churned", churned), ("retained", base - churned), ("new", new)] {
            let value = if is_known { Value::Count(n) } else { Value::Any };
            sheet.put_in(&group, &format!("cx_customers_{name}"), "", &[], value);
        }
        let base = if is_known { base } else { 0 };
        sheet.proportion(&group, "cx_churn_ratio", &[], churned, base);
        sheet.proportion(&group, "cx_retention_ratio", &[], base - churned, base);
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
    let about = |a: &Answer| a.about.clone();
    let service = of_scope(past.answers("nps"), "service");
    type Side = fn(&Story) -> Option<Timed<i64>>;
    let response: Side = |c| c.first_response.clone();
    let resolution: Side = |c| c.solve().and_then(|s| s.value.map(|value| timed(s, value)));
    let per_contact: [(&str, Side, &str, BTreeMap<Name, &Answer>); 5] = [
        ("first_response", response, "csat", latest(past.answers("csat"), about)),
        ("resolution", resolution, "csat", latest(past.answers("csat"), about)),
        ("first_response", response, "ces", latest(past.answers("ces"), about)),
        ("resolution", resolution, "ces", latest(past.answers("ces"), about)),
        ("first_response", response, "nps", latest(service, about)),
    ];
    for (x, side, y, answers) in per_contact {
        let pair = |(name, answer): (Name, &Answer)| {
            let sample = side(past.contact(&name)?)?;
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
