//! A history for dashboards and baselines: the exposition at every step of a period, as OpenMetrics samples with timestamps.
//!
//! The values at a step are those of a log that ended there. Whether a record is a duplicate or late is decided once, in the order of arrival. The
//! applied records are then applied again in the order of their event times, with a snapshot at each step. Does not know files.

use std::io::{self, Write};
use std::ops::Range;

use super::history::History;
use super::replay_engine::{AppliedRecord, UnappliedRecord};
use crate::config::Configuration;
use crate::event::Kind;
use crate::metrics::FamilySelection;
use crate::time::{EventTime, Span};

/// The instants at which values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    /// The first instant.
    pub from: EventTime,
    /// The end of the period; it is the last instant where a step falls on it.
    pub to: EventTime,
    /// The span from one instant to the next; more than zero.
    pub every: Span,
}

/// Copies of the applied records, kept until they can be sorted by their event times.
#[derive(Default)]
pub(super) struct KeptRecords {
    bytes: Vec<u8>,
    records: Vec<KeptRecord>,
    /// In the order in which they came.
    unapplied: Vec<UnappliedRecord>,
}

struct KeptRecord {
    time: EventTime,
    kind: Kind,
    topic: usize,
    payload: Range<usize>,
}

impl KeptRecords {
    /// Keeps a copy of a record.
    pub(super) fn push(&mut self, applied: &AppliedRecord<'_>, kind: Kind) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(applied.payload);
        self.records.push(KeptRecord { time: applied.time, kind, topic: applied.topic, payload: start..self.bytes.len() });
    }

    /// Keeps the records that were not applied, for the counters of the process.
    pub(super) fn keep_unapplied(&mut self, unapplied: Vec<UnappliedRecord>) {
        self.unapplied = unapplied;
    }

    /// Writes these families at every step to `out`, and then the end mark of the format. `wrote` is called after each step.
    pub(super) fn write(
        mut self,
        configuration: &Configuration,
        families: &FamilySelection,
        steps: Steps,
        out: &mut dyn Write,
        wrote: impl Fn(),
    ) -> io::Result<()> {
        // The sort is stable, so records of one topic at one instant stay in the order of their lines.
        self.records.sort_by_key(|record| (record.time, record.kind, record.topic));
        let mut history = History::new(configuration, families.clone());
        let (mut next, mut next_unapplied, mut now) = (0, 0, steps.from);
        while now <= steps.to {
            while let Some(record) = self.records.get(next).filter(|record| record.time <= now) {
                if let Some(payload) = self.bytes.get(record.payload.clone()) {
                    history.apply(record.topic, payload);
                }
                next += 1;
            }
            while let Some(record) = self.unapplied.get(next_unapplied).filter(|record| record.came <= now) {
                history.count(record.topic, record.outcome);
                next_unapplied += 1;
            }
            history.write(now, out)?;
            wrote();
            now = now + steps.every;
        }
        out.write_all(b"# EOF\n")
    }
}

impl Steps {
    /// The number of instants. A step that would pass the end is left out.
    #[must_use]
    pub fn count(&self) -> u64 {
        let length = (self.to - self.from).0;
        if length < 0 { 0 } else { (length / self.every.0.max(1)).unsigned_abs() + 1 }
    }
}
