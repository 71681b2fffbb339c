//! The way of one record through a worker: decoder, engine, counters, log. Each worker has one pipeline, for all of its partition groups.
//!
//! Does not poll, wait or choose the next record, and does not know when snapshots are taken.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use super::allocator::give_back_freed_memory;
use super::checkpoints::{Checkpoints, StoredGroup};
use super::clock::wall_now;
use super::record_log::RecordLog;
use super::service_view::ServiceView;
use super::snapshot_publisher::SnapshotPublisher;
use crate::config::{ClockSource, Configuration, Start};
use crate::engine::{Engine, EngineSettings, LogBeginning, Outcome, PartitionGroup, Progress, RecordPlace, TopicIndex};
use crate::event::{DecodeSettings, Decoded, Record, Refusal, TopicSettings, decode};
use crate::kafka::{
    ArrivedRecord, AssignmentChange, DeadLetters, LogIdentity, LogStart, Loss, LossEnd, PartitionProgress, RefusedRecord, Sink,
    SkippedBatch, TimestampKind, TopicPartition,
};
use crate::kill_point::KillPoint;
use crate::metrics::telemetry::{self, PendingCounts};
use crate::time::{EventTime, Span};

/// The decoder and the engine of one worker.
pub(super) struct Pipeline {
    topics: Vec<TopicSettings>,
    decode: DecodeSettings,
    engine: Engine,
    view: Arc<ServiceView>,
    publisher: Arc<SnapshotPublisher>,
    record_log: Arc<RecordLog>,
    /// Where copies of refused records go.
    dead_letters: Option<Arc<DeadLetters>>,
    /// The clock that stamped the last record of each topic.
    timestamp_kinds: Vec<Option<TimestampKind>>,
    tally: PendingCounts,
    /// The wall clock at the first record of this turn; `None` between two turns. One reading serves a whole turn, which takes about a millisecond.
    turn_began: Option<EventTime>,
    assigned: BTreeSet<i32>,
    /// By what the log of each assigned or parked topic partition is recognised, as of its last turn.
    log_identities: BTreeMap<TopicPartition, LogIdentity>,
    checkpoints: Option<Arc<Checkpoints>>,
    /// Whether new partition groups are read from the start of their logs.
    reads_whole_logs: bool,
    /// A panic left the engine in an unknown state; it is not used any more.
    is_broken: bool,
}

impl Pipeline {
    pub(super) fn new(
        configuration: &Configuration,
        engine: Engine,
        view: Arc<ServiceView>,
        publisher: Arc<SnapshotPublisher>,
        record_log: Arc<RecordLog>,
        checkpoints: Option<Arc<Checkpoints>>,
        dead_letters: Option<Arc<DeadLetters>>,
    ) -> Self {
        Self {
            topics: configuration.topics.clone(),
            decode: configuration.decode.clone(),
            engine,
            tally: view.telemetry().pending_counts(),
            view,
            publisher,
            record_log,
            dead_letters,
            timestamp_kinds: vec![None; configuration.topics.len()],
            turn_began: None,
            assigned: BTreeSet::new(),
            log_identities: BTreeMap::new(),
            checkpoints,
            reads_whole_logs: configuration.run.start == Start::Beginning || configuration.run.clock == ClockSource::Event,
            is_broken: false,
        }
    }

