//! A history for dashboards and baselines: the exposition at every step of a period, as OpenMetrics samples with timestamps.
//!
//! The values at a step are those of a log that ended there. Whether a record is a duplicate or late is decided once, in the order of arrival. The
//! applied records are then applied again in the order of their event times, with a snapshot at each step. Does not know files.

use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

use super::replay_engine::{AppliedRecord, record_place};
use crate::config::Configuration;
use crate::engine::{Engine, PartitionGroup, Progress, TopicIndex};
use crate::event::{self, Decoded, Key, Kind, Record};
use crate::metrics::Exposition;
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

    /// Writes the exposition at every step to `out`, and then the end mark of the format. `wrote` is called after each step.
    pub(super) fn write(mut self, configuration: &Configuration, steps: Steps, out: &mut dyn Write, wrote: impl Fn()) -> io::Result<()> {
        // The sort is stable, so records of one topic at one instant stay in the order of their lines.
        self.records.sort_by_key(|record| (record.time, record.kind, record.topic));
        let exposition = Exposition::new(configuration);
        let mut engine = Engine::new(Arc::new(configuration.engine.clone()));
        engine.assign(PartitionGroup(0));
        let (mut next, mut text, mut now) = (0, String::new(), steps.from);
        while now <= steps.to {
            while let Some(record) = self.records.get(next).filter(|record| record.time <= now) {
                self.apply(configuration, &mut engine, record, next);
                next += 1;
            }
            for topic in (0..=u8::MAX).take(configuration.topics.len()) {
                engine.set_progress(PartitionGroup(0), TopicIndex(topic), Progress { at_end: true, seen_through: now });
            }
            engine.advance_to(now);
            text.clear();
            exposition.render_at(&engine.snapshot(), &mut text);
            out.write_all(text.as_bytes())?;
            wrote();
            now = now + steps.every;
        }
        out.write_all(b"# EOF\n")
    }

    fn apply(&self, configuration: &Configuration, engine: &mut Engine, record: &KeptRecord, number: usize) {
        let (Some(topic), Some(payload)) = (configuration.topics.get(record.topic), self.bytes.get(record.payload.clone())) else { return };
        let offset = i64::try_from(number).unwrap_or(i64::MAX);
        let bytes = Record { payload: Some(payload), headers: None, timestamp: None, partition: 0, offset };
        let mut decoded = event::decode(bytes, topic, &configuration.decode);
        if let Decoded::Event(event) = &mut decoded {
            // The outcome has been decided already. An id that came again after the deduplication horizon was applied, and must not count as a
            // duplicate now that the two events come closer together.
            event.identity = Key(number as u128);
        }
        engine.handle(record_place(record.topic, offset), &decoded);
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
