//! The targets and business hours by dimension values, as the configuration gives them.
//!
//! Does not know the numbers of names, nor whether a target was met.

use super::{BusinessHours, TimedTarget};
use crate::event::Status;
use crate::time::Span;

/// The configured targets and business hours.
#[derive(Clone, Debug, Default)]
pub struct TargetSettings {
    /// All business hours of the configuration.
    pub schedules: Vec<BusinessHours>,
    /// The rules that select the business hours (by index in `schedules`) of a contact when one of its clocks starts.
    pub schedule_rules: Ruled<usize>,
    /// The time until the first response.
    pub first_response: Ruled<TimeTarget>,
    /// The time until the full resolution of a ticket.
    pub resolution: Ruled<TimeTarget>,
    /// The time from a chat's start until an agent joins.
    pub chat_wait: Ruled<TimeTarget>,
    /// From the first unanswered customer message after the first response to the next reply.
    pub next_response: Ruled<TimeTarget>,
    /// The statuses of a ticket in which the clocks stand still.
    pub pauses: TargetPauses,
    /// How far ahead tickets are counted as due soon, each with the value of the label `within`; ascending.
    pub due_within: Vec<(String, Span)>,
    /// The least satisfied share of the CSAT answers, 0 to 1.
    pub csat: Ruled<f64>,
    /// The least net promoter score of answers about contacts, -100 to 100.
    pub nps_service: Ruled<f64>,
    /// The least relationship net promoter score, -100 to 100.
    pub nps_experience: Ruled<f64>,
    /// The greatest customer effort, 1 to 5.
    pub ces: Ruled<f64>,
    /// The greatest churned share of customers, 0 to 1.
    pub churn: Ruled<f64>,
}

/// The statuses of a ticket in which the clock of each target stands still.
#[derive(Clone, Debug, Default)]
pub struct TargetPauses {
    /// Of the first response.
    pub first_response: Vec<Status>,
    /// Of a further response.
    pub next_response: Vec<Status>,
    /// Of the resolution.
    pub resolution: Vec<Status>,
}

impl TargetPauses {
    pub(super) fn of(&self, target: TimedTarget) -> &[Status] {
        match target {
            TimedTarget::FirstResponse => &self.first_response,
            TimedTarget::NextResponse => &self.next_response,
            TimedTarget::Resolution => &self.resolution,
            // A chat has no status.
            TimedTarget::ChatWait => &[],
        }
    }
}

/// A target for a duration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeTarget {
    /// The longest duration that meets the target.
    pub within: Span,
    /// The share of decided cases that must meet the target, 0 to 1.
    pub share: f64,
    /// Whether the duration is counted in business hours, if any apply; otherwise it is counted by the calendar.
    pub is_business: bool,
}

/// A value that is selected by rules: the first rule that matches holds. Without rules nothing is configured.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruled<T> {
    /// The rules in configured order.
    pub rules: Vec<Rule<T>>,
}

/// One rule of a [`Ruled`] value.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule<T> {
    /// The conditions, all of which must hold; a rule without conditions always holds.
    pub conditions: Vec<Condition>,
    /// The value if the rule holds.
    pub value: T,
}

/// The condition that a dimension has one of some values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The index of the dimension.
    pub dimension: u8,
    /// The accepted values, as they are spelled after renaming.
    pub values: Vec<String>,
}

impl<T> Default for Ruled<T> {
    fn default() -> Self {
        Self { rules: Vec::new() }
    }
}

impl<T> Ruled<T> {
    /// Whether anything is configured.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        !self.rules.is_empty()
    }

    /// The value of the first rule whose conditions all hold.
    pub fn first(&self, holds: impl Fn(&Condition) -> bool) -> Option<&T> {
        self.rules.iter().find(|rule| rule.conditions.iter().all(&holds)).map(|rule| &rule.value)
    }

    /// The value for a whole group of contacts or customers, given the group's dimensions and their values. A rule whose conditions name a dimension
    /// that the group does not fix holds for only some of its members, so it is skipped.
    pub fn of_group(&self, dimensions: &[u8], texts: &[String]) -> Option<&T> {
        self.first(|condition| {
            let at = dimensions.iter().position(|d| *d == condition.dimension);
            at.and_then(|at| texts.get(at)).is_some_and(|text| condition.values.contains(text))
        })
    }
}

impl TargetSettings {
    /// Whether clocks and entries that were made with these settings can go on with other ones: they refer to schedules by number and ask them for their
    /// open hours, and to the times of `due_within` by number.
    #[must_use]
    pub fn is_compatible(&self, other: &Self) -> bool {
        let hours = |settings: &Self| {
            settings.schedules.iter().flat_map(|schedule| schedule.intervals().map(Some).chain([None])).collect::<Vec<_>>()
        };
        let times = |settings: &Self| settings.due_within.iter().map(|(_, within)| *within).collect::<Vec<_>>();
        times(self) == times(other) && hours(self) == hours(other)
    }

    /// The target of a time.
    #[must_use]
    pub const fn of_time(&self, time: TimedTarget) -> &Ruled<TimeTarget> {
        match time {
            TimedTarget::FirstResponse => &self.first_response,
            TimedTarget::NextResponse => &self.next_response,
            TimedTarget::Resolution => &self.resolution,
            TimedTarget::ChatWait => &self.chat_wait,
        }
    }

    /// The value of the label `within` that means this time ahead, if tickets are counted so far ahead.
    #[must_use]
    pub fn within_label(&self, ahead: Span) -> Option<&str> {
        self.due_within.iter().find(|(_, within)| *within == ahead).map(|(label, _)| label.as_str())
    }

    /// The times that have a target, in the order of their numbers.
    pub(crate) fn times(&self) -> impl Iterator<Item = TimedTarget> {
        TimedTarget::ALL.into_iter().filter(|time| self.of_time(*time).is_configured())
    }

    /// Whether any rule of a clock names a dimension for which `fits` holds, so that contacts must know that dimension.
    pub(crate) fn asks_for(&self, fits: impl Fn(u8) -> bool) -> bool {
        let schedules = self.schedule_rules.rules.iter().flat_map(|rule| &rule.conditions);
        let times = TimedTarget::ALL.into_iter().map(|time| self.of_time(time));
        let targets = times.flat_map(|ruled| &ruled.rules).flat_map(|rule| &rule.conditions);
        schedules.chain(targets).any(|condition| fits(condition.dimension))
    }
}
