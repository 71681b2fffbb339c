//! Incidents: from time to time something breaks, more people ask, and each question takes longer.
//!
//! Does not know contacts or queues; says only what is going on at an instant.

use super::chance::Chance;
use crate::time::{EventTime, Span};

/// When incidents happen.
#[derive(Clone, Copy, Debug)]
pub struct IncidentSettings {
    /// Unplanned ones in a week, on average, each one to three hours long, in working hours.
    pub random_per_week: f64,
    /// None of the unplanned begins from here on.
    pub random_until: EventTime,
    /// Those that happen by plan, so that who watches sees one.
    pub planned: Option<PlannedIncidents>,
}

/// Incidents at known times.
#[derive(Clone, Copy, Debug)]
pub struct PlannedIncidents {
    /// When the first begins.
    pub first: EventTime,
    /// From the beginning of one to that of the next.
    pub every: Span,
    /// How long each lasts.
    pub length: Span,
}

impl Default for IncidentSettings {
    fn default() -> Self {
        Self { random_per_week: 1.5, random_until: EventTime::MAX, planned: None }
    }
}

impl PlannedIncidents {
    /// Whether one is going on.
    #[must_use]
    pub fn is_on(&self, at: EventTime) -> bool {
        at >= self.first && (at - self.first).0 % self.every.0 < self.length.0
    }
}

/// What is going on; asked with instants that never go back.
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

    /// Whether one is going on; `is_open` keeps unplanned ones out of the night.
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
