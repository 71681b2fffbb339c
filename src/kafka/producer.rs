//! Sends records with their keys, in order, stamped with the times of their events. For the demo and the generator; the service itself sends nothing.
//!
//! Does not know the meaning of a record.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};

use super::failure::Failure;
use super::properties;
use crate::config::KafkaSettings;
use crate::time::EventTime;

/// How long the cluster may take to create topics.
const CREATE_WITHIN: Duration = Duration::from_secs(30);
/// How often a waiting producer fetches delivery reports.
const POLL_EVERY: Duration = Duration::from_millis(20);
/// Delivery reports are fetched after this many records, so that their queue stays short.
const RECORDS_PER_POLL: u64 = 256;

/// A record to send.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The key. It decides the partition as in Java's clients, unless there is one.
    pub key: &'a str,
    /// The partition of a record that belongs to a partition and not to its key.
    pub partition: Option<i32>,
    /// The record timestamp.
    pub time: EventTime,
    /// The value; `None` sends a tombstone.
    pub payload: Option<&'a [u8]>,
}

/// Why records cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProduceError {
    /// The settings are wrong, or the cluster refuses this client.
    #[error(transparent)]
    Client(#[from] Failure),
    /// A record was refused, and a retry would not help.
    #[error("kafka: a record for the topic `{topic}` was not taken: {why}\nhint: {}", hint(.code))]
    Refused {
        /// The topic.
        topic: String,
        /// The reason in librdkafka's words.
        why: String,
        /// librdkafka's code of the reason.
        code: Option<RDKafkaErrorCode>,
    },
    /// Not every record was acknowledged in time.
    #[error("kafka: {left} records were not acknowledged within {} s\nhint: see whether the brokers are reachable and have space", within.as_secs())]
    Unacknowledged {
        /// The number of these records.
        left: usize,
        /// The time that was waited.
        within: Duration,
    },
    /// Topics could not be created.
    #[error(
        "kafka: cannot create the topic `{topic}`: {why}\nhint: create it with the cluster's own tools, or ask for the right to CREATE"
    )]
    Create {
        /// The topic.
        topic: String,
        /// The reason in the cluster's words.
        why: String,
    },
}

/// Sends records in order, with several in flight at a time.
pub struct Producer {
    producer: BaseProducer<DeliveryReports>,
    sent: AtomicU64,
}

impl Producer {
    /// Makes a producer; nothing is sent yet.
    ///
    /// # Errors
    /// When the settings are refused.
    pub fn new(settings: &KafkaSettings) -> Result<Self, ProduceError> {
        let mut config = properties::common(settings)?;
        // Only consumers have this property. A mistyped topic is found by the look-up of topics before anything is sent.
        config.remove("allow.auto.create.topics");
        let defaults = [
            // Retries must neither repeat nor reorder: the service's ledger is compared with the records that were sent.
            ("enable.idempotence", "true"),
            // As Java's clients do, so that a key goes into the same partition of all topics whichever client sends it.
            ("partitioner", "murmur2_random"),
            ("compression.type", "zstd"),
            // Small batches take more room than their records, and the embedded broker holds little.
            ("linger.ms", "50"),
            ("queue.buffering.max.messages", "200000"),
            ("queue.buffering.max.kbytes", "131072"),
        ];
        properties::set_where_absent(&mut config, &defaults);
        let producer = properties::create(&config, DeliveryReports::default(), &settings.properties)?;
        Ok(Self { producer, sent: AtomicU64::new(0) })
    }

