//! Drives the product for these tests: a configuration text and events go in, the values of an exposition come out.

use std::collections::BTreeMap;
use std::io::Write;

use cxpulse::config::{self, Configuration};
use cxpulse::metrics::Exposition;
use cxpulse::time::EventTime;
use serde_json::{Value as Json, json};

use crate::engine_driver::{EngineDriver, GROUP};

pub(super) const MINUTE: i64 = 60_000;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// Monday to Friday, nine to five in Berlin.
pub(super) const OFFICE: &str = r#"
[schedules.office]
zone = "Europe/Berlin"
monday = ["09:00-17:00"]
tuesday = ["09:00-17:00"]
wednesday = ["09:00-17:00"]
thursday = ["09:00-17:00"]
friday = ["09:00-17:00"]
"#;

/// The same with a rule that applies to all contacts.
pub(super) fn open_office() -> String {
    format!("{OFFICE}\n[[schedule_rules]]\nschedule = \"office\"\n")
}

/// The instant of a local time in Berlin, in milliseconds since 1970.
pub(super) fn berlin(local: &str) -> i64 {
    let zoned: jiff::Zoned = format!("{local}[Europe/Berlin]").parse().unwrap();
    zoned.timestamp().as_millisecond()
}

/// The configuration that a text gives.
pub(super) fn configured(text: &str) -> Configuration {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    config::load(Some(file.path()), [], &[]).unwrap_or_else(|e| panic!("{e}")).configuration
}

/// A running product.
pub(super) struct Desk {
    driver: EngineDriver,
    exposition: Exposition,
}

/// The values that it exports.
#[derive(Debug, PartialEq)]
pub(super) struct Seen(BTreeMap<String, f64>);

impl Desk {
    pub(super) fn new(text: &str) -> Self {
        let mut configuration = configured(text);
        for topic in &mut configuration.engine.topics {
            topic.allowed_lateness = cxpulse::time::Span::days(60);
        }
        let exposition = Exposition::new(&configuration);
        Self { driver: EngineDriver::new(configuration), exposition }
    }

    /// Takes events, each with its time in milliseconds.
    pub(super) fn with(mut self, events: &[(i64, Json)]) -> Self {
        events.iter().for_each(|(at, event)| self.take(*at, event));
        self
    }

    /// Takes one event.
    pub(super) fn take(&mut self, at: i64, event: &Json) {
        let noun = event["type"].as_str().unwrap().split('.').next().unwrap();
        let topic = ["ticket", "chat", "survey", "customer"].iter().position(|t| *t == noun).unwrap();
        let mut event = event.clone();
        event["time"] = at.into();
        if event.get("id").is_none() {
            event["id"] = format!("e{}", self.driver.offset).into();
        }
        let line = event.to_string().into_bytes();
        assert_eq!(self.driver.take(u8::try_from(topic).unwrap(), &line).name(), "applied", "{event}");
    }

    /// Goes on with the targets and limits of another configuration.
    pub(super) fn change(&mut self, text: &str) {
        let configuration = configured(text);
        self.driver.engine.change_settings(&configuration.engine);
        self.exposition = Exposition::new(&configuration);
    }

    /// Moves `now` and gives the values. Then revokes and assigns the partition group again, which must change no value.
    pub(super) fn look(&mut self, now: i64) -> Seen {
        self.driver.engine.advance_to(EventTime(now));
        let seen = self.render();
        self.driver.engine.revoke(GROUP);
        self.driver.engine.assign(GROUP);
        assert_eq!(self.render(), seen);
        seen
    }

    fn render(&mut self) -> Seen {
        let mut text = String::new();
        self.exposition.render(&self.driver.engine.snapshot(), &mut text);
        let mut values = BTreeMap::new();
        let mut names: Vec<&str> = Vec::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("# HELP ") {
                let name = name.split(' ').next().unwrap();
                assert!(!names.contains(&name), "{name} is declared twice");
                names.push(name);
            } else if !line.starts_with('#') {
                let (series, value) = line.rsplit_once(' ').unwrap();
                assert!(values.insert(series.to_owned(), value.parse().unwrap()).is_none(), "{series} twice");
            }
        }
        Seen(values)
    }
}

impl Seen {
    #[track_caller]
    pub(super) fn is(&self, series: &str, wanted: f64) -> &Self {
        let got = self.value(series);
        assert!(got.is_some_and(|got| (got - wanted).abs() <= 1e-9 * wanted.abs().max(1.0)), "{series}: {got:?}, not {wanted}");
        self
    }

    /// Checks a pair of counts over 30 days: the contacts that met a target, and all that are decided.
    #[track_caller]
    pub(super) fn decided(&self, what: &str, within: i64, decided: i64) -> &Self {
        self.is(&format!("cx_{what}_within_target{{window=\"30d\"}}"), within as f64);
        self.is(&format!("cx_{what}_target_decided{{window=\"30d\"}}"), decided as f64)
    }

    #[track_caller]
    pub(super) fn lacks(&self, series: &str) -> &Self {
        assert_eq!(self.value(series), None, "{series}");
        self
    }

    pub(super) fn value(&self, series: &str) -> Option<f64> {
        self.0.get(series).copied()
    }

    /// The differences from other values in counts, ratios and durations of contacts. A 0 equals an absent series: a label set that was seen for a
    /// moment stays at 0, and the order of arrival decides which label sets are.
    pub(super) fn difference<'a>(&'a self, other: &'a Self) -> Vec<(&'a str, Option<f64>, Option<f64>)> {
        let subjects = ["cx_first_response", "cx_resolution", "cx_chat", "cx_csat", "cx_backlog", "cx_target_gap"];
        let names = self.0.keys().chain(other.0.keys()).filter(|series| subjects.iter().any(|subject| series.starts_with(subject)));
        let of = |seen: &Self, series: &str| seen.value(series).filter(|value| *value != 0.0);
        names.map(|series| (series.as_str(), of(self, series), of(other, series))).filter(|(_, a, b)| a != b).collect()
    }

    /// The series whose names begin with `start`.
    pub(super) fn named(&self, start: &str) -> Vec<&str> {
        self.0.keys().map(String::as_str).filter(|series| series.starts_with(start)).collect()
    }
}

pub(super) fn created(ticket: &str) -> Json {
    json!({"type": "ticket.created", "ticket_id": ticket})
}

pub(super) fn says(ticket: &str, author: &str) -> Json {
    json!({"type": "ticket.message", "ticket_id": ticket, "author": author})
}

pub(super) fn status(ticket: &str, status: &str) -> Json {
    json!({"type": "ticket.status_changed", "ticket_id": ticket, "status": status})
}

pub(super) fn chat(chat: &str, what: &str) -> Json {
    json!({"type": format!("chat.{what}"), "chat_id": chat})
}

pub(super) fn rated(ticket: &str, score: i64) -> Json {
    json!({"type": "survey.responded", "metric": "csat", "score": score, "ticket_id": ticket})
}

pub(super) fn with(mut event: Json, member: &str, value: &str) -> Json {
    event[member] = value.into();
    event
}
