//! Clocks against targets: when first response, resolution and chat wait run out, and whether each was met.
//!
//! A miss is decided at its deadline, not at the late reply: it is a fact of the deadline's time, which may lie ahead of now. So nothing here
//! needs to know now, and a clock that still runs is in neither count.

use super::step::Setting;
use super::{Mark, Summary};
use crate::engine::names::DimensionsId;
use crate::engine::promises::Promise;
use crate::time::{EventTime, Span};
use serde::{Deserialize, Serialize};

/// The clocks of one ticket or chat; there only where a target or a schedule is configured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Clocks {
    /// The first response.
    pub(crate) response: Option<Clock>,
    /// A ticket's resolution.
    pub(crate) resolution: Option<Clock>,
    /// A chat's wait for an agent.
    pub(crate) wait: Option<Clock>,
}

/// A clock, from its start on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Clock {
    start: EventTime,
    /// Since when anything is known of it, where that is not its start: what a snapshot tells of makes no sample for what lies before the snapshot.
    known_from: Option<EventTime>,
    /// Until when its target is met, itself included.
    pub(crate) deadline: Option<EventTime>,
    schedule: Option<u16>,
    /// The dimensions after the last event up to the deadline: whom a miss is credited to.
    holder: DimensionsId,
    /// Whether it ran after that event: what was solved or left without a reply before the deadline has not missed it.
    ran: bool,
    /// The business time it took until it stopped last.
    pub(crate) took: Option<Span>,
}

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

impl Summary {
    /// Starts a clock, whose target and schedule are those of the dimensions it starts with; `known` is the event that tells of it.
    pub(super) fn start_clock(&mut self, promise: Promise, start: EventTime, known: Mark, setting: &Setting<'_>) {
        let terms = setting.promises.terms(promise, start, known.dimensions, setting.names);
        let clock = terms.map(|terms| Clock {
            start,
            known_from: Some(known.time).filter(|time| *time != start),
            deadline: terms.deadline,
            schedule: terms.schedule,
            holder: known.dimensions,
            ran: true,
            took: None,
        });
        if clock.is_some() || self.clocks.is_some() {
            *self.clocks.get_or_insert_default().of(promise) = clock;
        }
    }

    /// Notes the business time that a clock took.
    pub(super) fn stop_clock(&mut self, promise: Promise, at: EventTime, setting: &Setting<'_>) {
        if let Some(clock) = self.clocks.as_mut().and_then(|clocks| clocks.of(promise).as_mut()) {
            clock.took = clock.schedule.map(|schedule| setting.promises.business_time(schedule, clock.start, at));
        }
    }

    /// Notes after each event who holds the contact and which clocks run, as long as their deadlines have not passed.
    pub(super) fn note_holder(&mut self, mark: Mark) {
        let (is_over, is_accepted) = (self.is_over(), self.accepted.is_some());
        let Some(clocks) = &mut self.clocks else { return };
        let Clocks { response, resolution, wait } = clocks;
        for (clock, runs) in [(response, !is_over), (resolution, true), (wait, !is_over && !is_accepted)] {
            if let Some(clock) = clock.as_mut().filter(|c| c.deadline.is_some_and(|deadline| mark.time <= deadline)) {
                (clock.holder, clock.ran) = (mark.dimensions, runs);
            }
        }
    }

    /// Notes that the ticket is said to have ended at an instant: what had not run out by then has not missed its target.
    pub(super) fn note_end(&mut self, at: EventTime) {
        let Some(clocks) = &mut self.clocks else { return };
        if let Some(clock) = clocks.response.as_mut().filter(|c| c.deadline.is_some_and(|deadline| at <= deadline)) {
            clock.ran = false;
        }
    }

    /// What became of the first-response target. Solved, left or (a chat) idle without a response before the deadline: not decided.
    pub(crate) fn response_decision(&self, idle_end: Option<Span>) -> Option<Decision> {
        let clock = self.clocks.as_ref()?.response?;
        match self.first_response {
            Some(response) if response.is_silent || response.after < Span(0) => None,
            Some(response) => clock.stopped(response.mark),
            None => self.ran_out(clock, idle_end),
        }
    }

    /// What became of the resolution target; a reopened ticket runs again, from its creation.
    pub(crate) fn resolution_decision(&self) -> Option<Decision> {
        let clock = self.clocks.as_ref()?.resolution?;
        if !self.is_solved {
            return clock.missed();
        }
        let solve = self.solve.filter(|s| !s.is_silent && s.after.is_some_and(|after| after >= Span(0)))?;
        clock.stopped(solve.mark)
    }

    /// What became of the chat wait target. Abandoned, ended or idle before the deadline: not decided.
    pub(crate) fn wait_decision(&self, idle_end: Option<Span>) -> Option<Decision> {
        let clock = self.clocks.as_ref()?.wait?;
        match self.accepted {
            Some(accepted) if accepted.time < clock.start => None,
            Some(accepted) => clock.stopped(accepted),
            None => self.ran_out(clock, idle_end),
        }
    }

    /// What nobody stopped is missed, unless it was over before its deadline.
    fn ran_out(&self, clock: Clock, idle_end: Option<Span>) -> Option<Decision> {
        let idle = self.named.zip(idle_end).map(|(named, after)| named + after);
        let was_over = if self.is_over() { !clock.ran } else { idle.zip(clock.deadline).is_some_and(|(end, deadline)| end <= deadline) };
        if was_over { None } else { clock.missed() }
    }

    /// Solved, abandoned or ended now.
    fn is_over(&self) -> bool {
        self.is_solved || self.abandoned.is_some() || self.ended.is_some()
    }
}

impl Clocks {
    fn of(&mut self, promise: Promise) -> &mut Option<Clock> {
        match promise {
            Promise::FirstResponse => &mut self.response,
            Promise::Resolution => &mut self.resolution,
            Promise::ChatWait => &mut self.wait,
        }
    }
}
