//! What tests share that hold the values of engines beside each other: the records of a made organisation, and the lines of an exposition.
//!
//! Does not know how the engines are driven.

use std::collections::BTreeSet;

use cxpulse::config::Configuration;
use cxpulse::engine::{ComparedChange, Condition, PartitionGroup, Snapshot};
use cxpulse::event::Kind;
use cxpulse::metrics::Exposition;
use cxpulse::simulator::{FaultInjector, GeneratedRecord, Organisation, Profile};
use cxpulse::time::{EventTime, Span};

/// Tuesday, 2026-03-03, 10:15 UTC.
const NOW: EventTime = EventTime(1_772_532_900_000);

/// The instant at which the records of [`records`] begin: six weeks before their end, so that the longest window does not hold all of them.
pub(crate) fn begin() -> EventTime {
    NOW - Span::days(42)
}

/// The number of records from one event about a change to the next.
const CHANGE_EVERY: usize = 37;

/// As many records of the organisation with this seed and number of partitions, with faults and events about changes among them.
pub(crate) fn records(seed: u64, count: usize, groups: i32) -> Vec<GeneratedRecord> {
    let profile = Profile { partitions: groups, ..Profile::medium().busy_at(NOW).sized_for(count as u64, begin(), NOW) };
    let mut records: Vec<GeneratedRecord> = FaultInjector::new(Organisation::new(profile, seed, begin()), 0.05, seed).take(count).collect();
    for at in (CHANGE_EVERY..count).step_by(CHANGE_EVERY) {
        records[at] = change(at / CHANGE_EVERY, records[at].time);
    }
    records
}

/// An event about one of some changes, on the topics in turn and in any partition; each fourth takes what was marked back.
fn change(number: usize, time: EventTime) -> GeneratedRecord {
    let group = ["", r#","team":"billing""#, r#","team":"orders","channel":"email""#][number % 3];
    let (name, withdrawn) = (number % 7, number % 4 == 3);
    let text = format!(
        r#"{{"id":"change-{number}","type":"change.marked","time":{},"name":"change {name}","withdrawn":{withdrawn}{group}}}"#,
        time.0
    );
    GeneratedRecord {
        kind: Kind::ALL[number % Kind::ALL.len()],
        name: "change.marked",
        key: number.to_string(),
        partition: None,
        time,
        payload: Some(text.into_bytes()),
        fault: None,
    }
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
