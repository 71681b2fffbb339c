//! A record as the engine sees it: where it lay, and its one outcome.

use crate::event::Reason;
use crate::time::EventTime;

/// Partition number `i` of all input topics together: the unit of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionGroup(pub i32);

/// The index of a topic in [`super::EngineSettings::topics`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicIndex(pub u8);

/// Where a record lay.
#[derive(Clone, Copy, Debug)]
pub struct RecordPlace {
    /// Its partition's group.
    pub group: PartitionGroup,
    /// Its topic.
    pub topic: TopicIndex,
    /// Its offset; greater than that of every record handled before it from the same group and topic.
    pub offset: i64,
    /// The record's own timestamp: an event more than two minutes ahead of it is `future`. `None` for files, where no event is.
    pub record_time: Option<EventTime>,
}

/// The outcome of a record; every record has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Counted.
    Applied,
    /// The same source and id within the deduplication horizon.
    Duplicate,
    /// Older than the allowed lateness.
    Late,
    /// More than the tolerance ahead of the record's own timestamp.
    Future,
    /// Refused.
    Invalid(Reason),
    /// A tombstone, or an event that the configuration turns off.
    Ignored,
}

impl Outcome {
    /// The label values of all outcomes, in the order of the contract.
    pub const NAMES: [&'static str; 6] = ["applied", "duplicate", "late", "future", "invalid", "ignored"];

    /// The label value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        Self::NAMES[match self {
            Self::Applied => 0,
            Self::Duplicate => 1,
            Self::Late => 2,
            Self::Future => 3,
            Self::Invalid(_) => 4,
            Self::Ignored => 5,
        }]
    }
}

/// How far the shell has read one topic of a group.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Whether nothing is left to read now.
    pub at_end: bool,
    /// The instant up to which everything sent has been read: the wall clock of the last fetch at the log end, or the last record's timestamp
    /// while there is lag.
    pub seen_through: EventTime,
}
