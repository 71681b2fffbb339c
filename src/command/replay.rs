//! `cxpulse replay`: reads recorded events from files, with the decoder and engine of the service, and prints the metrics at an instant.
//!
//! Does not know Kafka, and reads no clock: `now` is an event time.

mod arguments;
mod backfill;
mod calendar_report;
mod explained;
mod facts_csv;
mod history;
mod mapped_inputs;
mod outcome_table;
mod reading_order;
mod replay_engine;

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub use super::json_lines::InputError;
pub use arguments::ReplayArgs;
pub use backfill::Steps;
pub use calendar_report::{CalendarReport, PeriodLength, Periods};
pub use explained::Explained;
pub use history::History;
pub use outcome_table::ReplayLedger;

use super::failure::{Usage, WithHint};
use super::printing::note;
use crate::config::Configuration;
use crate::engine::Engine;
use crate::metrics::{Exposition, FamilySelection};
use crate::time::EventTime;
use backfill::KeptRecords;
use mapped_inputs::MappedInputs;
use reading_order::LinesInOrder;
use replay_engine::{ReplayEngine, event_time};

/// A file, and the topic whose records it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicFile {
    /// The configured name of the topic.
    pub topic: String,
    /// The file, or `-` for standard input.
    pub path: PathBuf,
}

/// The result of a replay.
#[derive(Debug)]
pub struct Replayed {
    /// The metrics as exposition text, as the service would serve them.
    pub exposition: String,
    /// The outcomes of the records.
    pub ledger: ReplayLedger,
    /// The instant of the metrics; `None` where no event was applied and no instant was given.
    pub now: Option<EventTime>,
}

