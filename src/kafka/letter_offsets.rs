//! The committed offsets of the consumer group: up to them every refused record has its copy, so that a record that is read again is not copied again.
//!
//! Each is committed with the id of its topic, because the offsets of a topic that was made again mean other records. Does not know where reading goes
//! on: that is kept with the state.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::dead_letters::DeadLetters;
use super::log_identity::TopicId;
use super::partition_progress::TopicPartition;

/// How long the coordinator of the group may take to tell the offsets.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Commits how far the copies of these partitions are confirmed. Does not wait for an answer.
pub(super) fn commit<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    letters: &DeadLetters,
    partitions: &[TopicPartition],
    topics: &[String],
) {
    let mut list = TopicPartitionList::new();
    for at in partitions {
        let Some(offset) = letters.take_commit(*at) else { continue };
        let mut element = list.add_partition(&topics[at.topic], at.partition);
        element.set_metadata(text_of(letters.topic_id(*at)));
        if let Err(error) = element.set_offset(Offset::Offset(offset)) {
            tracing::error!(target: "cxpulse::kafka", %error, "an offset cannot be committed");
            return;
        }
    }
    if list.count() > 0
        && let Err(error) = consumer.commit(&list, CommitMode::Async)
    {
        tracing::debug!(target: "cxpulse::kafka", %error, "offsets are not committed");
    }
}

/// Asks how far copies were confirmed before, and tells it. Where nobody answers, records that are read again are copied again.
pub(super) fn look_up<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    letters: &DeadLetters,
    partitions: &[(TopicPartition, Option<TopicId>)],
    topics: &[String],
) {
    let mut list = TopicPartitionList::new();
    for (at, _) in partitions {
        list.add_partition(&topics[at.topic], at.partition);
    }
    let committed = consumer.committed_offsets(list, ANSWER_WITHIN);
    if let Err(error) = &committed {
        tracing::warn!(target: "cxpulse::kafka", %error, "nobody tells which refused records were copied before; some may be copied twice");
    }
    for (at, topic_id) in partitions {
        let element = committed.as_ref().ok().and_then(|list| list.find_partition(&topics[at.topic], at.partition));
        let offset = element.filter(|element| element.metadata() == text_of(*topic_id)).and_then(|element| match element.offset() {
            Offset::Offset(offset) => Some(offset),
            Offset::Beginning | Offset::End | Offset::Stored | Offset::Invalid | Offset::OffsetTail(_) => None,
        });
        letters.begin(*at, *topic_id, offset.unwrap_or(0));
    }
}

/// The id of a topic as it is committed; empty where the brokers have no ids.
fn text_of(topic_id: Option<TopicId>) -> String {
    topic_id.map_or_else(String::new, |TopicId(id)| format!("{id:032x}"))
}
