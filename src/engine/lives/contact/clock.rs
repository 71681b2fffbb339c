//! One clock against a target: how long it has run, when it falls due, and the verdict.
//!
//! The verdict is decided by the state at the deadline, never by the state at a later look. Does not know the events that start and stop a clock.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::marks::Mark;
use crate::engine::terms::{ClockTerms, DimensionsId, TargetRules, TimedTarget, UndecidedReason};
use crate::time::{EventTime, Span};

/// The clocks of one ticket or chat. They exist only if a target or business hours are configured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Clocks {
    /// The clock until the first response.
    pub(crate) response: Option<Clock>,
    /// The clock of the present wait for a further response.
    pub(crate) next_response: Option<Clock>,
    /// The verdicts of the waits before that.
    pub(crate) next_verdicts: SmallVec<[Verdict; 0]>,
    /// The clock until a ticket's resolution.
    pub(crate) resolution: Option<Clock>,
    /// The clock until an agent accepts a chat.
    pub(crate) wait: Option<Clock>,
}

/// A clock that has started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Clock {
    /// When it started.
    start: EventTime,
    /// The event time from which the clock is known, if that is not its start. A clock known from a snapshot makes no sample before the snapshot.
    known_from: Option<EventTime>,
    /// The time that the target allows and the business hours that it counts by; `None` without a target.
    allowance: Option<Allowance>,
    /// The number of the business hours by which business durations count.
    schedule: Option<u16>,
    /// The last instant at which the target is met; `None` without a target, and while the clock is paused.
    pub(crate) deadline: Option<EventTime>,
    /// The dimensions after the last event up to the deadline, which a miss is credited to.
    holder: DimensionsId,
    /// Of a resolution clock, while the ticket is solved: since when.
    solved: Option<Since>,
    /// Of a resolution clock, while the ticket is withdrawn: since when.
    withdrawn: Option<Since>,
    /// Whether the ticket was withdrawn when it was solved. Such a solve meets nothing as long as the ticket is withdrawn.
    is_solved_beneath: bool,
    /// The verdict, once it is final.
    verdict: Option<Verdict>,
    /// Whether no verdict will come, and none is counted.
    is_void: bool,
    /// The business time until the clock last stopped.
    pub(crate) took: Option<Span>,
}

/// The time that a target allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Allowance {
    /// The time left at `from`.
    left: Span,
    /// Since when the time runs; `None` while it is paused.
    from: Option<EventTime>,
    /// The number of the business hours that it counts by; `None` for the calendar.
    hours: Option<u16>,
}

/// When a state of a ticket began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Since {
    /// While the clock ran.
    Event(Mark),
    /// Before the clock was known, so that it decides nothing.
    Before,
}

/// What became of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Verdict {
    /// Met, at the reply, solve or acceptance.
    Met(Mark),
    /// Met, and the ticket was reopened since.
    MetThenReopened(Mark),
    /// Missed, at the deadline.
    Missed(Mark),
    /// Never decided, from the event on that ended the clock.
    Undecided(Mark, UndecidedReason),
}

impl Verdict {
    /// When it was decided, and for whom.
    pub(crate) const fn mark(self) -> Mark {
        match self {
            Self::Met(mark) | Self::MetThenReopened(mark) | Self::Missed(mark) | Self::Undecided(mark, _) => mark,
        }
    }
}

impl Clocks {
    /// The present clock of a target.
    pub(super) fn of(&mut self, target: TimedTarget) -> &mut Option<Clock> {
        match target {
            TimedTarget::FirstResponse => &mut self.response,
            TimedTarget::NextResponse => &mut self.next_response,
            TimedTarget::Resolution => &mut self.resolution,
            TimedTarget::ChatWait => &mut self.wait,
        }
    }

    /// All present clocks.
    pub(super) fn all(&mut self) -> impl Iterator<Item = (TimedTarget, &mut Clock)> {
        let Self { response, next_response, resolution, wait, .. } = self;
        let clocks = [
            (TimedTarget::FirstResponse, response),
            (TimedTarget::NextResponse, next_response),
            (TimedTarget::Resolution, resolution),
            (TimedTarget::ChatWait, wait),
        ];
        clocks.into_iter().filter_map(|(target, clock)| Some((target, clock.as_mut()?)))
    }
}

impl Clock {
    /// Starts a clock at `start`; `known` is the event that gives it.
    pub(super) fn new(start: EventTime, known: Mark, terms: ClockTerms, is_paused: bool, rules: &TargetRules) -> Self {
        let allowance = terms.within.map(|left| Allowance {
            left,
            from: (!is_paused).then_some(start),
            hours: terms.schedule.filter(|_| terms.is_business),
        });
        let mut clock = Self {
            start,
            known_from: Some(known.time).filter(|time| *time != start),
            allowance,
            schedule: terms.schedule,
            deadline: None,
            holder: known.dimensions,
            solved: None,
            withdrawn: None,
            is_solved_beneath: false,
            verdict: None,
            is_void: false,
            took: None,
        };
        clock.set_deadline(rules);
        clock
    }

    /// Whether the verdict is still to come.
    pub(super) fn is_open(&self) -> bool {
        self.verdict.is_none() && !self.is_void && self.allowance.is_some()
    }

    /// The deadline, while the verdict is still to come.
    pub(super) fn open_deadline(&self) -> Option<EventTime> {
        self.deadline.filter(|_| self.is_open())
    }

