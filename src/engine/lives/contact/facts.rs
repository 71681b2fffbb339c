//! The facts of one ticket or of one session of a chat: its contribution to the windows and to the state of now, given its summary.
//!
//! A summary is split into parts, each with facts of its own, so that the facts of a part change only when the part changes.

use std::ops::Range;

use super::clock::{Clock, Verdict};
use super::marks::{Mark, Solve, Stamp};
use super::summary::{Answered, Summary};
use super::targets::{is_before_the_chats_end, response_verdict, verdict_of};
use crate::engine::terms::{
    Contribution, DimensionsId, EngineSettings, Fact, FactLabel, Facts, Measure, Terms, TimedTarget, UndecidedReason, due_label,
    undecided_label, verdict_measures,
};
use crate::event::Status;
use crate::time::{EventTime, Span};

/// The facts of a ticket or chat by itself; if it is withdrawn, only the targets that it left undecided.
pub(crate) fn facts(summary: &Summary, terms: &Terms) -> Facts {
    let (mut none, mut facts) = (Facts::new(), Facts::new());
    let seen = Seen::of(summary, terms);
    Exchange { before: None, after: Some(&seen.parts), gone: &mut none, come: &mut facts, terms }.every_part();
    let out = &mut Writer { facts: &mut facts, terms };
    if !seen.parts.is_gone {
        listed(summary, 0..usize::MAX, 0..usize::MAX, out);
    }
    next_verdicts(summary, 0..usize::MAX, seen.parts.is_gone, out);
    facts
}

/// The parts of a summary and the lengths of its lists, recorded before an event. They are enough to find the facts that an event exchanges if it
/// only adds to the summary.
#[derive(Debug)]
pub(crate) struct Seen {
    parts: Parts,
    next_responses: usize,
    reopens: usize,
    next_verdicts: usize,
}

impl Seen {
    /// Records the present state of a summary.
    pub(crate) fn of(summary: &Summary, terms: &Terms) -> Self {
        Self {
            parts: Parts::of(summary, terms),
            next_responses: summary.next_responses.len(),
            reopens: summary.reopens.len(),
            next_verdicts: summary.clocks.as_ref().map_or(0, |clocks| clocks.next_verdicts.len()),
        }
    }

    /// Adds to `gone` the facts that held only before an event, and to `come` those that hold only now. The event must only have set marks and
    /// appended to the lists.
    pub(crate) fn exchange(&self, summary: &Summary, terms: &Terms, gone: &mut Facts, come: &mut Facts) {
        let now = Parts::of(summary, terms);
        let (was_there, is_there) = (!self.parts.is_gone, !now.is_gone);
        let (responses, reopens, verdicts) = (self.next_responses, self.reopens, self.next_verdicts);
        if was_there && !is_there {
            listed(summary, 0..responses, 0..reopens, &mut Writer { facts: gone, terms });
        } else if is_there {
            let known = if was_there { (responses, reopens) } else { (0, 0) };
            listed(summary, known.0..usize::MAX, known.1..usize::MAX, &mut Writer { facts: come, terms });
        }
        if was_there == is_there {
            next_verdicts(summary, verdicts..usize::MAX, !is_there, &mut Writer { facts: come, terms });
        } else {
            next_verdicts(summary, 0..verdicts, !was_there, &mut Writer { facts: gone, terms });
            next_verdicts(summary, 0..usize::MAX, !is_there, &mut Writer { facts: come, terms });
        }
        Exchange { before: Some(&self.parts), after: Some(&now), gone, come, terms }.every_part();
    }
}

/// The time without events after which a chat counts as ended; `None` for tickets, which never end that way.
pub(crate) fn idle_end_of(summary: &Summary, settings: &EngineSettings) -> Option<Span> {
    settings.chat_idle_end.filter(|_| summary.is_chat)
}

/// Writes the facts of the given ranges of the lists.
fn listed(summary: &Summary, responses: Range<usize>, reopens: Range<usize>, out: &mut Writer<'_>) {
    let responses = &summary.next_responses[within(responses, summary.next_responses.len())];
    responses.iter().for_each(|stamp| out.stamp(Measure::NextResponse, *stamp));
    let reopens = &summary.reopens[within(reopens, summary.reopens.len())];
    reopens.iter().for_each(|mark| out.count(Measure::TicketsReopened, *mark));
}

