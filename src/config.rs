//! The resolved configuration: what the file, the environment and the flags come to, with nothing left open.
//!
//! Knows every part's settings type and no part's behaviour. Reading and checking live in the folder beside.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::engine::EngineSettings;
use crate::event::{DecodeSettings, TopicSettings};

/// Everything a command needs to start.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Brokers, group, topics, librdkafka properties.
    pub kafka: KafkaSettings,
    /// The input topics in their order; `engine.topics` is the engine's part of the same list.
    pub topics: Vec<TopicSettings>,
    /// What decoding is told.
    pub decode: DecodeSettings,
    /// What the engine is told.
    pub engine: EngineSettings,
    /// How the service runs.
    pub run: RunSettings,
    /// The HTTP server.
    pub web: WebSettings,
    /// Logs.
    pub log: LogSettings,
    /// What is exported.
    pub export: ExportSettings,
}

/// Brokers, group and client properties.
#[derive(Clone, Debug)]
pub struct KafkaSettings {
    /// `host:port`, comma-separated.
    pub bootstrap_servers: String,
    /// The consumer group.
    pub group_id: String,
    /// Further librdkafka properties, as given; values may be secret and are never printed.
    pub properties: BTreeMap<String, Secret>,
    /// Memory for fetched records per topic partition.
    pub queue_kbytes_per_partition: u32,
    /// Allow plaintext to brokers that are not on this machine.
    pub allow_insecure: bool,
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("\"***\"")
    }
}

/// How the service runs.
#[derive(Clone, Debug)]
pub struct RunSettings {
    /// Where a start without a checkpoint begins.
    pub start: Start,
    /// At which instant windows are evaluated.
    pub clock: Clock,
    /// How long after an applied event a new snapshot is published at the latest. Default 250 ms.
    pub snapshot_interval: Duration,
}

/// Where a start without a checkpoint begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Every topic from its first offset.
    Beginning,
    /// The longest window, the lateness and seven days back by record timestamp; customers whole.
    Time,
}

/// At which instant windows are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The wall clock; the largest event time while catching up.
    Wall,
    /// The largest event time, always: for replays through Kafka.
    Event,
}

/// The HTTP server.
#[derive(Clone, Debug)]
pub struct WebSettings {
    /// Where to listen; at least one.
    pub listen_addresses: Vec<SocketAddr>,
    /// The path of the exposition. Default `/metrics`.
    pub telemetry_path: String,
    /// Whether `/` is served.
    pub page: bool,
}

/// Logs.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// A filter such as `info` or `cxpulse=debug,rdkafka=warn`.
    pub filter: String,
    /// JSON lines instead of text.
    pub json: bool,
}

/// What is exported.
#[derive(Clone, Debug)]
pub struct ExportSettings {
    /// Grouping sets (by index into `engine.grouping_sets`) with full histogram buckets; others export `+Inf`, `_sum` and `_count`.
    pub bucket_sets: Vec<usize>,
}
