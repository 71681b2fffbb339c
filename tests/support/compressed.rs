//! The synthetic organisation in compressed time: one office hour passes in a few minutes of real time, so that windows of minutes hold enough of its
//! days. All times in an event are compressed alike.
//!
//! Does not know Kafka or the readers.

use cxpulse::event::Kind;
use cxpulse::simulator::{GeneratedEvent, IncidentSettings, Organisation, PlannedIncidents, Profile, Volume};
use cxpulse::time::{EventTime, Span};
use serde_json::{Map, Value};

/// Large enough for one team to have a meaningful number of answers within minutes.
const CONTACTS_PER_HOUR: f64 = 240.0;

/// The office time at which the past ends: Tuesday, 2026-03-03, 10:15 UTC. It is fixed, because the random effect of an incident differs between days
/// by more than the threshold of an alert.
const OFFICE_NOW: EventTime = EventTime(1_772_532_900_000);

/// The times of the past and of the incident, in real time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// The end of the past.
    pub(crate) now: EventTime,
    /// The speed of office time, as a multiple of real time.
    pub(crate) factor: i64,
    /// The length of the past, in real time.
    pub(crate) history: Span,
    /// The begin of the incident after `now` and its length, in real time.
    pub(crate) incident: (Span, Span),
    /// The number of partitions of each topic.
    pub(crate) partitions: i32,
}

/// A record to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Compressed {
    /// The kind of its event, which decides the topic.
    pub(crate) kind: Kind,
    /// The record's key.
    pub(crate) key: String,
    /// The partition of a record that belongs to a partition and not to its key.
    pub(crate) partition: Option<i32>,
    /// Its event time, in real time.
    pub(crate) time: EventTime,
    /// The event.
    pub(crate) payload: String,
}

impl Plan {
    /// All records in the order of their time, without an end. Only their times depend on `now`.
    pub(crate) fn events(self) -> impl Iterator<Item = Compressed> {
        let in_office = |wall: Span| Span(wall.0 * self.factor);
        let (first, length) = (OFFICE_NOW + in_office(self.incident.0), in_office(self.incident.1));
        let planned = PlannedIncidents { first, every: Span::days(365), length, team: None };
        let incidents = IncidentSettings { random_per_week: 0.0, planned: Some(planned), ..IncidentSettings::default() };
        // The organisation begins four hours ago, so that the past holds little of the night.
        let profile = Profile::sized(Volume::ContactsPerHour(CONTACTS_PER_HOUR)).busy_at(OFFICE_NOW - Span::hours(4));
        let profile = Profile { incidents, partitions: self.partitions, ..profile };
        let office = Organisation::new(profile, 1, OFFICE_NOW - in_office(self.history));
        office.map(move |event| {
            let mut members: Map<String, Value> = serde_json::from_slice(&event.payload).expect("the organisation writes JSON");
            for (name, value) in &mut members {
                if name == "time" || name.ends_with("_time") || name.ends_with("_since") {
                    let office: jiff::Timestamp = value.as_str().and_then(|text| text.parse().ok()).expect("an RFC 3339 time");
                    *value = self.compressed(EventTime(office.as_millisecond())).0.into();
                }
            }
            let payload = Value::Object(members).to_string();
            let GeneratedEvent { kind, key, partition, time, .. } = event;
            Compressed { kind, key, partition, time: self.compressed(time), payload }
        })
    }

    /// The real time at which the office has this time.
    fn compressed(self, office: EventTime) -> EventTime {
        self.now + Span((office - OFFICE_NOW).0.div_euclid(self.factor))
    }
}