    /// Queues a record. Waits while the queue is full.
    ///
    /// # Errors
    /// When this record, or one before it, cannot be delivered.
    pub fn send(&self, outgoing: Outgoing<'_>) -> Result<(), ProduceError> {
        let mut record = BaseRecord::to(outgoing.topic).key(outgoing.key).timestamp(outgoing.time.0);
        record.payload = outgoing.payload;
        record.partition = outgoing.partition;
        loop {
            match self.producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    self.poll(POLL_EVERY)?;
                    record = back;
                }
                Err((error, _)) => return Err(refused(outgoing.topic, &error)),
            }
        }
        if self.sent.fetch_add(1, Ordering::Relaxed).is_multiple_of(RECORDS_PER_POLL) {
            self.poll(Duration::ZERO)?;
        }
        Ok(())
    }

    /// Fetches delivery reports for at most this long.
    ///
    /// # Errors
    /// When a record could not be delivered.
    pub fn poll(&self, within: Duration) -> Result<(), ProduceError> {
        self.producer.poll(within);
        let first = self.producer.context().failure.lock().unwrap_or_else(PoisonError::into_inner).clone();
        first.map_or(Ok(()), Err)
    }

    /// Waits until everything queued is acknowledged.
    ///
    /// # Errors
    /// When a record was refused, or was not acknowledged within the time.
    pub fn flush(&self, within: Duration) -> Result<(), ProduceError> {
        let deadline = Instant::now() + within;
        while self.producer.in_flight_count() > 0 {
            self.poll(POLL_EVERY)?;
            if Instant::now() >= deadline {
                let left = usize::try_from(self.producer.in_flight_count()).unwrap_or(0);
                return Err(ProduceError::Unacknowledged { left, within });
            }
        }
        self.poll(Duration::ZERO)
    }

    /// The number of records that the cluster has acknowledged.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.producer.context().delivered.load(Ordering::Relaxed)
    }
}

/// Creates topics with this many partitions each, and with the cluster's default number of replicas. A topic that exists already is left as it is.
///
/// # Errors
/// When the cluster refuses a topic, or does not answer.
pub async fn create_topics(settings: &KafkaSettings, topics: &[&str], partitions: i32) -> Result<(), ProduceError> {
    let config = properties::common(settings)?;
    let admin: AdminClient<DefaultClientContext> = properties::create(&config, DefaultClientContext, &settings.properties)?;
    let new: Vec<_> = topics.iter().map(|topic| NewTopic::new(topic, partitions, TopicReplication::Fixed(-1))).collect();
    let options = AdminOptions::new().operation_timeout(Some(CREATE_WITHIN)).request_timeout(Some(CREATE_WITHIN));
    let failed = |topic: &str, why: String| ProduceError::Create { topic: topic.to_owned(), why };
    let answers = admin.create_topics(&new, &options).await.map_err(|error| failed(&topics.join(", "), error.to_string()))?;
    for answer in answers {
        match answer {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => return Err(failed(&topic, code.to_string())),
        }
    }
    Ok(())
}

/// The delivery reports of all records so far.
#[derive(Default)]
struct DeliveryReports {
    delivered: AtomicU64,
    failure: Mutex<Option<ProduceError>>,
}

impl ClientContext for DeliveryReports {}

impl ProducerContext for DeliveryReports {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => {
                self.delivered.fetch_add(1, Ordering::Relaxed);
            }
            Err((error, message)) => {
                let topic = rdkafka::Message::topic(message);
                self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| refused(topic, error));
            }
        }
    }
}

fn refused(topic: &str, error: &KafkaError) -> ProduceError {
    let code = error.rdkafka_error_code();
    ProduceError::Refused { topic: topic.to_owned(), why: code.map_or_else(|| error.to_string(), |code| code.to_string()), code }
}

fn hint(code: &Option<RDKafkaErrorCode>) -> &'static str {
    match code {
        Some(RDKafkaErrorCode::UnknownTopic | RDKafkaErrorCode::UnknownTopicOrPartition) => "create the topic, or give --create-topics",
        Some(RDKafkaErrorCode::TopicAuthorizationFailed | RDKafkaErrorCode::ClusterAuthorizationFailed) => {
            "ask for the right to WRITE to the topics (and IdempotentWrite before Kafka 3)"
        }
        Some(RDKafkaErrorCode::MessageTimedOut) => "see whether the brokers are reachable under the names that they advertise",
        _ => "see the broker's log for the reason",
    }
}
