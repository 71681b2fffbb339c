//! Asking a cluster: topics and partition counts, log ends, offsets by time. A client without a group, beside the group's consumer, so that its
//! questions do not queue behind long fetches.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::context::{AskingContext, lock};
use super::{Failure, TopicPartition, properties};
use crate::config::KafkaSettings;

/// How long one question may take; a stop waits for the one that is being asked.
const ANSWER_WITHIN: Duration = Duration::from_millis(1000);

/// A question that got no answer, or what is waited for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}{}", if .why.is_empty() { String::new() } else { format!(" ({why})") })]
pub struct LookupError {
    /// What is away; the same text as long as the same is away.
    pub what: String,
    /// What the client says about it, which changes from try to try; may be empty.
    pub why: String,
}

impl LookupError {
    /// An error that says everything in one text.
    #[must_use]
    pub fn new(what: String) -> Self {
        Self { what, why: String::new() }
    }
}

/// Questions about offsets. A trait, because librdkafka's mock broker answers every look-up by time with the log end.
pub trait Lookup: Send {
    /// The log end of each partition: the offset that the next record will get (the last stable one where transactions are open).
    ///
    /// # Errors
    /// When the brokers do not answer in time; partitions without a leader are just left out.
    fn log_ends(&self, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, i64)>, LookupError>;

    /// The offset of the first record at or after `timestamp_ms` in each partition, or its log end where there is none.
    ///
    /// # Errors
    /// When the brokers do not answer in time, or not for every partition.
    fn offsets_at(&self, timestamp_ms: i64, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, i64)>, LookupError>;

    /// The number of partitions of each topic, by index.
    ///
    /// # Errors
    /// When the brokers do not answer in time, or a topic is missing.
    fn partition_counts(&self) -> Result<Vec<usize>, LookupError>;
}

/// A connection to the cluster that only asks.
pub struct Cluster {
    client: BaseConsumer<AskingContext>,
    settings: KafkaSettings,
    topics: Vec<String>,
}

/// What the cluster says about one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicState {
    /// It exists with this many partitions.
    Partitions(usize),
    /// It does not exist (or may not be seen).
    Missing,
    /// Access is refused.
    Refused,
}

impl Cluster {
    /// A connection for these topics; nothing is sent yet.
    ///
    /// # Errors
    /// When the settings are refused.
    pub fn new(settings: &KafkaSettings, topics: Vec<String>) -> Result<Self, Failure> {
        let config = properties::common(settings)?;
        let client = properties::create(&config, AskingContext::new(settings), &settings.properties)?;
        Ok(Self { client, settings: settings.clone(), topics })
    }

    /// What the cluster says about each topic.
    ///
    /// # Errors
    /// [`LookupError`] when no broker answers; [`Failure`] inside `Ok` when waiting is pointless.
    pub fn topics(&self) -> Result<Result<BTreeMap<String, TopicState>, Failure>, LookupError> {
        let mut states = BTreeMap::new();
        for name in &self.topics {
            let metadata = self.client.fetch_metadata(Some(name), ANSWER_WITHIN);
            self.serve();
            if let Some(refused) = lock(&self.client.context().trouble).refused.take() {
                return Ok(Err(Failure::Refused(refused)));
            }
            let metadata = metadata.map_err(|error| self.unanswered(&error))?;
            let brokers: Vec<String> =
                metadata.brokers().iter().map(|broker| format!("{}:{}", bracketed(broker.host()), broker.port())).collect();
            // The bootstrap servers may be this machine's and the brokers they name may not be.
            if let Err(failure) = properties::check_plaintext(&self.settings, brokers.iter().map(String::as_str)) {
                return Ok(Err(failure));
            }
            let topic = metadata.topics().iter().find(|topic| topic.name() == name);
            let state = match topic.map(|topic| (topic.error().map(RDKafkaErrorCode::from), topic.partitions().len())) {
                Some((None | Some(RDKafkaErrorCode::LeaderNotAvailable), count)) if count > 0 => TopicState::Partitions(count),
                Some((Some(RDKafkaErrorCode::TopicAuthorizationFailed), _)) => TopicState::Refused,
                _ => TopicState::Missing,
            };
            states.insert(name.clone(), state);
        }
        lock(&self.client.context().trouble).unreachable = None;
        Ok(Ok(states))
    }

    /// Lets librdkafka deliver errors and log lines; a client without a group receives nothing else.
    fn serve(&self) {
        for _ in 0..64 {
            if self.client.poll(Duration::ZERO).is_none() {
                break;
            }
        }
    }

    fn unanswered(&self, error: &KafkaError) -> LookupError {
        // The reason comes as an event of its own, sometimes a moment later.
        let reason = || lock(&self.client.context().trouble).unreachable.clone();
        for _ in 0..5 {
            if reason().is_some() {
                break;
            }
            drop(self.client.poll(Duration::from_millis(50)));
        }
        let why = reason().or_else(|| error.rdkafka_error_code().map(|code| code.to_string())).unwrap_or_default();
        LookupError { what: format!("no broker of {} answers", self.settings.bootstrap_servers), why }
    }

