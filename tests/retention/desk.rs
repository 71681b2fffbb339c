//! Drives the product for these tests: takes events at times after the start, with every log read to its end.

use cxpulse::config;
use cxpulse::engine::Outcome;
use cxpulse::metrics::Exposition;
use cxpulse::time::{EventTime, Span};

use crate::support::engine_driver::{EngineDriver, GROUP};

/// 2026-03-01T00:00:00Z.
pub(crate) const START: EventTime = EventTime(1_772_323_200_000);
pub(crate) const TICKETS: u8 = 0;
pub(crate) const CHATS: u8 = 1;
pub(crate) const SURVEYS: u8 = 2;
pub(crate) const CUSTOMERS: u8 = 3;

pub(crate) struct Desk {
    pub(crate) driver: EngineDriver,
}

impl Desk {
    pub(crate) fn new(overrides: &[(&str, &str)]) -> Self {
        let overrides: Vec<_> = overrides.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let configuration = config::load(None, Vec::new(), &overrides).unwrap_or_else(|error| panic!("{error}")).configuration;
        Self { driver: EngineDriver::at_end(configuration, START) }
    }

    pub(crate) fn tell(&mut self, topic: u8, after: Span, kind: &str, members: &str) {
        let text = format!(r#"{{"id":"e{}","type":"{kind}","time":{},{members}}}"#, self.driver.offset, (START + after).0);
        assert_eq!(self.driver.take(topic, text.as_bytes()), Outcome::Applied, "{text}");
    }

    pub(crate) fn open(&mut self, after: Span, id: &str) {
        self.tell(TICKETS, after, "ticket.created", &format!(r#""ticket_id":"{id}""#));
    }

    pub(crate) fn solve(&mut self, after: Span, id: &str) {
        self.tell(TICKETS, after, "ticket.status_changed", &format!(r#""ticket_id":"{id}","status":"solved""#));
    }

    /// Opens a ticket of a team.
    pub(crate) fn open_for(&mut self, after: Span, id: &str, team: &str) {
        self.tell(TICKETS, after, "ticket.created", &format!(r#""ticket_id":"{id}","team":"{team}""#));
    }

    /// The value of a series, or 0 if it is absent.
    pub(crate) fn value(&mut self, series: &str) -> f64 {
        self.shown(series).unwrap_or(0.0)
    }

    /// The value of a series, if it is shown.
    pub(crate) fn shown(&mut self, series: &str) -> Option<f64> {
        let text = self.text();
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.map(|value| value.parse().unwrap())
    }

    /// The size of the stored state.
    pub(crate) fn stored_bytes(&mut self) -> usize {
        self.driver.engine.store(GROUP).unwrap().into_bytes(Vec::new()).len()
    }

    /// The whole exposition.
    pub(crate) fn text(&mut self) -> String {
        let mut text = String::new();
        Exposition::new(&self.driver.configuration).render(&self.driver.engine.snapshot(), &mut text);
        text
    }
}
