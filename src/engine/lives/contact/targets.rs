//! The clocks of one ticket or chat against its targets: which event starts, stops, ends or pauses which clock.
//!
//! A miss is a fact of its deadline's time, which may lie ahead of now. So nothing here needs to know now, and a clock that still runs is in no count.

use super::clock::{Clock, Verdict};
use super::marks::Mark;
use super::summary::Summary;
use crate::engine::terms::{DimensionsId, EventOrder, Terms, TimedTarget, UndecidedReason};
use crate::event::{Key, Status};
use crate::time::EventTime;

/// Starts a clock, whose target and business hours are those of the dimensions it starts with; `known` is the event that gives it.
pub(super) fn start_clock(summary: &mut Summary, target: TimedTarget, start: EventTime, known: Mark, terms: &Terms) {
    let is_stopped = target == TimedTarget::ChatWait && summary.accepted.is_some();
    if is_stopped {
        return;
    }
    let rules = &terms.rules.targets;
    let is_paused = !summary.is_chat && rules.is_paused(target, summary.status.unwrap_or(Status::New));
    let clock_terms = rules.clock_terms(target, known.dimensions, &terms.names);
    let mut clock = clock_terms.map(|clock_terms| Clock::new(start, known, clock_terms, is_paused, rules));
    if clock.is_none() && summary.clocks.is_none() {
        return;
    }
    if let Some(clock) = clock.as_mut().filter(|_| target == TimedTarget::Resolution) {
        let is_silent = summary.opened.is_some_and(|opened| opened.is_silent);
        clock.begin_in(summary.is_solved, summary.is_gone() && is_silent, summary.was_solved_beneath);
        if summary.is_gone() && !is_silent {
            clock.set_withdrawn(Some(known));
        }
    } else if let Some(clock) = clock.as_mut() {
        // A clock that starts on a solved or withdrawn ticket is over at once.
        if summary.is_over() {
            clock.end(known, UndecidedReason::EndedWithoutReply);
        } else if summary.is_gone() {
            clock.end(known, UndecidedReason::Withdrawn);
        }
    }
    *summary.clocks.get_or_insert_default().of(target) = clock;
}

/// Decides the clocks whose deadlines lie before an instant.
pub(super) fn pass_deadlines(summary: &mut Summary, at: EventTime) {
    if let Some(clocks) = &mut summary.clocks {
        clocks.all().for_each(|(_, clock)| clock.pass(at));
    }
}

/// Notes after an event who holds the contact, and whether its status pauses the clocks.
pub(super) fn note_holder(summary: &mut Summary, mark: Mark, terms: &Terms) {
    let (is_chat, status) = (summary.is_chat, summary.status.unwrap_or(Status::New));
    let Some(clocks) = &mut summary.clocks else { return };
    let rules = &terms.rules.targets;
    for (target, clock) in clocks.all() {
        clock.note_holder(mark.dimensions);
        if !is_chat {
            clock.set_paused(rules.is_paused(target, status), mark.time, rules);
        }
    }
}

/// Notes whom a miss will be credited to: a customer's dimensions are those at the deadline, as far as they are known.
pub(super) fn inherit_at_deadlines(summary: &mut Summary, inherited: &impl Fn(Option<Key>, EventOrder) -> DimensionsId, terms: &mut Terms) {
    if !terms.rules.inherits_from_customer {
        return;
    }
    let (customer, own) = (summary.customer(), summary.dimensions);
    let Some(clocks) = &mut summary.clocks else { return };
    for (_, clock) in clocks.all() {
        if let Some(deadline) = clock.open_deadline() {
            let of_customer = inherited(customer, EventOrder::last_at(deadline));
            clock.note_holder(terms.names.overlay(of_customer, own));
        }
    }
}

/// The last deadline of a clock that may still be missed.
pub(crate) fn last_open_deadline(summary: &Summary) -> Option<EventTime> {
    let clocks = summary.clocks.as_ref()?;
    let all = [&clocks.response, &clocks.next_response, &clocks.resolution, &clocks.wait];
    all.into_iter().filter_map(|clock| clock.as_ref()?.open_deadline()).max()
}

