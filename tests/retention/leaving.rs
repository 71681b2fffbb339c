//! Entries leave after their retention or at a limit, and this is counted.

use cxpulse::time::Span;

use super::desk::{CUSTOMERS, Desk, START};

#[test]
fn ended_ticket_leaves_after_its_retention_and_an_open_one_stays() {
    let mut desk = Desk::new(&[("retention.tickets", "40d")]);
    desk.open(Span(0), "ended");
    desk.solve(Span::hours(1), "ended");
    desk.open(Span::hours(1), "open");
    desk.open(Span::days(39), "later");
    assert_eq!(desk.value(r#"cx_state_entries{store="contacts"}"#), 3.0);
    desk.open(Span::days(42), "last");
    desk.open(Span::days(43), "clock");
    assert_eq!(desk.value(r#"cx_state_entries{store="contacts"}"#), 4.0, "`ended` has left, the open ones have not");
    assert_eq!(desk.value("cx_backlog_tickets"), 4.0);
    assert_eq!(desk.value(r#"cx_state_limit_evictions_total{store="contacts"}"#), 0.0, "retention is no eviction");
}

#[test]
fn beyond_the_limit_ended_tickets_leave_first_and_are_counted() {
    let mut desk = Desk::new(&[("limits.contacts_max", "100")]);
    for n in 0..50 {
        desk.open(Span::minutes(n), &format!("open{n}"));
    }
    for n in 0..80 {
        desk.open(Span::minutes(60 + n), &format!("ended{n}"));
        desk.solve(Span::minutes(60 + n), &format!("ended{n}"));
    }
    desk.open(Span::hours(12), "later");
    desk.open(Span::hours(14), "clock");
    let (kept, evicted) =
        (desk.value(r#"cx_state_entries{store="contacts"}"#), desk.value(r#"cx_state_limit_evictions_total{store="contacts"}"#));
    assert!(kept <= 100.0 && evicted >= 32.0, "{kept} kept, {evicted} evicted");
    assert_eq!(desk.value("cx_backlog_tickets"), 52.0, "no open ticket had to leave");
    assert_eq!(desk.value(r#"cx_tickets_resolved{window="24h"}"#), 80.0, "what left has counted and still counts");
}

#[test]
fn of_many_tickets_a_sample_is_looked_at_and_ended_ones_leave_first_all_the_same() {
    let mut desk = Desk::new(&[("limits.contacts_max", "40000")]);
    for n in 0..20_000 {
        desk.open(Span(n), &format!("ended{n}"));
        desk.solve(Span(n), &format!("ended{n}"));
    }
    for n in 0..25_000 {
        desk.open(Span(n), &format!("open{n}"));
    }
    let (kept, evicted) =
        (desk.value(r#"cx_state_entries{store="contacts"}"#), desk.value(r#"cx_state_limit_evictions_total{store="contacts"}"#));
    assert!(kept <= 40_000.0 && kept + evicted == 45_000.0, "{kept} kept, {evicted} evicted");
    assert!((2.0 * 4_096.0..2.0 * 4_150.0).contains(&evicted), "twice a quarter of a sample left: {evicted}");
    assert_eq!(desk.value("cx_backlog_tickets"), 25_000.0, "no open ticket had to leave");
}

#[test]
fn open_tickets_beyond_the_limit_leave_the_backlog_with_the_longest_idle_first() {
    let mut desk = Desk::new(&[("limits.contacts_max", "100")]);
    for n in 0..150 {
        desk.open(Span::minutes(n), &format!("T{n}"));
    }
    desk.open(Span::hours(6), "later");
    desk.open(Span::hours(8), "clock");
    let kept = desk.value(r#"cx_state_entries{store="contacts"}"#);
    assert!(kept <= 100.0, "{kept}");
    assert_eq!(desk.value("cx_backlog_tickets"), kept, "what is not known any more is in no backlog");
    let oldest = desk.value("cx_backlog_oldest_unanswered_timestamp_seconds");
    assert!(oldest > (START + Span::minutes(40)).as_seconds(), "the longest idle left: {oldest}");
}

#[test]
fn cancelled_customer_leaves_after_retention_and_an_active_one_stays() {
    let mut desk = Desk::new(&[("retention.customers", "60d")]);
    desk.tell(CUSTOMERS, Span(0), "customer.active", r#""customer_id":"stays""#);
    desk.tell(CUSTOMERS, Span(0), "customer.active", r#""customer_id":"leaves""#);
    desk.tell(CUSTOMERS, Span::days(1), "customer.cancelled", r#""customer_id":"leaves""#);
    assert_eq!(desk.value(r#"cx_state_entries{store="customers"}"#), 2.0);
    for day in [59, 64, 70] {
        desk.open(Span::days(day), &format!("T{day}"));
    }
    assert_eq!(desk.value(r#"cx_state_entries{store="customers"}"#), 1.0);
    assert_eq!(desk.value("cx_customers_active"), 1.0);
}

#[test]
fn idle_chat_ends_at_its_last_event_and_the_idle_time() {
    let mut desk = Desk::new(&[("chats.idle_end", "30m")]);
    let chat = r#""chat_id":"R1""#;
    desk.tell(1, Span(0), "chat.started", chat);
    desk.tell(1, Span::minutes(1), "chat.accepted", chat);
    desk.tell(1, Span::minutes(20), "chat.message", r#""chat_id":"R1","author":"customer""#);
    desk.open(Span::minutes(45), "clock");
    assert_eq!((desk.value("cx_chats_active"), desk.value(r#"cx_chats_idle_ended{window="1h"}"#)), (1.0, 0.0));
    desk.open(Span::minutes(50), "clock2");
    assert_eq!((desk.value("cx_chats_active"), desk.value(r#"cx_chats_idle_ended{window="1h"}"#)), (0.0, 1.0));
    assert_eq!(desk.value(r#"cx_chats_ended{window="1h"}"#), 0.0);
}

#[test]
fn ticket_that_only_a_chat_names_leaves_with_the_chat() {
    let mut desk = Desk::new(&[("retention.tickets", "31d")]);
    desk.tell(1, Span(0), "chat.started", r#""chat_id":"R1","ticket_id":"never told of""#);
    desk.tell(1, Span::minutes(5), "chat.ended", r#""chat_id":"R1""#);
    desk.open(Span::hours(2), "open");
    desk.open(Span::hours(4), "clock");
    assert_eq!(desk.value(r#"cx_state_entries{store="contacts"}"#), 4.0);
    for day in [10, 20, 30, 33, 34] {
        desk.tell(0, Span::days(day), "ticket.message", r#""ticket_id":"open","author":"customer""#);
    }
    assert_eq!(desk.value(r#"cx_state_entries{store="contacts"}"#), 2.0, "the two open tickets");
}
