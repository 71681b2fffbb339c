//! The context of a client that only asks questions, or reads beside the group: it notes errors, and joins nothing.
//!
//! Does not know the questions.

use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;

use super::client_context::{ClientPart, ContextOf};
use super::client_errors::ClientErrors;
use crate::config::KafkaSettings;

/// The context of a client that only asks questions: it has no group and reads no records.
pub(super) type QuestionContext = ContextOf<AskingPart>;

/// What such a client hears.
pub(super) struct AskingPart {
    pub(super) errors: ClientErrors,
}

impl QuestionContext {
    pub(super) fn new(settings: &KafkaSettings) -> Self {
        Self::of(AskingPart { errors: ClientErrors::new(settings) }, settings.token.as_ref())
    }
}

impl ClientPart for AskingPart {
    /// Not logged here: the caller that waits for the answer logs its reason once.
    fn error(&self, error: &KafkaError, reason: &str) {
        self.errors.note(error.rdkafka_error_code(), reason);
    }
}

impl ConsumerContext for QuestionContext {}