    /// The engine of this worker's partition groups.
    pub(super) fn engine(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// Lets the engine go on with the targets and limits of other settings. An engine that a panic left half changed is not touched.
    pub(super) fn change_settings(&mut self, settings: &EngineSettings) {
        if !self.is_broken {
            self.engine.change_settings(settings);
        }
    }

    /// The sum of the next offsets of a group; `None` if nothing of it was handled.
    pub(super) fn offset_sum(&self, partition: i32) -> Option<u64> {
        self.engine.offset_sum(PartitionGroup(partition))
    }

    /// The state of a group, to be written as a checkpoint.
    pub(super) fn stored(&mut self, checkpoints: &Checkpoints, partition: i32, created: EventTime) -> Option<StoredGroup> {
        if self.is_broken {
            return None;
        }
        checkpoints.take(&mut self.engine, partition, identities_of(&self.log_identities, partition), created)
    }

    /// Called after a panic: the engine is in an unknown state and must not be used any more.
    pub(super) fn give_up(&mut self) {
        self.is_broken = true;
    }

    /// Whether the engine is in an unknown state.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Decodes a record, hands it to the engine, and counts its outcome.
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

    /// The windows over the time of a loss are incomplete.
    fn note_gap(&mut self, at: TopicPartition, loss: &Loss) {
        if self.is_broken {
            return;
        }
        let to = match loss.to {
            LossEnd::Record(timestamp) => EventTime(timestamp),
            LossEnd::Look(instant) => wall_at(instant, Instant::now(), wall_now()),
        };
        self.engine.note_gap(PartitionGroup(at.partition), topic_index(at.topic), loss.from_ms.map(EventTime), to);
    }

    fn note_timestamp_kind(&mut self, topic: usize, kind: TimestampKind) {
        if self.timestamp_kinds[topic] != Some(kind) {
            self.timestamp_kinds[topic] = Some(kind);
            self.view.telemetry().set_log_append_time(topic, kind == TimestampKind::Broker);
            self.record_log.note_timestamp_kind(topic, kind);
        }
    }
}

impl Sink for Pipeline {
    fn assign(&mut self, partitions: &[i32]) {
        for partition in partitions {
            KillPoint::AssignBegun.pass();
            let group = PartitionGroup(*partition);
            let checkpoints = self.checkpoints.as_ref().filter(|_| !self.is_broken);
            if let Some(identities) = checkpoints.and_then(|checkpoints| checkpoints.restore(&mut self.engine, *partition)) {
                self.log_identities.retain(|at, _| at.partition != *partition);
                self.log_identities.extend(identities);
            }
            let is_new = (0..self.topics.len()).all(|topic| self.engine.next_offset(group, topic_index(topic)).is_none());
            self.engine.assign(group);
            if is_new && !self.reads_whole_logs {
                self.engine.mark_incomplete(group);
            }
        }
        self.assigned.extend(partitions);
        // A group that this assignment leaves out belongs to another member now, whose state will be the newer one.
        self.engine.drop_parked();
        self.log_identities.retain(|at, _| self.assigned.contains(&at.partition));
    }

    fn next_offset(&self, at: TopicPartition) -> Option<i64> {
        self.engine.next_offset(PartitionGroup(at.partition), topic_index(at.topic))
    }

    fn revoke(&mut self, partitions: &[i32]) {
        if self.is_broken {
            return;
        }
        KillPoint::RevokeBegun.pass();
        let deadline = self.checkpoints.as_ref().map_or_else(Instant::now, |checkpoints| checkpoints.last_writes_deadline());
        for partition in partitions {
            if self.assigned.remove(partition) {
                self.engine.revoke(PartitionGroup(*partition));
                let letters = self.dead_letters.as_ref();
                letters.iter().for_each(|letters| letters.flush(deadline.saturating_duration_since(Instant::now()) / 3));
                // A state whose copies are not confirmed would let them be lost.
                let is_safe = letters.is_none_or(|letters| letters.barrier(*partition).is_empty());
                if let Some(checkpoints) = self.checkpoints.as_ref().filter(|_| is_safe) {
                    checkpoints.write_last(&mut self.engine, *partition, identities_of(&self.log_identities, *partition), deadline);
                }
            }
        }
        KillPoint::RevokeWritten.pass();
    }

    fn log_identity(&self, at: TopicPartition) -> LogIdentity {
        self.log_identities.get(&at).copied().unwrap_or_default()
    }

