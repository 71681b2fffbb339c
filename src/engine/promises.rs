//! Targets and schedules in numbers: which rule a contact falls under when one of its clocks starts.

use smallvec::SmallVec;

use super::names::{DimensionsId, Names};
use super::schedule::Schedule;
use super::targets::{Ruled, TargetSettings, TimeTarget};
use crate::time::{EventTime, Span};

/// What is timed against a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    FirstResponse,
    Resolution,
    ChatWait,
}

/// All rules, compiled.
#[derive(Debug)]
pub(crate) struct Promises {
    schedules: Vec<Schedule>,
    schedule_rules: Compiled<usize>,
    first_response: Compiled<TimeTarget>,
    resolution: Compiled<TimeTarget>,
    chat_wait: Compiled<TimeTarget>,
}

/// What a clock is told at its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Until when the target is met; `None` without a target, later than everything where the schedule ends before.
    pub(crate) deadline: Option<EventTime>,
    /// The schedule that applies.
    pub(crate) schedule: Option<u16>,
}

type Conditions = SmallVec<[(u8, SmallVec<[u16; 4]>); 1]>;

#[derive(Debug)]
struct Compiled<T>(Vec<(Conditions, T)>);

impl Promises {
    pub(crate) fn new(settings: &TargetSettings, names: &mut Names) -> Self {
        Self {
            schedules: settings.schedules.clone(),
            schedule_rules: Compiled::new(&settings.schedule_rules, names),
            first_response: Compiled::new(&settings.first_response, names),
            resolution: Compiled::new(&settings.resolution, names),
            chat_wait: Compiled::new(&settings.chat_wait, names),
        }
    }

    /// The terms for a contact with these dimensions; `None` where neither a target nor a schedule applies.
    pub(crate) fn terms(&self, promise: Promise, start: EventTime, dimensions: DimensionsId, names: &Names) -> Option<Terms> {
        let targets = match promise {
            Promise::FirstResponse => &self.first_response,
            Promise::Resolution => &self.resolution,
            Promise::ChatWait => &self.chat_wait,
        };
        let schedule = self.schedule_rules.first(dimensions, names).copied();
        let deadline = targets.first(dimensions, names).map(|target| match schedule.filter(|_| target.is_business) {
            Some(schedule) => self.schedules[schedule].deadline(start, target.within).unwrap_or(EventTime::MAX),
            None => start + target.within,
        });
        let terms = Terms { deadline, schedule: schedule.map(|s| s as u16) };
        (deadline.is_some() || schedule.is_some()).then_some(terms)
    }

    /// The business time between two instants.
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
                // Beyond the limit of values a name shares the number of `other`, which is not what the rule asks for.
                let numbers: Vec<_> = numbers.collect();
                let known = numbers.into_iter().filter(|(number, text)| names.text(dimension, *number) == text.as_str());
                conditions.push((dimension, known.map(|(number, _)| number).collect()));
            }
            compiled.push((conditions, rule.value.clone()));
        }
        Self(compiled)
    }

    fn first(&self, dimensions: DimensionsId, names: &Names) -> Option<&T> {
        let holds = |(dimension, values): &(u8, SmallVec<[u16; 4]>)| values.contains(&names.value(dimensions, *dimension));
        self.0.iter().find(|(conditions, _)| conditions.iter().all(holds)).map(|(_, value)| value)
    }
}
