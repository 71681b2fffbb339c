//! Creates topics and sends records to them. Does not know the meaning of the records.

// The product holds the functions that the linker puts between librdkafka and its decompressors.
use cxpulse as _;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

/// The longest time that a request to a local broker may take.
const LIMIT: Duration = Duration::from_secs(30);

/// The settings of a client without a password.
pub(crate) fn client(servers: &str) -> ClientConfig {
    let mut settings = ClientConfig::new();
    settings.set("bootstrap.servers", servers);
    settings
}

/// Creates topics, each with this many partitions, and returns when the broker has them. Waits until a topic of the same name that was deleted is gone.
pub(crate) fn create_topics(servers: &str, names: &[&str], partitions: i32) {
    for name in names {
        let begun = Instant::now();
        loop {
            let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
            let created = block_on(admin(servers).create_topics([&topic], &options())).expect("the broker answers").remove(0);
            match created {
                Ok(_) => break,
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) if begun.elapsed() < LIMIT => std::thread::sleep(Duration::from_millis(100)),
                Err((name, why)) => panic!("{name}: {why}"),
            }
        }
    }
}

/// Deletes a topic with its records.
#[allow(dead_code, reason = "only some tests delete topics")]
pub(crate) fn delete_topic(servers: &str, name: &str) {
    let deleted = block_on(admin(servers).delete_topics(&[name], &options())).expect("the broker answers").remove(0);
    deleted.expect("the topic was there");
}

/// Gives a topic this many partitions in all.
#[allow(dead_code, reason = "only some tests add partitions")]
pub(crate) fn add_partitions(servers: &str, name: &str, count: usize) {
    let more = NewPartitions::new(name, count);
    block_on(admin(servers).create_partitions([&more], &options())).expect("the broker answers").remove(0).expect("more than before");
}

/// The end of a log as an offset, whatever it holds.
#[allow(dead_code, reason = "only some tests delete records")]
pub(crate) const LOG_END: i64 = -1;

/// Deletes the records of partitions of topics below an offset each, as retention does; all of them below [`LOG_END`].
#[allow(dead_code, reason = "only some tests delete records")]
pub(crate) fn delete_records(servers: &str, before: &[(&str, i32, i64)]) {
    let mut offsets = TopicPartitionList::new();
    for (name, partition, before) in before {
        offsets.add_partition_offset(name, *partition, Offset::from_raw(*before)).expect("an offset");
    }
    let left = block_on(admin(servers).delete_records(&offsets, &options())).expect("the broker answers");
    for element in left.elements() {
        element.error().expect("the records are gone");
    }
}

/// Sets how long a topic keeps records, by their timestamps, and how long the records of one segment lie apart at most. `None` keeps them for ever.
#[allow(dead_code, reason = "only some tests change it")]
pub(crate) fn set_retention(servers: &str, name: &str, kept: Option<Duration>, segment: Duration) {
    let (kept, segment) = (kept.map_or_else(|| "-1".to_owned(), |kept| kept.as_millis().to_string()), segment.as_millis().to_string());
    let changed = AlterConfig::new(ResourceSpecifier::Topic(name)).set("retention.ms", &kept).set("segment.ms", &segment);
    block_on(admin(servers).alter_configs([&changed], &options())).expect("the broker answers").remove(0).expect("the topic is there");
}

/// The first offset that a partition still has.
#[allow(dead_code, reason = "only some tests look")]
pub(crate) fn log_start(servers: &str, name: &str, partition: i32) -> i64 {
    let consumer: BaseConsumer = client(servers).create().expect("constant client settings");
    consumer.fetch_watermarks(name, partition, LIMIT).expect("the broker answers").0
}

fn admin(servers: &str) -> AdminClient<DefaultClientContext> {
    client(servers).create().expect("constant client settings")
}

fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(LIMIT)).request_timeout(Some(LIMIT))
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

/// What a producer sends.
#[allow(dead_code, reason = "only some tests send headers")]
pub(crate) struct KeyedRecord<'a> {
    pub(crate) key: &'a [u8],
    /// `None` is a tombstone.
    pub(crate) value: Option<&'a [u8]>,
    pub(crate) headers: &'a [(String, Vec<u8>)],
}

