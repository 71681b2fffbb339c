//! What falls due soon, what is past its target, and the verdicts that never came.

use serde_json::json;

use super::desk::{Desk, HOUR, MINUTE, berlin, created, says, status, with};

const TARGETS: &str = r#"
[targets.first_response]
within = "2h"
[targets.next_response]
within = "30m"
share = 0.8
[targets.resolution]
within = "24h"
"#;

#[test]
fn a_ticket_is_due_before_its_deadline_and_past_its_target_from_there_on() {
    let noon = berlin("2026-05-06T12:00");
    let due = |within: &str| format!("cx_backlog_due_tickets{{target=\"first_response\",within=\"{within}\"}}");
    let of_team = "cx_backlog_due_tickets_by_team{team=\"billing\",target=\"first_response\",within=\"1h\"}";
    let (past, past_of_team) = (
        "cx_backlog_past_target_tickets{target=\"first_response\"}",
        "cx_backlog_past_target_tickets_by_team{team=\"billing\",target=\"first_response\"}",
    );
    let mut desk = Desk::new(TARGETS).with(&[(noon, with(created("a"), "team", "billing")), (noon + HOUR, created("b"))]);
    desk.look(noon + HOUR).is(&due("15m"), 0.0).is(&due("1h"), 1.0).is(&due("4h"), 2.0).is(of_team, 1.0).is(past, 0.0);
    desk.look(noon + 2 * HOUR - 1).is(&due("15m"), 1.0).is(past, 0.0);
    desk.look(noon + 2 * HOUR).is(&due("15m"), 0.0).is(&due("1h"), 1.0).is(of_team, 0.0).is(past, 1.0).is(past_of_team, 1.0);
    desk.take(noon + 2 * HOUR + MINUTE, &says("a", "agent"));
    let seen = desk.look(noon + 2 * HOUR + MINUTE);
    seen.is(past, 0.0).is("cx_backlog_past_target_tickets{target=\"resolution\"}", 0.0);
    seen.is("cx_backlog_due_tickets{target=\"resolution\",within=\"4h\"}", 0.0);
}

#[test]
fn every_target_that_is_configured_is_shown_at_zero_and_no_other() {
    let noon = berlin("2026-05-06T12:00");
    let seen = Desk::new("[targets.resolution]\nwithin = \"1h\"\n[targets.chat_wait]\nwithin = \"1m\"\n").look(noon);
    assert_eq!(
        seen.named("cx_backlog_past_target_tickets"),
        ["cx_backlog_past_target_tickets{target=\"resolution\"}"],
        "a chat has no backlog"
    );
    assert_eq!(seen.named("cx_backlog_due_tickets").len(), 3, "15m, 1h and 4h");
    let undecided = seen.named("cx_target_undecided");
    assert!(
        undecided.iter().all(|series| series.contains("target=\"resolution\"") || series.contains("target=\"chat_wait\"")),
        "{undecided:?}"
    );
    assert_eq!(undecided.len(), 2 * 2 * 5, "two targets, two reasons and five windows");
    assert_eq!(seen.named("cx_next_response_target"), Vec::<&str>::new());
    let seen = Desk::new("").look(noon);
    for family in ["cx_target_undecided", "cx_backlog_due", "cx_backlog_past_target", "cx_resolution_within_target_reopened"] {
        assert_eq!(seen.named(family), Vec::<&str>::new());
    }
    seen.is("cx_backlog_without_team_tickets", 0.0).is("cx_handoffs{window=\"1h\"}", 0.0);
}

#[test]
fn further_replies_have_a_target_of_their_own() {
    let noon = berlin("2026-05-06T12:00");
    let seen = Desk::new(TARGETS)
        .with(&[
            (noon, created("a")),
            (noon + MINUTE, says("a", "agent")),
            (noon + 10 * MINUTE, says("a", "customer")),
            (noon + 30 * MINUTE, says("a", "agent")),
            (noon + 40 * MINUTE, says("a", "customer")),
        ])
        .look(noon + 80 * MINUTE);
    seen.decided("next_response", 1, 2)
        .is("cx_next_response_attainment_ratio{window=\"24h\"}", 0.5)
        .is("cx_target{metric=\"next_response\"}", 1800.0)
        .is("cx_target{metric=\"next_response_attainment\"}", 0.8)
        .is("cx_target_gap{metric=\"next_response_attainment\",window=\"24h\"}", -0.3)
        .is("cx_backlog_past_target_tickets{target=\"next_response\"}", 1.0)
        .lacks("cx_target_gap{metric=\"next_response\",window=\"24h\"}");
}

