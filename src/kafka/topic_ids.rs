//! The ids of topics, which the client library's safe interface does not give: the calls of its C interface, and nothing else.
//!
//! Does not know what an id is good for.
#![allow(unsafe_code, reason = "rdkafka has no call for the ids of topics")]

use std::ffi::{CString, c_char};
use std::ptr::{self, NonNull};
use std::time::Duration;

use rdkafka::bindings as c;
use rdkafka::client::{Client, ClientContext};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::types::RDKafkaRespErr;

use super::log_identity::TopicId;

/// A value of librdkafka's that must be destroyed.
struct Owned<T> {
    value: NonNull<T>,
    destroy: unsafe extern "C" fn(*mut T),
}

impl<T> Owned<T> {
    /// Takes over a value that librdkafka made.
    ///
    /// # Safety
    /// Nothing else destroys the value, and `destroy` is its destructor.
    unsafe fn of(value: *mut T, destroy: unsafe extern "C" fn(*mut T)) -> Result<Self, RDKafkaErrorCode> {
        NonNull::new(value).map(|value| Self { value, destroy }).ok_or(RDKafkaErrorCode::Fail)
    }

    fn as_ptr(&self) -> *mut T {
        self.value.as_ptr()
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: by the promise of `of`, the value was made by librdkafka and is destroyed only here.
        unsafe { (self.destroy)(self.value.as_ptr()) }
    }
}

/// The id of each topic by this broker, in the order of the names; `None` where the topic is missing or the brokers are too old to have ids.
///
/// # Errors
/// When no broker answers within `timeout`, or the request is refused.
pub(super) fn topic_ids<C: ClientContext>(
    client: &Client<C>,
    topics: &[String],
    broker: i32,
    timeout: Duration,
) -> Result<Vec<Option<TopicId>>, RDKafkaErrorCode> {
    let names: Vec<CString> =
        topics.iter().map(|name| CString::new(name.as_str())).collect::<Result<_, _>>().map_err(|_| RDKafkaErrorCode::InvalidTopic)?;
    let mut pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
    let timeout_ms = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
    let handle = client.native_ptr();
    // SAFETY: the handle lives as long as `client`. librdkafka copies names and options before the call returns, and all results belong to the event,
    // which lives until the end of the function.
    unsafe {
        let collection = Owned::of(
            c::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len()),
            c::rd_kafka_TopicCollection_destroy,
        )?;
        let options = Owned::of(
            c::rd_kafka_AdminOptions_new(handle, c::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS),
            c::rd_kafka_AdminOptions_destroy,
        )?;
        c::rd_kafka_AdminOptions_set_request_timeout(options.as_ptr(), timeout_ms, ptr::null_mut(), 0);
        // Else the controller is asked, which a client may be unable to reach.
        c::rd_kafka_AdminOptions_set_broker(options.as_ptr(), broker, ptr::null_mut(), 0);
        let queue = Owned::of(c::rd_kafka_queue_new(handle), c::rd_kafka_queue_destroy)?;
        c::rd_kafka_DescribeTopics(handle, collection.as_ptr(), options.as_ptr(), queue.as_ptr());
        let event = Owned::of(c::rd_kafka_queue_poll(queue.as_ptr(), timeout_ms.saturating_add(500)), c::rd_kafka_event_destroy)
            .map_err(|_| RDKafkaErrorCode::OperationTimedOut)?;
        let error = c::rd_kafka_event_error(event.as_ptr());
        if error != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Err(error.into());
        }
        let result = c::rd_kafka_event_DescribeTopics_result(event.as_ptr());
        if result.is_null() {
            return Err(RDKafkaErrorCode::Fail);
        }
        let mut count = 0;
        let descriptions = c::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        if descriptions.is_null() || count != topics.len() {
            return Err(RDKafkaErrorCode::Fail);
        }
        // The results come in the order of the request.
        Ok(std::slice::from_raw_parts(descriptions, count).iter().map(|description| id_of(*description)).collect())
    }
}

/// The id in one description.
///
/// # Safety
/// The description belongs to a result that still lives.
unsafe fn id_of(description: *const c::rd_kafka_TopicDescription_t) -> Option<TopicId> {
    if description.is_null() {
        return None;
    }
    // SAFETY: by the promise of the caller; the id belongs to the description.
    let bits = unsafe {
        let error = c::rd_kafka_TopicDescription_error(description);
        if !error.is_null() && c::rd_kafka_error_code(error) != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return None;
        }
        let id = c::rd_kafka_TopicDescription_topic_id(description);
        if id.is_null() {
            return None;
        }
        [c::rd_kafka_Uuid_most_significant_bits(id), c::rd_kafka_Uuid_least_significant_bits(id)]
    };
    let [high, low] = bits.map(|half| u128::from(half.cast_unsigned()));
    let id = high << 64 | low;
    // Brokers without ids give zero.
    (id != 0).then_some(TopicId(id))
}
