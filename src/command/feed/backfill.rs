//! `cxpulse feed backfill`: maps what raw topics hold up to now, sorts it by event time, and sends it; the stage goes on from there.
//!
//! Does not know how records are mapped or sorted.

use std::path::PathBuf;
use std::sync::Arc;

use super::{decode_settings, on_deep_stack};
use crate::command::logging;
use crate::command::printing::note;
use crate::config::{FeedsConfiguration, load_feeds};
use crate::feed::RejectionReason;
use crate::intake::{FeedMapper, SortedHistory, TopicIntake};
use crate::kafka::{HistoryTransfer, RawRecordMapper};
use crate::metrics::feed_telemetry::FeedTelemetry;

/// The records of one transaction.
const BATCH_RECORDS: usize = 10_000;

/// Map what raw topics hold up to now in the order of event time, once, before `cxpulse feed` runs.
///
/// A help desk's first snapshot comes table after table; sent as it comes, all but the first table would be late. If this is ended and begun again, the
/// events that were sent before come again with the same ids, which changes nothing.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct BackfillArgs {
    /// The configuration of the feeds (TOML).
    #[arg(long, value_name = "FILE")]
    config: PathBuf,

    /// Override one setting by its key. Repeatable.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = crate::command::options::assignment)]
    set: Vec<(String, String)>,

    /// A raw topic; default: all raw topics of the configuration. Repeatable.
    #[arg(long, value_name = "NAME")]
    topic: Vec<String>,
}

/// Runs the command. A summary goes to stderr.
///
/// # Errors
/// A bad configuration, a topic that no feed has, a cluster that does not answer, or a full disk.
pub(super) fn backfill(args: &BackfillArgs) -> anyhow::Result<()> {
    let configuration = load_feeds(&args.config, &args.set)?.configuration;
    logging::start(&configuration.log)?;
    let known: Vec<String> = configuration.feeds.iter().flat_map(|feed| feed.topics.iter().cloned()).collect();
    if let Some(topic) = args.topic.iter().find(|topic| !known.contains(topic)) {
        return Err(crate::command::Usage(format!("no feed of the configuration has the topic `{topic}`")).into());
    }
    let topics = if args.topic.is_empty() { known } else { args.topic.clone() };
    on_deep_stack(move || transfer(&configuration, &topics))
}

fn transfer(configuration: &FeedsConfiguration, topics: &[String]) -> anyhow::Result<()> {
    let names: Vec<&str> = configuration.feeds.iter().map(|feed| feed.settings.name.as_str()).collect();
    let reasons: Vec<&str> = RejectionReason::ALL.iter().map(|reason| reason.name()).collect();
    let mapper = Arc::new(FeedMapper::new(configuration, &decode_settings())?);
    let mut intake = TopicIntake::new(configuration, mapper, Arc::new(FeedTelemetry::new(&names, &reasons)));
    let id = format!("{}-{}-backfill", configuration.kafka.group_id, configuration.instance);
    let mut transfer = HistoryTransfer::begin(&configuration.kafka, topics, &id)?;
    let mut history = SortedHistory::default();
    let (mut totals, mut failed) = ([0; 3], None);
    transfer.read(|record| {
        let mut results = Vec::new();
        intake.map(record, &mut results);
        for (total, count) in totals.iter_mut().zip(intake.outcomes()) {
            *total += count;
        }
        intake.settled(true);
        for result in results {
            if let Err(error) = history.add(result) {
                failed.get_or_insert(error);
            }
        }
    })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    let records = history.len();
    history.for_each_batch(BATCH_RECORDS, |batch, is_last| Ok::<(), anyhow::Error>(transfer.send(batch, is_last)?))?;
    let [mapped, dropped, rejected] = totals;
    note(format!(
        "{records} records sent in the order of time; payloads: {mapped} mapped, {dropped} that mean nothing, {rejected} rejected"
    ));
    Ok(())
}
