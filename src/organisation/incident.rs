//! Incidents: from time to time something breaks, more customers write, and each contact takes longer.
//!
//! Does not know contacts or queues: it says only whether an incident is under way at an instant.

use super::chance::Chance;
use crate::time::{EventTime, Span};

/// When incidents happen.
#[derive(Clone, Copy, Debug)]
pub struct IncidentSettings {
    /// The mean number of unplanned incidents per week. Each lasts one to three hours, and only working hours have any.
    pub random_per_week: f64,
    /// From this instant on no unplanned incident begins.
    pub random_until: EventTime,
    /// Incidents at known times, so that a viewer of the demo sees one.
    pub planned: Option<PlannedIncidents>,
}

/// Incidents at known times.
#[derive(Clone, Copy, Debug)]
pub struct PlannedIncidents {
    /// The begin of the first one.
    pub first: EventTime,
    /// The span from the begin of one to the begin of the next.
    pub every: Span,
    /// The duration of each.
    pub length: Span,
}

impl Default for IncidentSettings {
    fn default() -> Self {
        Self { random_per_week: 1.5, random_until: EventTime::MAX, planned: None }
    }
}

impl PlannedIncidents {
    /// Whether one is under way.
    #[must_use]
    pub fn is_on(&self, at: EventTime) -> bool {
        at >= self.first && (at - self.first).0 % self.every.0 < self.length.0
    }
}

/// The incidents of an organisation. The instants in calls must not decrease.
#[derive(Debug)]
pub(super) struct Incidents {
    settings: IncidentSettings,
    random: (EventTime, EventTime),
}

impl Incidents {
    pub(super) fn new(settings: IncidentSettings, start: EventTime, chance: &mut Chance) -> Self {
        let mut incidents = Self { settings, random: (EventTime::MIN, start) };
        incidents.draw_after(start, chance);
        incidents
    }

    /// Whether an incident is under way. Without `is_open` an unplanned one has no effect.
    pub(super) fn is_on(&mut self, at: EventTime, is_open: bool, chance: &mut Chance) -> bool {
        if at >= self.random.1 {
            self.draw_after(at, chance);
        }
        let by_chance = at >= self.random.0 && is_open;
        let by_plan = self.settings.planned.is_some_and(|plan| plan.is_on(at));
        by_chance || by_plan
    }

    fn draw_after(&mut self, at: EventTime, chance: &mut Chance) {
        if self.settings.random_per_week <= 0.0 {
            self.random = (EventTime::MAX, EventTime::MAX);
            return;
        }
        let begin = at + Span(chance.exponential(Span::days(7).0 as f64 / self.settings.random_per_week) as i64);
        let end = begin + Span(chance.between(1.0, 3.0) as i64 * Span::hours(1).0);
        self.random = if begin < self.settings.random_until { (begin, end) } else { (EventTime::MAX, EventTime::MAX) };
    }
}