/// A producer that keeps the order of its records.
pub(crate) struct Producer {
    producer: ThreadedProducer<DefaultProducerContext>,
}

impl Producer {
    /// A producer without a password.
    pub(crate) fn new(servers: &str) -> Self {
        let mut settings = client(servers);
        settings.set("linger.ms", "5").set("enable.idempotence", "true").set("compression.type", "zstd");
        settings.set("partitioner", "murmur2").set("message.max.bytes", "8000000");
        Self { producer: settings.create().expect("constant client settings") }
    }

    /// A producer with an open transaction. The id is that of no other producer.
    #[allow(dead_code, reason = "only some tests use transactions")]
    pub(crate) fn in_transaction(servers: &str, id: &str) -> Self {
        let mut settings = client(servers);
        settings.set("linger.ms", "5").set("transactional.id", id);
        let producer: ThreadedProducer<DefaultProducerContext> = settings.create().expect("constant client settings");
        producer.init_transactions(LIMIT).expect("the broker knows transactions");
        producer.begin_transaction().expect("no transaction is open");
        Self { producer }
    }

    /// Commits the open transaction.
    #[allow(dead_code, reason = "only some tests use transactions")]
    pub(crate) fn commit(&self) {
        self.producer.commit_transaction(LIMIT).expect("the broker takes everything");
    }

    /// Sends a record to the partition of its key. A record without a payload is a tombstone.
    pub(crate) fn send_record(&self, topic: &str, key: &str, time_ms: i64, value: Option<&[u8]>) {
        self.send(with_value(BaseRecord::to(topic).key(key.as_bytes()).timestamp(time_ms), value));
    }

    /// Sends a text to the partition of its key.
    pub(crate) fn send_keyed(&self, topic: &str, key: &str, time_ms: i64, value: &str) {
        self.send_record(topic, key, time_ms, Some(value.as_bytes()));
    }

    /// Sends a record to a partition. A record without a payload is a tombstone.
    pub(crate) fn send_to(&self, topic: &str, partition: i32, time_ms: i64, value: Option<&[u8]>) {
        self.send(with_value(BaseRecord::to(topic).partition(partition).key(b"key".as_slice()).timestamp(time_ms), value));
    }

    /// Sends a record with these headers.
    #[allow(dead_code, reason = "only some tests send headers")]
    pub(crate) fn send_with_headers(&self, topic: &str, partition: i32, time_ms: i64, record: KeyedRecord<'_>) {
        let headers = record
            .headers
            .iter()
            .fold(OwnedHeaders::new(), |headers, (name, value)| headers.insert(Header { key: name, value: Some(value.as_slice()) }));
        let sent = BaseRecord::to(topic).partition(partition).key(record.key).timestamp(time_ms).headers(headers);
        self.send(with_value(sent, record.value));
    }

    /// Returns when the broker has acknowledged all records.
    pub(crate) fn flush(&self) {
        self.producer.flush(LIMIT).expect("the broker takes everything");
    }

    fn send(&self, record: BaseRecord<'_, [u8], [u8]>) {
        let mut record = record;
        loop {
            match self.producer.send(record) {
                Ok(()) => return,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    record = back;
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err((why, _)) => panic!("a record was not taken: {why}"),
            }
        }
    }
}

fn with_value<'a>(record: BaseRecord<'a, [u8], [u8]>, value: Option<&'a [u8]>) -> BaseRecord<'a, [u8], [u8]> {
    match value {
        Some(value) => record.payload(value),
        None => record,
    }
}

/// The sum of the offsets that a consumer group has committed in the first partitions of a topic.
#[allow(dead_code, reason = "only some tests look at committed offsets")]
pub(crate) fn committed_sum(servers: &str, group: &str, topic: &str, partitions: i32) -> u64 {
    let client: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", servers).set("group.id", group).create().expect("properties that librdkafka knows");
    let mut asked = TopicPartitionList::new();
    for partition in 0..partitions {
        asked.add_partition(topic, partition);
    }
    let committed = client.committed_offsets(asked, Duration::from_secs(10)).expect("the coordinator of the group answers");
    let offsets = committed.elements();
    offsets.iter().filter_map(|element| if let Offset::Offset(offset) = element.offset() { u64::try_from(offset).ok() } else { None }).sum()
}
