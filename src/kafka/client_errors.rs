//! The errors and log lines of librdkafka: which of them are refusals, which are outages, and which are logged.
//!
//! No configured value gets into a text, since it may be secret. Does not know the request that failed.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::failure::Failure;
use super::properties::redacted;
use crate::config::{KafkaSettings, Secret};

/// The same error gets at most one log line in this time.
const SAME_ERROR_EVERY: Duration = Duration::from_secs(60);

/// The latest errors of one client.
pub(super) struct ClientErrors {
    properties: BTreeMap<String, Secret>,
    group_id: String,
    latest: Mutex<LatestErrors>,
}

#[derive(Debug, Default)]
struct LatestErrors {
    /// Why the cluster refused the credentials or an access.
    refusal: Option<String>,
    /// Why no broker could be reached, in librdkafka's words.
    outage: Option<String>,
    /// The time of the last log line of each kind of error.
    logged_at: BTreeMap<String, Instant>,
}

impl ClientErrors {
    pub(super) fn new(settings: &KafkaSettings) -> Self {
        Self { properties: settings.properties.clone(), group_id: settings.group_id.clone(), latest: Mutex::default() }
    }

    /// Notes an error that librdkafka reports.
    pub(super) fn note(&self, code: Option<RDKafkaErrorCode>, text: &str) {
        self.latest().note(code, &self.said(code, text));
    }

    /// Notes an error that librdkafka reports, and logs it unless the same error was logged within the last minute.
    pub(super) fn note_and_log(&self, code: Option<RDKafkaErrorCode>, text: &str) {
        self.latest().note_and_log(code, &self.said(code, text));
    }

    /// Notes and logs an error that came in place of a record.
    ///
    /// # Errors
    /// When the client cannot go on.
    pub(super) fn note_in_place_of_record(&self, error: &KafkaError) -> Result<(), Failure> {
        if let KafkaError::MessageConsumptionFatal(code) = error {
            return Err(Failure::Fatal(code.to_string()));
        }
        if !matches!(error, KafkaError::PartitionEOF(_)) {
            let code = error.rdkafka_error_code();
            let text = code.map_or_else(|| error.to_string(), |code| code.to_string());
            self.latest().note_and_log(code, &self.said(code, &format!("consuming: {text}")));
        }
        Ok(())
    }

    /// Why the cluster refused the client since the last call.
    pub(super) fn take_refusal(&self) -> Option<String> {
        self.latest().refusal.take()
    }

    /// Why no broker could be reached since the last [`Self::clear_outage`].
    pub(super) fn outage(&self) -> Option<String> {
        self.latest().outage.clone()
    }

    /// A broker has answered.
    pub(super) fn clear_outage(&self) {
        self.latest().outage = None;
    }

    /// The text of an error without secrets. librdkafka does not name the group that is refused.
    fn said(&self, code: Option<RDKafkaErrorCode>, text: &str) -> String {
        if code == Some(RDKafkaErrorCode::GroupAuthorizationFailed) {
            return format!("no READ on group {}", self.group_id);
        }
        redacted(text, &self.properties)
    }

    fn latest(&self) -> MutexGuard<'_, LatestErrors> {
        // A panic elsewhere leaves plain data behind that is never half changed.
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LatestErrors {
    fn note(&mut self, code: Option<RDKafkaErrorCode>, text: &str) {
        // librdkafka appends the length of the attempt and the number of suppressed errors, which would make every text a new one.
        let text = text.split(" (after ").next().unwrap_or(text);
        if is_refusal(code, text) {
            self.refusal = Some(text.to_owned());
        } else if is_outage(code) && (self.outage.is_none() || code != Some(RDKafkaErrorCode::AllBrokersDown)) {
            self.outage = Some(text.to_owned());
        }
    }

    fn note_and_log(&mut self, code: Option<RDKafkaErrorCode>, text: &str) {
        self.note(code, text);
        let now = Instant::now();
        let key = if is_outage(code) { "outage".to_owned() } else { format!("{code:?}") };
        if self.logged_at.get(&key).is_none_or(|last| now.duration_since(*last) >= SAME_ERROR_EVERY) {
            self.logged_at.insert(key, now);
            tracing::warn!(target: "cxpulse::kafka", "{text}");
        }
    }
}

/// Whether an error means that a broker is away. librdkafka keeps trying to reach it.
fn is_outage(code: Option<RDKafkaErrorCode>) -> bool {
    matches!(
        code,
        Some(
            RDKafkaErrorCode::AllBrokersDown | RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::Resolve | RDKafkaErrorCode::SSL
        )
    )
}

/// Whether an error means that the cluster refuses this client. A new try fails too until a credential or an ACL changes.
fn is_refusal(code: Option<RDKafkaErrorCode>, text: &str) -> bool {
    match code {
        Some(
            RDKafkaErrorCode::Authentication
            | RDKafkaErrorCode::SaslAuthenticationFailed
            | RDKafkaErrorCode::UnsupportedSASLMechanism
            | RDKafkaErrorCode::IllegalSASLState
            | RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::GroupAuthorizationFailed
            | RDKafkaErrorCode::ClusterAuthorizationFailed,
        ) => true,
        // A handshake also fails while a broker starts or stops; a bad certificate stays bad.
        Some(RDKafkaErrorCode::SSL) => text.contains("certificate") || is_alert_about_certificate(text),
        // With TLS 1.3 a broker refuses the client's certificate only after the handshake, in place of its first answer.
        Some(RDKafkaErrorCode::BrokerTransportFailure) => is_alert_about_certificate(text),
        _ => false,
    }
}

/// Whether OpenSSL reports that the broker does not take the client's certificate, or the lack of one.
pub(super) fn is_alert_about_certificate(text: &str) -> bool {
    text.contains(" alert ") && (text.contains("certificate") || text.contains("unknown ca"))
}

/// Logs a line of librdkafka's own log.
pub(super) fn log_line(level: RDKafkaLogLevel, facility: &str, text: &str) {
    match level {
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
            tracing::error!(target: "librdkafka", facility, "{text}");
        }
        // librdkafka repeats these at each attempt to reconnect. The error itself is logged once and shown by `/-/ready`.
        RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning | RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
            tracing::debug!(target: "librdkafka", facility, "{text}");
        }
        RDKafkaLogLevel::Debug => tracing::trace!(target: "librdkafka", facility, "{text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_from_outages() {
        let mut latest = LatestErrors::default();
        latest.note(Some(RDKafkaErrorCode::AllBrokersDown), "1/1 brokers are down");
        latest.note(Some(RDKafkaErrorCode::SSL), "SSL handshake failed: Disconnected");
        assert!(latest.refusal.is_none() && latest.outage.is_some());
        latest.note(Some(RDKafkaErrorCode::SSL), "SSL handshake failed: certificate verify failed");
        assert!(latest.refusal.take().is_some());
        let alert = "Receive failed: error:0A000416:SSL routines::ssl/tls alert certificate unknown: SSL alert number 46";
        latest.note(Some(RDKafkaErrorCode::BrokerTransportFailure), alert);
        assert!(latest.refusal.take().is_some());
        latest.note(Some(RDKafkaErrorCode::BrokerTransportFailure), "Receive failed: Disconnected");
        assert!(latest.refusal.is_none());
        latest.note(Some(RDKafkaErrorCode::GroupAuthorizationFailed), "no");
        assert!(latest.refusal.is_some());
    }
}
