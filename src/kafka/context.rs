//! What librdkafka calls: rebalances, errors, log lines. Every call comes on the thread that polls the client.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;

use super::properties::redacted;
use super::share::stop_all;
use super::{Failure, Rebalance, Share, Sink, TopicPartition};
use crate::config::{KafkaSettings, Secret};

/// At most one line for the same error in this time.
const SAME_ERROR_EVERY: Duration = Duration::from_secs(60);

/// What went wrong lately with a client.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// The cluster refused the credentials or an access.
    pub(super) refused: Option<String>,
    /// No broker could be reached, with librdkafka's words.
    pub(super) unreachable: Option<String>,
    logged: BTreeMap<String, Instant>,
}

impl Trouble {
    /// Sorts an error in.
    pub(super) fn note(&mut self, code: Option<RDKafkaErrorCode>, text: &str) {
        // librdkafka adds how long an attempt took and how many like it were not told, which makes every text another one.
        let text = text.split(" (after ").next().unwrap_or(text);
        if is_refusal(code, text) {
            self.refused = Some(text.to_owned());
        } else if is_outage(code) && (self.unreachable.is_none() || code != Some(RDKafkaErrorCode::AllBrokersDown)) {
            self.unreachable = Some(text.to_owned());
        }
    }

    /// Sorts an error in and logs it, unless one like it was logged within the last minute.
    pub(super) fn note_and_log(&mut self, code: Option<RDKafkaErrorCode>, text: &str) {
        self.note(code, text);
        let now = Instant::now();
        let key = if is_outage(code) { "outage".to_owned() } else { format!("{code:?}") };
        if self.logged.get(&key).is_none_or(|last| now.duration_since(*last) >= SAME_ERROR_EVERY) {
            self.logged.insert(key, now);
            tracing::warn!(target: "cxpulse::kafka", "{text}");
        }
    }
}

/// Whether an error says that a broker is away; librdkafka goes on trying.
fn is_outage(code: Option<RDKafkaErrorCode>) -> bool {
    matches!(
        code,
        Some(
            RDKafkaErrorCode::AllBrokersDown | RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::Resolve | RDKafkaErrorCode::SSL
        )
    )
}

/// Whether an error says that the cluster will not have us: retrying it changes nothing until somebody changes a credential or an ACL.
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
        Some(RDKafkaErrorCode::SSL) => text.contains("certificate"),
        _ => false,
    }
}

/// A lock that outlives a panic elsewhere: what it holds is replaced whole, never left half-changed.
pub(super) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn log_line(level: RDKafkaLogLevel, facility: &str, text: &str) {
    match level {
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
            tracing::error!(target: "librdkafka", facility, "{text}");
        }
        // librdkafka repeats these at each attempt to reconnect; what they mean is logged once from the error and shown by `/-/ready`.
        RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning | RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
            tracing::debug!(target: "librdkafka", facility, "{text}");
        }
        RDKafkaLogLevel::Debug => tracing::trace!(target: "librdkafka", facility, "{text}"),
    }
}

/// The context of a client that only asks: no group, no records.
pub(super) struct AskingContext {
    pub(super) trouble: Mutex<Trouble>,
    pub(super) properties: BTreeMap<String, Secret>,
}

impl AskingContext {
    pub(super) fn new(settings: &KafkaSettings) -> Self {
        Self { trouble: Mutex::new(Trouble::default()), properties: settings.properties.clone() }
    }
}

impl ClientContext for AskingContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        log_line(level, facility, text);
    }

    /// Not logged: whoever asked says what it is waiting for, once.
    fn error(&self, error: KafkaError, reason: &str) {
        lock(&self.trouble).note(error.rdkafka_error_code(), &redacted(reason, &self.properties));
    }
}

impl ConsumerContext for AskingContext {}

/// A change of the assignment that the session has to follow before it polls again.
#[derive(Debug)]
pub(super) enum Change {
    /// These partitions came; librdkafka waits for `assign`.
    Assigned(Vec<TopicPartition>),
    /// Everything went; librdkafka knows already.
    Revoked,
}

/// What the polling thread and the workers share about the consumer.
pub(super) struct Common {
    pub(super) topics: Vec<String>,
    pub(super) trouble: Mutex<Trouble>,
    pub(super) properties: BTreeMap<String, Secret>,
}

