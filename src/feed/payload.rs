//! A payload before mapping: its bytes, headers, key, topic and timestamp; and what is taken off or apart before.
//!
//! Does not know programs.

use jaq_json::Val;

use super::payload_value;
use super::rejection::{Rejection, RejectionReason};
use crate::time::EventTime;

/// The largest payload that a feed takes, in bytes.
const PAYLOAD_BYTES_MAX: usize = 1024 * 1024;
/// The bytes that Confluent's serializers write before JSON: a zero byte and the id of a schema.
const FRAMING_BYTES: usize = 5;

/// A payload as it came from a topic or from a webhook.
#[derive(Clone, Copy, Debug, Default)]
pub struct Payload<'a> {
    /// The bytes; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// The headers by name, in small letters where they came over HTTP. Bytes that are not UTF-8 are left out.
    pub headers: &'a [(&'a str, &'a str)],
    /// The key of the record, if it is a text.
    pub key: Option<&'a str>,
    /// The topic, or the path of the webhook.
    pub topic: &'a str,
    /// When it was recorded or arrived.
    pub timestamp: Option<EventTime>,
}

/// A payload that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PayloadError(String);

/// The payload behind the framing of Confluent's serializers, or all of it where there is no framing.
#[must_use]
pub fn without_registry_framing(value: &[u8]) -> &[u8] {
    match value {
        [0, _, _, _, _, rest @ ..] if value.len() > FRAMING_BYTES => rest,
        _ => value,
    }
}

/// The payloads of a body: the elements of an array, or the body itself.
///
/// # Errors
/// When a body that begins as an array is not JSON.
pub fn batch_of(body: &[u8]) -> Result<Option<Vec<&[u8]>>, PayloadError> {
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'[') {
        return Ok(None);
    }
    let elements: Vec<&serde_json::value::RawValue> =
        serde_json::from_slice(body).map_err(|error| PayloadError(format!("not JSON at line {}", error.line())))?;
    Ok(Some(elements.into_iter().map(|element| element.get().as_bytes()).collect()))
}

/// The payload as a value of jq; null for a tombstone.
pub(super) fn value_of(payload: &Payload<'_>) -> Result<Val, Rejection> {
    let Some(bytes) = payload.value else { return Ok(Val::Null) };
    if bytes.len() > PAYLOAD_BYTES_MAX {
        let what = format!("{} bytes, {PAYLOAD_BYTES_MAX} at most", bytes.len());
        return Err(Rejection::new(RejectionReason::TooLarge, what));
    }
    // The reader of serde_json has a limit of depth, and takes JSON alone; jaq's own reader takes more.
    payload_value::read(bytes).map_err(|error| {
        let what = format!("{:?} error at line {}, column {}", error.classify(), error.line(), error.column());
        Rejection::new(RejectionReason::NotJson, what.to_ascii_lowercase())
    })
}
