//! Shared by the tests here: a mock broker with topics, a configuration for it, small events, and readings of a service.

use std::time::{Duration, Instant};

use cxpulse::config::{self, Configuration};
use cxpulse::runtime::Service;
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};

pub(super) const TOPICS: [&str; 4] = ["tickets", "chats", "surveys", "customers"];
pub(super) const PARTITIONS: i32 = 2;
/// 2026-03-02T09:00:00Z, the time of every event here.
pub(super) const NINE: i64 = 1_772_442_000_000;
/// How long a condition may take to become true.
const PATIENCE: Duration = Duration::from_secs(30);

/// A mock broker and a producer for it.
pub(super) struct Broker {
    pub(super) cluster: MockCluster<'static, DefaultProducerContext>,
    producer: BaseProducer,
}

impl Broker {
    pub(super) fn without_topics() -> Self {
        let cluster = MockCluster::new(1).unwrap();
        let producer = ClientConfig::new().set("bootstrap.servers", cluster.bootstrap_servers()).create().unwrap();
        Self { cluster, producer }
    }

    pub(super) fn start() -> Self {
        let broker = Self::without_topics();
        TOPICS.iter().for_each(|topic| broker.create(topic, PARTITIONS));
        broker
    }

    pub(super) fn create(&self, topic: &str, partitions: i32) {
        self.cluster.create_topic(topic, partitions, 1).unwrap();
    }

    pub(super) fn send(&self, topic: &str, partition: i32, payload: &[u8]) {
        self.send_at(topic, partition, NINE, payload);
    }

    pub(super) fn send_at(&self, topic: &str, partition: i32, timestamp_ms: i64, payload: &[u8]) {
        let record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(topic).partition(partition).timestamp(timestamp_ms).payload(payload);
        self.producer.send(record).map_err(|(error, _)| error).unwrap();
    }

    /// A record with headers, and without a value where `payload` is `None`.
    pub(super) fn send_with(&self, topic: &str, payload: Option<&[u8]>, headers: &[(&str, &[u8])]) {
        let headers = headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(*value) }));
        let mut record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(topic).partition(0).timestamp(NINE).headers(headers);
        record.payload = payload;
        self.producer.send(record).map_err(|(error, _)| error).unwrap();
    }

    pub(super) fn flush(&self) {
        self.producer.flush(Duration::from_secs(20)).unwrap();
    }

    /// Sends one created ticket for each number, in turn to each partition, and waits until the broker has them.
    pub(super) fn send_tickets(&self, numbers: std::ops::Range<i32>) {
        for number in numbers {
            self.send("tickets", number % PARTITIONS, &ticket(&format!("T{number}")));
        }
        self.flush();
    }

    /// A configuration for this broker: the defaults, by event time, in a group of its own.
    pub(super) fn configuration(&self, group: &str) -> Configuration {
        configuration(&self.cluster.bootstrap_servers(), group)
    }
}

pub(super) fn configuration(servers: &str, group: &str) -> Configuration {
    let overrides = [
        ("kafka.bootstrap_servers", servers),
        ("kafka.group_id", group),
        ("run.clock", "event"),
        ("run.snapshot_interval", "50ms"),
        ("checkpoint.url", "off"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()));
    config::load(None, Vec::new(), &overrides).unwrap().configuration
}

/// A `ticket.created`.
pub(super) fn ticket(id: &str) -> Vec<u8> {
    format!(r#"{{"id":"{id}","type":"ticket.created","time":{NINE},"ticket_id":"{id}","channel":"email"}}"#).into_bytes()
}

/// The sample of a series in the process's own telemetry; 0 where it is absent.
pub(super) fn sample(service: &Service, series: &str) -> f64 {
    let mut text = String::new();
    service.view().telemetry().render(&mut text);
    let line = text.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')));
    line.map_or(0.0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

/// Records of a topic with an outcome, counted by the process since its start.
pub(super) fn counted(service: &Service, topic: &str, outcome: &str) -> f64 {
    sample(service, &format!("cx_events_total{{outcome=\"{outcome}\",topic=\"{topic}\"}}"))
}

/// Events of `tickets` in the newest snapshot: those of the groups that the service holds now.
pub(super) fn tickets_shown(service: &Service) -> u64 {
    let snapshot = service.view().snapshot();
    snapshot.topics.iter().filter(|topic| topic.name == "tickets").map(|topic| topic.ledger.applied).sum()
}

/// Waits for a condition, the only use of time here.
pub(super) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let started_at = Instant::now();
    while !condition() {
        assert!(started_at.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub(super) fn until_ready(service: &Service) {
    let started_at = Instant::now();
    while let Err(why) = service.view().ready() {
        assert!(started_at.elapsed() < PATIENCE, "not ready within {PATIENCE:?}: {why}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
