//! One membership of the consumer group: polls the client, follows the assignment, and gives each partition group to a worker.
//!
//! One thread polls one consumer. Each round serves callbacks, follows changes of the assignment, and takes in the answers of the observer. Records
//! are not taken here, but by the threads that work on [`WorkerPartitions`]. Does not know the meaning of a record.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::client_errors::ClientErrors;
use super::cluster::Lookup;
use super::cluster_observer::{ClusterObserver, Observation};
use super::failure::Failure;
use super::partition_progress::{FRESH, PartitionProgress, TopicPartition};
use super::properties;
use super::rebalance::{GroupContext, PendingChange, TopicSubscription};
use super::sink::Sink;
use super::worker_partitions::{StoppedPartitions, WorkerPartitions, worker_of};
use crate::config::KafkaSettings;
use crate::time::EventTime;

/// The settings of a session.
#[derive(Clone, Debug)]
pub struct SessionSettings {
    /// Brokers, consumer group and client properties.
    pub kafka: KafkaSettings,
    /// The topics in configured order, each with the place where reading begins if the sink gives no next offset.
    pub topics: Vec<(String, StartAt)>,
}

/// The place in a log where reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAt {
    /// The first offset.
    Beginning,
    /// The first record at or after this instant, by record timestamp.
    Time(EventTime),
}

/// A membership of the consumer group.
pub struct Session<S: Sink> {
    /// They hold the queues, which hold the consumer; so they are cleared before the consumer is dropped.
    workers: Arc<[WorkerPartitions<S>]>,
    consumer: Arc<BaseConsumer<GroupContext>>,
    subscription: Arc<TopicSubscription>,
    observer: ClusterObserver,
    starts: Vec<StartAt>,
    /// An assignment that waits for its start offsets.
    unresolved: Option<Unresolved>,
    /// Counts assignments and revocations, so that an answer about an earlier one is recognised.
    epoch: u64,
    state: MembershipState,
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

/// An assignment of which some start offsets are still being looked up.
struct Unresolved {
    known: Vec<(TopicPartition, Offset)>,
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
            starts: settings.topics.iter().map(|(_, start)| *start).collect(),
            unresolved: None,
            epoch: 0,
            state: MembershipState::Joining,
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
        if let Some(refusal) = self.subscription.errors.take_refusal()
            && self.epoch == 0
        {
            return Err(Failure::Refused(refusal));
        }
        self.follow_changes()?;
        self.take_observations()
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
            // The old queues are dropped before any queue is split again: dropping an old queue later would silence the new one of the same
            // partition.
            self.workers.iter().for_each(|worker| worker.stop().clear());
            match change {
                PendingChange::Assigned(partitions) => self.assigned(&partitions)?,
                PendingChange::Revoked => {
                    self.state = MembershipState::Joining;
                    self.observer.watch(Vec::new());
                }
            }
            self.workers.iter().for_each(|worker| worker.stop().end_halt());
        }
        Ok(())
    }

    /// Splits the queues. Then assigns at once if every start offset is known; otherwise asks the observer for the missing offsets first.
    fn assigned(&mut self, partitions: &[TopicPartition]) -> Result<(), Failure> {
        let mut known = Vec::new();
        let mut to_resolve = Vec::new();
        let mut timestamp_ms = 0;
        for at in partitions {
            let next_offset = self.split(*at)?;
            match (next_offset, self.starts[at.topic]) {
                (Some(offset), _) => known.push((*at, Offset::Offset(offset))),
                (None, StartAt::Beginning) => known.push((*at, Offset::Beginning)),
                (None, StartAt::Time(time)) => {
                    timestamp_ms = time.0;
                    to_resolve.push(*at);
                }
            }
        }
        if to_resolve.is_empty() {
            self.begin(&known)
        } else {
            self.unresolved = Some(Unresolved { known });
            self.observer.resolve(self.epoch, timestamp_ms, to_resolve);
            Ok(())
        }
    }

    /// Gives a partition's queue to its worker, and returns the offset at which the sink resumes.
    fn split(&self, at: TopicPartition) -> Result<Option<i64>, Failure> {
        let topic = &self.subscription.topics[at.topic];
        let queue = self
            .consumer
            .split_partition_queue(topic, at.partition)
            .ok_or_else(|| Failure::Fatal(format!("no queue for {topic}/{}", at.partition)))?;
        Ok(self.stop_worker_of(at).add(at, queue, &self.subscription))
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
        self.observer.watch(offsets.iter().map(|(at, _)| *at).collect());
        Ok(())
    }

    fn take_observations(&mut self) -> Result<(), Failure> {
        let observations: Vec<Observation> = self.observer.observations().collect();
        for observation in observations {
            match observation {
                Observation::LogEnds { asked_at, ends } => {
                    self.answered_at = Some(Instant::now());
                    self.unanswered = None;
                    for (at, offset) in ends {
                        self.change(at, |progress| progress.note_log_end(offset, asked_at));
                    }
                }
                Observation::Unanswered(why) => self.unanswered = Some(why),
                Observation::Counts(counts) => {
                    self.answered_at = Some(Instant::now());
                    self.unanswered = None;
                    self.note_counts(counts);
                }
                Observation::Starts { epoch, offsets } if epoch == self.epoch => {
                    let Some(unresolved) = self.unresolved.take() else { continue };
                    let mut all = unresolved.known;
                    for (at, offset) in offsets {
                        self.change(at, |progress| *progress = PartitionProgress::new(at, Some(offset)));
                        all.push((at, Offset::Offset(offset)));
                    }
                    self.begin(&all)?;
                }
                Observation::Starts { .. } => {}
            }
        }
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
