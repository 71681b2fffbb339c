//! Series expiry: label sets that have been empty for longer than the longest window leave, and others take their places.

use cxpulse::time::{EventTime, Span};

use super::desk::{Desk, START, TICKETS};
use crate::support::engine_driver::GROUP;

const WINDOWS: (&str, &str) = ("windows", r#"[{ name = "1h", range = "1h", hop = "1m" }, { name = "1d", range = "24h", hop = "15m" }]"#);
const CREATED: &str = r#"cx_tickets_created_by_team{team="billing",window="1d"}"#;

fn desk(overrides: &[(&str, &str)]) -> Desk {
    Desk::new(&[&[WINDOWS, ("trend.pairs", r#"[["1h", "1d"]]"#)], overrides].concat())
}

fn at(after: Span) -> EventTime {
    START + after
}

#[test]
fn a_label_set_stands_at_0_for_one_longest_window_and_then_leaves() {
    let mut desk = desk(&[]);
    desk.open_for(Span(0), "T", "billing");
    desk.solve(Span::minutes(20), "T");
    let mut created_at = |after| {
        desk.driver.engine.advance_to(at(after));
        (desk.shown(CREATED), desk.shown("cx_backlog_tickets_by_team{team=\"billing\"}"), desk.shown("cx_tickets_created{window=\"1d\"}"))
    };
    assert_eq!(created_at(Span::minutes(23 * 60 + 44)), (Some(1.0), Some(0.0), Some(1.0)));
    assert_eq!(created_at(Span::hours(24)), (Some(0.0), Some(0.0), Some(0.0)), "it has left the longest window");
    assert_eq!(created_at(Span::minutes(47 * 60 + 44)), (Some(0.0), Some(0.0), Some(0.0)));
    assert_eq!(created_at(Span::hours(48)), (None, Some(0.0), Some(0.0)), "the state changed twenty minutes later");
    assert_eq!(created_at(Span::minutes(48 * 60 + 15)), (None, None, Some(0.0)), "the overall value stays");
}

#[test]
fn a_label_set_that_holds_state_of_now_does_not_expire() {
    let mut desk = desk(&[]);
    desk.open_for(Span(0), "T", "billing");
    desk.driver.engine.advance_to(at(Span::days(30)));
    let backlog = "cx_backlog_tickets_by_team{team=\"billing\"}";
    let oldest = "cx_backlog_oldest_unanswered_timestamp_seconds_by_team{team=\"billing\"}";
    assert_eq!((desk.shown(CREATED), desk.shown(backlog), desk.shown(oldest)), (None, Some(1.0), Some(START.as_seconds())));
    desk.solve(Span::days(30), "T");
    assert_eq!((desk.shown(backlog), desk.shown(oldest)), (Some(0.0), None));
    desk.driver.engine.advance_to(at(Span::minutes(32 * 24 * 60 - 16)));
    assert_eq!(desk.shown(backlog), Some(0.0), "it was emptied less than two days ago");
    desk.driver.engine.advance_to(at(Span::days(32)));
    assert_eq!(desk.shown(backlog), None);
    assert!(!desk.text().contains("billing"));
}

#[test]
fn a_label_set_that_comes_back_starts_anew_at_its_right_value() {
    let mut desk = desk(&[]);
    desk.open_for(Span(0), "T", "billing");
    desk.open_for(Span::days(4), "other", "orders");
    assert_eq!(desk.shown(CREATED), None);
    desk.open_for(Span::days(5), "U", "billing");
    desk.open_for(Span::days(5), "V", "billing");
    assert_eq!((desk.shown(CREATED), desk.shown("cx_backlog_tickets_by_team{team=\"billing\"}")), (Some(2.0), Some(3.0)));
    for (n, ticket) in ["T", "U", "V"].into_iter().enumerate() {
        desk.solve(Span::minutes(5 * 24 * 60 + n as i64), ticket);
    }
    assert_eq!(desk.shown("cx_tickets_resolved_by_team{team=\"billing\",window=\"1d\"}"), Some(3.0));
    assert_eq!(desk.shown("cx_backlog_tickets_by_team{team=\"billing\"}"), Some(0.0));
}

#[test]
fn a_correction_of_what_has_expired_does_not_bring_it_back() {
    let mut desk = desk(&[("topics", r#"[{ name = "tickets", kind = "tickets", allowed_lateness = "20d" }]"#)]);
    desk.open_for(Span(0), "T", "billing");
    desk.open_for(Span::days(4), "other", "orders");
    assert_eq!(desk.shown(CREATED), None);
    // A ticket's end arrives late. It empties the label sets of the ticket's current state at a time long ago.
    desk.solve(Span::minutes(5), "T");
    assert!(!desk.text().contains("billing"), "all of it is older than two days");
    assert_eq!(desk.shown("cx_backlog_tickets"), Some(1.0));
    desk.solve(Span::days(4), "other");
    assert_eq!(desk.shown("cx_tickets_resolved_by_team{team=\"orders\",window=\"1d\"}"), Some(1.0));
}

#[test]
fn what_expires_makes_room_under_the_limit_whether_or_not_anybody_looks() {
    let teams = |looks: bool| {
        let mut desk = desk(&[("limits.cells_max", "100"), ("retention.tickets", "1d")]);
        let mut shown = Vec::new();
        for day in 0..40 {
            let team = format!("team{day}");
            desk.open_for(Span::days(day), &format!("T{day}"), &team);
            desk.solve(Span::hours(day * 24 + 1), &format!("T{day}"));
            if looks || day == 39 {
                let created = format!("cx_tickets_created_by_team{{team=\"{team}\",window=\"1d\"}}");
                shown.push((desk.shown(&created), desk.shown("cx_series").unwrap() <= 100.0));
            }
        }
        (shown, desk.value("cx_state_limit_evictions_total{store=\"cells\"}"), desk.text())
    };
    let (shown, refused, text) = teams(true);
    assert_eq!(shown, [(Some(1.0), true); 40], "every team finds room, because those of three days ago have left");
    assert_eq!(refused, 0.0);
    let without_size = |text: &str| text.lines().filter(|line| !line.contains("pane_cells")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(without_size(&teams(false).2), without_size(&text));
}

#[test]
fn what_found_no_room_finds_it_once_it_has_expired_itself() {
    let overall = {
        let mut desk = desk(&[]);
        desk.open_for(Span(0), "T", "billing");
        desk.text().lines().filter(|line| line.starts_with("cx_series ")).map(str::to_owned).next().unwrap()
    };
    // One ticket alone has as many label sets without those of its wait.
    let mut desk = desk(&[("limits.cells_max", "16"), ("first_response.wait_ages", "[]")]);
    desk.open_for(Span(0), "A", "billing");
    desk.open_for(Span(0), "B", "orders");
    assert_eq!((desk.shown(CREATED), desk.shown("cx_tickets_created{window=\"1d\"}")), (Some(1.0), Some(2.0)), "{overall}");
    let orders = "cx_tickets_created_by_team{team=\"orders\",window=\"1d\"}";
    let refused = desk.value("cx_state_limit_evictions_total{store=\"cells\"}");
    assert!(desk.shown(orders).is_none() && refused > 0.0, "{refused}");
    for ticket in ["A", "B"] {
        desk.solve(Span::minutes(1), ticket);
    }
    desk.open_for(Span::days(4), "C", "orders");
    assert_eq!((desk.shown(orders), desk.shown(CREATED)), (Some(1.0), None));
}

#[test]
fn a_family_has_a_limit_of_its_own_and_what_is_beyond_counts_overall() {
    let mut desk = desk(&[("limits.cells_per_family_max", "16")]);
    for n in 0..20 {
        desk.open_for(Span::minutes(n), &format!("T{n}"), &format!("team{n}"));
    }
    let text = desk.text();
    let teams = text.lines().filter(|line| line.starts_with("cx_tickets_created_by_team{") && line.contains("window=\"1d\"")).count();
    assert_eq!(teams, 16);
    assert_eq!(desk.shown("cx_tickets_created{window=\"1d\"}"), Some(20.0));
    assert_eq!(desk.shown("cx_tickets_created_by_channel{channel=\"unknown\",window=\"1d\"}"), Some(20.0), "another family");
    assert!(desk.value("cx_state_limit_evictions_total{store=\"family_cells\"}") >= 4.0);
    assert_eq!(desk.value("cx_state_limit_evictions_total{store=\"cells\"}"), 0.0);
}

#[test]
fn a_group_that_was_parked_while_others_came_and_went_brings_back_what_it_held() {
    let mut desk = desk(&[]);
    desk.open_for(Span(0), "T", "billing");
    desk.driver.engine.revoke(GROUP);
    assert_eq!(desk.shown("cx_backlog_tickets_by_team{team=\"billing\"}"), Some(0.0), "seen less than two days ago");
    for day in [4, 8] {
        desk.driver.engine.advance_to(at(Span::days(day)));
        assert_eq!(desk.shown("cx_backlog_tickets_by_team{team=\"billing\"}"), None);
    }
    desk.driver.engine.assign(GROUP);
    assert_eq!((desk.shown(CREATED), desk.shown("cx_backlog_tickets_by_team{team=\"billing\"}")), (None, Some(1.0)));
    desk.solve(Span::days(8), "T");
    assert_eq!(desk.shown("cx_tickets_resolved_by_team{team=\"billing\",window=\"1d\"}"), Some(1.0));
}

/// Places are freed between two events that are applied together. A history must not be folded then if one of the later events belongs to it.
#[test]
fn places_given_back_among_events_fold_no_history_that_one_of_them_corrects() {
    for hop in 0..3 {
        let edge = Span(Span::days(2).0 + hop * Span::hours(6).0);
        let around = |minutes: i64| Span(edge.0 + Span::minutes(minutes).0);
        let mut desk = Desk::new(&[]);
        let reply = r#""ticket_id":"A","author":"agent""#;
        desk.open(around(-50), "A");
        desk.tell(TICKETS, around(-10), "ticket.message", reply);
        assert_eq!(desk.value(r#"cx_first_response_mean_seconds{window="24h"}"#), 40.0 * 60.0);
        // Places are freed at one of the three edges.
        desk.open(around(40), "B");
        desk.tell(TICKETS, around(-15), "ticket.message", reply);
        desk.open(around(120), "C");
        assert_eq!(desk.value(r#"cx_first_response_mean_seconds{window="24h"}"#), 35.0 * 60.0, "at {edge}");
    }
}
