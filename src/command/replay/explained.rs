//! A replay that explains its numbers: the facts behind them as CSV, and a report of calendar periods computed from the facts.
//!
//! Does not know the layout of either output.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use indicatif::ProgressBar;

use super::calendar_report::{CalendarReport, Periods};
use super::facts_csv::{self, ClearIds};
use super::reading_order::LinesInOrder;
use super::replay_engine::{ReplayEngine, event_time};
use super::{ReplayError, Replayed, TopicFile, exposition_of, files_by_topic, progress_bar, summarise};
use crate::config::Configuration;
use crate::engine::Engine;
use crate::metrics::Explainer;
use crate::time::EventTime;

/// A replay with the facts that hold at its end.
pub struct Explained<'a> {
    /// The result of the replay.
    pub replayed: Replayed,
    configuration: &'a Configuration,
    engine: Engine,
    ids: ClearIds,
}

/// The outputs of facts that are requested on the command line.
pub(super) struct RequestedExplanation<'a> {
    /// The file for the facts.
    pub(super) facts: Option<&'a Path>,
    /// The periods of the report.
    pub(super) periods: Option<Periods>,
    /// The file for the report as CSV.
    pub(super) report_csv: Option<&'a Path>,
}

impl<'a> Explained<'a> {
    /// Replays as [`super::replay_until`] does, and keeps the facts.
    ///
    /// # Errors
    /// An unknown topic, or a file that cannot be read.
    pub fn until(
        configuration: &'a Configuration,
        inputs: &[TopicFile],
        until: Option<EventTime>,
        progress: &ProgressBar,
    ) -> Result<Self, ReplayError> {
        let mut lines = LinesInOrder::open(files_by_topic(configuration, inputs)?, event_time(configuration), progress)?;
        let mut replay = ReplayEngine::new(configuration, until.unwrap_or(EventTime::MAX), true);
        let mut ids = ClearIds::default();
        replay.read(&mut lines, |applied| ids.note(&applied, configuration))?;
        let now = until.or_else(|| replay.reached());
        let (mut engine, ledger) = replay.end(now);
        let replayed = Replayed { exposition: exposition_of(&mut engine, configuration), ledger, now };
        Ok(Self { replayed, configuration, engine, ids })
    }

    /// Writes every fact as a line of CSV.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn write_facts(&mut self, out: &mut dyn Write) -> io::Result<()> {
        facts_csv::write(&mut self.engine, &self.ids, self.configuration, out)
    }

    /// The report of calendar periods.
    #[must_use]
    pub fn report(&mut self, periods: Periods) -> CalendarReport {
        let snapshot = self.engine.snapshot();
        let explainer = Explainer::new(&self.configuration.engine, &snapshot);
        CalendarReport::new(&self.engine, &explainer, periods, self.replayed.now.unwrap_or(EventTime::MIN))
    }
}

/// Writes the requested files, and prints the report, or the exposition where no report is requested.
pub(super) fn print(
    configuration: &Configuration,
    inputs: &[TopicFile],
    until: Option<EventTime>,
    requested: RequestedExplanation<'_>,
    mut out: impl Write,
) -> Result<(), ReplayError> {
    // The outputs are created before the inputs are read, so that a mistake in their names shows at once.
    let facts = requested.facts.map(OutputFile::create).transpose()?;
    let report_csv = requested.report_csv.map(OutputFile::create).transpose()?;
    let progress = progress_bar(inputs);
    let mut explained = Explained::until(configuration, inputs, until, &progress)?;
    progress.finish_and_clear();
    let output = if requested.periods.is_some() { "report" } else { "metrics" };
    summarise(&explained.replayed.ledger, explained.replayed.now.map(|now| format!("{output} as of {now}")));
    if let Some(file) = facts {
        file.write(|out| explained.write_facts(out))?;
    }
    let text = match requested.periods.map(|periods| explained.report(periods)) {
        None => explained.replayed.exposition,
        Some(report) => {
            if let Some(file) = report_csv {
                file.write(|out| report.write_csv(out))?;
            }
            report.to_string()
        }
    };
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(ReplayError::Output)
}

struct OutputFile<'a> {
    path: &'a Path,
    file: BufWriter<File>,
}

impl<'a> OutputFile<'a> {
    fn create(path: &'a Path) -> Result<Self, ReplayError> {
        let file = File::create(path).map_err(|source| ReplayError::File { path: path.to_owned(), source })?;
        Ok(Self { path, file: BufWriter::new(file) })
    }

    fn write(mut self, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), ReplayError> {
        let written = content(&mut self.file).and_then(|()| self.file.flush());
        written.map_err(|source| ReplayError::File { path: self.path.to_owned(), source })
    }
}
