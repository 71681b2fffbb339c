//! Stage 2 of the way of an event: decoding turns the bytes of a record into an [`Event`], or into the [`Reason`] for which it is refused.
//!
//! The only place that reads JSON input. Does not know Kafka, windows or metrics. Decoding reads no clock and keeps no state.

mod body;
mod contract;
mod contract_documents;
mod decode;
mod dimension;
mod id_namespace;
mod identity;
mod member;
mod number;
mod record_forms;
mod refusal;
mod refusal_reason;
mod scan;
mod seen_names;
mod settings;
mod spelling;
mod text;
mod time_text;
mod value;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

pub use contract::{
    ChangeType, ChatType, CustomerType, ENVELOPE_OPTIONAL, ENVELOPE_REQUIRED, EventContract, EventType, MemberContract, MemberValue,
    SurveyType, TicketType,
};
pub use contract_documents::{async_api, json_schema};
pub use decode::{agent_in_clear, decode, ids_in_clear, source_in_clear};
pub(crate) use dimension::{composed, label_value};
pub use identity::{IdentityKey, Key};
pub use number::AMOUNT_MAX;
pub use refusal::Refusal;
pub use refusal_reason::Reason;
pub use settings::{DecodeSettings, DimensionOwner, DimensionSettings, FeedSettings, Kind, TopicSettings};

use crate::time::EventTime;

/// A record before decoding: its value, the CloudEvents headers of the binary form, and its place in the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Record<'a> {
    /// The value; `None` is a tombstone.
    pub payload: Option<&'a [u8]>,
    /// The headers `ce_id`, `ce_type`, `ce_time` and `ce_source`; `None` for a record without `ce_id` and `ce_type`.
    pub headers: Option<Headers<'a>>,
    /// The Kafka timestamp of the record; `None` for a line of a file.
    pub timestamp: Option<EventTime>,
    /// The partition; 0 for a line of a file.
    pub partition: i32,
    /// The offset, or the number of the line.
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

/// The result of decoding a record.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly every record is an event, and a box would be an allocation for each")]
pub enum Decoded<'a> {
    /// A valid event.
    Event(Event<'a>),
    /// A tombstone, or an event that the configuration turns off.
    Ignored,
    /// A record that is refused, with the reason.
    Invalid(Reason),
}

/// A valid event, borrowing its dimension values from the record, or from the settings where they are renamed.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    /// The keyed hash of source and id. Two records with the same identity are the same event.
    pub identity: Key,
    /// The time at which it happened, cut off to milliseconds; within the years 2000 to 2100.
    pub time: EventTime,
    /// The customer that it names, for the types that name a customer.
    pub customer: Option<Key>,
    /// The keyed hash of the ticket that an event of a chat names.
    pub ticket: Option<Key>,
    /// The values of the dimensions that it carries, renamed and fit for a label; each dimension at most once.
    pub dimensions: DimensionValues<'a>,
    /// A bit for each dimension, by its index, whose value became `other` because it cannot be a label.
    pub overflowed: u32,
    /// What happened.
    pub body: Body,
}

/// Values of dimensions, each with the index of the configured dimension.
pub type DimensionValues<'a> = SmallVec<[(u8, Cow<'a, str>); 4]>;

/// The content of an event, by topic kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Body {
    /// An event of one ticket or chat.
    Contact(Contact, ContactAction),
    /// `ticket.snapshot_completed`: a full set of ticket snapshots has been sent. It was begun at this instant.
    SnapshotCompleted(EventTime),
    /// A survey was sent or answered.
    Survey(Survey),
    /// An event of the customer in [`Event::customer`], which is always present here.
    Customer(CustomerAction),
    /// Somebody changed something, for the group that the dimensions of the event say.
    Change(Change),
}

impl Body {
    /// The place of the event among the events of one ticket or chat at one instant, below 8: creation, hand-off, customer message, other message and
    /// acceptance, assignment, status, end or snapshot, completed set. 0 for other events.
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::Contact(_, action) => match action {
                ContactAction::Opened(_) => 0,
                ContactAction::Handoff => 1,
                ContactAction::Message(Message { author: Author::Customer, .. }) => 2,
                ContactAction::Message(_) | ContactAction::Accepted => 3,
                ContactAction::Assigned(_) | ContactAction::Escalated => 4,
                ContactAction::Status(_) | ContactAction::Merged | ContactAction::Unmerged => 5,
                ContactAction::Ended | ContactAction::Abandoned | ContactAction::Snapshot(_) => 6,
            },
            Self::SnapshotCompleted(_) => 7,
            Self::Survey(_) | Self::Customer(_) | Self::Change(_) => 0,
        }
    }
}

impl Survey {
    /// The ticket or chat that it is about; the ticket where the event names both.
    pub(crate) fn contact(&self) -> Option<Contact> {
        self.ticket.map(Contact::Ticket).or_else(|| self.chat.map(Contact::Chat))
    }
}

/// A ticket or a chat, by the keyed hash of its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Contact {
    /// A ticket.
    Ticket(Key),
    /// A chat (or a telephone call).
    Chat(Key),
}

