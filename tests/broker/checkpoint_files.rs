//! What lies in a folder of checkpoints, and a log that is cut where they allow it. Does not know the state in them.

use std::collections::BTreeMap;
use std::path::Path;

use cxpulse::checkpoint::{CheckpointHeader, CheckpointStore, StoreLocation, StoreOptions};

use crate::support::topics::delete_records;

/// The number of records that the newest checkpoints of all groups have counted.
pub(super) fn safe_records(store: &Path) -> u64 {
    let mut newest: BTreeMap<i32, u64> = BTreeMap::new();
    for header in headers(store) {
        let sum = newest.entry(header.key.partition).or_default();
        *sum = header.offset_sum().max(*sum);
    }
    newest.values().sum()
}

/// The number of records that the oldest kept checkpoints of all groups have counted.
pub(super) fn oldest_records(store: &Path) -> u64 {
    oldest(store).values().map(CheckpointHeader::offset_sum).sum()
}

/// Removes from all logs what the oldest kept checkpoint of each partition group has counted. Gives how many records it has.
pub(super) fn cut_logs(servers: &str, store: &Path) -> u64 {
    let oldest = oldest(store);
    let offsets = oldest.values().flat_map(|header| {
        let of_group = header.next_offsets.iter().filter(|(_, offset)| **offset > 0);
        of_group.map(|(topic, offset)| (topic.as_str(), header.key.partition, *offset))
    });
    let offsets: Vec<_> = offsets.collect();
    if !offsets.is_empty() {
        delete_records(servers, &offsets);
    }
    oldest.values().map(CheckpointHeader::offset_sum).sum()
}

/// The oldest kept checkpoint of each partition group.
fn oldest(store: &Path) -> BTreeMap<i32, CheckpointHeader> {
    let mut oldest: BTreeMap<i32, CheckpointHeader> = BTreeMap::new();
    for header in headers(store) {
        let kept = oldest.entry(header.key.partition).or_insert_with(|| header.clone());
        if header.offset_sum() < kept.offset_sum() {
            *kept = header;
        }
    }
    oldest
}

/// What the checkpoints in a folder say of themselves.
fn headers(store: &Path) -> Vec<CheckpointHeader> {
    let location = StoreLocation::parse(&store.display().to_string()).expect("a folder");
    let store = CheckpointStore::open_existing(&location, StoreOptions::default()).expect("the folder exists");
    let listed = store.list().expect("the folder is readable");
    // One that a running service removes meanwhile says nothing.
    listed.iter().filter_map(|listed| store.header(listed).ok()?.ok()).collect()
}
