//! `cxpulse feed`: the stage in front of the service that turns the payloads of help desks into events; and the tests of a feed's examples.
//!
//! Does not know how a payload is mapped, sent or kept.

mod backfill;
mod examples;
mod reload;

use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::oneshot;

use self::reload::{FeedParts, FeedReloader, FeedSources};
use super::hang_ups::HangUps;
use super::logging;
use super::run::first_signal;
use crate::config::{FeedsConfiguration, LoadedFeeds, default_feeds_file, load_feeds};
use crate::event::DecodeSettings;
use crate::feed::{RejectionReason, SHIPPED, STACK_BYTES};
use crate::http::{self, Access, WebhookSite, serve_webhooks};
use crate::intake::{FeedMapper, Spool, TopicIntake, WebhookIntake};
use crate::kafka::{ConfirmedProducer, Failure, StageStatus, TableRows, run_stage};
use crate::metrics::feed_telemetry::FeedTelemetry;
use crate::runtime::wall_now;

const EXAMPLES: &str = "\
Examples:
  Map raw topics and webhooks:
    cxpulse feed --config feeds.toml
  A configuration to begin with:
    cxpulse feed --print-default > feeds.toml
  The feeds that are part of cxpulse:
    cxpulse feed --list
  The past of a help desk, once, before the first start:
    cxpulse feed backfill --config feeds.toml
  The same from an export of the help desk's REST interface:
    cxpulse feed backfill --config feeds.toml --input zendesk=tickets.jsonl.gz --complete
  Whether a feed of your own does what its examples say:
    cxpulse feed test ./my-desk

Exit codes:
  0 clean end
  1 failure, such as a port in use
  5 the cluster refused authentication, authorisation or this member
  78 wrong configuration, or a program with a fault";

/// How often the end of a side is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The stage in front of the service: turn the payloads of help desks into events.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct FeedArgs {
    #[command(subcommand)]
    command: Option<FeedCommand>,

    /// The configuration of the feeds (TOML).
    #[arg(long, value_name = "FILE", required_unless_present_any = ["print_default", "list"])]
    config: Option<PathBuf>,

    /// Override one setting by its key, such as `--set kafka.group_id=desk`. Repeatable.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = super::options::assignment)]
    set: Vec<(String, String)>,

    /// Check the configuration and compile the programs, and do nothing else.
    #[arg(long)]
    check: bool,

    /// Print a commented configuration, which can serve as a template.
    #[arg(long, conflicts_with = "config")]
    print_default: bool,

    /// List the feeds that are part of cxpulse, or print one's page: --list=zendesk.
    #[arg(long, conflicts_with = "config", value_name = "NAME", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    list: Option<String>,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum FeedCommand {
    Test(examples::TestArgs),
    Backfill(backfill::BackfillArgs),
}

/// Runs the command.
///
/// # Errors
/// A bad configuration, a program with a fault, a port in use, a cluster that refuses this client, or an example that fails.
pub fn run(args: &FeedArgs) -> anyhow::Result<()> {
    match &args.command {
        Some(FeedCommand::Test(args)) => return examples::test(args),
        Some(FeedCommand::Backfill(args)) => return backfill::backfill(args),
        None => {}
    }
    if args.print_default {
        return Ok(super::printing::print_line(default_feeds_file().trim_end())?);
    }
    if let Some(name) = &args.list {
        return list(name);
    }
    let Some(path) = &args.config else { return Err(super::Usage("give --config FILE".to_owned()).into()) };
    let loaded = load_feeds(path, &args.set)?;
    let configuration = &loaded.configuration;
    logging::start(&configuration.log)?;
    for warning in &loaded.warnings {
        tracing::warn!(place = warning.place, hint = warning.hint, "{}", warning.what);
    }
    let mapper = compiled(configuration)?;
    if args.check {
        Access::open(configuration.web.config_file.as_deref())?;
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let signal = first_signal()?;
        serve_until(loaded, FeedSources { path: path.clone(), overrides: args.set.clone() }, mapper, signal).await
    })
}

