//! `cxpulse feed backfill`: maps what raw topics hold up to now and what a help desk has exported, sorts it by event time, and sends it; the stage goes on
//! from there.
//!
//! Does not know how records are mapped or sorted.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context;
use indicatif::ProgressBar;

use super::{decode_settings, on_deep_stack};
use crate::command::json_lines::{Input, InputError};
use crate::command::logging;
use crate::command::options::{instant, named_file};
use crate::command::printing::note;
use crate::config::{FeedsConfiguration, load_feeds};
use crate::feed::RejectionReason;
use crate::intake::{ExportIntake, FeedMapper, FirstSnapshot, SortedHistory, TopicIntake};
use crate::kafka::{HistoryTransfer, RawRecordMapper, StageRecord};
use crate::metrics::feed_telemetry::FeedTelemetry;
use crate::time::EventTime;

/// The records of one transaction.
const BATCH_RECORDS: usize = 10_000;
/// A ticket with all that was ever written to it is one line of an export.
const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Map what raw topics and exports hold in the order of event time, once, before `cxpulse feed` runs.
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

    /// A raw topic; default: all raw topics of the configuration, or none where an input is given. Repeatable.
    #[arg(long, value_name = "NAME")]
    topic: Vec<String>,

    /// A feed, and a file of objects of the help desk's REST interface, one a line (plain or gzip); the page of the feed says which. Repeatable.
    #[arg(long, value_name = "FEED=FILE", value_parser = export)]
    input: Vec<Export>,

    /// When the inputs were exported: tickets that are open in them were open then. Default: when the file was written.
    #[arg(long, value_name = "TIME", value_parser = instant, requires = "input")]
    as_of: Option<EventTime>,

    /// Leave out what the inputs say of this time and later: from when on the webhooks have come.
    #[arg(long, value_name = "TIME", value_parser = instant, requires = "input")]
    until: Option<EventTime>,

    /// Send what there is, although the first snapshot of the help desk has not come to its end.
    #[arg(long)]
    unfinished: bool,

    /// The inputs hold every ticket that is open: what is open elsewhere and not in them has ended, and the backlog is complete.
    #[arg(long, requires = "input")]
    complete: bool,
}

/// An input: the name of a feed and a file.
#[derive(Clone, Debug)]
struct Export {
    feed: String,
    path: PathBuf,
}

/// Runs the command. A summary goes to stderr.
///
/// # Errors
/// A bad configuration, a topic that no feed has, an unknown feed, a file that cannot be read, a cluster that does not answer, or a full disk.
pub(super) fn backfill(args: &BackfillArgs) -> anyhow::Result<()> {
    let configuration = load_feeds(&args.config, &args.set)?.configuration;
    logging::start(&configuration.log)?;
    let known: Vec<String> = configuration.feeds.iter().flat_map(|feed| feed.topics.iter().cloned()).collect();
    if let Some(topic) = args.topic.iter().find(|topic| !known.contains(topic)) {
        return Err(crate::command::Usage(format!("no feed of the configuration has the topic `{topic}`")).into());
    }
    let topics = if args.topic.is_empty() && args.input.is_empty() { known } else { args.topic.clone() };
    let args = args.clone();
    on_deep_stack(move || Backfill::of(&configuration, args)?.send(&configuration, &topics))
}

/// A backfill under way: what was mapped so far, and what became of the payloads.
struct Backfill {
    args: BackfillArgs,
    mapper: Arc<FeedMapper>,
    history: SortedHistory,
    /// The payloads that were mapped, that mean nothing, and that were rejected.
    totals: [u64; 3],
    first_snapshot: FirstSnapshot,
}

impl Backfill {
    fn of(configuration: &FeedsConfiguration, args: BackfillArgs) -> anyhow::Result<Self> {
        let mapper = Arc::new(FeedMapper::new(configuration, &decode_settings())?);
        let mut first_snapshot = FirstSnapshot::default();
        super::read_tables(configuration, &mapper, |row| first_snapshot.note(row))?;
        Ok(Self { args, mapper, history: SortedHistory::default(), totals: [0; 3], first_snapshot })
    }

    fn send(mut self, configuration: &FeedsConfiguration, topics: &[String]) -> anyhow::Result<()> {
        // The inputs first: a file that cannot be read must not leave half of a history in the topics.
        for export in self.args.input.clone() {
            self.map_export(configuration, &export)?;
        }
        self.end_sets(configuration)?;
        let id = format!("{}-{}-backfill", configuration.kafka.group_id, configuration.instance);
        let mut transfer = HistoryTransfer::begin(&configuration.kafka, topics, &id)?;
        self.map_topics(configuration, &transfer)?;
        self.check_whole(topics)?;
        let records = self.history.len();
        let [mapped, dropped, rejected] = self.totals;
        self.history.for_each_batch(BATCH_RECORDS, |batch, is_last| Ok::<(), anyhow::Error>(transfer.send(batch, is_last)?))?;
        note(format!(
            "{records} records sent in the order of time; payloads: {mapped} mapped, {dropped} that mean nothing, {rejected} rejected"
        ));
        Ok(())
    }

