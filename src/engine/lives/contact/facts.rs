//! The facts of one ticket or chat: its contribution to the windows and to the state of now, given its summary.
//!
//! A summary is split into parts, each with facts of its own, so that the facts of a part change only when the part changes.

use super::summary::{Mark, Solve, Stamp, Summary};
use super::targets::{Decision, resolution_decision, response_decision, wait_decision};
use crate::engine::terms::{Contribution, DimensionsId, DurationBins, EngineSettings, Fact, FactLabel, Facts, Measure};
use crate::event::Status;
use crate::time::{EventTime, Span};

/// The facts of a ticket or chat by itself; none if it is withdrawn.
pub(crate) fn facts(summary: &Summary, bins: &DurationBins, settings: &EngineSettings) -> Facts {
    let (mut none, mut facts) = (Facts::new(), Facts::new());
    let seen = Seen::of(summary, settings);
    Exchange { before: None, after: there(&seen.parts), gone: &mut none, come: &mut facts, bins }.every_part();
    if !seen.parts.is_gone {
        listed(summary, 0..usize::MAX, 0..usize::MAX, &mut Writer { facts: &mut facts, bins });
    }
    facts
}

/// The state of a summary before an event that only adds to it.
#[derive(Debug)]
pub(crate) struct Seen {
    parts: Parts,
    next_responses: usize,
    reopens: usize,
}

impl Seen {
    /// Records the present state of a summary.
    pub(crate) fn of(summary: &Summary, settings: &EngineSettings) -> Self {
        let parts = Parts::of(summary, settings);
        Self { parts, next_responses: summary.next_responses.len(), reopens: summary.reopens.len() }
    }

    /// Adds to `gone` the facts that held only before an event, and to `come` those that hold only now. The event must only have set marks and
    /// appended to the lists.
    pub(crate) fn exchange(&self, summary: &Summary, bins: &DurationBins, settings: &EngineSettings, gone: &mut Facts, come: &mut Facts) {
        let now = Parts::of(summary, settings);
        let (was_there, is_there) = (!self.parts.is_gone, !now.is_gone);
        let (responses, reopens) = (self.next_responses, self.reopens);
        if was_there && !is_there {
            listed(summary, 0..responses, 0..reopens, &mut Writer { facts: gone, bins });
        } else if is_there {
            let known = if was_there { (responses, reopens) } else { (0, 0) };
            listed(summary, known.0..usize::MAX, known.1..usize::MAX, &mut Writer { facts: come, bins });
        }
        Exchange { before: there(&self.parts), after: there(&now), gone, come, bins }.every_part();
    }
}

/// The parts, unless the ticket or chat is withdrawn.
fn there(parts: &Parts) -> Option<&Parts> {
    (!parts.is_gone).then_some(parts)
}

/// The time without events after which a chat counts as ended; `None` for tickets, which never end that way.
pub(crate) fn idle_end_of(summary: &Summary, settings: &EngineSettings) -> Option<Span> {
    settings.chat_idle_end.filter(|_| summary.is_chat)
}

/// Writes the facts of the given ranges of the lists.
fn listed(summary: &Summary, responses: std::ops::Range<usize>, reopens: std::ops::Range<usize>, out: &mut Writer<'_>) {
    let within = |range: std::ops::Range<usize>, length: usize| range.start.min(length)..range.end.min(length);
    let responses = &summary.next_responses[within(responses, summary.next_responses.len())];
    responses.iter().for_each(|stamp| out.stamp(Measure::NextResponse, *stamp));
    let reopens = &summary.reopens[within(reopens, summary.reopens.len())];
    reopens.iter().for_each(|mark| out.count(Measure::TicketsReopened, *mark));
}

/// Two states of a ticket or chat, and the lists for the facts that only one of them has.
struct Exchange<'a> {
    before: Option<&'a Parts>,
    after: Option<&'a Parts>,
    gone: &'a mut Facts,
    come: &'a mut Facts,
    bins: &'a DurationBins,
}

