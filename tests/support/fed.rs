//! An engine that has read the logs of one partition group to their ends, and is fed line by line; for tests and benches.
//!
//! Does not know what the lines say.

use std::sync::Arc;

use cxpulse::config::Configuration;
use cxpulse::engine::{Engine, Outcome, PartitionGroup, Progress, RecordPlace, TopicIndex};
use cxpulse::event::{Record, decode};
use cxpulse::time::EventTime;

/// The only partition group.
pub(crate) const GROUP: PartitionGroup = PartitionGroup(0);

/// The engine and what it is fed with.
pub(crate) struct Fed {
    pub(crate) configuration: Configuration,
    pub(crate) engine: Engine,
    /// The offset of the next line, which makes a good id.
    pub(crate) offset: i64,
}

impl Fed {
    /// With nothing read yet but that everything up to then is.
    pub(crate) fn new(configuration: Configuration, seen_through: EventTime) -> Self {
        let mut engine = Engine::new(Arc::new(configuration.engine.clone()));
        engine.assign(GROUP);
        engine.follow_events_until(Some(EventTime::MAX));
        for topic in 0..configuration.topics.len() as u8 {
            engine.set_progress(GROUP, TopicIndex(topic), Progress { at_end: true, seen_through });
        }
        Self { configuration, engine, offset: 0 }
    }

    /// Decodes a line of a topic and hands it to the engine.
    pub(crate) fn take(&mut self, topic: u8, line: &str) -> Outcome {
        let record = Record { payload: Some(line.as_bytes()), offset: self.offset, ..Record::default() };
        let decoded = decode(record, &self.configuration.topics[usize::from(topic)], &self.configuration.decode);
        let place = RecordPlace { group: GROUP, topic: TopicIndex(topic), offset: self.offset, record_time: None };
        self.offset += 1;
        self.engine.handle(place, &decoded)
    }
}
