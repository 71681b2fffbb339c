//! First response: when its target is met, when it is missed, and which team is credited.

use super::desk::{DAY, Desk, HOUR, MINUTE, OFFICE, berlin, created, open_office, says, status, with};

const RATIO: &str = "cx_first_response_attainment_ratio{window=\"30d\"}";
const PAST: &str = "cx_backlog_unanswered_past_target_tickets";
/// A Wednesday.
const NOON: &str = "2026-05-06T12:00";

fn four_hours() -> String {
    format!("{}[targets.first_response]\nwithin = \"4h\"\n", open_office())
}

fn one_hour() -> &'static str {
    "[targets.first_response]\nwithin = \"1h\"\n"
}

#[test]
fn a_miss_is_decided_at_the_deadline_in_business_hours_and_not_at_the_late_reply() {
    let friday_four = berlin("2026-05-08T16:00");
    let monday_noon = berlin("2026-05-11T12:00");
    let mut desk = Desk::new(&four_hours()).with(&[(friday_four, created("a"))]);
    desk.look(monday_noon - 1).decided("first_response", 0, 0).is(PAST, 0.0).lacks(RATIO);
    desk.look(monday_noon).decided("first_response", 0, 1).is(PAST, 1.0).is(RATIO, 0.0);
    desk.take(monday_noon + 30 * MINUTE, &says("a", "agent"));
    let later = desk.look(monday_noon + 58 * MINUTE);
    later.decided("first_response", 0, 1).is(PAST, 0.0);
    later.is("cx_first_response_business_seconds_sum{window=\"30d\"}", 4.5 * 3600.0);
    later.is("cx_first_response_target_decided{window=\"1h\"}", 1.0);
    desk.look(monday_noon + HOUR)
        .is("cx_first_response_target_decided{window=\"1h\"}", 0.0)
        .is("cx_first_response_seconds_count{window=\"1h\"}", 1.0);
}

#[test]
fn a_reply_up_to_the_deadline_itself_meets_the_target_and_one_after_it_does_not() {
    let deadline = berlin("2026-05-11T12:00");
    for (at, within) in [(deadline - 1, 1), (deadline, 1), (deadline + 1, 0)] {
        let mut desk = Desk::new(&four_hours()).with(&[(berlin("2026-05-08T16:00"), created("a")), (at, says("a", "agent"))]);
        let seen = desk.look(at + HOUR);
        seen.decided("first_response", within, 1);
        seen.is("cx_first_response_business_seconds_bucket{window=\"30d\",le=\"14400\"}", within as f64);
    }
}

#[test]
fn running_clocks_are_in_neither_count_and_no_case_is_no_ratio() {
    let noon = berlin(NOON);
    let mut desk = Desk::new(one_hour());
    desk.look(noon).decided("first_response", 0, 0).lacks(RATIO);
    desk.take(noon, &created("a"));
    desk.take(noon, &created("b"));
    desk.take(noon + MINUTE, &says("a", "agent"));
    let seen = desk.look(noon + 30 * MINUTE);
    seen.decided("first_response", 1, 1).is(RATIO, 1.0);
    assert!((seen.value("cx_first_response_attainment_ratio_lower{window=\"30d\"}").unwrap() - 0.206_549).abs() < 1e-6);
    desk.look(noon + 2 * HOUR).decided("first_response", 1, 2).is(RATIO, 0.5);
}

#[test]
fn business_time_is_absent_where_no_hours_are_set_and_never_an_averaged_zero() {
    let noon = berlin(NOON);
    let events = [
        (noon, with(created("a"), "team", "billing")),
        (noon, with(created("b"), "team", "orders")),
        (noon + HOUR, says("a", "agent")),
        (noon + HOUR, says("b", "agent")),
    ];
    let seen = Desk::new(one_hour()).with(&events).look(noon + HOUR);
    assert_eq!(seen.named("cx_first_response_business"), Vec::<&str>::new());
    assert_eq!(seen.named("cx_resolution_business"), Vec::<&str>::new());
    let billing = format!("{OFFICE}\n[[schedule_rules]]\nschedule = \"office\"\nwhere = {{ team = \"billing\" }}\n");
    let seen = Desk::new(&billing).with(&events).look(noon + HOUR);
    seen.is("cx_first_response_business_mean_seconds{window=\"1h\"}", 3600.0);
    seen.is("cx_first_response_business_seconds_count{window=\"1h\"}", 1.0);
    seen.lacks("cx_first_response_business_seconds_count_by_team{team=\"orders\",window=\"1h\"}");
    assert!(!seen.named("cx_first_response_business").iter().any(|series| series.contains("orders")));
}

#[test]
fn a_transfer_changes_neither_target_nor_schedule_and_the_miss_is_that_of_the_team_that_had_it() {
    let text = format!(
        "{OFFICE}\n[[schedule_rules]]\nschedule = \"office\"\nwhere = {{ team = \"day\" }}\n\
         [targets.first_response]\nwithin = \"1h\"\noverrides = [{{ where = {{ team = \"day\" }}, within = \"2h\" }}]\n"
    );
    let evening = berlin("2026-05-06T16:30");
    let deadline = berlin("2026-05-07T10:30");
    let moved = |team| with(serde_json::json!({"type": "ticket.assigned", "ticket_id": "a", "reason": "transfer"}), "team", team);
    let mut desk = Desk::new(&text).with(&[
        (evening, with(created("a"), "team", "day")),
        (evening + MINUTE, moved("night")),
        (deadline + MINUTE, moved("weekend")),
    ]);
    desk.look(deadline + 2 * MINUTE)
        .decided("first_response", 0, 1)
        .is("cx_first_response_target_decided_by_team{team=\"night\",window=\"1h\"}", 1.0)
        .lacks("cx_first_response_target_decided_by_team{team=\"weekend\",window=\"1h\"}")
        .is("cx_backlog_unanswered_past_target_tickets_by_team{team=\"weekend\"}", 1.0);
}