impl Exchange<'_> {
    /// Exchanges the facts of one part if the part differs.
    #[inline]
    fn part<P: PartialEq + Copy>(&mut self, of: impl Fn(&Parts) -> Option<P>, write: impl Fn(&mut Writer<'_>, P)) {
        let (before, after) = (self.before.and_then(&of), self.after.and_then(&of));
        if before != after {
            self.write(before, after, write);
        }
    }

    /// A separate function, because an event changes few parts and the code that compares all parts should stay short.
    #[inline(never)]
    fn write<P>(&mut self, before: Option<P>, after: Option<P>, write: impl Fn(&mut Writer<'_>, P)) {
        if let Some(before) = before {
            write(&mut Writer { facts: self.gone, bins: self.bins }, before);
        }
        if let Some(after) = after {
            write(&mut Writer { facts: self.come, bins: self.bins }, after);
        }
    }

    fn every_part(mut self) {
        let Some(is_ticket) = self.before.or(self.after).map(|parts| parts.is_ticket) else { return };
        self.part(|p| p.first_response, |out, stamp| out.stamp(Measure::FirstResponse, stamp));
        self.part(|p| p.automated_response, |out, stamp| out.stamp(Measure::AutomatedFirstResponse, stamp));
        self.part(
            |p| p.response_target,
            |out, decision| out.decision(Measure::FirstResponseDecided, Measure::FirstResponseWithin, decision),
        );
        self.part(|p| p.response_business, |out, (mark, took)| out.duration(Measure::FirstResponseBusiness, mark, took));
        if is_ticket {
            self.ticket_parts();
        } else {
            self.chat_parts();
        }
    }

    fn ticket_parts(&mut self) {
        self.part(|p| p.opened, |out, mark| out.count(Measure::TicketsCreated, mark));
        self.part(|p| p.first_response.map(|s| s.mark), |out, mark| out.count(Measure::TicketsFirstResponded, mark));
        self.part(|p| p.escalated, |out, mark| out.count(Measure::TicketsEscalated, mark));
        self.part(|p| p.transferred, |out, mark| out.count(Measure::TicketsTransferred, mark));
        self.part(
            |p| p.solved,
            |out, solve| {
                out.count(Measure::TicketsResolved, solve.mark);
                out.duration(Measure::Resolution, solve.mark, solve.after);
                out.duration(Measure::RequesterWait, solve.mark, solve.waited);
            },
        );
        self.part(|p| p.noted, |out, (mark, noted)| out.noted(mark, noted));
        self.part(|p| p.first_solve, |out, (mark, after)| out.duration(Measure::FirstResolution, mark, after));
        self.part(|p| p.ending_target, |out, decision| out.decision(Measure::ResolutionDecided, Measure::ResolutionWithin, decision));
        self.part(|p| p.resolution_business, |out, (mark, took)| out.duration(Measure::ResolutionBusiness, mark, took));
        let now = |dimensions| Mark { time: EventTime::MIN, dimensions };
        self.part(|p| p.backlog, |out, dimensions| out.count(Measure::BacklogTickets, now(dimensions)));
        self.part(
            |p| p.backlog_status,
            |out, (dimensions, status)| {
                let one = Fact::one(Measure::BacklogByStatus, EventTime::MIN, dimensions);
                out.facts.push(one.numbered(status as u32));
            },
        );
        self.part(
            |p| p.unanswered,
            |out, (dimensions, since)| {
                out.count(Measure::BacklogUnansweredTickets, now(dimensions));
                out.value(Measure::BacklogOldestUnanswered, now(dimensions), Contribution::Since(since));
            },
        );
        self.part(
            |p| p.awaiting_reply,
            |out, (dimensions, since)| {
                out.count(Measure::BacklogAwaitingReplyTickets, now(dimensions));
                out.value(Measure::BacklogOldestAwaitingReply, now(dimensions), Contribution::Since(since));
            },
        );
        // A state that begins at the deadline.
        self.part(|p| p.past_target, |out, (dimensions, time)| out.count(Measure::BacklogUnansweredPastTarget, Mark { time, dimensions }));
    }

    fn chat_parts(&mut self) {
        self.part(|p| p.opened, |out, mark| out.count(Measure::ChatsStarted, mark));
        self.part(|p| p.transferred, |out, mark| out.count(Measure::ChatsTransferred, mark));
        self.part(
            |p| p.accepted,
            |out, (mark, wait)| {
                out.count(Measure::ChatsAccepted, mark);
                out.duration(Measure::ChatWait, mark, wait);
            },
        );
        self.part(
            |p| p.abandoned,
            |out, (mark, is_late)| {
                out.count(Measure::ChatsAbandoned, mark);
                if is_late {
                    out.count(Measure::ChatsAbandonedLate, mark);
                }
            },
        );
        self.part(
            |p| p.ended,
            |out, (mark, took)| {
                out.count(Measure::ChatsEnded, mark);
                out.duration(Measure::ChatDuration, mark, took);
            },
        );
        self.part(|p| p.ending_target, |out, decision| out.decision(Measure::ChatWaitDecided, Measure::ChatWaitWithin, decision));
        self.part(
            |p| p.chat_now,
            |out, (dimensions, is_active, idle_end)| {
                let measure = if is_active { Measure::ChatsActive } else { Measure::ChatsWaiting };
                out.count(measure, Mark { time: EventTime::MIN, dimensions });
                if let Some(time) = idle_end {
                    // The end of an idle chat lies ahead of now until now reaches it; a further event withdraws it.
                    let end = Mark { time, dimensions };
                    out.count(Measure::ChatsIdleEnded, end);
                    out.value(measure, end, Contribution::Count(-1));
                }
            },
        );
    }
}

struct Writer<'a> {
    facts: &'a mut Facts,
    bins: &'a DurationBins,
}

