//! What happened, as a value: hop 2 of the way of an event, from a record's bytes to an [`Event`] or a [`Reason`] of refusal.
//!
//! The only place with `serde_json` for input. Does not know Kafka, windows or metrics; decoding reads no clock and keeps no state.

mod chat;
mod customer;
mod decode;
mod dimension;
mod event_type;
mod identity;
mod ids;
mod member;
mod names;
mod number;
mod reason;
mod scan;
mod settings;
mod spelling;
mod survey;
mod text;
mod ticket;
mod time_text;
mod value;
mod wire;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

pub use decode::decode;
pub use identity::{IdentityKey, Key};
pub use ids::ids_in_clear;
pub use reason::Reason;
pub use settings::{DecodeSettings, DimensionOwner, DimensionSettings, Kind, TopicSettings};

use crate::time::EventTime;

/// One record as it came: the value, the CloudEvents headers of the binary form, and where it lay.
#[derive(Clone, Copy, Debug, Default)]
pub struct Record<'a> {
    /// The value; `None` is a tombstone.
    pub payload: Option<&'a [u8]>,
    /// The headers `ce_id`, `ce_type`, `ce_time`, `ce_source` where there is a `ce_id` or a `ce_type`.
    pub headers: Option<Headers<'a>>,
    /// The record's own Kafka timestamp; `None` for a line of a file.
    pub timestamp: Option<EventTime>,
    /// The partition it lay in; 0 for a line of a file.
    pub partition: i32,
    /// Its offset, or the number of the line.
    pub offset: i64,
}

/// The CloudEvents attributes that the Kafka binding carries as record headers (binary form).
#[derive(Clone, Copy, Debug, Default)]
pub struct Headers<'a> {
    /// `ce_id`.
    pub id: Option<&'a [u8]>,
    /// `ce_type`.
    pub kind: Option<&'a [u8]>,
    /// `ce_time`.
    pub time: Option<&'a [u8]>,
    /// `ce_source`.
    pub source: Option<&'a [u8]>,
}

/// What decoding made of a record.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly every record is an event, and a box would be an allocation for each")]
pub enum Decoded<'a> {
    /// A valid event.
    Event(Event<'a>),
    /// A tombstone, or an event that the configuration turns off.
    Ignored,
    /// A record that is refused.
    Invalid(Reason),
}

/// A valid event, borrowing its dimension values from the record, or from the settings where they are renamed.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    /// Keyed hash of source and id: the same identity is the same event.
    pub identity: Key,
    /// When it happened, cut to milliseconds.
    pub time: EventTime,
    /// The customer it names, where its type has one.
    pub customer: Option<Key>,
    /// The dimension values it carries (index into the configured dimensions), renamed and cleaned, each at most once.
    pub dimensions: DimensionValues<'a>,
    /// What happened.
    pub body: Body,
}

/// Values by index of the configured dimension.
pub type DimensionValues<'a> = SmallVec<[(u8, Cow<'a, str>); 4]>;

/// What happened, by topic kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Something about one ticket or chat.
    Contact(Contact, ContactAction),
    /// `ticket.snapshot_completed`: a full set of ticket snapshots, begun at this instant, has been sent.
    SnapshotCompleted(EventTime),
    /// A survey was sent or answered.
    Survey(Survey),
    /// Something about the customer of [`Event::customer`], which is always present here.
    Customer(CustomerAction),
}

/// A ticket or a chat by the keyed hash of its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Contact {
    /// A ticket.
    Ticket(Key),
    /// A chat (or a telephone call).
    Chat(Key),
}

