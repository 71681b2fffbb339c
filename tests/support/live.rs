//! The whole product as in production, but with windows of minutes: a real broker, two replicas of the real binary in one consumer group, a real
//! Prometheus with the generated rules, and the synthetic organisation with an incident.
//!
//! Does not know the queries to Prometheus.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::MutexGuard;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cxpulse::time::{EventTime, Span};

use super::broker::Broker;
use super::compressed::Plan;
use super::prometheus::Prometheus;
use super::service::{PATIENCE, Service, cxpulse};
use super::topics::{Producer, create_topics};

/// The windows, targets and stages.
const CONFIGURATION: &str = "config/examples/minutes.toml";
const TOPICS: [&str; 4] = ["tickets", "chats", "surveys", "customers"];
const PARTITIONS: i32 = 4;
/// The length of the past at the start: as long as the longest window.
const HISTORY: Span = Span::minutes(16);
/// The begin of the incident after the start, and its length. Its effects last for minutes.
const INCIDENT: (Span, Span) = (Span::seconds(-170), Span::seconds(30));

/// All parts together. They end with the test.
pub(crate) struct Live {
    /// Kept, because a replica ends when it is dropped.
    _replicas: [Service; 2],
    /// The Prometheus that scrapes the replicas.
    pub(crate) prometheus: Prometheus,
    sender: Sender,
    _broker: MutexGuard<'static, Broker>,
}

/// The thread that sends each event at its time.
struct Sender {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Live {
    /// Starts everything and returns when both replicas have read the past. `None`, with a printed message, if a tool is missing.
    pub(crate) fn start() -> Option<Self> {
        let broker = Broker::shared()?;
        create_topics(&broker.servers(), &TOPICS, PARTITIONS);
        let sender = Sender::start(&broker.servers());
        let minutes = std::fs::read_to_string(in_repository(CONFIGURATION)).expect("a file of the repository");
        let configuration = format!("{minutes}\n[kafka]\nbootstrap_servers = \"{}\"\ngroup_id = \"live\"\n", broker.servers());
        let mut replicas = [Service::start(&configuration), Service::start(&configuration)];
        for replica in &mut replicas {
            replica.wait_until("it reads some of the partitions and is ready", PATIENCE, |replica| {
                let assigned = replica.scrape_count("cx_kafka_partitions_assigned{topic=\"tickets\"}");
                (1..PARTITIONS as u64).contains(&assigned) && replica.is_ready()
            });
        }
        let prometheus = Prometheus::start(&replicas.each_ref().map(Service::port), &rule_files())?;
        Some(Self { _replicas: replicas, prometheus, sender, _broker: broker })
    }
}

/// The rules for windows of minutes, as the command prints them.
fn rule_files() -> [String; 2] {
    let scale = "--window 5m=10s --window 1h=1m --window 24h=5m --window 7d=15m --window 30d=24h --for 15s --keep 15s --baseline trend";
    ["recording", "alerts"].map(|kind| {
        let mut command = cxpulse();
        command.args(["rules", kind, "--config"]).arg(in_repository(CONFIGURATION)).args(scale.split(' '));
        let output = command.output().expect("the binary was built");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("rules are UTF-8")
    })
}

impl Sender {
    /// Returns when the past is sent.
    fn start(servers: &str) -> Self {
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (told, producer, now) = (Arc::clone(&stop), Producer::new(servers), now());
        let events = Plan { now, factor: 30, history: HISTORY, incident: INCIDENT, partitions: PARTITIONS }.events();
        let past = Arc::clone(&sent);
        let thread = std::thread::spawn(move || {
            for event in events {
                if event.time > now && past.load(Ordering::Relaxed) == 0 {
                    producer.flush();
                    past.store(1, Ordering::Relaxed);
                }
                while event.time > self::now() {
                    std::thread::sleep(Duration::from_millis(5));
                    if told.load(Ordering::Relaxed) {
                        return;
                    }
                }
                let topic = TOPICS[event.kind as usize];
                match event.partition {
                    Some(partition) => producer.send_to(topic, partition, event.time.0, Some(event.payload.as_bytes())),
                    None => producer.send_keyed(topic, &event.key, event.time.0, &event.payload),
                }
            }
        });
        while sent.load(Ordering::Relaxed) == 0 {
            assert!(!thread.is_finished(), "the sender has ended");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.sender.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.sender.thread.take() {
            // If sending failed, the missing events have failed the test already.
            let _ended = thread.join();
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the organisation lives by the wall clock, as the windows do")]
fn now() -> EventTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    EventTime(i64::try_from(since.as_millis()).expect("a clock before the year 292277026"))
}

fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
