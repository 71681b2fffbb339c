//! The settings of decoding: topics, dimensions and defaults.
//!
//! Does not know where they come from; `config` fills them.

use std::collections::BTreeMap;

use super::{IdentityKey, Scale};
use crate::time::{EventTime, Span};

/// The settings of decoding. With the record and its topic they determine the result.
#[derive(Clone, Debug)]
pub struct DecodeSettings {
    /// The secret key of the hashes of ids.
    pub identity_key: IdentityKey,
    /// The configured dimensions, at most 32. The values of an event refer to them by index: `channel` is always 0, `journey_stage` always
    /// 1.
    pub dimensions: Vec<DimensionSettings>,
    /// The direction of a CES answer that names none. `Some(true)` for ease, `Some(false)` for effort, `None` to refuse such answers.
    pub ces_ease: Option<bool>,
    /// The scale of a CSAT answer that names none. The scale of NPS is always 0 to 10.
    pub csat_scale: Scale,
    /// The scale of a CES answer that names none. Its `ease` is not read.
    pub ces_scale: Scale,
}

/// One input topic.
#[derive(Clone, Debug)]
pub struct TopicSettings {
    /// The name of the Kafka topic. It is also the label `topic`, and the default `source` of its events.
    pub name: String,
    /// The kind of events that the topic carries.
    pub kind: Kind,
    /// The feed that the topic belongs to: the namespace of the ids of tickets, chats and surveys. `None` for the default feed, which is that of all
    /// topics that name none.
    pub feed: Option<FeedSettings>,
    /// How far behind the watermark of its topic partition an event may be. Default 1 hour, 1 second to 3,650 days.
    pub allowed_lateness: Span,
    /// Whether an event without `id` takes topic, partition and offset as its identity.
    pub identity_from_record: bool,
    /// Whether an event without `time` takes the timestamp of its record.
    pub time_from_record: bool,
    /// Event types that are turned off, such as `ticket.escalated`. Their outcome is `ignored`.
    pub ignored_types: Vec<String>,
    /// When the feed began to send to the topic. Windows count as covered from then on, as long as the topic has lost nothing. Default: when the first
    /// record of any topic was sent.
    pub feed_began: Option<EventTime>,
}

impl TopicSettings {
    /// The topic of a kind under its default name, with the defaults of all settings.
    #[must_use]
    pub fn of(kind: Kind) -> Self {
        Self {
            name: kind.name().to_owned(),
            kind,
            feed: None,
            allowed_lateness: Span::hours(1),
            identity_from_record: false,
            time_from_record: false,
            ignored_types: Vec::new(),
            feed_began: None,
        }
    }
}

/// A named feed: one help desk or survey tool, with the topics that carry its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedSettings {
    /// The name.
    pub name: String,
    /// Whether the ids of customers belong to the feed as well. Otherwise all feeds share them.
    pub owns_customers: bool,
}

/// The kind of events that a topic carries. The order of the kinds is the order of events that happened at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `ticket.*`
    Tickets,
    /// `chat.*`
    Chats,
    /// `survey.*`
    Surveys,
    /// `customer.*`
    Customers,
}

impl Kind {
    /// Every kind, in the order of events that happened at one instant.
    pub const ALL: [Self; 4] = [Self::Tickets, Self::Chats, Self::Surveys, Self::Customers];

    /// The name of the kind in the configuration, which is also the default name of its topic.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tickets => "tickets",
            Self::Chats => "chats",
            Self::Surveys => "surveys",
            Self::Customers => "customers",
        }
    }
}

/// One dimension.
#[derive(Clone, Debug)]
pub struct DimensionSettings {
    /// The name of the member and of the label.
    pub name: String,
    /// Whether the dimension belongs to the contact or to the customer.
    pub owner: DimensionOwner,
    /// Other names for values (`"9" = "Billing"`). Several values may share one name.
    pub renames: BTreeMap<String, String>,
    /// How many different values are kept apart before further values become `other`. Default 200, 1 to 10,000.
    pub values_max: usize,
}

/// The owner of a dimension. An event that lacks the dimension inherits the value from its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DimensionOwner {
    /// The ticket or chat.
    Contact,
    /// The customer.
    Customer,
}
