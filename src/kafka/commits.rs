//! Commits the offsets that are safe in checkpoints, so that the displays of lag that other programs have show what this service has kept.
//!
//! Where refused records are copied to a topic of their own, `letter_offsets.rs` commits instead. Reading never begins at a committed offset. A committed offset beyond the place where reading begins says that a newer checkpoint lies elsewhere.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::partition_progress::TopicPartition;

/// How long an assignment waits for the committed offsets, which are asked for only to compare them.
const ANSWER_WITHIN: Duration = Duration::from_millis(500);

/// Commits these next offsets, without waiting for the answer.
pub(super) fn commit<C: ConsumerContext>(consumer: &BaseConsumer<C>, topics: &[String], offsets: &[(TopicPartition, i64)]) {
    let Some(list) = list_of(topics, offsets).filter(|list| list.count() > 0) else { return };
    if let Err(error) = consumer.commit(&list, CommitMode::Async) {
        // Nothing depends on it, and the next checkpoint commits again.
        tracing::debug!(target: "cxpulse::kafka", %error, "could not commit the offsets of checkpoints");
    }
}

/// Warns of the partitions that begin before the offset that the group has committed: the checkpoint that reached it cannot be found.
pub(super) fn warn_of_newer_checkpoints<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topics: &[String],
    starts: &[(TopicPartition, Offset)],
) {
    let begin = |offset: &Offset| if let Offset::Offset(offset) = offset { *offset } else { 0 };
    let starts: Vec<(TopicPartition, i64)> = starts.iter().map(|(at, offset)| (*at, begin(offset))).collect();
    let Some(asked) = list_of(topics, &starts) else { return };
    let committed = match consumer.committed_offsets(asked, ANSWER_WITHIN) {
        Ok(committed) => committed,
        Err(error) => return tracing::debug!(target: "cxpulse::kafka", %error, "the committed offsets are not known"),
    };
    let committed_at = |at: &TopicPartition| match committed.find_partition(&topics[at.topic], at.partition)?.offset() {
        Offset::Offset(offset) => Some(offset),
        Offset::Beginning | Offset::End | Offset::Stored | Offset::Invalid | Offset::OffsetTail(_) => None,
    };
    let beyond: Vec<(&TopicPartition, i64, i64)> = starts
        .iter()
        .filter_map(|(at, start)| Some((at, *start, committed_at(at)?)))
        .filter(|(_, start, committed)| committed > start)
        .collect();
    if let Some((at, start, committed)) = beyond.first() {
        tracing::warn!(
            target: "cxpulse::kafka",
            partitions = beyond.len(),
            topic = topics[at.topic],
            partition = at.partition,
            start,
            committed,
            "reading begins before the offsets that an earlier checkpoint reached: that checkpoint is not in this store, or cannot be used"
        );
    }
}

fn list_of(topics: &[String], offsets: &[(TopicPartition, i64)]) -> Option<TopicPartitionList> {
    let mut list = TopicPartitionList::with_capacity(offsets.len());
    for (at, offset) in offsets {
        list.add_partition_offset(topics.get(at.topic)?, at.partition, Offset::Offset(*offset)).ok()?;
    }
    Some(list)
}
