//! Values that are made from several families: the gaps between values and targets, the health index and the pain index.
//!
//! They repeat in PromQL what `metrics::catalogue::{targets, health, pain}` do for one replica.

use crate::metrics::{INDEX_WEIGHT_RATIO_MIN, ListedFamily, health_parts};
use crate::monitoring::promql::{operand, share};
use crate::monitoring::recorded_names::RecordedNames;
use crate::monitoring::recording_rule::RecordingRule;

/// The metrics for which a target can be set, each with the family that is compared with the target and the expression that reads it.
const TARGET_VALUES: [(&str, &str, &str); 9] = [
    ("first_response_attainment", "cx_first_response_attainment_ratio", "cx_first_response_attainment_ratio"),
    ("next_response_attainment", "cx_next_response_attainment_ratio", "cx_next_response_attainment_ratio"),
    ("resolution_attainment", "cx_resolution_attainment_ratio", "cx_resolution_attainment_ratio"),
    ("chat_wait_attainment", "cx_chat_wait_attainment_ratio", "cx_chat_wait_attainment_ratio"),
    ("csat", "cx_csat_ratio", "cx_csat_ratio"),
    ("nps_service", "cx_nps_score", "sum without (scope) (cx_nps_score{scope=\"service\"})"),
    ("nps_experience", "cx_nps_score", "sum without (scope) (cx_nps_score{scope=\"experience\"})"),
    ("ces", "cx_ces_effort_score", "cx_ces_effort_score"),
    ("churn", "cx_churn_ratio", "cx_churn_ratio"),
];

/// The parts of the pain index, each 0 (none) to 1 (worst).
const PAIN_PARTS: [(&str, &str); 5] = [
    ("dropoff", "cx_journey_dropped / (cx_journey_advanced + cx_journey_dropped > 0)"),
    ("csat", "1 - cx_journey_csat_satisfied_responses / (cx_journey_csat_responses > 0)"),
    ("effort", "(cx_journey_ces_effort_points / (cx_journey_ces_responses > 0) - 1) / 4"),
    ("repeat_contacts", "cx_journey_repeat_contacts / (cx_journey_contacts > 0)"),
    (
        "dwell",
        "clamp_max(histogram_quantile(0.5, cx_journey_stage_seconds_bucket) / ignoring (window) group_left () (2 * cx_journey_dwell_target_seconds), 1) >= 0",
    ),
];

pub(super) fn rules(listed: &[ListedFamily<'_>], names: &RecordedNames) -> Vec<RecordingRule> {
    let of = |family: &str| listed.iter().filter(|l| l.family.name == family).copied().collect::<Vec<_>>();
    let mut rules: Vec<RecordingRule> = of("cx_target_gap").iter().flat_map(|set| against_targets(set, listed, names)).collect();
    rules.extend(of("cx_health_index").iter().flat_map(|set| health(set, listed, names)));
    rules.extend(pain(names));
    rules
}

/// The values that have targets, as one family, and the gap between each value and its target.
fn against_targets(set: &ListedFamily<'_>, listed: &[ListedFamily<'_>], names: &RecordedNames) -> Vec<RecordingRule> {
    let suffix = set.suffix;
    let value = format!("cx:target_value{suffix}:merged");
    let exists = |family: &str| listed.iter().any(|l| l.family.name == family && l.suffix == suffix);
    let values = TARGET_VALUES.iter().filter(|(_, family, _)| exists(family));
    let mut rules: Vec<RecordingRule> = values
        .map(|(metric, _, template)| RecordingRule::new(value.clone(), names.write(template, suffix)).labelled("metric", metric))
        .collect();
    let target = names.of("cx_target", suffix);
    let less =
        |sign: &str, matcher: &str| format!("{sign}({value}{{metric{matcher}\"ces|churn\"}} - ignoring (window) group_left () {target})");
    rules.push(RecordingRule::new(names.of("cx_target_gap", suffix), format!("{} or {}", less("", "!~"), less("-1 * ", "=~"))));
    rules
}

/// The health index and its parts, over windows of a day and longer. A value that reaches its target counts as 1.
fn health(set: &ListedFamily<'_>, listed: &[ListedFamily<'_>], names: &RecordedNames) -> Vec<RecordingRule> {
    let suffix = set.suffix;
    let exists = |family: &str| listed.iter().any(|l| l.family.name == family && l.suffix == suffix);
    let (value, target) = (format!("cx:target_value{suffix}:merged"), names.of("cx_target", suffix));
    let across = "ignoring (window) group_left ()";
    let shares = [
        format!("clamp({value}{{metric=~\"csat|.*_attainment\"}} / {across} {target}, 0, 1)"),
        format!("clamp(1 + ({value}{{metric=~\"nps_.*\"}} - {across} {target}) / 100, 0, 1)"),
        format!("clamp(1 / ({value}{{metric=~\"ces|churn\"}} / {across} {target}), 0, 1)"),
    ];
    let dimensions: String = set.dimensions.iter().map(|dimension| format!(", {dimension}")).collect();
    let long = format!("ignoring (metric{dimensions}) cx:window_range_seconds:max >= 86400");
    let share = format!("cx:target_share{suffix}:merged");
    let mut rules = vec![RecordingRule::new(share.clone(), format!("({}) >= 0 and {long}", shares.join(" or ")))];
    let part = names.of("cx_health_part", suffix);
    for (name, metrics) in health_parts() {
        if TARGET_VALUES.iter().any(|(metric, family, _)| metrics.contains(metric) && exists(family)) {
            let mean = format!("avg without (metric) ({share}{{metric=~\"{}\"}})", metrics.join("|"));
            rules.push(RecordingRule::new(part.clone(), mean).labelled("part", name));
        }
    }
    let across = format!("ignoring (window{dimensions}) group_left ()");
    let weight = names.of("cx_health_weight", "");
    let present = names.of("cx_health_weight_present_ratio", suffix);
    let weights = format!("sum without (part) (0 * {part} + {across} {weight})");
    rules.push(RecordingRule::new(present.clone(), format!("{weights} / {across} sum without (part) ({weight})")));
    let index = format!("100 * sum without (part) ({part} * {across} {weight}) / {weights} and {present} >= {INDEX_WEIGHT_RATIO_MIN}");
    rules.push(RecordingRule::new(names.of("cx_health_index", suffix), index));
    rules
}

/// The pain index of each stage of the journey, and its parts.
fn pain(names: &RecordedNames) -> Vec<RecordingRule> {
    let part = names.of("cx_journey_pain_part", "");
    let of_part = |(name, template): &(&str, &str)| RecordingRule::new(part.clone(), names.write(template, "")).labelled("part", name);
    let mut rules: Vec<RecordingRule> = PAIN_PARTS.iter().map(of_part).collect();
    let across = "ignoring (journey_stage, window) group_left ()";
    let weight = operand(&format!("{} > 0", names.of("cx_journey_pain_weight", "")));
    let weights = format!("sum without (part) (0 * {part} + {across} {weight})");
    let present = names.of("cx_journey_pain_weight_present_ratio", "");
    let none = names.write("0 * cx_journey_entered", "");
    rules.push(RecordingRule::new(present.clone(), format!("{weights} / {across} sum without (part) {weight} or {none}")));
    let sum = format!("sum without (part) ({part} * {across} {weight})");
    let index = format!("{} and {present} >= {INDEX_WEIGHT_RATIO_MIN}", share(&sum, &weights));
    rules.push(RecordingRule::new(names.of("cx_journey_pain_index", ""), index));
    rules
}
