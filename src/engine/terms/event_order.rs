//! The order of events: by event time, then by kind of topic, topic and offset, so that it is the same however topics are read.

use crate::event::Kind;
use crate::time::EventTime;
use serde::{Deserialize, Serialize};

/// The place of an event among all events of its partition group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct EventOrder {
    /// When it happened.
    pub(crate) time: EventTime,
    #[serde(with = "short")]
    tie: u64,
}

/// Ties as they are written down: with the kind and the topic lowest, so that a short offset makes a short number.
mod short {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(tie: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        tie.rotate_left(8).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        u64::deserialize(deserializer).map(|tie| tie.rotate_right(8))
    }
}

impl Default for EventOrder {
    fn default() -> Self {
        Self::MIN
    }
}

impl EventOrder {
    /// Before every event.
    pub(crate) const MIN: Self = Self { time: EventTime::MIN, tie: 0 };
    /// After every event.
    pub(crate) const MAX: Self = Self { time: EventTime::MAX, tie: u64::MAX };

    /// The same event's place if it had happened at another time.
    pub(crate) fn at(self, time: EventTime) -> Self {
        Self { time, ..self }
    }

    /// The order of the event at `offset` of a topic: at one instant tickets come before chats, surveys and customers, then the log decides.
    pub(crate) fn new(time: EventTime, kind: Kind, topic: u8, offset: i64) -> Self {
        let tie = (kind as u64) << 62 | u64::from(topic & 0x3f) << 56 | (offset as u64 & 0x00ff_ffff_ffff_ffff);
        Self { time, tie }
    }
}
