//! What a ticket or chat contributes to the windows and to the state of now, given its summary.

use super::{Clocks, Decision, Mark, Solve, Stamp, Summary};
use crate::engine::EngineSettings;
use crate::engine::aggregate::{DurationClasses, Value};
use crate::engine::fact::{Fact, Facts, Label, Measure};
use crate::event::{Contact, Status};
use crate::time::{EventTime, Span};

/// The facts of a ticket or chat by itself; none when it is withdrawn.
pub(crate) fn facts(contact: Contact, summary: &Summary, classes: &DurationClasses, settings: &EngineSettings) -> Facts {
    let mut facts = Facts::new();
    if summary.is_gone {
        return facts;
    }
    let mut out = Writer { facts: &mut facts, classes };
    // What only grows comes first, so that two lists of facts share a long start and their difference is found at once.
    summary.next_responses.iter().for_each(|stamp| out.stamp(Measure::NextResponse, Some(*stamp)));
    summary.reopens.iter().for_each(|mark| out.count(Measure::TicketsReopened, *mark));
    match contact {
        Contact::Ticket(_) => ticket_facts(summary, &mut out),
        Contact::Chat(_) => chat_facts(summary, settings, &mut out),
    }
    out.stamp(Measure::FirstResponse, summary.first_response);
    target_facts(contact, summary, settings, &mut out);
    out.stamp(Measure::AutomatedFirstResponse, summary.automated_response);
    facts
}

/// After how long without events something is over; tickets never are.
pub(crate) fn idle_end_of(contact: Contact, settings: &EngineSettings) -> Option<Span> {
    settings.chat_idle_end.filter(|_| matches!(contact, Contact::Chat(_)))
}

/// What became of the targets, and how long it took in business hours.
fn target_facts(contact: Contact, summary: &Summary, settings: &EngineSettings, out: &mut Writer<'_>) {
    let Some(clocks) = &summary.clocks else { return };
    let Clocks { response, resolution, .. } = **clocks;
    let idle_end = idle_end_of(contact, settings);
    out.decision(Measure::FirstResponseDecided, Measure::FirstResponseWithin, summary.response_decision(idle_end));
    let replied = summary.first_response.filter(|s| !s.is_silent && s.after >= Span(0));
    if let (Some(replied), Some(clock)) = (replied, response) {
        out.duration(Measure::FirstResponseBusiness, replied.mark, clock.took);
    }
    if let Contact::Chat(_) = contact {
        out.decision(Measure::ChatWaitDecided, Measure::ChatWaitWithin, summary.wait_decision(idle_end));
        return;
    }
    out.decision(Measure::ResolutionDecided, Measure::ResolutionWithin, summary.resolution_decision());
    let solved = summary.solve.filter(|s| !s.is_silent && s.after.is_some_and(|after| after >= Span(0)));
    if let (Some(solve), Some(clock)) = (solved, resolution) {
        out.duration(Measure::ResolutionBusiness, solve.mark, clock.took);
    }
}

fn ticket_facts(summary: &Summary, out: &mut Writer<'_>) {
    if let Some(opened) = summary.opened.filter(|o| !o.is_silent) {
        out.count(Measure::TicketsCreated, Mark { time: opened.time, dimensions: opened.dimensions });
    }
    if let Some(first) = summary.first_response.filter(|s| !s.is_silent) {
        out.count(Measure::TicketsFirstResponded, first.mark);
    }
    out.marked(Measure::TicketsEscalated, summary.escalated);
    out.marked(Measure::TicketsTransferred, summary.transferred);
    if let Some(solve) = summary.solve.filter(|s| !s.is_silent) {
        solve_facts(summary, solve, out);
    }
    if let Some(first) = summary.first_solve.filter(|s| !s.is_silent) {
        out.duration(Measure::FirstResolution, first.mark, first.after);
    }
    backlog_facts(summary, out);
}

/// All of these are credited at the latest solve.
fn solve_facts(summary: &Summary, solve: Solve, out: &mut Writer<'_>) {
    out.count(Measure::TicketsResolved, solve.mark);
    out.duration(Measure::Resolution, solve.mark, solve.after);
    out.duration(Measure::RequesterWait, solve.mark, solve.waited);
    let unanswered = summary.opened.is_some() && summary.first_response.is_none();
    let noted = [
        (Measure::TicketsSolvedWithoutResponse, unanswered),
        (Measure::TicketsSolvedByAutomation, unanswered && summary.automated_response.is_some()),
        (Measure::TicketsResolvedReopened, summary.was_reopened),
        (Measure::TicketsResolvedEscalated, summary.escalated.is_some()),
        (Measure::TicketsResolvedTransferred, summary.transferred.is_some()),
        (Measure::FirstContactResolved, summary.replies == 1 && !summary.was_reopened),
    ];
    noted.iter().filter(|(_, holds)| *holds).for_each(|(measure, _)| out.count(*measure, solve.mark));
}

