//! What happens to one record: decode, engine, counters, log. One value for each worker, for the partition groups of its share.
//!
//! Does not poll, wait or choose: records come to it in whatever order they were taken.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use super::clock::wall_now;
use super::journal::Journal;
use super::publisher::Publisher;
use super::shared::Shared;
use crate::config::{Clock, Configuration, Start};
use crate::engine::{Engine, Outcome, PartitionGroup, Progress, RecordPlace, TopicIndex};
use crate::event::{DecodeSettings, Decoded, Record, TopicSettings, decode};
use crate::kafka::{Arrived, Feed, Rebalance, Sink, TimestampKind, TopicPartition};
use crate::metrics::telemetry::{self, Tally};
use crate::time::{EventTime, Span};

/// Decoder and engine of one worker.
pub(super) struct Pipeline {
    topics: Vec<TopicSettings>,
    decode: DecodeSettings,
    engine: Engine,
    shared: Arc<Shared>,
    publisher: Arc<Publisher>,
    journal: Arc<Journal>,
    timestamp_kinds: Vec<Option<TimestampKind>>,
    tally: Tally,
    /// The wall clock at the first record of this turn, which takes about a millisecond; `None` between two turns.
    turn_began: Option<EventTime>,
    assigned: BTreeSet<i32>,
    /// Whether new groups are read from their logs' start.
    reads_whole_logs: bool,
    /// A panic came out of the engine: it is not touched any more.
    is_broken: bool,
}

impl Pipeline {
    pub(super) fn new(
        configuration: &Configuration,
        engine: Engine,
        shared: Arc<Shared>,
        publisher: Arc<Publisher>,
        journal: Arc<Journal>,
    ) -> Self {
        Self {
            topics: configuration.topics.clone(),
            decode: configuration.decode.clone(),
            engine,
            tally: shared.telemetry().tally(),
            shared,
            publisher,
            journal,
            timestamp_kinds: vec![None; configuration.topics.len()],
            turn_began: None,
            assigned: BTreeSet::new(),
            reads_whole_logs: configuration.run.start == Start::Beginning || configuration.run.clock == Clock::Event,
            is_broken: false,
        }
    }

    /// The engine of its groups.
    pub(super) fn engine(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// After a panic: the engine is in an unknown state and must not be asked anything any more.
    pub(super) fn give_up(&mut self) {
        self.is_broken = true;
    }

    /// Whether its engine is in an unknown state.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// What becomes of one record.
    fn handle(&mut self, at: TopicPartition, record: Record<'_>) -> Outcome {
        let decoded = decode(record, &self.topics[at.topic], &self.decode);
        let place = RecordPlace {
            group: PartitionGroup(at.partition),
            topic: topic_index(at.topic),
            offset: record.offset,
            record_time: record.timestamp,
        };
        let outcome = self.engine.handle(place, &decoded);
        self.tally.count_outcome(at.topic, outcome);
        if let (Outcome::Applied, Decoded::Event(event)) = (outcome, &decoded) {
            let wall = *self.turn_began.get_or_insert_with(wall_now);
            self.tally.count_applied(at.topic, &event.body, (wall - event.time).as_seconds());
        }
        outcome
    }

    fn note_timestamp_kind(&mut self, topic: usize, kind: TimestampKind) {
        if self.timestamp_kinds[topic] != Some(kind) {
            self.timestamp_kinds[topic] = Some(kind);
            self.shared.telemetry().set_log_append_time(topic, kind == TimestampKind::Broker);
            self.journal.note_timestamp_kind(topic, kind);
        }
    }
}

impl Sink for Pipeline {
    fn assign(&mut self, partitions: &[i32]) {
        for partition in partitions {
            let group = PartitionGroup(*partition);
            let is_new = (0..self.topics.len()).all(|topic| self.engine.next_offset(group, topic_index(topic)).is_none());
            self.engine.assign(group);
            if is_new && !self.reads_whole_logs {
                self.engine.mark_incomplete(group);
            }
        }
        self.assigned.extend(partitions);
    }

    fn next_offset(&self, at: TopicPartition) -> Option<i64> {
        self.engine.next_offset(PartitionGroup(at.partition), topic_index(at.topic))
    }

    fn revoke(&mut self, partitions: &[i32]) {
        if self.is_broken {
            return;
        }
        for partition in partitions {
            if self.assigned.remove(partition) {
                self.engine.revoke(PartitionGroup(*partition));
            }
        }
    }

    fn rebalanced(sinks: &mut [&mut Self], partitions: &[i32], change: Rebalance) {
        let Some(first) = sinks.first() else { return };
        let (shared, publisher) = (Arc::clone(&first.shared), Arc::clone(&first.publisher));
        shared.telemetry().count_rebalance(match change {
            Rebalance::Assigned => telemetry::Rebalance::Assign,
            Rebalance::Revoked => telemetry::Rebalance::Revoke,
            Rebalance::Lost => telemetry::Rebalance::Lost,
        });
        if change == Rebalance::Assigned {
            tracing::info!(target: "cxpulse::kafka", groups = partitions.len(), ?partitions, "assigned");
            return;
        }
        let lost = change == Rebalance::Lost;
        tracing::info!(target: "cxpulse::kafka", groups = partitions.len(), ?partitions, lost, "revoked");
        shared.telemetry().set_assignment(&[]);
        shared.set_readiness(Err("the group is rebalancing: no partitions are assigned".to_owned()));
        if sinks.iter().any(|sink| sink.is_broken) {
            return;
        }
        // Before this returns nobody may see what went any more: only then do others learn that it is free.
        let mut engines: Vec<&mut Engine> = sinks.iter_mut().map(|sink| &mut sink.engine).collect();
        publisher.gather(&mut engines, None).show();
        shared.begin_era();
    }

    fn record(&mut self, arrived: Arrived<'_>) {
        self.note_timestamp_kind(arrived.at.topic, arrived.timestamp_kind);
        let outcome = self.handle(arrived.at, arrived.record);
        self.journal.note_outcome(arrived.at, arrived.record.offset, outcome);
    }

    fn settle(&mut self) {
        if !self.is_broken {
            self.engine.settle();
        }
    }

    fn progressed(&mut self, feed: &Feed) {
        self.tally.flush();
        self.turn_began = None;
        if self.assigned.contains(&feed.at().partition) && !self.is_broken {
            let progress = progress_of(feed, Instant::now(), wall_now());
            self.engine.set_progress(PartitionGroup(feed.at().partition), topic_index(feed.at().topic), progress);
        }
    }
}

/// Everything sent has been read up to the latest look whose log end was reached, or the last record's timestamp where that is later.
fn progress_of(feed: &Feed, now: Instant, wall: EventTime) -> Progress {
    let looked = feed.seen_through(now).map(|instant| {
        let age_ms = now.saturating_duration_since(instant).as_millis();
        wall - Span(i64::try_from(age_ms).unwrap_or(i64::MAX))
    });
    // A producer's clock may be ahead of ours.
    let last = feed.last_timestamp().map(|timestamp| EventTime(timestamp).min(wall));
    Progress { at_end: feed.is_at_end(), seen_through: looked.max(last).unwrap_or(EventTime::MIN) }
}

fn topic_index(topic: usize) -> TopicIndex {
    TopicIndex(u8::try_from(topic).unwrap_or(u8::MAX))
}
