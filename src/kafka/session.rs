//! One membership of the consumer group: polls, follows the assignment, and gives each partition group to the share of a worker.
//!
//! One thread polls one consumer; it has no wakers to lose. The shape of one round is: serve callbacks, follow changes of the assignment, hear the
//! observer. Records are not taken here, but by whoever works on a [`Share`].

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::assignment::FRESH;
use super::context::{Change, Common, GroupContext, Trouble, lock, share_of};
use super::group::Group;
use super::observer::{Observer, Report};
use super::properties;
use super::share::{Share, Stopped};
use super::{Failure, Feed, Lookup, Sink, TopicPartition};
use crate::config::KafkaSettings;
use crate::time::EventTime;

/// What a session is told.
#[derive(Clone, Debug)]
pub struct SessionSettings {
    /// Brokers, group, properties.
    pub kafka: KafkaSettings,
    /// The topics, in configured order, each with where reading begins where the sink knows no next offset.
    pub topics: Vec<(String, StartAt)>,
}

/// Where reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAt {
    /// The first offset.
    Beginning,
    /// The first record at or after this instant, by record timestamp.
    Time(EventTime),
}

/// A membership of the group.
pub struct Session<S: Sink> {
    /// Hold the queues, which hold the consumer: they are emptied before it is dropped.
    shares: Arc<[Share<S>]>,
    consumer: Arc<BaseConsumer<GroupContext<S>>>,
    common: Arc<Common>,
    observer: Observer,
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

/// Where the membership stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MembershipState {
    /// Not in the group yet, or between two assignments.
    Joining,
    /// In a stable group, with or without partitions.
    Assigned,
}

struct Unresolved {
    known: Vec<(TopicPartition, Offset)>,
}