    fn rebuild(&mut self, partitions: &[i32]) {
        if self.is_broken {
            return;
        }
        self.log_identities.retain(|at, _| !partitions.contains(&at.partition));
        for partition in partitions {
            self.engine.rebuild(PartitionGroup(*partition));
            self.checkpoints.iter().for_each(|checkpoints| checkpoints.note_rebuilt(*partition));
            if !self.reads_whole_logs {
                self.engine.mark_incomplete(PartitionGroup(*partition));
            }
        }
        self.view.telemetry().count_rebuilt_groups(partitions.len());
    }

    fn lost(&mut self, at: TopicPartition, loss: &Loss) {
        self.view.telemetry().count_lost_offsets(at.topic, loss.offsets.end - loss.offsets.start);
        self.note_gap(at, loss);
    }

    fn skipped(&mut self, at: TopicPartition, batch: &SkippedBatch) {
        let offsets = &batch.loss.offsets;
        self.view.telemetry().count_skipped_offsets(at.topic, batch.reason.name(), offsets.end - offsets.start);
        self.note_gap(at, &batch.loss);
        if !self.is_broken {
            // A checkpoint from now on goes on behind the batch, and holds the gap.
            self.engine.pass_over(PartitionGroup(at.partition), topic_index(at.topic), offsets.end);
        }
    }

    fn rebalanced(sinks: &mut [&mut Self], partitions: &[i32], change: AssignmentChange) {
        let Some(first) = sinks.first() else { return };
        let (view, publisher) = (Arc::clone(&first.view), Arc::clone(&first.publisher));
        // Until everything has been read once more, the values speak for an unknown part of the organisation.
        view.set_caught_up(false);
        view.telemetry().count_rebalance(match change {
            AssignmentChange::Assigned => telemetry::RebalanceKind::Assign,
            AssignmentChange::Revoked => telemetry::RebalanceKind::Revoke,
            AssignmentChange::Lost => telemetry::RebalanceKind::Lost,
            AssignmentChange::Rebuilt => telemetry::RebalanceKind::Rebuild,
        });
        if matches!(change, AssignmentChange::Assigned | AssignmentChange::Rebuilt) {
            // States were restored and dropped. The workers are stopped, so that none waits for memory meanwhile.
            give_back_freed_memory();
        }
        if change == AssignmentChange::Assigned {
            tracing::info!(target: "cxpulse::kafka", groups = partitions.len(), ?partitions, "assigned");
            return;
        }
        view.telemetry().set_assignment(&[]);
        if change == AssignmentChange::Rebuilt {
            tracing::info!(target: "cxpulse::kafka", groups = partitions.len(), ?partitions, "counted anew");
            view.set_readiness(Err("a topic was made again: its partition groups are counted anew".to_owned()));
        } else {
            let lost = change == AssignmentChange::Lost;
            tracing::info!(target: "cxpulse::kafka", groups = partitions.len(), ?partitions, lost, "revoked");
            view.set_readiness(Err("the group is rebalancing: no partitions are assigned".to_owned()));
        }
        if sinks.iter().any(|sink| sink.is_broken) {
            return;
        }
        // When this returns, no reader may see the revoked partitions any more: only then do other members learn that they are free.
        let mut engines: Vec<&mut Engine> = sinks.iter_mut().map(|sink| &mut sink.engine).collect();
        publisher.gather(&mut engines, None).publish();
        view.begin_era();
    }

    fn take_safe_offsets(&mut self) -> Vec<(TopicPartition, i64)> {
        self.checkpoints.as_ref().map(|checkpoints| checkpoints.take_safe_offsets()).unwrap_or_default()
    }

    fn record(&mut self, arrived: ArrivedRecord<'_>) -> Option<RefusedRecord> {
        KillPoint::RecordArrived.pass();
        self.note_timestamp_kind(arrived.at.topic, arrived.timestamp_kind);
        let outcome = self.handle(arrived.at, arrived.record);
        KillPoint::RecordApplied.pass();
        let explain = |reason| Refusal::of(reason, arrived.record, &self.topics[arrived.at.topic], &self.decode);
        self.record_log.note_outcome(arrived.at, arrived.record.offset, outcome, explain);
        let (Outcome::Invalid(reason), Some(_)) = (outcome, &self.dead_letters) else { return None };
        let refusal = explain(reason);
        Some(RefusedRecord { reason: reason.name(), member: refusal.member })
    }

