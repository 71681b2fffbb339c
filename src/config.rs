//! The resolved configuration: a value for every setting, from the built-in defaults, the file, the environment and the flags.
//!
//! Each section of the file is read and checked by the file of its name in the folder beside. Knows the settings type of every part, and
//! does not know how any part behaves.

mod changes;
mod checkpoint;
mod customers;
mod dead_letters;
mod dimensions;
mod duration;
mod feeds;
mod grouping;
mod health_and_trend;
mod histograms;
mod journey;
mod kafka;
mod kafka_properties;
mod kafka_security;
mod layers;
mod place;
mod privacy;
mod problem;
mod resolve;
mod retention_and_limits;
mod run_and_log;
mod schedules;
mod secret;
mod section;
mod spelled_lengths;
mod spelling_hints;
mod surveys_and_chats;
mod targets;
mod topics;
mod value;
mod web;
mod where_conditions;
mod windows;
mod written_keys;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use duration::parse_span;
pub use feeds::{ConfiguredFeed, FeedsConfiguration, LoadedFeeds, default_feeds_file, load_feeds};
pub use kafka_properties::{OWNED, OwnedProperty, OwnedValue, PropertyObjection, REFUSED, RefusedProperty, SETTABLE, objection};
pub use kafka_security::{broker_list, first_exposed_server};
pub use problem::{ConfigError, Problem, ProblemKind};
pub use resolve::{Loaded, load};
pub use secret::Secret;
pub use written_keys::WrittenKeys;

use crate::checkpoint::{StoreLocation, StoreOptions};
use crate::engine::EngineSettings;
use crate::event::{DecodeSettings, TopicSettings};
use crate::time::EventTime;

/// The text of the default configuration with its comments, which may be used as a template.
#[must_use]
pub const fn default_file() -> &'static str {
    include_str!("../config/cxpulse.toml")
}

/// The `CXPULSE_` variables of this process with their values, and `STATE_DIRECTORY`, in which systemd names the service's folder, for [`load`].
///
/// A value that is not UTF-8 is read with replacement characters. [`load`] then refuses it like any other wrong value.
#[must_use]
pub fn environment() -> Vec<(String, String)> {
    let text = |s: std::ffi::OsString| s.to_string_lossy().into_owned();
    std::env::vars_os()
        .map(|(name, value)| (text(name), text(value)))
        .filter(|(name, _)| name.starts_with(layers::VARIABLE_PREFIX) || name == checkpoint::STATE_DIRECTORY)
        .collect()
}

/// All settings that a command needs to start.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// The connection to Kafka.
    pub kafka: KafkaSettings,
    /// The input topics in their order. `engine.topics` is the part of the same list that the engine needs.
    pub topics: Vec<TopicSettings>,
    /// The settings of decoding.
    pub decode: DecodeSettings,
    /// The settings of the engine.
    pub engine: EngineSettings,
    /// The settings of the service.
    pub run: RunSettings,
    /// The settings of the checkpoints.
    pub checkpoint: CheckpointSettings,
    /// Where copies of refused records go; `None` where they are not kept.
    pub dead_letters: Option<DeadLetterSettings>,
    /// The settings of the HTTP server.
    pub web: WebSettings,
    /// The settings of the log.
    pub log: LogSettings,
    /// The settings of the exposition.
    pub export: ExportSettings,
    /// What somebody has changed in the organisation, in the order of the file. At most 64. Events may mark others.
    pub changes: Vec<MarkedChange>,
}

/// The connection to Kafka: brokers, group and client properties.
#[derive(Clone, Debug)]
pub struct KafkaSettings {
    /// The brokers as `host:port`, separated by commas.
    pub bootstrap_servers: String,
    /// The consumer group. 1 to 255 bytes without white space.
    pub group_id: String,
    /// Further librdkafka properties, as the user wrote them. Values may be secret and are never printed.
    pub properties: BTreeMap<String, Secret>,
    /// Memory for fetched records per topic partition. In KiB, 64 to 2,097,151.
    pub queue_kbytes_per_partition: u32,
    /// Where tokens for SASL OAUTHBEARER come from.
    pub token: Option<TokenSettings>,
    /// What happens at a batch whose records cannot be read.
    pub undecodable: Undecodable,
    /// Allow plaintext to brokers that are not on this machine. The rule itself is [`first_exposed_server`].
    pub allow_insecure: bool,
}

/// What happens at a batch whose records cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undecodable {
    /// It is passed over. Its offsets are counted, and the windows over its time are incomplete.
    Skip,
    /// Its partition waits, and the service is not ready.
    Pause,
}