#[test]
fn a_ticket_solved_unanswered_is_decided_only_if_its_deadline_came_first() {
    let noon = berlin(NOON);
    let mut early = Desk::new(one_hour()).with(&[(noon, created("a")), (noon + 30 * MINUTE, status("a", "solved"))]);
    early.look(noon + 3 * HOUR).decided("first_response", 0, 0).is(PAST, 0.0);
    let mut late = Desk::new(one_hour()).with(&[(noon, created("a")), (noon + 90 * MINUTE, status("a", "solved"))]);
    late.look(noon + 3 * HOUR).decided("first_response", 0, 1).is(PAST, 0.0);
    // The solve ended the clock of the target for good: neither the reopening nor a late reply gives it a verdict.
    early.take(noon + 4 * HOUR, &status("a", "open"));
    early.look(noon + 4 * HOUR).decided("first_response", 0, 0).is(PAST, 0.0);
    early.take(noon + 5 * HOUR, &says("a", "agent"));
    early
        .look(noon + 5 * HOUR)
        .decided("first_response", 0, 0)
        .is("cx_first_response_seconds_sum{window=\"30d\"}", 5.0 * 3600.0)
        .is("cx_target_undecided{target=\"first_response\",reason=\"ended_without_reply\",window=\"30d\"}", 1.0);
}

#[test]
fn a_reply_up_to_two_seconds_behind_the_solve_still_decides_and_a_later_one_does_not() {
    let noon = berlin(NOON);
    let solve = noon + 20 * MINUTE;
    let replied = |reply: i64| {
        let events = [(noon, created("a")), (solve, status("a", "solved")), (reply, says("a", "agent"))];
        Desk::new(one_hour()).with(&events).look(noon + 3 * HOUR)
    };
    // It counts as just before the solve, so it took 20 minutes.
    replied(solve + 2_000).decided("first_response", 1, 1).is("cx_first_response_seconds_sum{window=\"30d\"}", 1_200.0);
    for reply in [solve + 2_001, solve + MINUTE, noon + 2 * HOUR] {
        let seconds = (reply - noon) as f64 / 1_000.0;
        replied(reply).decided("first_response", 0, 0).is("cx_first_response_seconds_sum{window=\"30d\"}", seconds);
    }
}

#[test]
fn a_withdrawn_ticket_leaves_every_count_and_comes_back_with_its_misses() {
    let noon = berlin(NOON);
    let mut desk = Desk::new(one_hour()).with(&[(noon, created("a")), (noon, created("b")), (noon + MINUTE, says("b", "agent"))]);
    desk.look(noon + 2 * HOUR).decided("first_response", 1, 2).is(PAST, 1.0);
    desk.take(noon + 2 * HOUR, &status("a", "spam"));
    desk.take(noon + 2 * HOUR, &status("b", "deleted"));
    desk.look(noon + 2 * HOUR).decided("first_response", 0, 0).is(PAST, 0.0).lacks(RATIO);
    desk.take(noon + 3 * HOUR, &status("a", "open"));
    desk.look(noon + 3 * HOUR).decided("first_response", 0, 1).is(PAST, 1.0);
}

#[test]
fn a_ticket_that_an_agent_opened_starts_its_clock_at_the_first_customer_message() {
    let noon = berlin(NOON);
    let opened = with(created("a"), "created_by", "agent");
    let mut desk = Desk::new(one_hour()).with(&[(noon, opened), (noon + DAY, says("a", "customer"))]);
    desk.look(noon + DAY + HOUR - 1).decided("first_response", 0, 0);
    desk.look(noon + DAY + HOUR).decided("first_response", 0, 1);
}

#[test]
fn the_calendar_counts_where_a_target_says_so_or_no_schedule_applies() {
    let saturday = berlin("2026-05-09T12:00");
    let text = |clock: &str| format!("{}[targets.first_response]\nwithin = \"1h\"\nclock = \"{clock}\"\n", open_office());
    let waits = |text: &str| Desk::new(text).with(&[(saturday, created("a"))]).look(saturday + 2 * HOUR);
    waits(&text("business")).decided("first_response", 0, 0);
    waits(&text("calendar")).decided("first_response", 0, 1);
    waits(one_hour()).decided("first_response", 0, 1);
}

#[test]
fn a_reply_after_closing_that_took_no_more_business_time_than_the_target_is_met() {
    let text = format!("{}[targets.first_response]\nwithin = \"1h\"\n", open_office());
    let (friday, monday) = (berlin("2026-05-08T16:00"), berlin("2026-05-11T09:00"));
    let replied = |at: i64| Desk::new(&text).with(&[(friday, created("a")), (at, says("a", "agent"))]).look(monday + HOUR);
    for at in [friday + HOUR, friday + 2 * HOUR, monday] {
        let seen = replied(at);
        seen.is("cx_first_response_business_seconds_sum{window=\"7d\"}", 3600.0).decided("first_response", 1, 1);
    }
    replied(monday + 1).decided("first_response", 0, 1);
    let mut waits = Desk::new(&text).with(&[(friday, created("a"))]);
    waits.look(monday - 1).decided("first_response", 0, 0);
    waits.look(monday).decided("first_response", 0, 1);
}
