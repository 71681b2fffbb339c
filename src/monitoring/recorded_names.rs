//! The names of the recorded series: `cx_X` of the replicas becomes `cx:X:sum`, `cx:X:min` or `cx:X:max` by its merge operator, and
//! `cx:X:merged` where it is computed again.
//!
//! Does not know how a value is computed.

use std::collections::BTreeMap;

use super::formulas::HELPERS;
use super::promql::{REPLICA_LABELS, Selector, with_selectors};
use crate::config::Configuration;
use crate::metrics::{self, Exposition, Merge};

/// The families about the state and the process that no recording rule merges, each with the reason.
pub const UNMERGED: &[(&str, &str)] = &[
    ("cx_events_orphaned_total", "a counter: take the increase of each replica, then their sum"),
    ("cx_events_without_effect_total", "a counter: take the increase of each replica, then their sum"),
    ("cx_state_limit_evictions_total", "a counter: take the increase of each replica, then their sum"),
    ("cx_series_overflow_total", "a counter: take the increase of each replica, then their sum"),
    ("cx_events_total", "a counter: cx:events:rate5m is the sum of its rates"),
    ("cx_events_applied_total", "a counter: take the increase of each replica, then their sum"),
    ("cx_events_invalid_total", "a counter: take the increase of each replica, then their sum"),
    ("cx_kafka_rebalances_total", "a counter: take the increase of each replica, then their sum"),
    ("cx_kafka_rebuilt_groups_total", "a counter: take the increase of each replica, then their sum"),
    ("cx_kafka_lost_offsets_total", "a counter: take the increase of each replica, then their sum"),
    ("cx_kafka_skipped_offsets_total", "a counter: take the increase of each replica, then their sum"),
    ("cx_dead_letters_total", "a counter: take the increase of each replica, then their sum"),
    ("cx_dead_letter_failures_total", "a counter: take the increase of each replica, then their sum"),
    ("cx_event_delay_seconds", "counters: cx:event_delay_p95_seconds:rate5m is the quantile of their rates"),
    ("cx_checkpoint_failures_total", "a counter: take the increase of each replica, then their sum"),
    ("cx_checkpoint_restores_total", "a counter: take the increase of each replica, then their sum"),
    ("cx_checkpoint_rejected_total", "a counter: take the increase of each replica, then their sum"),
    ("cx_checkpoint_interval_seconds", "a setting of each replica"),
    ("cx_checkpoint_duration_seconds", "the newest write of one replica"),
    ("cx_restore_seconds", "the latest restore of one replica"),
    ("cx_series", "each replica has its own limit"),
    ("cx_series_limit", "each replica has its own limit"),
    ("cx_memory_budget_bytes", "each replica has its own memory"),
    ("cx_memory_in_use_bytes", "each replica has its own memory"),
    ("cx_config_last_reload_successful", "the configuration of one replica"),
    ("cx_config_last_reload_success_timestamp_seconds", "the configuration of one replica"),
    ("cx_log_lines_dropped_total", "a counter: take the increase of each replica, then their sum"),
    ("cx_build_info", "the version of one replica"),
    ("cx_ready", "the readiness of one replica"),
    ("cx_kafka_partition_assigned", "the partitions that one replica reads"),
];

/// The merge operators of the gauges of the process, which are not in the catalogue.
pub(super) const PROCESS_GAUGES: [(&str, &str); 10] = [
    ("cx_checkpoint_last_success_timestamp_seconds", "min"),
    ("cx_checkpoint_age_records", "sum"),
    ("cx_checkpoint_bytes", "sum"),
    ("cx_kafka_lag_records", "sum"),
    ("cx_kafka_up", "min"),
    ("cx_kafka_partitions", "max"),
    ("cx_kafka_partitions_assigned", "sum"),
    ("cx_kafka_partitions_paused", "sum"),
    ("cx_kafka_log_append_time", "min"),
    ("cx_collect_seconds", "max"),
];

/// The recorded name with another operation at its end.
pub(super) fn with_end(recorded: &str, end: &str) -> String {
    let stem = recorded.rsplit_once(':').map_or(recorded, |(stem, _)| stem);
    format!("{stem}:{end}")
}

