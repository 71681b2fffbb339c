//! What happens to one record: decode, engine, counters, sampled log. One value on one thread, so that there can be one per partition group later.
//!
//! Does not poll, wait or choose: records come to it in whatever order they were taken.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use super::clock::wall_now;
use super::sampled::SampledLog;
use super::shared::Shared;
use crate::config::{Clock, Configuration, Start};
use crate::engine::{Engine, Outcome, PartitionGroup, Place, Progress, TopicIndex};
use crate::event::{DecodeSettings, Decoded, Record, TopicSettings, decode};
use crate::kafka::{Arrived, Sink, TimestampKind, TopicPartition};
use crate::metrics::telemetry::Rebalance;
use crate::time::EventTime;

/// Decoder, engine and counters of this process.
pub(super) struct Pipeline {
    topics: Vec<TopicSettings>,
    decode: DecodeSettings,
    engine: Engine,
    shared: Arc<Shared>,
    sampled: SampledLog,
    timestamp_kinds: Vec<Option<TimestampKind>>,
    assigned: BTreeSet<i32>,
    /// Whether new groups are read from their logs' start.
    reads_whole_logs: bool,
    /// Whether something was applied since the last snapshot.
    is_changed: bool,
    /// A panic came out of the engine: it is not touched any more.
    is_broken: bool,
}

impl Pipeline {
    pub(super) fn new(configuration: &Configuration, engine: Engine, shared: Arc<Shared>) -> Self {
        Self {
            topics: configuration.topics.clone(),
            decode: configuration.decode.clone(),
            engine,
            shared,
            sampled: SampledLog::new(),
            timestamp_kinds: vec![None; configuration.topics.len()],
            assigned: BTreeSet::new(),
            reads_whole_logs: configuration.run.start == Start::Beginning || configuration.run.clock == Clock::Event,
            is_changed: false,
            is_broken: false,
        }
    }

    /// Whether something was applied, assigned or revoked since the last snapshot.
    pub(super) fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// The largest event time applied.
    pub(super) fn largest_event_time(&self) -> Option<EventTime> {
        self.engine.largest_event_time()
    }

    /// Notes how far a topic partition has been read.
    pub(super) fn set_progress(&mut self, at: TopicPartition, progress: Progress) {
        if self.assigned.contains(&at.partition) {
            self.engine.set_progress(PartitionGroup(at.partition), topic_index(at.topic), progress);
        }
    }

    /// Lets the windows follow the events up to `limit` while there is a backlog, so that none is held.
    pub(super) fn follow_events_until(&mut self, limit: Option<EventTime>) {
        self.engine.follow_events_until(limit);
    }

    /// Makes the values of the windows as of `now` the ones that scrapes see.
    pub(super) fn publish(&mut self, now: Option<EventTime>) {
        let started_at = Instant::now();
        if let Some(now) = now {
            self.engine.advance_to(now);
        }
        self.shared.publish(self.engine.snapshot());
        self.shared.telemetry().set_collect_seconds(started_at.elapsed().as_secs_f64());
        self.is_changed = false;
    }

    /// After a panic: the engine is in an unknown state and must not be asked anything any more.
    pub(super) fn give_up(&mut self) {
        self.is_broken = true;
    }

    /// What becomes of one record.
    fn handle(&mut self, at: TopicPartition, record: Record<'_>) -> Outcome {
        let decoded = decode(record, &self.topics[at.topic], &self.decode);
        let place = Place {
            group: PartitionGroup(at.partition),
            topic: topic_index(at.topic),
            offset: record.offset,
            record_time: record.timestamp,
        };
        let outcome = self.engine.handle(place, &decoded);
        let telemetry = self.shared.telemetry();
        telemetry.count_outcome(at.topic, outcome);
        if let (Outcome::Applied, Decoded::Event(event)) = (outcome, &decoded) {
            telemetry.count_applied(at.topic, &event.body, (wall_now() - event.time).as_seconds());
            self.is_changed = true;
        }
        outcome
    }

    fn log(&mut self, at: TopicPartition, offset: i64, outcome: Outcome) {
        let Some(silent) = self.sampled.admit(outcome, Instant::now()) else { return };
        let topic = self.topics[at.topic].name.as_str();
        let reason = if let Outcome::Invalid(reason) = outcome { reason.name() } else { "" };
        tracing::warn!(
            target: "cxpulse::records",
            topic,
            partition = at.partition,
            offset,
            outcome = outcome.name(),
            reason,
            unlogged_before = silent,
            "a record was not counted"
        );
    }

    fn note_timestamp_kind(&mut self, topic: usize, kind: TimestampKind) {
        if self.timestamp_kinds[topic] == Some(kind) {
            return;
        }
        let is_first = self.timestamp_kinds[topic].is_none();
        self.timestamp_kinds[topic] = Some(kind);
        self.shared.telemetry().set_log_append_time(topic, kind == TimestampKind::Broker);
        if is_first && kind != TimestampKind::Broker {
            tracing::warn!(
                target: "cxpulse::records",
                topic = self.topics[topic].name.as_str(),
                "the producers stamp this topic's records: one with a wrong clock can make others late; set message.timestamp.type=LogAppendTime on \
                 the topic if its producers cannot be trusted"
            );
        }
    }
}

impl Sink for Pipeline {
    fn assign(&mut self, partitions: &[i32]) {
        tracing::info!(target: "cxpulse::kafka", groups = partitions.len(), ?partitions, "assigned");
        self.shared.telemetry().count_rebalance(Rebalance::Assign);
        for partition in partitions {
            let group = PartitionGroup(*partition);
            let is_new = (0..self.topics.len()).all(|topic| self.engine.next_offset(group, topic_index(topic)).is_none());
            self.engine.assign(group);
            if is_new && !self.reads_whole_logs {
                self.engine.mark_incomplete(group);
            }
        }
        self.assigned.extend(partitions);
        self.is_changed = true;
    }

    fn next_offset(&self, at: TopicPartition) -> Option<i64> {
        self.engine.next_offset(PartitionGroup(at.partition), topic_index(at.topic))
    }

    fn revoke(&mut self, partitions: &[i32], lost: bool) {
        if self.is_broken {
            return;
        }
        tracing::info!(target: "cxpulse::kafka", groups = partitions.len(), ?partitions, lost, "revoked");
        let telemetry = self.shared.telemetry();
        telemetry.count_rebalance(if lost { Rebalance::Lost } else { Rebalance::Revoke });
        telemetry.set_assignment(&[]);
        self.shared.set_readiness(Err("the group is rebalancing: no partitions are assigned".to_owned()));
        for partition in partitions {
            if self.assigned.remove(partition) {
                self.engine.revoke(PartitionGroup(*partition));
            }
        }
        // Before this returns nobody may see the group's contribution any more: only then do others learn that it is free.
        self.publish(None);
    }

    fn record(&mut self, arrived: Arrived<'_>) {
        self.note_timestamp_kind(arrived.at.topic, arrived.timestamp_kind);
        let outcome = self.handle(arrived.at, arrived.record);
        self.log(arrived.at, arrived.record.offset, outcome);
    }
}

fn topic_index(topic: usize) -> TopicIndex {
    TopicIndex(u8::try_from(topic).unwrap_or(u8::MAX))
}