fn backlog_facts(summary: &Summary, out: &mut Writer<'_>) {
    if summary.opened.is_none() || summary.is_solved {
        return;
    }
    let now = Mark { time: EventTime::MIN, dimensions: summary.credited };
    let unanswered = summary.clock_start.filter(|_| summary.first_response.is_none());
    out.count(Measure::BacklogTickets, now);
    let status = summary.status.unwrap_or(Status::New);
    out.facts.push(Fact::one(Measure::BacklogByStatus, now.time, now.dimensions).labelled(Label(status as u32)));
    for (count, oldest, since) in [
        (Measure::BacklogUnansweredTickets, Measure::BacklogOldestUnanswered, unanswered),
        (Measure::BacklogAwaitingReplyTickets, Measure::BacklogOldestAwaitingReply, summary.asked),
    ] {
        if let Some(since) = since {
            out.count(count, now);
            out.value(oldest, now, Value::Since(since));
        }
    }
    // State that begins at the deadline.
    let deadline = summary.clocks.as_ref().and_then(|clocks| clocks.response?.deadline);
    if let (Some(_), Some(time)) = (unanswered, deadline) {
        out.count(Measure::BacklogUnansweredPastTarget, Mark { time, ..now });
    }
}

fn chat_facts(summary: &Summary, settings: &EngineSettings, out: &mut Writer<'_>) {
    let started = summary.opened.filter(|o| !o.is_silent);
    if let Some(started) = started {
        out.count(Measure::ChatsStarted, Mark { time: started.time, dimensions: started.dimensions });
    }
    out.marked(Measure::ChatsAccepted, summary.accepted);
    out.marked(Measure::ChatsAbandoned, summary.abandoned);
    out.marked(Measure::ChatsEnded, summary.ended);
    out.marked(Measure::ChatsTransferred, summary.transferred);
    let late = summary.abandoned.filter(|mark| started.is_none_or(|s| mark.time - s.time >= settings.chat_abandon_min));
    out.marked(Measure::ChatsAbandonedLate, late);
    if let Some(accepted) = summary.accepted {
        out.duration(Measure::ChatWait, accepted, started.map(|s| accepted.time - s.time));
        if let Some(ended) = summary.ended {
            out.duration(Measure::ChatDuration, ended, Some(ended.time - accepted.time));
        }
    }
    if started.is_some() && summary.abandoned.is_none() && summary.ended.is_none() {
        let measure = if summary.accepted.is_some() { Measure::ChatsActive } else { Measure::ChatsWaiting };
        out.count(measure, Mark { time: EventTime::MIN, dimensions: summary.credited });
        if let (Some(idle), Some(named)) = (settings.chat_idle_end, summary.named) {
            // Idle ends lie ahead of now until they are reached; a further event takes them back.
            let end = Mark { time: named + idle, dimensions: summary.credited };
            out.count(Measure::ChatsIdleEnded, end);
            out.value(measure, end, Value::Count(-1));
        }
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

    fn marked(&mut self, measure: Measure, mark: Option<Mark>) {
        if let Some(mark) = mark {
            self.count(measure, mark);
        }
    }

    fn stamp(&mut self, measure: Measure, stamp: Option<Stamp>) {
        if let Some(stamp) = stamp.filter(|s| !s.is_silent) {
            self.duration(measure, stamp.mark, Some(stamp.after));
        }
    }

    fn decision(&mut self, decided: Measure, within: Measure, decision: Option<Decision>) {
        let Some(decision) = decision else { return };
        self.count(decided, decision.mark());
        if let Decision::Met(mark) = decision {
            self.count(within, mark);
        }
    }

    /// A duration below zero has no meaning (an end before its start, by faulty data): no sample.
    fn duration(&mut self, measure: Measure, mark: Mark, span: Option<Span>) {
        if let Some(span) = span.filter(|s| s.0 >= 0) {
            self.value(measure, mark, Value::Duration(span.0, self.classes.of(span.0)));
        }
    }
}
