//! The targets and business hours compiled into the numbers of one partition group's names: they decide the target and business hours of a contact when
//! one of its clocks starts.
//!
//! Does not know whether a target was met: see `lives/contact/targets.rs`.

use smallvec::SmallVec;

use super::{BusinessHours, DimensionsId, Names, Ruled, TargetPauses, TargetSettings, TimeTarget, TimedTarget, ValueId};
use crate::event::Status;
use crate::time::{EventTime, Span};

/// All rules of clocks, compiled for one partition group.
#[derive(Debug)]
pub(crate) struct TargetRules {
    schedules: Vec<BusinessHours>,
    schedule_rules: Compiled<usize>,
    /// In the order of [`TimedTarget::ALL`].
    times: [Compiled<TimeTarget>; 4],
    pauses: TargetPauses,
}

/// The target and business hours of a clock, decided at its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClockTerms {
    /// The time that the target allows; `None` without a target.
    pub(crate) within: Option<Span>,
    /// Whether that time counts by the business hours.
    pub(crate) is_business: bool,
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
            times: TimedTarget::ALL.map(|target| Compiled::new(settings.of_time(target), names)),
            pauses: settings.pauses.clone(),
        }
    }

    /// The terms of a clock for a contact with these dimensions; `None` if neither a target nor business hours apply.
    pub(crate) fn clock_terms(&self, target: TimedTarget, dimensions: DimensionsId, names: &Names) -> Option<ClockTerms> {
        let schedule = self.schedule_rules.first(dimensions, names).map(|schedule| *schedule as u16);
        let rule = self.times[target as usize].first(dimensions, names);
        let terms = ClockTerms { within: rule.map(|rule| rule.within), is_business: rule.is_some_and(|rule| rule.is_business), schedule };
        (terms.within.is_some() || schedule.is_some()).then_some(terms)
    }

    /// Whether the clock of a target stands still while a ticket has this status.
    pub(crate) fn is_paused(&self, target: TimedTarget, status: Status) -> bool {
        self.pauses.of(target).contains(&status)
    }

    /// The last instant at which no more than `left` has passed since `from`, by the business hours with the index `hours` or by the calendar;
    /// [`EventTime::MAX`] if the business hours end before.
    pub(crate) fn deadline(&self, hours: Option<u16>, from: EventTime, left: Span) -> EventTime {
        match hours {
            Some(hours) => self.schedules[usize::from(hours)].deadline(from, left).unwrap_or(EventTime::MAX),
            None => from + left,
        }
    }

    /// The time between two instants, by the business hours with the index `hours` or by the calendar.
    pub(crate) fn time_between(&self, hours: Option<u16>, from: EventTime, to: EventTime) -> Span {
        match hours {
            Some(hours) => self.schedules[usize::from(hours)].business_time(from, to),
            None => to - from,
        }
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
