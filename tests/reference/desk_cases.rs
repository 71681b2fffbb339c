//! What real desks do, rule by rule, with numbers worked out by hand. Held against the model and the product.

use cxpulse::engine::StageSettings;
use cxpulse::event::Status;
use cxpulse::time::Span;
use serde_json::json;

use super::desk::{BASE, DAY, HOUR, MINUTE, created, in_chat, on_ticket, says, seen, status, with_targets};
use super::setup::setup;

const UNDECIDED: &str = r#"cx_target_undecided{target="first_response",reason="ended_without_reply"}"#;

#[test]
fn unmerged_ticket_shows_what_went_on_underneath() {
    let merged = [created(0), on_ticket(60, "ticket.merged", json!({"into_ticket_id": "U"})), status(120, "solved")];
    seen(&setup(), &merged, 200).is("cx_tickets_resolved", 0.0).is("cx_backlog_tickets", 0.0);
    let back = [merged.to_vec(), vec![on_ticket(180, "ticket.unmerged", json!({}))]].concat();
    seen(&setup(), &back, 200).is("cx_tickets_resolved", 1.0).is("cx_resolution_seconds_sum", 120.0).is("cx_backlog_tickets", 0.0);
}

#[test]
fn solve_without_a_reply_before_the_deadline_is_undecided_for_good() {
    let events = [created(0), status(20 * MINUTE, "solved"), status(30 * MINUTE, "open"), says(40 * MINUTE, "agent")];
    let seen = seen(&with_targets(), &events, 2 * HOUR);
    seen.is("cx_first_response_target_decided", 0.0).is(UNDECIDED, 1.0).is("cx_first_response_seconds_sum", 2_400.0);
    seen.is(r#"cx_backlog_past_target_tickets{target="first_response"}"#, 0.0);
}

#[test]
fn solve_after_the_deadline_leaves_the_miss_where_it_was() {
    let events = [created(0), status(61 * MINUTE, "solved"), status(62 * MINUTE, "open"), says(63 * MINUTE, "agent")];
    seen(&with_targets(), &events, 2 * HOUR)
        .is("cx_first_response_target_decided", 1.0)
        .is("cx_first_response_within_target", 0.0)
        .is(UNDECIDED, 0.0);
}

#[test]
fn end_at_the_deadline_is_no_miss_and_reply_at_it_is_met() {
    let solved = [created(0), status(HOUR, "solved")];
    seen(&with_targets(), &solved, 2 * HOUR).is(UNDECIDED, 1.0).is("cx_first_response_target_decided", 0.0);
    let answered = [created(0), says(HOUR, "agent")];
    seen(&with_targets(), &answered, 2 * HOUR).is("cx_first_response_within_target", 1.0);
}

#[test]
fn merging_hides_no_promise() {
    let events = [created(0), on_ticket(60, "ticket.merged", json!({"into_ticket_id": "U"}))];
    let seen = seen(&with_targets(), &events, 2 * HOUR);
    seen.is(r#"cx_target_undecided{target="first_response",reason="withdrawn"}"#, 1.0);
    seen.is(r#"cx_target_undecided{target="resolution",reason="withdrawn"}"#, 1.0).is("cx_first_response_target_decided", 0.0);
}

#[test]
fn resolution_is_judged_by_the_state_at_its_deadline() {
    let met = [created(0), status(HOUR, "solved"), status(9 * HOUR, "open")];
    let seen_met = seen(&with_targets(), &met, 10 * HOUR);
    seen_met.is("cx_resolution_within_target", 1.0).is("cx_resolution_within_target_reopened", 1.0).is("cx_backlog_tickets", 1.0);
    seen_met.is(r#"cx_backlog_past_target_tickets{target="resolution"}"#, 0.0);
    let missed = [created(0), status(HOUR, "solved"), status(2 * HOUR, "open"), status(9 * HOUR, "solved")];
    seen(&with_targets(), &missed[..2], 90 * MINUTE).is("cx_resolution_within_target", 1.0);
    seen(&with_targets(), &missed[..3], 3 * HOUR).is("cx_resolution_target_decided", 0.0);
    seen(&with_targets(), &missed, 10 * HOUR).is("cx_resolution_within_target", 0.0).is("cx_resolution_target_decided", 1.0);
}

#[test]
fn pauses_move_the_deadline_and_nothing_falls_due_while_paused() {
    let mut paused = with_targets();
    paused.targets.pauses.resolution = vec![Status::Pending];
    let due = r#"cx_backlog_due_tickets{target="resolution",within="4h"}"#;
    let events = [created(0), status(HOUR, "pending"), status(30 * HOUR, "open"), status(38 * HOUR, "solved")];
    seen(&paused, &events[..2], 20 * HOUR).is("cx_resolution_target_decided", 0.0).is(due, 0.0);
    // Seven hours are left from hour 30 on.
    seen(&paused, &events[..3], 34 * HOUR).is(due, 1.0).is("cx_resolution_target_decided", 0.0);
    seen(&paused, &events, 39 * HOUR).is("cx_resolution_target_decided", 1.0).is("cx_resolution_within_target", 0.0);
}

#[test]
fn due_soon_is_cumulative_and_past_begins_at_the_deadline() {
    let due = |within: &str| format!("cx_backlog_due_tickets{{target=\"first_response\",within=\"{within}\"}}");
    let past = r#"cx_backlog_past_target_tickets{target="first_response"}"#;
    seen(&with_targets(), &[created(0)], 30 * MINUTE).is(&due("15m"), 0.0).is(&due("1h"), 1.0).is(&due("4h"), 1.0).is(past, 0.0);
    seen(&with_targets(), &[created(0)], 45 * MINUTE).is(&due("15m"), 1.0);
    seen(&with_targets(), &[created(0)], HOUR).is(&due("15m"), 0.0).is(past, 1.0).is("cx_backlog_unanswered_past_target_tickets", 1.0);
}

#[test]
fn next_response_has_a_verdict_for_every_wait() {
    let asked = [created(0), says(60, "agent"), says(10 * MINUTE, "customer")];
    let name = r#"cx_target_undecided{target="next_response",reason="ended_without_reply"}"#;
    let answered =
        [asked.to_vec(), vec![says(20 * MINUTE, "agent"), says(30 * MINUTE, "customer"), status(40 * MINUTE, "solved")]].concat();
    let seen_answered = seen(&with_targets(), &answered, 3 * HOUR);
    seen_answered.is("cx_next_response_within_target", 1.0).is("cx_next_response_target_decided", 1.0).is(name, 1.0);
    seen(&with_targets(), &asked, 3 * HOUR).is("cx_next_response_target_decided", 1.0).is("cx_next_response_within_target", 0.0);
}

#[test]
fn handoff_starts_the_clock_of_people_and_its_target() {
    let events = [
        created(0),
        says(60, "bot"),
        on_ticket(2 * HOUR, "ticket.handoff", json!({})),
        on_ticket(3 * HOUR, "ticket.handoff", json!({})),
        says(2 * HOUR + 30 * MINUTE, "agent"),
    ];
    let seen_moved = seen(&with_targets(), &events, 4 * HOUR);
    seen_moved.is("cx_first_response_seconds_sum", 1_800.0).is("cx_first_response_within_target", 1.0).is("cx_handoffs", 1.0);
    seen_moved.is("cx_automated_first_response_seconds_sum", 60.0);
    let mut from_creation = with_targets();
    from_creation.first_response_from_creation = true;
    let stays = seen(&from_creation, &events, 4 * HOUR);
    stays.is("cx_first_response_seconds_sum", 9_000.0).is("cx_first_response_within_target", 0.0).is("cx_handoffs", 1.0);
}

#[test]
fn chat_handed_over_waits_from_then_on_and_short_abandons_count_from_it() {
    let left = |after: i64| {
        [in_chat(0, "chat.started", json!({})), in_chat(100, "chat.handoff", json!({})), in_chat(100 + after, "chat.abandoned", json!({}))]
    };
    seen(&setup(), &left(4), 200).is("cx_chats_abandoned", 1.0).lacks("cx_chat_abandonment_ratio");
    seen(&setup(), &left(5), 200).is("cx_chat_abandonment_ratio", 1.0);
}

#[test]
fn snapshot_repairs_and_a_reply_of_which_nothing_is_known_is_no_first_response() {
    let told = |at, members: serde_json::Value| {
        let mut all = json!({"created_time": BASE * 1_000, "status": "open"});
        all.as_object_mut().expect("an object").extend(members.as_object().cloned().unwrap_or_default());
        on_ticket(at, "ticket.snapshot", all)
    };
    seen(&setup(), &[told(HOUR, json!({})), says(2 * HOUR, "agent")], DAY)
        .is("cx_first_response_seconds_count", 0.0)
        .is("cx_backlog_tickets", 1.0);
    let never = [told(HOUR, json!({"answered": false})), says(2 * HOUR, "agent")];
    seen(&setup(), &never, DAY).is("cx_first_response_seconds_sum", 7_200.0).is("cx_tickets_created", 0.0);
    let since = [told(HOUR, json!({"awaiting_reply_since": (BASE + 1_800) * 1_000})), says(2 * HOUR, "agent")];
    seen(&setup(), &since, DAY).is("cx_first_response_seconds_sum", 5_400.0);
}

#[test]
fn snapshots_bring_back_what_is_spam_only_as_open() {
    let told = |status: &str| on_ticket(120, "ticket.snapshot", json!({"created_time": BASE * 1_000, "status": status}));
    seen(&setup(), &[created(0), status(60, "spam"), told("closed")], 200).is("cx_tickets_created", 0.0).is("cx_backlog_tickets", 0.0);
    seen(&setup(), &[created(0), status(60, "spam"), told("pending")], 200).is("cx_tickets_created", 1.0).is("cx_backlog_tickets", 1.0);
}

#[test]
fn late_reopening_by_a_customer_is_a_new_matter() {
    let mut matters = with_targets();
    matters.new_matter_after = Some(Span::days(1));
    let events = |back: i64| {
        [
            created(0),
            says(60, "agent"),
            status(120, "solved"),
            says(120 + back, "customer"),
            status(120 + back, "open"),
            says(180 + back, "agent"),
        ]
    };
    seen(&matters, &events(DAY), 2 * DAY)
        .is("cx_tickets_created", 1.0)
        .is("cx_tickets_reopened", 1.0)
        .is("cx_next_response_seconds_count", 1.0);
    let anew = seen(&matters, &events(DAY + 1), 2 * DAY);
    anew.is("cx_tickets_created", 2.0)
        .is("cx_tickets_reopened", 0.0)
        .is("cx_first_response_seconds_count", 2.0)
        .is("cx_repeat_contacts", 1.0);
    anew.is(r#"cx_tickets_created_by_team{team="a"}"#, 2.0).is("cx_tickets_resolved", 1.0).is("cx_backlog_tickets", 1.0);
}

#[test]
fn whoever_writes_first_created_the_ticket() {
    let by = |author: &str| {
        [on_ticket(0, "ticket.created", json!({"created_by": "first_author"})), says(60, author), says(120, "customer"), says(180, "agent")]
    };
    seen(&setup(), &by("customer"), 200).is("cx_first_response_seconds_sum", 180.0);
    seen(&setup(), &by("agent"), 200).is("cx_first_response_seconds_sum", 60.0);
    seen(&setup(), &by("customer")[..1], 200).is("cx_backlog_unanswered_tickets", 0.0);
}

#[test]
fn team_can_be_taken_away_and_a_move_to_it_is_no_transfer() {
    let events =
        [created(0), on_ticket(60, "ticket.assigned", json!({"team": null})), on_ticket(120, "ticket.assigned", json!({"team": "b"}))];
    seen(&setup(), &events[..2], 90).is("cx_backlog_without_team_tickets", 1.0).is(r#"cx_backlog_tickets_by_team{team="unknown"}"#, 1.0);
    seen(&setup(), &events, 200)
        .is("cx_tickets_transferred", 0.0)
        .is(r#"cx_backlog_tickets_by_team{team="b"}"#, 1.0)
        .is("cx_backlog_without_team_tickets", 0.0);
}

#[test]
fn rating_stays_with_the_team_that_solved() {
    let events = [
        created(0),
        status(60, "solved"),
        (120, "survey.sent", "S", json!({"metric": "csat", "ticket_id": "T"})),
        on_ticket(180, "ticket.assigned", json!({"team": "archive", "reason": "auto"})),
        (240, "survey.responded", "S", json!({"metric": "csat", "score": 5})),
    ];
    let seen = seen(&setup(), &events, 300);
    seen.is(r#"cx_csat_responses_by_team{team="a"}"#, 1.0)
        .is(r#"cx_csat_responses_by_team{team="archive"}"#, 0.0)
        .is("cx_tickets_transferred", 0.0);
}

#[test]
fn record_of_a_chat_nobody_answered_has_its_own_target_but_not_while_the_chat_goes_on() {
    let chat = |end: i64| {
        [
            in_chat(0, "chat.started", json!({"ticket_id": "T"})),
            in_chat(end, "chat.ended", json!({})),
            on_ticket(60, "ticket.created", json!({})),
        ]
    };
    let past = r#"cx_backlog_past_target_tickets{target="first_response"}"#;
    // Due an hour after 00:01.
    seen(&with_targets(), &chat(2 * HOUR), 3 * HOUR)
        .is("cx_first_response_target_decided", 1.0)
        .is(past, 0.0)
        .is("cx_backlog_unanswered_tickets", 1.0);
    seen(&with_targets(), &chat(30 * MINUTE), 3 * HOUR).is("cx_first_response_target_decided", 1.0).is(UNDECIDED, 1.0).is(past, 1.0);
}

#[test]
fn merged_customers_are_one_from_the_beginning_and_nobody_churned() {
    let events = [
        (0, "customer.subscribed", "A", json!({})),
        (HOUR, "customer.subscribed", "B", json!({})),
        (2 * HOUR, "ticket.created", "T", json!({"customer_id": "A"})),
        (3 * HOUR, "chat.started", "R", json!({"customer_id": "B"})),
        (40 * DAY, "customer.merged", "B", json!({"into_customer_id": "A"})),
    ];
    seen(&setup(), &events, 40 * DAY + 1)
        .is("cx_customers_active", 1.0)
        .is("cx_customers_active_at_start", 1.0)
        .is("cx_customers_churned", 0.0);
    let early = [
        events[0].clone(),
        events[1].clone(),
        events[2].clone(),
        events[3].clone(),
        (4 * HOUR, "customer.merged", "B", json!({"into_customer_id": "A"})),
    ];
    seen(&setup(), &early, DAY).is("cx_repeat_contacts", 1.0).is("cx_channel_switches", 1.0);
}

#[test]
fn journey_counts_a_return_in_a_later_stage_as_an_advance() {
    let mut setup = setup();
    let stage = |name: &str| StageSettings { name: name.to_owned(), idle_timeout: Span::days(2), dwell_target: None };
    setup.journey.stages = vec![stage("onboarding"), stage("use")];
    let events = [
        (0, "customer.subscribed", "C", json!({"journey_stage": "onboarding"})),
        (DAY, "customer.cancelled", "C", json!({})),
        (DAY + HOUR, "customer.touchpoint", "C", json!({"journey_stage": "use"})),
        (DAY + 2 * HOUR, "customer.subscribed", "C", json!({})),
    ];
    let (advanced, dropped) = (r#"cx_journey_advanced{journey_stage="onboarding"}"#, r#"cx_journey_dropped{journey_stage="onboarding"}"#);
    seen(&setup, &events[..3], DAY + HOUR).is(advanced, 0.0).is(dropped, 1.0);
    seen(&setup, &events, DAY + 3 * HOUR).is(advanced, 1.0).is(dropped, 0.0);
}

#[test]
fn cancellation_after_a_drop_moves_nothing_and_subscriptions_are_activity() {
    let mut setup = setup();
    setup.journey.stages = vec![StageSettings { name: "use".to_owned(), idle_timeout: Span::days(2), dwell_target: None }];
    let dropped = r#"cx_journey_dropped{journey_stage="use"}"#;
    let events = [
        (0, "customer.subscribed", "C", json!({"journey_stage": "use"})),
        (9 * DAY, "customer.cancelled", "C", json!({})),
        (DAY, "customer.active", "C", json!({})),
    ];
    // Dropped on day 2, which the window of 7 days up to day 10 no longer holds.
    seen(&setup, &events[..2], 10 * DAY).is(dropped, 0.0);
    seen(&setup, &events[..1], 2 * DAY).is(dropped, 1.0);
    seen(&setup, &[events[0].clone(), events[2].clone()], 2 * DAY).is(dropped, 0.0);
    seen(&setup, &[events[0].clone(), events[2].clone()], 3 * DAY).is(dropped, 1.0);
}
