//! Drives an engine as the service does, but without Kafka: decodes records and hands them to the engine. For tests and benches.
//!
//! Does not know the meaning of the records.

use std::sync::Arc;

use cxpulse::config::Configuration;
use cxpulse::engine::{Engine, Outcome, PartitionGroup, Progress, RecordPlace, TopicIndex};
use cxpulse::event::{Record, decode};
use cxpulse::time::EventTime;

/// The partition group of a driver, which has only one.
pub(crate) const GROUP: PartitionGroup = PartitionGroup(0);

/// An engine with one partition group, and its configuration.
pub(crate) struct EngineDriver {
    pub(crate) configuration: Configuration,
    pub(crate) engine: Engine,
    /// The offset of the next line. Each line has another one, so a test can make the line's id from it.
    pub(crate) offset: i64,
}

impl EngineDriver {
    /// A driver without records and without progress in any topic.
    pub(crate) fn new(configuration: Configuration) -> Self {
        let engine = engine_of(&configuration, [GROUP], None);
        Self { configuration, engine, offset: 0 }
    }

    /// A driver whose engine has read every log to its end, is complete through an instant, and moves `now` with the events.
    pub(crate) fn at_end(configuration: Configuration, seen_through: EventTime) -> Self {
        let mut engine = engine_of(&configuration, [GROUP], Some(Progress { at_end: true, seen_through }));
        engine.follow_events_until(Some(EventTime::MAX));
        Self { configuration, engine, offset: 0 }
    }

    /// Decodes a line of a topic and hands it to the engine. The line has no record timestamp.
    pub(crate) fn take(&mut self, topic: u8, line: &[u8]) -> Outcome {
        let place = RecordPlace { group: GROUP, topic: TopicIndex(topic), offset: self.offset, record_time: None };
        self.offset += 1;
        take(&mut self.engine, &self.configuration, place, Some(line))
    }
}

/// An engine to which these partition groups are assigned, each with this progress in all topics.
pub(crate) fn engine_of(
    configuration: &Configuration,
    groups: impl IntoIterator<Item = PartitionGroup>,
    progress: Option<Progress>,
) -> Engine {
    let mut engine = Engine::new(Arc::new(configuration.engine.clone()));
    for group in groups {
        assign(&mut engine, configuration, group, progress);
    }
    engine
}

/// Assigns a partition group with this progress in all topics.
pub(crate) fn assign(engine: &mut Engine, configuration: &Configuration, group: PartitionGroup, progress: Option<Progress>) {
    engine.assign(group);
    if let Some(progress) = progress {
        (0..configuration.topics.len() as u8).for_each(|topic| engine.set_progress(group, TopicIndex(topic), progress));
    }
}

/// Decodes a record and hands it to an engine.
pub(crate) fn take(engine: &mut Engine, configuration: &Configuration, place: RecordPlace, payload: Option<&[u8]>) -> Outcome {
    let record = Record { payload, timestamp: place.record_time, offset: place.offset, ..Record::default() };
    let decoded = decode(record, &configuration.topics[usize::from(place.topic.0)], &configuration.decode);
    engine.handle(place, &decoded)
}
