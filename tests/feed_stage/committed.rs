//! Reads what a reader of committed records sees of a topic. Does not know what was sent.

use std::time::{Duration, Instant};

use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Headers;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::support::topics::client;

/// A committed record.
#[derive(Clone, Debug)]
pub(crate) struct Committed {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) headers: Vec<(String, String)>,
}

/// All committed records of a topic, partition by partition.
pub(crate) fn committed_records(servers: &str, topic: &str) -> Vec<Committed> {
    let mut settings = client(servers);
    settings.set("group.id", "reader").set("enable.auto.commit", "false").set("isolation.level", "read_committed");
    settings.set("enable.partition.eof", "true");
    let consumer: BaseConsumer = settings.create().expect("constant client settings");
    let metadata = consumer.fetch_metadata(Some(topic), Duration::from_secs(10)).expect("the broker answers");
    let partitions: Vec<i32> = metadata.topics()[0].partitions().iter().map(|partition| partition.id()).collect();
    let mut list = TopicPartitionList::new();
    for partition in &partitions {
        list.add_partition_offset(topic, *partition, Offset::Beginning).expect("a valid offset");
    }
    consumer.assign(&list).expect("a valid assignment");
    let (mut records, mut ended, begun) = (Vec::new(), 0, Instant::now());
    while ended < partitions.len() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the log of {topic} does not end");
        match consumer.poll(Duration::from_millis(200)) {
            Some(Ok(message)) => records.push(Committed {
                key: message.key().map(|key| String::from_utf8_lossy(key).into_owned()).unwrap_or_default(),
                value: String::from_utf8_lossy(message.payload().unwrap_or_default()).into_owned(),
                headers: message.headers().map_or_else(Vec::new, |headers| {
                    let text = |value: Option<&[u8]>| String::from_utf8_lossy(value.unwrap_or_default()).into_owned();
                    headers.iter().map(|header| (header.key.to_owned(), text(header.value))).collect()
                }),
            }),
            Some(Err(KafkaError::PartitionEOF(_))) => ended += 1,
            Some(Err(error)) => panic!("{error}"),
            None => {}
        }
    }
    records
}
