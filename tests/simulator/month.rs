//! A month of the organisation at seed 1, as a reader of its records sees it: the histories of tickets and chats, and the surveys.
//!
//! Does not know how the organisation makes them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use cxpulse::event::Kind;
use cxpulse::time::EventTime;
use serde_json::Value;

use crate::{days, id, json};

/// The histories of all tickets, by id.
pub(crate) static TICKETS: LazyLock<BTreeMap<String, Vec<Seen>>> = LazyLock::new(|| histories(Kind::Tickets, "ticket_id"));
/// The histories of all chats and calls, by id. A messenger's id has several chats.
pub(crate) static CHATS: LazyLock<BTreeMap<String, Vec<Seen>>> = LazyLock::new(|| histories(Kind::Chats, "chat_id"));
/// All events about surveys.
pub(crate) static SURVEYS: LazyLock<Vec<Seen>> = LazyLock::new(|| of_kind(Kind::Surveys).collect());

/// An event as its record says it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) time: EventTime,
    pub(crate) key: String,
    pub(crate) json: Value,
}

impl Seen {
    /// Whether it is of this type.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.json["type"] == name
    }

    /// A member that is a text, or nothing.
    pub(crate) fn text(&self, member: &str) -> Option<&str> {
        self.json[member].as_str()
    }

    /// A member that is an instant.
    pub(crate) fn instant(&self, member: &str) -> Option<EventTime> {
        let time: jiff::Timestamp = self.text(member)?.parse().expect("an RFC 3339 time");
        Some(EventTime(time.as_millisecond()))
    }

    /// Whether a person of the desk writes to the customer.
    pub(crate) fn is_reply(&self) -> bool {
        self.text("author") == Some("agent") && self.json["public"] != false && self.json["automated"] != true
    }

    /// Whether the customer writes by hand.
    pub(crate) fn is_by_customer(&self) -> bool {
        self.text("author") == Some("customer") && self.json["automated"] != true
    }

    /// Whether it sets this status.
    pub(crate) fn sets(&self, status: &str) -> bool {
        self.is("ticket.status_changed") && self.text("status") == Some(status)
    }
}

/// The events of a topic, in the order of their records.
pub(crate) fn of_kind(kind: Kind) -> impl Iterator<Item = Seen> {
    days(30, 1).filter(move |emitted| emitted.kind == kind).map(|emitted| Seen {
        json: json(&emitted),
        time: emitted.time,
        key: emitted.key,
    })
}

/// Asserts that a number of occurrences is between these shares of all, so that a rate that has lost or gained its meaning is noticed.
#[track_caller]
pub(crate) fn assert_share(what: &str, count: usize, of: usize, from: f64, to: f64) {
    let share = count as f64 / of as f64;
    assert!((from..=to).contains(&share), "{what}: {count} of {of} is {share:.4}, not between {from} and {to}");
}

fn histories(kind: Kind, member: &str) -> BTreeMap<String, Vec<Seen>> {
    let mut histories = BTreeMap::<_, Vec<Seen>>::new();
    for seen in of_kind(kind) {
        if let Some(id) = id(&seen.json[member]) {
            histories.entry(id).or_default().push(seen);
        }
    }
    histories
}
