//! The records that a stage takes from one topic and sends to another.
//!
//! Does not know the meaning of a record.

use rdkafka::message::{Header, Headers as _, Message, OwnedHeaders, Timestamp};
use rdkafka::producer::BaseRecord;

use crate::time::EventTime;

/// A raw record as a stage takes it.
#[derive(Clone, Debug)]
pub struct RawRecord<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The number of the partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// The key, if it is a text.
    pub key: Option<&'a str>,
    /// The value; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// The headers whose values are texts.
    pub headers: Vec<(&'a str, &'a str)>,
    /// The timestamp.
    pub timestamp: Option<EventTime>,
}

/// A record that a stage sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageRecord {
    /// The topic.
    pub topic: String,
    /// The key, which decides the partition.
    pub key: String,
    /// Whether the record goes to every partition, whatever its key.
    pub is_for_every_partition: bool,
    /// The record's timestamp; `None` for the time of sending.
    pub time: Option<EventTime>,
    /// The value.
    pub value: Vec<u8>,
    /// Headers.
    pub headers: Vec<(String, String)>,
}

impl<'a> RawRecord<'a> {
    pub(super) fn of<M: Message>(message: &'a M) -> Self {
        let timestamp = match message.timestamp() {
            Timestamp::CreateTime(ms) | Timestamp::LogAppendTime(ms) if ms >= 0 => Some(EventTime(ms)),
            Timestamp::CreateTime(_) | Timestamp::LogAppendTime(_) | Timestamp::NotAvailable => None,
        };
        let headers = message.headers().map_or_else(Vec::new, |headers| {
            (0..headers.count())
                .filter_map(|index| headers.try_get(index))
                .filter_map(|header: Header<'_, &[u8]>| Some((header.key, str::from_utf8(header.value?).ok()?)))
                .collect()
        });
        Self {
            topic: message.topic(),
            partition: message.partition(),
            offset: message.offset(),
            key: message.key().and_then(|key| str::from_utf8(key).ok()),
            value: message.payload(),
            headers,
            timestamp,
        }
    }
}

impl StageRecord {
    /// The record as a producer takes it; without a partition the key decides.
    pub(super) fn base_record(&self, partition: Option<i32>) -> BaseRecord<'_, String, Vec<u8>> {
        let mut record = BaseRecord::to(&self.topic).key(&self.key).payload(&self.value).headers(self.kafka_headers());
        record.timestamp = self.time.map(|time| time.0);
        record.partition = partition;
        record
    }

    pub(super) fn kafka_headers(&self) -> OwnedHeaders {
        self.headers.iter().fold(OwnedHeaders::new_with_capacity(self.headers.len()), |headers, (key, value)| {
            headers.insert(Header { key, value: Some(value.as_str()) })
        })
    }
}
