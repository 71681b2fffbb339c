//! Shared by the tests here: topics for each test alone, a configuration that names them, and small events.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use cxpulse::event::Kind;

use crate::support::broker::Broker;
use crate::support::exposition::Exposition;
use crate::support::topics::create_topics;

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

/// The wall clock in epoch milliseconds: both the time of sending and the event time of an event that happens now.
#[expect(clippy::disallowed_methods, reason = "events of a live test happen now")]
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock that is set");
    i64::try_from(since.as_millis()).expect("a time in this era")
}

/// A `ticket.created` of a team.
pub(super) fn ticket_created(id: &str, time_ms: i64, team: &str) -> String {
    format!(r#"{{"id":"{id}","type":"ticket.created","time":{time_ms},"ticket_id":"T{id}","channel":"email","team":"{team}"}}"#)
}
