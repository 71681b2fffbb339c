//! The order of events: by event time, then by kind of topic, rank, topic and offset. It does not depend on the order in which topics are read.

use crate::event::Kind;
use crate::time::EventTime;
use serde::{Deserialize, Serialize};

/// The position of an event among all events of its partition group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct EventOrder {
    /// When the event happened.
    pub(crate) time: EventTime,
    /// The kind of the topic (2 bits), the rank at one instant (3 bits), the topic (6 bits) and the offset (53 bits), from the highest bit down.
    #[serde(with = "short")]
    tie: u64,
}

/// The bits of a tie that hold the offset.
const OFFSET_MASK: u64 = (1 << 53) - 1;

/// The serialised form of ties: the kind, the rank and the topic are the lowest bits, so that a short offset makes a short number.
mod short {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(tie: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        tie.rotate_left(11).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        u64::deserialize(deserializer).map(|tie| tie.rotate_right(11))
    }
}

impl Default for EventOrder {
    fn default() -> Self {
        Self::MIN
    }
}

impl EventOrder {
    /// The position before every event.
    pub(crate) const MIN: Self = Self { time: EventTime::MIN, tie: 0 };
    /// The position after every event.
    pub(crate) const MAX: Self = Self { time: EventTime::MAX, tie: u64::MAX };

    /// The position after every event of an instant.
    pub(crate) const fn last_at(time: EventTime) -> Self {
        Self { time, tie: u64::MAX }
    }

    /// The position that the event would have if it had happened at another time.
    pub(crate) fn at(self, time: EventTime) -> Self {
        Self { time, ..self }
    }

    /// The position of the event at `offset` of a topic. At one instant tickets come before chats, surveys and customers; within a kind the rank
    /// decides, below 8, then the topic, and then the offset.
    pub(crate) fn new(time: EventTime, kind: Kind, rank: u8, topic: u8, offset: i64) -> Self {
        let tie = (kind as u64) << 62 | u64::from(rank & 7) << 59 | u64::from(topic & 0x3f) << 53 | (offset as u64 & OFFSET_MASK);
        Self { time, tie }
    }

    /// The index of the topic from which the event came.
    pub(crate) fn topic(self) -> usize {
        (self.tie >> 53 & 0x3f) as usize
    }

    /// The place that its kind and its rank give it among the events of one instant.
    pub(crate) fn rank(self) -> u64 {
        self.tie >> 59
    }

    /// The position among the events of its kind if the log alone decided at one instant.
    pub(crate) fn unranked(self) -> (EventTime, u64) {
        (self.time, self.tie & (0x3f << 53 | OFFSET_MASK))
    }
}
