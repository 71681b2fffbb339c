//! Laws that the definitions imply: two ways to say the same thing come to the same values. Held against the model alone.

use cxpulse::engine::{Rule, TimeTarget};
use cxpulse::event::Status;
use cxpulse::time::Span;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::config::config;
use super::model::values_of;
use super::outcome::{Arrival, judge};
use super::series::Value;
use super::setup::{Setup, setup};
use super::sheet::Values;
use super::sketch::{Sketch, What, sketch};

/// A Monday at midnight UTC, on every hop's edge.
const BASE: i64 = 1_740_960_000_000;
const MINUTE: i64 = 60_000;
const TOPICS: [&str; 4] = ["ticket", "chat", "survey", "customer"];

/// One event with its time.
type Said = (i64, Json);

/// What sketches come to as events.
fn said(sketches: &[Sketch], step: i64) -> Vec<Said> {
    let event = |(n, sketch): (usize, &Sketch)| {
        let time = BASE + sketch.tick * step + sketch.jitter;
        let plain = Sketch { form: (false, false), ..sketch.clone() };
        (time, serde_json::from_slice(&plain.line(&format!("e{n}"), time, 0)).expect("JSON"))
    };
    sketches.iter().enumerate().map(event).collect()
}

/// Targets short enough to be met and missed, and windows that hold all that the sketches say.
fn set_up() -> Setup {
    let mut setup = setup();
    for topic in &mut setup.topics {
        topic.allowed_lateness = Span::days(10_000);
    }
    let within = |minutes| {
        vec![Rule { conditions: Vec::new(), value: TimeTarget { within: Span::minutes(minutes), share: 0.9, is_business: false } }]
    };
    setup.targets.first_response.rules = within(3);
    setup.targets.resolution.rules = within(10);
    setup.targets.chat_wait.rules = within(2);
    setup.targets.next_response.rules = within(2);
    setup.targets.pauses.resolution = vec![Status::Pending];
    setup.new_matter_after = Some(Span::minutes(8));
    setup
}

/// The values at the latest event, and some time later.
fn values(events: &[Said], setup: &Setup, feed_of: impl Fn(usize) -> usize) -> Vec<Values> {
    let mut events: Vec<(usize, &Said)> = events.iter().enumerate().collect();
    events.sort_by_key(|(_, (time, _))| *time);
    let arrival = |(n, (time, event)): &(usize, &Said)| {
        let mut event = event.clone();
        (event["id"], event["time"]) = (format!("e{n}").into(), (*time).into());
        let noun = event["type"].as_str().and_then(|what| what.split('.').next()).expect("a type");
        let kind = TOPICS.iter().position(|topic| *topic == noun).expect("a known type");
        Arrival { group: 0, topic: kind + 4 * feed_of(*n), line: event.to_string().into_bytes(), record_time: None }
    };
    let arrivals: Vec<Arrival> = events.iter().map(arrival).collect();
    let latest = events.iter().map(|(_, (time, _))| *time).max().unwrap_or(BASE);
    let at = |now| values_of(&judge(&arrivals, setup, now).applied, setup, now);
    vec![at(latest), at(latest + 30 * MINUTE)]
}

/// What differs between two pages of values, the first few.
fn difference(a: &[Values], b: &[Values]) -> Vec<String> {
    let mut out = Vec::new();
    for (a, b) in a.iter().zip(b) {
        for series in a.keys().chain(b.keys()) {
            if a.get(series).and_then(Value::number) != b.get(series).and_then(Value::number)
                && shown(a.get(series)) != shown(b.get(series))
            {
                out.push(format!("{series}: {:?} and {:?}", a.get(series), b.get(series)));
            }
        }
    }
    out.sort_unstable();
    out.dedup();
    out.truncate(8);
    out
}

/// A count of 0 is the same as a group that was never seen.
fn shown(value: Option<&Value>) -> Option<f64> {
    value.and_then(Value::number).filter(|number| *number != 0.0)
}

fn same(a: &[Said], b: &[Said], setup: &Setup) -> Result<(), TestCaseError> {
    let differences = difference(&values(a, setup, |_| 0), &values(b, setup, |_| 0));
    prop_assert!(differences.is_empty(), "{differences:#?}\n{}", told(b));
    Ok(())
}

fn told(events: &[Said]) -> String {
    let mut events: Vec<&Said> = events.iter().collect();
    events.sort_by_key(|(time, _)| *time);
    events.iter().map(|(time, event)| format!("{} {event}\n", time - BASE)).collect()
}

fn no_sets(sketches: Vec<Sketch>) -> Vec<Sketch> {
    sketches.into_iter().filter(|sketch| !matches!(sketch.what, What::Set { .. })).collect()
}

