//! Creates topics and sends records to them. Does not know the meaning of the records.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};

/// The longest time that a request to a local broker may take.
const LIMIT: Duration = Duration::from_secs(30);

/// The settings of a client without a password.
pub(crate) fn client(servers: &str) -> ClientConfig {
    let mut settings = ClientConfig::new();
    settings.set("bootstrap.servers", servers);
    settings
}

/// Creates topics, each with this many partitions, and returns when the broker has them.
pub(crate) fn create_topics(servers: &str, names: &[&str], partitions: i32) {
    let admin: AdminClient<DefaultClientContext> = client(servers).create().expect("constant client settings");
    let topics: Vec<_> = names.iter().map(|name| NewTopic::new(name, partitions, TopicReplication::Fixed(1))).collect();
    let options = AdminOptions::new().operation_timeout(Some(LIMIT));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for created in runtime.block_on(admin.create_topics(&topics, &options)).expect("the broker answers") {
        created.expect("the topic is new");
    }
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
        settings.set("partitioner", "murmur2");
        Self { producer: settings.create().expect("constant client settings") }
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
