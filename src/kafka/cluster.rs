//! Questions to a cluster: topics, their ids and partition counts, log starts and ends, offsets by time.
//!
//! A client without a group asks them. It runs beside the group's consumer, so that its questions do not queue behind long fetches. It does not wait for
//! transactions, so that the log end which it gives is the real one. Does not know the assignment or any record.

use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::certificate_probe;
use super::client_errors::ClientErrors;
use super::failure::Failure;
use super::log_identity::{LastRecord, RecordComparison, TopicId};
use super::partition_progress::TopicPartition;
use super::properties;
use super::question_context::QuestionContext;
use super::read_again::read_again;
use super::topic_ids::topic_ids;
use crate::config::KafkaSettings;

/// How long one question may take. A stop of the service waits for the question that is being asked.
const ANSWER_WITHIN: Duration = Duration::from_millis(1000);

/// A question that got no answer, or a condition that is waited for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}{}", if .why.is_empty() { String::new() } else { format!(" ({why})") })]
pub struct LookupError {
    /// The missing topic or the silent brokers. The text stays the same as long as the same topic or broker is missing.
    pub what: String,
    /// The client's own explanation, which may change from try to try; may be empty.
    pub why: String,
}

impl LookupError {
    /// An error without an explanation of the client's.
    #[must_use]
    pub fn new(what: String) -> Self {
        Self { what, why: String::new() }
    }
}

/// Questions about offsets and partition counts. A trait, because librdkafka's mock broker answers every look-up by time with the log end.
pub trait Lookup: Send {
    /// The offsets that the log of each partition holds: from its first one up to the one that the next record will get.
    ///
    /// # Errors
    /// When the brokers do not answer in time. Partitions without a leader are left out of the answer.
    fn logs(&self, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, Range<i64>)>, LookupError>;

    /// The last stable offset of each partition, below which every transaction has ended.
    ///
    /// # Errors
    /// When the brokers do not answer in time. Partitions without a leader are left out of the answer.
    fn stable_ends(&self, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, i64)>, LookupError>;

    /// For each partition the offset of the first record whose timestamp is at or after `timestamp_ms` (milliseconds since 1970), or the log end where
    /// there is no such record.
    ///
    /// # Errors
    /// When the brokers do not answer in time, or a partition has no leader.
    fn offsets_at(&self, timestamp_ms: i64, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, i64)>, LookupError>;

    /// The number of partitions of each topic, in configured order.
    ///
    /// # Errors
    /// When the brokers do not answer in time, or a topic is missing.
    fn partition_counts(&self) -> Result<Vec<usize>, LookupError>;

    /// The id of each topic, in configured order; `None` for a topic that is missing, or where the brokers have no ids.
    ///
    /// # Errors
    /// When the brokers do not answer in time.
    fn topic_ids(&self) -> Result<Vec<Option<TopicId>>, LookupError>;

    /// Reads these records again, and compares what the logs hold at their offsets now. A record that the log no longer holds is undecided.
    ///
    /// # Errors
    /// When the brokers do not answer in time.
    fn compare_records(&self, records: &[(TopicPartition, LastRecord)]) -> Result<Vec<(TopicPartition, RecordComparison)>, LookupError>;
}

/// A connection to the cluster that only asks questions.
pub struct Cluster {
    client: BaseConsumer<QuestionContext>,
    /// A client that sees only what is stable. It is made at its first question, because it is seldom needed.
    stable_client: OnceCell<BaseConsumer<QuestionContext>>,
    settings: KafkaSettings,
    topics: Vec<String>,
    /// The broker that answered last.
    broker: Cell<Option<i32>>,
}

/// Whether one topic exists in the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicPresence {
    /// The topic exists with this many partitions.
    Partitions(usize),
    /// The topic does not exist, or this client may not see it.
    Missing,
    /// The cluster refuses access to the topic.
    Refused,
}

impl Cluster {
    /// Makes a connection for these topics; nothing is sent yet.
    ///
    /// # Errors
    /// When the settings are refused.
    pub fn new(settings: &KafkaSettings, topics: Vec<String>) -> Result<Self, Failure> {
        let client = Self::client(settings, "read_uncommitted")?;
        let cluster = Self { client, stable_client: OnceCell::new(), settings: settings.clone(), topics, broker: Cell::new(None) };
        // A client asks for its first token at once, and no question is answered before it has one.
        if settings.token.is_some() {
            cluster.serve();
        }
        Ok(cluster)
    }

    fn client(settings: &KafkaSettings, isolation_level: &str) -> Result<BaseConsumer<QuestionContext>, Failure> {
        let mut config = properties::common(settings)?;
        config.set("isolation.level", isolation_level);
        properties::create(&config, QuestionContext::new(settings), &settings.properties)
    }