/// Stops a clock: its target is met.
pub(super) fn stop_clock(summary: &mut Summary, target: TimedTarget, mark: Mark, terms: &Terms) {
    let Some(clocks) = &mut summary.clocks else { return };
    if let Some(clock) = clocks.of(target) {
        clock.stop(mark.time, &terms.rules.targets);
        clock.meet(mark);
    }
    if target == TimedTarget::NextResponse {
        close_wait(summary);
    }
}

/// Ends the clocks that only a reply or an acceptance could have stopped.
pub(super) fn end_clocks(summary: &mut Summary, mark: Mark, reason: UndecidedReason) {
    let Some(clocks) = &mut summary.clocks else { return };
    clocks.all().filter(|(target, _)| *target != TimedTarget::Resolution).for_each(|(_, clock)| clock.end(mark, reason));
    close_wait(summary);
}

/// Ends the first-response clock without a verdict, because an answer is known from elsewhere.
pub(super) fn void_response(summary: &mut Summary) {
    if let Some(clock) = summary.clocks.as_mut().and_then(|clocks| clocks.response.as_mut()) {
        clock.make_void();
    }
}

/// Notes a solve of the resolution clock; `is_counted` for one that an event told of.
pub(super) fn solve_clock(summary: &mut Summary, mark: Mark, is_counted: bool, terms: &Terms) {
    if let Some(clock) = resolution(summary) {
        clock.solve(mark);
        if is_counted {
            clock.stop(mark.time, &terms.rules.targets);
        }
    }
}

/// Notes that a ticket that only snapshots know was solved already when the first of them spoke of it.
pub(super) fn found_solved(summary: &mut Summary) {
    if let Some(clock) = resolution(summary) {
        clock.begin_in(true, false, false);
    }
}

/// Notes a reopening of the resolution clock; `is_counted` for one that an event told of.
pub(super) fn reopen_clock(summary: &mut Summary, is_counted: bool) {
    if let Some(clock) = resolution(summary) {
        clock.reopen(is_counted);
    }
}

/// Notes a withdrawal of the resolution clock, or that it was taken back.
pub(super) fn withdraw_clock(summary: &mut Summary, withdrawn: Option<Mark>) {
    if let Some(clock) = resolution(summary) {
        clock.set_withdrawn(withdrawn);
    }
}

/// The verdict of a clock; `idle_end` is the instant at which a chat ends by itself.
pub(crate) fn verdict_of(summary: &Summary, clock: &Clock, idle_end: Option<EventTime>) -> Option<Verdict> {
    let verdict = clock.verdict()?;
    let idle = idle_end.filter(|_| summary.over_at().is_none());
    match (verdict, idle) {
        (Verdict::Missed(mark), Some(idle)) if clock.is_open() && idle <= mark.time => {
            Some(Verdict::Undecided(Mark { time: idle, dimensions: summary.credited }, UndecidedReason::EndedWithoutReply))
        }
        _ => Some(verdict),
    }
}

/// What became of the first-response target.
pub(crate) fn response_verdict(summary: &Summary, idle_end: Option<EventTime>) -> Option<Verdict> {
    summary.clock_start?;
    let verdict = verdict_of(summary, summary.clocks.as_ref()?.response.as_ref()?, idle_end)?;
    let is_own = !matches!(verdict, Verdict::Missed(mark) if is_before_the_chats_end(summary, mark.time));
    is_own.then_some(verdict)
}

/// A ticket made from a chat that nobody answered: while the chat went on, its own clock was the one that counted.
pub(super) fn is_before_the_chats_end(summary: &Summary, deadline: EventTime) -> bool {
    summary.origin.and_then(|origin| origin.silent_since).is_some_and(|ended| deadline < ended)
}

fn resolution(summary: &mut Summary) -> Option<&mut Clock> {
    summary.clocks.as_mut()?.resolution.as_mut()
}

/// Moves the present wait for a further response to the earlier ones.
fn close_wait(summary: &mut Summary) {
    let Some(clocks) = &mut summary.clocks else { return };
    if let Some(verdict) = clocks.next_response.take().and_then(|clock| clock.verdict()) {
        clocks.next_verdicts.push(verdict);
    }
}
