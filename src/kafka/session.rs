//! One membership of the consumer group: polls the client, follows the assignment, and gives each partition group to a worker.
//!
//! One thread polls one consumer. Each round serves callbacks, follows changes of the assignment, and takes in the answers of the observer. Records
//! are not taken here, but by the threads that work on [`WorkerPartitions`].
//!
//! Before anything of an assignment is read, the logs are recognised. A log that is another one than the state was counted from makes its partition groups
//! begin anew, also while they are being read. Does not know the meaning of a record.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::client_errors::ClientErrors;
use super::cluster::Lookup;
use super::cluster_observer::{ClusterObserver, Observation, Question};
use super::commits;
use super::failure::Failure;
use super::letter_offsets;
use super::log_identity::{LogIdentity, RecordComparison, TopicId};
use super::losses::{Loss, LossEnd};
use super::partition_progress::{FRESH, PartitionProgress, TopicPartition};
use super::properties;
use super::rebalance::{FetchState, GroupContext, PendingChange, TopicSubscription};
use super::session_settings::{SessionSettings, StartAt};
use super::sink::{AssignmentChange, Sink};
use super::undecodable_partitions::{UndecodablePartitions, why_held};
use super::worker_partitions::{StoppedPartitions, WorkerPartitions, worker_of};
use crate::kill_point::KillPoint;

/// How often the last stable offsets of partitions that do not move are asked for.
const STABLE_ENDS_EVERY: Duration = Duration::from_secs(10);
/// After this long the statistics speak of the present assignment.
const STATISTICS_AFTER: Duration = Duration::from_secs(2);
/// How often it is committed how far copies of refused records are confirmed.
const COMMIT_EVERY: Duration = Duration::from_millis(200);
/// How often a log that went back is asked about, until it is decided whether it is another one.
const DOUBTS_EVERY: Duration = Duration::from_secs(2);

/// A membership of the consumer group.
pub struct Session<S: Sink> {
    /// They hold the queues, which hold the consumer; so they are cleared before the consumer is dropped.
    workers: Arc<[WorkerPartitions<S>]>,
    consumer: Arc<BaseConsumer<GroupContext>>,
    subscription: Arc<TopicSubscription>,
    observer: ClusterObserver,
    undecodable: UndecodablePartitions,
    starts: Vec<StartAt>,
    /// An assignment that waits until its logs are recognised and its start offsets are known.
    unresolved: Option<Unresolved>,
    /// Counts assignments and revocations, so that an answer about an earlier one is recognised.
    epoch: u64,
    state: MembershipState,
    /// When the present assignment was given to librdkafka.
    begun_at: Instant,
    /// Why the cluster refuses this client, and since when.
    refusal: Option<(String, Instant)>,
    /// The log ends that were last seen before the topics were known to be the same, also of partitions that are not assigned any more.
    log_ends: BTreeMap<TopicPartition, i64>,
    /// When the logs that went back were last asked about.
    doubts_asked_at: Option<Instant>,
    stable_ends_asked_at: Instant,
    committed_at: Instant,
    answered_at: Option<Instant>,
    unanswered: Option<String>,
    partition_counts: Vec<usize>,
}

/// The state of the membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MembershipState {
    /// The member has not joined the group yet, or is between two assignments.
    Joining,
    /// The group is stable, and this member reads its partitions, which may be none.
    Assigned,
}

/// An assignment of which something is still being looked up.
enum Unresolved {
    /// Whether the logs are those that were read before.
    Logs(Vec<TopicPartition>),
    /// Some start offsets; these are known.
    Starts { known: Vec<(TopicPartition, Offset)>, start_time: i64 },
}

/// A partition that does not move although it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StuckPartition {
    /// The topic partition.
    pub at: TopicPartition,
    /// The name of its topic.
    pub topic: String,
    /// The next offset to read; `None` where none was read.
    pub next_offset: Option<i64>,
    /// Whether it stands still because its log ends before what was read of it, and not because no records come.
    pub is_in_doubt: bool,
}