    /// The state of each topic, by its name.
    ///
    /// # Errors
    /// [`LookupError`] when no broker answers; [`Failure`] inside `Ok` when a new try would fail too.
    pub fn topics(&self) -> Result<Result<BTreeMap<String, TopicPresence>, Failure>, LookupError> {
        let mut states = BTreeMap::new();
        for name in &self.topics {
            let metadata = self.client.fetch_metadata(Some(name), ANSWER_WITHIN);
            self.serve();
            if let Some(refusal) = self.errors().take_refusal() {
                return Ok(Err(Failure::Refused(certificate_probe::explained(refusal, &self.settings))));
            }
            let metadata = metadata.map_err(|error| self.unanswered(&error))?;
            self.broker.set(Some(metadata.orig_broker_id()).filter(|id| *id >= 0));
            let brokers: Vec<String> =
                metadata.brokers().iter().map(|broker| format!("{}:{}", bracketed(broker.host()), broker.port())).collect();
            // The bootstrap servers may be on this machine while the brokers that they name are not.
            if let Err(failure) = properties::check_plaintext(&self.settings, brokers.iter().map(String::as_str)) {
                return Ok(Err(failure));
            }
            let topic = metadata.topics().iter().find(|topic| topic.name() == name);
            let state = match topic.map(|topic| (topic.error().map(RDKafkaErrorCode::from), topic.partitions().len())) {
                Some((None | Some(RDKafkaErrorCode::LeaderNotAvailable), count)) if count > 0 => TopicPresence::Partitions(count),
                Some((Some(RDKafkaErrorCode::TopicAuthorizationFailed), _)) => TopicPresence::Refused,
                _ => TopicPresence::Missing,
            };
            states.insert(name.clone(), state);
        }
        self.errors().clear_outage();
        Ok(Ok(states))
    }

    fn errors(&self) -> &ClientErrors {
        &self.client.context().errors
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
        let reason = || self.errors().outage();
        for _ in 0..5 {
            if reason().is_some() {
                break;
            }
            drop(self.client.poll(Duration::from_millis(50)));
        }
        let why = reason().or_else(|| error.rdkafka_error_code().map(|code| code.to_string())).unwrap_or_default();
        LookupError { what: format!("no broker of {} answers", self.settings.bootstrap_servers), why }
    }

    /// Asks for offsets by timestamp, or by a special offset such as the log end. Partitions with an error of their own are left out.
    fn offsets(&self, timestamp: Offset, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, i64)>, LookupError> {
        self.offsets_by(&self.client, timestamp, partitions)
    }

    fn offsets_by(
        &self,
        client: &BaseConsumer<QuestionContext>,
        timestamp: Offset,
        partitions: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, i64)>, LookupError> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let list = self.list(partitions.iter().map(|at| (*at, timestamp))).map_err(|error| self.unanswered(&error))?;
        let answered = client.offsets_for_times(list, ANSWER_WITHIN);
        self.serve();
        let answered = answered.map_err(|error| self.unanswered(&error))?;
        self.errors().clear_outage();
        let mut offsets = Vec::with_capacity(partitions.len());
        for element in answered.elements() {
            let topic = self.topics.iter().position(|name| name == element.topic());
            if let (Some(topic), Ok(()), Offset::Offset(offset)) = (topic, element.error(), element.offset()) {
                offsets.push((TopicPartition { topic, partition: element.partition() }, offset));
            }
        }
        Ok(offsets)
    }

    /// The same, where partitions without a leader may be among the others. One of them fails the whole question. Asked in two halves, the half without it
    /// still gets an answer.
    fn offsets_of_led(
        &self,
        client: &BaseConsumer<QuestionContext>,
        timestamp: Offset,
        partitions: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, i64)>, LookupError> {
        match self.offsets_by(client, timestamp, partitions) {
            Err(error) if partitions.len() > 1 && self.errors().outage().is_none() => {
                let (left, right) = partitions.split_at(partitions.len() / 2);
                match (self.offsets_by(client, timestamp, left), self.offsets_by(client, timestamp, right)) {
                    (Err(_), Err(_)) => Err(error),
                    (left, right) => Ok([left.unwrap_or_default(), right.unwrap_or_default()].concat()),
                }
            }
            answer => answer,
        }
    }

    fn list(&self, partitions: impl Iterator<Item = (TopicPartition, Offset)>) -> Result<TopicPartitionList, KafkaError> {
        let mut list = TopicPartitionList::new();
        for (at, offset) in partitions {
            list.add_partition_offset(&self.topics[at.topic], at.partition, offset)?;
        }
        Ok(list)
    }
}

impl Lookup for Cluster {
    fn logs(&self, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, Range<i64>)>, LookupError> {
        // Each question sends one request per broker for all its partitions. The watermark call would send two per partition. The starts come first: where
        // the end that is seen later equals the start, the log was empty between the two.
        let starts: BTreeMap<TopicPartition, i64> = self.offsets_of_led(&self.client, Offset::Beginning, partitions)?.into_iter().collect();
        let ends = self.offsets_of_led(&self.client, Offset::End, partitions)?;
        Ok(ends.into_iter().filter_map(|(at, end)| Some((at, *starts.get(&at)?..end))).collect())
    }