/// The settings with which the events of feeds are checked. The service may know further dimensions, and a direction of effort scores.
pub(super) fn decode_settings() -> DecodeSettings {
    let mut decode = crate::config::Configuration::default().decode;
    decode.ces_ease = Some(true);
    decode
}

/// Compiles every program, so that a fault ends the command before anything is taken.
fn compiled(configuration: &FeedsConfiguration) -> anyhow::Result<Arc<FeedMapper>> {
    let configuration = configuration.clone();
    Ok(Arc::new(on_deep_stack(move || FeedMapper::new(&configuration, &decode_settings()))?))
}

/// Runs work on a thread with the stack that programs need.
pub(super) fn on_deep_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work).expect("the system starts a thread");
    match thread.join() {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// Maps payloads until `stop` completes or a side cannot go on.
async fn serve_until(
    loaded: LoadedFeeds,
    sources: FeedSources,
    mapper: Arc<FeedMapper>,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    // Before anything else, so that a SIGHUP never ends the process.
    let hang_ups = HangUps::listen()?;
    let configuration = loaded.configuration.clone();
    let access = Access::open(configuration.web.config_file.as_deref())?;
    let scheme = if access.is_encrypted() { "https" } else { "http" };
    let listeners = http::bind(&configuration.web.listen_addresses).await?;
    for listener in &listeners {
        tracing::info!("listening on {scheme}://{}", listener.local_addr()?);
    }
    let names: Vec<&str> = configuration.feeds.iter().map(|feed| feed.settings.name.as_str()).collect();
    let reasons: Vec<&str> = RejectionReason::ALL.iter().map(|reason| reason.name()).collect();
    let telemetry = Arc::new(FeedTelemetry::new(&names, &reasons));
    let tables = read_tables(&configuration, &mapper, |_| {})?;
    telemetry.set_reloaded(wall_now());
    let parts = FeedParts { mapper: Arc::clone(&mapper), access: Arc::clone(&access), telemetry: Arc::clone(&telemetry) };
    let following = tokio::spawn(hang_ups.follow(Arc::new(FeedReloader::new(sources, loaded, parts))));
    let spool = Spool::open(&configuration.spool_folder, configuration.spool_bytes_max)?;
    let producer = ConfirmedProducer::new(&configuration.kafka)?;

    let status = Arc::new(StageStatus::default());
    let tables = tables.map(|rows| follow_tables(rows, Arc::clone(&mapper), Arc::clone(&status))).transpose()?;
    let side = start_topic_side(&configuration, Arc::clone(&mapper), Arc::clone(&status), Arc::clone(&telemetry))?;
    let topics = side.is_some().then(|| Arc::clone(&status));
    let intake = Arc::new(WebhookIntake::new(&configuration, mapper, producer, spool, telemetry, topics)?);
    let site = WebhookSite {
        taker: Arc::clone(&intake),
        access,
        hosts: configuration.web.hosts.clone(),
        telemetry_path: configuration.web.telemetry_path.clone(),
        body_bytes_max: configuration.body_bytes_max,
    };
    let (close, closed) = oneshot::channel::<()>();
    let server = tokio::spawn(serve_webhooks(listeners, site, async {
        // The sender is only ever dropped, which completes this too.
        drop(closed.await);
    }));
    let sending = Arc::clone(&intake);
    let spooled = tokio::spawn(async move { sending.send_spooled().await });

    tokio::select! {
        () = end_of(side.as_ref(), &intake) => {}
        () = pin!(stop) => {}
    }
    status.is_stopping.store(true, Ordering::Relaxed);
    drop(close);
    server.await?;
    spooled.abort();
    following.abort();
    if let Some(side) = side {
        let ended = tokio::task::spawn_blocking(move || side.join()).await?;
        ended.map_err(|_| anyhow::anyhow!("the thread of the topics panicked; its message stands above"))??;
    }
    if let Some(tables) = tables {
        let ended = tokio::task::spawn_blocking(move || tables.join()).await?;
        ended.map_err(|_| anyhow::anyhow!("the thread of the tables panicked; its message stands above"))?;
    }
    anyhow::ensure!(intake.can_map(), "the thread that maps webhooks panicked; its message stands above");
    tracing::info!("stopped");
    Ok(())
}

/// Fills the tables that topics have, before the first payload, and calls `each` with each row. `None` where no feed has any.
///
/// # Errors
/// When a topic is missing, or the brokers do not answer.
pub(super) fn read_tables(
    configuration: &FeedsConfiguration,
    mapper: &FeedMapper,
    mut each: impl FnMut(&[u8]),
) -> anyhow::Result<Option<TableRows>> {
    let topics = mapper.table_topics();
    if topics.is_empty() {
        return Ok(None);
    }
    let mut rows: Vec<(String, Vec<u8>)> = Vec::new();
    let reader = TableRows::read(&configuration.kafka, &topics, |topic, row| {
        each(row);
        rows.push((topic.to_owned(), row.to_vec()));
    })?;
    mapper.take_rows(&rows);
    tracing::info!(records = rows.len(), topics = topics.join(", "), "the tables of `lookup` were read");
    Ok(Some(reader))
}

/// Takes the rows that change while payloads are mapped.
fn follow_tables(rows: TableRows, mapper: Arc<FeedMapper>, status: Arc<StageStatus>) -> std::io::Result<std::thread::JoinHandle<()>> {
    std::thread::Builder::new().name("tables".to_owned()).spawn(move || {
        rows.follow(|topic, row| mapper.take_rows([&(topic.to_owned(), row.to_vec())]), || status.is_stopping.load(Ordering::Relaxed));
    })
}

type TopicSide = std::thread::JoinHandle<Result<(), Failure>>;

/// Starts the side of the topics, where a feed has any.
fn start_topic_side(
    configuration: &FeedsConfiguration,
    mapper: Arc<FeedMapper>,
    status: Arc<StageStatus>,
    telemetry: Arc<FeedTelemetry>,
) -> anyhow::Result<Option<TopicSide>> {
    let inputs: Vec<String> = configuration.feeds.iter().flat_map(|feed| feed.topics.iter().cloned()).collect();
    if inputs.is_empty() {
        return Ok(None);
    }
    let configuration = configuration.clone();
    let transactional_id = format!("{}-{}", configuration.kafka.group_id, configuration.instance);
    let side = std::thread::Builder::new().name("topics".to_owned()).stack_size(STACK_BYTES).spawn(move || {
        let mut intake = TopicIntake::new(&configuration, mapper, telemetry);
        run_stage(&configuration.kafka, &inputs, &transactional_id, &mut intake, &status)
    })?;
    Ok(Some(side))
}

/// Completes when one of the threads that map ends before the stage is stopped.
async fn end_of(side: Option<&TopicSide>, intake: &WebhookIntake) {
    while intake.can_map() && !side.is_some_and(std::thread::JoinHandle::is_finished) {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Lists the shipped feeds, or prints the page of one.
fn list(name: &str) -> anyhow::Result<()> {
    if name.is_empty() {
        for feed in SHIPPED {
            let about = feed.page.lines().skip(1).find(|line| !line.trim().is_empty()).unwrap_or_default();
            super::printing::print_line(format!("{:<18} {about}", feed.name))?;
        }
        return Ok(());
    }
    match crate::feed::shipped(name) {
        Some(feed) => Ok(super::printing::print_line(feed.page.trim_end())?),
        None => Err(super::Usage(format!("no feed `{name}` is part of cxpulse; `cxpulse feed --list` lists them")).into()),
    }
}