impl<S: Sink + 'static> Session<S> {
    /// Joins the group, and waits for nothing. The threads that work on `workers` must end before the session is dropped.
    ///
    /// # Errors
    /// When the settings are refused.
    pub fn join(settings: &SessionSettings, lookup: Box<dyn Lookup>, workers: Arc<[WorkerPartitions<S>]>) -> Result<Self, Failure> {
        assert!(!workers.is_empty(), "there is at least one worker");
        let topics: Vec<String> = settings.topics.iter().map(|(name, _)| name.clone()).collect();
        let config = properties::group_consumer(&settings.kafka)?;
        let subscription = Arc::new(TopicSubscription {
            topics: topics.clone(),
            errors: ClientErrors::new(&settings.kafka),
            token: settings.kafka.token.clone(),
            dead_letters: settings.dead_letters.clone(),
        });
        let context = GroupContext::new(Box::new(Arc::clone(&workers)), Arc::clone(&subscription));
        let consumer: BaseConsumer<GroupContext> = properties::create(&config, context, &settings.kafka.properties)?;
        let names: Vec<&str> = topics.iter().map(String::as_str).collect();
        consumer.subscribe(&names).map_err(|error| Failure::Client(error.to_string()))?;
        let observer = ClusterObserver::start(lookup).map_err(|error| Failure::Client(format!("cannot start a thread: {error}")))?;
        Ok(Self {
            workers,
            consumer: Arc::new(consumer),
            subscription,
            observer,
            undecodable: UndecodablePartitions::new(&settings.kafka, topics.clone(), settings.dead_letters.clone()),
            starts: settings.topics.iter().map(|(_, start)| *start).collect(),
            unresolved: None,
            epoch: 0,
            state: MembershipState::Joining,
            begun_at: Instant::now(),
            refusal: None,
            log_ends: BTreeMap::new(),
            doubts_asked_at: None,
            stable_ends_asked_at: Instant::now(),
            committed_at: Instant::now(),
            answered_at: None,
            unanswered: None,
            partition_counts: Vec::new(),
        })
    }

    /// Serves callbacks, waiting at most `timeout` for them, and follows their changes.
    ///
    /// # Errors
    /// When the client cannot go on, or, before the first assignment, when the cluster refuses it.
    pub fn poll(&mut self, timeout: Duration) -> Result<(), Failure> {
        match self.consumer.poll(timeout) {
            None => {}
            // Every queue is split before fetching begins, so no record can come here.
            Some(Ok(message)) => {
                return Err(Failure::Fatal(format!("a record of {}/{} came on the main queue", message.topic(), message.partition())));
            }
            Some(Err(error)) => self.subscription.errors.note_in_place_of_record(&error)?,
        }
        if let Some((code, text)) = self.consumer.client().fatal_error() {
            return Err(Failure::Fatal(format!("{code}: {text}")));
        }
        if let Some(refusal) = self.subscription.errors.take_refusal() {
            if self.epoch == 0 {
                return Err(Failure::Refused(refusal));
            }
            self.refusal = Some((refusal, Instant::now()));
        }
        self.follow_changes()?;
        if let Some(states) = self.consumer.context().take_fetch_states() {
            self.take_fetch_states(&states);
        }
        self.ask_about_doubts();
        self.take_observations()?;
        if self.state == MembershipState::Assigned && self.unresolved.is_none() {
            self.undecodable.review(&self.workers, &self.consumer, self.epoch)?;
            self.follow_dead_letters();
        }
        Ok(())
    }

    /// Commits next offsets that are safe in checkpoints, for displays of lag only. Nothing where refused records are copied: the committed offsets then say
    /// how far the copies are confirmed.
    pub fn commit(&self, offsets: &[(TopicPartition, i64)]) {
        if self.subscription.dead_letters.is_none() && self.state == MembershipState::Assigned {
            commits::commit(&self.consumer, &self.subscription.topics, offsets);
        }
    }

    /// Sends failed copies of refused records again, and commits how far they are confirmed.
    fn follow_dead_letters(&mut self) {
        let is_due = self.committed_at.elapsed() >= COMMIT_EVERY;
        let Some(letters) = self.subscription.dead_letters.as_ref().filter(|_| is_due) else { return };
        letters.retry();
        let partitions: Vec<TopicPartition> = self.progress().map(|progress| progress.at()).collect();
        letter_offsets::commit(&self.consumer, letters, &partitions, &self.subscription.topics);
        self.committed_at = Instant::now();
    }

    /// Why the service cannot speak for its partitions, which have this progress, as a sentence for an operator: the cluster refuses it, the brokers do not
    /// answer, the topics differ in their number of partitions, or a partition is stuck. `None` while there is nothing of that.
    #[must_use]
    pub fn objection(&self, progress: &[PartitionProgress], now: Instant) -> Option<String> {
        if let Some((refusal, _)) = &self.refusal {
            return Some(format!("the cluster refuses: {refusal}"));
        }
        if let Some(why) = self.unanswered(now) {
            return Some(why);
        }
        if let Some(counts) = self.unequal_partitions() {
            return Some(format!("the topics differ in their number of partitions ({counts}): add partitions to the others"));
        }
        if let Some(why) = self.subscription.dead_letters.as_ref().and_then(|letters| letters.objection()) {
            return Some(why);
        }
        if let Some(why) = why_held(progress, &self.subscription.topics) {
            return Some(why);
        }
        let stuck = self.stuck(progress, now);
        let first = stuck.first()?;
        let why = if first.is_in_doubt { "its log ends before what was read of it" } else { "no records come" };
        Some(format!("{} partitions do not move, the first is {}/{}: {why}", stuck.len(), first.topic, first.at.partition))
    }

    /// Those of these partitions that have not moved for a minute although their logs hold records to read.
    #[must_use]
    pub fn stuck(&self, progress: &[PartitionProgress], now: Instant) -> Vec<StuckPartition> {
        let stuck = |progress: &PartitionProgress| StuckPartition {
            at: progress.at(),
            topic: self.subscription.topics[progress.at().topic].clone(),
            next_offset: progress.next_offset(),
            is_in_doubt: progress.is_in_doubt(),
        };
        progress.iter().filter(|progress| progress.is_stuck(now)).map(stuck).collect()
    }

    /// The partition counts of the topics in words, where they are not equal.
    fn unequal_partitions(&self) -> Option<String> {
        let counts = &self.partition_counts;
        let named = || self.subscription.topics.iter().zip(counts).map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>();
        counts.iter().any(|count| *count != counts[0]).then(|| named().join(", "))
    }

    /// How far each assigned topic partition has been read.
    pub fn progress(&self) -> impl Iterator<Item = PartitionProgress> {
        self.workers.iter().flat_map(|worker| worker.stop().progress().cloned().collect::<Vec<_>>())
    }

    /// Whether the group is stable, so that every partition of this member is being read. It may have none.
    #[must_use]
    pub fn is_assigned(&self) -> bool {
        self.state == MembershipState::Assigned
    }

    /// Why the brokers count as away; `None` while they answer.
    #[must_use]
    pub fn unanswered(&self, now: Instant) -> Option<String> {
        let fresh = self.answered_at.is_some_and(|at| now.saturating_duration_since(at) <= FRESH);
        match (&self.unanswered, fresh) {
            (None, true) => None,
            (Some(why), _) => Some(why.clone()),
            (None, false) => Some("the brokers have not answered yet".to_owned()),
        }
    }

    /// The number of partitions of each topic; empty before it is known.
    #[must_use]
    pub fn partition_counts(&self) -> &[usize] {
        &self.partition_counts
    }

    fn follow_changes(&mut self) -> Result<(), Failure> {
        for change in self.consumer.context().take_pending_changes() {
            self.epoch += 1;
            self.unresolved = None;
            self.undecodable.forget();
            // The old queues are dropped before any queue is split again: dropping an old queue later would silence the new one of the same
            // partition.
            self.workers.iter().for_each(|worker| worker.stop().clear());
            match change {
                PendingChange::Assigned(partitions) => self.assigned(partitions)?,
                PendingChange::Revoked => {
                    self.state = MembershipState::Joining;
                    self.observer.watch(Vec::new());
                }
            }
            self.workers.iter().for_each(|worker| worker.stop().end_halt());
        }
        Ok(())
    }

    /// Splits the queues, and asks whether the logs are those that were read before.
    fn assigned(&mut self, partitions: Vec<TopicPartition>) -> Result<(), Failure> {
        let mut logs = Vec::with_capacity(partitions.len());
        for at in &partitions {
            logs.push((*at, self.split(*at)?));
        }
        self.unresolved = Some(Unresolved::Logs(partitions));
        self.observer.ask(self.epoch, Question::Identify(logs));
        Ok(())
    }

    /// Assigns at once if every start offset is known; otherwise asks the observer for the missing offsets first.
    fn recognised(&mut self, partitions: &[TopicPartition]) -> Result<(), Failure> {
        if let Some(letters) = &self.subscription.dead_letters {
            let ids: Vec<_> = self.progress().map(|progress| (progress.at(), progress.identity().topic_id)).collect();
            letter_offsets::look_up(&self.consumer, letters, &ids, &self.subscription.topics);
        }
        let mut known = Vec::new();
        let mut to_resolve = Vec::new();
        let mut start_time = 0;
        for at in partitions {
            let next_offset = self.stop_worker_of(*at).progress_of(*at).and_then(|progress| progress.next_offset());
            match (next_offset, self.starts[at.topic]) {
                (Some(offset), _) => known.push((*at, Offset::Offset(offset))),
                (None, StartAt::Beginning) => known.push((*at, Offset::Beginning)),
                (None, StartAt::Time(time)) => {
                    start_time = time.0;
                    to_resolve.push(*at);
                }
            }
        }
        if to_resolve.is_empty() {
            return self.begin(&known);
        }
        self.unresolved = Some(Unresolved::Starts { known, start_time });
        self.observer.ask(self.epoch, Question::Resolve { timestamp_ms: start_time, partitions: to_resolve });
        Ok(())
    }

    /// Gives a partition's queue to its worker, and gives by what its log is recognised.
    fn split(&self, at: TopicPartition) -> Result<LogIdentity, Failure> {
        let topic = &self.subscription.topics[at.topic];
        let queue = self
            .consumer
            .split_partition_queue(topic, at.partition)
            .ok_or_else(|| Failure::Fatal(format!("no queue for {topic}/{}", at.partition)))?;
        let mut worker = self.stop_worker_of(at);
        worker.add(at, queue, &self.consumer, &self.subscription);
        Ok(worker.progress_of(at).map(|progress| progress.identity()).unwrap_or_default())
    }

    fn stop_worker_of(&self, at: TopicPartition) -> StoppedPartitions<'_, S> {
        self.workers[worker_of(at.partition, self.workers.len())].stop()
    }

    /// Gives librdkafka the assignment, once, with its final offsets.
    fn begin(&mut self, offsets: &[(TopicPartition, Offset)]) -> Result<(), Failure> {
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for (at, offset) in offsets {
            let topic = &self.subscription.topics[at.topic];
            list.add_partition_offset(topic, at.partition, *offset).map_err(|error| Failure::Fatal(error.to_string()))?;
        }
        self.consumer.assign(&list).map_err(|error| Failure::Fatal(error.to_string()))?;
        self.state = MembershipState::Assigned;
        if self.subscription.dead_letters.is_none() {
            commits::warn_of_newer_checkpoints(&self.consumer, &self.subscription.topics, offsets);
        }
        self.begun_at = Instant::now();
        KillPoint::ReadingBegun.pass();
        self.observer.watch(offsets.iter().map(|(at, _)| *at).collect());
        Ok(())
    }

    fn take_observations(&mut self) -> Result<(), Failure> {
        let observations: Vec<Observation> = self.observer.observations().collect();
        for observation in observations {
            if let Observation::Unanswered(why) = observation {
                self.unanswered = Some(why);
                continue;
            }
            self.answered_at = Some(Instant::now());
            self.unanswered = None;
            match observation {
                Observation::Logs { asked_at, logs } => self.note_logs(logs, asked_at),
                Observation::StableEnds { asked_at, ends } => {
                    for (at, end) in ends {
                        self.change(at, |progress| progress.note_stable_end(end, asked_at));
                    }
                }
                Observation::Topics { counts, topic_ids } => {
                    self.note_counts(counts);
                    self.note_topic_ids(&topic_ids)?;
                }
                Observation::Identified { epoch, topic_ids, comparisons } if epoch == self.epoch => {
                    self.identified(&topic_ids, &comparisons)?;
                }
                Observation::Starts { epoch, offsets } if epoch == self.epoch => {
                    let Some(Unresolved::Starts { known: mut all, start_time }) = self.unresolved.take() else { continue };
                    for (at, offset) in offsets {
                        self.change(at, |progress| *progress = progress.clone().starting_at(offset, start_time));
                        all.push((at, Offset::Offset(offset)));
                    }
                    self.begin(&all)?;
                }
                Observation::Identified { .. } | Observation::Starts { .. } | Observation::Unanswered(_) => {}
            }
        }
        Ok(())
    }

    fn note_logs(&mut self, logs: Vec<(TopicPartition, Range<i64>)>, asked_at: Instant) {
        for (at, offsets) in logs {
            for loss in self.stop_worker_of(at).note_log(at, offsets, asked_at) {
                self.warn_of_loss(at, &loss, "the log no longer holds records that were to be read next");
            }
        }
        let now = Instant::now();
        if now.duration_since(self.stable_ends_asked_at) >= STABLE_ENDS_EVERY {
            let still: Vec<TopicPartition> =
                self.progress().filter(|progress| progress.needs_stable_end(now)).map(|still| still.at()).collect();
            if !still.is_empty() {
                self.stable_ends_asked_at = now;
                self.observer.look_for_stable_ends(still);
            }
        }
    }

    fn warn_of_loss(&self, at: TopicPartition, loss: &Loss, what: &str) {
        tracing::warn!(
            target: "cxpulse::kafka",
            topic = self.subscription.topics[at.topic],
            partition = at.partition,
            from = loss.offsets.start,
            to = loss.offsets.end,
            "{what}; windows over that time are incomplete"
        );
    }

    /// Takes the statistics in: what was fetched up to its end, and whether a refusal is over.
    fn take_fetch_states(&mut self, states: &[FetchState]) {
        // The statistics lag behind by up to two seconds, so the first ones may speak of an earlier assignment.
        if self.state != MembershipState::Assigned || self.begun_at.elapsed() < STATISTICS_AFTER {
            return;
        }
        let mut are_all_readable = true;
        for worker in self.workers.iter() {
            for progress in worker.stop().progress_mut() {
                let state = states.iter().find(|state| state.at == progress.at());
                if let Some(end) = state.and_then(|state| state.end) {
                    progress.note_reported_end(end);
                }
                are_all_readable &= state.is_some_and(|state| state.is_readable);
            }
        }
        if are_all_readable && self.refusal.as_ref().is_some_and(|(_, since)| since.elapsed() >= STATISTICS_AFTER) {
            tracing::info!(target: "cxpulse::kafka", "the cluster lets every partition be read again");
            self.refusal = None;
        }
    }

    /// The logs of an assignment, or those that went back, have been recognised or not.
    fn identified(&mut self, topic_ids: &[Option<TopicId>], comparisons: &[(TopicPartition, RecordComparison)]) -> Result<(), Failure> {
        let compared: BTreeMap<TopicPartition, RecordComparison> = comparisons.iter().copied().collect();
        let is_other = |progress: &PartitionProgress| {
            progress.identity().is_of_another_topic(topic_ids[progress.at().topic]) == Some(true)
                || compared.get(&progress.at()) == Some(&RecordComparison::Another)
        };
        let other: Vec<PartitionProgress> = self.progress().filter(is_other).collect();
        if !other.is_empty() {
            return self.rebuild(&other);
        }
        let mut reset: Vec<(TopicPartition, Option<i64>)> = Vec::new();
        for worker in self.workers.iter() {
            for progress in worker.stop().progress_mut() {
                if let Some(id) = topic_ids[progress.at().topic] {
                    progress.note_topic_id(id);
                }
                // This end was seen before the ids were asked for, so it is one of the same log.
                if let Some(end) = progress.log_end() {
                    self.log_ends.insert(progress.at(), end);
                }
                // The client has gone back by itself, such as after nonsense that it took for an offset. Where the log ends before what was read of it,
                // it was cut off.
                let is_whole = progress.log_end().zip(progress.next_offset()).is_some_and(|(end, next)| end >= next);
                if progress.is_in_doubt() && is_whole && compared.get(&progress.at()) == Some(&RecordComparison::Same) {
                    reset.push((progress.at(), progress.next_offset()));
                }
            }
        }
        for (at, next_offset) in reset {
            if self.undecodable.go_on_at(&self.consumer, at, next_offset) {
                self.change(at, PartitionProgress::settle_doubt);
            }
        }
        if let Some(Unresolved::Logs(partitions)) = self.unresolved.take() {
            self.recognised(&partitions)?;
        }
        Ok(())
    }

    /// Looks whether a topic was made again since its partitions were assigned.
    fn note_topic_ids(&mut self, topic_ids: &[Option<TopicId>]) -> Result<(), Failure> {
        if self.state != MembershipState::Assigned || self.unresolved.is_some() {
            return Ok(());
        }
        self.identified(topic_ids, &[])
    }

    /// Asks about the logs that went back, at once and then every two seconds.
    fn ask_about_doubts(&mut self) {
        let is_new = self.workers.iter().any(WorkerPartitions::take_doubt);
        let is_due = self.doubts_asked_at.is_some_and(|at| at.elapsed() >= DOUBTS_EVERY);
        if self.unresolved.is_some() || (!is_new && !is_due) {
            return;
        }
        let logs: Vec<_> = self.progress().filter(PartitionProgress::is_in_doubt).map(|doubt| (doubt.at(), doubt.identity())).collect();
        self.doubts_asked_at = (!logs.is_empty()).then(Instant::now);
        if is_new {
            for (at, _) in &logs {
                let topic = &self.subscription.topics[at.topic];
                tracing::warn!(target: "cxpulse::kafka", topic, partition = at.partition, "the log goes on below what was read of it");
            }
        }
        if !logs.is_empty() {
            self.observer.ask(self.epoch, Question::Identify(logs));
        }
    }

    /// Lets the partition groups of these logs begin anew: the state was counted from other logs.
    fn rebuild(&mut self, other: &[PartitionProgress]) -> Result<(), Failure> {
        let mut partitions: Vec<TopicPartition> = self.progress().map(|progress| progress.at()).collect();
        partitions.sort_unstable();
        for progress in other {
            let at = progress.at();
            let end = self.log_ends.remove(&at).unwrap_or_default();
            let unread = progress.next_offset().unwrap_or_default()..end;
            tracing::warn!(
                target: "cxpulse::kafka",
                topic = self.subscription.topics[at.topic],
                partition = at.partition,
                unread = (unread.end - unread.start).max(0),
                "the log is another one than was read before: the topic was deleted and made again, or its log was cut off; its partition group is \
                 counted anew"
            );
            if !unread.is_empty() {
                let loss = Loss { offsets: unread, from_ms: progress.last_timestamp(), to: LossEnd::Look(Instant::now()) };
                self.stop_worker_of(at).sink().lost(at, &loss);
            }
        }
        let groups: Vec<i32> = other.iter().map(|progress| progress.at().partition).collect::<BTreeSet<_>>().into_iter().collect();
        self.epoch += 1;
        self.unresolved = None;
        self.undecodable.forget();
        self.doubts_asked_at = None;
        self.workers.iter().for_each(|worker| worker.stop().clear());
        self.consumer.context().notify(&groups, AssignmentChange::Rebuilt);
        if self.state == MembershipState::Assigned {
            // What was fetched by the old assignment must not reach the new queues.
            self.consumer.unassign().map_err(|error| Failure::Fatal(error.to_string()))?;
            self.state = MembershipState::Joining;
        }
        self.observer.watch(Vec::new());
        self.assigned(partitions)?;
        self.workers.iter().for_each(|worker| worker.stop().end_halt());
        Ok(())
    }

    /// Takes over the partition counts, and warns when they have become unequal. At the start unequal counts are refused, but a running service still
    /// holds good state.
    fn note_counts(&mut self, counts: Vec<usize>) {
        let is_unequal = |counts: &[usize]| counts.iter().any(|count| *count != counts[0]);
        if is_unequal(&counts) && counts != self.partition_counts {
            tracing::warn!(
                target: "cxpulse::kafka",
                ?counts,
                "the topics differ in their number of partitions now: what belongs together no longer lies in partitions of one number"
            );
        } else if !self.partition_counts.is_empty() && counts != self.partition_counts {
            tracing::info!(target: "cxpulse::kafka", ?counts, "the number of partitions changed; the group takes the new ones within a minute");
        }
        self.partition_counts = counts;
    }

    fn change(&self, at: TopicPartition, change: impl FnOnce(&mut PartitionProgress)) {
        if let Some(progress) = self.stop_worker_of(at).progress_of(at) {
            change(progress);
        }
    }
}

impl<S: Sink> Drop for Session<S> {
    /// Leaves the group. The rebalance callback still comes, from within the consumer's own drop.
    fn drop(&mut self) {
        self.workers.iter().for_each(|worker| worker.stop().clear());
        // An assignment that was never answered with `assign` would keep the consumer from closing.
        if self.unresolved.is_some()
            && let Err(error) = self.consumer.unassign()
        {
            tracing::warn!(target: "cxpulse::kafka", %error, "could not give partitions back");
        }
    }
}
