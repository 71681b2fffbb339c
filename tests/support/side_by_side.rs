//! What tests share that hold the values of engines beside each other: the records of a made organisation, and the lines of an exposition.
//!
//! Does not know how the engines are driven.

use std::collections::BTreeSet;

use cxpulse::config::Configuration;
use cxpulse::engine::{ComparedChange, Condition, PartitionGroup, Snapshot};
use cxpulse::metrics::Exposition;
use cxpulse::simulator::{FaultInjector, GeneratedRecord, Organisation, Profile};
use cxpulse::time::{EventTime, Span};

/// Tuesday, 2026-03-03, 10:15 UTC.
const NOW: EventTime = EventTime(1_772_532_900_000);

/// The instant at which the records of [`records`] begin: six weeks before their end, so that the longest window does not hold all of them.
pub(crate) fn begin() -> EventTime {
    NOW - Span::days(42)
}

/// As many records of the organisation with this seed and number of partitions, with faults among them.
pub(crate) fn records(seed: u64, count: usize, groups: i32) -> Vec<GeneratedRecord> {
    let profile = Profile { partitions: groups, ..Profile::medium().busy_at(NOW).sized_for(count as u64, begin(), NOW) };
    FaultInjector::new(Organisation::new(profile, seed, begin()), 0.05, seed).take(count).collect()
}

/// The partition group of a record: the partition that it names, or else one by its key.
pub(crate) fn group_of(record: &GeneratedRecord, groups: i32) -> PartitionGroup {
    let by_key = || record.key.bytes().fold(7, |sum: i32, byte| sum.wrapping_mul(31) ^ i32::from(byte)).rem_euclid(groups);
    PartitionGroup(record.partition.unwrap_or_else(by_key))
}

/// The default configuration with a marked change, and with only the first windows. With few windows, label sets expire while others enter.
pub(crate) fn of_windows(count: usize) -> Configuration {
    let mut configuration = Configuration::default();
    let team = configuration.engine.team_dimension.expect("the default has teams");
    let conditions = vec![Condition { dimension: team, values: vec!["billing".to_owned()] }];
    configuration.engine.changes = vec![ComparedChange { name: "new macros".to_owned(), at: NOW - Span::days(20), conditions }];
    configuration.engine.windows.truncate(count);
    configuration.engine.trends.retain(|trend| trend.baseline < count);
    configuration
}

/// The lines of an exposition, sorted so that they do not show which label was seen first. Leaves out the number of entries in these stores, which
/// depends on more than the records.
pub(crate) fn lines(exposition: &Exposition, snapshot: &Snapshot, without_stores: &[&str]) -> Vec<String> {
    let mut text = String::new();
    exposition.render(snapshot, &mut text);
    exposition.render_totals(snapshot, &mut text);
    let is_left_out = |line: &&str| without_stores.iter().any(|store| line.starts_with(&format!("cx_state_entries{{store=\"{store}\"}}")));
    let mut lines: Vec<String> = text.lines().filter(|line| !is_left_out(line)).map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

/// Up to ten of the lines that only one side has, for each side.
pub(crate) fn differing<'a>(one: &'a [String], other: &'a [String]) -> [Vec<&'a String>; 2] {
    [(one, other), (other, one)].map(|(here, there)| {
        let there: BTreeSet<&String> = there.iter().collect();
        here.iter().filter(|line| !there.contains(line)).take(10).collect()
    })
}
