//! The summary of one ticket or chat: everything that its events, in their order, come to.
//!
//! Data and simple questions only: `transitions.rs` says how an event changes it.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::engine::terms::{DimensionsId, EventOrder, Terms};
use crate::event::{ContactAction, Key, Status};
use crate::time::{EventTime, Span};

/// What the events of a ticket or chat, in their order, come to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Summary {
    /// Of a chat, else of a ticket.
    pub(crate) is_chat: bool,
    /// When an event last named it.
    pub(crate) named: Option<EventTime>,
    /// Its own dimensions: the last value of each.
    pub(crate) dimensions: DimensionsId,
    /// The dimensions that state of now counts for: its own after its last event, else its customer's as they were then.
    pub(crate) credited: DimensionsId,
    /// `ticket.created` or `chat.started`.
    pub(crate) opened: Option<Opening>,
    /// Where the first-response clock starts.
    pub(crate) clock_start: Option<EventTime>,
    /// The first public human reply, since the clock's start.
    pub(crate) first_response: Option<Stamp>,
    /// The first public reply of a bot or a rule, since the clock's start.
    pub(crate) automated_response: Option<Stamp>,
    /// The waits that later replies ended.
    pub(crate) next_responses: SmallVec<[Stamp; 2]>,
    /// The first unanswered customer message after the first response.
    pub(crate) asked: Option<EventTime>,
    /// Public human replies since the clock's start.
    pub(crate) replies: u32,
    /// Public human replies before anything told of the creation, of which a snapshot may.
    pub(super) orphans: Option<Box<Orphans>>,
    /// The latest solve, since the creation where that is known.
    pub(crate) solve: Option<Solve>,
    /// The first solve, where another came after it.
    pub(super) earlier_solve: Option<Solve>,
    /// Solved or closed now.
    pub(crate) is_solved: bool,
    /// The latest status.
    pub(crate) status: Option<Status>,
    /// Whether an event said how the ticket stands and no snapshot has changed it since: then known history wins over further ones.
    pub(crate) is_status_known: bool,
    /// Withdrawn: spam, deleted or merged away.
    pub(crate) is_gone: bool,
    /// Withdrawn as spam.
    pub(crate) is_spam: bool,
    /// Each reopening.
    pub(crate) reopens: SmallVec<[Mark; 1]>,
    /// Whether it ever was reopened, also where that is too long ago to be listed.
    pub(crate) was_reopened: bool,
    /// The latest escalation.
    pub(crate) escalated: Option<Mark>,
    /// The latest transfer.
    pub(crate) transferred: Option<Mark>,
    /// `chat.accepted`.
    pub(crate) accepted: Option<Mark>,
    /// `chat.abandoned`.
    pub(crate) abandoned: Option<Mark>,
    /// `chat.ended`.
    pub(crate) ended: Option<Mark>,
    /// Time the customer waited so far, and since when it runs again.
    pub(crate) waited: Span,
    pub(crate) waiting_since: Option<EventTime>,
    /// What targets and business hours are counted by; absent without them.
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

    /// Whether a full set that came after everything and began at `started` would end it.
    pub(crate) fn is_left_open_since(&self, started: EventTime) -> bool {
        self.is_open() && self.named.is_none_or(|named| named < started)
    }

    /// Solved, abandoned or ended now.
    pub(super) fn is_over(&self) -> bool {
        self.is_solved || self.abandoned.is_some() || self.ended.is_some()
    }
}

/// When replies came whose ticket's creation was not known, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Orphans(pub(super) SmallVec<[EventTime; 2]>);

/// What is taken in at one place of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// An event of the ticket or chat itself.
    Event(ContactAction),
    /// A full set of snapshots, begun at this instant, has been sent: a ticket that was not named since is no longer open.
    SetCompleted(EventTime),
}

/// The opening of a ticket or chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredOpening", into = "StoredOpening")]
pub(crate) struct Opening {
    pub(crate) order: EventOrder,
    pub(crate) time: EventTime,
    pub(crate) dimensions: DimensionsId,
    pub(crate) customer: Option<Key>,
    /// Known from a snapshot only, so that it makes no sample.
    pub(crate) is_silent: bool,
}

/// An opening as it is written down, where only a snapshot tells of another time than its own.
#[derive(Serialize, Deserialize)]
struct StoredOpening {
    order: EventOrder,
    told: Option<EventTime>,
    dimensions: DimensionsId,
    customer: Option<Key>,
}

impl From<Opening> for StoredOpening {
    fn from(Opening { order, time, dimensions, customer, is_silent }: Opening) -> Self {
        debug_assert!(is_silent || time == order.time, "an opening that is no mere snapshot happened at its event's time");
        Self { order, told: is_silent.then_some(time), dimensions, customer }
    }
}

impl From<StoredOpening> for Opening {
    fn from(StoredOpening { order, told, dimensions, customer }: StoredOpening) -> Self {
        Self { order, time: told.unwrap_or(order.time), dimensions, customer, is_silent: told.is_some() }
    }
}

impl Opening {
    /// Its place among other openings: at the time it happened, also where a snapshot told of it later.
    pub(crate) fn place(&self) -> EventOrder {
        self.order.at(self.time)
    }
}

/// Something that happened at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) time: EventTime,
    pub(crate) dimensions: DimensionsId,
}

/// Something that happened at an instant after a time that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    pub(crate) mark: Mark,
    pub(crate) after: Span,
    /// Known from a snapshot only, so that it makes no sample.
    pub(crate) is_silent: bool,
}

/// A solve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Solve {
    pub(crate) mark: Mark,
    /// Since the creation; `None` where that is not known.
    pub(crate) after: Option<Span>,
    /// How long the customer waited until then.
    pub(crate) waited: Option<Span>,
    /// Known from a snapshot only, so that it makes no sample.
    pub(crate) is_silent: bool,
}

/// The clocks of one ticket or chat; there only where a target or a schedule is configured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Clocks {
    /// The first response.
    pub(crate) response: Option<Clock>,
    /// A ticket's resolution.
    pub(crate) resolution: Option<Clock>,
    /// A chat's wait for an agent.
    pub(crate) wait: Option<Clock>,
}

/// A clock, from its start on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Clock {
    pub(super) start: EventTime,
    /// Since when anything is known of it, where that is not its start: what a snapshot tells of makes no sample for what lies before the snapshot.
    pub(super) known_from: Option<EventTime>,
    /// Until when its target is met, itself included.
    pub(crate) deadline: Option<EventTime>,
    pub(super) schedule: Option<u16>,
    /// The dimensions after the last event up to the deadline: whom a miss is credited to.
    pub(super) holder: DimensionsId,
    /// Whether it ran after that event: what was solved or left without a reply before the deadline has not missed it.
    pub(super) ran: bool,
    /// The business time it took until it stopped last.
    pub(crate) took: Option<Span>,
}

/// One event of a ticket or chat, compact.
#[derive(Clone, Debug)]
pub(crate) struct HistoryEvent {
    pub(crate) order: EventOrder,
    /// The dimensions it names.
    pub(crate) dimensions: DimensionsId,
    /// The customer it names.
    pub(crate) customer: Option<Key>,
    pub(crate) action: Action,
}

impl HistoryEvent {
    /// The customer that a snapshot names.
    pub(super) fn told_customer(&self) -> Option<Key> {
        self.customer.filter(|_| matches!(self.action, Action::Event(ContactAction::Snapshot(_))))
    }
}
