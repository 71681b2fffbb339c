//! Reads the copies of refused records out of their topic, and sends repaired records back to the partitions that they came from.
//!
//! Beside the consumer group, which does not notice. Does not know whether a record is repaired.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, DeliveryResult, Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use super::cloud_event_headers::all_headers;
use super::cluster::LookupError;
use super::dead_letters::header;
use super::failure::Failure;
use super::properties;
use super::question_context::QuestionContext;
use super::read_to_ends::{Logs, read_to_ends};
use crate::config::KafkaSettings;

/// How long one question may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// After this long without a record, no more are waited for.
const SILENCE_MAX: Duration = Duration::from_secs(5);
/// How long the brokers may take to confirm everything.
const CONFIRM_WITHIN: Duration = Duration::from_secs(30);

/// A refused record, as its copy tells it, or a batch that could not be read, as its notice tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Why it was refused; empty where the copy does not tell.
    pub reason: String,
    /// The member that is wrong; empty where it is the whole record.
    pub member: String,
    /// The place of the record.
    pub place: RecordOrigin,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// The headers of the record itself. One whose name is not UTF-8 is left out.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Whether the value was cut.
    pub is_cut: bool,
    /// The offset after the last record, where this is no copy but the notice of a batch that could not be read.
    pub end_offset: Option<i64>,
}

/// The place of a record that was refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordOrigin {
    /// The topic.
    pub topic: String,
    /// The number of the partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// The timestamp in milliseconds since 1970; `None` where it had none.
    pub time_ms: Option<i64>,
}

/// Reads the topic from its first record to its present end, partition by partition in no certain order, and calls `each` with every copy.
///
/// # Errors
/// [`Failure`] when the settings are refused; [`LookupError`] when the topic is missing, or the brokers do not answer.
pub fn read_dead_letters(
    settings: &KafkaSettings,
    topic: &str,
    mut each: impl FnMut(DeadLetter),
) -> Result<Result<(), LookupError>, Failure> {
    let mut config = properties::group_consumer(settings)?;
    config.set("statistics.interval.ms", "0");
    let consumer: BaseConsumer<QuestionContext> = properties::create(&config, QuestionContext::new(settings), &settings.properties)?;
    Ok(read(&consumer, topic, &mut each).map_err(|error| LookupError {
        what: format!("the topic \"{topic}\" cannot be read"),
        why: consumer.context().errors.take_refusal().unwrap_or_else(|| text_of(&error)),
    }))
}

fn read(consumer: &BaseConsumer<QuestionContext>, topic: &str, each: &mut impl FnMut(DeadLetter)) -> Result<(), KafkaError> {
    let metadata = consumer.fetch_metadata(Some(topic), ANSWER_WITHIN)?;
    let partitions: Vec<i32> = metadata.topics().iter().flat_map(|topic| topic.partitions()).map(|partition| partition.id()).collect();
    if partitions.is_empty() {
        return Err(KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopic));
    }
    let mut logs = Logs::new();
    for partition in partitions {
        let (start, end) = consumer.fetch_watermarks(topic, partition, ANSWER_WITHIN)?;
        logs.insert((topic.to_owned(), partition), start..end);
    }
    read_to_ends(consumer, &logs, SILENCE_MAX, |message| each(letter_of(message)))
}

fn letter_of(message: &BorrowedMessage<'_>) -> DeadLetter {
    let mut own: BTreeMap<String, String> = BTreeMap::new();
    let mut headers = Vec::new();
    for (name, value) in all_headers(message) {
        let Ok(name) = String::from_utf8(name) else { continue };
        if name.starts_with(header::PREFIX) {
            own.insert(name, String::from_utf8_lossy(&value.unwrap_or_default()).into_owned());
        } else {
            headers.push((name, value));
        }
    }
    let text = |name: &str| own.get(name).cloned().unwrap_or_default();
    DeadLetter {
        reason: text(header::REASON),
        member: text(header::MEMBER),
        place: RecordOrigin {
            topic: text(header::TOPIC),
            partition: text(header::PARTITION).parse().unwrap_or(0),
            offset: text(header::OFFSET).parse().unwrap_or(0),
            time_ms: text(header::TIME).parse().ok(),
        },
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers,
        is_cut: own.contains_key(header::CUT_FROM),
        end_offset: text(header::END_OFFSET).parse().ok(),
    }
}

/// Sends repaired records to the partitions that they came from, and returns when the brokers have confirmed them.
///
/// # Errors
/// [`Failure`] when the settings are refused; [`LookupError`] when a record is not confirmed. The others may be delivered all the same.
pub fn send_back<'a>(settings: &KafkaSettings, letters: impl Iterator<Item = &'a DeadLetter>) -> Result<Result<(), LookupError>, Failure> {
    let mut config = properties::common(settings)?;
    config.remove("allow.auto.create.topics");
    config.set("enable.idempotence", "true").set("compression.type", "zstd").set("linger.ms", "10");
    let failure = Arc::new(Mutex::new(None));
    let context = BackContext { failure: Arc::clone(&failure) };
    let producer: BaseProducer<BackContext> = properties::create(&config, context, &settings.properties)?;
    let failed = |why: String| LookupError { what: "a record was not taken".to_owned(), why };
    for letter in letters {
        let headers = letter
            .headers
            .iter()
            .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: value.as_deref() }));
        let mut record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(&letter.place.topic).partition(letter.place.partition).headers(headers);
        (record.key, record.payload, record.timestamp) = (letter.key.as_deref(), letter.value.as_deref(), letter.place.time_ms);
        loop {
            match producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    producer.poll(Duration::from_millis(20));
                    record = back;
                }
                Err((error, _)) => return Ok(Err(failed(text_of(&error)))),
            }
        }
    }
    let flushed = producer.flush(CONFIRM_WITHIN);
    let first = failure.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(match (first, flushed) {
        (Some(why), _) => Err(failed(why)),
        (None, Err(error)) => Err(failed(text_of(&error))),
        (None, Ok(())) => Ok(()),
    })
}

/// Keeps the first failed delivery.
struct BackContext {
    failure: Arc<Mutex<Option<String>>>,
}

impl ClientContext for BackContext {}

impl ProducerContext for BackContext {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| text_of(error));
        }
    }
}

fn text_of(error: &KafkaError) -> String {
    error.rdkafka_error_code().map_or_else(|| error.to_string(), |code| code.to_string())
}
