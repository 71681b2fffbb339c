//! The recording rules: the guards, the merged parts, and the values that are computed again from them. The files beside add the values
//! made from several families (`composites`), the baselines of a longer window and of the past weeks (`baselines`, `past_weeks`, `waits`), how certain a change
//! is (`changes`), what moved (`contributions`), what somebody changed (`marked_changes`), and what that did (`change_effects`).
//!
//! Does not know YAML, nor the alerts.

mod baselines;
mod change_effects;
mod changes;
mod composites;
mod contributions;
pub(super) mod marked_changes;
mod past_weeks;
pub(super) mod waits;

use super::formulas;
use super::promql::REPLICA_LABELS;
use super::recorded_names::{PROCESS_GAUGES, RecordedNames, UNMERGED, operator, recorded};
use super::recording_rule::RecordingRule;
use super::rule_parameters::RuleParameters;
use crate::config::Configuration;
use crate::metrics::{self, COMPLETE_COVERAGE_RATIO_MIN, Exposition, ListedFamily, Merge};

/// All recording rules, each after the rules that it reads.
pub(super) fn rules(configuration: &Configuration, parameters: &RuleParameters) -> Vec<RecordingRule> {
    let exposition = Exposition::new(configuration);
    let names = RecordedNames::new(configuration, &exposition);
    let listed = exposition.listed_families();
    let mut rules = guards();
    rules.extend(of_state(configuration));
    rules.extend(of_process());
    rules.extend(listed.iter().filter(|l| l.family.merge != Merge::Derived).flat_map(|l| merged(l, &names)));
    rules.extend(helpers(&listed, &names));
    let durations: Vec<&str> =
        listed.iter().filter(|l| l.family.kind() == "histogram").filter_map(|l| l.family.name.strip_suffix("_seconds")).collect();
    rules.extend(listed.iter().filter(|l| l.family.merge == Merge::Derived).filter_map(|l| derived(l, &names, &durations)));
    rules.extend(composites::rules(&listed, &names));
    // A change is watched overall and in each group of one dimension. The groups of several dimensions are too small.
    let watched: Vec<ListedFamily<'_>> = listed.iter().filter(|l| l.dimensions.len() <= 1).copied().collect();
    rules.extend(past_weeks::rules(parameters, &watched, &listed, &names));
    rules.extend(waits::rules(parameters, &listed, &names));
    rules.extend(baselines::rules(configuration, parameters, &watched, &names));
    rules.extend(changes::rules(configuration, parameters, &watched, &listed, &names));
    rules.extend(contributions::rules(configuration, &listed, &names));
    rules.extend(change_effects::rules());
    rules.extend(marked_changes::rules(configuration, &names));
    rules
}

/// The guards of every alert on the organisation: each partition is read by exactly one replica, the window is complete, and some window has been so for
/// half a minute. What is computed from records follows them, so that only the last one says that all of them speak of whole windows.
fn guards() -> Vec<RecordingRule> {
    let owned = format!(
        "min without (topic) (sum without ({REPLICA_LABELS}) (cx_kafka_partitions_assigned) == bool max without ({REPLICA_LABELS}) (cx_kafka_partitions))"
    );
    let complete = format!(
        "(min without ({REPLICA_LABELS}) (cx_window_coverage_ratio) >= bool {COMPLETE_COVERAGE_RATIO_MIN}) * ignoring (window) group_left () cx:partitions_owned:bool"
    );
    let any = "max without (window) (cx:window_complete:bool)";
    let settled = format!("{any} * (sum_over_time(({any})[30s:15s]) >= bool 2)");
    vec![
        RecordingRule::new("cx:partitions_owned:bool".to_owned(), owned),
        RecordingRule::new("cx:window_complete:bool".to_owned(), complete),
        RecordingRule::new("cx:windows_settled:bool".to_owned(), settled),
    ]
}

fn of_state(configuration: &Configuration) -> Vec<RecordingRule> {
    let families = metrics::operational_families(configuration);
    let merging = families
        .iter()
        .filter_map(|own| Some((own, own.merge?)))
        .filter(|(own, merge)| *merge != Merge::Derived && !is_unmerged(&own.name));
    merging
        .map(|(own, merge)| merge_of(&own.name, &recorded(&own.name, "", operator(&own.name, merge)), operator(&own.name, merge)))
        .collect()
}

/// The gauges and rates of the process. In the lag, a partition that two replicas read for a moment counts once.
fn of_process() -> Vec<RecordingRule> {
    let mut rules: Vec<RecordingRule> = PROCESS_GAUGES
        .iter()
        .map(|&(name, operator)| {
            let record = recorded(name, "", operator);
            if name == "cx_kafka_lag_records" {
                RecordingRule::new(record, format!("sum without (partition) (max without ({REPLICA_LABELS}) ({name}))"))
            } else {
                merge_of(name, &record, operator)
            }
        })
        .collect();
    let rate = |name: &str| format!("sum without ({REPLICA_LABELS}) (rate({name}[5m]))");
    rules.push(RecordingRule::new("cx:events:rate5m".to_owned(), rate("cx_events_total")));
    let delay = format!("histogram_quantile(0.95, {}) >= 0", rate("cx_event_delay_seconds_bucket"));
    rules.push(RecordingRule::new("cx:event_delay_p95_seconds:rate5m".to_owned(), delay));
    rules
}

/// The rules of a merged part. The count of a histogram is its last bucket, which a replica exports even where it does not export the
/// others.
fn merged(listed: &ListedFamily<'_>, names: &RecordedNames) -> Vec<RecordingRule> {
    let (name, suffix) = (&listed.family.name, listed.suffix);
    if listed.family.kind() != "histogram" {
        return vec![merge_of(&listed.name(), &names.of(name, suffix), operator(name, listed.family.merge))];
    }
    let record = |end: &str| names.of(&format!("{name}{end}"), suffix);
    let exported = listed.name();
    let last_bucket = format!("sum without ({REPLICA_LABELS}, le) ({exported}_bucket{{le=\"+Inf\"}})");
    let mut rules = vec![merge_of(&format!("{exported}_sum"), &record("_sum"), "sum"), RecordingRule::new(record("_count"), last_bucket)];
    if listed.has_buckets {
        rules.push(merge_of(&format!("{exported}_bucket"), &record("_bucket"), "sum"));
    }
    rules
}

fn helpers(listed: &[ListedFamily<'_>], names: &RecordedNames) -> Vec<RecordingRule> {
    let mut rules = Vec::new();
    for (helper, expression) in formulas::HELPERS {
        let like = if helper.starts_with("cx_nps") { "cx_nps_responses" } else { "cx_correlation" };
        let sets = listed.iter().filter(|l| l.family.name == like);
        rules.extend(sets.map(|l| RecordingRule::new(names.of(helper, l.suffix), names.write(expression, l.suffix))));
    }
    rules
}

fn derived(listed: &ListedFamily<'_>, names: &RecordedNames, durations: &[&str]) -> Option<RecordingRule> {
    let template = formulas::of(&listed.family.name, durations)?;
    let needs_buckets = template.contains("_bucket");
    let expression = (!needs_buckets || listed.has_buckets).then(|| names.write(&template, listed.suffix))?;
    Some(RecordingRule::new(names.of(&listed.family.name, listed.suffix), expression))
}

fn merge_of(exported: &str, record: &str, operator: &str) -> RecordingRule {
    RecordingRule::new(record.to_owned(), format!("{operator} without ({REPLICA_LABELS}) ({exported})"))
}

fn is_unmerged(name: &str) -> bool {
    UNMERGED.iter().any(|(unmerged, _)| *unmerged == name)
}
