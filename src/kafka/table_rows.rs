//! The rows of tables that change data capture sends: all up to the present ends of their topics first, and what changes from then on.
//!
//! Reads beside every group and commits nothing. Does not know the meaning of a row.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;

use super::cluster::LookupError;
use super::history_transfer::TransferError;
use super::properties;
use super::question_context::QuestionContext;
use super::read_to_ends::{FEED_SILENCE_MAX, failed, logs_of, read_to_ends};
use super::stage_client::PartitionCounts;
use crate::config::KafkaSettings;

/// How long a look for a record may take, and so the end of following.
const LOOK_WITHIN: Duration = Duration::from_millis(200);

/// The topics of rows.
pub struct TableRows {
    consumer: BaseConsumer<QuestionContext>,
}

impl TableRows {
    /// Reads the topics from their beginnings to their present ends, and calls `each` with the topic and the value of each record.
    ///
    /// # Errors
    /// When the settings are refused, the brokers do not answer, or a topic is missing.
    pub fn read(settings: &KafkaSettings, topics: &[String], mut each: impl FnMut(&str, &[u8])) -> Result<Self, TransferError> {
        let mut config = properties::group_consumer(settings)?;
        config.set("isolation.level", "read_committed");
        let consumer: BaseConsumer<QuestionContext> = properties::create(&config, QuestionContext::new(settings), &settings.properties)?;
        // A client asks for its first token at once, and no question is answered before it has one.
        if settings.token.is_some() {
            drop(consumer.poll(Duration::ZERO));
        }
        let logs = logs_of(consumer.client(), topics, &mut PartitionCounts::default()).map_err(|error| Self::told(&consumer, error))?;
        read_to_ends(&consumer, &logs, FEED_SILENCE_MAX, |message| each(message.topic(), message.payload().unwrap_or_default()))
            .map_err(|error| Self::told(&consumer, failed("the topics of tables cannot be read to their ends", &error)))?;
        Ok(Self { consumer })
    }

    /// Calls `each` with every further record, until `is_over`.
    pub fn follow(&self, mut each: impl FnMut(&str, &[u8]), is_over: impl Fn() -> bool) {
        while !is_over() {
            match self.consumer.poll(LOOK_WITHIN) {
                Some(Ok(message)) => each(message.topic(), message.payload().unwrap_or_default()),
                Some(Err(KafkaError::PartitionEOF(_))) | None => {}
                Some(Err(error)) => tracing::warn!(target: "cxpulse::kafka", %error, "reading the topics of tables"),
            }
        }
    }

    /// A refusal by the cluster explains the silence.
    fn told(consumer: &BaseConsumer<QuestionContext>, error: LookupError) -> LookupError {
        match consumer.context().errors.take_refusal() {
            Some(why) => LookupError { why, ..error },
            None => error,
        }
    }
}