/// Writes the verdicts of a range of the earlier waits for a further response.
fn next_verdicts(summary: &Summary, range: Range<usize>, is_gone: bool, out: &mut Writer<'_>) {
    if let Some(clocks) = &summary.clocks {
        let verdicts = &clocks.next_verdicts[within(range, clocks.next_verdicts.len())];
        verdicts.iter().for_each(|verdict| out.verdict(TimedTarget::NextResponse, *verdict, is_gone));
    }
}

fn within(range: Range<usize>, length: usize) -> Range<usize> {
    range.start.min(length)..range.end.min(length)
}

/// Two states of a ticket or chat, and the lists for the facts that only one of them has.
struct Exchange<'a> {
    before: Option<&'a Parts>,
    after: Option<&'a Parts>,
    gone: &'a mut Facts,
    come: &'a mut Facts,
    terms: &'a Terms,
}

impl Exchange<'_> {
    /// Exchanges the facts of one part if the part differs; a withdrawn ticket or chat has none.
    #[inline]
    fn part<P: PartialEq + Copy>(&mut self, of: impl Fn(&Parts) -> Option<P>, write: impl Fn(&mut Writer<'_>, P)) {
        let there = |parts: Option<&Parts>| parts.filter(|parts| !parts.is_gone).and_then(&of);
        let (before, after) = (there(self.before), there(self.after));
        if before != after {
            self.write(before, after, write);
        }
    }

    /// Exchanges the facts of one target; a withdrawn ticket keeps those of a target that it left undecided.
    #[inline]
    fn target(&mut self, target: TimedTarget, of: impl Fn(&Parts) -> Option<Verdict>) {
        let verdict = |parts: Option<&Parts>| parts.and_then(|parts| Some((of(parts)?, parts.is_gone)));
        let (before, after) = (verdict(self.before), verdict(self.after));
        if before != after {
            self.write(before, after, |out, (verdict, is_gone)| out.verdict(target, verdict, is_gone));
        }
    }

    /// A separate function, because an event changes few parts and the code that compares all parts should stay short.
    #[inline(never)]
    fn write<P>(&mut self, before: Option<P>, after: Option<P>, write: impl Fn(&mut Writer<'_>, P)) {
        if let Some(before) = before {
            write(&mut Writer { facts: self.gone, terms: self.terms }, before);
        }
        if let Some(after) = after {
            write(&mut Writer { facts: self.come, terms: self.terms }, after);
        }
    }

    fn every_part(mut self) {
        let Some(is_ticket) = self.before.or(self.after).map(|parts| parts.is_ticket) else { return };
        self.part(|p| p.first_response, |out, stamp| out.stamp(Measure::FirstResponse, stamp));
        self.part(|p| p.automated_response, |out, stamp| out.stamp(Measure::AutomatedFirstResponse, stamp));
        self.part(|p| p.transferred.filter(|_| p.is_ticket), |out, mark| out.count(Measure::TicketsTransferred, mark));
        self.part(|p| p.handoff, |out, mark| out.count(Measure::Handoffs, mark));
        self.part(|p| p.later_handoff, |out, mark| out.value(Measure::Handoffs, mark, Contribution::Count(-1)));
        self.target(TimedTarget::FirstResponse, |p| p.response_target);
        self.target(TimedTarget::NextResponse, |p| p.next_target);
        self.part(|p| p.response_business, |out, (mark, took)| out.duration(Measure::FirstResponseBusiness, mark, took));
        if is_ticket {
            self.ticket_parts();
        } else {
            self.chat_parts();
        }
    }

    fn ticket_parts(&mut self) {
        self.part(|p| p.opened, |out, mark| out.count(Measure::TicketsCreated, mark));
        self.ages_of_wait();
        self.part(|p| p.first_response.map(|s| s.mark), |out, mark| out.count(Measure::TicketsFirstResponded, mark));
        self.part(|p| p.escalated, |out, mark| out.count(Measure::TicketsEscalated, mark));
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
        self.target(TimedTarget::Resolution, |p| p.ending_target);
        self.part(|p| p.resolution_business, |out, (mark, took)| out.duration(Measure::ResolutionBusiness, mark, took));
        let now = |dimensions| Mark { time: EventTime::MIN, dimensions };
        self.part(|p| p.backlog, |out, dimensions| out.count(Measure::BacklogTickets, now(dimensions)));
        self.part(|p| p.without_team, |out, dimensions| out.count(Measure::BacklogWithoutTeam, now(dimensions)));
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
        for (at, target) in [TimedTarget::FirstResponse, TimedTarget::NextResponse, TimedTarget::Resolution].into_iter().enumerate() {
            self.part(|p| p.due[at], |out, (dimensions, deadline)| out.due(target, dimensions, deadline));
        }
    }

    /// The age before the first one is the beginning of the wait, so that every wait comes to the first one.
    fn ages_of_wait(&mut self) {
        let terms = self.terms;
        let mut before = None;
        for (number, (_, age)) in (0..).zip(&terms.settings.wait_ages) {
            self.part(
                |p| p.wait.and_then(|wait| wait.at_age(before, *age)),
                |out, (mark, is_unanswered)| {
                    let came = Fact::one(Measure::FirstResponseWaits, mark.time, mark.dimensions).numbered(number);
                    out.facts.push(came);
                    out.facts.extend(is_unanswered.then_some(Fact { measure: Measure::FirstResponseWaitsUnanswered, ..came }));
                },
            );
            before = Some(*age);
        }
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
        self.part(|p| p.idle_ended, |out, mark| out.count(Measure::ChatsIdleEnded, mark));
        self.target(TimedTarget::ChatWait, |p| p.ending_target);
        self.part(
            |p| p.chat_now,
            |out, (dimensions, is_active, idle_end)| {
                let measure = if is_active { Measure::ChatsActive } else { Measure::ChatsWaiting };
                out.count(measure, Mark { time: EventTime::MIN, dimensions });
                if let Some(time) = idle_end {
                    // The end of an idle chat lies ahead of now until now reaches it; an event before it withdraws it.
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
    terms: &'a Terms,
}

impl Writer<'_> {
    fn value(&mut self, measure: Measure, mark: Mark, value: Contribution) {
        self.facts.push(Fact { measure, label: FactLabel::None, dimensions: mark.dimensions, time: mark.time, value });
    }

    fn count(&mut self, measure: Measure, mark: Mark) {
        self.facts.push(Fact::one(measure, mark.time, mark.dimensions));
    }

    fn stamp(&mut self, measure: Measure, stamp: Stamp) {
        self.duration(measure, stamp.mark, Some(stamp.after));
    }

    fn verdict(&mut self, target: TimedTarget, verdict: Verdict, is_gone: bool) {
        let (within, decided) = verdict_measures(target);
        match verdict {
            Verdict::Undecided(mark, reason) => self.undecided(target, mark, reason),
            Verdict::Met(_) | Verdict::MetThenReopened(_) | Verdict::Missed(_) if is_gone => {}
            Verdict::Missed(mark) => self.count(decided, mark),
            Verdict::Met(mark) | Verdict::MetThenReopened(mark) => {
                self.count(decided, mark);
                self.count(within, mark);
                if matches!(verdict, Verdict::MetThenReopened(_)) {
                    self.count(Measure::ResolutionWithinReopened, mark);
                }
            }
        }
    }

    fn undecided(&mut self, target: TimedTarget, mark: Mark, reason: UndecidedReason) {
        let one = Fact::one(Measure::TargetUndecided, mark.time, mark.dimensions);
        self.facts.push(one.numbered(undecided_label(target, reason).0));
    }

    /// Writes the state of a clock that falls due: within each configured time before the deadline it is due soon, from the deadline on it is past it.
    fn due(&mut self, target: TimedTarget, dimensions: DimensionsId, deadline: EventTime) {
        let at = |time| Mark { time, dimensions };
        if target == TimedTarget::FirstResponse {
            self.count(Measure::BacklogUnansweredPastTarget, at(deadline));
        }
        self.facts.push(Fact::one(Measure::BacklogPastTarget, deadline, dimensions).numbered(target as u32));
        let horizons = self.terms.settings.targets.due_within.iter().enumerate();
        for (number, (_, within)) in horizons {
            let soon = Fact::one(Measure::BacklogDue, deadline - *within, dimensions).numbered(due_label(target, number).0);
            self.facts.push(soon);
            self.facts.push(Fact { time: deadline, value: Contribution::Count(-1), ..soon });
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
            self.value(measure, mark, Contribution::Duration(span.0, self.terms.bins.of(span.0)));
        }
    }
}

/// The parts of a summary. Values known from a ticket snapshot alone are in no part that makes a sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    /// Whether it is withdrawn. Only targets that it left undecided then have facts.
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
    /// A ticket's wait for its first response.
    pub(super) wait: Option<Wait>,
    /// A ticket in the backlog without a team.
    pub(super) without_team: Option<DimensionsId>,
    /// An open ticket whose first-response, next-response or resolution clock falls due, with the deadline.
    pub(super) due: [Option<(DimensionsId, EventTime)>; 3],
    /// The first hand-off from a bot to people.
    pub(super) handoff: Option<Mark>,
    /// The hand-off of the chat that a ticket was made from, if the ticket's own came before it: of the two one counts.
    pub(super) later_handoff: Option<Mark>,
    /// The acceptance of a chat, with the customer's wait until then.
    pub(super) accepted: Option<(Mark, Option<Span>)>,
    /// The abandonment of a chat, with whether the customer had waited long enough for it to count in the abandonment rate.
    pub(super) abandoned: Option<(Mark, bool)>,
    /// The end of a chat, with the time since the acceptance.
    pub(super) ended: Option<(Mark, Option<Span>)>,
    /// The end of a chat by idleness, if an event came after it.
    pub(super) idle_ended: Option<Mark>,
    /// A chat of now: its dimensions, whether it is active (else it waits), and the instant at which it will have ended by idleness.
    pub(super) chat_now: Option<(DimensionsId, bool, Option<EventTime>)>,
    /// The outcome of the first-response target.
    pub(super) response_target: Option<Verdict>,
    /// The outcome of the target of the present wait for a further response.
    pub(super) next_target: Option<Verdict>,
    /// The outcome of the resolution target of a ticket, or of the wait target of a chat.
    pub(super) ending_target: Option<Verdict>,
    /// The first response, with the business time that it took.
    pub(super) response_business: Option<(Mark, Option<Span>)>,
    /// The latest solve, with the business time that it took.
    pub(super) resolution_business: Option<(Mark, Option<Span>)>,
}

/// The wait for the first response of a ticket. A solve without one ends it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    since: EventTime,
    /// `None` while it goes on.
    until: Option<EventTime>,
    /// Those of its end, and while it goes on those of the ticket now.
    dimensions: DimensionsId,
}

impl Wait {
    /// When it comes to an age, with whether it goes on then; `None` if it ended by the age `before`. Rounded up to a whole minute, so that the facts ahead of
    /// now stay few, however many tickets come.
    fn at_age(self, before: Option<Span>, age: Span) -> Option<(Mark, bool)> {
        let goes_on = |at: Span| self.until.is_none_or(|until| until - self.since > at);
        let minute = Span::minutes(1);
        let time = EventTime((self.since + age + Span(minute.0 - 1)).slice(minute) * minute.0);
        before.is_none_or(goes_on).then(|| (Mark { time, dimensions: self.dimensions }, goes_on(age)))
    }
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
    pub(crate) fn of(summary: &Summary, terms: &Terms) -> Self {
        let mut parts = Self::none(!summary.is_chat);
        parts.is_gone = summary.is_gone();
        if summary.clocks.is_some() {
            parts.set_targets(summary, terms);
        }
        if parts.is_gone {
            return parts;
        }
        parts.opened = summary.opened.filter(|o| !o.is_silent).map(|o| Mark { time: o.time, dimensions: o.dimensions });
        parts.first_response = summary.first_response;
        parts.automated_response = summary.automated_response;
        parts.transferred = summary.transferred;
        parts.set_handoffs(summary);
        if parts.is_ticket {
            parts.set_ticket(summary, terms);
        } else {
            parts.set_chat(summary, terms);
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
            wait: None,
            without_team: None,
            due: [None; 3],
            handoff: None,
            later_handoff: None,
            accepted: None,
            abandoned: None,
            ended: None,
            idle_ended: None,
            chat_now: None,
            response_target: None,
            next_target: None,
            ending_target: None,
            response_business: None,
            resolution_business: None,
        }
    }

    /// Of a chat and the ticket made from it the first hand-off counts.
    fn set_handoffs(&mut self, summary: &Summary) {
        let of_chat = summary.origin.and_then(|origin| origin.handoff);
        let is_first = |handoff: &Mark| of_chat.is_none_or(|of_chat| handoff.time < of_chat.time);
        self.handoff = summary.handoff.filter(is_first);
        self.later_handoff = of_chat.filter(|_| self.handoff.is_some());
    }

    fn set_ticket(&mut self, summary: &Summary, terms: &Terms) {
        self.escalated = summary.escalated;
        self.solved = summary.solve;
        self.noted = self.solved.map(|solve| (solve.mark, SolveNotes::of(summary)));
        self.first_solve = summary.first_solve().filter(|_| !summary.was_solved_unseen).map(|solve| (solve.mark, solve.after));
        self.wait = self.ended_wait(summary);
        if summary.opened.is_none() || summary.is_solved {
            return;
        }
        let credited = summary.credited;
        self.backlog = Some(credited);
        self.backlog_status = Some((credited, summary.status.unwrap_or(Status::New)));
        self.unanswered = summary.clock_start.filter(|_| summary.is_unanswered()).map(|since| (credited, since));
        self.wait = self.unanswered.map(|(dimensions, since)| Wait { since, until: None, dimensions }).or(self.wait);
        self.awaiting_reply = summary.asked.map(|since| (credited, since));
        let team = terms.settings.team_dimension;
        self.without_team = team.filter(|team| !terms.names.value(summary.dimensions, *team).is_known()).map(|_| credited);
    }

    /// The wait that a first response has ended, or a solve without one. One that ended before it began means nothing.
    fn ended_wait(&self, summary: &Summary) -> Option<Wait> {
        let (since, end) = match summary.first_response {
            Some(response) => (response.mark.time - response.after, response.mark),
            None => (summary.clock_start?, summary.solve.filter(|_| summary.is_solved && summary.answered == Answered::No)?.mark),
        };
        (end.time >= since).then_some(Wait { since, until: Some(end.time), dimensions: end.dimensions })
    }

    fn set_chat(&mut self, summary: &Summary, terms: &Terms) {
        let settings = &terms.settings;
        let start = summary.clock_start.filter(|_| summary.opened.is_some());
        let wait = |mark: Mark| start.map(|start| mark.time - start);
        self.accepted = summary.accepted.map(|mark| (mark, wait(mark)));
        self.abandoned = summary.abandoned.map(|mark| (mark, !summary.was_abandoned_soon));
        self.ended = summary.ended.map(|mark| (mark, summary.accepted.map(|accepted| mark.time - accepted.time)));
        self.idle_ended = summary.idle_ended;
        if summary.opened.is_some() && summary.over_at().is_none() {
            self.chat_now = Some((summary.credited, summary.accepted.is_some(), summary.idle_end(settings)));
        }
    }

    /// Sets the outcomes of the targets and the business times.
    fn set_targets(&mut self, summary: &Summary, terms: &Terms) {
        let Some(clocks) = &summary.clocks else { return };
        let idle_end = summary.idle_end(&terms.settings);
        let verdict = |clock: &Option<Clock>| clock.as_ref().and_then(|clock| verdict_of(summary, clock, idle_end));
        self.response_target = response_verdict(summary, idle_end);
        self.next_target = verdict(&clocks.next_response);
        self.ending_target = verdict(if self.is_ticket { &clocks.resolution } else { &clocks.wait });
        let replied = summary.first_response.filter(|s| s.after >= Span(0));
        self.response_business = replied.zip(clocks.response).map(|(replied, clock)| (replied.mark, clock.took));
        let solved = summary.solve.filter(|s| s.after.is_some_and(|after| after >= Span(0)));
        self.resolution_business = solved.zip(clocks.resolution).map(|(solve, clock)| (solve.mark, clock.took));
        if self.is_ticket && summary.is_open() {
            let due = |clock: &Option<Clock>| Some((summary.credited, clock.as_ref()?.falls_due()?));
            let is_own = |deadline: EventTime| summary.is_unanswered() && !is_before_the_chats_end(summary, deadline);
            self.due =
                [due(&clocks.response).filter(|(_, deadline)| is_own(*deadline)), due(&clocks.next_response), due(&clocks.resolution)];
        }
    }
}

impl SolveNotes {
    fn of(summary: &Summary) -> Self {
        let is_known = summary.opened.is_some_and(|opened| !opened.is_silent) || summary.clock_start.is_some();
        let without_response = is_known && summary.answered == Answered::No;
        Self {
            without_response,
            by_automation: without_response && summary.automated_response.is_some(),
            reopened: summary.was_reopened,
            escalated: summary.escalated.is_some(),
            transferred: summary.transferred.is_some(),
            at_first_contact: summary.replies == 1 && !summary.was_reopened && !summary.has_gaps,
        }
    }
}
