//! Reads single records again, by which a log is recognised. A client of its own reads them, beside the consumer group, which does not notice.
//!
//! Does not know why a record is read again, and commits nothing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::failure::Failure;
use super::log_identity::{LastRecord, record_hash};
use super::partition_progress::TopicPartition;
use super::properties;
use super::question_context::QuestionContext;
use crate::config::KafkaSettings;

/// How long all records together may take.
const READ_WITHIN: Duration = Duration::from_secs(5);

/// By what a record is recognised when it is read again.
pub(super) fn last_record(message: &BorrowedMessage<'_>) -> LastRecord {
    LastRecord { offset: message.offset(), timestamp_ms: timestamp_ms(message), hash: record_hash(message.key(), message.payload()) }
}

/// The timestamp of a message in milliseconds since 1970; `None` where it has none.
#[inline]
pub(super) fn timestamp_ms(message: &BorrowedMessage<'_>) -> Option<i64> {
    message.timestamp().to_millis().filter(|ms| *ms >= 0)
}

/// Reads the records at these offsets. A partition whose log holds none at its offset is left out of the answer.
///
/// # Errors
/// [`Failure`] when the settings are refused; the client's own error when the brokers do not answer in time.
pub(super) fn read_again(
    settings: &KafkaSettings,
    topics: &[String],
    offsets: &[(TopicPartition, i64)],
) -> Result<KafkaResult<BTreeMap<TopicPartition, LastRecord>>, Failure> {
    if offsets.is_empty() {
        return Ok(Ok(BTreeMap::new()));
    }
    let mut config = properties::group_consumer(settings)?;
    // Whatever came of the record's transaction, it can be read again.
    config.set("isolation.level", "read_uncommitted");
    config.set("statistics.interval.ms", "0");
    let consumer: BaseConsumer<QuestionContext> = properties::create(&config, QuestionContext::new(settings), &settings.properties)?;
    Ok(read_assigned(&consumer, topics, offsets))
}

fn read_assigned(
    consumer: &BaseConsumer<QuestionContext>,
    topics: &[String],
    offsets: &[(TopicPartition, i64)],
) -> KafkaResult<BTreeMap<TopicPartition, LastRecord>> {
    let mut list = TopicPartitionList::with_capacity(offsets.len());
    for (at, offset) in offsets {
        list.add_partition_offset(&topics[at.topic], at.partition, Offset::Offset(*offset))?;
    }
    consumer.assign(&list)?;
    let mut wanted: BTreeMap<TopicPartition, i64> = offsets.iter().copied().collect();
    let mut found = BTreeMap::new();
    let deadline = Instant::now() + READ_WITHIN;
    while !wanted.is_empty() {
        if Instant::now() >= deadline {
            return Err(KafkaError::MessageConsumption(rdkafka::error::RDKafkaErrorCode::OperationTimedOut));
        }
        let Some(Ok(message)) = consumer.poll(Duration::from_millis(50)) else { continue };
        let Some(topic) = topics.iter().position(|name| name == message.topic()) else { continue };
        let at = TopicPartition { topic, partition: message.partition() };
        // The first record of a partition decides: where it is a later one, the log holds none at the offset.
        if let Some(offset) = wanted.remove(&at)
            && message.offset() == offset
        {
            found.insert(at, last_record(&message));
        }
    }
    Ok(found)
}
