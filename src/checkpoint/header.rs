//! What a checkpoint says of itself: to what it belongs, and up to where its state has counted.
//!
//! Does not know the state.

use std::collections::BTreeMap;

use super::byte_reader::{ByteReader, put_count, put_text};
use super::key::{CheckpointKey, Fingerprint};
use super::refusal::Refusal;
use crate::time::EventTime;

/// What a checkpoint says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointHeader {
    /// To what the checkpoint belongs.
    pub key: CheckpointKey,
    /// For each topic the offset of the first record that the state has not counted.
    pub next_offsets: BTreeMap<String, i64>,
    /// The number of the checkpoint: one more than that of the checkpoint before it in the same partition group.
    pub sequence: u64,
    /// The wall clock when the state was taken.
    pub created: EventTime,
    /// The largest event time that the state has counted, if it has counted any.
    pub event_time_max: Option<EventTime>,
    /// The settings behind the fingerprint, each key with its value as a text, so that a difference can be named.
    pub settings: BTreeMap<String, String>,
}

impl CheckpointHeader {
    /// The sum of the offsets: of two checkpoints of one partition group the one with the greater sum has counted more.
    #[must_use]
    pub fn offset_sum(&self) -> u64 {
        self.next_offsets.values().map(|offset| u64::try_from(*offset).unwrap_or_default()).fold(0, u64::saturating_add)
    }

    /// The section `header`.
    pub(super) fn encode(&self) -> Vec<u8> {
        let Self { key: CheckpointKey { group, fingerprint, partition }, next_offsets, sequence, created, event_time_max, settings: _ } =
            self;
        let mut bytes = fingerprint.0.to_vec();
        put_text(&mut bytes, group);
        bytes.extend(partition.to_le_bytes());
        bytes.extend(sequence.to_le_bytes());
        bytes.extend(created.0.to_le_bytes());
        bytes.push(u8::from(event_time_max.is_some()));
        bytes.extend(event_time_max.unwrap_or_default().0.to_le_bytes());
        put_count(&mut bytes, next_offsets.len());
        for (topic, offset) in next_offsets {
            put_text(&mut bytes, topic);
            bytes.extend(offset.to_le_bytes());
        }
        bytes
    }

    /// The section `settings`.
    pub(super) fn encode_settings(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_count(&mut bytes, self.settings.len());
        for (key, value) in &self.settings {
            put_text(&mut bytes, key);
            put_text(&mut bytes, value);
        }
        bytes
    }

    /// Reads the sections `header` and `settings`.
    pub(super) fn decode(header: &[u8], settings: &[u8]) -> Result<Self, Refusal> {
        let mut reader = ByteReader::new(header);
        let decoded = Self::decode_fields(&mut reader).filter(|_| reader.is_empty());
        let mut decoded = decoded.ok_or(Refusal::Malformed("the header is not as a header is"))?;
        let mut reader = ByteReader::new(settings);
        let pairs = entries(&mut reader, |reader| Some(reader.text()?.to_owned())).filter(|_| reader.is_empty());
        decoded.settings = pairs.ok_or(Refusal::Malformed("the list of settings is not as such a list is"))?;
        Ok(decoded)
    }

    fn decode_fields(reader: &mut ByteReader<'_>) -> Option<Self> {
        let fingerprint = Fingerprint(reader.array()?);
        let group = reader.text()?.to_owned();
        let partition = reader.i32()?;
        let sequence = reader.u64()?;
        let created = EventTime(reader.i64()?);
        let event_time_max = match (reader.u8()?, reader.i64()?) {
            (0, 0) => None,
            (1, time) => Some(EventTime(time)),
            _ => return None,
        };
        let next_offsets = entries(reader, |reader| reader.i64().filter(|offset| *offset >= 0))?;
        let key = CheckpointKey { group, fingerprint, partition };
        Some(Self { key, next_offsets, sequence, created, event_time_max, settings: BTreeMap::new() })
    }

    /// Whether the checkpoint belongs to this partition group and these settings.
    pub(super) fn check(&self, expected: &CheckpointKey) -> Result<(), Refusal> {
        let CheckpointKey { group, fingerprint, partition } = &self.key;
        if *group != expected.group {
            return Err(Refusal::OtherGroup { found: group.clone() });
        }
        if *partition != expected.partition {
            return Err(Refusal::OtherPartition { found: *partition });
        }
        if *fingerprint != expected.fingerprint {
            return Err(Refusal::OtherFingerprint { found: *fingerprint });
        }
        Ok(())
    }
}

/// A map whose keys stand in ascending order, each once: so a map has one form in bytes.
fn entries<V>(reader: &mut ByteReader<'_>, mut value: impl FnMut(&mut ByteReader<'_>) -> Option<V>) -> Option<BTreeMap<String, V>> {
    let mut entries: BTreeMap<String, V> = BTreeMap::new();
    for _ in 0..reader.u32()? {
        let key = reader.text()?.to_owned();
        if entries.last_key_value().is_some_and(|(last, _)| *last >= key) {
            return None;
        }
        entries.insert(key, value(reader)?);
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_out_of_order_or_twice_are_refused() {
        let of = |topics: &[&str]| {
            let mut bytes = Vec::new();
            put_count(&mut bytes, topics.len());
            for topic in topics {
                put_text(&mut bytes, topic);
                bytes.push(1);
            }
            entries(&mut ByteReader::new(&bytes), |reader| reader.u8()).map(|map| map.len())
        };
        assert_eq!((of(&["a", "b"]), of(&["b", "a"]), of(&["a", "a"])), (Some(2), None, None));
    }
}
