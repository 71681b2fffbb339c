//! The real data sets, if they are present (`CXPULSE_DATA`). Knows the key of each record, but not the meaning of the events.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use super::left_out::variable;

/// A record of a data set, ready to be sent.
#[derive(Debug)]
pub(crate) struct DataRecord {
    /// The topic.
    pub(crate) topic: &'static str,
    /// The record key. Records that belong together have the same one.
    pub(crate) key: String,
    /// The event time, which is also the record timestamp.
    pub(crate) time_ms: i64,
    /// The line of the file.
    pub(crate) value: String,
}

/// The folder of a data set, or a message that says why it is missing.
pub(crate) fn data_set(name: &str) -> Result<PathBuf, String> {
    let folder = variable("CXPULSE_DATA").ok_or("no data sets: CXPULSE_DATA does not name their folder")?;
    let folder = PathBuf::from(folder).join(name);
    if folder.is_dir() { Ok(folder) } else { Err(format!("no data set `{name}` below CXPULSE_DATA")) }
}

/// All records of a set, topic after topic, each in the order of its file.
///
/// The key of a ticket or chat is the id of its customer, or its own id without one. Messages and surveys have the key of their ticket or chat.
pub(crate) fn keyed_records(folder: &Path) -> Vec<DataRecord> {
    let mut customers: HashMap<String, String> = HashMap::new();
    let mut events = Vec::new();
    for topic in ["tickets", "chats", "surveys"] {
        let file = std::fs::File::open(folder.join(format!("{topic}.jsonl.gz"))).expect("a whole set");
        for line in BufReader::new(MultiGzDecoder::new(file)).lines() {
            let value = line.expect("a whole file");
            let event: Value = serde_json::from_str(&value).expect("the lines of this set are JSON");
            if let (Some(contact), Some(customer)) = (contact_of(&event), event["customer_id"].as_str()) {
                customers.entry(contact.to_owned()).or_insert_with(|| customer.to_owned());
            }
            events.push((topic, event, value));
        }
    }
    let keyed = events.into_iter().map(|(topic, event, value)| {
        let contact = contact_of(&event).expect("every event of this set names its contact");
        let key = customers.get(contact).map_or(contact, String::as_str).to_owned();
        let time: jiff::Timestamp = event["time"].as_str().expect("a time").parse().expect("an RFC 3339 time");
        DataRecord { topic, key, time_ms: time.as_millisecond(), value }
    });
    keyed.collect()
}

fn contact_of(event: &Value) -> Option<&str> {
    event["ticket_id"].as_str().or_else(|| event["chat_id"].as_str())
}
