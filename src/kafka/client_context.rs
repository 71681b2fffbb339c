//! The context of every client of librdkafka: it brings tokens, and passes the lines of the client on to the log. What else a client hears is a part of its own.
//!
//! Does not know what a part does with it.

use std::ops::Deref;

use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::statistics::Statistics;

use super::client_errors::log_line;
use super::token;
use crate::config::TokenSettings;

/// What one kind of client hears.
pub(super) trait ClientPart: Send + Sync + 'static {
    /// Hears of an error. By default it is passed over: the client of the group logs what concerns brokers.
    fn error(&self, _error: &KafkaError, _reason: &str) {}

    /// Hears the statistics of a client that has them.
    fn stats(&self, _statistics: Statistics) {}
}

/// The context of a client with a part of its own.
pub(super) struct ContextOf<P> {
    part: P,
    token: Option<TokenSettings>,
}

impl<P> ContextOf<P> {
    /// A context whose tokens come from there.
    pub(super) fn of(part: P, token: Option<&TokenSettings>) -> Self {
        Self { part, token: token.cloned() }
    }
}

impl<P> Deref for ContextOf<P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.part
    }
}

impl<P: ClientPart> ClientContext for ContextOf<P> {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        token::fresh(self.token.as_ref())
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        log_line(level, facility, text);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.part.error(&error, reason);
    }

    fn stats(&self, statistics: Statistics) {
        self.part.stats(statistics);
    }
}
