//! The summary of one ticket or chat: the result of all its events, in their order.
//!
//! Contains data and simple questions only; `transitions.rs` defines how an event changes the summary.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::engine::terms::{DimensionsId, EventOrder, Terms};
use crate::event::{ContactAction, Key, Status};
use crate::time::{EventTime, Span};

/// The result of the events of a ticket or chat, in their order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Summary {
    /// Whether it summarises a chat, else a ticket.
    pub(crate) is_chat: bool,
    /// The time of the last event that named the ticket or chat.
    pub(crate) named: Option<EventTime>,
    /// The contact's own dimensions: the last value of each.
    pub(crate) dimensions: DimensionsId,
    /// The dimensions that the present state counts for: the contact's own after its last event, and else the customer's at that time.
    pub(crate) credited: DimensionsId,
    /// The opening, from `ticket.created`, `chat.started` or a snapshot.
    pub(crate) opened: Option<Opening>,
    /// Where the first-response clock starts.
    pub(crate) clock_start: Option<EventTime>,
    /// The first public human reply since the start of the clock.
    pub(crate) first_response: Option<Stamp>,
    /// The first public reply by a bot or a rule since the start of the clock.
    pub(crate) automated_response: Option<Stamp>,
    /// The waits that later public human replies ended.
    pub(crate) next_responses: SmallVec<[Stamp; 2]>,
    /// The first unanswered customer message after the first response.
    pub(crate) asked: Option<EventTime>,
    /// The number of public human replies since the start of the clock.
    pub(crate) replies: u32,
    /// Public human replies that came before the creation was known. A later snapshot may give the creation.
    pub(super) orphans: Option<Box<Orphans>>,
    /// The latest solve; since the creation, if that is known.
    pub(crate) solve: Option<Solve>,
    /// The first solve, if another came after it.
    pub(super) earlier_solve: Option<Solve>,
    /// Whether it is solved or closed now.
    pub(crate) is_solved: bool,
    /// The latest status.
    pub(crate) status: Option<Status>,
    /// Whether the status comes from an event and no snapshot has changed it since. If so, it takes precedence over further snapshots.
    pub(crate) is_status_known: bool,
    /// Whether it is withdrawn: spam, deleted or merged into another.
    pub(crate) is_gone: bool,
    /// Whether it is withdrawn as spam.
    pub(crate) is_spam: bool,
    /// The reopenings, oldest first.
    pub(crate) reopens: SmallVec<[Mark; 1]>,
    /// Whether it was ever reopened, even if too long ago for the list.
    pub(crate) was_reopened: bool,
    /// The latest escalation.
    pub(crate) escalated: Option<Mark>,
    /// The latest transfer.
    pub(crate) transferred: Option<Mark>,
    /// The first `chat.accepted`.
    pub(crate) accepted: Option<Mark>,
    /// The first `chat.abandoned`.
    pub(crate) abandoned: Option<Mark>,
    /// The first `chat.ended`.
    pub(crate) ended: Option<Mark>,
    /// The time that the customer has waited so far, without the present wait.
    pub(crate) waited: Span,
    /// The start of the present wait.
    pub(crate) waiting_since: Option<EventTime>,
    /// The clocks for targets and business hours; `None` if none are configured.
    pub(crate) clocks: Option<Clocks>,
}

impl Summary {
    /// The summary before the first event.
    pub(crate) fn before(is_chat: bool, terms: &Terms) -> Self {
        Self { is_chat, dimensions: terms.rules.first_dimensions(is_chat), ..Self::default() }
    }

    /// The first solve.
    pub(crate) fn first_solve(&self) -> Option<Solve> {
        self.earlier_solve.or(self.solve)
    }

    /// Whether it is in the backlog: its creation is known, and it is neither solved nor withdrawn.
    pub(crate) fn is_open(&self) -> bool {
        self.opened.is_some() && !self.is_solved && !self.is_gone
    }

    /// Whether a full set of snapshots that began at `started`, and came after all events, would end it.
    pub(crate) fn is_left_open_since(&self, started: EventTime) -> bool {
        self.is_open() && self.named.is_none_or(|named| named < started)
    }

    /// Whether it is solved, abandoned or ended now.
    pub(super) fn is_over(&self) -> bool {
        self.is_solved || self.abandoned.is_some() || self.ended.is_some()
    }
}

/// The times of replies to a ticket whose creation was not known then, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Orphans(pub(super) SmallVec<[EventTime; 2]>);

/// The action of one entry of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The event that gave the opening.
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

impl Opening {
    /// Its place among other openings, by the time of the opening itself, even if a snapshot reported it later.
    pub(crate) fn place(&self) -> EventOrder {
        self.order.at(self.time)
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
    /// Whether it is known from a snapshot only, so that it makes no sample.
    pub(crate) is_silent: bool,
}

/// A solve of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Solve {
    pub(crate) mark: Mark,
    /// The time since the creation; `None` if that is not known.
    pub(crate) after: Option<Span>,
    /// How long the customer had waited until then; `None` if the history is not known from the creation on.
    pub(crate) waited: Option<Span>,
    /// Whether it is known from a snapshot only, so that it makes no sample.
    pub(crate) is_silent: bool,
}

/// The clocks of one ticket or chat. They exist only if a target or business hours are configured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Clocks {
    /// The clock until the first response.
    pub(crate) response: Option<Clock>,
    /// The clock until a ticket's resolution.
    pub(crate) resolution: Option<Clock>,
    /// The clock until an agent accepts a chat.
    pub(crate) wait: Option<Clock>,
}

/// A clock that has started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Clock {
    pub(super) start: EventTime,
    /// The event time from which the clock is known, if that is not its start. A clock known from a snapshot makes no sample before the snapshot.
    pub(super) known_from: Option<EventTime>,
    /// The last instant at which the target is met.
    pub(crate) deadline: Option<EventTime>,
    /// The number of the business hours by which the clock counts.
    pub(super) schedule: Option<u16>,
    /// The dimensions after the last event up to the deadline, which a miss is credited to.
    pub(super) holder: DimensionsId,
    /// Whether the clock ran after that event. A ticket or chat solved or abandoned without a reply before the deadline has not missed it.
    pub(super) ran: bool,
    /// The business time until the clock last stopped.
    pub(crate) took: Option<Span>,
}

/// One event of a ticket or chat, in compact form.
#[derive(Clone, Debug)]
pub(crate) struct HistoryEvent {
    pub(crate) order: EventOrder,
    /// The dimensions that the event names.
    pub(crate) dimensions: DimensionsId,
    /// The customer that the event names.
    pub(crate) customer: Option<Key>,
    pub(crate) action: Action,
}

impl HistoryEvent {
    /// The customer that a ticket snapshot names; `None` for other events.
    pub(super) fn told_customer(&self) -> Option<Key> {
        self.customer.filter(|_| matches!(self.action, Action::Event(ContactAction::Snapshot(_))))
    }
}
