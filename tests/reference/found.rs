//! What random sequences found, as small as it goes: each was once a difference between the product and the model, or between two readers of one
//! definition.

use serde_json::Value as Json;

use super::compare::{Act, Scenario};
use super::outcome::Arrival;
use super::setup::{dimension, setup};

/// A Monday at midnight UTC.
const BASE: i64 = 1_740_960_000;

/// The product agrees with the model after every one of these records, which arrive in this order; `at` is in seconds after `BASE`.
#[track_caller]
fn agrees(sets: &[&[&str]], records: &[(i64, &str)]) {
    let mut settings = setup();
    settings.grouping_sets = sets.iter().map(|set| set.iter().map(|d| dimension(d)).collect()).collect();
    let mut acts = Vec::new();
    for (n, (at, members)) in records.iter().enumerate() {
        acts.extend([Act::Arrive(arrival(n, *at, members)), Act::Look(0)]);
    }
    for settles in [false, true] {
        let scenario = Scenario { settings: settings.clone(), groups: 1, settles, acts: acts.clone() };
        scenario.check().unwrap_or_else(|why| panic!("{why}"));
    }
}

/// The record number `n`.
fn arrival(n: usize, at: i64, members: &str) -> Arrival {
    let topics = ["ticket", "chat", "survey", "customer"];
    let mut event: Json = serde_json::from_str(members).expect("JSON");
    event["id"] = format!("e{n}").into();
    event["time"] = ((BASE + at) * 1_000).into();
    let noun = event["type"].as_str().and_then(|what| what.split('.').next()).expect("a type");
    let topic = topics.iter().position(|t| *t == noun).expect("a known type");
    Arrival { group: 0, topic, line: event.to_string().into_bytes(), record_time: None }
}

#[test]
fn survey_read_before_its_chat_gets_the_chats_dimensions() {
    let answer = r#"{"type":"survey.responded","chat_id":"R","metric":"csat","score":1}"#;
    let started = r#"{"type":"chat.started","chat_id":"R","team":"a","journey_stage":"trial"}"#;
    agrees(&[&["team"]], &[(18, answer), (0, started)]);
}

#[test]
fn dimension_of_the_contact_is_not_inherited_from_the_customer() {
    let touched = r#"{"type":"customer.touchpoint","customer_id":"C","journey_stage":"use","channel":"email","team":"a"}"#;
    let sent = r#"{"type":"survey.sent","survey_id":"S","customer_id":"C","metric":"csat"}"#;
    let created = r#"{"type":"ticket.created","ticket_id":"T","customer_id":"C"}"#;
    agrees(&[&["team"], &["channel"]], &[(0, touched), (1, sent), (2, created)]);
}

#[test]
fn backlog_is_grouped_by_the_customers_dimensions_at_the_last_event() {
    let active = r#"{"type":"customer.active","customer_id":"C","segment":"home"}"#;
    let created = r#"{"type":"ticket.created","ticket_id":"T","customer_id":"C"}"#;
    let started = r#"{"type":"chat.started","chat_id":"R","customer_id":"C"}"#;
    let moved = r#"{"type":"customer.active","customer_id":"C","segment":"work"}"#;
    let message = r#"{"type":"ticket.message","ticket_id":"T","author":"customer"}"#;
    agrees(&[&["segment"]], &[(0, active), (3, created), (4, started), (5, moved), (6, message)]);
}

#[test]
fn customers_dimension_known_late_reaches_a_ticket_whose_later_events_came_first() {
    let created = r#"{"type":"ticket.created","ticket_id":"T","customer_id":"C"}"#;
    let reply = r#"{"type":"ticket.message","ticket_id":"T","author":"agent"}"#;
    let active = r#"{"type":"customer.active","customer_id":"C","segment":"home"}"#;
    agrees(&[&["segment"]], &[(0, created), (100, reply), (50, active)]);
}