fn some(events: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Sketch>> {
    prop::collection::vec(sketch(), events).prop_map(no_sets)
}

fn is_about(event: &Json, ticket: &str) -> bool {
    event["ticket_id"] == ticket && event["type"].as_str().is_some_and(|what| what.starts_with("ticket."))
}

proptest! {
    #![proptest_config(config("laws"))]

    #[test]
    fn same_snapshot_twice_equals_once(
        sketches in some(2..30),
        status in prop::sample::select(vec!["new", "open", "pending", "solved", "closed", "spam"]),
        (tick, later) in (1..47i64, 0..40i64),
        (awaiting, answered, first) in (prop::option::of(0..9i64), prop::option::of(any::<bool>()), any::<bool>()),
    ) {
        let mut events = said(&sketches, MINUTE);
        // The dimensions of a customer are those at the ticket's last event, which a later snapshot is.
        events.retain(|(_, event)| !event["type"].as_str().is_some_and(|what| what.starts_with("customer.")));
        let time = BASE + tick * MINUTE;
        let mut snapshot = json!({"type": "ticket.snapshot", "ticket_id": "T0", "status": status, "created_time": BASE});
        if let Some(awaiting) = awaiting { snapshot["awaiting_reply_since"] = (time - awaiting * MINUTE).into(); }
        if let Some(answered) = answered { snapshot["answered"] = answered.into(); }
        if first { snapshot["first_response_time"] = (time - MINUTE).into(); }
        events.push((time, snapshot.clone()));
        let next = events.iter().filter(|(at, event)| *at > time && is_about(event, "T0")).map(|(at, _)| *at).min().unwrap_or(i64::MAX);
        // What lies up to 2 s before a creation counts as after it.
        let again = (time + later * MINUTE / 4).min(next.saturating_sub(2_002)).max(time);
        let twice: Vec<Said> = events.iter().cloned().chain([(again, snapshot)]).collect();
        let latest = events.iter().map(|(at, _)| *at).max().unwrap_or(BASE).max(again);
        let nothing = (latest, json!({"type": "customer.touchpoint", "customer_id": "C9", "journey_stage": "use"}));
        let with_nothing = |events: Vec<Said>| events.into_iter().chain([nothing.clone()]).collect::<Vec<_>>();
        same(&with_nothing(events), &with_nothing(twice), &set_up())?;
    }

    #[test]
    fn merging_then_closing_equals_merging(
        sketches in some(2..30),
        (tick, closings) in (1..47i64, prop::collection::vec((0..20i64, 0..3usize), 1..4)),
    ) {
        let merged = BASE + tick * MINUTE + 30_000;
        let mut events = said(&sketches, MINUTE);
        events.retain(|(time, event)| !is_about(event, "T0") || *time < merged - 2_500);
        // Answers about it would be credited to the close.
        events.retain(|(time, event)| event["ticket_id"] != "T0" || *time < merged);
        events.retain(|(_, event)| event["type"] != "ticket.unmerged" && !event["type"].as_str().is_some_and(|what| what.starts_with("customer.")));
        // A snapshot of a ticket that nothing else told of would tell of it.
        events.push((BASE, json!({"type": "ticket.created", "ticket_id": "T0"})));
        events.push((merged, json!({"type": "ticket.merged", "ticket_id": "T0", "into_ticket_id": "T1"})));
        let closed = closings.into_iter().map(|(later, how)| (merged + later * MINUTE, match how {
            0 => json!({"type": "ticket.status_changed", "ticket_id": "T0", "status": "solved"}),
            1 => json!({"type": "ticket.status_changed", "ticket_id": "T0", "status": "closed"}),
            _ => json!({"type": "ticket.snapshot", "ticket_id": "T0", "status": "closed", "created_time": BASE}),
        }));
        let with: Vec<Said> = events.iter().cloned().chain(closed).collect();
        let latest = with.iter().map(|(at, _)| *at).max().expect("an event");
        let nothing = (latest, json!({"type": "customer.touchpoint", "customer_id": "C9", "journey_stage": "use"}));
        let with_nothing = |events: Vec<Said>| events.into_iter().chain([nothing.clone()]).collect::<Vec<_>>();
        same(&with_nothing(events), &with_nothing(with), &set_up())?;
    }

    #[test]
    fn sessions_of_a_chat_add_up_to_separate_chats(
        sketches in some(2..40),
        sessions in prop::collection::vec((0..6i64, any::<bool>()), 1..4),
    ) {
        // Each session has its own stretch of 50 minutes, in which only what happens to R0 and what is asked about it lies.
        let (mut one, mut apart) = (Vec::new(), Vec::new());
        for (n, (start, is_ended)) in sessions.iter().enumerate() {
            let begin = n as i64 * 100 * MINUTE;
            let mut add = |time: i64, event: Json| {
                let rename = |id: &str, own: bool| {
                    let mut event = event.clone();
                    if own && event.get("chat_id").is_some() { event["chat_id"] = id.into(); }
                    if event.get("survey_id").is_some() { event["survey_id"] = format!("{}-{n}", event["survey_id"]).into(); }
                    event
                };
                one.push((begin + time, rename("R0", false)));
                apart.push((begin + time, rename(&format!("R0-{n}"), true)));
            };
            add(BASE + start * MINUTE, json!({"type": "chat.started", "chat_id": "R0", "customer_id": "C1"}));
            for (time, event) in said(&sketches, MINUTE) {
                let is_chat = event["type"].as_str().is_some_and(|what| what.starts_with("chat.") || what.starts_with("survey."));
                if is_chat && event["chat_id"] == "R0" && event["type"] != "chat.started" && event.get("ticket_id").is_none() && time >= BASE + start * MINUTE {
                    add(time, event);
                }
            }
            let end = if *is_ended { "chat.ended" } else { "chat.abandoned" };
            add(BASE + 52 * MINUTE, json!({"type": end, "chat_id": "R0"}));
        }
        same(&one, &apart, &set_up())?;
    }

    #[test]
    fn link_said_when_the_survey_was_sent_equals_the_same_link_said_in_the_answer(
        sketches in some(2..40),
        (sent, answered) in (0..47i64, 0..30i64),
        (ticket, chat, customer) in (prop::option::of(0..3u8), prop::option::of(0..3u8), prop::option::of(0..3u8)),
        (metric, score) in (prop::sample::select(vec!["csat", "nps", "ces"]), 1..=5),
    ) {
        let mut link = json!({});
        if let Some(n) = ticket { link["ticket_id"] = format!("T{n}").into(); }
        if let Some(n) = chat { link["chat_id"] = format!("R{n}").into(); }
        if let Some(n) = customer { link["customer_id"] = format!("C{n}").into(); }
        let with = |event: Json, link: &Json| super::sketch::merge(vec![event, link.clone()]);
        let sending = with(json!({"type": "survey.sent", "survey_id": "SX", "metric": metric, "team": "b"}), &link);
        let answer = json!({"type": "survey.responded", "survey_id": "SX", "metric": metric, "score": score, "direction": "ease"});
        let (sent, answered) = (BASE + sent * MINUTE, BASE + (sent + answered) * MINUTE + 1);
        let events = said(&sketches, MINUTE);
        let all = |answer: Json| events.iter().cloned().chain([(sent, sending.clone()), (answered, answer)]).collect::<Vec<_>>();
        same(&all(answer.clone()), &all(with(answer, &link)), &set_up())?;
    }

    #[test]
    fn feeds_apart_equal_two_processes_merged(first in some(1..30), second in some(1..30)) {
        let mut setup = set_up();
        let topics = setup.topics.clone();
        setup.topics.extend(topics.into_iter().map(|topic| cxpulse::engine::EngineTopic { name: format!("us.{}", topic.name), feed: 1, ..topic }));
        setup.feeds = [[""; 4], ["us"; 4]].concat().into_iter().map(str::to_owned).collect();
        setup.own_customers = vec!["us".to_owned()];
        let (first, second) = (said(&first, MINUTE), said(&second, MINUTE));
        let together: Vec<Said> = first.iter().chain(&second).cloned().collect();
        let latest = together.iter().map(|(at, _)| *at).max().unwrap_or(BASE);
        // Everybody looks at the same instant.
        let nothing = (latest, json!({"type": "customer.touchpoint", "customer_id": "C9", "journey_stage": "use"}));
        let with_nothing = |events: &[Said]| events.iter().cloned().chain([nothing.clone()]).collect::<Vec<_>>();
        let boundary = first.len();
        let whole = values(&with_nothing(&together), &setup, |n| usize::from((boundary..boundary + second.len()).contains(&n)));
        let parts = [values(&with_nothing(&first), &setup, |_| 0), values(&with_nothing(&second), &setup, |_| 0)];
        for (i, whole) in whole.iter().enumerate() {
            for (series, value) in whole {
                // Who only marks the instant is a customer too.
                let is_customers = series.name.starts_with("cx_customers") || series.name.starts_with("cx_journey");
                let is_sum = matches!(value, Value::Count(_)) || (matches!(value, Value::Millis(_)) && series.name.ends_with("_sum"));
                if is_sum && !is_customers {
                    let sum: f64 = parts.iter().filter_map(|part| part[i].get(series).and_then(Value::number)).sum();
                    prop_assert!((sum - value.number().unwrap_or(0.0)).abs() < 1e-6, "{series}: {value:?}, apart {sum}\n{}\n{}", told(&first), told(&second));
                }
            }
        }
    }
}
