//! What is promised and to whom: targets and business hours by dimension values, as the configuration gives them.
//!
//! Does not know whether a target was met; see `contact/clock.rs` for that.

use super::Schedule;
use crate::time::Span;

/// Targets and business hours.
#[derive(Clone, Debug, Default)]
pub struct TargetSettings {
    /// The schedules.
    pub schedules: Vec<Schedule>,
    /// Which schedule (by index) a contact has when one of its clocks starts.
    pub schedule_rules: Ruled<usize>,
    /// First response.
    pub first_response: Ruled<TimeTarget>,
    /// Full resolution of tickets.
    pub resolution: Ruled<TimeTarget>,
    /// From a chat's start until an agent joins.
    pub chat_wait: Ruled<TimeTarget>,
    /// Satisfied share of the CSAT answers, 0..1.
    pub csat: Ruled<f64>,
    /// The net promoter score of answers about contacts, -100..100.
    pub nps_service: Ruled<f64>,
    /// The relationship net promoter score, -100..100.
    pub nps_experience: Ruled<f64>,
    /// Customer effort, 1..5, at most.
    pub ces: Ruled<f64>,
    /// Churned share of customers, 0..1, at most.
    pub churn: Ruled<f64>,
}

/// A target of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeTarget {
    /// Met when it took at most this long.
    pub within: Span,
    /// The share of the decided ones that must meet it, 0..1.
    pub share: f64,
    /// Counted in business hours where a schedule applies, else by the calendar.
    pub is_business: bool,
}

/// A value by rules, of which the first that matches holds; empty where nothing is configured.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruled<T> {
    /// The rules in configured order.
    pub rules: Vec<Rule<T>>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule<T> {
    /// All must hold; none for everyone.
    pub conditions: Vec<Condition>,
    /// The value then.
    pub value: T,
}

/// A dimension has one of some values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The index of the dimension.
    pub dimension: u8,
    /// The values, as they stand after renaming.
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

    /// The value for a whole group of contacts or customers, given the group's dimensions and their values: a rule that asks for a dimension
    /// which the group does not fix holds for some of its members only, so it is passed over.
    pub fn of_group(&self, dimensions: &[u8], texts: &[String]) -> Option<&T> {
        self.first(|condition| {
            let at = dimensions.iter().position(|d| *d == condition.dimension);
            at.and_then(|at| texts.get(at)).is_some_and(|text| condition.values.contains(text))
        })
    }
}

impl TargetSettings {
    /// Whether any rule asks for a dimension that fits, so that contacts must know it.
    pub(crate) fn asks_for(&self, fits: impl Fn(u8) -> bool) -> bool {
        let schedules = self.schedule_rules.rules.iter().flat_map(|rule| &rule.conditions);
        let times = [&self.first_response, &self.resolution, &self.chat_wait].into_iter();
        let targets = times.flat_map(|ruled| &ruled.rules).flat_map(|rule| &rule.conditions);
        schedules.chain(targets).any(|condition| fits(condition.dimension))
    }
}
