//! What real desks do: a driver for worked cases. The numbers of a case are worked out by hand, and held against the model and the product alike.

use cxpulse::engine::{Rule, Ruled, TimeTarget};
use cxpulse::time::Span;
use serde_json::{Value as Json, json};

use super::compare::differences;
use super::model::values_of;
use super::outcome::{Arrival, judge};
use super::product::Product;
use super::series::{Series, Value};
use super::setup::{Setup, setup};
use super::sheet::Values;

/// A Monday at midnight UTC, in seconds.
pub(crate) const BASE: i64 = 1_740_960_000;
pub(crate) const MINUTE: i64 = 60;
pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 86_400;

/// An event: its time in seconds after `BASE`, its type, what it is about (`""` for nothing), and further members.
pub(crate) type Event = (i64, &'static str, &'static str, Json);

/// The values at an instant.
pub(crate) struct Seen(Values);

/// The values at an instant, in seconds after `BASE`. The product must have what the model has, in the order of time and in the opposite one.
#[track_caller]
pub(crate) fn seen(setup: &Setup, events: &[Event], now: i64) -> Seen {
    let mut events: Vec<(usize, &Event)> = events.iter().enumerate().collect();
    events.sort_by_key(|(_, (at, ..))| *at);
    let arrival = |(n, (at, what, id, members)): (usize, &Event)| {
        let noun = what.split('.').next().expect("a type");
        let topic = ["ticket", "chat", "survey", "customer"].iter().position(|topic| *topic == noun).expect("a known type");
        let mut event = json!({"id": format!("e{n}"), "type": what, "time": (BASE + at) * 1_000, format!("{noun}_id"): id});
        event.as_object_mut().expect("an object").extend(members.as_object().cloned().unwrap_or_default());
        Arrival { group: 0, topic, line: event.to_string().into_bytes(), record_time: None }
    };
    let mut arrivals: Vec<Arrival> = events.into_iter().map(arrival).collect();
    let now = (BASE + now) * 1_000;
    let mut setup = setup.clone();
    setup.topics.iter_mut().for_each(|topic| topic.allowed_lateness = Span::days(10_000));
    let in_order = both(&arrivals, &setup, now);
    arrivals.reverse();
    both(&arrivals, &setup, now);
    Seen(in_order)
}

/// What the model has; the product has the same.
#[track_caller]
fn both(arrivals: &[Arrival], setup: &Setup, now: i64) -> Values {
    let judged = judge(arrivals, setup, now);
    assert!(judged.outcomes.iter().all(|outcome| *outcome == "applied"), "{:?} {:?}", judged.outcomes, judged.ledger.reasons);
    assert_eq!(judged.outcomes.len(), arrivals.len(), "an event lies after the instant");
    let expected = values_of(&judged.applied, setup, now);
    let mut product = Product::new(setup, 1);
    for arrival in arrivals {
        assert_eq!(product.take(arrival), "applied");
    }
    product.reach_ends(1);
    let faults = differences(&expected, &product.look(now));
    assert!(faults.is_empty(), "the product differs from the model: {faults:#?}");
    expected
}

impl Seen {
    /// A series of the window of 7 days; a label set that was never seen counts 0.
    #[track_caller]
    pub(crate) fn is(&self, series: &str, want: f64) -> &Self {
        let got = self.value(series).unwrap_or(0.0);
        assert!((got - want).abs() < 1e-9, "{series}: {got}, not {want}");
        self
    }

    /// A series that must be absent.
    #[track_caller]
    pub(crate) fn lacks(&self, series: &str) -> &Self {
        assert_eq!(self.value(series), None, "{series}");
        self
    }

    /// The value of a series of the window of 7 days, or of now.
    pub(crate) fn value(&self, series: &str) -> Option<f64> {
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let comma = if labels == "}" { "" } else { "," };
        let with_window = format!("{name}{{window=\"7d\"{comma}{labels}");
        let find = |text: &str| self.0.get(&Series::parse(text).expect("a series").0).and_then(Value::number);
        find(&with_window).or_else(|| find(series))
    }
}

/// A target of so many minutes.
pub(crate) fn within(minutes: i64) -> Ruled<TimeTarget> {
    let value = TimeTarget { within: Span::minutes(minutes), share: 0.9, is_business: false };
    Ruled { rules: vec![Rule { conditions: Vec::new(), value }] }
}

/// One hour for a first response, a next one and a chat; eight hours for a resolution.
pub(crate) fn with_targets() -> Setup {
    let mut setup = setup();
    setup.targets.first_response = within(60);
    setup.targets.chat_wait = within(60);
    setup.targets.resolution = within(480);
    setup.targets.next_response = within(60);
    setup
}

/// A ticket of customer C and team a.
pub(crate) fn created(at: i64) -> Event {
    (at, "ticket.created", "T", json!({"customer_id": "C", "team": "a"}))
}

/// A message on the ticket.
pub(crate) fn says(at: i64, author: &str) -> Event {
    (at, "ticket.message", "T", json!({ "author": author }))
}

/// A status of the ticket.
pub(crate) fn status(at: i64, status: &str) -> Event {
    (at, "ticket.status_changed", "T", json!({ "status": status }))
}

/// Something else about the ticket.
pub(crate) fn on_ticket(at: i64, what: &'static str, members: Json) -> Event {
    (at, what, "T", members)
}

/// Something about the chat.
pub(crate) fn in_chat(at: i64, what: &'static str, members: Json) -> Event {
    (at, what, "R", members)
}

/// A sending of a survey.
pub(crate) fn sent(at: i64, members: Json) -> Event {
    (at, "survey.sent", "S", members)
}

/// An answer that names its survey.
pub(crate) fn answered(at: i64, members: Json) -> Event {
    (at, "survey.responded", "S", members)
}

/// An answer that names no survey.
pub(crate) fn answered_plainly(at: i64, members: Json) -> Event {
    (at, "survey.responded", "", members)
}

/// Something about a customer.
pub(crate) fn customer(at: i64, what: &'static str, id: &'static str, members: Json) -> Event {
    (at, what, id, members)
}