/// An action on a ticket or chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContactAction {
    /// `ticket.created`, or `chat.started`, which is always by the customer.
    Opened(CreatedBy),
    /// `ticket.message` or `chat.message`.
    Message(Message),
    /// `ticket.status_changed`.
    Status(Status),
    /// `ticket.assigned` or `chat.transferred`, with the reason where the event names one.
    Assigned(Option<AssignReason>),
    /// `ticket.escalated`.
    Escalated,
    /// `ticket.handoff` or `chat.handoff`: a bot hands over to people.
    Handoff,
    /// `ticket.merged`: the ticket became part of another ticket.
    Merged,
    /// `ticket.unmerged`: the merging was taken back.
    Unmerged,
    /// `ticket.snapshot`. In a box, because it is rare and much larger than the other actions.
    Snapshot(Box<TicketSnapshot>),
    /// `chat.accepted`.
    Accepted,
    /// `chat.ended`.
    Ended,
    /// `chat.abandoned`.
    Abandoned,
}

/// The creator of a ticket, who decides when its first-response clock starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CreatedBy {
    /// The customer: the clock starts with the creation.
    #[default]
    Customer,
    /// An agent: the clock starts with the first message of the customer.
    Agent,
    /// The system: the clock starts with the first message of the customer.
    System,
    /// The author of the first public message, whoever that is.
    FirstAuthor,
}

/// A message of a ticket or chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The author.
    pub author: Author,
    /// Whether the customer can see it.
    pub public: bool,
    /// Whether a rule sent it, such as an out-of-office reply.
    pub automated: bool,
}

/// The author of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// The status of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Nobody has worked on it yet.
    New,
    /// The agents are to act.
    Open,
    /// The customer is to act.
    Pending,
    /// A third party is to act.
    OnHold,
    /// Solved.
    Solved,
    /// Closed for good.
    Closed,
    /// Withdrawn as spam, together with its survey answers.
    Spam,
    /// Withdrawn.
    Deleted,
}

/// The reason for an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AssignReason {
    /// It was handed to another team or agent.
    Transfer,
    /// It was handed to a higher support tier.
    Escalation,
    /// A rule assigned it.
    Auto,
}

/// The state of a ticket at the time of the event, as the help desk knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketSnapshot {
    /// When the ticket was created.
    pub created: EventTime,
    /// Its status at the time of the event.
    pub status: Status,
    /// When it was first answered, if it was.
    pub first_response: Option<EventTime>,
    /// When it was solved, if it was.
    pub solved: Option<EventTime>,
    /// Since when the customer has been waiting for a reply, if they are.
    pub awaiting_reply_since: Option<EventTime>,
    /// Whether a person ever answered it; `None` where the snapshot does not say.
    pub answered: Option<bool>,
}

/// A survey that was sent or answered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Survey {
    /// The keyed hash of its id; always present for [`SurveyAction::Sent`].
    pub survey: Option<Key>,
    /// The metric that it asks for.
    pub metric: SurveyMetric,
    /// The keyed hash of the ticket that it is about.
    pub ticket: Option<Key>,
    /// The keyed hash of the chat that it is about.
    pub chat: Option<Key>,
    /// Whether it was sent or answered.
    pub action: SurveyAction,
}

/// The metric of a survey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SurveyMetric {
    /// Customer satisfaction.
    Csat,
    /// Net promoter score.
    Nps,
    /// Customer effort.
    Ces,
}

/// An action on a survey.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum SurveyAction {
    /// It was sent.
    Sent,
    /// It was answered.
    Responded(Answer),
}

/// An answer on its own scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The score in millionths of a point; within the scale.
    pub score: i64,
    /// The scale on which it was given.
    pub scale: Scale,
    /// Whether an NPS answer is about a contact or about the relationship, where the event says so.
    pub scope: Option<Scope>,
}

/// A survey scale. `min` is below `max`, and both are within -1000 to 1000 points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scale {
    /// The lowest score in millionths of a point.
    pub min: i64,
    /// The highest score in millionths of a point.
    pub max: i64,
    /// For CES, whether a high score means ease (`direction = "ease"`). False for other metrics.
    pub ease: bool,
}

/// The subject of an NPS answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// One contact with the support.
    Service,
    /// The relationship with the company.
    Experience,
}

/// An action of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CustomerAction {
    /// The customer was a customer already, with the value where the event names one.
    Active(Option<Amount>),
    /// The customer subscribed for the first time, or came back, with the value where the event names one.
    Subscribed(Option<Amount>),
    /// The customer left.
    Cancelled,
    /// The customer turned out to be another one: two records of one person.
    Merged(Key),
    /// The identity is to be forgotten; sums stay.
    Erased,
    /// A touchpoint in the stage of the dimension `journey_stage`, with its outcome and the customer's value where the event names them.
    Touchpoint(Option<TouchpointOutcome>, Option<Amount>),
}

/// `change.marked`: something that somebody changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What was changed, fit for a label.
    pub name: Box<str>,
    /// Whether the change of this name, for the same group, is taken back.
    pub withdrawn: bool,
}

/// An amount of money, in millionths of the unit of the configured currency; at least 0 and at most [`AMOUNT_MAX`] units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount(pub i64);

/// The end of a touchpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TouchpointOutcome {
    /// The customer reached their goal.
    Completed,
    /// The customer gave up.
    Abandoned,
    /// The touchpoint did not work.
    Failed,
}
