//! Clocks against targets: when first response, resolution and chat wait run out, and whether each was met.
//!
//! A miss is decided at its deadline, not at the late reply: it is a fact of the deadline's time, which may lie ahead of now. So nothing here
//! needs to know now, and a clock that still runs is in neither count.

use super::summary::{Clock, Clocks, Mark, Summary};
use crate::engine::terms::{Terms, TimedTarget};
use crate::time::{EventTime, Span};

/// What became of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Met, at the reply, solve or acceptance.
    Met(Mark),
    /// Missed, at the deadline.
    Missed(Mark),
}

impl Decision {
    /// When it was decided, and for whom.
    pub(crate) const fn mark(self) -> Mark {
        match self {
            Self::Met(mark) | Self::Missed(mark) => mark,
        }
    }
}

/// Starts a clock, whose target and schedule are those of the dimensions it starts with; `known` is the event that tells of it.
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

/// Notes the business time that a clock took.
pub(super) fn stop_clock(summary: &mut Summary, target: TimedTarget, at: EventTime, terms: &Terms) {
    if let Some(clock) = summary.clocks.as_mut().and_then(|clocks| clocks.of(target).as_mut()) {
        clock.took = clock.schedule.map(|schedule| terms.rules.targets.business_time(schedule, clock.start, at));
    }
}

/// Notes after each event who holds the contact and which clocks run, as long as their deadlines have not passed.
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

/// Notes that the ticket is said to have ended at an instant: what had not run out by then has not missed its target.
pub(super) fn note_end(summary: &mut Summary, at: EventTime) {
    let Some(clocks) = &mut summary.clocks else { return };
    if let Some(clock) = clocks.response.as_mut().filter(|c| c.deadline.is_some_and(|deadline| at <= deadline)) {
        clock.ran = false;
    }
}

/// What became of the first-response target. Solved, left or (a chat) idle without a response before the deadline: not decided.
pub(crate) fn response_decision(summary: &Summary, idle_end: Option<Span>) -> Option<Decision> {
    let clock = summary.clocks.as_ref()?.response?;
    match summary.first_response {
        Some(response) if response.is_silent || response.after < Span(0) => None,
        Some(response) => clock.stopped(response.mark),
        None => ran_out(summary, clock, idle_end),
    }
}

/// What became of the resolution target; a reopened ticket runs again, from its creation.
pub(crate) fn resolution_decision(summary: &Summary) -> Option<Decision> {
    let clock = summary.clocks.as_ref()?.resolution?;
    if !summary.is_solved {
        return clock.missed();
    }
    let solve = summary.solve.filter(|s| !s.is_silent && s.after.is_some_and(|after| after >= Span(0)))?;
    clock.stopped(solve.mark)
}

/// What became of the chat wait target. Abandoned, ended or idle before the deadline: not decided.
pub(crate) fn wait_decision(summary: &Summary, idle_end: Option<Span>) -> Option<Decision> {
    let clock = summary.clocks.as_ref()?.wait?;
    match summary.accepted {
        Some(accepted) if accepted.time < clock.start => None,
        Some(accepted) => clock.stopped(accepted),
        None => ran_out(summary, clock, idle_end),
    }
}

/// What nobody stopped is missed, unless it was over before its deadline.
fn ran_out(summary: &Summary, clock: Clock, idle_end: Option<Span>) -> Option<Decision> {
    let idle = summary.named.zip(idle_end).map(|(named, after)| named + after);
    let was_over = if summary.is_over() { !clock.ran } else { idle.zip(clock.deadline).is_some_and(|(end, deadline)| end <= deadline) };
    if was_over { None } else { clock.missed() }
}

impl Clock {
    fn missed(&self) -> Option<Decision> {
        self.deadline
            .filter(|deadline| *deadline >= self.known_from.unwrap_or(self.start))
            .map(|time| Decision::Missed(Mark { time, dimensions: self.holder }))
    }

    /// Met where it stopped up to the deadline, else missed.
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
