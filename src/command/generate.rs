//! `cxpulse generate`: sends the events of the synthetic organisation to a real cluster.
//!
//! Does not know how the organisation works, nor how a service counts its events.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::failure::Usage;
use super::options::ConfigurationArgs;
use super::printing::{note, print_line};
use super::sending::{SendLimits, SentRecords, Topics, send_in_time};
use crate::config::{Configuration, parse_span};
use crate::kafka::producer::{ProduceError, Producer, create_topics};
use crate::kafka::{Cluster, TopicPresence};
use crate::runtime::wall_now;
use crate::simulator::{FaultInjector, Organisation, Profile, Volume};
use crate::time::{EventTime, Span};

const EXAMPLES: &str = "\
Examples:
  A month of history, then live at the organisation's own pace until Ctrl-C:
    cxpulse generate --bootstrap-servers localhost:9092 --create-topics 6 --history 30d

  A steady load of 2000 events per second for ten minutes:
    cxpulse generate --bootstrap-servers localhost:9092 --rate 2000 --for 10m

  Exactly a million records as fast as the cluster takes them, with faults among them; the expected ledger goes to stdout:
    cxpulse generate --bootstrap-servers localhost:9092 --history 30d --events 1000000 --faults=0.01 > expected.json

Records are keyed by customer (contacts of unknown customers by their own id) and partitioned as by Java's clients. \
The timestamp of a record is the time of its event, so topics should keep message.timestamp.type=CreateTime. \
The numbers of records by topic and type go to stderr.";

/// Sends the events of a synthetic support organisation to a cluster.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct GenerateArgs {
    /// Kafka brokers as `host:port`, separated by commas. Default: the brokers of the configuration.
    #[arg(long, value_name = "HOSTS")]
    pub bootstrap_servers: Option<String>,

    /// Events per second. Without --history the rate is the same at every hour; with --history it is the rate of a busy morning, and the history is in
    /// proportion to it.
    #[arg(long, value_name = "N", value_parser = rate)]
    pub rate: Option<f64>,

    /// Stop after this time of live events, such as `10m`. `0s` sends only the history.
    #[arg(long = "for", value_name = "SPAN", value_parser = span)]
    pub live_for: Option<Span>,

    /// Stop after this many records, faulty ones included. With --history and without --rate the organisation is sized so that its history has a few
    /// more events than that: all records are then sent at once, and the last event is some time ago.
    #[arg(long, value_name = "N")]
    pub events: Option<u64>,

    /// The seed of the simulation: the same seed and starting time give the same events.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// First send a history of this length, as fast as the cluster takes it.
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub history: Option<Span>,

    /// Create missing topics with this many partitions each.
    #[arg(long, value_name = "PARTITIONS", value_parser = clap::value_parser!(i32).range(1..))]
    pub create_topics: Option<i32>,

    /// After this share of the records send a duplicate, late, future, invalid or empty record, and print the expected ledger as JSON.
    #[arg(long, value_name = "SHARE", value_parser = share, num_args = 0..=1, require_equals = true, default_missing_value = "0.01")]
    pub faults: Option<f64>,

    /// The configuration, which has the topic names and client properties.
    #[command(flatten)]
    pub configuration: ConfigurationArgs,
}

/// The topics by name, and whether each exists.
type TopicsFound = Vec<(String, TopicPresence)>;

/// Why no events can be generated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenerateError {
    /// Topics do not exist.
    #[error(
        "the topics are missing: {topics} (at {servers})\nhint: create them with the cluster's own tools, give --create-topics PARTITIONS, or name \
         others in the configuration"
    )]
    MissingTopics {
        /// The names of the missing topics.
        topics: String,
        /// The brokers that were asked.
        servers: String,
    },
    /// No broker answers.
    #[error("{0}\nhint: give the brokers with --bootstrap-servers HOST:PORT")]
    Unreachable(String),
    /// A record cannot be sent.
    #[error("nothing can be sent")]
    Produce(#[from] ProduceError),
}

/// Runs the command.
///
/// # Errors
/// A bad configuration, a missing topic, a record that cannot be delivered.
pub fn generate(args: &GenerateArgs) -> anyhow::Result<()> {
    let servers = args.bootstrap_servers.iter().map(|servers| ("kafka.bootstrap_servers".to_owned(), servers.clone())).collect::<Vec<_>>();
    let configuration = args.configuration.load(&servers)?;
    let now = wall_now();
    let mut profile = profile(args, now)?;
    let topics = Topics::new(&configuration);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    profile.partitions = ensure_topics(&runtime, &configuration, &topics, args.create_topics)?;
    let stop = Arc::new(AtomicBool::new(false));
    let stop_on_signal = Arc::clone(&stop);
    runtime.spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop_on_signal.store(true, Ordering::Relaxed);
        }
    });
    let begun = Instant::now();
    let sent = send(args, now, profile, &configuration, &topics, &stop)?;
    note(format_args!("{sent}{} records in {:.1} s", sent.records(), begun.elapsed().as_secs_f64()));
    if args.faults.is_some() {
        print_line(sent.expected_json())?;
    }
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(())
}

