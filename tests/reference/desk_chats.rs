//! What real desks do with chats and the tickets made from them, rule by rule. Worked out by hand.

use serde_json::json;

use super::desk::{DAY, Event, HOUR, MINUTE, answered_plainly, created, in_chat, on_ticket, says, seen, with_targets};
use super::setup::setup;

fn started(at: i64) -> Event {
    in_chat(at, "chat.started", json!({"customer_id": "C"}))
}

/// A chat that names the ticket at its start.
fn started_about_ticket(at: i64) -> Event {
    in_chat(at, "chat.started", json!({"customer_id": "C", "ticket_id": "T"}))
}

fn writes(at: i64, author: &str) -> Event {
    in_chat(at, "chat.message", json!({ "author": author }))
}

fn ended(at: i64) -> Event {
    in_chat(at, "chat.ended", json!({}))
}

fn abandoned(at: i64) -> Event {
    in_chat(at, "chat.abandoned", json!({}))
}

#[test]
fn ticket_of_an_answered_chat_is_its_record() {
    let events = [
        started_about_ticket(0),
        writes(60, "agent"),
        ended(300),
        created(400),
        says(HOUR, "customer"),
        says(HOUR + 600, "agent"),
        on_ticket(2 * HOUR, "ticket.status_changed", json!({"status": "solved"})),
        answered_plainly(3 * HOUR, json!({"metric": "csat", "score": 5, "chat_id": "R"})),
    ];
    // One contact, one first response; what is asked on the ticket is a further question. The ticket's own families count it.
    seen(&setup(), &events, 4 * HOUR)
        .is("cx_contacts", 1.0)
        .is("cx_first_response_seconds_sum", 60.0)
        .is("cx_first_response_seconds_count", 1.0)
        .is("cx_next_response_seconds_sum", 600.0)
        .is("cx_tickets_created", 1.0)
        .is("cx_resolution_seconds_sum", 6_800.0)
        .is(r#"cx_correlation_pairs{x="first_response",y="csat"}"#, 1.0)
        .is(r#"cx_correlation_pairs{x="resolution",y="csat"}"#, 1.0);
    seen(&setup(), &events[..4], 500).is("cx_backlog_tickets", 1.0).is("cx_backlog_unanswered_tickets", 0.0);
}

#[test]
fn ticket_of_an_abandoned_chat_waits_by_itself_and_the_two_are_one_contact() {
    let events = [started_about_ticket(0), abandoned(240), created(300), says(2_100, "agent")];
    seen(&setup(), &events[..3], 1_000).is("cx_backlog_unanswered_tickets", 1.0).is("cx_contacts", 1.0);
    seen(&setup(), &events, 3_000)
        .is("cx_first_response_seconds_sum", 1_800.0)
        .is("cx_first_response_seconds_count", 1.0)
        .is("cx_contacts", 1.0)
        .is("cx_repeat_contacts", 0.0);
    // A bot is nobody: its chat ended without an answer as well.
    let by_bot = [started_about_ticket(0), writes(10, "bot"), ended(240), created(300)];
    seen(&setup(), &by_bot, 1_000).is("cx_backlog_unanswered_tickets", 1.0);
}

#[test]
fn ticket_is_a_record_up_to_an_hour_after_the_end_and_a_day_after_the_last_word() {
    let contacts = |end: i64, ticket: i64| {
        let events = [started_about_ticket(0), writes(60, "agent"), ended(end), created(ticket)];
        seen(&setup(), &events, 3 * DAY).is("cx_tickets_created", 1.0).value("cx_contacts")
    };
    assert_eq!(contacts(300, 300 + HOUR), Some(1.0));
    assert_eq!(contacts(300, 301 + HOUR), Some(2.0), "more than an hour after the end");
    // A chat that nobody closed for two days: the last word was at one minute.
    assert_eq!(contacts(2 * DAY, 60 + DAY), Some(1.0));
    assert_eq!(contacts(2 * DAY, 61 + DAY), Some(2.0), "more than a day after the last message");
}

#[test]
fn chat_about_an_older_ticket_is_a_contact_of_its_own() {
    let events = [created(0), says(600, "agent"), started_about_ticket(HOUR), writes(HOUR + 60, "agent")];
    seen(&setup(), &events, 2 * HOUR)
        .is("cx_contacts", 2.0)
        .is("cx_repeat_contacts", 1.0)
        .is("cx_first_response_seconds_sum", 660.0)
        .is("cx_first_response_seconds_count", 2.0);
}

#[test]
fn of_a_chat_and_its_ticket_one_handoff_counts() {
    let events = [
        started_about_ticket(0),
        in_chat(60, "chat.handoff", json!({})),
        abandoned(240),
        created(300),
        on_ticket(360, "ticket.handoff", json!({})),
        says(420, "agent"),
    ];
    seen(&setup(), &events, 500).is("cx_handoffs", 1.0).is("cx_first_response_seconds_sum", 60.0);
}

#[test]
fn chat_that_starts_again_is_a_chat_of_its_own_and_inherits_nothing() {
    let again = 2 * DAY;
    let events = [
        in_chat(0, "chat.started", json!({"customer_id": "C", "team": "a"})),
        in_chat(20, "chat.accepted", json!({})),
        writes(60, "agent"),
        ended(600),
        started(again),
        in_chat(again + 1_200, "chat.accepted", json!({})),
    ];
    seen(&setup(), &events[..5], again + 60)
        .is("cx_chats_waiting", 1.0)
        .is(r#"cx_chats_started_by_team{team="unknown"}"#, 1.0)
        .is("cx_chats_started", 2.0)
        .is("cx_contacts", 2.0)
        .is("cx_repeat_contacts", 1.0);
    seen(&setup(), &events, again + HOUR).is("cx_chat_wait_seconds_sum", 1_220.0).is("cx_chats_active", 1.0).is("cx_chats_ended", 1.0);
    // A start while it runs is no start.
    let twice = [started(0), writes(60, "agent"), started(120)];
    seen(&setup(), &twice, 200).is("cx_chats_started", 1.0).is("cx_contacts", 1.0);
}

#[test]
fn chat_that_ends_and_starts_at_one_instant_ends_first() {
    let events = [started(0), writes(60, "agent"), ended(300), started(300)];
    seen(&setup(), &events, 400).is("cx_chats_ended", 1.0).is("cx_chats_waiting", 1.0).is("cx_chats_started", 2.0);
}

#[test]
fn idle_chat_that_starts_again_begins_a_new_session() {
    let mut idle = setup();
    idle.chat_idle_end = Some(cxpulse::time::Span::minutes(30));
    let events = [started(0), writes(60, "agent"), started(HOUR)];
    seen(&idle, &events, HOUR + 60).is("cx_chats_started", 2.0).is("cx_chats_waiting", 1.0).is("cx_contacts", 2.0);
    seen(&setup(), &events, HOUR + 60).is("cx_chats_started", 1.0).is("cx_chats_waiting", 0.0).is("cx_contacts", 1.0);
    // At the instant of the idle end a message keeps the session, and a start begins another.
    let end = 60 + 30 * MINUTE;
    let kept = [started(0), writes(60, "agent"), writes(end, "customer"), started(end + 60)];
    seen(&idle, &kept, end + 120).is("cx_chats_started", 1.0).is("cx_contacts", 1.0);
    let over = [started(0), writes(60, "agent"), writes(end + 1, "customer"), started(end + 60)];
    seen(&idle, &over, end + 120).is("cx_chats_started", 2.0).is("cx_contacts", 2.0);
    let again = [started(0), writes(60, "agent"), started(end)];
    seen(&idle, &again, end + 60).is("cx_chats_started", 2.0).is("cx_contacts", 2.0);
}

#[test]
fn agent_who_writes_has_accepted_and_who_leaves_then_has_ended() {
    let left = |author: serde_json::Value| {
        let events = [started(0), in_chat(60, "chat.message", author), abandoned(360)];
        seen(&with_targets(), &events, 400)
    };
    left(json!({"author": "agent"}))
        .is("cx_chat_wait_seconds_sum", 60.0)
        .is("cx_chats_accepted", 1.0)
        .is("cx_chats_abandoned", 0.0)
        .is("cx_chats_ended", 1.0)
        .is("cx_chat_duration_seconds_sum", 300.0)
        .is("cx_chat_wait_within_target", 1.0);
    // Nobody was there: a note, an automated reply, a bot.
    for nobody in [json!({"author": "agent", "public": false}), json!({"author": "agent", "automated": true}), json!({"author": "bot"})] {
        left(nobody).is("cx_chats_accepted", 0.0).is("cx_chats_abandoned", 1.0).is("cx_chats_ended", 0.0);
    }
    // A session ends once: the close behind an abandonment changes nothing.
    let closed = [started(0), abandoned(40), ended(60)];
    seen(&setup(), &closed, 100).is("cx_chats_abandoned", 1.0).is("cx_chats_ended", 0.0);
}

#[test]
fn end_of_a_chat_forgets_what_was_asked_and_leaves_its_targets_undecided() {
    let undecided = |target: &str| format!(r#"cx_target_undecided{{target="{target}",reason="ended_without_reply"}}"#);
    let events = [started(0), writes(60, "agent"), writes(120, "customer"), ended(300), writes(400, "agent")];
    seen(&with_targets(), &events, HOUR)
        .is("cx_next_response_seconds_count", 0.0)
        .is(&undecided("next_response"), 1.0)
        .is(&undecided("first_response"), 0.0)
        .is("cx_first_response_within_target", 1.0);
    seen(&with_targets(), &[started(0), abandoned(10 * MINUTE)], 2 * HOUR)
        .is(&undecided("first_response"), 1.0)
        .is(&undecided("chat_wait"), 1.0)
        .is("cx_chat_wait_target_decided", 0.0);
    // After the deadline it stays a miss.
    seen(&with_targets(), &[started(0), abandoned(61 * MINUTE)], 2 * HOUR)
        .is(&undecided("chat_wait"), 0.0)
        .is("cx_chat_wait_target_decided", 1.0)
        .is("cx_chat_wait_within_target", 0.0);
}

#[test]
fn chat_is_transferred_where_its_team_changes() {
    let moved = |team: &str, reason: Option<&str>| {
        let events =
            [in_chat(0, "chat.started", json!({"team": "a"})), in_chat(60, "chat.transferred", json!({"team": team, "reason": reason}))];
        seen(&setup(), &events, 100)
    };
    moved("b", None).is("cx_chats_transferred", 1.0).is(r#"cx_chats_transferred_by_team{team="b"}"#, 1.0);
    moved("b", Some("auto")).is("cx_chats_transferred", 0.0);
    moved("", None).is("cx_chats_transferred", 0.0);
    moved("", Some("transfer")).is("cx_chats_transferred", 1.0).is(r#"cx_chats_transferred_by_team{team="unknown"}"#, 1.0);
}

#[test]
fn last_words_of_a_chat_come_before_its_end() {
    let wrote = |at: i64| seen(&setup(), &[started(0), ended(60), writes(at, "agent")], 100);
    wrote(62).is("cx_first_response_seconds_sum", 60.0).is("cx_chats_accepted", 1.0);
    wrote(63).is("cx_first_response_seconds_sum", 63.0).is("cx_chats_accepted", 0.0);
    // An abandonment has last words only where somebody was there.
    let left = [started(0), abandoned(60), writes(61, "agent")];
    seen(&setup(), &left, 100).is("cx_first_response_seconds_sum", 61.0).is("cx_chats_abandoned", 1.0);
}
