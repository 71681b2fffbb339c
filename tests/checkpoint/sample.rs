//! Made-up checkpoints. Does not know a store.

use std::collections::BTreeMap;

use cxpulse::checkpoint::{CheckpointHeader, CheckpointKey, Fingerprint};
use cxpulse::time::EventTime;

pub(crate) fn key() -> CheckpointKey {
    CheckpointKey { group: "desk".into(), fingerprint: Fingerprint([0x5a; 32]), partition: 3 }
}

/// A header of two topics whose offsets add up to `offset_sum`.
pub(crate) fn header(key: &CheckpointKey, offset_sum: i64, sequence: u64) -> CheckpointHeader {
    let chats = offset_sum / 3;
    CheckpointHeader {
        key: key.clone(),
        next_offsets: BTreeMap::from([("chats".into(), chats), ("tickets".into(), offset_sum - chats)]),
        sequence,
        created: EventTime(1_772_000_000_000),
        event_time_max: Some(EventTime(1_771_999_990_000)),
        settings: BTreeMap::from([("limits.contacts_max".into(), "2000000".into()), ("state.layout".into(), "1".into())]),
    }
}

/// Bytes that no compression makes smaller, always the same.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .flatten()
    .take(length)
    .collect()
}
