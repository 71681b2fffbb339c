//! What the client's safe interface does not give of a partition: the place of an error, and the log end of the latest fetch. The calls of librdkafka's
//! C interface, and nothing else.
//!
//! Does not know what an error means.
#![allow(unsafe_code, reason = "rdkafka drops the offset of an error, and has no call for the log end of the latest fetch")]

use std::ffi::CString;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as c;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::types::RDKafkaRespErr;

/// What came from a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fetched {
    /// A record, with its timestamp in milliseconds since 1970.
    Record { offset: i64, timestamp_ms: Option<i64> },
    /// An error in place of a record, with the offset that librdkafka gives it.
    Error { code: RDKafkaErrorCode, offset: i64 },
}

/// The queue of one partition, apart from all others of its consumer.
pub(super) struct FetchQueue<C: ConsumerContext> {
    queue: NonNull<c::rd_kafka_queue_t>,
    /// Dropped after the queue, which belongs to it.
    _consumer: Arc<BaseConsumer<C>>,
}

impl<C: ConsumerContext> FetchQueue<C> {
    /// The queue of a partition; `None` where the name cannot be one.
    pub(super) fn of(consumer: &Arc<BaseConsumer<C>>, topic: &str, partition: i32) -> Option<Self> {
        let topic = CString::new(topic).ok()?;
        // SAFETY: the handle lives as long as the consumer, which this value keeps. librdkafka copies the name.
        let queue = unsafe {
            let queue = NonNull::new(c::rd_kafka_queue_get_partition(consumer.client().native_ptr(), topic.as_ptr(), partition))?;
            c::rd_kafka_queue_forward(queue.as_ptr(), ptr::null_mut());
            queue
        };
        Some(Self { queue, _consumer: Arc::clone(consumer) })
    }

    /// What comes next, waiting at most this long.
    pub(super) fn take(&self, within: Duration) -> Option<Fetched> {
        let timeout_ms = i32::try_from(within.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the queue lives as long as `self`. The message is read before it is destroyed, once.
        unsafe {
            let message = NonNull::new(c::rd_kafka_consume_queue(self.queue.as_ptr(), timeout_ms))?.as_ptr();
            let (error, offset) = ((*message).err, (*message).offset);
            let fetched = if error == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
                let timestamp = c::rd_kafka_message_timestamp(message, ptr::null_mut());
                Fetched::Record { offset, timestamp_ms: (timestamp >= 0).then_some(timestamp) }
            } else {
                Fetched::Error { code: error.into(), offset }
            };
            c::rd_kafka_message_destroy(message);
            Some(fetched)
        }
    }
}

impl<C: ConsumerContext> Drop for FetchQueue<C> {
    fn drop(&mut self) {
        // SAFETY: the queue was made by `of`, and is destroyed only here, before its consumer.
        unsafe { c::rd_kafka_queue_destroy(self.queue.as_ptr()) }
    }
}

/// The log end that the broker gave with the latest fetch of a partition; `None` before the first one. Asks nobody.
pub(super) fn fetched_end<C: ConsumerContext + ClientContext>(consumer: &BaseConsumer<C>, topic: &str, partition: i32) -> Option<i64> {
    let topic = CString::new(topic).ok()?;
    let (mut start, mut end) = (-1, -1);
    // SAFETY: the handle lives as long as the consumer; the numbers are written before the call returns.
    let error = unsafe {
        c::rd_kafka_get_watermark_offsets(consumer.client().native_ptr(), topic.as_ptr(), partition, &raw mut start, &raw mut end)
    };
    (error == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR && end >= 0).then_some(end)
}