/// The profile of the organisation that the arguments ask for. Its office clock is set so that it is a busy morning now.
fn profile(args: &GenerateArgs, now: EventTime) -> Result<Profile, Usage> {
    if args.history.is_some_and(|history| history < Span::hours(1)) {
        return Err(Usage("`--history` is shorter than an hour\nhint: give at least 1h, or leave it out".to_owned()));
    }
    let medium = Profile::medium().busy_at(now);
    Ok(match (args.history, args.rate, args.events) {
        (None, Some(rate), _) => Profile::sized(Volume::EventsPerSecond(rate)).busy_at(now),
        (Some(_), Some(rate), _) => {
            let contacts_per_hour = rate * 3_600.0 / Profile::EVENTS_PER_CONTACT / Profile::BUSY_MORNING;
            Profile::sized(Volume::ContactsPerHour(contacts_per_hour.max(1.0))).busy_at(now)
        }
        (Some(history), None, Some(events)) => medium.sized_for(events, now - history, now),
        (_, None, _) => medium,
    })
}

/// Makes sure that the topics exist, before any record is sent. Returns the smallest number of partitions, which is the number of each in a sound
/// cluster.
fn ensure_topics(
    runtime: &tokio::runtime::Runtime,
    configuration: &Configuration,
    topics: &Topics,
    partitions: Option<i32>,
) -> Result<i32, GenerateError> {
    let found = look_up(configuration, topics)?;
    let missing = missing_in(&found);
    let Some(partitions) = partitions.filter(|_| !missing.is_empty()) else {
        return all_there(&found, configuration);
    };
    let names: Vec<&str> = missing.iter().map(String::as_str).collect();
    runtime.block_on(create_topics(&configuration.kafka, &names, partitions))?;
    // It takes a moment until every broker knows a new topic.
    let deadline = Instant::now() + Duration::from_secs(15);
    loop {
        let found = look_up(configuration, topics)?;
        if missing_in(&found).is_empty() || Instant::now() > deadline {
            return all_there(&found, configuration);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The smallest number of partitions of the topics.
fn all_there(found: &TopicsFound, configuration: &Configuration) -> Result<i32, GenerateError> {
    let missing = missing_in(found);
    if missing.is_empty() {
        let counts = found.iter().filter_map(|(_, presence)| partitions_of(presence));
        return Ok(counts.min().and_then(|count| i32::try_from(count).ok()).unwrap_or(1));
    }
    Err(GenerateError::MissingTopics { topics: missing.join(", "), servers: configuration.kafka.bootstrap_servers.clone() })
}

fn missing_in(found: &TopicsFound) -> Vec<String> {
    found.iter().filter(|(_, presence)| partitions_of(presence).is_none()).map(|(name, _)| name.clone()).collect()
}

fn partitions_of(presence: &TopicPresence) -> Option<usize> {
    match presence {
        TopicPresence::Partitions(count) => Some(*count),
        TopicPresence::Missing | TopicPresence::Refused => None,
    }
}

fn look_up(configuration: &Configuration, topics: &Topics) -> Result<TopicsFound, GenerateError> {
    let names = topics.names().into_iter().map(str::to_owned).collect();
    let cluster = Cluster::new(&configuration.kafka, names).map_err(ProduceError::from)?;
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match cluster.topics() {
            Ok(found) => return Ok(found.map_err(ProduceError::from)?.into_iter().collect()),
            Err(error) if Instant::now() > deadline => return Err(GenerateError::Unreachable(error.to_string())),
            Err(_) => std::thread::sleep(Duration::from_millis(250)),
        }
    }
}

fn send(
    args: &GenerateArgs,
    now: EventTime,
    profile: Profile,
    configuration: &Configuration,
    topics: &Topics,
    stop: &AtomicBool,
) -> Result<SentRecords, ProduceError> {
    let start = now - args.history.unwrap_or_default();
    let organisation = Organisation::new(profile, args.seed, start);
    let records = FaultInjector::new(organisation, args.faults.unwrap_or_default(), args.seed);
    let producer = Producer::new(&configuration.kafka)?;
    let limits = SendLimits { records_max: args.events, until: args.live_for.map(|live| now + live) };
    let mut last_line = Instant::now();
    send_in_time(records, &producer, topics, limits, stop, |record, count| {
        if last_line.elapsed() >= Duration::from_secs(5) {
            last_line = Instant::now();
            note(format_args!("{count} records, now at {}", record.time));
        }
    })
}

fn span(text: &str) -> Result<Span, String> {
    parse_span(text).ok_or_else(|| "wanted is a number and a unit, such as `30s`, `10m` or `30d`".to_owned())
}

fn rate(text: &str) -> Result<f64, String> {
    const RATE_MAX: f64 = 1e6;
    text.parse().ok().filter(|rate| *rate > 0.0 && *rate <= RATE_MAX).ok_or_else(|| "wanted is a number above 0, up to 1000000".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|share| (0.0..=0.5).contains(share)).ok_or_else(|| "wanted is a share from 0 to 0.5".to_owned())
}
