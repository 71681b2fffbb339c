//! Limits hold at every moment, and an entry that leaves removes nothing else.

use std::time::{Duration, Instant};

use cxpulse::time::Span;

use super::desk::{CHATS, CUSTOMERS, Desk, SURVEYS, TICKETS};

#[test]
fn customer_who_leaves_at_the_limit_was_none_at_any_start_either() {
    let mut desk = Desk::new(&[("limits.customers_max", "16")]);
    desk.tell(CUSTOMERS, Span(0), "customer.active", r#""customer_id":"first""#);
    for n in 0..60 {
        desk.tell(CUSTOMERS, Span::minutes(8 * 24 * 60 + n), "customer.subscribed", &format!(r#""customer_id":"C{n}""#));
        for window in ["1h", "24h", "7d"] {
            let at_start = desk.value(&format!(r#"cx_customers_active_at_start{{window="{window}"}}"#));
            assert!((0.0..=1.0).contains(&at_start), "{at_start} {window} after {n}");
        }
    }
    assert!(desk.value("cx_customers_active") <= 16.0);
    assert_eq!(desk.value(r#"cx_customers_new{window="24h"}"#), 60.0, "what happened stays counted");
    assert!(desk.value(r#"cx_customers_churned{window="24h"}"#) == 0.0, "nobody cancelled");
}

#[test]
fn withdrawn_ticket_begins_no_life_of_a_customer_who_has_left() {
    let mut desk = Desk::new(&[("limits.customers_max", "16")]);
    for n in 0..17 {
        desk.tell(TICKETS, Span::minutes(n), "ticket.created", &format!(r#""ticket_id":"T{n}","customer_id":"C{n}""#));
    }
    let kept = |desk: &mut Desk| desk.value(r#"cx_state_entries{store="customers"}"#);
    assert_eq!(kept(&mut desk), 14.0, "one too many, and an eighth of the limit beside it");
    desk.tell(TICKETS, Span::minutes(18), "ticket.status_changed", r#""ticket_id":"T0","status":"spam""#);
    assert_eq!(kept(&mut desk), 14.0);
}

#[test]
fn merges_beyond_the_limit_are_forgotten_counted_and_undone() {
    let mut desk = Desk::new(&[("limits.customers_max", "100")]);
    desk.tell(CUSTOMERS, Span(0), "customer.active", r#""customer_id":"one""#);
    for n in 0..150 {
        desk.tell(CUSTOMERS, Span::minutes(n), "customer.merged", &format!(r#""customer_id":"C{n}","into_customer_id":"one""#));
    }
    // The 101st entry makes room down to 88, seven eighths of the limit, and so does each 13th after it.
    assert_eq!(desk.value(r#"cx_state_limit_evictions_total{store="customers"}"#), 4.0 * 13.0);
    desk.tell(CUSTOMERS, Span::minutes(150), "customer.active", r#""customer_id":"C149""#);
    assert_eq!(desk.value("cx_customers_active"), 1.0, "the last identity is still that of the customer");
    desk.tell(CUSTOMERS, Span::minutes(151), "customer.active", r#""customer_id":"C0""#);
    assert_eq!(desk.value("cx_customers_active"), 2.0, "the first merge is forgotten, so its identity is a customer of its own");
}

#[test]
fn survey_that_is_sent_again_and_again_does_not_grow() {
    let stored_bytes = |sendings: i64| {
        let mut desk = Desk::new(&[]);
        for n in 0..sendings {
            let sent = r#""survey_id":"S","customer_id":"C","metric":"csat""#;
            desk.tell(SURVEYS, Span(n * Span::days(1).0 / sendings), "survey.sent", sent);
        }
        for day in 2..6 {
            desk.open(Span::days(day), &format!("clock{day}"));
        }
        desk.stored_bytes()
    };
    let (few, many) = (stored_bytes(100), stored_bytes(400));
    assert!(many < few + 300, "{many} bytes after 400 sendings, and {few} after 100");
}

#[test]
fn survey_that_is_answered_again_and_again_does_not_grow() {
    let stored_bytes = |answers: i64| {
        let mut desk = Desk::new(&[]);
        for n in 0..answers {
            let given = format!(r#""survey_id":"S","customer_id":"C","metric":"csat","score":{}"#, 1 + n % 5);
            desk.tell(SURVEYS, Span(n * Span::days(1).0 / answers), "survey.responded", &given);
        }
        for day in 2..6 {
            desk.tell(SURVEYS, Span::days(day), "survey.responded", r#""survey_id":"S","customer_id":"C","metric":"csat","score":5"#);
        }
        assert_eq!(desk.value(r#"cx_csat_responses{window="7d"}"#), 1.0);
        desk.stored_bytes()
    };
    let (few, many) = (stored_bytes(100), stored_bytes(400));
    assert!(many < few + 300, "{many} bytes after 400 answers, and {few} after 100");
}

#[test]
fn limit_holds_though_no_window_moves() {
    let mut desk = Desk::new(&[("limits.contacts_max", "64"), ("limits.surveys_max", "64")]);
    for n in 0..500 {
        desk.open(Span(0), &format!("T{n}"));
        let answer = format!(r#""survey_id":"S{n}","ticket_id":"T{n}","metric":"csat","score":4"#);
        desk.tell(SURVEYS, Span(0), "survey.responded", &answer);
        assert!(desk.value(r#"cx_state_entries{store="contacts"}"#) <= 64.0 && desk.value(r#"cx_state_entries{store="surveys"}"#) <= 64.0);
    }
    assert!(desk.value(r#"cx_state_limit_evictions_total{store="contacts"}"#) >= 436.0);
    assert_eq!(desk.value(r#"cx_csat_responses{window="1h"}"#), 500.0, "what left has counted and still counts");
}

#[test]
fn events_ahead_of_now_have_a_limit_and_the_first_are_counted_early() {
    let mut desk = Desk::new(&[("limits.held_max", "16")]);
    desk.open(Span(0), "now");
    desk.driver.engine.follow_events_until(None);
    for n in 0..40 {
        desk.open(Span::minutes(1 + n), &format!("T{n}"));
    }
    assert_eq!(desk.value(r#"cx_state_entries{store="held"}"#), 16.0);
    assert_eq!(desk.value(r#"cx_state_limit_evictions_total{store="held"}"#), 24.0);
    assert_eq!(desk.value(r#"cx_tickets_created{window="24h"}"#), 1.0, "no window holds its future");
    desk.driver.engine.advance_to(super::desk::START + Span::hours(1));
    assert_eq!((desk.value(r#"cx_tickets_created{window="24h"}"#), desk.value("cx_backlog_tickets")), (41.0, 41.0));
}

#[test]
fn chat_that_ended_by_being_idle_leaves_after_its_retention() {
    let mut desk = Desk::new(&[("chats.idle_end", "30m"), ("retention.tickets", "31d")]);
    desk.tell(CHATS, Span(0), "chat.started", r#""chat_id":"idle""#);
    desk.open(Span::hours(2), "open");
    for day in [10, 20, 30, 33, 34] {
        desk.tell(TICKETS, Span::days(day), "ticket.message", r#""ticket_id":"open","author":"customer""#);
    }
    assert_eq!(desk.value(r#"cx_state_entries{store="contacts"}"#), 1.0);
    assert_eq!((desk.value("cx_chats_waiting"), desk.value("cx_backlog_tickets")), (0.0, 1.0));
}

#[test]
fn ticket_with_many_surveys_costs_in_proportion_to_them() {
    let took = |surveys: usize| -> Duration {
        let mut desk = Desk::new(&[]);
        desk.open(Span(0), "T");
        let started = Instant::now();
        for n in 0..surveys {
            let answer = format!(r#""survey_id":"S{n}","ticket_id":"T","metric":"csat","score":4"#);
            desk.tell(SURVEYS, Span::seconds(1), "survey.responded", &answer);
        }
        started.elapsed()
    };
    took(500);
    let (few, many) = (took(1_000), took(16_000));
    assert!(many < few * 80, "16 times as many took {many:?} and not {few:?}: if each looked at all others it were 256 times");
}

#[test]
fn openings_of_tickets_that_left_at_the_limit_leave_too_and_the_next_contact_is_still_a_repeat() {
    let stored_bytes = |tickets: i64| {
        let mut desk = Desk::new(&[("limits.contacts_max", "64"), ("limits.identities_max", "100")]);
        for n in 0..tickets {
            desk.tell(TICKETS, Span::seconds(n), "ticket.created", &format!(r#""ticket_id":"T{n}","customer_id":"C{}""#, n % 4));
            desk.solve(Span::seconds(n), &format!("T{n}"));
        }
        assert_eq!(desk.value(r#"cx_contacts{window="24h"}"#), tickets as f64);
        assert_eq!(desk.value(r#"cx_repeat_contacts{window="24h"}"#), (tickets - 4) as f64, "all but the first of each customer");
        desk.stored_bytes()
    };
    let (few, many) = (stored_bytes(500), stored_bytes(4_000));
    assert!(many < few + few / 4, "{many} bytes after 4,000 tickets, and {few} after 500");
}

#[test]
fn unfolded_events_are_limited_together_and_those_folded_early_are_counted() {
    let stored_bytes = |messages: i64| {
        let mut desk = Desk::new(&[("limits.identities_max", "100")]);
        for n in 0..messages {
            let message = format!(r#""ticket_id":"T{}","author":"agent""#, n % 8);
            desk.tell(TICKETS, Span(n), "ticket.message", &message);
        }
        let early = desk.value(r#"cx_state_limit_evictions_total{store="histories"}"#);
        (early, desk.stored_bytes())
    };
    let ((none, few), (early, many)) = (stored_bytes(400), stored_bytes(4_000));
    assert!(none == 0.0 && early >= 3_600.0 - 400.0, "{none} of 400 and {early} of 4,000 were folded early");
    assert!(many < few + few / 4, "{many} bytes after 4,000 messages, and {few} after 400");
}

#[test]
fn each_list_of_a_customer_is_limited_and_all_that_leaves_early_is_counted() {
    let mut desk = Desk::new(&[("limits.history_max", "16")]);
    let counted = |desk: &mut Desk| desk.value(r#"cx_state_limit_evictions_total{store="histories"}"#);
    for n in 0..32 {
        desk.tell(CUSTOMERS, Span::minutes(n), "customer.subscribed", r#""customer_id":"C","value":10"#);
    }
    assert_eq!(counted(&mut desk), 48.0, "events, subscriptions and values, 16 of each");
    for n in 0..32 {
        desk.tell(TICKETS, Span::minutes(40 + n), "ticket.created", &format!(r#""ticket_id":"T{n}","customer_id":"C""#));
    }
    assert_eq!(counted(&mut desk), 64.0, "and openings");
    for n in 0..32 {
        let answer = format!(r#""survey_id":"S{n}","customer_id":"C","metric":"csat","score":4"#);
        desk.tell(SURVEYS, Span::minutes(80 + n), "survey.responded", &answer);
    }
    assert_eq!(counted(&mut desk), 80.0, "and answers");
}

#[test]
fn customer_whose_first_subscription_was_forgotten_is_not_new_again_by_a_merge() {
    let mut desk = Desk::new(&[("limits.history_max", "16")]);
    desk.tell(CUSTOMERS, Span(0), "customer.active", r#""customer_id":"known before""#);
    let later = |minutes: i64| Span::minutes(2 * 24 * 60 + minutes);
    for n in 0..16 {
        desk.tell(CUSTOMERS, later(2 * n), "customer.subscribed", r#""customer_id":"old""#);
        desk.tell(CUSTOMERS, later(2 * n + 1), "customer.cancelled", r#""customer_id":"old""#);
    }
    desk.tell(CUSTOMERS, later(40), "customer.subscribed", r#""customer_id":"one""#);
    assert_eq!(desk.value(r#"cx_customers_new{window="24h"}"#), 2.0);
    desk.tell(CUSTOMERS, later(41), "customer.merged", r#""customer_id":"old","into_customer_id":"one""#);
    assert_eq!(desk.value(r#"cx_customers_new{window="24h"}"#), 1.0, "the two were one customer");
}

#[test]
fn replies_of_a_ticket_are_limited_and_those_that_leave_early_are_counted() {
    let mut desk = Desk::new(&[("limits.history_max", "16")]);
    desk.open(Span(0), "T");
    for n in 0..40 {
        desk.tell(TICKETS, Span::seconds(40 * n + 10), "ticket.message", r#""ticket_id":"T","author":"customer""#);
        desk.tell(TICKETS, Span::seconds(40 * n + 30), "ticket.message", r#""ticket_id":"T","author":"agent""#);
    }
    assert_eq!(desk.value(r#"cx_next_response_seconds_count{window="24h"}"#), 39.0, "the first reply is the first response");
    for hours in [3, 6, 9] {
        desk.open(Span::hours(hours), &format!("clock{hours}"));
    }
    assert_eq!(desk.value(r#"cx_state_limit_evictions_total{store="histories"}"#), 23.0, "16 of 39 are kept");
    assert_eq!(desk.value(r#"cx_next_response_seconds_count{window="24h"}"#), 39.0, "what left has counted and still counts");
}
