//! Records through decoder and engine, in reading order: what became of each, and the state after the last.
//!
//! Does not know files; does not print.

use std::sync::Arc;

use super::feed::{Feed, Taken};
use super::input::InputError;
use super::ledger::Ledger;
use crate::config::Configuration;
use crate::engine::{Engine, Outcome, PartitionGroup, Progress, RecordPlace, TopicIndex};
use crate::event::{self, Decoded, Key, Record};
use crate::time::EventTime;
use indicatif::ProgressBar;

/// All records of files lie in one partition group.
const GROUP: PartitionGroup = PartitionGroup(0);

/// An engine that files are read into.
pub(super) struct Judge<'a> {
    configuration: &'a Configuration,
    engine: Engine,
    until: EventTime,
    ledger: Ledger,
}

/// A record that was applied.
pub(super) struct Applied<'a> {
    /// When it happened.
    pub(super) time: EventTime,
    /// The index of its topic.
    pub(super) topic: usize,
    /// Its line.
    pub(super) line: i64,
    /// The identity of its event.
    pub(super) identity: Key,
    /// The record.
    pub(super) payload: &'a [u8],
}

impl<'a> Judge<'a> {
    /// A judge of what happened at or before `until`.
    pub(super) fn new(configuration: &'a Configuration, until: EventTime, keeps_facts: bool) -> Self {
        let mut engine = Engine::new(Arc::new(configuration.engine.clone()));
        if keeps_facts {
            engine.keep_standing_facts();
        }
        engine.assign(GROUP);
        engine.follow_events_until(Some(until));
        Self { configuration, engine, until, ledger: Ledger::new(configuration.topics.iter().map(|topic| topic.name.clone())) }
    }

    /// Reads the feed to its end; `applied` sees every record that was applied.
    pub(super) fn read(&mut self, feed: &mut Feed, progress: &ProgressBar, mut applied: impl FnMut(Applied<'_>)) -> Result<(), InputError> {
        for topic in 0..self.configuration.topics.len() {
            self.set_progress(topic, feed.at_end(topic), EventTime::MIN);
        }
        while let Some(taken) = feed.take(progress)? {
            let (topic, last) = (taken.topic, taken.last);
            if let Some(time) = self.judge(&taken, &mut applied) {
                feed.note_time(topic, time);
            }
            if last {
                self.set_progress(topic, true, self.reached().unwrap_or(EventTime::MIN));
            }
        }
        Ok(())
    }

    /// Gives one record its outcome, and says when its event happened, where it holds one.
    fn judge(&mut self, taken: &Taken<'_>, applied: &mut impl FnMut(Applied<'_>)) -> Option<EventTime> {
        let &Taken { topic, line, payload, .. } = taken;
        let settings = self.configuration.topics.get(topic)?;
        let record = Record { payload: Some(payload), headers: None, timestamp: None, partition: 0, offset: line };
        let decoded = event::decode(record, settings, &self.configuration.decode);
        let event = match &decoded {
            Decoded::Event(event) => Some((event.time, event.identity)),
            Decoded::Ignored | Decoded::Invalid(_) => None,
        };
        let time = event.map(|(time, _)| time);
        // What happened after the end is left out before it is judged: it is in no outcome, as if it had not been sent yet.
        if time.is_none_or(|time| time <= self.until) {
            let outcome = self.engine.handle(place(topic, line), &decoded);
            self.ledger.count(topic, outcome, line);
            if let (Outcome::Applied, Some((time, identity))) = (outcome, event) {
                applied(Applied { time, topic, line, identity, payload });
            }
        }
        time
    }

    /// The largest event time so far.
    pub(super) fn reached(&self) -> Option<EventTime> {
        self.engine.largest_event_time()
    }

    /// Ends the log at `now`: every topic has been read through it. Gives the engine with its windows there, and the ledger.
    pub(super) fn end(mut self, now: Option<EventTime>) -> (Engine, Ledger) {
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

/// Where a line of a file lies.
pub(super) fn place(topic: usize, line: i64) -> RecordPlace {
    RecordPlace { group: GROUP, topic: index(topic), offset: line, record_time: None }
}

fn index(topic: usize) -> TopicIndex {
    TopicIndex(u8::try_from(topic).expect("a configuration has at most 256 topics, or its resolution would have refused it"))
}
