//! What the clients of a stage have in common: tokens and errors, and the numbers of partitions of the topics to which they send.
//!
//! Does not know records, nor when a session ends.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::client::{Client, ClientContext};
use rdkafka::consumer::{BaseConsumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;

use super::client_context::{ClientPart, ContextOf};
use super::client_errors::ClientErrors;
use crate::config::KafkaSettings;

/// How long a question about a topic may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// How long a number of partitions is taken as the present one.
const COUNT_HOLDS: Duration = Duration::from_secs(300);

/// The context of each client of a stage.
pub(super) type StageContext = ContextOf<StagePart>;

/// What such a client hears.
pub(super) struct StagePart {
    pub(super) errors: ClientErrors,
    assignment_changed: AtomicBool,
}

impl StageContext {
    pub(super) fn new(settings: &KafkaSettings) -> Self {
        let part = StagePart { errors: ClientErrors::new(settings), assignment_changed: AtomicBool::new(false) };
        Self::of(part, settings.token.as_ref())
    }
}

impl StagePart {
    /// Whether the group has assigned or revoked partitions since the last call.
    pub(super) fn take_assignment_change(&self) -> bool {
        self.assignment_changed.swap(false, Ordering::Relaxed)
    }
}

impl ClientPart for StagePart {
    fn error(&self, error: &KafkaError, reason: &str) {
        // The end of a partition is no fault; whoever polls gets it too.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::PartitionEOF) {
            self.errors.note_and_log(error.rdkafka_error_code(), reason);
        }
    }
}

impl ConsumerContext for StageContext {
    fn pre_rebalance(&self, _consumer: &BaseConsumer<Self>, _change: &Rebalance<'_>) {
        self.assignment_changed.store(true, Ordering::Relaxed);
    }
}

impl ProducerContext for StageContext {
    type DeliveryOpaque = ();

    fn delivery(&self, _result: &DeliveryResult<'_>, (): ()) {
        // A record that is not delivered makes the commit of its transaction fail.
    }
}

/// The numbers of partitions of topics, each asked for again only after minutes: a topic may get more of them.
#[derive(Default)]
pub(super) struct PartitionCounts {
    counts: BTreeMap<String, (i32, Instant)>,
}

impl PartitionCounts {
    /// The number of partitions of a topic.
    ///
    /// # Errors
    /// Why it is not known, as a text for people.
    pub(super) fn of<C: ClientContext>(&mut self, client: &Client<C>, topic: &str) -> Result<i32, String> {
        if let Some((count, asked_at)) = self.counts.get(topic)
            && asked_at.elapsed() < COUNT_HOLDS
        {
            return Ok(*count);
        }
        let count = partition_count(client, topic)?;
        self.counts.insert(topic.to_owned(), (count, Instant::now()));
        Ok(count)
    }
}

/// The number of partitions of a topic.
///
/// # Errors
/// Why it is not known, as a text for people.
fn partition_count<C: ClientContext>(client: &Client<C>, topic: &str) -> Result<i32, String> {
    let metadata = client.fetch_metadata(Some(topic), ANSWER_WITHIN).map_err(|error| error.to_string())?;
    let count = metadata.topics().iter().find(|found| found.name() == topic).map_or(0, |found| found.partitions().len());
    if count == 0 { Err(format!("the topic `{topic}` does not exist")) } else { Ok(i32::try_from(count).unwrap_or(i32::MAX)) }
}
