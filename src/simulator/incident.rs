//! Incidents: from time to time something breaks, more customers write, and each contact takes longer.
//!
//! An incident concerns every team, and most of its contacts are for one of them; or it concerns one team alone, and the others work as ever.
//!
//! Does not know contacts or queues: it says only which incident is under way at an instant.

use super::chance::Chance;
use super::contact::TEAMS;
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
    /// The team that they concern, such as `billing`; `None` if they concern every team.
    pub team: Option<&'static str>,
}

/// Whom an incident concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Incident {
    /// Every team.
    General,
    /// This team alone.
    OfTeam(u8),
}

impl Incident {
    /// Whether it concerns the contacts of a team.
    pub(super) fn concerns(self, team: u8) -> bool {
        match self {
            Self::General => true,
            Self::OfTeam(concerned) => concerned == team,
        }
    }
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
    /// What a planned incident is.
    planned: Incident,
    random: (EventTime, EventTime),
}

impl Incidents {
    /// # Panics
    /// If the planned incidents concern a team that the organisation does not have.
    pub(super) fn new(settings: IncidentSettings, start: EventTime, chance: &mut Chance) -> Self {
        let number_of =
            |team| TEAMS.iter().position(|(name, ..)| *name == team).expect("incidents are planned for a team of the organisation");
        let team = settings.planned.and_then(|plan| plan.team);
        let planned = team.map_or(Incident::General, |team| Incident::OfTeam(number_of(team) as u8));
        let mut incidents = Self { settings, planned, random: (EventTime::MIN, start) };
        incidents.draw_after(start, chance);
        incidents
    }

    /// The incident that is under way. Without `is_open` an unplanned one has no effect. Of two, the one that concerns more is said.
    pub(super) fn under_way(&mut self, at: EventTime, is_open: bool, chance: &mut Chance) -> Option<Incident> {
        if at >= self.random.1 {
            self.draw_after(at, chance);
        }
        let by_chance = at >= self.random.0 && is_open;
        let by_plan = self.settings.planned.is_some_and(|plan| plan.is_on(at));
        if by_chance { Some(Incident::General) } else { by_plan.then_some(self.planned) }
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
