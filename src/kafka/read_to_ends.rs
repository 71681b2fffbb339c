//! Reading topics from their first record to their present ends, beside every group. Does not know the meaning of a record.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use rdkafka::client::{Client, ClientContext};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::cluster::LookupError;
use super::stage_client::PartitionCounts;

/// How long a question may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// How long the topics of a feed may be silent.
pub(super) const FEED_SILENCE_MAX: Duration = Duration::from_secs(30);

/// The offsets that the log of each partition of topics holds at present.
pub(super) type Logs = BTreeMap<(String, i32), Range<i64>>;

/// The present logs of all partitions of topics.
///
/// # Errors
/// When the brokers do not answer, or a topic is missing.
pub(super) fn logs_of<C: ClientContext>(client: &Client<C>, topics: &[String], counts: &mut PartitionCounts) -> Result<Logs, LookupError> {
    let mut logs = Logs::new();
    for topic in topics {
        let count = counts.of(client, topic).map_err(|why| LookupError { what: format!("the topic `{topic}` cannot be read"), why })?;
        for partition in 0..count {
            let (first, end) = client
                .fetch_watermarks(topic, partition, ANSWER_WITHIN)
                .map_err(|error| failed("the end of a topic is not known", &error))?;
            logs.insert((topic.clone(), partition), first..end);
        }
    }
    Ok(logs)
}

/// Assigns all partitions to the consumer from their first records on, and calls `each` with every record of these logs, in the order of offsets within a
/// partition. The consumer stays assigned.
///
/// # Errors
/// When the client cannot be assigned, or the brokers are silent for this long.
pub(super) fn read_to_ends<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    logs: &Logs,
    silence_max: Duration,
    mut each: impl FnMut(&BorrowedMessage<'_>),
) -> KafkaResult<()> {
    let mut list = TopicPartitionList::new();
    for (topic, partition) in logs.keys() {
        list.add_partition_offset(topic, *partition, Offset::Beginning)?;
    }
    consumer.assign(&list)?;
    let mut open: BTreeMap<(String, i32), i64> =
        logs.iter().filter(|(_, log)| !log.is_empty()).map(|(at, log)| (at.clone(), log.end)).collect();
    let mut heard = Instant::now();
    while !open.is_empty() {
        if heard.elapsed() > silence_max {
            return Err(KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut));
        }
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                heard = Instant::now();
                let at = (message.topic().to_owned(), message.partition());
                let Some(end) = open.get(&at).copied() else { continue };
                if message.offset() < end {
                    each(&message);
                }
                if message.offset() + 1 >= end {
                    open.remove(&at);
                }
            }
            // The last offsets of a log may hold no records; then its end is all that comes. It does not name the topic.
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                heard = Instant::now();
                let is_sole = open.keys().filter(|(_, number)| *number == partition).count() == 1;
                let is_read = |topic: &str, end: i64| is_sole || position(consumer, topic, partition).is_some_and(|at| at >= end);
                open.retain(|(topic, number), end| *number != partition || !is_read(topic, *end));
            }
            Some(Err(error)) => tracing::warn!(target: "cxpulse::kafka", %error, "reading topics to their ends"),
            None => {}
        }
    }
    Ok(())
}

/// An error of the client in the words of this product.
pub(super) fn failed(what: &str, error: &KafkaError) -> LookupError {
    LookupError { what: what.to_owned(), why: error.rdkafka_error_code().map_or_else(|| error.to_string(), |code| code.to_string()) }
}

fn position<C: ConsumerContext>(consumer: &BaseConsumer<C>, topic: &str, partition: i32) -> Option<i64> {
    consumer.position().ok()?.find_partition(topic, partition)?.offset().to_raw()
}
