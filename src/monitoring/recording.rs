//! The recording rules: the guards, the merged parts, what is computed again from them, and what it is held against.

use super::promql::OF_REPLICA;
use super::recorded::{Names, OF_PROCESS, UNMERGED};
use super::scale::Scale;
use super::{baseline, composite, formula};
use crate::config::Configuration;
use crate::metrics::{self, COMPLETE_COVERAGE_RATIO_MIN, Exposition, Listed, Merge};

/// A recording rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// The name of the recorded series.
    pub record: String,
    /// Labels that it is given.
    pub labels: Vec<(&'static str, String)>,
    /// The expression.
    pub expression: String,
}

impl Recording {
    pub(super) fn new(record: String, expression: String) -> Self {
        Self { record, labels: Vec::new(), expression }
    }

    pub(super) fn labelled(mut self, name: &'static str, value: &str) -> Self {
        self.labels.push((name, value.to_owned()));
        self
    }
}

/// All of them, each after those that it reads.
pub(super) fn rules(configuration: &Configuration, scale: &Scale) -> Vec<Recording> {
    let exposition = Exposition::new(configuration);
    let names = Names::new(configuration, &exposition);
    let listed = exposition.listed();
    let mut rules = guards();
    rules.extend(of_state(configuration));
    rules.extend(of_process());
    rules.extend(listed.iter().filter(|l| l.family.merge != Merge::Derived).flat_map(|l| merged(l, &names)));
    rules.extend(helpers(&listed, &names));
    let durations: Vec<&str> =
        listed.iter().filter(|l| l.family.kind() == "histogram").filter_map(|l| l.family.name.strip_suffix("_seconds")).collect();
    rules.extend(listed.iter().filter(|l| l.family.merge == Merge::Derived).filter_map(|l| derived(l, &names, &durations)));
    rules.extend(composite::rules(&listed, &names));
    rules.extend(baseline::rules(configuration, scale, &listed, &names));
    rules
}

/// What every alert on the organisation asks first: is each partition read by exactly one replica, and is the window filled?
fn guards() -> Vec<Recording> {
    let owned = format!(
        "min without (topic) (sum without ({OF_REPLICA}) (cx_kafka_partitions_assigned) == bool max without ({OF_REPLICA}) (cx_kafka_partitions))"
    );
    let complete = format!(
        "(min without ({OF_REPLICA}) (cx_window_coverage_ratio) >= bool {COMPLETE_COVERAGE_RATIO_MIN}) * ignoring (window) group_left () cx:partitions_owned:bool"
    );
    vec![Recording::new("cx:partitions_owned:bool".to_owned(), owned), Recording::new("cx:window_complete:bool".to_owned(), complete)]
}

fn of_state(configuration: &Configuration) -> Vec<Recording> {
    let families = metrics::own(configuration);
    let merging = families.iter().filter_map(|own| Some((own, own.merge?))).filter(|(own, _)| !is_unmerged(&own.name));
    merging.map(|(own, merge)| merge_of(&own.name, &super::recorded::recorded(&own.name, "", operator(merge)), operator(merge))).collect()
}

/// A partition that two replicas read for a moment counts once in the lag.
fn of_process() -> Vec<Recording> {
    let mut rules: Vec<Recording> = OF_PROCESS
        .iter()
        .map(|&(name, operator)| {
            let record = super::recorded::recorded(name, "", operator);
            if name == "cx_kafka_lag_records" {
                Recording::new(record, format!("sum without (partition) (max without ({OF_REPLICA}) ({name}))"))
            } else {
                merge_of(name, &record, operator)
            }
        })
        .collect();
    let rate = |name: &str| format!("sum without ({OF_REPLICA}) (rate({name}[5m]))");
    rules.push(Recording::new("cx:events:rate5m".to_owned(), rate("cx_events_total")));
    let delay = format!("histogram_quantile(0.95, {}) >= 0", rate("cx_event_delay_seconds_bucket"));
    rules.push(Recording::new("cx:event_delay_p95_seconds:rate5m".to_owned(), delay));
    rules
}

/// A merged part. Of a histogram the counts are the last bucket, and the buckets are left out where a replica does not export them.
fn merged(listed: &Listed<'_>, names: &Names) -> Vec<Recording> {
    let (name, suffix) = (&listed.family.name, listed.suffix);
    if listed.family.kind() != "histogram" {
        return vec![merge_of(&listed.name(), &names.of(name, suffix), operator(listed.family.merge))];
    }
    let record = |end: &str| names.of(&format!("{name}{end}"), suffix);
    let exported = listed.name();
    let last_bucket = format!("sum without ({OF_REPLICA}, le) ({exported}_bucket{{le=\"+Inf\"}})");
    let mut rules = vec![merge_of(&format!("{exported}_sum"), &record("_sum"), "sum"), Recording::new(record("_count"), last_bucket)];
    if listed.has_buckets {
        rules.push(merge_of(&format!("{exported}_bucket"), &record("_bucket"), "sum"));
    }
    rules
}

fn helpers(listed: &[Listed<'_>], names: &Names) -> Vec<Recording> {
    let mut rules = Vec::new();
    for (helper, expression) in formula::HELPERS {
        let like = if helper.starts_with("cx_nps") { "cx_nps_responses" } else { "cx_correlation" };
        let sets = listed.iter().filter(|l| l.family.name == like);
        rules.extend(sets.map(|l| Recording::new(names.of(helper, l.suffix), names.write(expression, l.suffix))));
    }
    rules
}

fn derived(listed: &Listed<'_>, names: &Names, durations: &[&str]) -> Option<Recording> {
    let template = formula::of(&listed.family.name, durations)?;
    let needs_buckets = template.contains("_bucket");
    let expression = (!needs_buckets || listed.has_buckets).then(|| names.write(&template, listed.suffix))?;
    Some(Recording::new(names.of(&listed.family.name, listed.suffix), expression))
}

fn merge_of(exported: &str, record: &str, operator: &str) -> Recording {
    Recording::new(record.to_owned(), format!("{operator} without ({OF_REPLICA}) ({exported})"))
}

fn operator(merge: Merge) -> &'static str {
    match merge {
        Merge::Sum => "sum",
        Merge::Min => "min",
        Merge::Max => "max",
        Merge::Derived => "merged",
    }
}

fn is_unmerged(name: &str) -> bool {
    UNMERGED.iter().any(|(unmerged, _)| *unmerged == name)
}
