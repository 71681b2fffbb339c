//! Reads topics from their first record to their present end, and sends results in transactions; the last transaction commits the ends as the offsets of
//! the group, so that a stage goes on from there.
//!
//! Does not know the meaning of a record, nor the order of the results.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{Producer, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::cluster::LookupError;
use super::failure::Failure;
use super::properties;
use super::stage_client::{PartitionCounts, StageContext};
use super::stage_record::{RawRecord, StageRecord};
use crate::config::KafkaSettings;

/// How long a question, or a step of a transaction, may take.
const STEP_WITHIN: Duration = Duration::from_secs(20);
/// After this long without a record, reading fails.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// Why a transfer ended.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The settings are refused.
    #[error(transparent)]
    Client(#[from] Failure),
    /// The cluster does not do what it is asked.
    #[error(transparent)]
    Cluster(#[from] LookupError),
}

/// A transfer from topics to topics.
pub struct HistoryTransfer {
    consumer: BaseConsumer<StageContext>,
    producer: ThreadedProducer<StageContext>,
    inputs: Vec<String>,
    ends: BTreeMap<(String, i32), i64>,
    partition_counts: PartitionCounts,
}

impl HistoryTransfer {
    /// Makes the clients, and asks for the present ends of the topics.
    ///
    /// # Errors
    /// When the settings are refused, the brokers do not answer, or a topic is missing.
    pub fn begin(settings: &KafkaSettings, inputs: &[String], transactional_id: &str) -> Result<Self, TransferError> {
        let mut config = properties::stage_producer(settings)?;
        properties::set_where_absent(&mut config, &[("transaction.timeout.ms", "120000")]);
        config.set("transactional.id", transactional_id);
        let producer: ThreadedProducer<StageContext> = properties::create(&config, StageContext::new(settings), &settings.properties)?;
        let mut config = properties::group_consumer(settings)?;
        config.set("isolation.level", "read_committed");
        let consumer: BaseConsumer<StageContext> = properties::create(&config, StageContext::new(settings), &settings.properties)?;
        // The producer asks, because its own thread gets tokens for it; the consumer gets them when it is polled.
        let client = producer.client();
        let (mut ends, mut partition_counts) = (BTreeMap::new(), PartitionCounts::default());
        for topic in inputs {
            let count = partition_counts
                .of(client, topic)
                .map_err(|why| LookupError { what: format!("the topic `{topic}` cannot be read"), why })?;
            for partition in 0..count {
                let (_, end) = client
                    .fetch_watermarks(topic, partition, STEP_WITHIN)
                    .map_err(|error| failed("the end of a topic is not known", &error))?;
                ends.insert((topic.clone(), partition), end);
            }
        }
        producer.init_transactions(STEP_WITHIN).map_err(|error| failed("no transaction can be begun", &error))?;
        Ok(Self { consumer, producer, inputs: inputs.to_vec(), ends, partition_counts })
    }

    /// Calls `each` with every record up to the ends, partition by partition in the order of offsets.
    ///
    /// # Errors
    /// When the brokers fall silent.
    pub fn read(&self, mut each: impl FnMut(RawRecord<'_>)) -> Result<(), TransferError> {
        let mut list = TopicPartitionList::new();
        let mut open: BTreeMap<(String, i32), i64> = BTreeMap::new();
        for ((topic, partition), end) in &self.ends {
            if *end > 0 {
                open.insert((topic.clone(), *partition), *end);
                list.add_partition_offset(topic, *partition, Offset::Beginning)
                    .map_err(|error| failed("a topic cannot be read", &error))?;
            }
        }
        self.consumer.assign(&list).map_err(|error| failed("a topic cannot be read", &error))?;
        let mut heard = Instant::now();
        while !open.is_empty() {
            match self.consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => {
                    heard = Instant::now();
                    let at = (message.topic().to_owned(), message.partition());
                    let Some(end) = open.get(&at).copied() else { continue };
                    if message.offset() < end {
                        each(RawRecord::of(&message));
                    }
                    if message.offset() + 1 >= end {
                        open.remove(&at);
                    }
                }
                // The last offsets of a log may hold no records; then its end is all that comes.
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    heard = Instant::now();
                    open.retain(|(topic, number), _| *number != partition || self.inputs.len() > 1 && !self.is_at_end(topic, partition));
                }
                Some(Err(error)) => tracing::warn!(target: "cxpulse::kafka", %error, "reading history"),
                None if heard.elapsed() > SILENCE_MAX => {
                    return Err(LookupError { what: "the raw topics cannot be read to their ends".to_owned(), why: String::new() }.into());
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Sends records in one transaction. The last one, by `is_last`, commits the ends of the raw topics for the group.
    ///
    /// # Errors
    /// When the transaction fails.
    pub fn send(&mut self, records: &[StageRecord], is_last: bool) -> Result<(), TransferError> {
        let sent = self.send_all(records, is_last);
        if sent.is_err() {
            drop(self.producer.abort_transaction(STEP_WITHIN));
        }
        sent
    }

    fn send_all(&mut self, records: &[StageRecord], is_last: bool) -> Result<(), TransferError> {
        self.producer.begin_transaction().map_err(|error| failed("no transaction can be begun", &error))?;
        for record in records {
            let count = if record.is_for_every_partition { self.partitions(&record.topic)? } else { 0 };
            match count {
                0 => self.send_one(record, None)?,
                count => (0..count).try_for_each(|partition| self.send_one(record, Some(partition)))?,
            }
        }
        if is_last {
            let mut offsets = TopicPartitionList::new();
            for ((topic, partition), end) in &self.ends {
                offsets
                    .add_partition_offset(topic, *partition, Offset::Offset(*end))
                    .map_err(|error| failed("offsets cannot be committed", &error))?;
            }
            let group = self.consumer.group_metadata().ok_or_else(|| LookupError::new("the group is not known".to_owned()))?;
            self.producer
                .send_offsets_to_transaction(&offsets, &group, STEP_WITHIN)
                .map_err(|error| failed("offsets cannot be committed", &error))?;
        }
        self.producer.commit_transaction(STEP_WITHIN).map_err(|error| failed("a transaction cannot be committed", &error))?;
        Ok(())
    }

    fn send_one(&self, result: &StageRecord, partition: Option<i32>) -> Result<(), TransferError> {
        let mut record = result.base_record(partition);
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    std::thread::sleep(Duration::from_millis(5));
                    record = back;
                }
                Err((error, _)) => return Err(failed("a record cannot be sent", &error).into()),
            }
        }
    }

    fn partitions(&mut self, topic: &str) -> Result<i32, TransferError> {
        let count = self.partition_counts.of(self.producer.client(), topic);
        Ok(count.map_err(|why| LookupError { what: format!("the topic `{topic}` is not known"), why })?)
    }

    fn is_at_end(&self, topic: &str, partition: i32) -> bool {
        let position = self.consumer.position().ok().and_then(|list| list.find_partition(topic, partition)?.offset().to_raw());
        self.ends.get(&(topic.to_owned(), partition)).is_some_and(|end| position.is_some_and(|position| position >= *end))
    }
}

fn failed(what: &str, error: &KafkaError) -> LookupError {
    LookupError { what: what.to_owned(), why: error.rdkafka_error_code().map_or_else(|| error.to_string(), |code| code.to_string()) }
}