    fn stable_ends(&self, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, i64)>, LookupError> {
        if self.stable_client.get().is_none() {
            let client = Self::client(&self.settings, "read_committed").map_err(|failure| LookupError::new(failure.to_string()))?;
            drop(self.stable_client.set(client));
        }
        self.stable_client.get().map_or_else(|| Ok(Vec::new()), |client| self.offsets_of_led(client, Offset::End, partitions))
    }

    fn topic_ids(&self) -> Result<Vec<Option<TopicId>>, LookupError> {
        if self.broker.get().is_none() {
            self.topics()?.map_err(|failure| LookupError::new(failure.to_string()))?;
        }
        let Some(broker) = self.broker.take() else { return Ok(vec![None; self.topics.len()]) };
        let ids = topic_ids(self.client.client(), &self.topics, broker, ANSWER_WITHIN);
        self.serve();
        match ids {
            Ok(ids) => {
                self.broker.set(Some(broker));
                Ok(ids)
            }
            Err(RDKafkaErrorCode::UnsupportedFeature | RDKafkaErrorCode::UnsupportedVersion) => Ok(vec![None; self.topics.len()]),
            Err(code) => Err(LookupError { what: "the brokers do not tell the ids of the topics".to_owned(), why: code.to_string() }),
        }
    }

    fn compare_records(&self, records: &[(TopicPartition, LastRecord)]) -> Result<Vec<(TopicPartition, RecordComparison)>, LookupError> {
        let partitions: Vec<TopicPartition> = records.iter().map(|(at, _)| *at).collect();
        let logs: BTreeMap<TopicPartition, Range<i64>> = self.logs(&partitions)?.into_iter().collect();
        let is_held = |(at, record): &&(TopicPartition, LastRecord)| logs.get(at).is_some_and(|log| log.contains(&record.offset));
        let held: Vec<(TopicPartition, i64)> = records.iter().filter(is_held).map(|(at, record)| (*at, record.offset)).collect();
        let found = read_again(&self.settings, &self.topics, &held).map_err(|failure| LookupError::new(failure.to_string()))?;
        let found = found.map_err(|error| self.unanswered(&error))?;
        Ok(records.iter().map(|(at, record)| (*at, record.compare(found.get(at)))).collect())
    }

    fn offsets_at(&self, timestamp_ms: i64, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, i64)>, LookupError> {
        let mut found: BTreeMap<TopicPartition, i64> = self.offsets(Offset::Offset(timestamp_ms), partitions)?.into_iter().collect();
        // Where no record is that young, the answer is "the end", which is no offset. Fetching from "the end" could skip records that arrive before
        // the first fetch, so the log end is asked for as a number.
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
            Some(TopicPresence::Partitions(count)) => Ok(*count),
            _ => Err(LookupError::new(format!("the topic \"{name}\" is missing"))),
        };
        self.topics.iter().map(count).collect()
    }
}

/// Puts an IPv6 address in brackets, as `host:port` needs it.
fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// Waits until every topic exists, and gives the partition counts by topic. Before each try `stay` decides whether to go on. It gets the
/// condition that the last try waited for (`None` the first time). Gives `Ok(None)` when `stay` gives false.
///
/// # Errors
/// When waiting would not help: refused credentials or access, or topics with unequal partition counts.
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
        let refused: Vec<&str> =
            states.iter().filter(|(_, state)| **state == TopicPresence::Refused).map(|(name, _)| name.as_str()).collect();
        if !refused.is_empty() {
            return Err(Failure::Refused(format!("no READ on topic {}", refused.join(", "))));
        }
        let missing: Vec<&str> =
            states.iter().filter(|(_, state)| **state == TopicPresence::Missing).map(|(name, _)| name.as_str()).collect();
        if !missing.is_empty() {
            let plural = if missing.len() == 1 { "topic is" } else { "topics are" };
            waiting_for = Some(LookupError::new(format!(
                "the {plural} missing: {}; create what is missing, or correct the names in the configuration",
                missing.join(", ")
            )));
            std::thread::sleep(Duration::from_millis(500));
            continue;
        }
        let counts: Vec<usize> = cluster
            .topics
            .iter()
            .map(|name| if let Some(TopicPresence::Partitions(count)) = states.get(name) { *count } else { 0 })
            .collect();
        if counts.iter().any(|count| *count != counts[0]) {
            let counts: Vec<String> = cluster.topics.iter().zip(&counts).map(|(name, count)| format!("{name} {count}")).collect();
            return Err(Failure::UnequalPartitions { counts: counts.join(", ") });
        }
        return Ok(Some(counts));
    }
    Ok(None)
}
