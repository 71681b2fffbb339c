//! What a ticket or chat contributes to the windows and to the state of now, given its summary.

use super::parts::{Noted, Parts};
use super::{Decision, Mark, Stamp, Summary};
use crate::engine::EngineSettings;
use crate::engine::aggregate::{DurationClasses, Value};
use crate::engine::fact::{Fact, Facts, Label, Measure};
use crate::time::{EventTime, Span};

/// The facts of a ticket or chat by itself; none when it is withdrawn.
pub(crate) fn facts(summary: &Summary, classes: &DurationClasses, settings: &EngineSettings) -> Facts {
    let (mut none, mut facts) = (Facts::new(), Facts::new());
    let seen = Seen::of(summary, settings);
    Exchange { before: None, after: there(&seen.parts), gone: &mut none, come: &mut facts, classes }.every_part();
    if !seen.parts.is_gone {
        listed(summary, 0..usize::MAX, 0..usize::MAX, &mut Writer { facts: &mut facts, classes });
    }
    facts
}

/// What is kept of a summary while an event is taken in that only adds to it.
#[derive(Debug)]
pub(crate) struct Seen {
    parts: Parts,
    next_responses: usize,
    reopens: usize,
}

impl Seen {
    /// What is to be seen of a summary now.
    pub(crate) fn of(summary: &Summary, settings: &EngineSettings) -> Self {
        let parts = Parts::of(summary, settings);
        Self { parts, next_responses: summary.next_responses.len(), reopens: summary.reopens.len() }
    }

    /// The facts that were only before, and those that are only now, where an event has changed marks and only added to the lists.
    pub(crate) fn exchange(
        &self,
        summary: &Summary,
        classes: &DurationClasses,
        settings: &EngineSettings,
        gone: &mut Facts,
        come: &mut Facts,
    ) {
        let now = Parts::of(summary, settings);
        let (was_there, is_there) = (!self.parts.is_gone, !now.is_gone);
        let (responses, reopens) = (self.next_responses, self.reopens);
        if was_there && !is_there {
            listed(summary, 0..responses, 0..reopens, &mut Writer { facts: gone, classes });
        } else if is_there {
            let known = if was_there { (responses, reopens) } else { (0, 0) };
            listed(summary, known.0..usize::MAX, known.1..usize::MAX, &mut Writer { facts: come, classes });
        }
        Exchange { before: there(&self.parts), after: there(&now), gone, come, classes }.every_part();
    }
}

fn there(parts: &Parts) -> Option<&Parts> {
    (!parts.is_gone).then_some(parts)
}

/// After how long without events something is over; tickets never are.
pub(crate) fn idle_end_of(summary: &Summary, settings: &EngineSettings) -> Option<Span> {
    settings.chat_idle_end.filter(|_| summary.is_chat)
}

/// The facts of a part of the lists.
fn listed(summary: &Summary, responses: std::ops::Range<usize>, reopens: std::ops::Range<usize>, out: &mut Writer<'_>) {
    let within = |range: std::ops::Range<usize>, length: usize| range.start.min(length)..range.end.min(length);
    let responses = &summary.next_responses[within(responses, summary.next_responses.len())];
    responses.iter().for_each(|stamp| out.stamp(Measure::NextResponse, *stamp));
    let reopens = &summary.reopens[within(reopens, summary.reopens.len())];
    reopens.iter().for_each(|mark| out.count(Measure::TicketsReopened, *mark));
}

/// Two states of a ticket or chat, and where the facts go that only one of them has.
struct Exchange<'a> {
    before: Option<&'a Parts>,
    after: Option<&'a Parts>,
    gone: &'a mut Facts,
    come: &'a mut Facts,
    classes: &'a DurationClasses,
}

impl Exchange<'_> {
    /// The facts of one part, where it differs.
    #[inline]
    fn part<P: PartialEq + Copy>(&mut self, of: impl Fn(&Parts) -> Option<P>, write: impl Fn(&mut Writer<'_>, P)) {
        let (before, after) = (self.before.and_then(&of), self.after.and_then(&of));
        if before != after {
            self.write(before, after, write);
        }
    }

    /// Apart, because an event changes few parts, and what compares them all should stay short.
    #[inline(never)]
    fn write<P>(&mut self, before: Option<P>, after: Option<P>, write: impl Fn(&mut Writer<'_>, P)) {
        if let Some(before) = before {
            write(&mut Writer { facts: self.gone, classes: self.classes }, before);
        }
        if let Some(after) = after {
            write(&mut Writer { facts: self.come, classes: self.classes }, after);
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
                out.facts.push(one.labelled(Label(status as u32)));
            },
        );
        self.part(
            |p| p.unanswered,
            |out, (dimensions, since)| {
                out.count(Measure::BacklogUnansweredTickets, now(dimensions));
                out.value(Measure::BacklogOldestUnanswered, now(dimensions), Value::Since(since));
            },
        );
        self.part(
            |p| p.awaiting_reply,
            |out, (dimensions, since)| {
                out.count(Measure::BacklogAwaitingReplyTickets, now(dimensions));
                out.value(Measure::BacklogOldestAwaitingReply, now(dimensions), Value::Since(since));
            },
        );
        // State that begins at the deadline.
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
                    // Idle ends lie ahead of now until they are reached; a further event takes them back.
                    let end = Mark { time, dimensions };
                    out.count(Measure::ChatsIdleEnded, end);
                    out.value(measure, end, Value::Count(-1));
                }
            },
        );
    }
}

struct Writer<'a> {
    facts: &'a mut Facts,
    classes: &'a DurationClasses,
}

impl Writer<'_> {
    fn value(&mut self, measure: Measure, mark: Mark, value: Value) {
        self.facts.push(Fact { measure, label: Label::default(), dimensions: mark.dimensions, time: mark.time, value });
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

    /// All of these are credited at the latest solve.
    fn noted(&mut self, mark: Mark, noted: Noted) {
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

    /// A duration below zero has no meaning (an end before its start, by faulty data): no sample.
    fn duration(&mut self, measure: Measure, mark: Mark, span: Option<Span>) {
        if let Some(span) = span.filter(|s| s.0 >= 0) {
            self.value(measure, mark, Value::Duration(span.0, self.classes.of(span.0)));
        }
    }
}
