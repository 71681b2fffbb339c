//! The callbacks of librdkafka on a change of the consumer group's assignment. Every call comes on the thread that polls the client.
//!
//! Does not know workers or engines: an [`AssignmentListener`] hears of each change.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;

use super::client_context::{ClientPart, ContextOf};
use super::client_errors::ClientErrors;
use super::commits;
use super::dead_letters::DeadLetters;
use super::letter_offsets;
use super::partition_progress::TopicPartition;
use super::sink::AssignmentChange;
use crate::config::TokenSettings;

/// How long the last copies of refused records may take to be confirmed before partitions are given back.
const CONFIRM_WITHIN: std::time::Duration = std::time::Duration::from_secs(1);

/// Hears of a change of the assignment inside the rebalance callback: the group goes on only when the call returns.
///
/// A trait, because the type of a partition's queue contains the type of [`GroupContext`], and the listener owns queues: without a trait the two modules
/// would import each other.
pub(super) trait AssignmentListener: Send + Sync {
    /// Partition groups were assigned, or all were revoked or lost.
    fn assignment_changed(&self, groups: &[i32], change: AssignmentChange);

    /// The next offsets that have become safe in checkpoints since the last call.
    fn take_safe_offsets(&self) -> Vec<(TopicPartition, i64)>;
}

/// A change of the assignment that the session has to follow before it polls again.
#[derive(Debug)]
pub(super) enum PendingChange {
    /// These partitions were assigned; librdkafka waits for `assign`.
    Assigned(Vec<TopicPartition>),
    /// All partitions were revoked; librdkafka has given them back already.
    Revoked,
}

/// What the client's statistics say of one topic partition.
#[derive(Clone, Copy, Debug)]
pub(super) struct FetchState {
    pub(super) at: TopicPartition,
    /// The offset at which the client has seen the end of the partition; everything below it was fetched.
    pub(super) end: Option<i64>,
    /// Whether the latest response of the broker gave records or an end, and no error.
    pub(super) is_readable: bool,
}

/// The topics that one consumer reads, and its errors.
pub(super) struct TopicSubscription {
    /// The names of the topics in configured order.
    pub(super) topics: Vec<String>,
    pub(super) errors: ClientErrors,
    /// Where the client's tokens come from.
    pub(super) token: Option<TokenSettings>,
    /// Where copies of refused records go.
    pub(super) dead_letters: Option<Arc<DeadLetters>>,
}

/// The context of the group's consumer.
pub(super) type GroupContext = ContextOf<GroupPart>;

/// What that consumer hears.
pub(super) struct GroupPart {
    listener: Box<dyn AssignmentListener>,
    pending_changes: Mutex<Vec<PendingChange>>,
    /// The newest statistics that the session has not taken.
    fetch_states: Mutex<Option<Vec<FetchState>>>,
    subscription: Arc<TopicSubscription>,
}

impl GroupContext {
    pub(super) fn new(listener: Box<dyn AssignmentListener>, subscription: Arc<TopicSubscription>) -> Self {
        let token = subscription.token.clone();
        let part = GroupPart { listener, pending_changes: Mutex::default(), fetch_states: Mutex::default(), subscription };
        Self::of(part, token.as_ref())
    }
}

impl GroupPart {
    /// The changes since the last call, in their order.
    pub(super) fn take_pending_changes(&self) -> Vec<PendingChange> {
        std::mem::take(&mut *self.pending_changes())
    }

    /// The statistics, if there are new ones since the last call.
    pub(super) fn take_fetch_states(&self) -> Option<Vec<FetchState>> {
        self.fetch_states.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Passes on a change that does not come from the consumer group.
    pub(super) fn notify(&self, groups: &[i32], change: AssignmentChange) {
        self.listener.assignment_changed(groups, change);
    }

    fn pending_changes(&self) -> MutexGuard<'_, Vec<PendingChange>> {
        self.pending_changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The listed partitions, sorted by partition number and then by topic.
    fn partitions_of(&self, list: &TopicPartitionList) -> Vec<TopicPartition> {
        let mut partitions: Vec<TopicPartition> = list
            .elements()
            .iter()
            .filter_map(|element| {
                let topic = self.subscription.topics.iter().position(|name| name == element.topic())?;
                Some(TopicPartition { topic, partition: element.partition() })
            })
            .collect();
        partitions.sort_unstable();
        partitions
    }
}

impl ClientPart for GroupPart {
    fn stats(&self, statistics: Statistics) {
        let mut states = Vec::new();
        for (topic, name) in self.subscription.topics.iter().enumerate() {
            let partitions = statistics.topics.get(name).into_iter().flat_map(|topic| topic.partitions.values());
            states.extend(partitions.filter(|partition| partition.partition >= 0).map(|partition| FetchState {
                at: TopicPartition { topic, partition: partition.partition },
                end: (partition.eof_offset >= 0).then_some(partition.eof_offset),
                is_readable: partition.hi_offset >= 0,
            }));
        }
        *self.fetch_states.lock().unwrap_or_else(PoisonError::into_inner) = Some(states);
    }

    fn error(&self, error: &KafkaError, reason: &str) {
        // The end of a partition arrives here as an error; the partition's own queue reports it too.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::PartitionEOF) {
            self.subscription.errors.note_and_log(error.rdkafka_error_code(), reason);
        }
    }
}

impl ConsumerContext for GroupContext {
    /// Overridden because the crate's own version calls `assign` with the group's committed offsets. Fetching would then start before the engine
    /// give the offset at which each partition resumes, and a second `assign` raised offset errors.
    ///
    /// An assignment is only noted here. librdkafka waits for `assign` however late it comes, so the session can first look up offsets by time and
    /// split the partition queues, before a single record is fetched. A revocation is completed here.
    fn rebalance(&self, consumer: &BaseConsumer<Self>, code: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let partitions = self.partitions_of(list);
        let groups: Vec<i32> = partitions.iter().map(|at| at.partition).collect::<BTreeSet<_>>().into_iter().collect();
        if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.listener.assignment_changed(&groups, AssignmentChange::Assigned);
            self.pending_changes().push(PendingChange::Assigned(partitions));
        } else {
            let change = if consumer.assignment_lost() { AssignmentChange::Lost } else { AssignmentChange::Revoked };
            self.listener.assignment_changed(&groups, change);
            self.pending_changes().push(PendingChange::Revoked);
            if change == AssignmentChange::Revoked {
                let topics = &self.subscription.topics;
                match &self.subscription.dead_letters {
                    Some(letters) => {
                        letters.flush(CONFIRM_WITHIN);
                        letter_offsets::commit(consumer, letters, &partitions, topics);
                    }
                    None => commits::commit(consumer, topics, &self.listener.take_safe_offsets()),
                }
            }
            if let Err(error) = consumer.unassign() {
                tracing::warn!(target: "cxpulse::kafka", %error, "could not give partitions back");
            }
        }
    }
}