/// Finds the recorded name of a family.
pub(super) struct RecordedNames {
    /// By overall name: the operator, and the suffixes of the grouping sets for which the family exists.
    families: BTreeMap<String, (&'static str, Vec<String>)>,
    /// The operators of the families about the state and the process, by name.
    operational: BTreeMap<String, &'static str>,
}

impl RecordedNames {
    pub(super) fn new(configuration: &Configuration, exposition: &Exposition) -> Self {
        let mut families: BTreeMap<String, (&'static str, Vec<String>)> = BTreeMap::new();
        for listed in exposition.listed_families() {
            let entry = |name: String, operator| (name, (operator, Vec::new()));
            let name = &listed.family.name;
            let names = if listed.family.kind() == "histogram" {
                ["_bucket", "_sum", "_count"].map(|end| entry(format!("{name}{end}"), "sum")).to_vec()
            } else {
                vec![entry(name.clone(), operator(name, listed.family.merge))]
            };
            for (name, value) in names {
                families.entry(name).or_insert(value).1.push(listed.suffix.to_owned());
            }
        }
        for (helper, formula) in HELPERS {
            let like =
                formula.split(|c: char| !c.is_alphanumeric() && c != '_').find_map(|word| families.get(word.trim_start_matches("raw_")));
            let sets = like.map(|(_, sets)| sets.clone()).expect("a helper is made of families");
            families.insert(helper.to_owned(), (if helper == "cx_nps_answers" { "sum" } else { "merged" }, sets));
        }
        let of_state = metrics::operational_families(configuration);
        let of_state = of_state.into_iter().filter_map(|family| Some((family.name.clone(), operator(&family.name, family.merge?))));
        Self { families, operational: of_state.chain(PROCESS_GAUGES.map(|(name, operator)| (name.to_owned(), operator))).collect() }
    }

    /// The recorded name of a family for a grouping set; where the family does not exist for the set, the name of its overall series.
    pub(super) fn of(&self, name: &str, suffix: &str) -> String {
        if let Some((operator, sets)) = self.families.get(name) {
            return recorded(name, if sets.iter().any(|set| set == suffix) { suffix } else { "" }, operator);
        }
        let operator = self.operational.get(name).unwrap_or_else(|| panic!("a rule names `{name}`, which is no family"));
        recorded(name, "", operator)
    }

    /// The expression over the recorded series of a grouping set. In the template `cx_x` is a recorded series, `raw_cx_x` the series of the
    /// replicas, and `REPLICA` the labels of a replica.
    pub(super) fn write(&self, template: &str, suffix: &str) -> String {
        self.write_at(template, suffix, "", "")
    }

    /// The same with matchers and a modifier, such as ` offset 7d`, on every series.
    pub(super) fn write_at(&self, template: &str, suffix: &str, matchers: &str, modifier: &str) -> String {
        with_selectors(&template.replace("REPLICA", REPLICA_LABELS), |name| match name.strip_prefix("raw_") {
            Some(raw) => Selector { name: format!("{raw}{suffix}"), matchers: matchers.to_owned(), modifier: modifier.to_owned() },
            None => Selector { name: self.of(name, suffix), matchers: matchers.to_owned(), modifier: modifier.to_owned() },
        })
    }
}

/// `cx:X_by_team:sum` of `cx_X`. In the series of a histogram the suffix precedes `_bucket`, `_sum` and `_count`.
pub(super) fn recorded(name: &str, suffix: &str, operator: &str) -> String {
    let stem = name.strip_prefix("cx_").unwrap_or(name);
    let histogram = ["_seconds_bucket", "_seconds_sum", "_seconds_count"].into_iter().find(|end| stem.ends_with(end));
    match histogram.map(|end| end.trim_start_matches("_seconds")) {
        Some(end) => format!("cx:{}{suffix}{end}:{operator}", stem.trim_end_matches(end)),
        None => format!("cx:{stem}{suffix}:{operator}"),
    }
}

/// The end of the recorded name of a family.
pub(super) fn operator(name: &str, merge: Merge) -> &'static str {
    match merge {
        Merge::Sum => "sum",
        Merge::Min => "min",
        Merge::Max => "max",
        // Pooling assumes that the replicas have comparable customers; computing a value again does not.
        Merge::Derived if name.starts_with("cx_correlation") => "pooled",
        Merge::Derived => "merged",
    }
}