    /// Maps the records of the raw topics.
    fn map_topics(&mut self, configuration: &FeedsConfiguration, transfer: &HistoryTransfer) -> anyhow::Result<()> {
        let names: Vec<&str> = configuration.feeds.iter().map(|feed| feed.settings.name.as_str()).collect();
        let reasons: Vec<&str> = RejectionReason::ALL.iter().map(|reason| reason.name()).collect();
        let telemetry = Arc::new(FeedTelemetry::new(&names, &reasons));
        let mut intake = TopicIntake::to_be_sorted(configuration, Arc::clone(&self.mapper), telemetry);
        let mut failed = None;
        transfer.read(|record| {
            let mut results = Vec::new();
            self.first_snapshot.note(record.value.unwrap_or_default());
            intake.map(record, &mut results);
            let outcomes = intake.outcomes();
            intake.settled(true);
            if let Err(error) = self.add(results, outcomes) {
                failed.get_or_insert(error);
            }
        })?;
        failed.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Half of a past would be sent once and then stay, because the rest would come too late.
    fn check_whole(&self, topics: &[String]) -> anyhow::Result<()> {
        let again = "wait until the connector has written its first snapshot, and run this again";
        anyhow::ensure!(
            self.totals.iter().sum::<u64>() > 0,
            "there is nothing to send: no payload in {}\nhint: {again}",
            if topics.is_empty() { "the inputs".to_owned() } else { topics.join(", ") }
        );
        anyhow::ensure!(
            self.args.unfinished || !self.first_snapshot.is_under_way(),
            "the first snapshot of the help desk is not complete in {}: its last row has not come\nhint: {again}; `--unfinished` sends what there is",
            topics.join(", ")
        );
        Ok(())
    }

    /// Maps the lines of a file.
    fn map_export(&mut self, configuration: &FeedsConfiguration, export: &Export) -> anyhow::Result<()> {
        let Some(feed) = configuration.feeds.iter().position(|feed| feed.settings.name == export.feed) else {
            return Err(crate::command::Usage(format!("no feed of the configuration has the name `{}`", export.feed)).into());
        };
        let as_of = self.as_of(export)?;
        let mapper = Arc::clone(&self.mapper);
        let mut intake = ExportIntake::new(&mapper, feed, as_of, self.args.until);
        let mut lines = Input::open(&export.path, &ProgressBar::hidden(), LINE_BYTES_MAX).map_err(|error| unreadable(&error))?;
        let (mut line, mut number) = (Vec::new(), 0_u64);
        while lines.read_line(&mut line).map_err(|error| unreadable(&error))? {
            number += 1;
            let place = format!("{}:{number}", export.path.display());
            let (records, outcomes) = intake.map(&line, &place);
            self.add(records, outcomes)?;
        }
        Ok(())
    }

    /// Says of each feed with inputs that they were complete, after the last of them.
    fn end_sets(&mut self, configuration: &FeedsConfiguration) -> anyhow::Result<()> {
        if !self.args.complete {
            return Ok(());
        }
        for (number, feed) in configuration.feeds.iter().enumerate() {
            let inputs: Vec<Export> = self.args.input.iter().filter(|export| export.feed == feed.settings.name).cloned().collect();
            let times: Vec<EventTime> = inputs.iter().map(|export| self.as_of(export)).collect::<Result<_, _>>()?;
            // What the first of the inputs said was true at its time, so the set began then.
            if let (Some(began), Some(ended)) = (times.iter().min(), times.iter().max()) {
                let end = self.mapper.end_of_set(number, *began, *ended);
                self.add(vec![end], [0; 3])?;
            }
        }
        Ok(())
    }

    fn as_of(&self, export: &Export) -> anyhow::Result<EventTime> {
        self.args.as_of.map_or_else(|| written_at(&export.path), Ok)
    }

    fn add(&mut self, records: Vec<StageRecord>, outcomes: [u64; 3]) -> std::io::Result<()> {
        for (total, count) in self.totals.iter_mut().zip(outcomes) {
            *total += count;
        }
        records.into_iter().try_for_each(|record| self.history.add(record))
    }
}

fn export(text: &str) -> Result<Export, String> {
    let (feed, path) = named_file(text).ok_or("wanted is FEED=FILE, such as zendesk=tickets.jsonl.gz")?;
    Ok(Export { feed, path })
}

fn unreadable(error: &InputError) -> anyhow::Error {
    anyhow::anyhow!("{error}: {}\nhint: an input is FEED=FILE, with JSON lines, plain or gzip", error.source)
}

/// When a file was written.
fn written_at(path: &Path) -> anyhow::Result<EventTime> {
    let failed = || format!("it is not known when `{}` was written\nhint: give `--as-of` with the time of the export", path.display());
    let written = std::fs::metadata(path).and_then(|file| file.modified()).with_context(failed)?;
    let since = written.duration_since(SystemTime::UNIX_EPOCH).with_context(failed)?;
    Ok(EventTime(i64::try_from(since.as_millis()).with_context(failed)?))
}