    /// Asks for offsets by (special) timestamp; partitions with an error of their own are left out.
    fn offsets(&self, timestamp: Offset, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, i64)>, LookupError> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for at in partitions {
            list.add_partition_offset(&self.topics[at.topic], at.partition, timestamp).map_err(|error| self.unanswered(&error))?;
        }
        let answered = self.client.offsets_for_times(list, ANSWER_WITHIN);
        self.serve();
        let answered = answered.map_err(|error| self.unanswered(&error))?;
        lock(&self.client.context().trouble).unreachable = None;
        let mut offsets = Vec::with_capacity(partitions.len());
        for element in answered.elements() {
            let topic = self.topics.iter().position(|name| name == element.topic());
            if let (Some(topic), Ok(()), Offset::Offset(offset)) = (topic, element.error(), element.offset()) {
                offsets.push((TopicPartition { topic, partition: element.partition() }, offset));
            }
        }
        Ok(offsets)
    }
}

impl Lookup for Cluster {
    fn log_ends(&self, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, i64)>, LookupError> {
        // One request per broker for all its partitions, unlike the watermark call, which is two per partition.
        match self.offsets(Offset::End, partitions) {
            // One partition without a leader fails the whole question; half of the others still have an answer.
            Err(error) if partitions.len() > 1 && lock(&self.client.context().trouble).unreachable.is_none() => {
                let (left, right) = partitions.split_at(partitions.len() / 2);
                match (self.offsets(Offset::End, left), self.offsets(Offset::End, right)) {
                    (Err(_), Err(_)) => Err(error),
                    (left, right) => Ok([left.unwrap_or_default(), right.unwrap_or_default()].concat()),
                }
            }
            answer => answer,
        }
    }

    fn offsets_at(&self, timestamp_ms: i64, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, i64)>, LookupError> {
        let mut found: BTreeMap<TopicPartition, i64> = self.offsets(Offset::Offset(timestamp_ms), partitions)?.into_iter().collect();
        // Where no record is that young the answer is "the end", which is not an offset; fetching from "the end" could skip what arrives before.
        let beyond: Vec<TopicPartition> = partitions.iter().copied().filter(|at| !found.contains_key(at)).collect();
        found.extend(self.offsets(Offset::End, &beyond)?);
        if found.len() < partitions.len() {
            return Err(LookupError::new(format!("{} of {} partitions have no leader", partitions.len() - found.len(), partitions.len())));
        }
        Ok(found.into_iter().collect())
    }

    fn partition_counts(&self) -> Result<Vec<usize>, LookupError> {
        let states = self.topics()?.map_err(|failure| LookupError::new(failure.to_string()))?;
        let count = |name: &String| match states.get(name) {
            Some(TopicState::Partitions(count)) => Ok(*count),
            _ => Err(LookupError::new(format!("the topic \"{name}\" is missing"))),
        };
        self.topics.iter().map(count).collect()
    }
}

/// IPv6 addresses in brackets, as in `host:port`.
fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// Waits until every topic is there and gives the partition counts by topic. `stay` is asked before each try whether to go on, with what is being
/// waited for since the last one (`None` the first time); `Ok(None)` when it said no.
///
/// # Errors
/// When waiting is pointless: refused credentials or access, topics with unequal partition counts.
pub fn wait_for_topics(cluster: &Cluster, mut stay: impl FnMut(Option<&LookupError>) -> bool) -> Result<Option<Vec<usize>>, Failure> {
    let mut waiting_for: Option<LookupError> = None;
    while stay(waiting_for.as_ref()) {
        let states = match cluster.topics() {
            Ok(states) => states?,
            Err(error) => {
                waiting_for = Some(error);
                std::thread::sleep(Duration::from_millis(250));
                continue;
            }
        };
        let refused: Vec<&str> = states.iter().filter(|(_, state)| **state == TopicState::Refused).map(|(name, _)| name.as_str()).collect();
        if !refused.is_empty() {
            return Err(Failure::Refused(format!("no READ on topic {}", refused.join(", "))));
        }
        let missing: Vec<&str> = states.iter().filter(|(_, state)| **state == TopicState::Missing).map(|(name, _)| name.as_str()).collect();
        if !missing.is_empty() {
            let plural = if missing.len() == 1 { "topic is" } else { "topics are" };
            waiting_for = Some(LookupError::new(format!(
                "the {plural} missing: {}; create what is missing, or correct the names in the configuration",
                missing.join(", ")
            )));
            std::thread::sleep(Duration::from_millis(500));
            continue;
        }
        let counts: Vec<usize> =
            cluster.topics.iter().map(|name| if let Some(TopicState::Partitions(count)) = states.get(name) { *count } else { 0 }).collect();
        if counts.iter().any(|count| *count != counts[0]) {
            let counts: Vec<String> = cluster.topics.iter().zip(&counts).map(|(name, count)| format!("{name} {count}")).collect();
            return Err(Failure::UnequalPartitions { counts: counts.join(", ") });
        }
        return Ok(Some(counts));
    }
    Ok(None)
}