/// Where tokens for SASL OAUTHBEARER come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSettings {
    /// The file or the command.
    pub source: TokenSource,
    /// How long the command may take. 1 to 20 seconds.
    pub command_within: Duration,
}

/// A source of tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// A file that holds the token alone, and is read again each time.
    File(PathBuf),
    /// A command that prints the token alone: the program and its arguments, without a shell.
    Command(Vec<String>),
}

/// The settings of the service.
#[derive(Clone, Debug)]
pub struct RunSettings {
    /// Where a start without a checkpoint begins.
    pub start: Start,
    /// The instant at which windows are evaluated.
    pub clock: ClockSource,
    /// How many threads count records, each for partition groups of its own. 1 to 64, or the number of cores.
    pub workers: usize,
    /// The greatest age of the snapshot that a scrape reads, while the process is at rest. Default 250 ms, 10 ms to 1 minute.
    pub snapshot_interval: Duration,
}

/// Where a start without a checkpoint begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the first offset of every topic.
    Beginning,
    /// As far back, by record timestamp, as the longest window, the lateness and seven days together. Topics of customers begin at their
    /// first offset.
    Time,
}

/// The instant at which windows are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockSource {
    /// The wall clock, also during catch-up.
    Wall,
    /// Always the largest event time, for replays through Kafka.
    Event,
}

/// The settings of the checkpoints.
#[derive(Clone, Debug)]
pub struct CheckpointSettings {
    /// Where checkpoints are kept: a folder, `s3://bucket/prefix`, or `off`. `None` where they are turned off.
    pub url: Option<StoreLocation>,
    /// Whether all replicas see the same store. A bucket always is shared; a folder only if it is said to be.
    pub is_shared: bool,
    /// How the store is used.
    pub store: StoreOptions,
    /// A checkpoint is due when so much time of replay would be lost. Default 5 minutes, 1 second to 1 day.
    pub interval: Duration,
    /// A checkpoint is due when so many records of replay would be lost. Default 2,000,000, 1 to 10^12.
    pub records: u64,
    /// What happens where checkpoints were counted with other settings, and the log does not reach back far enough to count anew.
    pub on_mismatch: OnMismatch,
}

/// What happens where checkpoints were counted with other settings, and the log does not reach back far enough to count anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnMismatch {
    /// The service does not start, and names the settings that differ.
    Refuse,
    /// What the log has is counted anew, and coverage shows what is missing.
    Rebuild,
}

/// Where copies of refused records go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetterSettings {
    /// The topic to which refused records are copied with their keys, values and headers. It must exist. None where it is empty.
    pub topic: String,
    /// What happens while a copy cannot be written.
    pub on_failure: OnLetterFailure,
}

/// What happens while a copy of a refused record cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnLetterFailure {
    /// The partition of the record waits, and the service is not ready.
    Pause,
    /// The copy is given up and counted.
    Drop,
}

/// The settings of the HTTP server.
#[derive(Clone, Debug)]
pub struct WebSettings {
    /// The addresses to listen on; at least one.
    pub listen_addresses: Vec<SocketAddr>,
    /// The names by which clients may ask for the service, beside its addresses.
    pub hosts: Vec<String>,
    /// The path of the exposition. Default `/metrics`.
    pub telemetry_path: String,
    /// Whether `/` is the live page. Otherwise it is a plain text with the version and the other paths.
    pub page: bool,
    /// The web configuration file: TLS, client certificates and passwords, in the form that Prometheus's exporters share.
    pub config_file: Option<PathBuf>,
    /// Whether `POST /-/reload` reads the configuration again, as SIGHUP does.
    pub enable_lifecycle: bool,
    /// The fewest answers or cases of which the page shows a statistic. From `privacy.min_group_size`; default 5, 1 to 1,000.
    pub group_size_min: u32,
}

/// The settings of the log.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// The filter of log lines, such as `info` or `cxpulse=debug,rdkafka=warn`.
    pub filter: String,
    /// Whether log lines are JSON instead of text.
    pub json: bool,
}

/// What somebody has changed in the organisation. It is shown beside the numbers, and shapes none of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkedChange {
    /// What was changed, such as `new macros`; no other change has this name. 1 to 64 characters.
    pub name: String,
    /// When it was changed.
    pub at: EventTime,
    /// The dimensions, each with its values, of the contacts for which it was changed, sorted by name; none where it was for the whole organisation.
    pub groups: Vec<(String, Vec<String>)>,
}

/// The settings of the exposition.
#[derive(Clone, Debug)]
pub struct ExportSettings {
    /// The grouping sets with full histogram buckets, as indices into `engine.grouping_sets`. Other sets export `+Inf`, `_sum` and
    /// `_count`.
    pub bucket_sets: Vec<usize>,
}
