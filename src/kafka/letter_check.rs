//! The questions of `check --connect` about the topic of dead letters: whether it exists, and whether this client may write to it.
//!
//! Nothing is written: the client asks to write with a number of acknowledgements that no broker grants. The broker refuses that, but looks at the right to
//! write first. Does not know what is copied there, nor how findings are printed.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use super::client_context::{ClientPart, ContextOf};
use super::cluster::{Cluster, TopicPresence};
use super::failure::Failure;
use super::finding::{Finding, FindingSeverity};
use super::properties;
use crate::config::{Configuration, DeadLetterSettings, KafkaSettings, OnLetterFailure};

/// How long the cluster may take to answer, connecting included.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// The number of acknowledgements that no broker grants: allowed are none, one, and all.
const ACKS_NEVER_GRANTED: &str = "2";

/// What the cluster says of writing to a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WriteAnswer {
    Allowed,
    Refused,
    /// Something else, or nothing in time.
    Unknown(RDKafkaErrorCode),
}

/// Asks the cluster about the topic of dead letters; nothing where none is configured.
pub async fn inspect_dead_letters(configuration: &Configuration) -> Option<Finding> {
    let letters = configuration.dead_letters.clone()?;
    let settings = configuration.kafka.clone();
    // The client's own calls block.
    tokio::task::spawn_blocking(move || finding(&settings, &letters)).await.ok()
}

fn finding(settings: &KafkaSettings, letters: &DeadLetterSettings) -> Finding {
    // Where copies may be given up, the service runs without the topic.
    let (bad, or_else) = match letters.on_failure {
        OnLetterFailure::Pause => (FindingSeverity::Error, "the partitions of refused records would wait"),
        OnLetterFailure::Drop => (FindingSeverity::Warning, "refused records would not be kept"),
    };
    let topic = letters.topic.as_str();
    let asked = Cluster::new(settings, vec![topic.to_owned()])
        .map(|cluster| cluster.topics().map(|topics| topics.map(|topics| topics.get(topic).cloned())));
    let count = match asked {
        Ok(Ok(Ok(Some(TopicPresence::Partitions(count))))) => count,
        Ok(Ok(Ok(Some(TopicPresence::Refused)))) => return refused(bad, topic, or_else),
        Ok(Ok(Ok(Some(TopicPresence::Missing) | None))) => {
            let what = format!("the topic of dead letters does not exist; {or_else}");
            return Finding::new(bad, topic, what, "create it, or correct `dead_letters.topic`");
        }
        Ok(Ok(Err(failure))) | Err(failure) => return Finding::failure(topic, &failure),
        Ok(Err(error)) => return Finding::new(bad, topic, error.to_string(), ""),
    };
    match ask_to_write(settings, topic) {
        Ok(WriteAnswer::Allowed) => {
            Finding::new(FindingSeverity::Fine, topic, format!("{count} partitions, and dead letters may be written there"), "")
        }
        Ok(WriteAnswer::Refused) => refused(bad, topic, or_else),
        Ok(WriteAnswer::Unknown(code)) => {
            let what = format!("whether dead letters may be written there is not known: {code}");
            Finding::new(FindingSeverity::Warning, topic, what, "grant WRITE on the topic, if it is not granted yet")
        }
        Err(failure) => Finding::failure(topic, &failure),
    }
}

fn refused(severity: FindingSeverity, topic: &str, or_else: &str) -> Finding {
    Finding::new(severity, topic, format!("writing dead letters there is not allowed; {or_else}"), "grant WRITE on the topic")
}

/// Whether this client may write to a topic that exists. Writes nothing.
fn ask_to_write(settings: &KafkaSettings, topic: &str) -> Result<WriteAnswer, Failure> {
    let mut config = properties::common(settings)?;
    config.remove("allow.auto.create.topics");
    config.set("enable.idempotence", "false").set("acks", ACKS_NEVER_GRANTED).set("retries", "0");
    config.set("message.timeout.ms", ANSWER_WITHIN.as_millis().to_string());
    let context = AnswerContext::of(AnswerPart::default(), settings.token.as_ref());
    let producer: BaseProducer<AnswerContext> = properties::create(&config, context, &settings.properties)?;
    let record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(topic).payload(b"");
    if let Err((error, _)) = producer.send(record) {
        return Ok(answer_of(error.rdkafka_error_code()));
    }
    let deadline = Instant::now() + ANSWER_WITHIN + Duration::from_secs(2);
    while Instant::now() < deadline {
        producer.poll(Duration::from_millis(50));
        if let Some(answer) = *producer.client().context().answer.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(answer);
        }
    }
    Ok(WriteAnswer::Unknown(RDKafkaErrorCode::OperationTimedOut))
}

const fn answer_of(code: Option<RDKafkaErrorCode>) -> WriteAnswer {
    match code {
        // A broker that takes it all the same has let this client write.
        None | Some(RDKafkaErrorCode::InvalidRequiredAcks) => WriteAnswer::Allowed,
        Some(RDKafkaErrorCode::TopicAuthorizationFailed) => WriteAnswer::Refused,
        Some(code) => WriteAnswer::Unknown(code),
    }
}

type AnswerContext = ContextOf<AnswerPart>;

/// Keeps the answer, which says of errors what there is to say.
#[derive(Default)]
struct AnswerPart {
    answer: Mutex<Option<WriteAnswer>>,
}

impl ClientPart for AnswerPart {}

impl ProducerContext for AnswerContext {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let code = match result {
            Ok(_) => None,
            Err((error, _)) => Some(error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown)),
        };
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer_of(code));
    }
}
