//! A replay whose numbers can be taken apart: its facts as CSV, and calendar periods made of them.
//!
//! Does not know how either is laid out.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use indicatif::ProgressBar;

use super::facts::{self, Ids};
use super::feed::Feed;
use super::judge::{Judge, event_time};
use super::report::{Periods, Report};
use super::{ReplayError, Replayed, TopicFile, exposition_of, files_by_topic, progress_bar, summarise};
use crate::config::Configuration;
use crate::engine::Engine;
use crate::metrics::Explainer;
use crate::time::EventTime;

/// A replay with the facts that stand at its end.
pub struct Explained<'a> {
    /// What it came to.
    pub replayed: Replayed,
    configuration: &'a Configuration,
    engine: Engine,
    ids: Ids,
}

/// What is to be told of the facts.
pub(super) struct Asked<'a> {
    pub(super) facts: Option<&'a Path>,
    pub(super) periods: Option<Periods>,
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
        let mut feed = Feed::open(files_by_topic(configuration, inputs)?, event_time(configuration), progress)?;
        let mut judge = Judge::new(configuration, until.unwrap_or(EventTime::MAX), true);
        let mut ids = Ids::default();
        judge.read(&mut feed, |applied| ids.note(&applied, configuration))?;
        let now = until.or_else(|| judge.reached());
        let (mut engine, ledger) = judge.end(now);
        let replayed = Replayed { exposition: exposition_of(&mut engine, configuration), ledger, now };
        Ok(Self { replayed, configuration, engine, ids })
    }

    /// Writes every fact as a line of CSV.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn write_facts(&mut self, out: &mut dyn Write) -> io::Result<()> {
        facts::write(&mut self.engine, &self.ids, self.configuration, out)
    }

    /// The report of calendar periods.
    #[must_use]
    pub fn report(&mut self, periods: Periods) -> Report {
        let snapshot = self.engine.snapshot();
        let explainer = Explainer::new(&self.configuration.engine, &snapshot);
        Report::new(&self.engine, &explainer, periods, self.replayed.now.unwrap_or(EventTime::MIN))
    }
}

/// Writes the files that are asked for, and prints the report, or the exposition where none is asked for.
pub(super) fn print(
    configuration: &Configuration,
    inputs: &[TopicFile],
    until: Option<EventTime>,
    asked: Asked<'_>,
    mut out: impl Write,
) -> Result<(), ReplayError> {
    // Before the files are read, because that may take long.
    let facts = asked.facts.map(OutputFile::create).transpose()?;
    let report_csv = asked.report_csv.map(OutputFile::create).transpose()?;
    let progress = progress_bar(inputs);
    let mut explained = Explained::until(configuration, inputs, until, &progress)?;
    progress.finish_and_clear();
    let what = if asked.periods.is_some() { "report" } else { "metrics" };
    summarise(&explained.replayed.ledger, explained.replayed.now.map(|now| format!("{what} as of {now}")));
    if let Some(file) = facts {
        file.write(|out| explained.write_facts(out))?;
    }
    let text = match asked.periods.map(|periods| explained.report(periods)) {
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
