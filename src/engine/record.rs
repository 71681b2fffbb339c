//! A record as the engine sees it: its position in the log and its one outcome.

use crate::event::Reason;
use crate::time::EventTime;

/// A partition group: partition `i` of all input topics together, the unit of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionGroup(pub i32);

/// The index of a topic in [`super::EngineSettings::topics`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicIndex(pub u8);

/// The position of a record.
#[derive(Clone, Copy, Debug)]
pub struct RecordPlace {
    /// The partition group.
    pub group: PartitionGroup,
    /// The topic.
    pub topic: TopicIndex,
    /// The offset, which must be greater than the offset of every record handled before from the same group and topic.
    pub offset: i64,
    /// The record's own timestamp. An event more than two minutes ahead of it is `future`. `None` for records from files, where no event is
    /// `future`.
    pub record_time: Option<EventTime>,
}

/// The outcome of a record; every record has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The event was applied.
    Applied,
    /// The same source and id came before, within the deduplication horizon.
    Duplicate,
    /// The event is older than the allowed lateness.
    Late,
    /// The event is more than the tolerance ahead of the record's own timestamp.
    Future,
    /// The record was refused, for the given reason.
    Invalid(Reason),
    /// The record is a tombstone, or its event type is turned off by the configuration.
    Ignored,
}

impl Outcome {
    /// The label values of all outcomes, in the order of the metric contract.
    pub const NAMES: [&'static str; 6] = ["applied", "duplicate", "late", "future", "invalid", "ignored"];

    /// The value of the label `outcome`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        Self::NAMES[self.index()]
    }

    /// The index of the name in [`Self::NAMES`]. All reasons of `Invalid` share one index.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Applied => 0,
            Self::Duplicate => 1,
            Self::Late => 2,
            Self::Future => 3,
            Self::Invalid(_) => 4,
            Self::Ignored => 5,
        }
    }
}

/// How far one topic of a group has been read, as the shell reports it.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Whether there is nothing left to read now.
    pub at_end: bool,
    /// The instant up to which every record sent has been read: the wall clock of the last fetch at the end of the log, or the last record's
    /// timestamp while there is lag.
    pub seen_through: EventTime,
}
