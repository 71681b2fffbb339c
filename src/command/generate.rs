//! `cxpulse generate`: the made organisation against a real cluster.
//!
//! Does not know how the organisation works, or what a service makes of its events.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::failure::Usage;
use super::feeding::{Limits, Tally, Topics, feed};
use super::options::ConfigurationArgs;
use crate::config::{Configuration, parse_span};
use crate::kafka::produce::{ProduceError, Producer, create_topics};
use crate::kafka::{Cluster, TopicState};
use crate::organisation::{FaultInjector, Organisation, Profile, Volume};
use crate::runtime::wall_now;
use crate::time::{EventTime, Span};

const EXAMPLES: &str = "\
Examples:
  A month of history, then live at the organisation's own pace until Ctrl-C:
    cxpulse generate --bootstrap-servers localhost:9092 --create-topics 6 --history 30d

  A steady load of 2000 events per second for ten minutes:
    cxpulse generate --bootstrap-servers localhost:9092 --rate 2000 --for 10m

  Exactly a million records as fast as the cluster takes them, some followed by a fault; the ledger to expect on stdout:
    cxpulse generate --bootstrap-servers localhost:9092 --history 30d --events 1000000 --faults=0.01 > expected.json

Records are keyed by customer (contacts of unknown customers by their own id) and partitioned as Java's clients do. \
Their timestamp is the time of their event, so topics should keep message.timestamp.type=CreateTime. \
What was sent is told on stderr, by topic and type.";

/// Sends the events of a made support organisation to a cluster.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct GenerateArgs {
    /// Kafka brokers, `host:port`, several with commas between. Default: those of the configuration.
    #[arg(long, value_name = "HOSTS")]
    pub bootstrap_servers: Option<String>,

    /// Events per second. Without history it is kept at every hour; with history it is that of a busy morning, and the history is in proportion.
    #[arg(long, value_name = "N", value_parser = rate)]
    pub rate: Option<f64>,

    /// Stop after this time of live events, such as `10m`; `0s` sends history alone.
    #[arg(long = "for", value_name = "SPAN", value_parser = span)]
    pub live_for: Option<Span>,

    /// Stop after this many records, faulty ones included. With --history and without --rate the organisation is sized to have a few more in it,
    /// so that all are sent at once; the last is then some time ago.
    #[arg(long, value_name = "N")]
    pub events: Option<u64>,

    /// What the organisation does follows from this number and the time it starts.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// First send this much of the past, as fast as the cluster takes it.
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub history: Option<Span>,

    /// Create missing topics with this many partitions each.
    #[arg(long, value_name = "PARTITIONS", value_parser = clap::value_parser!(i32).range(1..))]
    pub create_topics: Option<i32>,

    /// After this share of the records send a duplicate, late, future, invalid or empty one, and print the ledger to expect as JSON.
    #[arg(long, value_name = "SHARE", value_parser = share, num_args = 0..=1, require_equals = true, default_missing_value = "0.01")]
    pub faults: Option<f64>,

    /// Topic names and client properties.
    #[command(flatten)]
    pub configuration: ConfigurationArgs,
}

/// Why nothing can be generated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenerateError {
    /// Topics that are not there.
    #[error(
        "the topics are missing: {topics} (at {servers})\nhint: create them with the cluster's own tools, give --create-topics PARTITIONS, or name \
         others in the configuration"
    )]
    MissingTopics {
        /// Their names.
        topics: String,
        /// The brokers asked.
        servers: String,
    },
    /// Nobody answers.
    #[error("{0}\nhint: give the brokers with --bootstrap-servers HOST:PORT")]
    Unreachable(String),
    /// Sending failed.
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
    let profile = profile(args, now)?;
    let topics = Topics::new(&configuration);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    prepare(&runtime, &configuration, &topics, args.create_topics)?;
    let stop = Arc::new(AtomicBool::new(false));
    let told_to_stop = Arc::clone(&stop);
    runtime.spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            told_to_stop.store(true, Ordering::Relaxed);
        }
    });
    let begun = Instant::now();
    let tally = send(args, now, profile, &configuration, &topics, &stop)?;
    eprint!("{tally}");
    eprintln!("{} records in {:.1} s", tally.records(), begun.elapsed().as_secs_f64());
    if args.faults.is_some() {
        println!("{}", tally.expected_json());
    }
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(())
}

/// The organisation that the arguments ask for; its office clock is set so that it is a busy morning now.
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

/// Sees to it that the topics are there, before anything is sent.
fn prepare(
    runtime: &tokio::runtime::Runtime,
    configuration: &Configuration,
    topics: &Topics,
    partitions: Option<i32>,
) -> Result<(), GenerateError> {
    let missing = missing_topics(configuration, topics)?;
    let Some(partitions) = partitions.filter(|_| !missing.is_empty()) else {
        return found(&missing, configuration);
    };
    let names: Vec<&str> = missing.iter().map(String::as_str).collect();
    runtime.block_on(create_topics(&configuration.kafka, &names, partitions))?;
    // A topic is known to every broker only a little later.
    let deadline = Instant::now() + Duration::from_secs(15);
    loop {
        let missing = missing_topics(configuration, topics)?;
        if missing.is_empty() || Instant::now() > deadline {
            return found(&missing, configuration);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn found(missing: &[String], configuration: &Configuration) -> Result<(), GenerateError> {
    if missing.is_empty() {
        return Ok(());
    }
    Err(GenerateError::MissingTopics { topics: missing.join(", "), servers: configuration.kafka.bootstrap_servers.clone() })
}

fn missing_topics(configuration: &Configuration, topics: &Topics) -> Result<Vec<String>, GenerateError> {
    let names = topics.names().into_iter().map(str::to_owned).collect();
    let cluster = Cluster::new(&configuration.kafka, names).map_err(ProduceError::from)?;
    let deadline = Instant::now() + Duration::from_secs(10);
    let states = loop {
        match cluster.topics() {
            Ok(states) => break states.map_err(ProduceError::from)?,
            Err(error) if Instant::now() > deadline => return Err(GenerateError::Unreachable(error.to_string())),
            Err(_) => std::thread::sleep(Duration::from_millis(250)),
        }
    };
    let is_there = |state: &TopicState| matches!(state, TopicState::Partitions(_));
    Ok(states.into_iter().filter(|(_, state)| !is_there(state)).map(|(name, _)| name).collect())
}

fn send(
    args: &GenerateArgs,
    now: EventTime,
    profile: Profile,
    configuration: &Configuration,
    topics: &Topics,
    stop: &AtomicBool,
) -> Result<Tally, ProduceError> {
    let start = now - args.history.unwrap_or_default();
    let organisation = Organisation::new(profile, args.seed, start);
    let records = FaultInjector::new(organisation, args.faults.unwrap_or_default(), args.seed);
    let producer = Producer::new(&configuration.kafka)?;
    let limits = Limits { records_max: args.events, until: args.live_for.map(|live| now + live) };
    let mut last_told = Instant::now();
    feed(records, &producer, topics, limits, stop, |fed, count| {
        if last_told.elapsed() >= Duration::from_secs(5) {
            last_told = Instant::now();
            eprintln!("{count} records, now at {}", fed.time);
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
