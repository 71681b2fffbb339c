//! What real desks do with customers, feeds, and the way through the stages. Worked out by hand.

use cxpulse::engine::{EngineTopic, StageSettings};
use cxpulse::time::Span;
use serde_json::json;

use super::desk::{BASE, DAY, Event, HOUR, answered, created, customer, seen};
use super::outcome::Arrival;
use super::product::Product;
use super::series::Series;
use super::setup::{Setup, setup};

fn staged(names: &[&str], idle: Span) -> Setup {
    let mut setup = setup();
    let stage = |name: &&str| StageSettings { name: (*name).to_owned(), idle_timeout: idle, dwell_target: None };
    setup.journey.stages = names.iter().map(stage).collect();
    setup
}

fn subscription(at: i64, what: &'static str, stage: Option<&str>) -> Event {
    customer(at, what, "C", json!({ "journey_stage": stage }))
}

fn touch(at: i64, stage: &str) -> Event {
    customer(at, "customer.touchpoint", "C", json!({ "journey_stage": stage }))
}

fn merged(at: i64, from: &'static str, into: &str) -> Event {
    customer(at, "customer.merged", from, json!({ "into_customer_id": into }))
}

#[test]
fn cancellation_of_either_of_two_merged_customers_is_the_cancellation_of_both() {
    let events = [
        customer(0, "customer.subscribed", "A", json!({})),
        customer(HOUR, "customer.subscribed", "B", json!({})),
        merged(10 * DAY, "B", "A"),
        customer(11 * DAY, "customer.cancelled", "B", json!({})),
    ];
    seen(&setup(), &events[..2], 9 * DAY).is("cx_customers_active", 2.0);
    seen(&setup(), &events[..3], 10 * DAY + HOUR).is("cx_customers_active", 1.0).is("cx_customers_churned", 0.0);
    seen(&setup(), &events, 12 * DAY)
        .is("cx_customers_active", 0.0)
        .is("cx_customers_active_at_start", 1.0)
        .is("cx_customers_churned", 1.0);
}

#[test]
fn merging_back_and_in_a_chain_makes_one_customer() {
    let subscribed = |id| customer(8 * DAY, "customer.subscribed", id, json!({}));
    let events = [
        customer(0, "customer.subscribed", "of old", json!({})),
        subscribed("A"),
        subscribed("B"),
        subscribed("D"),
        merged(8 * DAY + 60, "A", "B"),
        merged(8 * DAY + 120, "B", "D"),
        merged(8 * DAY + 180, "D", "A"),
    ];
    seen(&setup(), &events[..4], 9 * DAY).is("cx_customers_active", 4.0).is("cx_customers_new", 3.0);
    seen(&setup(), &events, 9 * DAY).is("cx_customers_active", 2.0).is("cx_customers_new", 1.0);
}

