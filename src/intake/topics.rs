//! Maps the records of raw topics. Counts only what is committed.
//!
//! Does not know transactions.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::mapping::{Counted, FeedMapper};
use crate::config::FeedsConfiguration;
use crate::feed::{Payload, without_registry_framing};
use crate::kafka::{RawRecord, RawRecordMapper, StageRecord};
use crate::metrics::feed_telemetry::{FeedTelemetry, PayloadOutcome};

/// The feeds of raw topics.
pub struct TopicIntake {
    mapper: Arc<FeedMapper>,
    /// The index of the feed of each raw topic, and whether its payloads have framing.
    topics: BTreeMap<String, (usize, bool)>,
    names: Vec<String>,
    telemetry: Arc<FeedTelemetry>,
    counted: Vec<Counted>,
    /// Whether the first snapshot of a ticket is worth a warning: nothing sorts it, and none has come yet.
    warns_of_snapshots: bool,
}

impl TopicIntake {
    /// An intake for all raw topics of the configuration.
    #[must_use]
    pub fn new(configuration: &FeedsConfiguration, mapper: Arc<FeedMapper>, telemetry: Arc<FeedTelemetry>) -> Self {
        let topics = configuration.feeds.iter().enumerate();
        let topics =
            topics.flat_map(|(index, feed)| feed.topics.iter().map(move |topic| (topic.clone(), (index, feed.has_registry_framing))));
        let names = configuration.feeds.iter().map(|feed| feed.settings.name.clone()).collect();
        Self { mapper, topics: topics.collect(), names, telemetry, counted: Vec::new(), warns_of_snapshots: true }
    }

    /// An intake whose results are sorted by time before they are sent.
    #[must_use]
    pub fn to_be_sorted(configuration: &FeedsConfiguration, mapper: Arc<FeedMapper>, telemetry: Arc<FeedTelemetry>) -> Self {
        Self { warns_of_snapshots: false, ..Self::new(configuration, mapper, telemetry) }
    }
}

impl TopicIntake {
    /// The number of payloads by what became of them, since the last call of `settled`: mapped, dropped and rejected.
    #[must_use]
    pub fn outcomes(&self) -> [u64; 3] {
        let count = |outcome| self.counted.iter().filter(|counted| counted.outcome == outcome).count() as u64;
        [count(PayloadOutcome::Mapped), count(PayloadOutcome::Dropped), count(PayloadOutcome::Rejected)]
    }
}

impl RawRecordMapper for TopicIntake {
    fn map(&mut self, record: RawRecord<'_>, results: &mut Vec<StageRecord>) {
        let Some((feed, has_framing)) = self.topics.get(record.topic) else { return };
        let payload = Payload {
            value: if *has_framing { record.value.map(without_registry_framing) } else { record.value },
            headers: &record.headers,
            key: record.key,
            topic: record.topic,
            timestamp: record.timestamp,
        };
        let place = format!("{}/{}/{}", record.topic, record.partition, record.offset);
        let mapped = self.mapper.map(*feed, &payload, &place);
        if self.warns_of_snapshots && mapped.counted.has_event("ticket.snapshot") {
            self.warns_of_snapshots = false;
            tracing::warn!(
                topic = record.topic,
                hint = "where this is the first snapshot of a help desk, run `cxpulse feed backfill` before: its rows come table by table, and most would be too late",
                "snapshots of tickets come through this topic"
            );
        }
        results.extend(mapped.records);
        self.counted.push(mapped.counted);
    }

    fn settled(&mut self, is_committed: bool) {
        for counted in self.counted.drain(..) {
            if is_committed {
                counted.count(&self.names, &self.telemetry);
            }
        }
    }
}
