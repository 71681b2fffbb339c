//! What moved: the change of each ratio, mean and score, taken apart by the values of one dimension. It repeats in PromQL what
//! `metrics::decomposition` does for one replica, from parts that add up over replicas.
//!
//! The parts of all metrics are recorded under two names with the label `metric`, so that every later step is one rule for all of them. Does not know
//! the alerts.

use crate::config::Configuration;
use crate::metrics::{ListedFamily, MOVING, Moving};
use crate::monitoring::formulas;
use crate::monitoring::promql::{INSTALLATION, operand};
use crate::monitoring::recorded_names::RecordedNames;
use crate::monitoring::recording_rule::RecordingRule;

/// The two parts of a mean: what is averaged, and the number of cases.
const PARTS: [&str; 2] = ["points", "cases"];

/// The two sides of a comparison: the short window, and the baseline window without it.
const SIDES: [&str; 2] = ["now", "rest"];

pub(super) fn rules(configuration: &Configuration, listed: &[ListedFamily<'_>], names: &RecordedNames) -> Vec<RecordingRule> {
    let trends = &configuration.engine.trends;
    let sets: Vec<&ListedFamily<'_>> = listed.iter().filter(|l| l.family.name == "cx_contribution").collect();
    if trends.is_empty() {
        return Vec::new();
    }
    let window = |at: usize| configuration.engine.windows[at].name.as_str();
    let mut compared: Vec<usize> = trends.iter().flat_map(|trend| [trend.short, trend.baseline]).collect();
    compared.sort_unstable();
    compared.dedup();
    let windows = format!("window=~\"{}\"", compared.into_iter().map(window).collect::<Vec<_>>().join("|"));
    let mut rules = Vec::new();
    for set in &sets {
        rules.extend(MOVING.iter().flat_map(|moving| parts(moving, set.suffix, &windows, names)));
        for trend in trends {
            rules.extend(sides(set.suffix, window(trend.short), window(trend.baseline)));
        }
    }
    let means = SIDES.map(|side| mean("", side));
    let whole = format!("{} - {}", means[0], means[1]);
    rules.push(RecordingRule::new(names.of("cx_contribution", ""), whole).labelled("part", "whole"));
    for (suffix, dimension) in sets.iter().filter_map(|set| Some((set.suffix, set.dimensions.first()?.as_str()))) {
        rules.extend(folded(suffix, dimension, configuration.web.group_size_min));
        rules.extend(split(suffix, dimension, names));
    }
    rules
}

/// The points and the cases of one metric, over the windows that are compared.
fn parts(moving: &Moving, suffix: &str, windows: &str, names: &RecordedNames) -> [RecordingRule; 2] {
    let templates = templates(moving);
    let mut at = templates.iter().map(|template| {
        let part = operand(&names.write_at(template, suffix, windows, ""));
        let known = match formulas::known_since(moving.family) {
            Some((seen, labels)) => format!("{part} and on ({INSTALLATION}{labels}) {} == 1", names.of(seen, "")),
            None if moving.family == "cx_csat_mean_score" => {
                // Answers on several scales have no common mean.
                format!("{part} and on ({INSTALLATION}, window) {}", names.of(moving.family, ""))
            }
            None => part,
        };
        match moving.own {
            Some((label, _)) => format!("sum without ({label}) ({known})"),
            None => known,
        }
    });
    PARTS.map(|part| {
        let expression = at.next().expect("there is a template for each part");
        RecordingRule::new(name(part, suffix, "sum"), expression).labelled("metric", moving.metric)
    })
}

/// The numerator and the denominator of a metric, over the exported names.
fn templates(moving: &Moving) -> [String; 2] {
    let family = moving.family;
    if let Some(stem) = family.strip_suffix("_mean_seconds") {
        return [format!("{stem}_seconds_sum"), format!("{stem}_seconds_count")];
    }
    let own = moving.own.map(|(label, value)| format!("{label}=\"{value}\"")).unwrap_or_default();
    match family {
        "cx_csat_mean_score" => ["cx_csat_score_points", "cx_csat_responses"].map(str::to_owned),
        "cx_ces_effort_score" => ["cx_ces_effort_points", "cx_ces_responses"].map(str::to_owned),
        "cx_nps_score" => {
            let of_group = |group: &str| format!("sum without (group) (cx_nps_responses{{{own},group=\"{group}\"}})");
            [format!("100 * ({} - {})", of_group("promoter"), of_group("detractor")), format!("cx_nps_answers{{{own}}}")]
        }
        _ => {
            let proportion = formulas::proportion(family);
            let braces = if own.is_empty() { String::new() } else { format!("{{{own}}}") };
            [proportion.part, proportion.whole].map(|part| format!("{part}{braces}"))
        }
    }
}

/// The parts over the short window, and over the baseline window without it.
fn sides(suffix: &str, short: &str, long: &str) -> Vec<RecordingRule> {
    let mut rules = Vec::new();
    for part in PARTS {
        let of = |window: &str| format!("{}{{window=\"{window}\"}}", name(part, suffix, "sum"));
        for (side, expression) in SIDES.into_iter().zip([of(short), format!("{} - ignoring (window) {}", of(long), of(short))]) {
            rules.push(RecordingRule::new(name(part, suffix, side), expression).labelled("window", short).labelled("baseline", long));
        }
    }
    rules
}

/// The sides by the values that may be shown, with everything else under `other`: the values with fewer than `cases_min` cases on a side that has any, and
/// what no value has.
fn folded(suffix: &str, dimension: &str, cases_min: u32) -> Vec<RecordingRule> {
    let shown = name("cases", suffix, "shown");
    let cases = SIDES.map(|side| format!("{}{{{dimension}!=\"other\"}}", name("cases", suffix, side)));
    let fit = cases.each_ref().map(|side| format!("({side} >= {cases_min} or {side} == 0)"));
    let any = format!("{} + {} > 0", cases[0], cases[1]);
    let mut rules = vec![RecordingRule::new(shown.clone(), format!("{} and {} and ({any})", fit[0], fit[1]))];
    for part in PARTS {
        for side in SIDES {
            let (all, whole) = (name(part, suffix, side), name(part, "", side));
            let sum = format!("sum without ({dimension}) ({all} and {shown})");
            let other = format!("label_replace({whole} - ({sum} or 0 * {whole}), \"{dimension}\", \"other\", \"\", \"\")");
            rules.push(RecordingRule::new(name(part, suffix, &format!("{side}_or_other")), format!("({all} and {shown}) or {other}")));
        }
    }
    rules
}

/// What each value contributed, by its rate and by its mix.
fn split(suffix: &str, dimension: &str, names: &RecordedNames) -> [RecordingRule; 2] {
    let across = format!("ignoring ({dimension}) group_left ()");
    let weight =
        |side: &str| format!("{} / {across} ({} > 0)", name("cases", suffix, &format!("{side}_or_other")), name("cases", "", side));
    let [now, rest] = SIDES.map(|side| mean(suffix, &format!("{side}_or_other")));
    let [all_now, all_rest] = SIDES.map(|side| mean("", side));
    let [weight_now, weight_rest] = SIDES.map(weight);
    let rate = format!("({weight_now} + {weight_rest}) / 2 * ({now} - {rest})");
    let own = format!("(({now} + {rest}) / 2 or {now} or {rest})");
    let mix = format!("({weight_now} - {weight_rest}) * ({own} - {across} (({all_now} + {all_rest}) / 2))");
    let of_part = |part, expression| RecordingRule::new(names.of("cx_contribution", suffix), expression).labelled("part", part);
    [of_part("rate", rate), of_part("mix", mix)]
}

/// The mean of a side; absent where it has no cases.
fn mean(suffix: &str, side: &str) -> String {
    format!("{} / ({} > 0)", name("points", suffix, side), name("cases", suffix, side))
}

fn name(part: &str, suffix: &str, end: &str) -> String {
    format!("cx:contribution_{part}{suffix}:{end}")
}