impl Writer<'_> {
    fn value(&mut self, measure: Measure, mark: Mark, value: Contribution) {
        self.facts.push(Fact { measure, label: FactLabel::None, dimensions: mark.dimensions, time: mark.time, value });
    }

    fn count(&mut self, measure: Measure, mark: Mark) {
        self.facts.push(Fact::one(measure, mark.time, mark.dimensions));
    }

    fn stamp(&mut self, measure: Measure, stamp: Stamp) {
        if !stamp.is_silent {
            self.duration(measure, stamp.mark, Some(stamp.after));
        }
    }

    fn decision(&mut self, decided: Measure, within: Measure, decision: Decision) {
        self.count(decided, decision.mark());
        if let Decision::Met(mark) = decision {
            self.count(within, mark);
        }
    }

    /// Writes the counts that are credited at the latest solve.
    fn noted(&mut self, mark: Mark, noted: SolveNotes) {
        let measures = [
            (Measure::TicketsSolvedWithoutResponse, noted.without_response),
            (Measure::TicketsSolvedByAutomation, noted.by_automation),
            (Measure::TicketsResolvedReopened, noted.reopened),
            (Measure::TicketsResolvedEscalated, noted.escalated),
            (Measure::TicketsResolvedTransferred, noted.transferred),
            (Measure::FirstContactResolved, noted.at_first_contact),
        ];
        measures.iter().filter(|(_, holds)| *holds).for_each(|(measure, _)| self.count(*measure, mark));
    }

    /// Writes a duration. A duration below zero means nothing (faulty data put an end before its start) and makes no sample.
    fn duration(&mut self, measure: Measure, mark: Mark, span: Option<Span>) {
        if let Some(span) = span.filter(|s| s.0 >= 0) {
            self.value(measure, mark, Contribution::Duration(span.0, self.bins.of(span.0)));
        }
    }
}

