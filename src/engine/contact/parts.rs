//! What the facts of a ticket or chat follow from, in parts: each part makes facts of its own, so they change only where their part does.

use super::facts::idle_end_of;
use super::{Decision, Mark, Solve, Stamp, Summary};
use crate::engine::EngineSettings;
use crate::engine::names::DimensionsId;
use crate::event::Status;
use crate::time::{EventTime, Span};

/// The parts of a summary; what a snapshot told of is in none that makes a sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    /// Withdrawn, which has no facts: nothing else is told then.
    pub(super) is_gone: bool,
    pub(super) is_ticket: bool,
    pub(super) opened: Option<Mark>,
    pub(super) first_response: Option<Stamp>,
    pub(super) automated_response: Option<Stamp>,
    pub(super) escalated: Option<Mark>,
    pub(super) transferred: Option<Mark>,
    /// The latest solve.
    pub(super) solved: Option<Solve>,
    /// What is said of the ticket at its latest solve.
    pub(super) noted: Option<(Mark, Noted)>,
    pub(super) first_solve: Option<(Mark, Option<Span>)>,
    /// State of now: the dimensions it counts for, and what is said of it.
    pub(super) backlog: Option<DimensionsId>,
    pub(super) backlog_status: Option<(DimensionsId, Status)>,
    pub(super) unanswered: Option<(DimensionsId, EventTime)>,
    pub(super) awaiting_reply: Option<(DimensionsId, EventTime)>,
    /// From when on it is past the first-response target.
    pub(super) past_target: Option<(DimensionsId, EventTime)>,
    /// With the wait until then.
    pub(super) accepted: Option<(Mark, Option<Span>)>,
    /// With whether it was late enough to count as abandonment.
    pub(super) abandoned: Option<(Mark, bool)>,
    /// With the time since the acceptance.
    pub(super) ended: Option<(Mark, Option<Span>)>,
    /// Whether the chat is active, else it waits; and its end, where it is idle from then on.
    pub(super) chat_now: Option<(DimensionsId, bool, Option<EventTime>)>,
    pub(super) response_target: Option<Decision>,
    /// The resolution of a ticket, the wait of a chat.
    pub(super) ending_target: Option<Decision>,
    pub(super) response_business: Option<(Mark, Option<Span>)>,
    pub(super) resolution_business: Option<(Mark, Option<Span>)>,
}

/// What is noted of a ticket at its latest solve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Noted {
    pub(super) without_response: bool,
    pub(super) by_automation: bool,
    pub(super) reopened: bool,
    pub(super) escalated: bool,
    pub(super) transferred: bool,
    pub(super) at_first_contact: bool,
}

impl Parts {
    /// The parts of a summary.
    #[inline]
    pub(crate) fn of(summary: &Summary, settings: &EngineSettings) -> Self {
        let mut parts = Self::none(!summary.is_chat);
        if summary.is_gone {
            parts.is_gone = true;
            return parts;
        }
        let opened = summary.opened.filter(|o| !o.is_silent).map(|o| Mark { time: o.time, dimensions: o.dimensions });
        parts.opened = opened;
        parts.first_response = summary.first_response.filter(|s| !s.is_silent);
        parts.automated_response = summary.automated_response.filter(|s| !s.is_silent);
        parts.transferred = summary.transferred;
        if parts.is_ticket {
            parts.tell_ticket(summary);
        } else {
            parts.tell_chat(summary, opened, settings);
        }
        if summary.clocks.is_some() {
            parts.tell_targets(summary, idle_end_of(summary, settings));
        }
        parts
    }

    #[inline]
    fn none(is_ticket: bool) -> Self {
        Self {
            is_gone: false,
            is_ticket,
            opened: None,
            first_response: None,
            automated_response: None,
            escalated: None,
            transferred: None,
            solved: None,
            noted: None,
            first_solve: None,
            backlog: None,
            backlog_status: None,
            unanswered: None,
            awaiting_reply: None,
            past_target: None,
            accepted: None,
            abandoned: None,
            ended: None,
            chat_now: None,
            response_target: None,
            ending_target: None,
            response_business: None,
            resolution_business: None,
        }
    }

    fn tell_ticket(&mut self, summary: &Summary) {
        self.escalated = summary.escalated;
        self.solved = summary.solve.filter(|s| !s.is_silent);
        self.noted = self.solved.map(|solve| (solve.mark, Noted::of(summary)));
        self.first_solve = summary.first_solve().filter(|s| !s.is_silent).map(|solve| (solve.mark, solve.after));
        if summary.opened.is_none() || summary.is_solved {
            return;
        }
        let credited = summary.credited;
        self.backlog = Some(credited);
        self.backlog_status = Some((credited, summary.status.unwrap_or(Status::New)));
        self.unanswered = summary.clock_start.filter(|_| summary.first_response.is_none()).map(|since| (credited, since));
        self.awaiting_reply = summary.asked.map(|since| (credited, since));
        let deadline = summary.clocks.as_ref().and_then(|clocks| clocks.response?.deadline);
        self.past_target = self.unanswered.and(deadline).map(|deadline| (credited, deadline));
    }

    fn tell_chat(&mut self, summary: &Summary, started: Option<Mark>, settings: &EngineSettings) {
        self.accepted = summary.accepted.map(|mark| (mark, started.map(|s| mark.time - s.time)));
        let is_late = |mark: Mark| started.is_none_or(|s| mark.time - s.time >= settings.chat_abandon_min);
        self.abandoned = summary.abandoned.map(|mark| (mark, is_late(mark)));
        self.ended = summary.ended.map(|mark| (mark, summary.accepted.map(|accepted| mark.time - accepted.time)));
        if started.is_some() && summary.abandoned.is_none() && summary.ended.is_none() {
            let idle_end = summary.named.zip(settings.chat_idle_end).map(|(named, idle)| named + idle);
            self.chat_now = Some((summary.credited, summary.accepted.is_some(), idle_end));
        }
    }

    /// What became of the targets, and how long it took in business hours.
    fn tell_targets(&mut self, summary: &Summary, idle_end: Option<Span>) {
        self.response_target = summary.response_decision(idle_end);
        self.ending_target = if self.is_ticket { summary.resolution_decision() } else { summary.wait_decision(idle_end) };
        let Some(clocks) = &summary.clocks else { return };
        let replied = self.first_response.filter(|s| s.after >= Span(0));
        self.response_business = replied.zip(clocks.response).map(|(replied, clock)| (replied.mark, clock.took));
        let solved = self.solved.filter(|s| s.after.is_some_and(|after| after >= Span(0)));
        self.resolution_business = solved.zip(clocks.resolution).map(|(solve, clock)| (solve.mark, clock.took));
    }
}

impl Noted {
    fn of(summary: &Summary) -> Self {
        let without_response = summary.opened.is_some() && summary.first_response.is_none();
        Self {
            without_response,
            by_automation: without_response && summary.automated_response.is_some(),
            reopened: summary.was_reopened,
            escalated: summary.escalated.is_some(),
            transferred: summary.transferred.is_some(),
            at_first_contact: summary.replies == 1 && !summary.was_reopened,
        }
    }
}