/// Why a replay fails.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// An input names a topic that is not configured.
    #[error(
        "there is no topic `{topic}`; configured are {known}\nhint: name a configured topic, such as `--input tickets=tickets.jsonl.gz`"
    )]
    UnknownTopic {
        /// The name on the command line.
        topic: String,
        /// The configured names.
        known: String,
    },
    /// Standard input is given twice.
    #[error("`-` is given for two inputs\nhint: standard input can be read once; give a file for the other")]
    StandardInputTwice,
    /// A file cannot be read.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A file cannot be written.
    #[error("cannot write `{}`", .path.display())]
    File {
        /// The name on the command line.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// Standard output cannot be written.
    #[error("cannot write the output")]
    Output(#[source] io::Error),
}

impl ReplayError {
    /// The advice to the user, where the text does not have it already.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Input(error) => Some(error.hint()),
            Self::File { .. } => Some("give a file in a folder that exists and may be written to"),
            Self::UnknownTopic { .. } | Self::StandardInputTwice | Self::Output(_) => None,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// A bad configuration, an unknown topic, a file that cannot be read, an output that cannot be written.
pub fn replay(args: &ReplayArgs) -> anyhow::Result<()> {
    let configuration = args.configuration.load(&[])?;
    let mapped = args.feed.as_ref().map(|feed| MappedInputs::make(feed, &args.inputs, &configuration)).transpose()?;
    let inputs = mapped.as_ref().map_or(args.inputs.as_slice(), MappedInputs::inputs);
    let out = io::stdout().lock();
    let ended = match (args.steps()?, args.requested_explanation()) {
        (Some(steps), _) => write_backfill(&configuration, inputs, &args.wanted_families(), steps, io::BufWriter::new(out)),
        (None, Some(requested)) => explained::print(&configuration, inputs, args.at, requested, out),
        (None, None) => print_exposition(&configuration, inputs, args.at, out),
    };
    match ended {
        Err(error @ (ReplayError::UnknownTopic { .. } | ReplayError::StandardInputTwice)) => Err(Usage(error.to_string()).into()),
        Err(error) => Err(match error.hint() {
            Some(hint) => WithHint::new(error, hint).into(),
            None => error.into(),
        }),
        Ok(()) => Ok(()),
    }
}

/// The metrics as if the log ended at `until`, or with its last event. Events after `until` are left out before they get an outcome.
///
/// # Errors
/// An unknown topic, or a file that cannot be read.
pub fn replay_until(
    configuration: &Configuration,
    inputs: &[TopicFile],
    until: Option<EventTime>,
    progress: &ProgressBar,
) -> Result<Replayed, ReplayError> {
    let mut lines = LinesInOrder::open(files_by_topic(configuration, inputs)?, event_time(configuration), progress)?;
    let mut replay = ReplayEngine::new(configuration, until.unwrap_or(EventTime::MAX), false);
    replay.read(&mut lines, |_| {})?;
    let now = until.or_else(|| replay.reached());
    let (mut engine, ledger) = replay.end(now);
    Ok(Replayed { exposition: exposition_of(&mut engine, configuration), ledger, now })
}

fn exposition_of(engine: &mut Engine, configuration: &Configuration) -> String {
    let mut exposition = String::new();
    let (renderer, snapshot) = (Exposition::new(configuration), engine.snapshot());
    renderer.render(&snapshot, &mut exposition);
    renderer.render_totals(&snapshot, &mut exposition);
    exposition
}

/// Writes these families at every step as OpenMetrics for `promtool tsdb create-blocks-from openmetrics`. Gives the outcomes of all records.
///
/// # Errors
/// An unknown topic, a file that cannot be read, an output that cannot be written.
pub fn backfill(
    configuration: &Configuration,
    inputs: &[TopicFile],
    families: &FamilySelection,
    steps: Steps,
    out: &mut dyn Write,
    progress: &ProgressBar,
) -> Result<ReplayLedger, ReplayError> {
    let mut lines = LinesInOrder::open(files_by_topic(configuration, inputs)?, event_time(configuration), progress)?;
    let mut replay = ReplayEngine::new(configuration, steps.to, false);
    let mut kept = KeptRecords::default();
    replay.read(&mut lines, |applied| {
        if let Some(topic) = configuration.topics.get(applied.topic) {
            kept.push(&applied, topic.kind);
        }
    })?;
    kept.keep_unapplied(replay.take_unapplied());
    let (_, ledger) = replay.end(None);
    progress.set_length(steps.count());
    progress.set_position(0);
    kept.write(configuration, families, steps, out, || progress.inc(1)).map_err(ReplayError::Output)?;
    Ok(ledger)
}

fn print_exposition(
    configuration: &Configuration,
    inputs: &[TopicFile],
    until: Option<EventTime>,
    mut out: impl Write,
) -> Result<(), ReplayError> {
    let progress = progress_bar(inputs);
    let replayed = replay_until(configuration, inputs, until, &progress)?;
    progress.finish_and_clear();
    summarise(&replayed.ledger, replayed.now.map(|now| format!("metrics as of {now}")));
    out.write_all(replayed.exposition.as_bytes()).and_then(|()| out.flush()).map_err(ReplayError::Output)
}

fn write_backfill(
    configuration: &Configuration,
    inputs: &[TopicFile],
    families: &FamilySelection,
    steps: Steps,
    mut out: impl Write,
) -> Result<(), ReplayError> {
    let progress = progress_bar(inputs);
    let ledger = backfill(configuration, inputs, families, steps, &mut out, &progress)?;
    out.flush().map_err(ReplayError::Output)?;
    progress.finish_and_clear();
    summarise(&ledger, Some(format!("{} steps from {} to {}", steps.count(), steps.from, steps.to)));
    Ok(())
}

/// Prints the outcomes, and then `result` in one line. They go to stderr, so that stdout holds only the exposition.
fn summarise(ledger: &ReplayLedger, result: Option<String>) {
    let result = result.unwrap_or_else(|| "no event was applied, so there is no instant to speak of; --at gives one".to_owned());
    note(format_args!("{ledger}{result}"));
}

/// The files of every configured topic, in the order of the command line.
fn files_by_topic(configuration: &Configuration, inputs: &[TopicFile]) -> Result<Vec<Vec<PathBuf>>, ReplayError> {
    if inputs.iter().filter(|input| input.path == Path::new("-")).count() > 1 {
        return Err(ReplayError::StandardInputTwice);
    }
    let mut files = vec![Vec::new(); configuration.topics.len()];
    for input in inputs {
        let index = configuration.topics.iter().position(|topic| topic.name == input.topic);
        let Some(of_topic) = index.and_then(|index| files.get_mut(index)) else {
            let known: Vec<_> = configuration.topics.iter().map(|topic| format!("`{}`", topic.name)).collect();
            return Err(ReplayError::UnknownTopic { topic: input.topic.clone(), known: known.join(", ") });
        };
        of_topic.push(input.path.clone());
    }
    Ok(files)
}

/// A bar of the bytes read from all files. It is hidden where stderr is no terminal, and has no length where standard input is among the inputs.
fn progress_bar(inputs: &[TopicFile]) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let lengths = inputs.iter().map(|input| std::fs::metadata(&input.path).ok().filter(std::fs::Metadata::is_file).map(|file| file.len()));
    match lengths.sum::<Option<u64>>() {
        Some(bytes) => {
            let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr()).with_style(style)
        }
        None => ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()),
    }
}