impl Common {
    /// Sorts in an error that came instead of a record.
    ///
    /// # Errors
    /// When the client cannot go on.
    pub(super) fn note(&self, error: &KafkaError) -> Result<(), Failure> {
        if let KafkaError::MessageConsumptionFatal(code) = error {
            return Err(Failure::Fatal(code.to_string()));
        }
        if !matches!(error, KafkaError::PartitionEOF(_)) {
            let code = error.rdkafka_error_code();
            let text = code.map_or_else(|| error.to_string(), |code| code.to_string());
            lock(&self.trouble).note_and_log(code, &format!("consuming: {text}"));
        }
        Ok(())
    }
}

/// The context of the group's consumer.
pub(super) struct GroupContext<S: Sink> {
    pub(super) shares: Arc<[Share<S>]>,
    pub(super) changes: Mutex<Vec<Change>>,
    pub(super) common: Arc<Common>,
}

impl<S: Sink> GroupContext<S> {
    fn partitions_of(&self, list: &TopicPartitionList) -> Vec<TopicPartition> {
        let mut partitions: Vec<TopicPartition> = list
            .elements()
            .iter()
            .filter_map(|element| {
                let topic = self.common.topics.iter().position(|name| name == element.topic())?;
                Some(TopicPartition { topic, partition: element.partition() })
            })
            .collect();
        partitions.sort_unstable();
        partitions
    }

    /// Tells every sink of a change, all shares standing still until the last has heard of it and the session has followed.
    fn tell(&self, groups: &[i32], change: Rebalance) {
        // The polling thread holds no share while it polls, so this cannot wait for itself.
        let mut stopped = stop_all(&self.shares);
        for (number, held) in stopped.iter_mut().enumerate() {
            held.is_halted = true;
            let own: Vec<i32> = groups.iter().copied().filter(|group| share_of(*group, self.shares.len()) == number).collect();
            match change {
                Rebalance::Assigned => held.sink().assign(&own),
                Rebalance::Revoked | Rebalance::Lost => held.sink().revoke(&own),
            }
        }
        let mut sinks: Vec<&mut S> = stopped.iter_mut().map(|held| held.sink()).collect();
        S::rebalanced(&mut sinks, groups, change);
    }
}

/// The share that a partition group belongs to.
pub(super) fn share_of(group: i32, shares: usize) -> usize {
    usize::try_from(group).unwrap_or_default() % shares
}

fn groups_of(partitions: &[TopicPartition]) -> Vec<i32> {
    partitions.iter().map(|at| at.partition).collect::<BTreeSet<_>>().into_iter().collect()
}

impl<S: Sink> ClientContext for GroupContext<S> {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        log_line(level, facility, text);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // The end of a partition arrives as an error; the partition's own queue tells it again.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::PartitionEOF) {
            let common = &self.common;
            lock(&common.trouble).note_and_log(error.rdkafka_error_code(), &redacted(reason, &common.properties));
        }
    }
}

impl<S: Sink> ConsumerContext for GroupContext<S> {
    /// Overridden because the crate's own version calls `assign` with the group's committed offsets, and fetching would start before the engine
    /// could say where each partition goes on; assigning once more then raised offset errors.
    ///
    /// An assignment is only noted: librdkafka waits for `assign` however late it comes, so the session can look offsets up by time and split
    /// the partition queues first, before a single record is fetched. A revocation is done here, to the end.
    fn rebalance(&self, consumer: &BaseConsumer<Self>, code: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let partitions = self.partitions_of(list);
        let groups = groups_of(&partitions);
        if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.tell(&groups, Rebalance::Assigned);
            lock(&self.changes).push(Change::Assigned(partitions));
        } else {
            self.tell(&groups, if consumer.assignment_lost() { Rebalance::Lost } else { Rebalance::Revoked });
            lock(&self.changes).push(Change::Revoked);
            if let Err(error) = consumer.unassign() {
                tracing::warn!(target: "cxpulse::kafka", %error, "could not give partitions back");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_from_outages() {
        let mut trouble = Trouble::default();
        trouble.note(Some(RDKafkaErrorCode::AllBrokersDown), "1/1 brokers are down");
        trouble.note(Some(RDKafkaErrorCode::SSL), "SSL handshake failed: Disconnected");
        assert!(trouble.refused.is_none() && trouble.unreachable.is_some());
        trouble.note(Some(RDKafkaErrorCode::SSL), "SSL handshake failed: certificate verify failed");
        assert!(trouble.refused.take().is_some());
        trouble.note(Some(RDKafkaErrorCode::GroupAuthorizationFailed), "no");
        assert!(trouble.refused.is_some());
    }
}
