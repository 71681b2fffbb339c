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
fn ticket_that_a_full_set_ended_before_its_deadline_has_not_missed_it() {
    let nine = berlin("2026-05-06T09:00");
    let events = [(nine, created("gone")), (nine + HOUR, completed(nine + 30 * MINUTE)), (nine + 30 * MINUTE, created("later"))];
    let mut desk = Desk::new(TARGETS).with(&events);
    desk.look(nine + DAY).decided("first_response", 0, 1).decided("resolution", 0, 1).is("cx_backlog_tickets", 1.0);
    // It ended after the deadline, so it missed the target.
    let mut late = Desk::new(TARGETS).with(&[(nine, created("gone")), (nine + 3 * HOUR, completed(nine + HOUR))]);
    late.look(nine + DAY).decided("first_response", 0, 1).decided("resolution", 0, 0);
}

#[test]
fn ticket_that_a_snapshot_says_was_solved_before_its_deadline_has_not_missed_it() {
    let nine = berlin("2026-05-06T09:00");
    let told = |solved: i64| {
        let mut told = snapshot("a", nine, "solved");
        told["solved_time"] = solved.into();
        Desk::new(TARGETS).with(&[(nine, created("a")), (nine + 12 * HOUR, told)]).look(nine + DAY)
    };
    told(nine + HOUR).decided("first_response", 0, 0).decided("resolution", 0, 0);
    told(nine + 3 * HOUR).decided("first_response", 0, 1).decided("resolution", 0, 0);
}

#[test]
fn deadline_before_the_snapshot_that_tells_of_the_ticket_is_no_sample_and_one_after_it_is() {
    let nine = berlin("2026-05-06T09:00");
    let mut desk = Desk::new(TARGETS).with(&[(nine + 3 * HOUR, snapshot("a", nine, "open"))]);
    let seen = desk.look(nine + 4 * HOUR);
    seen.decided("first_response", 0, 0).is("cx_backlog_unanswered_past_target_tickets", 1.0);
    desk.take(nine + 4 * HOUR, &says("a", "agent"));
    desk.look(nine + 4 * HOUR).decided("first_response", 0, 0).is("cx_first_response_seconds_sum{window=\"24h\"}", 4.0 * 3600.0);
    desk.look(nine + 9 * HOUR).decided("resolution", 0, 1);
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
