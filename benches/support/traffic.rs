//! Generated traffic for benches of the engine: tickets from creation to solution, some with a rated survey, in the order of their times or with delays,
//! over any number of label sets. An event has about 250 bytes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use cxpulse::config::{Configuration, parse_span};
use cxpulse::engine::{Engine, Outcome, WindowSettings};
use cxpulse::event::{Record, decode};
use cxpulse::time::{EventTime, Span};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use engine_driver::EngineDriver;

#[allow(dead_code, reason = "shared with tests that drive an engine in other ways")]
#[path = "../../tests/support/engine_driver.rs"]
mod engine_driver;

/// Monday, 2026-03-02, 00:00 UTC.
pub(crate) const START: EventTime = EventTime(1_772_409_600_000);
/// The events of one ticket.
pub(crate) const EVENTS_OF_A_TICKET: u64 = 10;

/// The size and shape of the traffic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traffic {
    /// The number of tickets.
    pub(crate) tickets: u64,
    /// The number of customers who have the tickets.
    pub(crate) customers: u64,
    /// The number of pairs of team and channel. A team has two channels, or ten from a hundred pairs on.
    pub(crate) label_sets: u64,
    /// The span over which the creations of the tickets are spread.
    pub(crate) over: Span,
    /// The longest delay between the time of an event and its arrival.
    pub(crate) delay_max: Span,
}

/// One line of a topic.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// 0 for tickets or 2 for surveys, as in the default configuration.
    pub(crate) topic: u8,
    /// The payload of the record.
    pub(crate) payload: String,
}

impl Traffic {
    /// The lines in the order of their arrival.
    pub(crate) fn lines(self) -> impl Iterator<Item = Line> {
        let mut random = ChaCha8Rng::seed_from_u64(11);
        let mut due: BinaryHeap<Reverse<(i64, i64, u64, u64)>> = BinaryHeap::new();
        let mut begun: u64 = 0;
        let start_of = move |ticket: u64| START.0 + ticket as i64 * self.over.0 / self.tickets as i64;
        std::iter::from_fn(move || {
            // No event of a ticket arrives before the time of its creation.
            while begun < self.tickets && due.peek().is_none_or(|Reverse((arrives, ..))| start_of(begun) <= *arrives) {
                let mut time = start_of(begun);
                for step in 0..EVENTS_OF_A_TICKET {
                    let delay = if self.delay_max.0 > 0 { random.random_range(0..self.delay_max.0) } else { 0 };
                    due.push(Reverse((time + delay, time, begun, step)));
                    time += random.random_range(60_000..40 * 60_000);
                }
                begun += 1;
            }
            let Reverse((_, time, ticket, step)) = due.pop()?;
            Some(self.line(time, ticket, step, &mut random))
        })
    }

    fn line(self, time: i64, ticket: u64, step: u64, random: &mut impl Rng) -> Line {
        let customer = (ticket.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) % self.customers;
        let channels = if self.label_sets < 100 { 2 } else { 10 };
        let set = (ticket.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 24) % self.label_sets;
        let (team, channel) = (set / channels, set % channels);
        let (topic, what, members) = match step {
            0 => (0, "ticket.created", r#""created_by":"customer""#.to_owned()),
            1 | 4 | 6 => (0, "ticket.message", r#""author":"agent","public":true"#.to_owned()),
            2 => (0, "ticket.status_changed", r#""status":"pending""#.to_owned()),
            3 | 5 => (0, "ticket.message", r#""author":"customer","public":true"#.to_owned()),
            7 => (0, "ticket.status_changed", r#""status":"solved""#.to_owned()),
            8 => (2, "survey.sent", format!(r#""metric":"csat","survey_id":"survey-{ticket:010}""#)),
            _ if ticket.is_multiple_of(10) => (
                2,
                "survey.responded",
                format!(r#""metric":"csat","survey_id":"survey-{ticket:010}","score":{}"#, random.random_range(1..6)),
            ),
            _ => (0, "ticket.assigned", r#""agent_id":"agent-0417""#.to_owned()),
        };
        let payload = format!(
            r#"{{"id":"evt-{ticket:010}-{step}","type":"{what}","time":{time},"source":"desk","ticket_id":"ticket-{ticket:010}","customer_id":"customer-{customer:08}","channel":"channel-{channel}","team":"team-{team:04}","priority":"normal",{members},"subject_length":42}}"#
        );
        Line { topic, payload }
    }
}

/// The default configuration with these windows, and room for every team.
pub(crate) fn configuration(windows: &[(&str, &str)]) -> Configuration {
    let mut configuration = Configuration::default();
    if !windows.is_empty() {
        let span = |text: &str| parse_span(text).unwrap_or_else(|| panic!("`{text}` is no span"));
        let of = |(range, hop): &(&str, &str)| WindowSettings { name: (*range).to_owned(), range: span(range), hop: span(hop) };
        configuration.engine.windows = windows.iter().map(of).collect();
        configuration.engine.trends.clear();
    }
    configuration.engine.dimensions.iter_mut().for_each(|dimension| dimension.values_max = 2_000);
    configuration.engine.limits.cells_max = 10_000_000;
    configuration
}

/// An engine that has read its logs to their ends and takes lines of the traffic.
pub(crate) struct TrafficEngine(EngineDriver);

impl TrafficEngine {
    /// An engine without any events.
    pub(crate) fn new(configuration: Configuration) -> Self {
        Self(EngineDriver::at_end(configuration, START))
    }

    /// The engine.
    pub(crate) fn engine(&mut self) -> &mut Engine {
        &mut self.0.engine
    }

    /// Decodes a line and hands it to the engine.
    pub(crate) fn take(&mut self, line: &Line) {
        let outcome = self.0.take(line.topic, line.payload.as_bytes());
        debug_assert!(!matches!(outcome, Outcome::Invalid(_) | Outcome::Ignored), "{outcome:?}: {}", line.payload);
    }

    /// Decodes a line and drops the result.
    pub(crate) fn decode_only(&self, line: &Line) {
        let configuration = &self.0.configuration;
        let record = Record { payload: Some(line.payload.as_bytes()), offset: 1, ..Record::default() };
        std::hint::black_box(decode(record, &configuration.topics[usize::from(line.topic)], &configuration.decode));
    }
}