#[test]
fn a_withdrawn_ticket_takes_the_verdicts_of_its_further_replies_along_and_brings_them_back() {
    let noon = berlin("2026-05-06T12:00");
    let undecided = "cx_target_undecided{target=\"next_response\",reason=\"withdrawn\",window=\"24h\"}";
    let mut desk = Desk::new(TARGETS).with(&[
        (noon, created("a")),
        (noon + MINUTE, says("a", "agent")),
        (noon + 10 * MINUTE, says("a", "customer")),
        (noon + 30 * MINUTE, says("a", "agent")),
    ]);
    desk.look(noon + 40 * MINUTE).decided("next_response", 1, 1).is(undecided, 0.0);
    desk.take(noon + 41 * MINUTE, &status("a", "spam"));
    desk.look(noon + 41 * MINUTE).decided("next_response", 0, 0).is(undecided, 0.0);
    desk.take(noon + 42 * MINUTE, &status("a", "open"));
    desk.look(noon + 42 * MINUTE).decided("next_response", 1, 1).is(undecided, 0.0);
}

#[test]
fn what_ends_a_clock_without_a_verdict_is_counted_by_its_reason() {
    let noon = berlin("2026-05-06T12:00");
    let undecided = |target: &str, reason: &str| format!("cx_target_undecided{{target=\"{target}\",reason=\"{reason}\",window=\"24h\"}}");
    let seen = Desk::new(TARGETS)
        .with(&[
            (noon, with(created("silent"), "team", "billing")),
            (noon, created("spam")),
            (noon + MINUTE, status("silent", "solved")),
            (noon + MINUTE, status("spam", "spam")),
            (noon + HOUR, status("silent", "open")),
        ])
        .look(noon + 2 * HOUR);
    seen.is(&undecided("first_response", "ended_without_reply"), 1.0)
        .is(&undecided("first_response", "withdrawn"), 1.0)
        .is(&undecided("resolution", "withdrawn"), 1.0)
        .is(&undecided("resolution", "ended_without_reply"), 0.0)
        .is("cx_target_undecided_by_team{team=\"billing\",target=\"first_response\",reason=\"ended_without_reply\",window=\"24h\"}", 1.0)
        .decided("first_response", 0, 0);
}

#[test]
fn a_resolution_in_time_that_was_reopened_is_counted_beside_the_verdict() {
    let noon = berlin("2026-05-06T12:00");
    let mut desk =
        Desk::new(TARGETS).with(&[(noon, created("a")), (noon + HOUR, says("a", "agent")), (noon + 2 * HOUR, status("a", "solved"))]);
    let reopened = "cx_resolution_within_target_reopened{window=\"30d\"}";
    desk.look(noon + 30 * HOUR).decided("resolution", 1, 1).is(reopened, 0.0);
    desk.take(noon + 31 * HOUR, &status("a", "open"));
    desk.look(noon + 31 * HOUR).decided("resolution", 1, 1).is(reopened, 1.0);
}

#[test]
fn tickets_without_a_team_and_hand_offs_are_counted() {
    let noon = berlin("2026-05-06T12:00");
    let seen = Desk::new("")
        .with(&[
            (noon, created("a")),
            (noon, with(created("b"), "team", "billing")),
            (noon + MINUTE, json!({"type": "ticket.handoff", "ticket_id": "b"})),
            (noon + 2 * MINUTE, json!({"type": "ticket.handoff", "ticket_id": "b"})),
        ])
        .look(noon + HOUR / 2);
    seen.is("cx_backlog_without_team_tickets", 1.0)
        .is("cx_backlog_without_team_tickets_by_team{team=\"unknown\"}", 1.0)
        .is("cx_handoffs{window=\"1h\"}", 1.0)
        .is("cx_handoffs_by_team{team=\"billing\",window=\"1h\"}", 1.0);
}
