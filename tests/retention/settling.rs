//! What must wait although no late event can change it any more, because something else still can.

use cxpulse::time::Span;

use super::desk::{CHATS, CUSTOMERS, Desk, SURVEYS, TICKETS};

#[test]
fn ticket_of_a_chat_that_ends_unanswered_hours_later_gets_a_first_response_of_its_own() {
    let mut desk = Desk::new(&[]);
    let chat = r#""chat_id":"R1""#;
    desk.tell(CHATS, Span(0), "chat.started", r#""chat_id":"R1","ticket_id":"T1""#);
    desk.open(Span::minutes(1), "T1");
    desk.tell(TICKETS, Span::minutes(11), "ticket.message", r#""ticket_id":"T1","author":"agent""#);
    for half_hour in 1..9 {
        desk.tell(CHATS, Span::minutes(30 * half_hour), "chat.message", r#""chat_id":"R1","author":"customer""#);
        desk.open(Span::minutes(30 * half_hour + 1), &format!("clock{half_hour}"));
    }
    assert_eq!(desk.value(r#"cx_first_response_seconds_count{window="24h"}"#), 0.0, "the chat may still answer");
    desk.tell(CHATS, Span::minutes(250), "chat.abandoned", chat);
    assert_eq!(desk.value(r#"cx_first_response_seconds_count{window="24h"}"#), 1.0);
}

#[test]
fn target_that_is_missed_days_later_is_missed_by_the_segment_that_the_customer_has_then() {
    let mut desk = Desk::new(&[("grouping_sets", r#"[["segment"]]"#), ("targets.first_response.within", "5d")]);
    let has_segment = |segment: &str| format!(r#""customer_id":"C","segment":"{segment}""#);
    desk.tell(CUSTOMERS, Span(0), "customer.active", &has_segment("gold"));
    desk.tell(TICKETS, Span::hours(1), "ticket.created", r#""ticket_id":"T","customer_id":"C""#);
    for hours in [10, 20, 30, 40] {
        desk.open(Span::hours(hours), &format!("clock{hours}"));
    }
    desk.tell(CUSTOMERS, Span::hours(48), "customer.active", &has_segment("silver"));
    desk.open(Span::hours(122), "last");
    let missed = |desk: &mut Desk, segment: &str| {
        desk.value(&format!(r#"cx_first_response_target_decided_by_segment{{segment="{segment}",window="24h"}}"#))
    };
    assert_eq!([missed(&mut desk, "gold"), missed(&mut desk, "silver")], [0.0, 1.0]);
}

#[test]
fn late_answer_about_a_later_matter_goes_to_the_team_that_had_it_at_the_answer() {
    let mut desk = Desk::new(&[("tickets.new_matter_after", "1d")]);
    let later = |minutes: i64| Span::minutes(3 * 24 * 60 + minutes);
    desk.open_for(Span(0), "T", "a");
    desk.solve(Span::hours(1), "T");
    for hours in [10, 40, 60] {
        desk.open(Span::hours(hours), &format!("clock{hours}"));
    }
    desk.tell(TICKETS, later(0), "ticket.message", r#""ticket_id":"T","author":"customer""#);
    desk.tell(TICKETS, later(1), "ticket.status_changed", r#""ticket_id":"T","status":"open""#);
    assert_eq!(desk.value(r#"cx_tickets_created_by_team{team="a",window="24h"}"#), 1.0, "a matter of its own");
    desk.tell(TICKETS, later(40), "ticket.assigned", r#""ticket_id":"T","team":"b""#);
    desk.tell(SURVEYS, later(20), "survey.responded", r#""survey_id":"S","ticket_id":"T","metric":"csat","score":4"#);
    let of_team = |desk: &mut Desk, team: &str| desk.value(&format!(r#"cx_csat_responses_by_team{{team="{team}",window="24h"}}"#));
    assert_eq!([of_team(&mut desk, "a"), of_team(&mut desk, "b")], [1.0, 0.0]);
}
