//! The queues of one partition group: takes its records in the order of their times.
//!
//! Does not know workers, nor the meaning of a record.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};

use super::failure::Failure;
use super::partition_progress::{PartitionProgress, TopicPartition};
use super::reading_order::choose;
use super::rebalance::{GroupContext, TopicSubscription};
use super::record_sample::arrived;
use super::sink::Sink;

/// The most records that one turn takes from a partition group. A thread that stops the worker waits for as long as these take.
const TURN_RECORDS: usize = 128;

/// One partition group: the progress and the queue of each of its topic partitions, index by index.
pub(super) struct GroupQueues {
    progress: Vec<PartitionProgress>,
    queues: Vec<PartitionQueue<GroupContext>>,
    /// Which queues were found empty in this turn.
    is_empty: Vec<bool>,
    subscription: Arc<TopicSubscription>,
}

impl GroupQueues {
    /// A group with its first topic partition.
    pub(super) fn new(
        subscription: Arc<TopicSubscription>,
        at: TopicPartition,
        next_offset: Option<i64>,
        queue: PartitionQueue<GroupContext>,
    ) -> Self {
        Self { progress: vec![PartitionProgress::new(at, next_offset)], queues: vec![queue], is_empty: vec![false], subscription }
    }

    /// Adds another topic's partition of the same number.
    pub(super) fn push(&mut self, at: TopicPartition, next_offset: Option<i64>, queue: PartitionQueue<GroupContext>) {
        self.progress.push(PartitionProgress::new(at, next_offset));
        self.queues.push(queue);
        self.is_empty.push(false);
    }

    /// The partition number.
    pub(super) fn partition(&self) -> i32 {
        self.progress[0].at().partition
    }

    pub(super) fn progress(&self) -> &[PartitionProgress] {
        &self.progress
    }

    pub(super) fn progress_mut(&mut self) -> &mut [PartitionProgress] {
        &mut self.progress
    }

    /// Takes the records of at most one turn, merged by record timestamp as far as the arrived records allow. Waits for nothing.
    pub(super) fn take<S: Sink>(&mut self, sink: &mut S) -> Result<usize, Failure> {
        let mut count = 0;
        self.is_empty.fill(false);
        while count < TURN_RECORDS
            && let Some((index, until)) = choose(&self.progress, &self.is_empty)
        {
            let (progress, queue) = (&mut self.progress[index], &self.queues[index]);
            loop {
                match queue.poll(Duration::ZERO) {
                    Some(Ok(message)) => {
                        if let Some(expected) = progress.next_offset().filter(|expected| message.offset() < *expected) {
                            let (topic, partition) = (self.subscription.topics[progress.at().topic].clone(), progress.at().partition);
                            return Err(Failure::WentBack { topic, partition, found: message.offset(), expected });
                        }
                        let timestamp = deliver(progress.at(), &message, sink);
                        if let Some(skipped) = progress.note_record(message.offset(), timestamp) {
                            warn_of_skipped(&self.subscription.topics[progress.at().topic], progress.at().partition, &skipped);
                        }
                        count += 1;
                        if count >= TURN_RECORDS || progress.last_timestamp().is_some_and(|last| last > until) {
                            break;
                        }
                    }
                    Some(Err(KafkaError::PartitionEOF(_))) => progress.note_end_of_partition(),
                    Some(Err(error)) => {
                        self.subscription.errors.note_in_place_of_record(&error)?;
                        self.is_empty[index] = true;
                        break;
                    }
                    None => {
                        self.is_empty[index] = true;
                        break;
                    }
                }
            }
        }
        Ok(count)
    }
}

/// Skipped offsets are normal where a topic is compacted or transactional; else retention removed records before they were read.
fn warn_of_skipped(topic: &str, partition: i32, skipped: &Range<i64>) {
    tracing::warn!(
        target: "cxpulse::kafka",
        topic,
        partition,
        from = skipped.start,
        to = skipped.end,
        "the log has no records where reading was to go on: removed by retention or compaction, or transaction markers"
    );
}

/// Hands one record to the sink and gives its timestamp.
fn deliver<S: Sink>(at: TopicPartition, message: &BorrowedMessage<'_>, sink: &mut S) -> Option<i64> {
    let arrived = arrived(at, message);
    let timestamp = arrived.record.timestamp.map(|timestamp| timestamp.0);
    sink.record(arrived);
    timestamp
}
