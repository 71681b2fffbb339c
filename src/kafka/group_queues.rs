//! The queues of one partition group: takes its records in the order of their times.
//!
//! Does not know workers, nor the meaning of a record.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::BaseConsumer;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use smallvec::SmallVec;

use super::batch_probe::undecodable_reason;
use super::failure::Failure;
use super::fetch_queue::fetched_end;
use super::partition_progress::{Hold, PartitionProgress, TopicPartition};
use super::read_again::{last_record, timestamp_ms};
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
    consumer: Arc<BaseConsumer<GroupContext>>,
    subscription: Arc<TopicSubscription>,
}

impl GroupQueues {
    /// A group with its first topic partition.
    pub(super) fn new(
        consumer: Arc<BaseConsumer<GroupContext>>,
        subscription: Arc<TopicSubscription>,
        progress: PartitionProgress,
        queue: PartitionQueue<GroupContext>,
    ) -> Self {
        Self { progress: vec![progress], queues: vec![queue], is_empty: vec![false], consumer, subscription }
    }

    /// Adds another topic's partition of the same number.
    pub(super) fn push(&mut self, progress: PartitionProgress, queue: PartitionQueue<GroupContext>) {
        self.progress.push(progress);
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

    /// Whether it is to be decided whether one of the logs is another one. Until then nothing is taken.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.progress.iter().any(PartitionProgress::is_in_doubt)
    }

    /// Whether it is to be looked whether something that could not be read is an accident.
    pub(super) fn is_searching(&self) -> bool {
        self.progress.iter().any(|progress| progress.hold() == Some(&Hold::Searching))
    }

    /// Takes the records of at most one turn, merged by record timestamp as far as the arrived records allow. Waits for nothing.
    pub(super) fn take<S: Sink>(&mut self, sink: &mut S) -> Result<usize, Failure> {
        if self.is_in_doubt() {
            return Ok(0);
        }
        let mut count = 0;
        // From a partition that is held nothing is taken: behind an error the client reads nonsense.
        for (is_empty, progress) in self.is_empty.iter_mut().zip(&self.progress) {
            let waits = self.subscription.dead_letters.as_ref().is_some_and(|letters| !letters.accepts(progress.at()));
            *is_empty = progress.hold().is_some() || waits;
        }
        // Only the last record of a turn is hashed, so the hashes cost next to nothing.
        let mut last_messages: SmallVec<[Option<BorrowedMessage<'_>>; 8]> = self.queues.iter().map(|_| None).collect();
        'turn: while count < TURN_RECORDS
            && let Some((index, until)) = choose(&self.progress, &self.is_empty)
        {
            let (progress, queue) = (&mut self.progress[index], &self.queues[index]);
            loop {
                match queue.poll(Duration::ZERO) {
                    Some(Ok(message)) => {
                        if !progress.admits(message.offset()) {
                            if progress.is_in_doubt() {
                                break 'turn;
                            }
                            continue;
                        }
                        if progress.is_leap(message.offset())
                            && is_beyond_log(&self.consumer, &self.subscription, progress.at(), message.offset())
                        {
                            progress.set_hold(Hold::Searching);
                            self.is_empty[index] = true;
                            break;
                        }
                        let refused = sink.record(arrived(progress.at(), &message));
                        if let (Some(refused), Some(letters)) = (refused, &self.subscription.dead_letters) {
                            letters.send(progress.at(), &message, refused);
                        }
                        progress.note_record(message.offset(), timestamp_ms(&message));
                        last_messages[index] = Some(message);
                        count += 1;
                        if count >= TURN_RECORDS || progress.last_timestamp().is_some_and(|last| last > until) {
                            break;
                        }
                    }
                    // The end counts by the offset that the statistics give, since this event may be older than records behind it.
                    Some(Err(KafkaError::PartitionEOF(_))) => {}
                    Some(Err(KafkaError::MessageConsumption(code))) if undecodable_reason(code).is_some() => {
                        progress.set_hold(Hold::Searching);
                        self.is_empty[index] = true;
                        break;
                    }
                    Some(Err(error)) => {
                        self.subscription.errors.note_in_place_of_record(&error)?;
                        self.is_empty[index] = true;
                        break;
                    }
                    None => {
                        self.is_empty[index] = true;
                        progress.note_queue_empty();
                        break;
                    }
                }
            }
        }
        for (progress, message) in self.progress.iter_mut().zip(&last_messages) {
            if let Some(message) = message {
                progress.note_last_record(last_record(message));
            }
        }
        Ok(count)
    }
}

/// Whether a record claims an offset that its log does not hold.
fn is_beyond_log(consumer: &BaseConsumer<GroupContext>, subscription: &TopicSubscription, at: TopicPartition, offset: i64) -> bool {
    fetched_end(consumer, &subscription.topics[at.topic], at.partition).is_some_and(|end| offset >= end)
}
