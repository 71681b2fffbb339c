//! Targets and business hours by dimension values: the rules as the configuration gives them, and the same rules compiled into the numbers of names.
//! The compiled rules decide the target and business hours of a contact when one of its clocks starts.
//!
//! Does not know whether a target was met: see `lives/contact/targets.rs`.

use smallvec::SmallVec;

use super::{BusinessHours, DimensionsId, Names, ValueId};
use crate::time::{EventTime, Span};

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
    /// Whether any rule of a clock names a dimension for which `fits` holds, so that contacts must know that dimension.
    pub(crate) fn asks_for(&self, fits: impl Fn(u8) -> bool) -> bool {
        let schedules = self.schedule_rules.rules.iter().flat_map(|rule| &rule.conditions);
        let times = [&self.first_response, &self.resolution, &self.chat_wait].into_iter();
        let targets = times.flat_map(|ruled| &ruled.rules).flat_map(|rule| &rule.conditions);
        schedules.chain(targets).any(|condition| fits(condition.dimension))
    }
}

/// A duration that is timed against a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimedTarget {
    FirstResponse,
    Resolution,
    ChatWait,
}

/// All rules of clocks, compiled for one partition group.
#[derive(Debug)]
pub(crate) struct TargetRules {
    schedules: Vec<BusinessHours>,
    schedule_rules: Compiled<usize>,
    first_response: Compiled<TimeTarget>,
    resolution: Compiled<TimeTarget>,
    chat_wait: Compiled<TimeTarget>,
}

/// The target and business hours of a clock, decided at its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClockTerms {
    /// The last instant at which the target is met. `None` without a target; [`EventTime::MAX`] if the business hours end before the target is
    /// reached.
    pub(crate) deadline: Option<EventTime>,
    /// The index of the business hours that apply.
    pub(crate) schedule: Option<u16>,
}

type Conditions = SmallVec<[(u8, SmallVec<[ValueId; 4]>); 1]>;

#[derive(Debug)]
struct Compiled<T>(Vec<(Conditions, T)>);

impl TargetRules {
    pub(crate) fn new(settings: &TargetSettings, names: &mut Names) -> Self {
        Self {
            schedules: settings.schedules.clone(),
            schedule_rules: Compiled::new(&settings.schedule_rules, names),
            first_response: Compiled::new(&settings.first_response, names),
            resolution: Compiled::new(&settings.resolution, names),
            chat_wait: Compiled::new(&settings.chat_wait, names),
        }
    }

    /// The terms of a clock for a contact with these dimensions; `None` if neither a target nor business hours apply.
    pub(crate) fn clock_terms(&self, target: TimedTarget, start: EventTime, dimensions: DimensionsId, names: &Names) -> Option<ClockTerms> {
        let targets = match target {
            TimedTarget::FirstResponse => &self.first_response,
            TimedTarget::Resolution => &self.resolution,
            TimedTarget::ChatWait => &self.chat_wait,
        };
        let schedule = self.schedule_rules.first(dimensions, names).copied();
        let deadline = targets.first(dimensions, names).map(|target| match schedule.filter(|_| target.is_business) {
            Some(schedule) => self.schedules[schedule].deadline(start, target.within).unwrap_or(EventTime::MAX),
            None => start + target.within,
        });
        let terms = ClockTerms { deadline, schedule: schedule.map(|s| s as u16) };
        (deadline.is_some() || schedule.is_some()).then_some(terms)
    }

    /// The business time between two instants, by the business hours with the index `schedule`.
    pub(crate) fn business_time(&self, schedule: u16, from: EventTime, to: EventTime) -> Span {
        self.schedules[usize::from(schedule)].business_time(from, to)
    }
}

impl<T: Clone> Compiled<T> {
    fn new(ruled: &Ruled<T>, names: &mut Names) -> Self {
        let mut compiled = Vec::new();
        for rule in &ruled.rules {
            let mut conditions = Conditions::new();
            for condition in &rule.conditions {
                let dimension = condition.dimension;
                let numbers = condition.values.iter().map(|text| (names.value_named(dimension, text), text));
                // A name beyond the limit of values shares the number of `other`. The rule does not mean `other`, so such names are left out.
                let numbers: Vec<_> = numbers.collect();
                let known = numbers.into_iter().filter(|(number, text)| names.text(dimension, *number) == text.as_str());
                conditions.push((dimension, known.map(|(number, _)| number).collect()));
            }
            compiled.push((conditions, rule.value.clone()));
        }
        Self(compiled)
    }

    fn first(&self, dimensions: DimensionsId, names: &Names) -> Option<&T> {
        let holds = |(dimension, values): &(u8, SmallVec<[ValueId; 4]>)| values.contains(&names.value(dimensions, *dimension));
        self.0.iter().find(|(conditions, _)| conditions.iter().all(holds)).map(|(_, value)| value)
    }
}
