//! What a feed is: a name, a program, and how ids and record keys are made of its outputs.
//!
//! Does not know where the settings come from.

use super::table_topic::TableTopic;
use super::tables::Tables;

/// The settings of one feed.
#[derive(Clone, Debug)]
pub struct FeedSettings {
    /// The name, which is the `source` of its events and the prefix of its ids.
    pub name: String,
    /// The text of the program.
    pub program: String,
    /// Where the program comes from, for messages.
    pub origin: String,
    /// The feed whose tickets and chats are meant, for a survey tool beside a help desk. `None` where they are its own.
    pub desk: Option<String>,
    /// Whether the ids of customers carry the name of the feed too. Otherwise all feeds share them.
    pub owns_customers: bool,
    /// What the records are keyed by.
    pub key: RecordKey,
    /// The tables of `lookup`, as far as they are configured.
    pub tables: Tables,
    /// The tables of `lookup` that topics fill. Their entries come beside the configured ones, which have the last word.
    pub table_topics: Vec<TableTopic>,
}

impl FeedSettings {
    /// A feed of its own desk that shares customers and has no tables. `origin` names the program in messages.
    #[must_use]
    pub fn new(name: impl Into<String>, program: impl Into<String>, origin: impl Into<String>, key: RecordKey) -> Self {
        Self {
            name: name.into(),
            program: program.into(),
            origin: origin.into(),
            desk: None,
            owns_customers: false,
            key,
            tables: Tables::default(),
            table_topics: Vec::new(),
        }
    }
}

/// What the records of a feed are keyed by. All events of one feed must be keyed by one thing, because what belongs together must lie in
/// partitions of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKey {
    /// The customer, and the ticket or chat where an event names no customer. For feeds that know the customer of every event.
    Customer,
    /// The ticket or chat, and the customer where an event names neither. Per-customer metrics then need a single partition.
    Contact,
}
