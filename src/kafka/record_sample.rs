//! The newest records of each topic for `check --connect`, read beside the consumer group, which does not notice.
//!
//! Does not know the meaning of a record, and commits nothing.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Message, Timestamp};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::cloud_event_headers::cloud_event_attributes;
use super::cluster::LookupError;
use super::failure::Failure;
use super::partition_progress::TopicPartition;
use super::properties;
use super::question_context::QuestionContext;
use super::sink::{ArrivedRecord, TimestampKind};
use crate::config::KafkaSettings;
use crate::event::Record;
use crate::time::EventTime;

/// How long one question about offsets may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// How long all records together may take.
const READ_WITHIN: Duration = Duration::from_secs(10);
/// After this long without a record, no more are waited for: the last offsets of a log may hold no records.
const SILENCE_MAX: Duration = Duration::from_secs(2);

/// The record of a message of an existing topic partition, and the clock that stamped it.
#[inline]
pub(super) fn arrived<'a>(at: TopicPartition, message: &'a BorrowedMessage<'_>) -> ArrivedRecord<'a> {
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
    ArrivedRecord { at, record, timestamp_kind }
}

/// Reads up to `records_max` of the newest records of each topic, and calls `each` with them, in the order of their offsets within a partition.
///
/// # Errors
/// When the settings are refused, or the brokers do not answer.
pub fn read_newest(
    settings: &KafkaSettings,
    topics: &[String],
    records_max: u32,
    mut each: impl FnMut(ArrivedRecord<'_>),
) -> Result<Result<(), LookupError>, Failure> {
    let config = properties::group_consumer(settings)?;
    let consumer: BaseConsumer<QuestionContext> = properties::create(&config, QuestionContext::new(settings), &settings.properties)?;
    // A client asks for its first token at once, and no question is answered before it has one.
    if settings.token.is_some() {
        drop(consumer.poll(Duration::ZERO));
    }
    let failed = |why| LookupError { what: "the newest records cannot be read".to_owned(), why };
    Ok(match read_assigned(&consumer, topics, records_max, &mut each) {
        Ok(None) => Ok(()),
        Ok(Some(refusal)) => Err(failed(refusal)),
        Err(error) => Err(failed(error.rdkafka_error_code().map(|code| code.to_string()).unwrap_or_default())),
    })
}

/// Reads the newest records; gives why the cluster refused to let them be read, if it did.
fn read_assigned(
    consumer: &BaseConsumer<QuestionContext>,
    topics: &[String],
    records_max: u32,
    each: &mut impl FnMut(ArrivedRecord<'_>),
) -> rdkafka::error::KafkaResult<Option<String>> {
    let mut list = TopicPartitionList::new();
    let mut left = 0;
    for name in topics {
        let metadata = consumer.fetch_metadata(Some(name), ANSWER_WITHIN)?;
        let partitions: Vec<i32> = metadata.topics().iter().flat_map(|topic| topic.partitions()).map(|partition| partition.id()).collect();
        let of_partition = i64::from(records_max) / i64::try_from(partitions.len().max(1)).unwrap_or(i64::MAX);
        for partition in partitions {
            let (first, end) = consumer.fetch_watermarks(name, partition, ANSWER_WITHIN)?;
            let start = first.max(end - of_partition);
            if start < end {
                list.add_partition_offset(name, partition, Offset::Offset(start))?;
                left += end - start;
            }
        }
    }
    consumer.assign(&list)?;
    let (deadline, mut heard) = (Instant::now() + READ_WITHIN, Instant::now());
    while left > 0 && Instant::now() < deadline && heard.elapsed() < SILENCE_MAX {
        let message = match consumer.poll(Duration::from_millis(100)) {
            None => continue,
            Some(Err(error)) => {
                consumer.context().errors.note(error.rdkafka_error_code(), &error.to_string());
                continue;
            }
            Some(Ok(message)) => message,
        };
        heard = Instant::now();
        left -= 1;
        if let Some(topic) = topics.iter().position(|name| name == message.topic()) {
            each(arrived(TopicPartition { topic, partition: message.partition() }, &message));
        }
    }
    // A refusal explains the records that are missing. The look at the offsets needs fewer rights than reading does.
    Ok(if left > 0 { consumer.context().errors.take_refusal() } else { None })
}
