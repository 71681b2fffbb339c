//! The names that recording rules give: `cx_X` of the replicas becomes `cx:X:sum`, `:min` or `:max` where it merges by that, and `cx:X:merged`
//! where it is computed again.
//!
//! Does not know how anything is computed.

use std::collections::BTreeMap;

use super::formula::HELPERS;
use super::promql::{OF_REPLICA, Selected, with_names};
use crate::config::Configuration;
use crate::metrics::{self, Exposition, Merge};

/// Families about the state and the process that no recording rule merges, and why.
pub const UNMERGED: &[(&str, &str)] = &[
    ("cx_events_orphaned_total", "a counter: take its increase on each replica, then the sum"),
    ("cx_state_limit_evictions_total", "a counter: take its increase on each replica, then the sum"),
    ("cx_series_overflow_total", "a counter: take its increase on each replica, then the sum"),
    ("cx_events_total", "a counter: cx:events:rate5m is the sum of its rates"),
    ("cx_events_applied_total", "a counter: take its increase on each replica, then the sum"),
    ("cx_events_invalid_total", "a counter: take its increase on each replica, then the sum"),
    ("cx_kafka_rebalances_total", "a counter: take its increase on each replica, then the sum"),
    ("cx_event_delay_seconds", "counters: cx:event_delay_p95_seconds:rate5m is the quantile of their rates"),
    ("cx_series", "each replica has its own limit"),
    ("cx_series_limit", "each replica has its own limit"),
    ("cx_memory_budget_bytes", "each replica has its own memory"),
    ("cx_build_info", "says which version one replica is"),
    ("cx_ready", "says how one replica stands"),
    ("cx_kafka_partition_assigned", "says which partitions one replica reads"),
];

/// How the process's gauges merge, which are not in the catalogue.
pub(super) const OF_PROCESS: [(&str, &str); 6] = [
    ("cx_kafka_lag_records", "sum"),
    ("cx_kafka_up", "min"),
    ("cx_kafka_partitions", "max"),
    ("cx_kafka_partitions_assigned", "sum"),
    ("cx_kafka_log_append_time", "min"),
    ("cx_collect_seconds", "max"),
];

/// Finds recorded names.
pub(super) struct Names {
    /// By overall name: the operator, and the suffixes of the sets it exists for.
    families: BTreeMap<String, (&'static str, Vec<String>)>,
    own: BTreeMap<String, &'static str>,
}

impl Names {
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
        let own = metrics::operational_families(configuration)
            .into_iter()
            .filter_map(|own| Some((own.name.clone(), operator(&own.name, own.merge?))));
        Self { families, own: own.chain(OF_PROCESS.map(|(name, operator)| (name.to_owned(), operator))).collect() }
    }

    /// The recorded name of a family for a set; where the family does not have the set, that of its overall series.
    pub(super) fn of(&self, name: &str, suffix: &str) -> String {
        if let Some((operator, sets)) = self.families.get(name) {
            return recorded(name, if sets.iter().any(|set| set == suffix) { suffix } else { "" }, operator);
        }
        let operator = self.own.get(name).unwrap_or_else(|| panic!("a rule names `{name}`, which is no family"));
        recorded(name, "", operator)
    }

    /// The expression over the recorded series of a set. `raw_cx_x` stands for the replicas' own series, `REPLICA` for their labels.
    pub(super) fn write(&self, template: &str, suffix: &str) -> String {
        self.write_at(template, suffix, "", "")
    }

    /// The same with matchers and a modifier such as ` offset 7d` on every recorded series.
    pub(super) fn write_at(&self, template: &str, suffix: &str, matchers: &str, modifier: &str) -> String {
        with_names(&template.replace("REPLICA", OF_REPLICA), |name| match name.strip_prefix("raw_") {
            Some(raw) => Selected { name: format!("{raw}{suffix}"), matchers: matchers.to_owned(), modifier: modifier.to_owned() },
            None => Selected { name: self.of(name, suffix), matchers: matchers.to_owned(), modifier: modifier.to_owned() },
        })
    }
}

/// `cx:X_by_team:sum` of `cx_X`; of a histogram's series the suffix stands before `_bucket`, `_sum` and `_count`.
pub(super) fn recorded(name: &str, suffix: &str, operator: &str) -> String {
    let stem = name.strip_prefix("cx_").unwrap_or(name);
    let histogram = ["_seconds_bucket", "_seconds_sum", "_seconds_count"].into_iter().find(|end| stem.ends_with(end));
    match histogram.map(|end| end.trim_start_matches("_seconds")) {
        Some(end) => format!("cx:{}{suffix}{end}:{operator}", stem.trim_end_matches(end)),
        None => format!("cx:{stem}{suffix}:{operator}"),
    }
}

fn operator(name: &str, merge: Merge) -> &'static str {
    match merge {
        Merge::Sum => "sum",
        Merge::Min => "min",
        Merge::Max => "max",
        // What is pooled supposes that replicas hold comparable customers, which a computed-again value does not.
        Merge::Derived if name.starts_with("cx_correlation") => "pooled",
        Merge::Derived => "merged",
    }
}
