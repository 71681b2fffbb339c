//! One partition group's topic partitions: their queues, and taking from them in the order of their records' times.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message, Timestamp};

use super::assignment::choose;
use super::attributes::cloud_event_attributes;
use super::context::{Common, GroupContext};
use super::{Arrived, Failure, Feed, Sink, TimestampKind, TopicPartition};
use crate::event::Record;
use crate::time::EventTime;

/// Records of one partition group that are taken before the next group has its turn: whoever stops a share waits for as long as these take.
const TURN_RECORDS: usize = 128;

/// One partition group: its feeds and their queues, index by index.
pub(super) struct Group<S: Sink> {
    feeds: Vec<Feed>,
    queues: Vec<PartitionQueue<GroupContext<S>>>,
    /// Whose queue was found empty in this turn.
    dry: Vec<bool>,
    common: Arc<Common>,
}

impl<S: Sink> Group<S> {
    /// A group with its first topic partition.
    pub(super) fn new(common: Arc<Common>, at: TopicPartition, next_offset: Option<i64>, queue: PartitionQueue<GroupContext<S>>) -> Self {
        Self { feeds: vec![Feed::new(at, next_offset)], queues: vec![queue], dry: vec![false], common }
    }

    /// Adds another topic's partition of the same number.
    pub(super) fn push(&mut self, at: TopicPartition, next_offset: Option<i64>, queue: PartitionQueue<GroupContext<S>>) {
        self.feeds.push(Feed::new(at, next_offset));
        self.queues.push(queue);
        self.dry.push(false);
    }

    /// Its partition number.
    pub(super) fn partition(&self) -> i32 {
        self.feeds[0].at().partition
    }

    pub(super) fn feeds(&self) -> &[Feed] {
        &self.feeds
    }

    pub(super) fn feeds_mut(&mut self) -> &mut [Feed] {
        &mut self.feeds
    }

    /// Takes up to one turn of records, merged by record timestamp as far as what has arrived allows. Nothing is waited for.
    pub(super) fn take(&mut self, sink: &mut S) -> Result<usize, Failure> {
        let mut count = 0;
        self.dry.fill(false);
        while count < TURN_RECORDS
            && let Some((index, until)) = choose(&self.feeds, &self.dry)
        {
            let (feed, queue) = (&mut self.feeds[index], &self.queues[index]);
            loop {
                match queue.poll(Duration::ZERO) {
                    Some(Ok(message)) => {
                        if let Some(expected) = feed.next_offset().filter(|expected| message.offset() < *expected) {
                            let (topic, partition) = (self.common.topics[feed.at().topic].clone(), feed.at().partition);
                            return Err(Failure::WentBack { topic, partition, found: message.offset(), expected });
                        }
                        let timestamp = deliver(feed.at(), &message, sink);
                        if let Some(skipped) = feed.taken(message.offset(), timestamp) {
                            warn_of_skipped(&self.common.topics[feed.at().topic], feed.at().partition, &skipped);
                        }
                        count += 1;
                        if count >= TURN_RECORDS || feed.last_timestamp().is_some_and(|last| last > until) {
                            break;
                        }
                    }
                    Some(Err(KafkaError::PartitionEOF(_))) => feed.drained(),
                    Some(Err(error)) => {
                        self.common.note(&error)?;
                        self.dry[index] = true;
                        break;
                    }
                    None => {
                        self.dry[index] = true;
                        break;
                    }
                }
            }
        }
        Ok(count)
    }
}

/// Offsets without records are normal where a topic is compacted or transactional; else retention took what was not read yet.
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
    let (timestamp, timestamp_kind) = match message.timestamp() {
        Timestamp::LogAppendTime(ms) if ms >= 0 => (Some(ms), TimestampKind::Broker),
        Timestamp::CreateTime(ms) if ms >= 0 => (Some(ms), TimestampKind::Producer),
        Timestamp::LogAppendTime(_) | Timestamp::CreateTime(_) | Timestamp::NotAvailable => (None, TimestampKind::Absent),
    };
    let record = Record {
        payload: message.payload(),
        headers: cloud_event_attributes(message),
        timestamp: timestamp.map(EventTime),
        partition: at.partition,
        offset: message.offset(),
    };
    sink.record(Arrived { at, record, timestamp_kind });
    timestamp
}