    fn settle(&mut self) {
        if !self.is_broken {
            self.engine.settle();
        }
    }

    fn progressed(&mut self, progress: &PartitionProgress) {
        self.tally.flush();
        self.turn_began = None;
        let at = progress.at();
        if !self.assigned.contains(&at.partition) || self.is_broken {
            return;
        }
        self.log_identities.insert(at, progress.identity());
        if let Some((letters, next)) = self.dead_letters.as_ref().zip(progress.next_offset()) {
            letters.note_handled(at, next);
        }
        let (group, topic) = (PartitionGroup(at.partition), topic_index(at.topic));
        let (now, wall) = (Instant::now(), wall_now());
        if self.engine.coverage(group, topic).is_some_and(|coverage| coverage.beginning() == LogBeginning::Unknown) {
            match progress.log_start() {
                Some(start) => {
                    if matches!(start, LogStart::FirstRecord | LogStart::EmptyAsOf(_)) {
                        let topic = self.topics[at.topic].name.as_str();
                        let partition = at.partition;
                        tracing::info!(
                            target: "cxpulse::kafka",
                            topic,
                            partition,
                            "the log no longer holds its first records; windows that reach further back are incomplete"
                        );
                    }
                    self.engine.note_log_beginning(group, topic, log_beginning(start, now, wall));
                }
                // Nothing counts as seen before it is known what the log holds.
                None => {
                    let progress = Progress { at_end: progress.is_at_end(), seen_through: EventTime::MIN };
                    return self.engine.set_progress(group, topic, progress);
                }
            }
        }
        self.engine.set_progress(group, topic, engine_progress(progress, now, wall));
        KillPoint::TurnTaken.pass();
    }
}

/// Translates instants of the process into times of the wall clock. Everything sent has been read up to the instant of [`PartitionProgress::seen_through`],
/// or up to the timestamp of the last record where that is later.
fn engine_progress(progress: &PartitionProgress, now: Instant, wall: EventTime) -> Progress {
    let seen_through = progress.seen_through(now).map(|instant| wall_at(instant, now, wall));
    // A producer's clock may be ahead of this machine's.
    let last = progress.last_timestamp().map(|timestamp| EventTime(timestamp).min(wall));
    Progress { at_end: progress.is_at_end(), seen_through: seen_through.max(last).unwrap_or(EventTime::MIN) }
}

fn log_beginning(start: LogStart, now: Instant, wall: EventTime) -> LogBeginning {
    match start {
        LogStart::Whole => LogBeginning::Whole,
        LogStart::FirstRecord => LogBeginning::FirstRecord,
        LogStart::Since(timestamp) => LogBeginning::Since(EventTime(timestamp)),
        LogStart::EmptyAsOf(instant) => LogBeginning::Since(wall_at(instant, now, wall)),
    }
}

/// The wall clock at an instant of the past.
fn wall_at(instant: Instant, now: Instant, wall: EventTime) -> EventTime {
    let age_ms = now.saturating_duration_since(instant).as_millis();
    wall - Span(i64::try_from(age_ms).unwrap_or(i64::MAX))
}

fn topic_index(topic: usize) -> TopicIndex {
    TopicIndex(u8::try_from(topic).unwrap_or(u8::MAX))
}

/// By what the logs of a partition group are recognised.
fn identities_of(
    identities: &BTreeMap<TopicPartition, LogIdentity>,
    partition: i32,
) -> impl Iterator<Item = (TopicPartition, LogIdentity)> {
    let own = TopicPartition { partition, topic: 0 }..=TopicPartition { partition, topic: usize::MAX };
    identities.range(own).map(|(at, identity)| (*at, *identity))
}
