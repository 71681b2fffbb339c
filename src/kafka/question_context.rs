//! The context of a client that only asks questions, or reads beside the group: it notes errors, and joins nothing.
//!
//! Does not know the questions.

use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;

use super::client_errors::{ClientErrors, log_line};
use super::token;
use crate::config::{KafkaSettings, TokenSettings};

/// The context of a client that only asks questions: it has no group and reads no records.
pub(super) struct QuestionContext {
    pub(super) errors: ClientErrors,
    token: Option<TokenSettings>,
}

impl QuestionContext {
    pub(super) fn new(settings: &KafkaSettings) -> Self {
        Self { errors: ClientErrors::new(settings), token: settings.token.clone() }
    }
}

impl ClientContext for QuestionContext {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        token::fresh(self.token.as_ref())
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        log_line(level, facility, text);
    }

    /// Not logged here: the caller that waits for the answer logs its reason once.
    fn error(&self, error: KafkaError, reason: &str) {
        self.errors.note(error.rdkafka_error_code(), reason);
    }
}

impl ConsumerContext for QuestionContext {}