/// What happened to a ticket or chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContactAction {
    /// `ticket.created` or `chat.started` (always by the customer).
    Opened(CreatedBy),
    /// A message.
    Message(Message),
    /// `ticket.status_changed`.
    Status(Status),
    /// `ticket.assigned`, `ticket.escalated` (as `Escalation`) or `chat.transferred` (as `Transfer`).
    Assigned(Option<AssignReason>),
    /// `ticket.escalated`.
    Escalated,
    /// `ticket.merged`: this ticket was merged away.
    Merged,
    /// `ticket.snapshot`; in a box, because it is rare and many times as long as the others.
    Snapshot(Box<TicketSnapshot>),
    /// `chat.accepted`.
    Accepted,
    /// `chat.transferred`.
    Transferred,
    /// `chat.ended`.
    Ended,
    /// `chat.abandoned`.
    Abandoned,
}

/// Who created a ticket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CreatedBy {
    /// The customer: the first-response clock starts at once.
    #[default]
    Customer,
    /// An agent: the clock starts with the customer's first message.
    Agent,
    /// The system: likewise.
    System,
}

/// A message of a ticket or chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who wrote it.
    pub author: Author,
    /// Whether the customer can see it.
    pub public: bool,
    /// Whether it was sent by a rule, such as an out-of-office reply.
    pub automated: bool,
}

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// The customer.
    Customer,
    /// A human agent.
    Agent,
    /// A bot.
    Bot,
    /// The help desk itself.
    System,
}

/// The state of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Not looked at.
    New,
    /// With the agents.
    Open,
    /// With the customer.
    Pending,
    /// With a third party.
    OnHold,
    /// Solved.
    Solved,
    /// Closed for good.
    Closed,
    /// Withdrawn as spam, with its survey answers.
    Spam,
    /// Withdrawn.
    Deleted,
}

/// Why a ticket was assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssignReason {
    /// Handed to another team or agent.
    Transfer,
    /// Handed up.
    Escalation,
    /// By a rule.
    Auto,
}

/// What the help desk knows of a ticket at the event's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketSnapshot {
    /// When the ticket was created.
    pub created: EventTime,
    /// Its status now.
    pub status: Status,
    /// When it was first answered.
    pub first_response: Option<EventTime>,
    /// When it was solved.
    pub solved: Option<EventTime>,
    /// Since when the customer has been waiting for a reply.
    pub awaiting_reply_since: Option<EventTime>,
}

/// A survey that was sent or answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Survey {
    /// Its id; always present for [`SurveyAction::Sent`].
    pub survey: Option<Key>,
    /// What it asks.
    pub metric: SurveyMetric,
    /// The ticket or chat it is about (the ticket where it names both).
    pub about: Option<Contact>,
    /// Sent, or answered.
    pub action: SurveyAction,
}

/// What a survey asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SurveyMetric {
    /// Customer satisfaction.
    Csat,
    /// Net promoter score.
    Nps,
    /// Customer effort.
    Ces,
}

/// What happened to a survey.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SurveyAction {
    /// It was sent.
    Sent,
    /// It was answered.
    Responded(Answer),
}

/// An answer on its own scale; scores and bounds in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The score, in millionths; within the scale.
    pub score: i64,
    /// The scale it was given on.
    pub scale: Scale,
    /// For NPS: about a contact, or about the relationship. `Service` for other metrics that name a contact.
    pub scope: Scope,
}

/// A survey scale; bounds in millionths, `min < max`, within -1000..1000 points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scale {
    /// The lowest score.
    pub min: i64,
    /// The highest score.
    pub max: i64,
    /// For CES: whether a high score means ease (`direction = "ease"`). False for other metrics.
    pub ease: bool,
}

/// What an NPS answer is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// One contact.
    Service,
    /// The relationship.
    Experience,
}

/// What happened to a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomerAction {
    /// Was already a customer.
    Active,
    /// Became a customer, or came back.
    Subscribed,
    /// Left.
    Cancelled,
    /// Forget the identity, keep the sums.
    Erased,
    /// An explicit touchpoint; its stage is the dimension `journey_stage`.
    Touchpoint(Option<TouchpointOutcome>),
}

/// How a touchpoint ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TouchpointOutcome {
    /// As the customer wished.
    Completed,
    /// The customer gave up.
    Abandoned,
    /// It did not work.
    Failed,
}
