//! The summary of one ticket or of one session of a chat: the result of all its events, in their order.
//!
//! Contains data and simple questions only; `transitions.rs` defines how an event changes the summary.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::clock::Clocks;
use super::marks::{Mark, Opening, Solve, Stamp};
use crate::engine::terms::{DimensionsId, EngineSettings, EventOrder, Terms};
use crate::event::{Key, Status};
use crate::time::{EventTime, Span};

/// The result of the events of a ticket or of one session of a chat, in their order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Summary {
    /// Whether it summarises a chat, else a ticket.
    pub(crate) is_chat: bool,
    /// The event with which the session or matter began; `MIN` for the first one.
    pub(crate) began: EventOrder,
    /// The time of the last event that named the ticket or chat.
    pub(crate) named: Option<EventTime>,
    /// The contact's own dimensions: the last value of each.
    pub(crate) dimensions: DimensionsId,
    /// The dimensions that the present state counts for: the contact's own after its last event, and else the customer's at that time.
    pub(crate) credited: DimensionsId,
    /// The opening, from `ticket.created`, `chat.started` or a snapshot.
    pub(crate) opened: Option<Opening>,
    /// The customer that a snapshot filled in after the opening, with the snapshot. It holds from then on.
    pub(super) told_customer: Option<(EventOrder, Key)>,
    /// The chat that a ticket was made from, if any.
    pub(crate) origin: Option<Origin>,
    /// Whether its creation or an answer is known from a snapshot alone.
    pub(crate) has_gaps: bool,
    /// Whether the first public message decides who created the ticket.
    pub(super) awaits_author: bool,
    /// Where the first-response clock starts.
    pub(crate) clock_start: Option<EventTime>,
    /// Where the time to an automated response starts: the creation, or the customer's first message.
    pub(super) automated_from: Option<EventTime>,
    /// Whether a person has answered, or it is not known whether one has.
    pub(crate) answered: Answered,
    /// The first public human reply since the start of the clock.
    pub(crate) first_response: Option<Stamp>,
    /// The first public reply by a bot or a rule.
    pub(crate) automated_response: Option<Stamp>,
    /// The waits that later public human replies ended.
    pub(crate) next_responses: SmallVec<[Stamp; 2]>,
    /// The first unanswered customer message after the first response.
    pub(crate) asked: Option<EventTime>,
    /// Whether the customer has written since the latest solve and nobody has replied.
    pub(super) wrote_since_solve: bool,
    /// The number of public human replies since the start of the clock.
    pub(crate) replies: u32,
    /// The time of the latest public human reply, also of one before the creation was known.
    pub(super) last_reply: Option<EventTime>,
    /// The first hand-off from a bot to people.
    pub(crate) handoff: Option<Mark>,
    /// Whether a hand-off has started the first-response clock that runs now.
    pub(super) is_handed: bool,
    /// The latest solve; since the creation, if that is known.
    pub(crate) solve: Option<Solve>,
    /// The first solve, if another came after it.
    pub(super) earlier_solve: Option<Solve>,
    /// Whether a snapshot knows of a solve before the first one of the history.
    pub(super) was_solved_unseen: bool,
    /// The contact's own dimensions at each solve that an event told of, or at the end of a chat, oldest first.
    pub(super) settlements: SmallVec<[Mark; 1]>,
    /// Whether it is solved or closed now.
    pub(crate) is_solved: bool,
    /// Whether it was withdrawn already when it last became solved.
    pub(super) was_solved_beneath: bool,
    /// When it last became solved, by an event or by a snapshot; only where a late reopening may begin a new matter.
    pub(super) solved_at: Option<EventTime>,
    /// The latest status.
    pub(crate) status: Option<Status>,
    /// Whether it is withdrawn as spam or deleted.
    pub(super) is_withdrawn: bool,
    /// Whether it was merged into another ticket.
    pub(super) is_merged: bool,
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
    /// The acceptance of a chat.
    pub(crate) accepted: Option<Mark>,
    /// The abandonment of a chat.
    pub(crate) abandoned: Option<Mark>,
    /// Whether the customer had waited too briefly for the abandonment to count in the abandonment rate.
    pub(crate) was_abandoned_soon: bool,
    /// The end of a chat.
    pub(crate) ended: Option<Mark>,
    /// Whether a chat ended or was abandoned before any person had answered.
    pub(crate) ended_unanswered: bool,
    /// The end of a chat that had no event for too long, if an event came after it.
    pub(crate) idle_ended: Option<Mark>,
    /// The first ticket that any event of a chat's session names.
    pub(crate) named_ticket: Option<Key>,
    /// When a chat's session was heard: the spans of 24 h after its start and each message, as far as they overlap.
    pub(super) heard: SmallVec<[(EventTime, EventTime); 1]>,
    /// The time that the customer has waited so far, without the present wait.
    pub(crate) waited: Span,
    /// The start of the present wait.
    pub(crate) waiting_since: Option<EventTime>,
    /// The clocks for targets and business hours; `None` if none are configured.
    pub(crate) clocks: Option<Box<Clocks>>,
}

