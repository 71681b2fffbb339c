//! What a [`super::Session`] tells, and the one question it asks.

use super::TopicPartition;
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

/// The receiver of a session. Every call comes on the thread that polls the session.
///
/// A partition group is partition number *i* of all topics; it is assigned and revoked as one.
pub trait Sink: Send {
    /// Partition groups came; called inside the rebalance callback, once per assignment, also with none.
    fn assign(&mut self, partitions: &[i32]);

    /// The next offset to read for an assigned partition, where something of it was handled before.
    fn next_offset(&self, at: TopicPartition) -> Option<i64>;

    /// Partition groups went; when this returns nothing of them may be visible any more, since only then does the group learn that they are
    /// free. `lost` says that the group gave them away already.
    fn revoke(&mut self, partitions: &[i32], lost: bool);

    /// One record, offsets ascending within a topic partition.
    fn record(&mut self, arrived: Arrived<'_>);
}
