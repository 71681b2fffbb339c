//! Shared by the tests here: topics for each test alone, a configuration that names them, and small events.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use cxpulse::event::Kind;

use crate::support::broker::Broker;
use crate::support::exposition::Exposition;
use crate::support::service::{PATIENCE, Service};
use crate::support::topics::{Producer, create_topics};

pub(super) const HOUR_MS: i64 = 3_600_000;
pub(super) const DAY_MS: i64 = 24 * HOUR_MS;

/// Topics of one test.
#[derive(Clone, Debug)]
pub(super) struct Topics {
    pub(super) tickets: String,
    pub(super) chats: String,
    pub(super) surveys: String,
    pub(super) customers: String,
}

impl Topics {
    /// Names that no other test has.
    pub(super) fn named() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = |kind: &str| format!("{kind}-{number}");
        Self { tickets: name("tickets"), chats: name("chats"), surveys: name("surveys"), customers: name("customers") }
    }

    /// The topics that every configuration has by default; for one test only.
    pub(super) fn create_default(broker: &Broker, partitions: i32) -> Self {
        let [tickets, chats, surveys, customers] = Kind::ALL.map(|kind| kind.name().to_owned());
        let topics = Self { tickets, chats, surveys, customers };
        topics.create_named(broker, partitions);
        topics
    }

    /// Topics that exist, each with this many partitions.
    pub(super) fn create(broker: &Broker, partitions: i32) -> Self {
        let topics = Self::named();
        topics.create_named(broker, partitions);
        topics
    }

    /// Creates the named topics.
    pub(super) fn create_named(&self, broker: &Broker, partitions: i32) {
        create_topics(&broker.servers(), &[&self.tickets, &self.chats, &self.surveys, &self.customers], partitions);
    }

    /// The topic of this test for the records of a kind in a data set.
    pub(super) fn of(&self, kind: &str) -> &str {
        match kind {
            "tickets" => &self.tickets,
            "chats" => &self.chats,
            "surveys" => &self.surveys,
            "customers" => &self.customers,
            _ => panic!("no topic carries `{kind}`"),
        }
    }

    /// The number of records of these topics that have an outcome.
    pub(super) fn consumed(&self, seen: &Exposition) -> u64 {
        seen.family("cx_ledger_records").map(|(_, count)| count as u64).sum()
    }

    /// The configuration of a service that reads these topics, in a group named after them.
    pub(super) fn configuration(&self, servers: &str, run: &str, kafka: &str) -> String {
        let mut text = format!(
            "[kafka]
bootstrap_servers = \"{servers}\"
group_id = \"group-of-{}\"
{kafka}
[run]
{run}
",
            self.tickets
        );
        for kind in Kind::ALL {
            let _infallible = writeln!(text, "[[topics]]\nname = \"{}\"\nkind = \"{}\"", self.of(kind.name()), kind.name());
        }
        text
    }
}

/// A service that has read the topics to their end, and whose count of a series is at least this.
pub(super) fn ready_service(configuration: &str, series: &str, count: u64) -> Service {
    let mut service = Service::start(configuration);
    service.wait_for_count(series, count, PATIENCE);
    service.wait_until_ready();
    service
}

/// The share of a window that is covered.
pub(super) fn coverage(service: &Service, window: &str) -> Option<f64> {
    service.scrape().with_labels("cx_window_coverage_ratio", &[("window", window)])
}

/// Sends a first chat, since which the feed counts as known: where that is long ago, windows are covered as far as the logs are.
pub(super) fn begin_feed(producer: &Producer, topics: &Topics, time_ms: i64) {
    let chat = format!(r#"{{"id":"first","type":"chat.started","time":{time_ms},"chat_id":"C1","channel":"web"}}"#);
    producer.send_to(&topics.chats, 0, time_ms, Some(chat.as_bytes()));
    producer.flush();
}

/// Sends tickets with these numbers and this time to the first partition.
pub(super) fn send_tickets(producer: &Producer, topics: &Topics, numbers: Range<u32>, time_ms: i64) {
    for number in numbers {
        let event = ticket_created(&number.to_string(), time_ms, "a");
        producer.send_to(&topics.tickets, 0, time_ms, Some(event.as_bytes()));
    }
    producer.flush();
}

/// Sends tickets of now with these numbers, one customer each, so that every partition gets some.
pub(super) fn send_keyed_tickets(producer: &Producer, topics: &Topics, numbers: Range<u32>) {
    let now = now_ms();
    for number in numbers {
        let id = number.to_string();
        producer.send_keyed(&topics.tickets, &id, now, &ticket_created(&id, now, "a"));
    }
    producer.flush();
}

/// The wall clock in epoch milliseconds: both the time of sending and the event time of an event that happens now.
#[expect(clippy::disallowed_methods, reason = "events of a live test happen now")]
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock that is set");
    i64::try_from(since.as_millis()).expect("a time in this era")
}

/// The same in whole seconds, as Prometheus is asked for instants.
pub(super) fn seconds_now() -> u64 {
    now_ms().unsigned_abs() / 1_000
}

/// A `ticket.created` of a team.
pub(super) fn ticket_created(id: &str, time_ms: i64, team: &str) -> String {
    format!(r#"{{"id":"{id}","type":"ticket.created","time":{time_ms},"ticket_id":"T{id}","channel":"email","team":"{team}"}}"#)
}
