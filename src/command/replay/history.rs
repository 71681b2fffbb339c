//! An engine that is driven through the past, and what a Prometheus that scraped it would have kept: the chosen families at each instant, as
//! OpenMetrics samples with timestamps. Where families are chosen by name, those of the process are among them, as a process has them that reads
//! every topic to its end: the guards of the shipped rules need them.
//!
//! Does not know files, nor in which order records came.

use std::io::{self, Write};
use std::sync::Arc;

use super::replay_engine::{GROUP, index, record_place};
use crate::config::Configuration;
use crate::engine::{Engine, Outcome, Progress};
use crate::event::{self, Decoded, Key, Record};
use crate::metrics::telemetry::{PartitionReading, PendingCounts, Telemetry};
use crate::metrics::{Exposition, FamilySelection};
use crate::time::EventTime;

/// An engine with the text of its past.
pub struct History<'a> {
    configuration: &'a Configuration,
    engine: Engine,
    exposition: Exposition,
    selection: FamilySelection,
    process: Telemetry,
    counts: PendingCounts,
    /// The first instant that was written, at which the configuration counts as read.
    begun: Option<EventTime>,
    /// The number of records so far, which is the offset of the next.
    records: i64,
    text: String,
}

impl<'a> History<'a> {
    /// A history without any record, of these families.
    #[must_use]
    pub fn new(configuration: &'a Configuration, selection: FamilySelection) -> Self {
        let mut engine = Engine::new(Arc::new(configuration.engine.clone()));
        engine.assign(GROUP);
        let topics: Vec<_> = configuration.topics.iter().map(|topic| (topic.name.clone(), topic.kind)).collect();
        let process = Telemetry::new(&topics);
        process.set_kafka_up(true);
        process.set_ready(true);
        for topic in 0..topics.len() {
            process.set_partitions(topic, 1);
        }
        let of_topic = |topic| PartitionReading { topic, partition: 0, lag_records: Some(0), is_paused: false };
        process.set_assignment(&(0..topics.len()).map(of_topic).collect::<Vec<_>>());
        let counts = process.pending_counts();
        let exposition = Exposition::new(configuration).with_only(selection.clone());
        Self { configuration, engine, exposition, selection, process, counts, begun: None, records: 0, text: String::new() }
    }

    /// Takes the next record of a topic, by its index in configured order, and gives what became of it. No event may lie after the next instant that is
    /// written.
    ///
    /// # Panics
    /// When the configuration has no such topic.
    pub fn take(&mut self, topic: usize, payload: &[u8]) -> Outcome {
        let outcome = self.handle(topic, payload, None);
        self.counts.count_outcome(topic, outcome);
        outcome
    }

    /// Applies a record about which it has been decided already. An id that came again after the deduplication horizon was applied, and must not count as
    /// a duplicate where the two events come closer together than they did; so the record has another identity.
    pub(super) fn apply(&mut self, topic: usize, payload: &[u8]) {
        let identity = Key(self.records.unsigned_abs().into());
        self.handle(topic, payload, Some(identity));
        self.counts.count_outcome(topic, Outcome::Applied);
    }

    /// Counts a record that was not applied.
    pub(super) fn count(&mut self, topic: usize, outcome: Outcome) {
        self.counts.count_outcome(topic, outcome);
    }

    /// Moves the windows to an instant up to which every topic counts as read, and writes the samples of it.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn write(&mut self, now: EventTime, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
        for topic in 0..self.configuration.topics.len() {
            self.engine.set_progress(GROUP, index(topic), Progress { at_end: true, seen_through: now });
        }
        self.engine.advance_to(now);
        // A service whose configuration was never read would alert.
        self.process.set_reloaded(*self.begun.get_or_insert(now));
        self.text.clear();
        self.exposition.render_at(&self.engine.snapshot(), &mut self.text);
        out.write_all(self.text.as_bytes())?;
        if self.selection.is_by_name() { self.write_process(now, out) } else { Ok(()) }
    }

    fn handle(&mut self, topic: usize, payload: &[u8], identity: Option<Key>) -> Outcome {
        let record = Record { payload: Some(payload), headers: None, timestamp: None, partition: 0, offset: self.records };
        let mut decoded = event::decode(record, &self.configuration.topics[topic], &self.configuration.decode);
        if let (Decoded::Event(event), Some(identity)) = (&mut decoded, identity) {
            event.identity = identity;
        }
        let place = record_place(topic, self.records);
        self.records += 1;
        self.engine.handle(place, &decoded)
    }

    /// The families of the process, with the instant behind each sample.
    fn write_process(&mut self, now: EventTime, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
        self.counts.flush();
        self.text.clear();
        self.process.render(&mut self.text);
        for sample in self.text.lines().filter(|line| !line.starts_with('#')) {
            let name = sample.split(['{', ' ']).next().unwrap_or_default();
            if self.selection.has(name) {
                writeln!(out, "{sample} {}", now.as_seconds())?;
            }
        }
        Ok(())
    }
}
