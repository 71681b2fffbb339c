//! Whether an event changed anything about a ticket or chat that is counted: a second start of a running chat, an assignment to the same team or a
//! status that is the status already changes nothing.
//!
//! Does not know which facts follow from a summary. When a ticket or chat was last heard of is no change.

use super::marks::{Action, HistoryEvent, Mark, Opening, Solve, Stamp};
use super::summary::{Answered, Summary};
use crate::engine::terms::DimensionsId;
use crate::event::{Author, ContactAction, Key, Message, Status};
use crate::time::{EventTime, Span};

/// The parts of a summary that an event may change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Footprint {
    dimensions: DimensionsId,
    opened: Option<Opening>,
    customer: Option<Key>,
    named_ticket: Option<Key>,
    awaits_author: bool,
    starts: [Option<EventTime>; 3],
    answered: Answered,
    responses: [Option<Stamp>; 2],
    next_responses: (usize, Span),
    replies: u32,
    wrote_since_solve: bool,
    is_handed: bool,
    solves: [Option<Solve>; 2],
    is_solved: bool,
    was_solved_unseen: bool,
    status: Option<Status>,
    withdrawn: [bool; 3],
    reopens: usize,
    marks: [Option<Mark>; 6],
}

impl Footprint {
    pub(super) fn of(summary: &Summary) -> Self {
        Self {
            dimensions: summary.dimensions,
            opened: summary.opened,
            customer: summary.customer(),
            named_ticket: summary.named_ticket,
            awaits_author: summary.awaits_author,
            starts: [summary.clock_start, summary.automated_from, summary.asked],
            answered: summary.answered,
            responses: [summary.first_response, summary.automated_response],
            next_responses: (summary.next_responses.len(), Span(summary.next_responses.iter().map(|stamp| stamp.after.0).sum())),
            replies: summary.replies,
            wrote_since_solve: summary.wrote_since_solve,
            is_handed: summary.is_handed,
            solves: [summary.earlier_solve, summary.solve],
            is_solved: summary.is_solved,
            was_solved_unseen: summary.was_solved_unseen,
            status: summary.status,
            withdrawn: [summary.is_withdrawn, summary.is_merged, summary.is_spam],
            reopens: summary.reopens.len(),
            marks: [summary.escalated, summary.transferred, summary.accepted, summary.abandoned, summary.ended, summary.handoff],
        }
    }
}

/// Whether an event surely changes a summary, so that no footprint need be taken. Most events do.
pub(super) fn surely_changes(summary: &Summary, event: &HistoryEvent) -> bool {
    match &event.action {
        Action::Event(ContactAction::Opened(_)) => summary.opened.is_none(),
        Action::Event(ContactAction::Status(status)) => summary.status != Some(*status) && !summary.is_gone(),
        Action::Event(ContactAction::Message(Message { author: Author::Agent, public: true, automated: false })) => {
            summary.answered == Answered::Yes || summary.is_unanswered()
        }
        Action::Event(ContactAction::Accepted | ContactAction::Ended | ContactAction::Abandoned) => {
            summary.accepted.is_none() && summary.over_at().is_none()
        }
        Action::Event(_) => false,
        Action::SetCompleted(_) => true,
    }
}