#[test]
fn latest_answer_of_merged_customers_counts_once() {
    let answer = |at, id: &'static str, who: &str, score: i64| {
        (at, "survey.responded", id, json!({"metric": "nps", "score": score, "customer_id": who}))
    };
    let events = [answer(0, "S1", "A", 10), answer(60, "S2", "B", 2), merged(120, "A", "B")];
    let score = r#"cx_nps_score{scope="experience"}"#;
    seen(&setup(), &events[..2], 100).is(score, 0.0).is(r#"cx_nps_responses{scope="experience",group="promoter"}"#, 1.0);
    // Whether the merge finds its customers decides nothing: their answers make them known.
    seen(&setup(), &events, 200).is(score, -100.0).is(r#"cx_nps_responses{scope="experience",group="promoter"}"#, 0.0);
}

#[test]
fn ids_of_two_feeds_are_two_and_customers_are_shared_unless_a_feed_says_otherwise() {
    let two = |own: &[&str]| {
        let mut setup = setup();
        let tickets = setup.topics[0].clone();
        setup.engine.topics.push(EngineTopic { name: "tickets-us".to_owned(), feed: 1, ..tickets });
        setup.feeds = ["", "", "", "", "us"].map(str::to_owned).to_vec();
        setup.own_customers = own.iter().map(|feed| (*feed).to_owned()).collect();
        setup.topics.iter_mut().for_each(|topic| topic.allowed_lateness = Span::days(10_000));
        setup
    };
    let event = |id: &str, topic: usize, at: i64, what: &str| {
        let line = json!({"id": id, "type": what, "time": (BASE + at) * 1_000, "ticket_id": "1", "customer_id": "C", "author": "agent"});
        Arrival { group: 0, topic, line: line.to_string().into_bytes(), record_time: None }
    };
    let arrivals = [event("e1", 0, 0, "ticket.created"), event("e2", 4, 60, "ticket.created"), event("e3", 4, 180, "ticket.message")];
    let counts = |setup: &Setup| {
        let now = (BASE + 300) * 1_000;
        let mut product = Product::new(setup, 1);
        for arrival in &arrivals {
            assert_eq!(product.take(arrival), "applied");
        }
        product.reach_ends(1);
        let seen = product.look(now);
        let faults = super::compare::differences(&super::model::values(&arrivals, setup, now), &seen);
        assert!(faults.is_empty(), "{faults:#?}");
        let value = |text: &str| seen.get(&Series::parse(text).expect("a series").0).copied();
        [
            value(r#"cx_tickets_created{window="7d"}"#),
            value(r#"cx_first_response_seconds_sum{window="7d"}"#),
            value("cx_backlog_unanswered_tickets"),
            value(r#"cx_repeat_contacts{window="7d"}"#),
        ]
    };
    assert_eq!(counts(&two(&[])), [2.0, 120.0, 1.0, 1.0].map(Some), "the customer is one");
    assert_eq!(counts(&two(&["us"])), [2.0, 120.0, 1.0, 0.0].map(Some), "each desk numbers its own customers");
}

#[test]
fn merge_in_a_partition_that_knows_neither_customer_is_orphaned_and_changes_nothing() {
    let mut setup = setup();
    setup.topics.iter_mut().for_each(|topic| topic.allowed_lateness = Span::days(10_000));
    let event = |group: i32, at: i64, what: &str, who: &str, into: &str| {
        let line =
            json!({"id": format!("{what}{who}"), "type": what, "time": (BASE + at) * 1_000, "customer_id": who, "into_customer_id": into});
        Arrival { group, topic: 3, line: line.to_string().into_bytes(), record_time: None }
    };
    let merge_in = |group: i32| {
        let mut product = Product::new(&setup, 2);
        let arrivals = [
            event(0, 0, "customer.subscribed", "A", ""),
            event(0, 60, "customer.subscribed", "B", ""),
            event(group, 120, "customer.merged", "B", "A"),
        ];
        for arrival in &arrivals {
            assert_eq!(product.take(arrival), "applied");
        }
        product.reach_ends(2);
        let seen = product.look((BASE + 200) * 1_000);
        let value = |text: &str| seen.get(&Series::parse(text).expect("a series").0).copied().unwrap_or(0.0);
        (value("cx_customers_active"), value(r#"cx_events_orphaned_total{topic="customers"}"#))
    };
    assert_eq!(merge_in(0), (1.0, 0.0));
    assert_eq!(merge_in(1), (2.0, 1.0));
}

#[test]
fn drop_by_idling_is_withdrawn_by_activity_that_is_no_touchpoint() {
    let setup = staged(&["use"], Span::days(2));
    let dropped = r#"cx_journey_dropped{journey_stage="use"}"#;
    let started = subscription(0, "customer.subscribed", Some("use"));
    seen(&setup, std::slice::from_ref(&started), 3 * DAY).is(dropped, 1.0).is(r#"cx_journey_customers{journey_stage="use"}"#, 0.0);
    for activity in ["customer.active", "customer.subscribed"] {
        let events = [started.clone(), subscription(3 * DAY, activity, None)];
        seen(&setup, &events, 4 * DAY).is(dropped, 0.0).is(r#"cx_journey_customers{journey_stage="use"}"#, 1.0);
        // Again idle for two days after it.
        seen(&setup, &events, 5 * DAY).is(dropped, 1.0);
    }
}

#[test]
fn contacts_and_answers_hold_off_a_drop_before_a_cancellation() {
    let setup = staged(&["use"], Span::days(2));
    let dropped = r#"cx_journey_dropped{journey_stage="use"}"#;
    let left = |touched: Option<Event>| {
        let mut events = vec![subscription(0, "customer.subscribed", Some("use"))];
        events.extend(touched);
        events.push(subscription(3 * DAY, "customer.cancelled", None));
        // The window of seven days begins one hour after the end of day two.
        seen(&setup, &events, 9 * DAY + HOUR / 2)
    };
    left(None).is(dropped, 0.0);
    left(Some(created(DAY + HOUR))).is(dropped, 1.0);
    left(Some(answered(DAY + HOUR, json!({"metric": "csat", "score": 4, "customer_id": "C"})))).is(dropped, 1.0);
}

#[test]
fn return_advances_once_for_each_stay_that_it_ends() {
    let setup = staged(&["trial", "use", "renewal"], Span::days(5));
    let advanced = |stage: &str| format!(r#"cx_journey_advanced{{journey_stage="{stage}"}}"#);
    let dropped = r#"cx_journey_dropped{journey_stage="trial"}"#;
    let left = [subscription(0, "customer.subscribed", Some("trial")), subscription(HOUR, "customer.cancelled", None)];
    let returns = |more: &[Event]| seen(&setup, &[&left[..], more].concat(), DAY);
    // The return itself leads on: one advance.
    returns(&[subscription(2 * HOUR, "customer.subscribed", Some("use"))]).is(&advanced("trial"), 1.0).is(dropped, 0.0);
    // Back in the same stage, or in an earlier one: none.
    returns(&[subscription(2 * HOUR, "customer.subscribed", None)]).is(&advanced("trial"), 0.0).is(dropped, 0.0);
    // Moved on without a return: the drop stays.
    returns(&[touch(2 * HOUR, "use")]).is(&advanced("trial"), 0.0).is(dropped, 1.0);
    // To and fro before the return, which ends two stays in the stage: the one that was left, and the later one.
    let to_and_fro = [touch(2 * HOUR, "use"), touch(3 * HOUR, "trial"), subscription(4 * HOUR, "customer.active", Some("use"))];
    returns(&to_and_fro).is(&advanced("trial"), 2.0).is(dropped, 0.0);
    // Two stages further: from the one that was left, and from the one between.
    let further = [touch(2 * HOUR, "use"), touch(3 * HOUR, "renewal"), subscription(4 * HOUR, "customer.subscribed", None)];
    returns(&further).is(&advanced("trial"), 1.0).is(&advanced("use"), 1.0).is(dropped, 0.0);
}

#[test]
fn share_of_moves_that_were_not_made_in_the_window_is_0_where_others_were() {
    let setup = staged(&["trial", "use"], Span::days(100));
    let share = |to: &str| format!(r#"cx_journey_transition_ratio{{from="trial",to="{to}"}}"#);
    let events = [touch(0, "trial"), touch(HOUR, "use"), touch(9 * DAY, "trial"), touch(9 * DAY + HOUR, "limbo")];
    let seen = seen(&setup, &events, 10 * DAY);
    seen.is(&share("limbo"), 1.0).is(&share("use"), 0.0).is(r#"cx_journey_transitions{from="trial",to="use"}"#, 0.0);
    assert_eq!(seen.value(&share("use")), Some(0.0), "it is known, and not absent");
}

#[test]
fn trend_of_nps_stays_where_values_can_be() {
    const IDS: [&str; 8] = ["S0", "S1", "S2", "S3", "S4", "S5", "S6", "S7"];
    let scores = [0, 0, 0, 7, 10, 10, 10, 7];
    let answer = |(n, (id, score)): (usize, (&&'static str, i64))| {
        let at = if n < 4 { 0 } else { 40 * HOUR } + n as i64;
        (at, "survey.responded", *id, json!({"metric": "nps", "score": score, "customer_id": id}))
    };
    let answers: Vec<Event> = IDS.iter().zip(scores).enumerate().map(answer).collect();
    let seen = seen(&setup(), &answers, 41 * HOUR);
    let trend = |bound: &str| seen.value(&format!(r#"cx_trend{bound}{{metric="nps_experience",baseline="7d",window="24h"}}"#));
    // From -75 to 75. With one promoter, one passive and one detractor more, each side has the variance 5/7 - (3/7)^2 = 26/49 over 7, so 1.959964 standard
    // errors of the difference are 76.3137 points: up to 226, which cannot be.
    assert_eq!((trend(""), trend("_upper")), (Some(150.0), Some(200.0)));
    assert!(trend("_lower").is_some_and(|low| (low - 73.6863).abs() < 0.0001), "{:?}", trend("_lower"));
}
