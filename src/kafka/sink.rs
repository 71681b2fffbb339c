//! The receiver of records and of changes of the assignment. It also decides at which offset a partition resumes.
//!
//! Does not know Kafka's client.

use super::log_identity::LogIdentity;
use super::losses::{Loss, SkippedBatch};
use super::partition_progress::{PartitionProgress, TopicPartition};
use crate::event::Record;

/// The clock that stamped a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampKind {
    /// The producer's clock (CreateTime).
    Producer,
    /// The broker's clock (LogAppendTime).
    Broker,
    /// The record has no timestamp.
    Absent,
}

/// One record as it was taken from its partition's queue.
#[derive(Clone, Copy, Debug)]
pub struct ArrivedRecord<'a> {
    /// The topic partition that held the record.
    pub at: TopicPartition,
    /// Its offset, timestamp and bytes.
    pub record: Record<'a>,
    /// The clock that set its timestamp.
    pub timestamp_kind: TimestampKind,
}

/// Why a record was refused, in words of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedRecord {
    /// The reason.
    pub reason: &'static str,
    /// The member of the event that is wrong; empty where it is the whole record.
    pub member: &'static str,
}

/// How the assignment changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssignmentChange {
    /// Partition groups were assigned; there may be none among them.
    Assigned,
    /// All partition groups were revoked.
    Revoked,
    /// All partition groups were revoked, after the consumer group had already given them to other members.
    Lost,
    /// The log of a topic turned out to be another one, so the partition groups that had read of it begin anew. They stay assigned.
    Rebuilt,
}

/// The receiver of the records of one worker. It is called on the worker's thread, or on the polling thread while the worker is stopped.
///
/// A partition group is partition number *i* of all topics; it is assigned and revoked as one.
pub trait Sink: Send {
    /// Partition groups of this worker were assigned. Called inside the rebalance callback.
    fn assign(&mut self, partitions: &[i32]);

    /// The offset at which an assigned partition resumes; `None` where this sink has handled nothing of it before.
    fn next_offset(&self, at: TopicPartition) -> Option<i64>;

    /// By what the log of an assigned partition was recognised when this sink handled its last record; empty where it has handled none.
    fn log_identity(&self, at: TopicPartition) -> LogIdentity;

    /// Partition groups of this worker were revoked.
    fn revoke(&mut self, partitions: &[i32]);

    /// Assigned partition groups of this worker begin anew, because the log of one of their topics is another one: all that was handled of them is
    /// forgotten.
    fn rebuild(&mut self, partitions: &[i32]);

    /// Records of an assigned partition left its log before they were read.
    fn lost(&mut self, at: TopicPartition, loss: &Loss);

    /// The next offsets that have become safe in checkpoints since the last call. They are committed to the group, for displays of lag only.
    fn take_safe_offsets(&mut self) -> Vec<(TopicPartition, i64)> {
        Vec::new()
    }

    /// A batch of an assigned partition was passed over, because its records cannot be read. The partition goes on behind it.
    fn skipped(&mut self, at: TopicPartition, batch: &SkippedBatch);

    /// Called after every sink has heard of a change, while all workers are still stopped. When this returns, nothing of the revoked partitions may be visible
    /// any more, because only then does the group learn that they are free.
    fn rebalanced(sinks: &mut [&mut Self], partitions: &[i32], change: AssignmentChange)
    where
        Self: Sized;

    /// Takes one record. Offsets ascend within a topic partition. Gives why it was refused, where it was and its copy is wanted.
    fn record(&mut self, arrived: ArrivedRecord<'_>) -> Option<RefusedRecord>;

    /// Does deferred work at the end of a turn, because another thread is about to stop all workers and read their results.
    fn settle(&mut self);

    /// Takes how far a topic partition has been read. Called after every turn, also after one without records.
    fn progressed(&mut self, progress: &PartitionProgress);
}
