//! By what a log is recognised: the id of its topic, and the last record that was read of it.
//!
//! A topic that was deleted and made again has another id, and another record at the same offset. Plain data, which may be kept with the state that was
//! counted from the log. Does not know Kafka's client.

use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

/// The id that the cluster gave a topic when it was made. A topic that is made again under the same name has another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TopicId(pub u128);

/// The last record that was read of a topic partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LastRecord {
    /// Its offset.
    pub offset: i64,
    /// Its timestamp in milliseconds since 1970; `None` where it has none.
    pub timestamp_ms: Option<i64>,
    /// The hash of its key and its value, as [`record_hash`] gives it.
    pub hash: u64,
}

/// By what the log of one topic partition is recognised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LogIdentity {
    /// The id of the topic; `None` where the brokers do not tell it.
    pub topic_id: Option<TopicId>,
    /// The last record that was read; `None` before the first one.
    pub last_record: Option<LastRecord>,
}

/// The result of reading a record again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordComparison {
    /// The log holds the same record at its offset.
    Same,
    /// The log holds another record there, so it is another log.
    Another,
    /// The log holds no record there: it was removed, or the log ends before.
    Undecided,
}

impl LogIdentity {
    /// Whether the id of the topic now tells that this is another log; `None` where one of the ids is not known.
    #[must_use]
    pub fn is_of_another_topic(&self, topic_id: Option<TopicId>) -> Option<bool> {
        Some(self.topic_id? != topic_id?)
    }
}

impl LastRecord {
    /// Compares the record with the one that the log holds at its offset now; `None` where it holds none.
    #[must_use]
    pub fn compare(&self, found: Option<&Self>) -> RecordComparison {
        match found {
            None => RecordComparison::Undecided,
            Some(found) if found == self => RecordComparison::Same,
            Some(_) => RecordComparison::Another,
        }
    }
}

/// The hash of a record's key and value. It is the same in every process and release, because it is kept.
#[must_use]
pub fn record_hash(key: Option<&[u8]>, value: Option<&[u8]>) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(0, 0);
    for part in [key, value] {
        // The length keeps the bytes of key and value apart; an absent part is no empty one.
        hasher.write_u64(part.map_or(u64::MAX, |bytes| bytes.len() as u64));
        hasher.write(part.unwrap_or_default());
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_and_value_are_told_apart_and_the_hash_stays_what_it_is() {
        let hash = |key: Option<&str>, value: Option<&str>| record_hash(key.map(str::as_bytes), value.map(str::as_bytes));
        let hashes = [
            hash(None, None),
            hash(Some(""), None),
            hash(None, Some("")),
            hash(Some("a"), Some("bc")),
            hash(Some("ab"), Some("c")),
            hash(None, Some("abc")),
        ];
        assert_eq!(std::collections::BTreeSet::from(hashes).len(), hashes.len());
        assert_eq!(record_hash(Some(b"key"), Some(b"value")), HASH_OF_KEY_AND_VALUE, "hashes that are kept must stay comparable");
    }

    const HASH_OF_KEY_AND_VALUE: u64 = 3_668_149_054_150_813_622;

    #[test]
    fn a_record_is_the_same_only_if_all_of_it_is() {
        let record = LastRecord { offset: 7, timestamp_ms: Some(1), hash: 2 };
        assert_eq!(record.compare(Some(&record)), RecordComparison::Same);
        assert_eq!(record.compare(Some(&LastRecord { timestamp_ms: None, ..record })), RecordComparison::Another);
        assert_eq!(record.compare(Some(&LastRecord { hash: 3, ..record })), RecordComparison::Another);
        assert_eq!(record.compare(None), RecordComparison::Undecided);
    }

    #[test]
    fn ids_decide_only_where_both_are_known() {
        let of = |topic_id| LogIdentity { topic_id, last_record: None };
        assert_eq!(of(Some(TopicId(1))).is_of_another_topic(Some(TopicId(2))), Some(true));
        assert_eq!(of(Some(TopicId(1))).is_of_another_topic(Some(TopicId(1))), Some(false));
        assert_eq!(of(None).is_of_another_topic(Some(TopicId(1))), None);
        assert_eq!(of(Some(TopicId(1))).is_of_another_topic(None), None);
    }
}
