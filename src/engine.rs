//! The pure state machine: once-only, life cycles, facts, panes and rolling windows, snapshots (hops 3 to 5 of the way of an event).
//!
//! Knows no JSON, no Kafka, no metric text and no clock: `now` is an argument of [`Engine::advance_to`].

mod settings;

use std::sync::Arc;

pub use settings::*;

use crate::event::{Decoded, Reason};
use crate::time::EventTime;

/// Partition number `i` of all input topics together: the unit of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionGroup(pub i32);

/// The index of a topic in [`EngineSettings::topics`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicIndex(pub u8);

/// Where a record lay.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Its partition's group.
    pub group: PartitionGroup,
    /// Its topic.
    pub topic: TopicIndex,
    /// Its offset; greater than that of every record handled before it from the same group and topic.
    pub offset: i64,
    /// The record's own timestamp: what lies more than two minutes ahead of it is `future`. `None` for files: nothing is.
    pub record_time: Option<EventTime>,
}

/// What became of a record; every record has exactly one outcome.
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
    /// The label value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Duplicate => "duplicate",
            Self::Late => "late",
            Self::Future => "future",
            Self::Invalid(_) => "invalid",
            Self::Ignored => "ignored",
        }
    }
}

/// How far the shell has read one topic of a group.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Whether nothing is left to read now.
    pub at_end: bool,
    /// Up to which instant everything sent has been read: the wall clock of the last fetch at the log end, or the last record's timestamp
    /// while there is lag.
    pub seen_through: EventTime,
}

/// The state machine over all partition groups of this process.
pub struct Engine {
    settings: Arc<EngineSettings>,
}

impl Engine {
    /// An engine without partition groups.
    #[must_use]
    pub fn new(settings: Arc<EngineSettings>) -> Self {
        Self { settings }
    }

    /// Takes a partition group in: resumes it if it is parked, else creates it empty.
    pub fn assign(&mut self, _group: PartitionGroup) {}

    /// Takes a partition group's contribution out of every value and parks its state.
    pub fn revoke(&mut self, _group: PartitionGroup) {}

    /// The next offset to read for a topic of a group that is assigned or parked; `None` where nothing of it was handled yet.
    #[must_use]
    pub fn next_offset(&self, _group: PartitionGroup, _topic: TopicIndex) -> Option<i64> {
        None
    }

    /// Handles one record of an assigned group and gives its outcome.
    ///
    /// # Panics
    /// When the group is not assigned: the caller's mistake.
    pub fn handle(&mut self, _place: Place, _decoded: &Decoded<'_>) -> Outcome {
        let _ = &self.settings;
        Outcome::Applied
    }

    /// Notes how far a topic of an assigned group has been read.
    pub fn set_progress(&mut self, _group: PartitionGroup, _topic: TopicIndex, _progress: Progress) {}

    /// Moves the windows to `now`; an earlier instant than before is ignored.
    pub fn advance_to(&mut self, _now: EventTime) {}

    /// The largest event time applied in any assigned group.
    #[must_use]
    pub fn largest_event_time(&self) -> Option<EventTime> {
        None
    }

    /// All values as of now, immutable.
    pub fn snapshot(&mut self) -> Snapshot {
        Snapshot { now: EventTime::MIN }
    }
}

/// All values as of one instant.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The instant.
    pub now: EventTime,
}