impl<S: Sink + 'static> Session<S> {
    /// Joins the group. Nothing is waited for. Whoever works on the shares must have ended before the session is dropped.
    ///
    /// # Errors
    /// When the settings are refused.
    pub fn join(settings: &SessionSettings, lookup: Box<dyn Lookup>, shares: Arc<[Share<S>]>) -> Result<Self, Failure> {
        assert!(!shares.is_empty(), "there is at least one worker");
        let topics: Vec<String> = settings.topics.iter().map(|(name, _)| name.clone()).collect();
        let config = properties::group_consumer(&settings.kafka)?;
        let common = Arc::new(Common {
            topics: topics.clone(),
            trouble: Mutex::new(Trouble::default()),
            properties: settings.kafka.properties.clone(),
        });
        let context = GroupContext { shares: Arc::clone(&shares), changes: Mutex::new(Vec::new()), common: Arc::clone(&common) };
        let consumer: BaseConsumer<GroupContext<S>> = properties::create(&config, context, &settings.kafka.properties)?;
        let names: Vec<&str> = topics.iter().map(String::as_str).collect();
        consumer.subscribe(&names).map_err(|error| Failure::Client(error.to_string()))?;
        let observer = Observer::start(lookup).map_err(|error| Failure::Client(format!("cannot start a thread: {error}")))?;
        Ok(Self {
            shares,
            consumer: Arc::new(consumer),
            common,
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

    /// Serves callbacks and follows what they changed, waiting at most `timeout` for them.
    ///
    /// # Errors
    /// When the client cannot go on, or, before the first assignment, when the cluster refuses it.
    pub fn poll(&mut self, timeout: Duration) -> Result<(), Failure> {
        match self.consumer.poll(timeout) {
            None => {}
            // Queues are split before fetching begins, so no record can come here.
            Some(Ok(message)) => {
                return Err(Failure::Fatal(format!("a record of {}/{} came on the main queue", message.topic(), message.partition())));
            }
            Some(Err(error)) => self.common.note(&error)?,
        }
        if let Some((code, text)) = self.consumer.client().fatal_error() {
            return Err(Failure::Fatal(format!("{code}: {text}")));
        }
        let refused = lock(&self.common.trouble).refused.take();
        if let Some(refused) = refused
            && self.epoch == 0
        {
            return Err(Failure::Refused(refused));
        }
        self.follow_changes()?;
        self.hear_observer()
    }

    /// The assigned topic partitions, and how far each has been read.
    pub fn feeds(&self) -> impl Iterator<Item = Feed> {
        self.shares.iter().flat_map(|share| share.stop().feeds().cloned().collect::<Vec<_>>())
    }

    /// Whether the group is stable: every partition that this member is to have is being read, which may be none.
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
        let changes = std::mem::take(&mut *lock(&self.consumer.context().changes));
        for change in changes {
            self.epoch += 1;
            self.unresolved = None;
            // The queues of the assignment before are dropped before anything is split again: dropping an old queue later would silence the new
            // one of the same partition.
            self.shares.iter().for_each(|share| share.stop().groups.clear());
            match change {
                Change::Assigned(partitions) => self.assigned(&partitions)?,
                Change::Revoked => {
                    self.state = MembershipState::Joining;
                    self.observer.watch(Vec::new());
                }
            }
            self.shares.iter().for_each(|share| share.stop().is_halted = false);
        }
        Ok(())
    }

    /// Splits the queues, then assigns at once where every start offset is known, else asks the observer first.
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

    /// Gives a partition's queue to its share, and tells from which offset its sink goes on.
    fn split(&self, at: TopicPartition) -> Result<Option<i64>, Failure> {
        let topic = &self.common.topics[at.topic];
        let queue = self
            .consumer
            .split_partition_queue(topic, at.partition)
            .ok_or_else(|| Failure::Fatal(format!("no queue for {topic}/{}", at.partition)))?;
        let mut share = self.share(at);
        let next_offset = share.sink().next_offset(at);
        // Partitions come sorted by number, then topic.
        match share.groups.last_mut() {
            Some(group) if group.partition() == at.partition => group.push(at, next_offset, queue),
            _ => share.groups.push(Group::new(Arc::clone(&self.common), at, next_offset, queue)),
        }
        Ok(next_offset)
    }

    fn share(&self, at: TopicPartition) -> Stopped<'_, S> {
        self.shares[share_of(at.partition, self.shares.len())].stop()
    }

    /// Tells librdkafka the assignment, once, with its final offsets.
    fn begin(&mut self, offsets: &[(TopicPartition, Offset)]) -> Result<(), Failure> {
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for (at, offset) in offsets {
            let topic = &self.common.topics[at.topic];
            list.add_partition_offset(topic, at.partition, *offset).map_err(|error| Failure::Fatal(error.to_string()))?;
        }
        self.consumer.assign(&list).map_err(|error| Failure::Fatal(error.to_string()))?;
        self.state = MembershipState::Assigned;
        self.observer.watch(offsets.iter().map(|(at, _)| *at).collect());
        Ok(())
    }

    fn hear_observer(&mut self) -> Result<(), Failure> {
        let reports: Vec<Report> = self.observer.reports().collect();
        for report in reports {
            match report {
                Report::Ends { asked_at, ends } => {
                    self.answered_at = Some(Instant::now());
                    self.unanswered = None;
                    for (at, offset) in ends {
                        self.change(at, |feed| feed.log_end_seen(offset, asked_at));
                    }
                }
                Report::Unanswered(why) => self.unanswered = Some(why),
                Report::Counts(counts) => {
                    self.answered_at = Some(Instant::now());
                    self.unanswered = None;
                    self.note_counts(counts);
                }
                Report::Starts { epoch, offsets } if epoch == self.epoch => {
                    let Some(unresolved) = self.unresolved.take() else { continue };
                    let mut all = unresolved.known;
                    for (at, offset) in offsets {
                        self.change(at, |feed| *feed = Feed::new(at, Some(offset)));
                        all.push((at, Offset::Offset(offset)));
                    }
                    self.begin(&all)?;
                }
                Report::Starts { .. } => {}
            }
        }
        Ok(())
    }

    /// Takes the counts over, and warns when they came apart: at start that is refused, but a running service still holds good state.
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

    fn change(&self, at: TopicPartition, change: impl FnOnce(&mut Feed)) {
        if let Some(feed) = self.share(at).feeds_mut().find(|feed| feed.at() == at) {
            change(feed);
        }
    }
}

impl<S: Sink> Drop for Session<S> {
    /// Leaves the group. The revoke callback still comes, from within the consumer's own drop.
    fn drop(&mut self) {
        self.shares.iter().for_each(|share| share.stop().groups.clear());
        // An assignment that was never answered would keep the consumer from closing.
        if self.unresolved.is_some()
            && let Err(error) = self.consumer.unassign()
        {
            tracing::warn!(target: "cxpulse::kafka", %error, "could not give partitions back");
        }
    }
}
