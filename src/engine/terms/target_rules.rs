//! The targets and business hours compiled into the numbers of one partition group's names: they decide the target and business hours of a contact when
//! one of its clocks starts.
//!
//! Does not know whether a target was met: see `lives/contact/targets.rs`.

use smallvec::SmallVec;

use super::{BusinessHours, DimensionsId, Names, Ruled, TargetSettings, TimeTarget, ValueId};
use crate::time::{EventTime, Span};

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

type DimensionConditions = SmallVec<[(u8, SmallVec<[ValueId; 4]>); 1]>;

#[derive(Debug)]
struct Compiled<T>(Vec<(DimensionConditions, T)>);

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
            let mut conditions = DimensionConditions::new();
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
