//! The CloudEvents attributes among a record's headers. Each is looked up by its name, and no other header is read.
//!
//! rdkafka's own access to headers converts every header *name* to UTF-8 with `unwrap`, so a record with a name of other bytes would end the process.
//! librdkafka's look-up by name compares bytes and has no such weakness. Calling it is the only unsafe code of this crate.
//!
//! Does not know the meaning of an attribute.
#![allow(unsafe_code, reason = "rdkafka 0.39 panics on header names that are not UTF-8; see above")]

use std::ffi::{CStr, c_void};
use std::ptr;

use rdkafka::bindings::{rd_kafka_header_get_all, rd_kafka_header_get_last, rd_kafka_headers_t, rd_kafka_message_headers};
use rdkafka::message::BorrowedMessage;
use rdkafka::types::RDKafkaRespErr;

use crate::event::Headers;

/// The `ce_*` headers of a record that has a `ce_id` or a `ce_type`.
pub(super) fn cloud_event_attributes<'a>(message: &'a BorrowedMessage<'_>) -> Option<Headers<'a>> {
    let mut list: *mut rd_kafka_headers_t = ptr::null_mut();
    // SAFETY: the message is alive for `'a`, and the message keeps owning the list that librdkafka parses.
    let code = unsafe { rd_kafka_message_headers(message.ptr(), &raw mut list) };
    if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR || list.is_null() {
        return None;
    }
    let value = |name: &CStr| -> Option<&'a [u8]> {
        let mut bytes: *const c_void = ptr::null();
        let mut length = 0_usize;
        // SAFETY: the list is alive as long as the message, the name ends with NUL, and both out-pointers are valid.
        let code = unsafe { rd_kafka_header_get_last(list, name.as_ptr(), &raw mut bytes, &raw mut length) };
        if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR || bytes.is_null() {
            return None;
        }
        // SAFETY: librdkafka gave the address and length of a header value inside the message, which lives for `'a`.
        Some(unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), length) })
    };
    let (id, kind) = (value(c"ce_id"), value(c"ce_type"));
    if id.is_none() && kind.is_none() {
        return None;
    }
    Some(Headers { id, kind, time: value(c"ce_time"), source: value(c"ce_source") })
}

/// A header's name and value as bytes.
pub(super) type RawHeader = (Vec<u8>, Option<Vec<u8>>);

/// Every header of a record, in its order.
pub(super) fn all_headers(message: &BorrowedMessage<'_>) -> Vec<RawHeader> {
    let mut list: *mut rd_kafka_headers_t = ptr::null_mut();
    // SAFETY: the message is alive, and it keeps owning the list that librdkafka parses.
    let code = unsafe { rd_kafka_message_headers(message.ptr(), &raw mut list) };
    let mut headers = Vec::new();
    if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR || list.is_null() {
        return headers;
    }
    loop {
        let (mut name, mut bytes, mut length) = (ptr::null(), ptr::null::<c_void>(), 0_usize);
        // SAFETY: the list is alive as long as the message, and all out-pointers are valid.
        let code = unsafe { rd_kafka_header_get_all(list, headers.len(), &raw mut name, &raw mut bytes, &raw mut length) };
        if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR || name.is_null() {
            return headers;
        }
        // SAFETY: librdkafka gave a name that ends with NUL, and the address and length of a value, both inside the living message.
        headers.push(unsafe {
            let value = (!bytes.is_null()).then(|| std::slice::from_raw_parts(bytes.cast::<u8>(), length).to_vec());
            (CStr::from_ptr(name).to_bytes().to_vec(), value)
        });
    }
}