#[test]
fn customers_dimension_known_late_reaches_a_survey_that_was_only_sent() {
    let sent = r#"{"type":"survey.sent","survey_id":"S","customer_id":"C","metric":"csat"}"#;
    let touched = r#"{"type":"customer.touchpoint","customer_id":"C","journey_stage":"trial"}"#;
    agrees(&[&["journey_stage"]], &[(12, sent), (0, touched)]);
}

#[test]
fn customers_dimension_known_late_reaches_the_pair_of_an_answer() {
    let sent = r#"{"type":"survey.sent","survey_id":"S","customer_id":"C","metric":"ces"}"#;
    let created = r#"{"type":"ticket.created","ticket_id":"T","customer_id":"C"}"#;
    let solved = r#"{"type":"ticket.status_changed","ticket_id":"T","status":"solved"}"#;
    let answer =
        r#"{"type":"survey.responded","survey_id":"S","ticket_id":"T","customer_id":"C","metric":"ces","score":1,"direction":"effort"}"#;
    let active = r#"{"type":"customer.active","customer_id":"C","journey_stage":"trial"}"#;
    agrees(&[&["journey_stage"]], &[(1, sent), (7, created), (8, solved), (31, answer), (0, active)]);
}

#[test]
fn dimension_named_late_holds_until_it_is_named_again() {
    let first = r#"{"type":"customer.active","customer_id":"C","journey_stage":"use"}"#;
    let other = r#"{"type":"customer.active","customer_id":"C","segment":"home"}"#;
    let answer = r#"{"type":"survey.responded","customer_id":"C","metric":"csat","score":1}"#;
    let late = r#"{"type":"customer.touchpoint","customer_id":"C","journey_stage":"trial"}"#;
    agrees(&[&["journey_stage"], &["segment"]], &[(0, first), (30, other), (720, answer), (1, late)]);
}

