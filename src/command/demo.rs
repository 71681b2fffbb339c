//! `cxpulse demo`: an embedded broker, a synthetic organisation, and the same service as in `cxpulse run`, all in one process with nothing installed.
//!
//! The broker keeps about 5 MiB a partition and silently drops the rest. So the history is compressed and spread over enough partitions, and at the end
//! the number of records read is compared with the number sent. Does not know how any of the parts works.

mod messages;
mod parts;

use std::net::SocketAddr;
use std::time::Duration;

use super::options::{LogArgs, WebArgs};
use super::run::first_signal;
use crate::config::{self, Configuration, parse_span};
use crate::time::Span;
use messages::DemoMessages;
use parts::DemoParts;

const EXAMPLES: &str = "\
Examples:
  Run until Ctrl-C:                        cxpulse demo
  On another port, for a minute:           cxpulse demo --port 8080 --for 60s
  With an incident at its height:          cxpulse demo --incident-since 6m

A synthetic support organisation with some 24,000 customers runs through 30 days of history as fast as the machine can, and then goes on in real time. \
Its office clock is set so that it is a busy weekday morning now. \
A little over a minute later, and then every 40 minutes, an incident of one team begins: its contacts pile up, its customers wait, and satisfaction falls. \
The page says at its top which team it is, since when, and what has changed.";

/// The longest time for which an incident may have been going on at the start, so that quiet time is left before the next one.
const INCIDENT_SINCE_MAX: Span = Span::minutes(10);

/// Warnings, except that producers stamp the records: in the demo that is intended.
const LOG_FILTER: &str = "warn,cxpulse::records=error";

/// The journey stages of the organisation. Their time-outs are short enough to be seen within the history.
const STAGES: &str = r#"[
    { name = "awareness", idle_timeout = "3d", dwell_target = "6h" },
    { name = "trial", idle_timeout = "7d", dwell_target = "2d" },
    { name = "onboarding", idle_timeout = "10d", dwell_target = "2d" },
    { name = "use", idle_timeout = "45d" },
    { name = "renewal", idle_timeout = "21d", dwell_target = "3d" },
]"#;

/// The targets of the organisation. The clock of the resolution stands still while the customer has to answer, as most contracts of service have it.
/// The organisation's schedule is round the clock, because its office clock differs from the wall clock.
const TARGETS: [(&str, &str); 11] = [
    ("targets.first_response", r#"{ within = "1h", share = 0.8, overrides = [{ where = { channel = "chat" }, within = "2m" }] }"#),
    ("targets.next_response", r#"{ within = "1h", share = 0.8 }"#),
    ("targets.resolution", r#"{ within = "24h", share = 0.8, pauses = ["pending"] }"#),
    ("targets.chat_wait", r#"{ within = "60s", share = 0.8 }"#),
    ("targets.csat", "{ value = 0.75 }"),
    ("targets.nps_service", "{ value = 20 }"),
    ("targets.nps_experience", "{ value = 30 }"),
    ("targets.ces", "{ value = 2.5 }"),
    ("targets.churn", "{ value = 0.05 }"),
    ("schedules.always", ALWAYS),
    ("schedule_rules", r#"[{ schedule = "always" }]"#),
];
const ALWAYS: &str = r#"{ zone = "UTC", monday = ["00:00-24:00"], tuesday = ["00:00-24:00"], wednesday = ["00:00-24:00"], thursday = ["00:00-24:00"], friday = ["00:00-24:00"], saturday = ["00:00-24:00"], sunday = ["00:00-24:00"] }"#;

/// Shows the whole service at work, without a Kafka cluster.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct DemoArgs {
    /// End after this time, such as `60s`. Default: end at Ctrl-C.
    #[arg(long = "for", value_name = "SPAN", value_parser = span)]
    pub run_for: Option<Span>,

    /// Start in the midst of an incident that began this long ago, at most 10m. Default: the first one begins 75 s after the start.
    #[arg(long, value_name = "SPAN", value_parser = incident_span)]
    pub incident_since: Option<Span>,

    /// The seed of the simulation: the same seed and starting time give the same events.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// The port of the page and the metrics on this machine; short for --web.listen-address 127.0.0.1:PORT. 0 takes a free port.
    #[arg(long, value_name = "PORT", conflicts_with = "listen_addresses")]
    pub port: Option<u16>,

    /// The HTTP server.
    #[command(flatten)]
    pub web: WebArgs,

    /// Logs; by default only warnings.
    #[command(flatten)]
    pub log: LogArgs,
}

/// Runs the command.
///
/// # Errors
/// A bad flag, a port in use, or a part that does not start.
pub fn demo(args: &DemoArgs) -> anyhow::Result<()> {
    let configuration = configuration(args)?;
    super::logging::start(&configuration.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let ended = runtime.block_on(run(args, configuration));
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

async fn run(args: &DemoArgs, configuration: Configuration) -> anyhow::Result<()> {
    let interrupted = first_signal()?;
    let mut parts = DemoParts::start(configuration, args.seed, args.incident_since).await?;
    let mut messages = DemoMessages::new();
    let end = args.run_for.and_then(|span| u64::try_from(span.0).ok()).map(Duration::from_millis);
    let followed = match messages.print_addresses(parts.addresses()) {
        Err(error) => Err(error.into()),
        Ok(()) => tokio::select! {
            followed = messages.follow(&mut parts) => followed,
            () = sleep(end) => Ok(()),
            () = interrupted => Ok(()),
        },
    };
    let sums = parts.stop().await;
    followed?;
    Ok(messages.print_sums(&sums?)?)
}

/// The built-in configuration, with the demo's own settings and then the flags over it.
fn configuration(args: &DemoArgs) -> anyhow::Result<Configuration> {
    let own =
        [("kafka.group_id", "cxpulse-demo"), ("surveys.ces_direction", "ease"), ("customers.currency", "EUR"), ("journey.stages", STAGES)];
    let flags = own.iter().chain(&TARGETS).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let mut flags: Vec<(String, String)> = flags.collect();
    let mut set = |key: &str, value: String| flags.push((key.to_owned(), value));
    set("log.filter", args.log.level.clone().unwrap_or_else(|| LOG_FILTER.to_owned()));
    if let Some(json) = args.log.json {
        set("log.json", json.to_string());
    }
    if let Some(port) = args.port {
        set("web.listen_addresses", SocketAddr::from(([127, 0, 0, 1], port)).to_string());
    }
    flags.extend(args.web.overrides());
    Ok(config::load(None, Vec::new(), &flags)?.configuration)
}

async fn sleep(end: Option<Duration>) {
    match end {
        Some(end) => tokio::time::sleep(end).await,
        None => std::future::pending().await,
    }
}

fn span(text: &str) -> Result<Span, String> {
    parse_span(text).ok_or_else(|| "wanted is a number and a unit, such as `30s` or `10m`".to_owned())
}

fn incident_span(text: &str) -> Result<Span, String> {
    let since = span(text)?;
    if since <= INCIDENT_SINCE_MAX { Ok(since) } else { Err(format!("an incident began at most {INCIDENT_SINCE_MAX} ago")) }
}
