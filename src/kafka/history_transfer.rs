//! Reads topics from their first record to their present end, and sends results in transactions; the last transaction commits the ends as the offsets of
//! the group, so that a stage goes on from there.
//!
//! Does not know the meaning of a record, nor the order of the results.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{Producer, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::cluster::LookupError;
use super::failure::Failure;
use super::properties;
use super::read_to_ends::{FEED_SILENCE_MAX, Logs, failed, logs_of, read_to_ends};
use super::stage_client::{PartitionCounts, StageContext};
use super::stage_record::{RawRecord, StageRecord};
use crate::config::KafkaSettings;

/// How long a question, or a step of a transaction, may take.
const STEP_WITHIN: Duration = Duration::from_secs(20);

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
    logs: Logs,
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
        let mut partition_counts = PartitionCounts::default();
        let logs = logs_of(producer.client(), inputs, &mut partition_counts)?;
        producer.init_transactions(STEP_WITHIN).map_err(|error| failed("no transaction can be begun", &error))?;
        Ok(Self { consumer, producer, logs, partition_counts })
    }

    /// Calls `each` with every record up to the ends, in the order of offsets within a partition.
    ///
    /// # Errors
    /// When the brokers fall silent.
    pub fn read(&self, mut each: impl FnMut(RawRecord<'_>)) -> Result<(), TransferError> {
        read_to_ends(&self.consumer, &self.logs, FEED_SILENCE_MAX, |message| each(RawRecord::of(message)))
            .map_err(|error| failed("the raw topics cannot be read to their ends", &error).into())
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
        if is_last && !self.logs.is_empty() {
            let mut offsets = TopicPartitionList::new();
            for ((topic, partition), log) in &self.logs {
                offsets
                    .add_partition_offset(topic, *partition, Offset::Offset(log.end))
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
}
