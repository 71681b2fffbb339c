//! Ticket snapshots, and full sets of them.

use cxpulse::time::Span;

use super::desk::{Desk, START, TICKETS};
use crate::support::engine_driver::GROUP;

#[test]
fn full_set_of_snapshots_ends_open_tickets_that_it_does_not_name_without_a_sample() {
    let mut desk = Desk::new(&[]);
    desk.driver.engine.mark_incomplete(GROUP);
    desk.open(Span(0), "named");
    desk.open(Span(0), "gone");
    assert_eq!((desk.value("cx_backlog_tickets"), desk.value("cx_backlog_complete")), (2.0, 0.0));
    let created = START.0;
    desk.tell(TICKETS, Span::hours(2), "ticket.snapshot", &format!(r#""ticket_id":"named","created_time":{created},"status":"open""#));
    desk.tell(TICKETS, Span::hours(2), "ticket.snapshot", &format!(r#""ticket_id":"unknown","created_time":{created},"status":"open""#));
    let started = (START + Span::hours(1)).0;
    desk.tell(TICKETS, Span::hours(3), "ticket.snapshot_completed", &format!(r#""started_time":{started}"#));
    assert_eq!((desk.value("cx_backlog_tickets"), desk.value("cx_backlog_complete")), (2.0, 1.0), "`named` and `unknown`");
    assert_eq!(desk.value(r#"cx_tickets_resolved{window="24h"}"#), 0.0);
    assert_eq!(desk.value(r#"cx_tickets_created{window="24h"}"#), 2.0, "a snapshot is no creation");
}

/// The members of a snapshot of a ticket that was created some time after the start.
fn told(ticket: &str, created: Span, status: &str, more: &str) -> String {
    format!(r#""ticket_id":"{ticket}","created_time":{},"status":"{status}"{more}"#, (START + created).0)
}

fn completed(started: Span) -> String {
    format!(r#""started_time":{}"#, (START + started).0)
}

#[test]
fn full_set_ends_a_ticket_whose_creation_comes_after_it_too() {
    let hour = |n| Span::hours(n);
    let look = |order: [usize; 4]| {
        let mut desk = Desk::new(&[("topics", r#"[{ name = "tickets", kind = "tickets", allowed_lateness = "24h" }]"#)]);
        for nth in order {
            match nth {
                0 => desk.open(hour(1), "early"),
                1 => desk.tell(TICKETS, hour(4), "ticket.snapshot_completed", &completed(hour(3))),
                2 => desk.tell(TICKETS, hour(5), "ticket.message", r#""ticket_id":"early","author":"customer""#),
                _ => desk.open(hour(6), "later"),
            }
        }
        desk.value("cx_backlog_tickets")
    };
    for order in [[0, 1, 2, 3], [1, 0, 2, 3], [3, 1, 2, 0], [3, 2, 0, 1], [2, 3, 1, 0]] {
        assert_eq!(look(order), 1.0, "{order:?}");
    }
}

#[test]
fn reply_known_before_the_snapshot_that_tells_of_the_creation_is_an_answer_without_a_sample() {
    let mut desk = Desk::new(&[]);
    desk.tell(TICKETS, Span::hours(2), "ticket.message", r#""ticket_id":"T","author":"agent""#);
    desk.tell(TICKETS, Span::hours(3), "ticket.snapshot", &told("T", Span::hours(1), "open", ""));
    assert_eq!((desk.value("cx_backlog_tickets"), desk.value("cx_backlog_unanswered_tickets")), (1.0, 0.0));
    assert_eq!(desk.value(r#"cx_first_response_seconds_count{window="24h"}"#), 0.0);
    desk.solve(Span::hours(4), "T");
    assert_eq!(desk.value(r#"cx_tickets_solved_without_response{window="24h"}"#), 0.0);
    assert_eq!(desk.value(r#"cx_first_contact_resolved{window="24h"}"#), 0.0, "there may have been replies before the snapshot");
}

#[test]
fn further_snapshot_repairs_a_lost_reopening_and_a_lost_status() {
    let mut desk = Desk::new(&[]);
    desk.open(Span(0), "T");
    desk.tell(TICKETS, Span::hours(1), "ticket.snapshot", &told("T", Span(0), "solved", ""));
    assert_eq!(desk.value("cx_backlog_tickets"), 0.0);
    desk.tell(TICKETS, Span::hours(2), "ticket.snapshot", &told("T", Span(0), "pending", ""));
    assert_eq!((desk.value("cx_backlog_tickets"), desk.value(r#"cx_backlog_tickets_by_status{status="pending"}"#)), (1.0, 1.0));
    desk.tell(TICKETS, Span::hours(3), "ticket.snapshot", &told("T", Span(0), "open", ""));
    assert_eq!(desk.value(r#"cx_backlog_tickets_by_status{status="open"}"#), 1.0);
    assert_eq!(desk.value(r#"cx_tickets_reopened{window="24h"}"#), 0.0, "nobody knows when");
    desk.tell(TICKETS, Span::hours(4), "ticket.status_changed", r#""ticket_id":"T","status":"on_hold""#);
    desk.tell(TICKETS, Span::hours(5), "ticket.snapshot", &told("T", Span(0), "open", ""));
    assert_eq!(desk.value(r#"cx_backlog_tickets_by_status{status="open"}"#), 1.0, "the help desk knows more at its time");
    assert_eq!(desk.value(r#"cx_backlog_tickets_by_status{status="on_hold"}"#), 0.0);
    desk.solve(Span::hours(6), "T");
    assert_eq!(desk.value(r#"cx_tickets_resolved{window="24h"}"#), 1.0);
    assert_eq!(desk.value(r#"cx_tickets_resolved_reopened{window="24h"}"#), 0.0, "no reopening is counted");
}

#[test]
fn withdrawn_ticket_is_not_ended_by_a_set_that_leaves_it_out() {
    let mut desk = Desk::new(&[]);
    desk.open(Span(0), "T");
    desk.tell(TICKETS, Span::hours(1), "ticket.status_changed", r#""ticket_id":"T","status":"spam""#);
    desk.tell(TICKETS, Span::hours(3), "ticket.snapshot_completed", &completed(Span::hours(2)));
    desk.tell(TICKETS, Span::hours(4), "ticket.status_changed", r#""ticket_id":"T","status":"open""#);
    assert_eq!((desk.value("cx_backlog_tickets"), desk.value(r#"cx_tickets_reopened{window="24h"}"#)), (1.0, 0.0));
}

#[test]
fn ticket_known_from_a_snapshot_alone_is_no_contact_that_another_could_repeat() {
    let customer = r#","customer_id":"C""#;
    let contacts = |told_at: Span, created: Span, opened: Span| {
        let mut desk = Desk::new(&[("journey.repeat_contact_within", "2d")]);
        let mut events = [
            (opened, "ticket.created", format!(r#""ticket_id":"new"{customer}"#)),
            (told_at, "ticket.snapshot", told("old", created, "open", customer)),
        ];
        events.sort_by_key(|(at, ..)| *at);
        for (at, kind, members) in events {
            desk.tell(TICKETS, at, kind, &members);
        }
        assert_eq!(desk.value("cx_backlog_tickets"), 2.0);
        (desk.value(r#"cx_contacts{window="30d"}"#), desk.value(r#"cx_repeat_contacts{window="30d"}"#))
    };
    assert_eq!(contacts(Span::days(5), Span::days(3), Span::days(4)), (1.0, 0.0), "created within two days before it");
    assert_eq!(contacts(Span::days(5), Span::days(3), Span::days(6)), (1.0, 0.0), "told of within two days before it");
}
