//! Drives the product for these tests: a configuration and events of several partition groups go in, the values of an exposition come out.

use cxpulse::config::{self, Configuration};
use cxpulse::engine::{Engine, MergedEngines, PartitionGroup, Progress, RecordPlace, Snapshot, TopicIndex};
use cxpulse::event::Kind;
use cxpulse::time::{EventTime, Span};
use serde_json::Value as Json;

use crate::support::engine_driver;
use crate::support::exposition::Exposition;

/// Monday, 2026-03-02, 00:00 UTC.
pub(crate) const MONDAY: i64 = 1_772_409_600_000;
pub(crate) const DAY: i64 = 86_400_000;
pub(crate) const HOUR: i64 = 3_600_000;
pub(crate) const MINUTE: i64 = 60_000;

/// The configuration with these marked changes, as a TOML list.
pub(crate) fn configured(changes: &str, lateness: Span) -> Configuration {
    let flags = [("changes".to_owned(), changes.to_owned())];
    let mut configuration = config::load(None, [], &flags).unwrap_or_else(|error| panic!("{error}")).configuration;
    configuration.engine.topics.iter_mut().for_each(|topic| topic.allowed_lateness = lateness);
    configuration
}

/// One event with its partition group.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) group: i32,
    /// In milliseconds since 1970.
    pub(crate) at: i64,
    pub(crate) event: Json,
}

/// One or several engines that share the partition groups.
pub(crate) struct Desk {
    pub(crate) configuration: Configuration,
    pub(crate) engines: Vec<Engine>,
    together: MergedEngines,
    offset: i64,
}

impl Desk {
    pub(crate) fn new(configuration: Configuration, engines: usize, groups: i32, keeps_facts: bool) -> Self {
        let mut first = engine_driver::engine_of(&configuration, [], None);
        let mut all: Vec<Engine> = (1..engines).map(|_| first.beside()).collect();
        if keeps_facts {
            first.keep_standing_facts();
        }
        let together = MergedEngines::of(&first);
        all.push(first);
        let mut desk = Self { configuration, engines: all, together, offset: 0 };
        (0..groups).for_each(|group| desk.assign(group));
        desk
    }

    pub(crate) fn engine(&mut self, group: i32) -> &mut Engine {
        let count = self.engines.len() as i32;
        &mut self.engines[group.rem_euclid(count) as usize]
    }

    /// Assigns a group, all of whose logs have been read to their ends.
    pub(crate) fn assign(&mut self, group: i32) {
        let engine = self.engine(group);
        let progress = Progress { at_end: true, seen_through: EventTime::MAX };
        engine.assign(PartitionGroup(group));
        (0..4).for_each(|topic| engine.set_progress(PartitionGroup(group), TopicIndex(topic), progress));
    }

    /// Takes one event; returns its outcome.
    pub(crate) fn take(&mut self, sent: &Sent) -> &'static str {
        let noun = sent.event["type"].as_str().unwrap().split('.').next().unwrap();
        let kind = ["ticket", "chat", "survey", "customer"].iter().position(|kind| *kind == noun).unwrap();
        let kind = [Kind::Tickets, Kind::Chats, Kind::Surveys, Kind::Customers][kind];
        let topic = self.configuration.topics.iter().position(|topic| topic.kind == kind).unwrap() as u8;
        let mut event = sent.event.clone();
        event["time"] = sent.at.into();
        if event.get("id").is_none() {
            event["id"] = format!("e{}", self.offset).into();
        }
        let (group, offset) = (PartitionGroup(sent.group), self.offset);
        self.offset += 1;
        let place = RecordPlace { group, topic: TopicIndex(topic), offset, record_time: None };
        let at = sent.group as usize % self.engines.len();
        let engine = &mut self.engines[at];
        engine_driver::take(engine, &self.configuration, place, Some(event.to_string().as_bytes())).name()
    }

    /// Takes a line of a file of the first partition group; returns its outcome.
    pub(crate) fn take_line(&mut self, topic: u8, line: &str) -> &'static str {
        let place = RecordPlace { group: PartitionGroup(0), topic: TopicIndex(topic), offset: self.offset, record_time: None };
        self.offset += 1;
        engine_driver::take(&mut self.engines[0], &self.configuration, place, Some(line.as_bytes())).name()
    }

    /// The values at an instant.
    pub(crate) fn snapshot(&mut self, now: i64) -> Snapshot {
        self.engines.iter_mut().for_each(|engine| engine.advance_to(EventTime(now)));
        let mut engines: Vec<&mut Engine> = self.engines.iter_mut().collect();
        self.together.gather(&mut engines);
        self.together.snapshot()
    }

    /// The exposition at an instant.
    pub(crate) fn look(&mut self, now: i64) -> Exposition {
        let snapshot = self.snapshot(now);
        let mut text = String::new();
        cxpulse::metrics::Exposition::new(&self.configuration).render(&snapshot, &mut text);
        Exposition::parse(&text)
    }
}

/// The series about effects, with their values.
pub(crate) fn effects(seen: &Exposition) -> Vec<(String, f64)> {
    let is_effect = |(series, _): &(&str, f64)| series.starts_with("cx_change_") && !series.starts_with("cx_change_marked");
    seen.samples().filter(is_effect).map(|(series, value)| (series.to_owned(), value)).collect()
}