/// The parts of a summary. Values known from a ticket snapshot alone are in no part that makes a sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    /// Whether it is withdrawn. A withdrawn ticket or chat has no facts, so all other fields are then empty.
    pub(super) is_gone: bool,
    pub(super) is_ticket: bool,
    pub(super) opened: Option<Mark>,
    pub(super) first_response: Option<Stamp>,
    pub(super) automated_response: Option<Stamp>,
    pub(super) escalated: Option<Mark>,
    pub(super) transferred: Option<Mark>,
    /// The latest solve.
    pub(super) solved: Option<Solve>,
    /// The properties of the ticket at its latest solve.
    pub(super) noted: Option<(Mark, SolveNotes)>,
    /// The first solve, with the time since the creation if that is known.
    pub(super) first_solve: Option<(Mark, Option<Span>)>,
    /// The dimensions that a ticket in the backlog counts for now.
    pub(super) backlog: Option<DimensionsId>,
    /// The status of a ticket in the backlog.
    pub(super) backlog_status: Option<(DimensionsId, Status)>,
    /// A ticket in the backlog without a first response, with the start of its clock.
    pub(super) unanswered: Option<(DimensionsId, EventTime)>,
    /// A ticket in the backlog whose customer awaits a further reply, with the time of the question.
    pub(super) awaiting_reply: Option<(DimensionsId, EventTime)>,
    /// An unanswered ticket, with the deadline from which it is past the first-response target.
    pub(super) past_target: Option<(DimensionsId, EventTime)>,
    /// The acceptance of a chat, with the customer's wait until then.
    pub(super) accepted: Option<(Mark, Option<Span>)>,
    /// The abandonment of a chat, with whether it came late enough to count.
    pub(super) abandoned: Option<(Mark, bool)>,
    /// The end of a chat, with the time since the acceptance.
    pub(super) ended: Option<(Mark, Option<Span>)>,
    /// A chat of now: its dimensions, whether it is active (else it waits), and the instant at which it will have ended by idleness.
    pub(super) chat_now: Option<(DimensionsId, bool, Option<EventTime>)>,
    /// The outcome of the first-response target.
    pub(super) response_target: Option<Decision>,
    /// The outcome of the resolution target of a ticket, or of the wait target of a chat.
    pub(super) ending_target: Option<Decision>,
    /// The first response, with the business time that it took.
    pub(super) response_business: Option<(Mark, Option<Span>)>,
    /// The latest solve, with the business time that it took.
    pub(super) resolution_business: Option<(Mark, Option<Span>)>,
}

/// The properties of a ticket that are counted at its latest solve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SolveNotes {
    /// Solved without a public human reply.
    pub(super) without_response: bool,
    /// Solved without a public human reply, but with an automated one.
    pub(super) by_automation: bool,
    pub(super) reopened: bool,
    pub(super) escalated: bool,
    pub(super) transferred: bool,
    /// Solved with a single public human reply, and never reopened.
    pub(super) at_first_contact: bool,
}

impl Parts {
    /// Splits a summary into its parts.
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
        self.noted = self.solved.map(|solve| (solve.mark, SolveNotes::of(summary)));
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

    /// Sets the outcomes of the targets and the business times.
    fn tell_targets(&mut self, summary: &Summary, idle_end: Option<Span>) {
        self.response_target = response_decision(summary, idle_end);
        self.ending_target = if self.is_ticket { resolution_decision(summary) } else { wait_decision(summary, idle_end) };
        let Some(clocks) = &summary.clocks else { return };
        let replied = self.first_response.filter(|s| s.after >= Span(0));
        self.response_business = replied.zip(clocks.response).map(|(replied, clock)| (replied.mark, clock.took));
        let solved = self.solved.filter(|s| s.after.is_some_and(|after| after >= Span(0)));
        self.resolution_business = solved.zip(clocks.resolution).map(|(solve, clock)| (solve.mark, clock.took));
    }
}

impl SolveNotes {
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
