//! Puts the records of a replay through decoder and engine in reading order: the outcome of each, and the state after the last.
//!
//! Does not know files, and prints nothing.

use std::sync::Arc;

use super::outcome_table::ReplayLedger;
use super::reading_order::{LinesInOrder, TakenLine};
use crate::command::json_lines::InputError;
use crate::config::Configuration;
use crate::engine::{Engine, Outcome, PartitionGroup, Progress, RecordPlace, TopicIndex};
use crate::event::{self, Decoded, Key, Record, Refusal};
use crate::time::EventTime;

/// The partition group of all records of a replay.
pub(super) const GROUP: PartitionGroup = PartitionGroup(0);

/// The engine of a replay, and the outcomes so far.
pub(super) struct ReplayEngine<'a> {
    configuration: &'a Configuration,
    engine: Engine,
    until: EventTime,
    ledger: ReplayLedger,
    /// The largest event time that was applied, by topic.
    largest: Vec<EventTime>,
    unapplied: Vec<UnappliedRecord>,
}

/// A record that was read and not applied.
pub(super) struct UnappliedRecord {
    /// The index of its topic in configured order.
    pub(super) topic: usize,
    /// What became of it.
    pub(super) outcome: Outcome,
    /// The largest event time that had been applied when it came.
    pub(super) came: EventTime,
}

/// A record that was applied.
pub(super) struct AppliedRecord<'a> {
    /// The time of its event.
    pub(super) time: EventTime,
    /// The index of its topic in configured order.
    pub(super) topic: usize,
    /// The number of its line, from 1.
    pub(super) line: i64,
    /// The identity of its event.
    pub(super) identity: Key,
    /// Its bytes.
    pub(super) payload: &'a [u8],
}

impl<'a> ReplayEngine<'a> {
    /// An engine for the events at or before `until`. With `keeps_facts` it keeps every fact that holds, to explain values.
    pub(super) fn new(configuration: &'a Configuration, until: EventTime, keeps_facts: bool) -> Self {
        let mut engine = Engine::new(Arc::new(configuration.engine.clone()));
        if keeps_facts {
            engine.keep_standing_facts();
        }
        engine.assign(GROUP);
        engine.follow_events_until(Some(until));
        let ledger = ReplayLedger::new(configuration.topics.iter().map(|topic| topic.name.clone()));
        Self { configuration, engine, until, ledger, largest: vec![EventTime::MIN; configuration.topics.len()], unapplied: Vec::new() }
    }

    /// Reads all lines. `applied` is called with every record that was applied.
    pub(super) fn read(&mut self, lines: &mut LinesInOrder<'_>, mut applied: impl FnMut(AppliedRecord<'_>)) -> Result<(), InputError> {
        for topic in 0..self.configuration.topics.len() {
            self.set_progress(topic, lines.is_at_end(topic), EventTime::MIN);
        }
        while let Some(taken) = lines.take()? {
            let (topic, is_last) = (taken.topic, taken.is_last);
            if let Some(time) = self.handle(&taken, &mut applied) {
                lines.note_time(topic, time);
            }
            if is_last {
                self.set_progress(topic, true, self.reached().unwrap_or(EventTime::MIN));
            }
        }
        Ok(())
    }

    /// Gives one record its outcome. Returns the time of its event; `None` where it holds no event.
    fn handle(&mut self, taken: &TakenLine<'_>, applied: &mut impl FnMut(AppliedRecord<'_>)) -> Option<EventTime> {
        let &TakenLine { topic, line, payload, ref place, .. } = taken;
        let settings = self.configuration.topics.get(topic)?;
        let record = Record { payload: Some(payload), headers: None, timestamp: None, partition: 0, offset: line };
        let decoded = event::decode(record, settings, &self.configuration.decode);
        let event = match &decoded {
            Decoded::Event(event) => Some((event.time, event.identity)),
            Decoded::Ignored | Decoded::Invalid(_) => None,
        };
        let time = event.map(|(time, _)| time);
        // An event after the end of the replay gets no outcome, as if it had not been sent yet.
        if time.is_none_or(|time| time <= self.until) {
            let outcome = self.engine.handle(record_place(topic, line), &decoded);
            self.ledger.count(topic, outcome);
            match (outcome, time, self.largest.get_mut(topic)) {
                (Outcome::Applied, Some(time), Some(largest)) => *largest = (*largest).max(time),
                (Outcome::Late, Some(time), Some(largest)) => self.ledger.note_late(topic, *largest - time),
                (Outcome::Invalid(reason), ..) => {
                    self.ledger.note_refusal(topic, place, &Refusal::of(reason, record, settings, &self.configuration.decode));
                }
                _ => {}
            }
            if let (Outcome::Applied, Some((time, identity))) = (outcome, event) {
                applied(AppliedRecord { time, topic, line, identity, payload });
            } else {
                let came = self.reached().unwrap_or(EventTime::MIN);
                self.unapplied.push(UnappliedRecord { topic, outcome, came });
            }
        }
        time
    }

    /// The largest event time so far.
    pub(super) fn reached(&self) -> Option<EventTime> {
        self.engine.largest_event_time()
    }

    /// The records that were not applied, in the order in which they came. A second call gives those after the first.
    pub(super) fn take_unapplied(&mut self) -> Vec<UnappliedRecord> {
        std::mem::take(&mut self.unapplied)
    }

    /// Ends the log at `now`, up to which every topic counts as read. Gives the engine with its windows at `now`, and the outcomes.
    pub(super) fn end(mut self, now: Option<EventTime>) -> (Engine, ReplayLedger) {
        if let Some(now) = now {
            for topic in 0..self.configuration.topics.len() {
                self.set_progress(topic, true, now);
            }
            self.engine.advance_to(now);
        }
        (self.engine, self.ledger)
    }

    fn set_progress(&mut self, topic: usize, at_end: bool, seen_through: EventTime) {
        self.engine.set_progress(GROUP, index(topic), Progress { at_end, seen_through });
    }
}

/// Gives the event time of a line of a topic; `None` where the line is refused.
pub(super) fn event_time(configuration: &Configuration) -> impl Fn(usize, &[u8]) -> Option<EventTime> {
    move |topic, payload| {
        let record = Record { payload: Some(payload), ..Record::default() };
        match event::decode(record, configuration.topics.get(topic)?, &configuration.decode) {
            Decoded::Event(event) => Some(event.time),
            Decoded::Ignored | Decoded::Invalid(_) => None,
        }
    }
}

/// The place of a line, as the engine needs it.
pub(super) fn record_place(topic: usize, line: i64) -> RecordPlace {
    RecordPlace { group: GROUP, topic: index(topic), offset: line, record_time: None }
}

/// The index of a topic, as the engine needs it.
pub(super) fn index(topic: usize) -> TopicIndex {
    TopicIndex(u8::try_from(topic).expect("a configuration has at most 256 topics, or its resolution would have refused it"))
}