    /// The verdict as it is if nothing happens any more: a miss lies ahead until its deadline is reached. There is none where the clock became known
    /// after its deadline.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        if !self.is_open() {
            return self.verdict;
        }
        if self.deadline.is_some_and(|deadline| self.known_from.is_some_and(|known| known > deadline)) {
            return None;
        }
        let solved = self.solved.filter(|_| self.withdrawn.is_none() || !self.is_solved_beneath);
        match (solved, self.withdrawn) {
            (Some(Since::Event(solved)), _) => Some(Verdict::Met(solved)),
            (None, Some(Since::Event(withdrawn))) => Some(Verdict::Undecided(withdrawn, UndecidedReason::Withdrawn)),
            (Some(Since::Before), _) | (None, Some(Since::Before)) => None,
            (None, None) => self.missed(),
        }
    }

    /// The deadline of a clock that runs on for its customer, or whose miss the customer still waits out; `None` where it cannot fall due any more.
    pub(crate) fn falls_due(&self) -> Option<EventTime> {
        let is_due = match self.verdict {
            None => self.solved.is_none() && self.withdrawn.is_none(),
            Some(Verdict::Missed(_)) => true,
            Some(Verdict::Met(_) | Verdict::MetThenReopened(_) | Verdict::Undecided(..)) => false,
        };
        self.deadline.filter(|_| is_due)
    }

    /// Decides a clock whose deadline lies before an event, by the state at the deadline.
    pub(super) fn pass(&mut self, at: EventTime) {
        if !self.is_open() || self.deadline.is_none_or(|deadline| deadline >= at) {
            return;
        }
        self.verdict = self.verdict();
        self.is_void = self.verdict.is_none();
    }

    /// Notes the holder after an event, while the verdict is still to come.
    pub(super) fn note_holder(&mut self, dimensions: DimensionsId) {
        if self.is_open() {
            self.holder = dimensions;
        }
    }

    /// Meets the target.
    pub(super) fn meet(&mut self, mark: Mark) {
        self.pass(mark.time);
        if self.is_open() {
            self.verdict = Some(Verdict::Met(mark));
        }
    }

    /// Ends the clock for good without a verdict that could be met or missed.
    pub(super) fn end(&mut self, mark: Mark, reason: UndecidedReason) {
        self.pass(mark.time);
        if self.is_open() {
            self.verdict = Some(Verdict::Undecided(mark, reason));
        }
    }

    /// Ends the clock without anything being counted.
    pub(super) fn make_void(&mut self) {
        self.is_void |= self.verdict.is_none();
    }

    /// Notes that the ticket was solved or withdrawn before a resolution clock was known.
    pub(super) fn begin_in(&mut self, is_solved: bool, is_withdrawn: bool, is_solved_beneath: bool) {
        self.is_solved_beneath = is_solved_beneath;
        self.solved = is_solved.then_some(Since::Before);
        self.withdrawn = is_withdrawn.then_some(Since::Before);
    }

    /// Notes a solve, of a resolution clock.
    pub(super) fn solve(&mut self, mark: Mark) {
        if self.solved.is_none() {
            (self.solved, self.is_solved_beneath) = (Some(Since::Event(mark)), self.withdrawn.is_some());
        }
    }

    /// Notes a reopening, of a resolution clock.
    pub(super) fn reopen(&mut self, is_counted: bool) {
        self.solved = None;
        if let (Some(Verdict::Met(mark)), true) = (self.verdict, is_counted) {
            self.verdict = Some(Verdict::MetThenReopened(mark));
        }
    }

    /// Notes a withdrawal, of a resolution clock, or that it was taken back.
    pub(super) fn set_withdrawn(&mut self, withdrawn: Option<Mark>) {
        self.withdrawn = withdrawn.map(Since::Event);
    }

    /// Pauses the time that the target allows, or lets it run on.
    pub(super) fn set_paused(&mut self, is_paused: bool, at: EventTime, rules: &TargetRules) {
        if !self.is_open() {
            return;
        }
        let Some(allowance) = &mut self.allowance else { return };
        match (allowance.from, is_paused) {
            // Used up exactly when the pause begins: it is due.
            (Some(_), true) if self.deadline.is_some_and(|deadline| deadline <= at) => return,
            (Some(from), true) => {
                let used = rules.time_between(allowance.hours, from, at.max(from));
                (allowance.left, allowance.from) = (Span((allowance.left.0 - used.0).max(0)), None);
            }
            (None, false) => allowance.from = Some(at),
            (Some(_), false) | (None, true) => return,
        }
        self.set_deadline(rules);
    }

    /// Notes the business time until an instant.
    pub(super) fn stop(&mut self, at: EventTime, rules: &TargetRules) {
        self.took = self.schedule.map(|schedule| rules.time_between(Some(schedule), self.start, at));
    }

    fn set_deadline(&mut self, rules: &TargetRules) {
        self.deadline = self.allowance.and_then(|allowance| Some(rules.deadline(allowance.hours, allowance.from?, allowance.left)));
    }

    /// A miss at the deadline.
    fn missed(&self) -> Option<Verdict> {
        let deadline = self.deadline?;
        Some(Verdict::Missed(Mark { time: deadline, dimensions: self.holder }))
    }
}
