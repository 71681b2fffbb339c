//! The service against librdkafka's own mock broker: consuming, rebalances, outages, what is waited for. No Java, loopback only.
//!
//! The mock cluster may not leave the thread that made it, so each test keeps its own on its own thread. It waits three seconds before a group's
//! first assignment, which is most of what these tests take; they run side by side.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::time::{Duration, Instant};

use cxpulse::config::{Clock, Configuration, ExportSettings, KafkaSettings, LogSettings, RunSettings, Start, WebSettings};
use cxpulse::engine::{DurationBounds, EngineDimension, EngineSettings, EngineTopic, JourneySettings, Limits, WindowSettings};
use cxpulse::event::{DecodeSettings, DimensionOwner, DimensionSettings, IdentityKey, Kind, Scale, TopicSettings};
use cxpulse::runtime::Service;
use cxpulse::time::Span;
use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};

const TOPICS: [(&str, Kind); 3] = [("tickets", Kind::Tickets), ("chats", Kind::Chats), ("surveys", Kind::Surveys)];
const PARTITIONS: i32 = 2;
/// 2026-03-02T09:00:00Z.
const NINE: i64 = 1_772_442_000_000;

struct Broker {
    cluster: MockCluster<'static, DefaultProducerContext>,
    producer: BaseProducer,
}

impl Broker {
    fn without_topics() -> Self {
        let cluster = MockCluster::new(1).unwrap();
        let producer = ClientConfig::new().set("bootstrap.servers", cluster.bootstrap_servers()).create().unwrap();
        Self { cluster, producer }
    }

    fn start() -> Self {
        let broker = Self::without_topics();
        for (topic, _) in TOPICS {
            broker.cluster.create_topic(topic, PARTITIONS, 1).unwrap();
        }
        broker
    }

    fn send(&self, topic: &str, partition: i32, payload: &[u8]) {
        let record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(topic).partition(partition).timestamp(NINE).payload(payload);
        self.producer.send(record).map_err(|(error, _)| error).unwrap();
    }

    fn flush(&self) {
        self.producer.flush(Duration::from_secs(10)).unwrap();
    }

    fn configuration(&self, group: &str) -> Configuration {
        configuration(&self.cluster.bootstrap_servers(), group)
    }
}

fn configuration(servers: &str, group: &str) -> Configuration {
    let topics: Vec<TopicSettings> = TOPICS
        .iter()
        .map(|(name, kind)| TopicSettings {
            name: (*name).to_owned(),
            kind: *kind,
            allowed_lateness: Span::hours(1),
            identity_from_record: false,
            time_from_record: false,
            ignored_types: Vec::new(),
        })
        .collect();
    let dimension = |name: &str| DimensionSettings {
        name: name.to_owned(),
        owner: DimensionOwner::Contact,
        renames: Default::default(),
        values_max: 200,
    };
    let scale = Scale { min: 1_000_000, max: 5_000_000, ease: false };
    let bounds = vec![Span::minutes(1), Span::hours(1)];
    Configuration {
        kafka: KafkaSettings {
            bootstrap_servers: servers.to_owned(),
            group_id: group.to_owned(),
            properties: Default::default(),
            queue_kbytes_per_partition: 2048,
            allow_insecure: false,
        },
        decode: DecodeSettings {
            identity_key: IdentityKey([7; 16]),
            dimensions: vec![dimension("channel"), dimension("journey_stage")],
            ces_ease: None,
            csat_scale: scale,
            ces_scale: Scale { max: 7_000_000, ..scale },
        },
        engine: EngineSettings {
            topics: topics
                .iter()
                .map(|topic| EngineTopic { name: topic.name.clone(), kind: topic.kind, allowed_lateness: topic.allowed_lateness })
                .collect(),
            dimensions: ["channel", "journey_stage"]
                .map(|name| EngineDimension { name: name.to_owned(), of_customer: false, values_max: 200 })
                .to_vec(),
            windows: vec![WindowSettings { name: "1h".to_owned(), range: Span::hours(1), hop: Span::minutes(1) }],
            grouping_sets: vec![vec![0]],
            customer_grouping_sets: Vec::new(),
            call_channels: vec!["phone".to_owned()],
            csat_satisfied_from: Vec::new(),
            duration_bounds: DurationBounds { response: bounds.clone(), resolution: bounds.clone(), chat: bounds },
            quantiles_percent: vec![50],
            chat_abandon_min: Span::seconds(5),
            repeat_contact_within: Span::days(7),
            journey: JourneySettings::default(),
            ticket_retention: Span::days(365),
            customer_retention: Span::days(400),
            limits: Limits::default(),
        },
        topics,
        run: RunSettings { start: Start::Beginning, clock: Clock::Event, snapshot_interval: Duration::from_millis(50) },
        web: WebSettings { listen_addresses: Vec::new(), telemetry_path: "/metrics".to_owned(), page: false },
        log: LogSettings { filter: "info".to_owned(), json: false },
        export: ExportSettings { bucket_sets: Vec::new() },
    }
}

fn ticket(id: &str) -> Vec<u8> {
    format!(r#"{{"id":"{id}","type":"ticket.created","time":"2026-03-02T09:00:00Z","ticket_id":"{id}","channel":"email"}}"#).into_bytes()
}

/// The sample `name{labels}` of the process's own telemetry; 0 where it is absent.
fn sample(service: &Service, series: &str) -> f64 {
    let mut text = String::new();
    service.shared().telemetry().render(&mut text);
    let line = text.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')));
    line.map_or(0.0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

/// Records consumed from a topic, whatever became of them.
fn consumed(service: &Service, topic: &str) -> f64 {
    ["applied", "duplicate", "late", "future", "invalid", "ignored"]
        .iter()
        .map(|outcome| sample(service, &format!("cx_events_total{{outcome=\"{outcome}\",topic=\"{topic}\"}}")))
        .sum()
}

/// Waits for a condition, which is the only use of time in these tests.
fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let started_at = Instant::now();
    while !condition() {
        assert!(started_at.elapsed() < Duration::from_secs(30), "{what} did not happen within 30 s");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn until_ready(service: &Service) {
    until("ready", || service.shared().ready().is_ok());
}

#[test]
fn records_of_every_topic_and_partition_are_consumed_once_before_ready() {
    let broker = Broker::start();
    for (topic, _) in TOPICS {
        for partition in 0..PARTITIONS {
            for n in 0..50 {
                broker.send(topic, partition, &ticket(&format!("{topic}-{partition}-{n}")));
            }
        }
    }
    broker.flush();
    let service = Service::start(&broker.configuration("all")).unwrap();
    until_ready(&service);
    for (topic, _) in TOPICS {
        assert_eq!(consumed(&service, topic), 100.0, "{topic}");
        assert_eq!(sample(&service, &format!("cx_kafka_partitions_assigned{{topic=\"{topic}\"}}")), 2.0);
        assert_eq!(sample(&service, &format!("cx_kafka_partitions{{topic=\"{topic}\"}}")), 2.0);
    }
    assert_eq!(sample(&service, "cx_ready"), 1.0);
    assert_eq!(sample(&service, "cx_kafka_up"), 1.0);
    assert_eq!(sample(&service, "cx_kafka_rebalances_total{kind=\"assign\"}"), 1.0);
    service.stop().unwrap();
}
