//! Sends records and says when the brokers have confirmed them, for payloads whose sender waits for an answer.
//!
//! Does not know the meaning of a record, and gives up after seconds: the caller keeps what is not confirmed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::producer::{FutureProducer, FutureRecord, Producer};

use super::failure::Failure;
use super::properties;
use super::stage_client::{PartitionCounts, StageContext};
use super::stage_record::StageRecord;
use crate::config::KafkaSettings;

/// How long the client tries to deliver a record.
const DELIVER_WITHIN_MS: &str = "2000";
/// How long the brokers may take to confirm records. Some vendors wait for 5 s, and the disk needs a part of that.
const CONFIRM_WITHIN: Duration = Duration::from_millis(2_500);

/// Records that were not confirmed, with the reason in librdkafka's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the brokers have not confirmed: {0}")]
pub struct Unconfirmed(String);

/// A producer of confirmed records.
#[derive(Clone)]
pub struct ConfirmedProducer {
    producer: FutureProducer<StageContext>,
    partition_counts: Arc<Mutex<PartitionCounts>>,
}

impl ConfirmedProducer {
    /// Makes a producer; nothing is sent yet.
    ///
    /// # Errors
    /// When the settings are refused.
    pub fn new(settings: &KafkaSettings) -> Result<Self, Failure> {
        let mut config = properties::stage_producer(settings)?;
        config.set("message.timeout.ms", DELIVER_WITHIN_MS);
        let producer = properties::create(&config, StageContext::new(settings), &settings.properties)?;
        Ok(Self { producer, partition_counts: Arc::default() })
    }

    /// Sends records in order, and returns when all are confirmed.
    ///
    /// # Errors
    /// When one is not confirmed within seconds. It may be delivered all the same, like the others.
    pub async fn send_all(&self, records: &[StageRecord]) -> Result<(), Unconfirmed> {
        let confirmed = tokio::time::timeout(CONFIRM_WITHIN, self.send_and_wait(records)).await;
        confirmed.unwrap_or_else(|_| Err(Unconfirmed("no answer in time".to_owned())))
    }

    async fn send_and_wait(&self, records: &[StageRecord]) -> Result<(), Unconfirmed> {
        let mut waiting = Vec::with_capacity(records.len());
        for record in records {
            let partitions = if record.is_for_every_partition { self.partitions(&record.topic).await? } else { 0 };
            let targets: Vec<Option<i32>> = if partitions == 0 { vec![None] } else { (0..partitions).map(Some).collect() };
            for partition in targets {
                let mut outgoing = FutureRecord::to(&record.topic).key(&record.key).payload(&record.value).headers(record.kafka_headers());
                outgoing.timestamp = record.time.map(|time| time.0);
                outgoing.partition = partition;
                waiting.push(self.producer.send_result(outgoing).map_err(|(error, _)| Unconfirmed(error.to_string()))?);
            }
        }
        for confirmation in waiting {
            match confirmation.await {
                Ok(Ok(_)) => {}
                Ok(Err((error, _))) => return Err(Unconfirmed(error.to_string())),
                Err(_) => return Err(Unconfirmed("the producer ended".to_owned())),
            }
        }
        Ok(())
    }

    async fn partitions(&self, topic: &str) -> Result<i32, Unconfirmed> {
        let (producer, counts, topic) = (self.producer.clone(), Arc::clone(&self.partition_counts), topic.to_owned());
        let asked =
            tokio::task::spawn_blocking(move || counts.lock().unwrap_or_else(PoisonError::into_inner).of(producer.client(), &topic));
        let asked = asked.await;
        asked.map_err(|error| Unconfirmed(error.to_string()))?.map_err(Unconfirmed)
    }
}
