//! Examples: a payload with the events that it becomes, each in a file of its own below a feed's `examples/`.
//!
//! Does not know where the file is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::payload::Payload;
use super::program::{Feed, Mapped};
use super::tables::Tables;
use crate::time::EventTime;

/// One example.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What the vendor says with the payload, in one sentence.
    pub about: String,
    /// Where the shape of the payload is from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub shape: String,
    /// The headers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The record's timestamp in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<i64>,
    /// Tables of `lookup`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tables: BTreeMap<String, BTreeMap<String, String>>,
    /// The payload.
    pub payload: Value,
    /// The events that it becomes.
    pub events: Vec<Value>,
    /// The values that are counted as unknown, as `name=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
}

/// An example that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "not an example: {0}\nhint: an example has `about`, `payload` and `events`, and may have `headers`, `timestamp`, `tables` and `unknown`"
)]
pub struct ExampleError(#[from] serde_json::Error);

impl Example {
    /// Reads an example.
    ///
    /// # Errors
    /// When the text is not one.
    pub fn parse(text: &str) -> Result<Self, ExampleError> {
        Ok(serde_json::from_str(text)?)
    }

    /// Maps the payload with a feed, whose tables are replaced by those of the example.
    pub fn map(&self, feed: &Feed) -> Mapped {
        let mut tables = Tables::default();
        for (table, entries) in &self.tables {
            entries.iter().for_each(|(key, value)| tables.set(table, key, value));
        }
        feed.set_tables(tables);
        let value = self.payload.to_string();
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let payload = Payload {
            value: if self.payload.is_null() { None } else { Some(value.as_bytes()) },
            headers: &headers,
            key: None,
            topic: "example",
            timestamp: self.timestamp.map(EventTime),
        };
        feed.map(&payload, &|| false)
    }

    /// The example with the events that a feed makes of it now.
    #[must_use]
    pub fn with_result(&self, mapped: &Mapped) -> Self {
        let event = |json: &[u8]| serde_json::from_slice(json).unwrap_or(Value::Null);
        let events = mapped.events.iter().map(|mapped| event(&mapped.json)).collect();
        let unknown = mapped.unknown.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Self { events, unknown, ..self.clone() }
    }

    /// The text of the example's file.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}
