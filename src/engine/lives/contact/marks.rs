//! The events of a history, and the marks that they leave: openings, solves and other occurrences with their dimensions.

use serde::{Deserialize, Serialize};

use crate::engine::terms::{DimensionsId, EventOrder};
use crate::event::{ContactAction, Key};
use crate::time::{EventTime, Span};

/// The action of one entry of a history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Action {
    /// An event of the ticket or chat itself.
    Event(ContactAction),
    /// A full set of snapshots, begun at this instant, is complete. A ticket that was not named since then is no longer open.
    SetCompleted(EventTime),
}

/// The opening of a ticket or chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredOpening", into = "StoredOpening")]
pub(crate) struct Opening {
    /// The event that gave the opening, at the instant at which it counts.
    pub(crate) order: EventOrder,
    /// When it was opened.
    pub(crate) time: EventTime,
    /// The dimensions that the opening is credited to.
    pub(crate) dimensions: DimensionsId,
    pub(crate) customer: Option<Key>,
    /// Whether it is known from a snapshot only, so that it makes no sample.
    pub(crate) is_silent: bool,
}

/// The serialised form of an opening. A time other than the event's own occurs only in a snapshot.
#[derive(Serialize, Deserialize)]
struct StoredOpening {
    order: EventOrder,
    told: Option<EventTime>,
    dimensions: DimensionsId,
    customer: Option<Key>,
}

impl From<Opening> for StoredOpening {
    fn from(Opening { order, time, dimensions, customer, is_silent }: Opening) -> Self {
        debug_assert!(is_silent || time == order.time, "an opening that does not come from a snapshot happened at its event's time");
        Self { order, told: is_silent.then_some(time), dimensions, customer }
    }
}

impl From<StoredOpening> for Opening {
    fn from(StoredOpening { order, told, dimensions, customer }: StoredOpening) -> Self {
        Self { order, time: told.unwrap_or(order.time), dimensions, customer, is_silent: told.is_some() }
    }
}

/// An occurrence at an instant, with the dimensions that it is credited to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) time: EventTime,
    pub(crate) dimensions: DimensionsId,
}

/// An occurrence at an instant, with a measured duration before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    pub(crate) mark: Mark,
    /// The duration before the occurrence.
    pub(crate) after: Span,
}

/// A solve of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Solve {
    pub(crate) mark: Mark,
    /// The time since the creation; `None` if that is not known.
    pub(crate) after: Option<Span>,
    /// How long the customer had waited until then; `None` if the history is not known from the creation on.
    pub(crate) waited: Option<Span>,
}

/// One event of a ticket or chat, in compact form.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HistoryEvent {
    pub(crate) order: EventOrder,
    /// The dimensions that the event names.
    pub(crate) dimensions: DimensionsId,
    /// The customer that the event names.
    pub(crate) customer: Option<Key>,
    /// The ticket that an event of a chat names.
    pub(crate) ticket: Option<Key>,
    pub(crate) action: Action,
}
