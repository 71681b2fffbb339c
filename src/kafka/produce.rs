//! Sending records: keyed, in order, with the time of their events. For the demo and the generator; the service itself sends nothing.
//!
//! Does not know what the records mean.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};

use super::{Failure, properties};
use crate::config::KafkaSettings;
use crate::time::EventTime;

/// How long the cluster may take to create topics.
const CREATE_WITHIN: Duration = Duration::from_secs(30);
/// How often a waiting producer looks for delivery reports.
const POLL_EVERY: Duration = Duration::from_millis(20);
/// Reports are fetched after so many records, so that their queue stays short.
const RECORDS_PER_POLL: u64 = 256;

/// A record to send.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The key, which decides the partition as Java's clients do.
    pub key: &'a str,
    /// The record timestamp.
    pub time: EventTime,
    /// The value; `None` is a tombstone.
    pub payload: Option<&'a [u8]>,
}

/// Why records cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProduceError {
    /// The settings, or what the cluster says to them.
    #[error(transparent)]
    Client(#[from] Failure),
    /// A record was refused for good.
    #[error("kafka: a record for the topic `{topic}` was not taken: {why}\nhint: {}", hint(.code))]
    Refused {
        /// The topic.
        topic: String,
        /// librdkafka's text.
        why: String,
        /// Its code.
        code: Option<RDKafkaErrorCode>,
    },
    /// Not every record was acknowledged in time.
    #[error("kafka: {left} records were not acknowledged within {} s\nhint: see whether the brokers are reachable and have space", within.as_secs())]
    Unacknowledged {
        /// How many.
        left: usize,
        /// How long was waited.
        within: Duration,
    },
    /// Topics could not be created.
    #[error(
        "kafka: cannot create the topic `{topic}`: {why}\nhint: create it with the cluster's own tools, or ask for the right to CREATE"
    )]
    Create {
        /// The topic.
        topic: String,
        /// What the cluster says.
        why: String,
    },
}

/// Sends records in order, several under way at a time.
pub struct Producer {
    producer: BaseProducer<Reports>,
    sent: AtomicU64,
}

impl Producer {
    /// A producer; nothing is sent yet.
    ///
    /// # Errors
    /// When the settings are refused.
    pub fn new(settings: &KafkaSettings) -> Result<Self, ProduceError> {
        let mut config = properties::common(settings)?;
        // Whoever sends to a mistyped topic must hear of it: only consumers know this property, topics are looked up beforehand here.
        config.remove("allow.auto.create.topics");
        let defaults = [
            // Retries must neither repeat nor reorder: the ledger is held against what was sent.
            ("enable.idempotence", "true"),
            // As Java's clients, so that all topics put a key into the same partition whoever sends.
            ("partitioner", "murmur2_random"),
            ("compression.type", "zstd"),
            ("linger.ms", "10"),
            ("queue.buffering.max.messages", "200000"),
            ("queue.buffering.max.kbytes", "131072"),
        ];
        for (key, value) in defaults {
            if config.get(key).is_none() {
                config.set(key, value);
            }
        }
        let producer = properties::create(&config, Reports::default(), &settings.properties)?;
        Ok(Self { producer, sent: AtomicU64::new(0) })
    }

    /// Queues a record, waiting while the queue is full.
    ///
    /// # Errors
    /// When this record, or one before it, cannot be delivered.
    pub fn send(&self, outgoing: Outgoing<'_>) -> Result<(), ProduceError> {
        let mut record = BaseRecord::to(outgoing.topic).key(outgoing.key).timestamp(outgoing.time.0);
        record.payload = outgoing.payload;
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

    /// Takes in delivery reports for at most this long.
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
    /// When something is not, for good or within the time.
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

    /// Records that the cluster has acknowledged.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.producer.context().delivered.load(Ordering::Relaxed)
    }
}

/// Creates topics with this many partitions each, and the cluster's default of replicas.
///
/// # Errors
/// When the cluster refuses one, or does not answer.
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

/// What became of the records.
#[derive(Default)]
struct Reports {
    delivered: AtomicU64,
    failure: Mutex<Option<ProduceError>>,
}

impl ClientContext for Reports {}

impl ProducerContext for Reports {
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
