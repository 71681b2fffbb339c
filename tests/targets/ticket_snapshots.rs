//! Targets of tickets that are known from ticket snapshots and full sets of them.

use serde_json::{Value as Json, json};

use super::desk::{DAY, Desk, HOUR, MINUTE, berlin, created, open_office, says, status};

const TARGETS: &str = "[targets.first_response]\nwithin = \"2h\"\n[targets.resolution]\nwithin = \"8h\"\n";

fn snapshot(ticket: &str, created: i64, status: &str) -> Json {
    json!({"type": "ticket.snapshot", "ticket_id": ticket, "created_time": created, "status": status})
}

fn completed(started: i64) -> Json {
    json!({"type": "ticket.snapshot_completed", "started_time": started})
}

#[test]
fn ticket_that_a_full_set_ended_was_open_until_then_and_ended_from_then_on() {
    let nine = berlin("2026-05-06T09:00");
    let events = [(nine, created("gone")), (nine + HOUR, completed(nine + 30 * MINUTE)), (nine + 30 * MINUTE, created("later"))];
    let mut desk = Desk::new(TARGETS).with(&events);
    // `gone` ended at ten: without a reply before eleven, and before five. `later` misses both targets.
    let seen = desk.look(nine + DAY);
    seen.decided("first_response", 0, 1).decided("resolution", 1, 2).is("cx_backlog_tickets", 1.0);
    seen.is("cx_target_undecided{target=\"first_response\",reason=\"ended_without_reply\",window=\"30d\"}", 1.0);
    // It ended at noon, after the deadline of the first response and before that of the resolution.
    let mut late = Desk::new(TARGETS).with(&[(nine, created("gone")), (nine + 3 * HOUR, completed(nine + HOUR))]);
    late.look(nine + DAY).decided("first_response", 0, 1).decided("resolution", 1, 1).is("cx_tickets_resolved{window=\"30d\"}", 0.0);
    let mut never = Desk::new(TARGETS).with(&[(nine, created("gone")), (nine + 9 * HOUR, completed(nine + HOUR))]);
    never.look(nine + DAY).decided("first_response", 0, 1).decided("resolution", 0, 1).is("cx_backlog_tickets", 0.0);
}

#[test]
fn ticket_that_only_a_snapshot_ended_was_open_until_the_time_of_the_snapshot() {
    let nine = berlin("2026-05-06T09:00");
    let told = |at: i64, solved: i64| {
        let mut told = snapshot("a", nine, "solved");
        told["solved_time"] = solved.into();
        Desk::new(TARGETS).with(&[(nine, created("a")), (at, told)]).look(nine + DAY)
    };
    // The help desk says when it was solved, but the history has it open until the snapshot.
    told(nine + 12 * HOUR, nine + HOUR).decided("first_response", 0, 1).decided("resolution", 0, 1);
    told(nine + 3 * HOUR, nine + HOUR).decided("first_response", 0, 1).decided("resolution", 1, 1);
    told(nine + HOUR, nine + HOUR).decided("first_response", 0, 0).decided("resolution", 1, 1);
}

#[test]
fn deadline_before_the_snapshot_that_tells_of_the_ticket_is_no_sample_and_one_after_it_is() {
    let nine = berlin("2026-05-06T09:00");
    let mut told = snapshot("a", nine, "open");
    told["answered"] = false.into();
    let mut desk = Desk::new(TARGETS).with(&[(nine + 3 * HOUR, told)]);
    let seen = desk.look(nine + 4 * HOUR);
    seen.decided("first_response", 0, 0).is("cx_backlog_unanswered_past_target_tickets", 1.0);
    desk.take(nine + 4 * HOUR, &says("a", "agent"));
    desk.look(nine + 4 * HOUR).decided("first_response", 0, 0).is("cx_first_response_seconds_sum{window=\"24h\"}", 4.0 * 3600.0);
    desk.look(nine + 9 * HOUR).decided("resolution", 0, 1);
}

#[test]
fn ticket_of_which_nobody_knows_whether_it_was_answered_has_no_first_response_target() {
    let nine = berlin("2026-05-06T09:00");
    let mut desk = Desk::new(TARGETS).with(&[(nine + HOUR, snapshot("a", nine, "open"))]);
    let seen = desk.look(nine + 4 * HOUR);
    seen.decided("first_response", 0, 0).is("cx_backlog_unanswered_past_target_tickets", 0.0).is("cx_backlog_tickets", 1.0);
    desk.take(nine + 4 * HOUR, &says("a", "agent"));
    desk.look(nine + 9 * HOUR)
        .decided("first_response", 0, 0)
        .decided("resolution", 0, 1)
        .is("cx_first_response_seconds_count{window=\"24h\"}", 0.0);
}

#[test]
fn end_that_only_a_snapshot_tells_of_changes_no_business_time() {
    let nine = berlin("2026-05-06T09:00");
    let text = format!("{}{TARGETS}", open_office());
    let mut desk = Desk::new(&text).with(&[
        (nine, created("a")),
        (nine + HOUR, status("a", "solved")),
        (nine + 2 * HOUR, status("a", "open")),
        (nine + 5 * HOUR, completed(nine + 4 * HOUR)),
    ]);
    let seen = desk.look(nine + 6 * HOUR);
    seen.is("cx_resolution_business_seconds_sum{window=\"24h\"}", 3600.0).decided("resolution", 1, 1);
    seen.is("cx_backlog_tickets", 0.0);
}