/// Whether a person of the help desk has answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Answered {
    /// Not yet.
    #[default]
    No,
    /// Yes.
    Yes,
    /// Not known: a snapshot gave the creation and said nothing of an answer.
    Unknown,
}

/// The chat that a ticket was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// When the chat ended, if no person had answered in it: the ticket then has a first response of its own.
    pub(crate) silent_since: Option<EventTime>,
    /// The chat's first hand-off from a bot to people.
    pub(crate) handoff: Option<Mark>,
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

    /// The customer at an event of a survey about it.
    pub(super) fn customer_by(&self, order: EventOrder) -> Option<Key> {
        let opener = self.opened.filter(|opened| opened.order <= order).and_then(|opened| opened.customer);
        opener.or_else(|| self.told_customer.filter(|(told, _)| *told <= order).map(|(_, customer)| customer))
    }

    /// The customer of its events from now on.
    pub(crate) fn customer(&self) -> Option<Key> {
        self.opened.and_then(|opened| opened.customer).or_else(|| self.told_customer.map(|(_, customer)| customer))
    }

    /// Whether it is withdrawn: spam, deleted or merged into another.
    pub(crate) fn is_gone(&self) -> bool {
        self.is_withdrawn || self.is_merged
    }

    /// Whether it is in the backlog: its creation is known, and it is neither solved nor withdrawn.
    pub(crate) fn is_open(&self) -> bool {
        self.opened.is_some() && !self.is_solved && !self.is_gone()
    }

    /// Whether a person has yet to give the first response.
    pub(crate) fn is_unanswered(&self) -> bool {
        self.clock_start.is_some() && self.answered == Answered::No
    }

    /// Whether a full set of snapshots that began at `started`, and came after all events, would end it.
    pub(crate) fn is_left_open_since(&self, started: EventTime) -> bool {
        self.is_open() && self.named.is_none_or(|named| named < started)
    }

    /// Whether it is solved, abandoned or ended now.
    pub(super) fn is_over(&self) -> bool {
        self.is_solved || self.over_at().is_some()
    }

    /// When a chat ended or was abandoned, or had been idle for too long.
    pub(crate) fn over_at(&self) -> Option<EventTime> {
        self.ended.or(self.abandoned).or(self.idle_ended).map(|mark| mark.time)
    }

    /// When a chat ends by itself, if no event comes before.
    pub(crate) fn idle_end(&self, settings: &EngineSettings) -> Option<EventTime> {
        Some(self.named? + settings.chat_idle_end.filter(|_| self.is_chat)?)
    }

    /// Whether a ticket created at an instant was made from this session of a chat, if the session names it: after its start, at most 24 h after its last
    /// message before that, and at most 1 h after its end.
    pub(crate) fn is_origin_of(&self, created: EventTime, settings: &EngineSettings) -> bool {
        let over = self.over_at().or_else(|| self.idle_end(settings));
        self.opened.is_some_and(|opened| opened.time <= created)
            && self.heard.iter().any(|(from, until)| (*from..=*until).contains(&created))
            && over.is_none_or(|over| created <= over + Span::hours(1))
    }

    /// What a ticket made from this session of a chat must know of it.
    pub(crate) fn as_origin(&self) -> Origin {
        let said_end = self.ended.or(self.abandoned).map(|mark| mark.time);
        let silent_since = said_end.filter(|_| self.ended_unanswered);
        Origin { silent_since, handoff: self.handoff }
    }

    /// Whether a chat answers for this ticket, so that it has no first response of its own.
    pub(super) fn is_answered_by_chat(&self) -> bool {
        self.origin.is_some_and(|origin| origin.silent_since.is_none())
    }
}
