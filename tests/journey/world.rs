//! Decoder, engine and exposition, wired as in production, but without Kafka.

use cxpulse::config;
use cxpulse::engine::{Outcome, Progress};
use cxpulse::metrics::Exposition;
use cxpulse::time::EventTime;

use crate::engine_driver::{EngineDriver, GROUP, assign};
use crate::exposition::Exposition as Scrape;

pub(crate) const HOUR: i64 = 3_600_000;
pub(crate) const DAY: i64 = 24 * HOUR;

/// Four stages with the idle time-outs on which the cases rely.
pub(crate) const STAGES: &str = r#"[
    { name = "awareness", idle_timeout = "2d", dwell_target = "1d" },
    { name = "trial", idle_timeout = "5d", dwell_target = "2d" },
    { name = "use", idle_timeout = "10d" },
    { name = "renewal", idle_timeout = "3d", dwell_target = "12h" },
]"#;

/// The product with one partition group.
pub(crate) struct World {
    driver: EngineDriver,
    exposition: Exposition,
}

impl World {
    /// The default configuration with these stages, which accepts events of any age.
    pub(crate) fn new() -> Self {
        Self::with(&[("journey.stages", STAGES)], "3000d")
    }

    /// The default configuration with some flags and an allowed lateness.
    pub(crate) fn with(flags: &[(&str, &str)], lateness: &str) -> Self {
        let topic = |kind: &str| format!("{{ name = \"{kind}\", kind = \"{kind}\", allowed_lateness = \"{lateness}\" }}");
        let topics = format!("[{}]", ["tickets", "chats", "surveys", "customers"].map(topic).join(", "));
        let mut all = vec![("topics".to_owned(), topics)];
        all.extend(flags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        let configuration = config::load(None, [], &all).unwrap_or_else(|e| panic!("{e}")).configuration;
        let exposition = Exposition::new(&configuration);
        let mut world = Self { driver: EngineDriver::new(configuration), exposition };
        world.assign();
        world
    }

    /// Takes an event: its type, its time in milliseconds, and further members as JSON.
    pub(crate) fn take(&mut self, what: &str, at: i64, members: &str) {
        let topic = ["ticket", "chat", "survey", "customer"].iter().position(|kind| what.starts_with(kind)).unwrap();
        let gap = if members.is_empty() { "" } else { "," };
        let line = format!("{{\"id\":\"e{}\",\"type\":\"{what}\",\"time\":{at}{gap}{members}}}", self.driver.offset);
        assert_eq!(self.driver.take(topic as u8, line.as_bytes()), Outcome::Applied, "{line}");
    }

    /// A touchpoint of a customer in a stage.
    pub(crate) fn touch(&mut self, customer: &str, at: i64, stage: &str) {
        self.take("customer.touchpoint", at, &format!(r#""customer_id":"{customer}","journey_stage":"{stage}""#));
    }

    /// An event that names only its customer.
    pub(crate) fn customer(&mut self, what: &str, customer: &str, at: i64) {
        self.take(&format!("customer.{what}"), at, &format!(r#""customer_id":"{customer}""#));
    }

    /// A ticket that a customer creates.
    pub(crate) fn ticket(&mut self, ticket: &str, customer: &str, at: i64) {
        self.take("ticket.created", at, &format!(r#""ticket_id":"{ticket}","customer_id":"{customer}""#));
    }

    /// A change of a ticket's status.
    pub(crate) fn status(&mut self, ticket: &str, at: i64, status: &str) {
        self.take("ticket.status_changed", at, &format!(r#""ticket_id":"{ticket}","status":"{status}""#));
    }

    /// A customer's answer to a survey.
    pub(crate) fn answer(&mut self, survey: &str, customer: &str, at: i64, metric: &str, score: i64) {
        let direction = if metric == "ces" { r#","direction":"effort""# } else { "" };
        let members = format!(r#""survey_id":"{survey}","customer_id":"{customer}","metric":"{metric}","score":{score}{direction}"#);
        self.take("survey.responded", at, &members);
    }

    /// Revokes the partition group and assigns it again.
    pub(crate) fn hand_over(&mut self) {
        self.driver.engine.revoke(GROUP);
        self.assign();
    }

    /// The exposition at an instant.
    pub(crate) fn look(&mut self, now: i64) -> Scrape {
        self.driver.engine.advance_to(EventTime(now));
        let mut text = String::new();
        self.exposition.render(&self.driver.engine.snapshot(), &mut text);
        Scrape::parse(&text)
    }

    /// Assigns the group with all logs read to their ends, so that a topic without events does not hold back the time of the others.
    fn assign(&mut self) {
        let progress = Progress { at_end: true, seen_through: EventTime(0) };
        assign(&mut self.driver.engine, &self.driver.configuration, GROUP, Some(progress));
    }
}

/// The value of `cx_journey_NAME` of a stage over a window.
pub(crate) fn of_stage(scrape: &Scrape, name: &str, stage: &str, window: &str) -> Option<f64> {
    scrape.with_labels(&format!("cx_journey_{name}"), &[("journey_stage", stage), ("window", window)])
}

/// The number of customers in a stage.
pub(crate) fn customers_in(scrape: &Scrape, stage: &str) -> Option<f64> {
    scrape.with_labels("cx_journey_customers", &[("journey_stage", stage)])
}
