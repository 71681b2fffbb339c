//! Resolution: met or missed by the state at the deadline; until then a solved ticket counts as met.

use super::desk::{Desk, HOUR, MINUTE, berlin, created, open_office, status};

const RESOLVED: &str = "[targets.resolution]\nwithin = \"8h\"\n";

#[test]
fn a_solve_in_time_is_met_at_the_solve_and_an_open_ticket_missed_at_the_deadline() {
    let nine = berlin("2026-05-06T09:00");
    let mut desk = Desk::new(RESOLVED).with(&[(nine, created("a")), (nine, created("b")), (nine + HOUR, status("a", "solved"))]);
    desk.look(nine + 2 * HOUR).decided("resolution", 1, 1);
    desk.look(nine + 8 * HOUR).decided("resolution", 1, 2).is("cx_resolution_attainment_ratio{window=\"30d\"}", 0.5);
    desk.take(nine + 9 * HOUR, &status("b", "solved"));
    let seen = desk.look(nine + 24 * HOUR);
    seen.decided("resolution", 1, 2).is("cx_tickets_resolved{window=\"30d\"}", 2.0);
    seen.is("cx_resolution_seconds_bucket{window=\"30d\",le=\"28800\"}", 1.0);
}

#[test]
fn before_the_deadline_a_reopening_takes_the_verdict_back_and_the_next_solve_gives_one() {
    let nine = berlin("2026-05-06T09:00");
    let mut desk =
        Desk::new(RESOLVED).with(&[(nine, created("a")), (nine + HOUR, status("a", "solved")), (nine + 2 * HOUR, status("a", "open"))]);
    desk.look(nine + 3 * HOUR).decided("resolution", 0, 0);
    let mut in_time = Desk::new(RESOLVED).with(&[
        (nine, created("a")),
        (nine + HOUR, status("a", "solved")),
        (nine + 2 * HOUR, status("a", "open")),
        (nine + 4 * HOUR, status("a", "solved")),
    ]);
    in_time.look(nine + 20 * HOUR).decided("resolution", 1, 1);
    desk.look(nine + 9 * HOUR).decided("resolution", 0, 1);
    desk.take(nine + 9 * HOUR, &status("a", "solved"));
    desk.look(nine + 10 * HOUR)
        .decided("resolution", 0, 1)
        .is("cx_resolution_seconds_count{window=\"30d\"}", 1.0)
        .is("cx_resolution_seconds_sum{window=\"30d\"}", 9.0 * 3600.0);
}

#[test]
fn a_ticket_solved_at_its_deadline_met_its_target_whatever_is_reopened_later() {
    let nine = berlin("2026-05-06T09:00");
    let reopened = "cx_resolution_within_target_reopened{window=\"30d\"}";
    let mut desk = Desk::new(RESOLVED).with(&[(nine, created("a")), (nine + HOUR, status("a", "solved"))]);
    desk.look(nine + 48 * HOUR).decided("resolution", 1, 1).is(reopened, 0.0);
    desk.take(nine + 48 * HOUR, &status("a", "open"));
    desk.take(nine + 72 * HOUR, &status("a", "solved"));
    let seen = desk.look(nine + 72 * HOUR);
    seen.decided("resolution", 1, 1).is(reopened, 1.0).is("cx_resolution_target_decided{window=\"24h\"}", 0.0);
    seen.is("cx_resolution_seconds_sum{window=\"30d\"}", 72.0 * 3600.0);
}

#[test]
fn a_ticket_that_was_open_at_its_deadline_missed_its_target_although_it_had_been_solved() {
    let nine = berlin("2026-05-06T09:00");
    let seen = |reopened: i64| {
        let events = [
            (nine, created("a")),
            (nine + HOUR, status("a", "solved")),
            (reopened, status("a", "open")),
            (nine + 9 * HOUR, status("a", "solved")),
        ];
        Desk::new(RESOLVED).with(&events).look(nine + 10 * HOUR)
    };
    seen(nine + 8 * HOUR).decided("resolution", 0, 1);
    seen(nine + 8 * HOUR + 1).decided("resolution", 1, 1);
}

#[test]
fn business_hours_of_a_resolution_are_those_of_the_latest_solve() {
    let friday = berlin("2026-05-08T16:30");
    let text = format!("{}{RESOLVED}", open_office());
    let mut desk = Desk::new(&text).with(&[(friday, created("a")), (berlin("2026-05-11T09:30"), status("a", "solved"))]);
    let sum = "cx_resolution_business_seconds_sum{window=\"30d\"}";
    desk.look(berlin("2026-05-11T10:00")).is(sum, 3600.0).decided("resolution", 1, 1);
    desk.take(berlin("2026-05-11T10:00"), &status("a", "open"));
    desk.take(berlin("2026-05-12T10:30"), &status("a", "solved"));
    let seen = desk.look(berlin("2026-05-12T11:00"));
    seen.is(sum, 10.0 * 3600.0).is("cx_resolution_business_seconds_count{window=\"30d\"}", 1.0).decided("resolution", 0, 1);
}

#[test]
fn a_solve_of_a_ticket_whose_creation_is_unknown_decides_nothing() {
    let nine = berlin("2026-05-06T09:00");
    let mut desk = Desk::new(RESOLVED).with(&[(nine, status("a", "solved"))]);
    desk.look(nine + MINUTE).decided("resolution", 0, 0).is("cx_tickets_resolved{window=\"30d\"}", 1.0);
}
