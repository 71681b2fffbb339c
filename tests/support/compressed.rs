//! The made organisation with time compressed: an hour of its office passes in a few minutes of the wall, so that windows of minutes hold enough of
//! its days. Everything that an event says of time is compressed alike.
//!
//! Does not know Kafka or who reads.

use cxpulse::event::Kind;
use cxpulse::organisation::{IncidentSettings, Organisation, PlannedIncidents, Profile, Volume};
use cxpulse::time::{EventTime, Span};

/// Large enough for the answers of one team within minutes to say something.
const CONTACTS_PER_HOUR: f64 = 240.0;

/// Where the past ends in the office: Tuesday, 2026-03-03, 10:15 UTC. Always the same, because what chance makes of an incident differs from one
/// day of the office to another by more than an alert's threshold.
const OFFICE_NOW: EventTime = EventTime(1_772_532_900_000);

/// When what happens, on the wall.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Where the past ends.
    pub(crate) now: EventTime,
    /// How many times as fast as on the wall time passes in the office.
    pub(crate) factor: i64,
    /// How much of the past there is, on the wall.
    pub(crate) history: Span,
    /// After `now`, on the wall: when something breaks, and for how long.
    pub(crate) incident: (Span, Span),
}

/// A record to send.
#[derive(Clone, Debug)]
pub(crate) struct Compressed {
    /// What it is about; the topic.
    pub(crate) kind: Kind,
    /// The record's key.
    pub(crate) key: String,
    /// When it happens, on the wall.
    pub(crate) time: EventTime,
    /// The event.
    pub(crate) payload: String,
}

impl Plan {
    /// All that happens, in order of time and without an end; the same at every instant but for the times.
    pub(crate) fn events(self) -> impl Iterator<Item = Compressed> {
        let in_office = |wall: Span| Span(wall.0 * self.factor);
        let (first, length) = (OFFICE_NOW + in_office(self.incident.0), in_office(self.incident.1));
        let planned = PlannedIncidents { first, every: Span::days(365), length };
        let incidents = IncidentSettings { random_per_week: 0.0, planned: Some(planned), ..IncidentSettings::default() };
        // The office opened four hours ago, so that the past holds little of the night.
        let profile = Profile::sized(Volume::ContactsPerHour(CONTACTS_PER_HOUR)).busy_at(OFFICE_NOW - Span::hours(4));
        let profile = Profile { incidents, ..profile };
        let office = Organisation::new(profile, 1, OFFICE_NOW - in_office(self.history));
        office.map(move |event| {
            let time = self.now + Span((event.time - OFFICE_NOW).0.div_euclid(self.factor));
            let payload = String::from_utf8(event.payload).expect("the organisation writes JSON");
            let (before, after) = payload.split_once("\"time\":\"").expect("every event has a time");
            let (_, after) = after.split_once('"').expect("a time ends");
            let payload = format!("{before}\"time\":{},{}", time.0, after.trim_start_matches(','));
            Compressed { kind: event.kind, key: event.key, time, payload: payload.replace(",}", "}") }
        })
    }
}
