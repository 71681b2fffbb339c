//! The resolved configuration: what the file, the environment and the flags come to, with nothing left open.
//!
//! Knows every part's settings type and no part's behaviour. Reading and checking live in the folder beside.

mod dimensions;
mod duration;
mod grouping;
mod health;
mod journey;
mod kafka;
mod layers;
mod measures;
mod nearest;
mod problem;
mod properties;
mod resolve;
mod rule;
mod schedules;
mod secret;
mod section;
mod service;
mod targets;
mod topics;
mod trend;
mod value;
mod windows;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

pub use duration::parse_span;
pub use problem::{ConfigError, Problem, ProblemKind};
pub use properties::{OWNED, REFUSED, Refusal, SETTABLE};
pub use resolve::{Loaded, load};
pub use secret::Secret;

use crate::engine::EngineSettings;
use crate::event::{DecodeSettings, TopicSettings};

/// The commented default configuration, which may be used as a template.
#[must_use]
pub const fn default_file() -> &'static str {
    include_str!("../config/cxpulse.toml")
}

/// The `CXPULSE_` variables of this process, for [`load`]. A value that is not UTF-8 is taken with replacement characters, and then refused
/// like any other wrong value.
#[must_use]
pub fn environment() -> Vec<(String, String)> {
    let text = |s: std::ffi::OsString| s.to_string_lossy().into_owned();
    std::env::vars_os()
        .map(|(name, value)| (text(name), text(value)))
        .filter(|(name, _)| name.starts_with(layers::VARIABLE_PREFIX))
        .collect()
}

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

/// How the service runs.
#[derive(Clone, Debug)]
pub struct RunSettings {
    /// Where a start without a checkpoint begins.
    pub start: Start,
    /// At which instant windows are evaluated.
    pub clock: Clock,
    /// How many threads count records, each for partition groups of its own.
    pub workers: usize,
    /// How old the snapshot that a scrape reads may be at rest; it is taken when somebody asks. While records are read as fast as can be, a scrape
    /// reads what is there and at most two seconds old. Default 250 ms.
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
    /// Whether `/` is the live page. Without it, it is a plain text that names the version and the other paths.
    pub page: bool,
    /// Of fewer answers or cases than this the page shows no statistic, but "too few". From `privacy.min_group_size`; default 5.
    pub group_size_min: u32,
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
