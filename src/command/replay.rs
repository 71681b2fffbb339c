//! `cxpulse replay`: files through the decoder and engine of the service, and what the metrics were at an instant.
//!
//! Does not know Kafka, and reads no clock: "now" is an event time.

mod arguments;
mod backfill;
mod explained;
mod facts;
mod feed;
mod input;
mod judge;
mod ledger;
mod report;

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub use arguments::ReplayArgs;
pub use backfill::Steps;
pub use explained::Explained;
pub use input::InputError;
pub use ledger::Ledger;
pub use report::{PeriodLength, Periods, Report};

use super::failure::Usage;
use crate::config::Configuration;
use crate::engine::Engine;
use crate::metrics::Exposition;
use crate::time::EventTime;
use backfill::Kept;
use feed::Feed;
use judge::{Judge, event_time};

/// A file and the topic whose records it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicFile {
    /// The configured name of the topic.
    pub topic: String,
    /// The file, or `-` for standard input.
    pub path: PathBuf,
}

/// What a replay came to.
#[derive(Debug)]
pub struct Replayed {
    /// The metrics, as the service would expose them.
    pub exposition: String,
    /// What became of each record.
    pub ledger: Ledger,
    /// At which instant; `None` where no event was applied and no instant was asked for.
    pub now: Option<EventTime>,
}

/// Why a replay cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A topic that the configuration does not have.
    #[error(
        "there is no topic `{topic}`; configured are {known}\nhint: name a configured topic, such as `--input tickets=tickets.jsonl.gz`"
    )]
    UnknownTopic {
        /// As named on the command line.
        topic: String,
        /// The configured names.
        known: String,
    },
    /// Standard input twice.
    #[error("`-` is given for two inputs\nhint: standard input can be read once; give a file for the other")]
    StandardInputTwice,
    /// A file cannot be read.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A file cannot be written.
    #[error("cannot write `{}`\nhint: give a file in a folder that exists and may be written to", .path.display())]
    File {
        /// As named on the command line.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Standard output cannot be written.
    #[error("cannot write the output")]
    Output(#[source] io::Error),
}

/// Runs the command.
///
/// # Errors
/// A bad configuration, an unknown topic, a file that cannot be read.
pub fn replay(args: &ReplayArgs) -> anyhow::Result<()> {
    let configuration = args.configuration.load(&[])?;
    let out = io::stdout().lock();
    let ended = match (args.steps()?, args.explanation()) {
        (Some(steps), _) => write_backfill(&configuration, &args.inputs, steps, io::BufWriter::new(out)),
        (None, Some(asked)) => explained::print(&configuration, &args.inputs, args.at, asked, out),
        (None, None) => print_exposition(&configuration, &args.inputs, args.at, out),
    };
    match ended {
        // Whoever reads the output may stop early, as `head` does.
        Err(ReplayError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error @ (ReplayError::UnknownTopic { .. } | ReplayError::StandardInputTwice)) => Err(Usage(error.to_string()).into()),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(()),
    }
}

/// The metrics as if the log ended at `until`, or with its last event: what happened later is left out before it is judged.
///
/// # Errors
/// An unknown topic, or a file that cannot be read.
pub fn replay_until(
    configuration: &Configuration,
    inputs: &[TopicFile],
    until: Option<EventTime>,
    progress: &ProgressBar,
) -> Result<Replayed, ReplayError> {
    let mut feed = Feed::open(files_by_topic(configuration, inputs)?, event_time(configuration), progress)?;
    let mut judge = Judge::new(configuration, until.unwrap_or(EventTime::MAX), false);
    judge.read(&mut feed, |_| {})?;
    let now = until.or_else(|| judge.reached());
    let (mut engine, ledger) = judge.end(now);
    Ok(Replayed { exposition: exposition_of(&mut engine, configuration), ledger, now })
}

fn exposition_of(engine: &mut Engine, configuration: &Configuration) -> String {
    let mut exposition = String::new();
    let (renderer, snapshot) = (Exposition::new(configuration), engine.snapshot());
    renderer.render(&snapshot, &mut exposition);
    renderer.render_totals(&snapshot, &mut exposition);
    exposition
}

/// Writes the metrics at every step as OpenMetrics for `promtool tsdb create-blocks-from openmetrics`, and gives the ledger of all records.
///
/// # Errors
/// An unknown topic, a file that cannot be read, an output that cannot be written.
pub fn backfill(
    configuration: &Configuration,
    inputs: &[TopicFile],
    steps: Steps,
    out: &mut dyn Write,
    progress: &ProgressBar,
) -> Result<Ledger, ReplayError> {
    let mut feed = Feed::open(files_by_topic(configuration, inputs)?, event_time(configuration), progress)?;
    let mut judge = Judge::new(configuration, steps.to, false);
    let mut kept = Kept::default();
    judge.read(&mut feed, |applied| {
        if let Some(topic) = configuration.topics.get(applied.topic) {
            kept.push(&applied, topic.kind);
        }
    })?;
    let (_, ledger) = judge.end(None);
    progress.set_length(steps.count());
    progress.set_position(0);
    kept.write(configuration, steps, out, || progress.inc(1)).map_err(ReplayError::Output)?;
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

fn write_backfill(configuration: &Configuration, inputs: &[TopicFile], steps: Steps, mut out: impl Write) -> Result<(), ReplayError> {
    let progress = progress_bar(inputs);
    let ledger = backfill(configuration, inputs, steps, &mut out, &progress)?;
    out.flush().map_err(ReplayError::Output)?;
    progress.finish_and_clear();
    summarise(&ledger, Some(format!("{} steps from {} to {}", steps.count(), steps.from, steps.to)));
    Ok(())
}

/// The summary goes to stderr, so that stdout holds the exposition alone.
fn summarise(ledger: &Ledger, what: Option<String>) {
    eprint!("{ledger}");
    match what {
        Some(what) => eprintln!("{what}"),
        None => eprintln!("no event was applied, so there is no instant to speak of; --at gives one"),
    }
}

/// The files of every configured topic, in the order given.
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

/// Bytes read of all files; hidden where stderr is no terminal, without a length where standard input has none.
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
