//! What decoding is told by the configuration: topics, dimensions, defaults.

use std::collections::BTreeMap;

use super::{IdentityKey, Scale};
use crate::time::Span;

/// Everything that decoding depends on beside the record.
#[derive(Clone, Debug)]
pub struct DecodeSettings {
    /// The secret that ids are hashed with.
    pub identity_key: IdentityKey,
    /// The configured dimensions; an event's values name them by index. `channel` is always 0 and `journey_stage` always 1.
    pub dimensions: Vec<DimensionSettings>,
    /// The CES direction where the event does not say: `Some(true)` for ease, `Some(false)` for effort, `None` to refuse such answers.
    pub ces_ease: Option<bool>,
    /// The scale of an answer that names none: CSAT, CES. NPS is always 0-10.
    pub csat_scale: Scale,
    /// See `csat_scale`; its `ease` is not read.
    pub ces_scale: Scale,
}

/// One input topic.
#[derive(Clone, Debug)]
pub struct TopicSettings {
    /// The Kafka topic's name: the label `topic`, and the default source of its events.
    pub name: String,
    /// What it carries.
    pub kind: Kind,
    /// How far behind its watermark an event may be.
    pub allowed_lateness: Span,
    /// Whether an event without `id` takes topic, partition and offset as its identity.
    pub identity_from_record: bool,
    /// Whether an event without `time` takes the record's timestamp.
    pub time_from_record: bool,
    /// Event types that are turned off, such as `ticket.escalated`: outcome `ignored`.
    pub ignored_types: Vec<String>,
}

/// What a topic carries; the order is the order of events at one instant.
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
    /// Every kind, in their order at one instant.
    pub const ALL: [Self; 4] = [Self::Tickets, Self::Chats, Self::Surveys, Self::Customers];

    /// The default topic name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tickets => "tickets",
            Self::Chats => "chats",
            Self::Surveys => "surveys",
            Self::Customers => "customers",
        }
    }

    /// The event types that a topic of this kind carries, in the contract's order.
    #[must_use]
    pub const fn event_types(self) -> &'static [&'static str] {
        match self {
            Self::Tickets => &[
                "ticket.created",
                "ticket.message",
                "ticket.status_changed",
                "ticket.assigned",
                "ticket.escalated",
                "ticket.merged",
                "ticket.snapshot",
                "ticket.snapshot_completed",
            ],
            Self::Chats => &["chat.started", "chat.accepted", "chat.message", "chat.transferred", "chat.ended", "chat.abandoned"],
            Self::Surveys => &["survey.sent", "survey.responded"],
            Self::Customers => &["customer.active", "customer.subscribed", "customer.cancelled", "customer.erased", "customer.touchpoint"],
        }
    }
}

/// One dimension.
#[derive(Clone, Debug)]
pub struct DimensionSettings {
    /// The member's name and the label's.
    pub name: String,
    /// Whom it describes.
    pub owner: DimensionOwner,
    /// Other names for values (`"9" = "Billing"`); several may share one.
    pub renames: BTreeMap<String, String>,
    /// How many distinct values are kept apart before further ones become `other`.
    pub values_max: usize,
}

/// Whom a dimension describes: where an event that lacks it inherits from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DimensionOwner {
    /// The ticket or chat.
    Contact,
    /// The customer.
    Customer,
}
