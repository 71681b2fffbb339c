//! Clocks and their targets: when the first response, the resolution and the chat wait are due, and whether each target was met.
//!
//! A miss is decided at its deadline and not at the late reply. It is a fact at the time of the deadline, which may lie ahead of now. So this module
//! need not know now, and a clock that still runs counts neither as met nor as missed.

use super::summary::{Clock, Clocks, Mark, Summary};
use crate::engine::terms::{Terms, TimedTarget};
use crate::time::{EventTime, Span};

/// The outcome of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Met, at the reply, solve or acceptance.
    Met(Mark),
    /// Missed, at the deadline.
    Missed(Mark),
}

impl Decision {
    /// When the outcome was decided, and the dimensions that it is credited to.
    pub(crate) const fn mark(self) -> Mark {
        match self {
            Self::Met(mark) | Self::Missed(mark) => mark,
        }
    }
}

/// Starts a clock with the target and the business hours that apply to its first dimensions. `known` is the event from which the start is known.
pub(super) fn start_clock(summary: &mut Summary, target: TimedTarget, start: EventTime, known: Mark, terms: &Terms) {
    let clock = terms.rules.targets.clock_terms(target, start, known.dimensions, &terms.names).map(|clock_terms| Clock {
        start,
        known_from: Some(known.time).filter(|time| *time != start),
        deadline: clock_terms.deadline,
        schedule: clock_terms.schedule,
        holder: known.dimensions,
        ran: true,
        took: None,
    });
    if clock.is_some() || summary.clocks.is_some() {
        *summary.clocks.get_or_insert_default().of(target) = clock;
    }
}

/// Notes the business time from the clock's start to `at`.
pub(super) fn stop_clock(summary: &mut Summary, target: TimedTarget, at: EventTime, terms: &Terms) {
    if let Some(clock) = summary.clocks.as_mut().and_then(|clocks| clocks.of(target).as_mut()) {
        clock.took = clock.schedule.map(|schedule| terms.rules.targets.business_time(schedule, clock.start, at));
    }
}

/// After an event, notes the dimensions that a miss would be credited to and which clocks run, for clocks whose deadlines have not passed.
pub(super) fn note_holder(summary: &mut Summary, mark: Mark) {
    let (is_over, is_accepted) = (summary.is_over(), summary.accepted.is_some());
    let Some(clocks) = &mut summary.clocks else { return };
    let Clocks { response, resolution, wait } = clocks;
    for (clock, runs) in [(response, !is_over), (resolution, true), (wait, !is_over && !is_accepted)] {
        if let Some(clock) = clock.as_mut().filter(|c| c.deadline.is_some_and(|deadline| mark.time <= deadline)) {
            (clock.holder, clock.ran) = (mark.dimensions, runs);
        }
    }
}

/// Notes that a snapshot reports the ticket as ended at an instant. A clock that had not run out by then has not missed its target.
pub(super) fn note_end(summary: &mut Summary, at: EventTime) {
    let Some(clocks) = &mut summary.clocks else { return };
    if let Some(clock) = clocks.response.as_mut().filter(|c| c.deadline.is_some_and(|deadline| at <= deadline)) {
        clock.ran = false;
    }
}

/// The outcome of the first-response target. It is not decided if the contact was solved, abandoned or (a chat) idle before the deadline without a
/// response.
pub(crate) fn response_decision(summary: &Summary, idle_end: Option<Span>) -> Option<Decision> {
    let clock = summary.clocks.as_ref()?.response?;
    match summary.first_response {
        Some(response) if response.is_silent || response.after < Span(0) => None,
        Some(response) => clock.stopped(response.mark),
        None => ran_out(summary, clock, idle_end),
    }
}

/// The outcome of the resolution target. If a ticket is reopened its clock runs again, counted from the creation.
pub(crate) fn resolution_decision(summary: &Summary) -> Option<Decision> {
    let clock = summary.clocks.as_ref()?.resolution?;
    if !summary.is_solved {
        return clock.missed();
    }
    let solve = summary.solve.filter(|s| !s.is_silent && s.after.is_some_and(|after| after >= Span(0)))?;
    clock.stopped(solve.mark)
}

/// The outcome of the chat wait target. It is not decided if the chat was abandoned, ended or idle before the deadline.
pub(crate) fn wait_decision(summary: &Summary, idle_end: Option<Span>) -> Option<Decision> {
    let clock = summary.clocks.as_ref()?.wait?;
    match summary.accepted {
        Some(accepted) if accepted.time < clock.start => None,
        Some(accepted) => clock.stopped(accepted),
        None => ran_out(summary, clock, idle_end),
    }
}

/// The outcome of a clock that nothing has stopped: missed, unless the ticket or chat was over before the deadline.
fn ran_out(summary: &Summary, clock: Clock, idle_end: Option<Span>) -> Option<Decision> {
    let idle = summary.named.zip(idle_end).map(|(named, after)| named + after);
    let was_over = if summary.is_over() { !clock.ran } else { idle.zip(clock.deadline).is_some_and(|(end, deadline)| end <= deadline) };
    if was_over { None } else { clock.missed() }
}

impl Clock {
    /// A miss, unless there is no deadline or it lies before the event from which the clock is known.
    fn missed(&self) -> Option<Decision> {
        self.deadline
            .filter(|deadline| *deadline >= self.known_from.unwrap_or(self.start))
            .map(|time| Decision::Missed(Mark { time, dimensions: self.holder }))
    }

    /// Met if the clock stopped at or before the deadline, else missed.
    fn stopped(&self, at: Mark) -> Option<Decision> {
        if at.time <= self.deadline? { Some(Decision::Met(at)) } else { self.missed() }
    }
}

impl Clocks {
    fn of(&mut self, target: TimedTarget) -> &mut Option<Clock> {
        match target {
            TimedTarget::FirstResponse => &mut self.response,
            TimedTarget::Resolution => &mut self.resolution,
            TimedTarget::ChatWait => &mut self.wait,
        }
    }
}
