//! The durations that are timed against a target, why a target was never decided, and the labels that tell them apart.

use serde::{Deserialize, Serialize};

use super::{Label, Measure};

/// A duration that is timed against a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimedTarget {
    /// From the creation, a chat's start or a hand-off to the first public human reply.
    FirstResponse,
    /// From the first unanswered customer message after that to the next public human reply.
    NextResponse,
    /// From a ticket's creation to its solve.
    Resolution,
    /// From a chat's start or hand-off to its acceptance.
    ChatWait,
}

impl TimedTarget {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::FirstResponse, Self::NextResponse, Self::Resolution, Self::ChatWait];

    /// The value of the label `target`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FirstResponse => "first_response",
            Self::NextResponse => "next_response",
            Self::Resolution => "resolution",
            Self::ChatWait => "chat_wait",
        }
    }
}

/// Why a target was never decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UndecidedReason {
    /// The ticket was solved or closed, or the chat ended, without a reply.
    EndedWithoutReply,
    /// The ticket became spam, was deleted or was merged away.
    Withdrawn,
}

impl UndecidedReason {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::EndedWithoutReply, Self::Withdrawn];

    /// The value of the label `reason`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EndedWithoutReply => "ended_without_reply",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// The measure of the cases that met a target, and the measure of all decided ones.
pub(crate) const fn verdict_measures(target: TimedTarget) -> (Measure, Measure) {
    match target {
        TimedTarget::FirstResponse => (Measure::FirstResponseWithin, Measure::FirstResponseDecided),
        TimedTarget::NextResponse => (Measure::NextResponseWithin, Measure::NextResponseDecided),
        TimedTarget::Resolution => (Measure::ResolutionWithin, Measure::ResolutionDecided),
        TimedTarget::ChatWait => (Measure::ChatWaitWithin, Measure::ChatWaitDecided),
    }
}

/// The label of a target that was never decided: the target and the reason.
pub(crate) const fn undecided_label(target: TimedTarget, reason: UndecidedReason) -> Label {
    Label::of_two(target as u16, reason as u16)
}

/// The label of a clock that falls due soon: the target, and the index of a configured time before the deadline.
pub(crate) const fn due_label(target: TimedTarget, horizon: usize) -> Label {
    Label::of_two(target as u16, horizon as u16)
}
