//! What a [`super::Session`] and its workers tell, and the one question they ask.

use super::{Feed, TopicPartition};
use crate::event::Record;

/// Which clock stamped a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampKind {
    /// The producer's (CreateTime).
    Producer,
    /// The broker's (LogAppendTime).
    Broker,
    /// None.
    Absent,
}

/// One record as it was taken from its partition's queue.
#[derive(Clone, Copy, Debug)]
pub struct Arrived<'a> {
    /// Where it lay.
    pub at: TopicPartition,
    /// Its offset, timestamp and bytes.
    pub record: Record<'a>,
    /// Which clock its timestamp is from.
    pub timestamp_kind: TimestampKind,
}

/// How the assignment changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebalance {
    /// Partition groups came, perhaps none.
    Assigned,
    /// All went.
    Revoked,
    /// All went, and the group had given them away already.
    Lost,
}

/// The receiver of the records of one [`super::Share`]. Its calls come on the worker's thread, or on the polling thread while the share is stopped.
///
/// A partition group is partition number *i* of all topics; it is assigned and revoked as one.
pub trait Sink: Send {
    /// Partition groups of this share came; called inside the rebalance callback.
    fn assign(&mut self, partitions: &[i32]);

    /// The next offset to read for an assigned partition, where something of it was handled before.
    fn next_offset(&self, at: TopicPartition) -> Option<i64>;

    /// Partition groups of this share went.
    fn revoke(&mut self, partitions: &[i32]);

    /// Every sink has heard of a change, and all shares are still stopped. When this returns nothing of what went may be visible any more, since
    /// only then does the group learn that it is free.
    fn rebalanced(sinks: &mut [&mut Self], partitions: &[i32], change: Rebalance)
    where
        Self: Sized;

    /// One record, offsets ascending within a topic partition.
    fn record(&mut self, arrived: Arrived<'_>);

    /// Does at the end of a turn what it has put off, because somebody is about to stop all shares and look.
    fn settle(&mut self);

    /// How far a topic partition has been read; told after every turn, also one without records.
    fn progressed(&mut self, feed: &Feed);
}