#[test]
fn ticket_that_has_not_settled_still_inherits_what_its_customer_was() {
    let mut settings = setup();
    settings.grouping_sets = vec![vec![dimension("journey_stage")]];
    settings.windows.truncate(1);
    settings.trends.clear();
    let stage = (0, r#"{"type":"customer.active","customer_id":"C","journey_stage":"trial"}"#);
    let again = (0, r#"{"type":"customer.active","customer_id":"C"}"#);
    let created = (3_600, r#"{"type":"ticket.created","ticket_id":"T","customer_id":"C"}"#);
    let moved = (20 * 86_400, r#"{"type":"customer.active","customer_id":"C","segment":"home"}"#);
    let last = (40 * 86_400, r#"{"type":"customer.active","customer_id":"C"}"#);
    let mut records = vec![stage];
    records.extend([again; 6]);
    records.extend([created, moved, last]);
    let mut acts: Vec<Act> = records.iter().enumerate().map(|(n, (at, members))| Act::Arrive(arrival(n, *at, members))).collect();
    acts.push(Act::Look(0));
    let scenario = Scenario { settings, groups: 1, settles: true, acts };
    scenario.check().unwrap_or_else(|why| panic!("{why}"));
}

#[test]
fn second_opening_does_not_change_whose_ticket_it_is() {
    let active = r#"{"type":"customer.active","customer_id":"C","segment":"home"}"#;
    let nobody = r#"{"type":"chat.started","chat_id":"R"}"#;
    let somebody = r#"{"type":"chat.started","chat_id":"R","customer_id":"C"}"#;
    agrees(&[&["segment"]], &[(0, active), (1, nobody), (11, somebody)]);
}

#[test]
fn acknowledgement_that_the_help_desk_sends_is_an_automated_reply() {
    let created = r#"{"type":"ticket.created","ticket_id":"T"}"#;
    let notice = r#"{"type":"ticket.message","ticket_id":"T","author":"system"}"#;
    let acknowledged = r#"{"type":"ticket.message","ticket_id":"T","author":"system","automated":true}"#;
    let solved = r#"{"type":"ticket.status_changed","ticket_id":"T","status":"solved"}"#;
    agrees(&[], &[(0, created), (5, notice), (9, acknowledged), (20, solved)]);
}

#[test]
fn customer_does_not_wait_on_a_ticket_that_was_pending_before_its_creation() {
    let pending = r#"{"type":"ticket.status_changed","ticket_id":"T","status":"pending"}"#;
    let created = r#"{"type":"ticket.created","ticket_id":"T"}"#;
    let solved = r#"{"type":"ticket.status_changed","ticket_id":"T","status":"solved"}"#;
    agrees(&[], &[(0, pending), (1, created), (40, solved)]);
}

#[test]
fn chat_abandoned_before_its_start_is_shorter_than_any() {
    let abandoned = r#"{"type":"chat.abandoned","chat_id":"R"}"#;
    let started = r#"{"type":"chat.started","chat_id":"R"}"#;
    agrees(&[], &[(0, abandoned), (18, started)]);
}

#[test]
fn rating_of_a_contact_does_not_displace_the_customers_rating_of_the_relationship() {
    let relationship = r#"{"type":"survey.responded","customer_id":"C","metric":"nps","score":0}"#;
    let contact = r#"{"type":"survey.responded","customer_id":"C","metric":"nps","score":9,"ticket_id":"T"}"#;
    let active = r#"{"type":"customer.active","customer_id":"C"}"#;
    let started = r#"{"type":"chat.started","chat_id":"R"}"#;
    let created = r#"{"type":"ticket.created","ticket_id":"T","customer_id":"C"}"#;
    let satisfied = r#"{"type":"survey.responded","customer_id":"C","metric":"csat","score":5}"#;
    let (long_after, month) = (60 * 86_400, 30 * 86_400);
    agrees(
        &[],
        &[
            (0, relationship),
            (60, contact),
            (long_after, started),
            (long_after, active),
            (long_after, created),
            (long_after + month, satisfied),
        ],
    );
}

#[test]
fn answer_about_a_chat_of_which_nothing_is_known_has_the_channel_chat() {
    let answer = r#"{"type":"survey.responded","chat_id":"R","metric":"csat","score":1}"#;
    agrees(&[&["channel"]], &[(0, answer)]);
}

#[test]
fn later_events_of_an_erased_customers_ticket_inherit_from_who_came_again() {
    let created = r#"{"type":"ticket.created","ticket_id":"T","customer_id":"C"}"#;
    let erased = r#"{"type":"customer.erased","customer_id":"C"}"#;
    let message = r#"{"type":"ticket.message","ticket_id":"T","author":"customer"}"#;
    let active = r#"{"type":"customer.active","customer_id":"C","segment":"home"}"#;
    agrees(&[&["segment"]], &[(0, created), (1, erased), (31, message), (30, active)]);
}

#[test]
fn efforts_that_do_not_differ_have_a_trend_without_width() {
    let answer =
        |score: i64| format!(r#"{{"type":"survey.responded","metric":"ces","score":{score},"direction":"ease","customer_id":"C{score}"}}"#);
    let (before, now) = (answer(4), answer(2));
    agrees(&[], &[(0, &before), (60, &before), (7_200, &now), (7_260, &now)]);
}

#[test]
fn chat_whose_start_came_late_inherits_from_who_came_again_after_it() {
    let started = r#"{"type":"chat.started","chat_id":"R"}"#;
    let of_customer = r#"{"type":"chat.started","chat_id":"R","customer_id":"C"}"#;
    let erased = r#"{"type":"customer.erased","customer_id":"C"}"#;
    let touched = r#"{"type":"customer.touchpoint","customer_id":"C","journey_stage":"trial"}"#;
    agrees(&[&["journey_stage"]], &[(18, erased), (19, started), (18, of_customer), (18, touched)]);
}

#[test]
fn survey_that_was_only_sent_inherits_from_who_came_again_though_the_erasure_came_late() {
    let sent = r#"{"type":"survey.sent","survey_id":"S","customer_id":"C","metric":"csat"}"#;
    let erased = r#"{"type":"customer.erased","customer_id":"C"}"#;
    let touched = r#"{"type":"customer.touchpoint","customer_id":"C","journey_stage":"trial"}"#;
    agrees(&[&["journey_stage"]], &[(38, sent), (0, erased), (17, touched)]);
}
