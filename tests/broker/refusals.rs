//! Bad records of every reason, and other records that are not counted. The records around them are counted.

use cxpulse::event::Reason;

use super::set_up::{DAY_MS, Topics, now_ms, ticket_created};
use crate::support::broker::Broker;
use crate::support::service::{PATIENCE, Service};
use crate::support::topics::Producer;

#[test]
fn bad_record_of_every_reason_is_counted_and_so_are_the_good_ones_around_it() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 1);
    let producer = Producer::new(&broker.servers());
    let now = now_ms();
    let bad = bad_tickets(now);
    for (reason, value) in &bad {
        let good = |place: &str| ticket_created(&format!("{reason}-{place}"), now, reason);
        producer.send_to(&topics.tickets, 0, now, Some(good("before").as_bytes()));
        producer.send_to(&topics.tickets, 0, now, Some(value));
        producer.send_to(&topics.tickets, 0, now, Some(good("after").as_bytes()));
    }
    let out_of_range = Reason::ScoreOutOfRange.name();
    for (id, score) in [("before", 5), ("bad", 6), ("after", 4)] {
        producer.send_to(&topics.surveys, 0, now, Some(csat_answer(id, now, score, out_of_range).as_bytes()));
    }
    producer.flush();
    let mut service = Service::start(&topics.configuration(&broker.servers(), "", ""));
    service.wait_for_count("cx_tickets_created{window=\"24h\"}", 2 * bad.len() as u64, PATIENCE);
    service.wait_for_count("cx_csat_responses{window=\"24h\"}", 2, PATIENCE);
    let seen = service.scrape();
    for reason in Reason::ALL.map(Reason::name) {
        let (topic, good) =
            if reason == out_of_range { (&topics.surveys, "cx_csat_responses") } else { (&topics.tickets, "cx_tickets_created") };
        let refused = seen.with_labels("cx_events_invalid_total", &[("topic", topic), ("reason", reason)]);
        assert_eq!(refused, Some(1.0), "refused as `{reason}`");
        let counted = seen.with_labels(&format!("{good}_by_team"), &[("team", reason), ("window", "24h")]);
        assert_eq!(counted, Some(2.0), "the good ones around `{reason}`");
    }
    let ledger = |outcome: &str| seen.with_labels("cx_ledger_records", &[("topic", &topics.tickets), ("outcome", outcome)]);
    assert_eq!(ledger("invalid"), Some(bad.len() as f64));
    assert_eq!(ledger("applied"), Some(2.0 * bad.len() as f64));
}

#[test]
fn tombstone_duplicate_late_and_future_records_are_counted_as_what_they_are() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 1);
    let producer = Producer::new(&broker.servers());
    let now = now_ms();
    let send = |time_ms: i64, value: Option<&str>| producer.send_to(&topics.tickets, 0, time_ms, value.map(str::as_bytes));
    send(now, Some(&ticket_created("first", now, "a")));
    send(now, None);
    send(now, Some(&ticket_created("first", now, "a")));
    send(now, Some(&ticket_created("late", now - DAY_MS, "a")));
    send(now, Some(&ticket_created("future", now + DAY_MS, "a")));
    send(now, Some(&ticket_created("last", now, "a")));
    producer.flush();
    let mut service = Service::start(&topics.configuration(&broker.servers(), "", ""));
    service.wait_for_count("cx_tickets_created{window=\"24h\"}", 2, PATIENCE);
    let seen = service.scrape();
    for (outcome, count) in [("applied", 2), ("ignored", 1), ("duplicate", 1), ("late", 1), ("future", 1), ("invalid", 0)] {
        for family in ["cx_ledger_records", "cx_events_total"] {
            let seen = seen.with_labels(family, &[("topic", &topics.tickets), ("outcome", outcome)]);
            assert_eq!(seen.unwrap_or(0.0), f64::from(count), "{outcome} in {family}");
        }
    }
}

/// A CSAT answer of a team.
fn csat_answer(id: &str, time_ms: i64, score: u8, team: &str) -> String {
    format!(
        r#"{{"id":"{id}","type":"survey.responded","time":{time_ms},"survey_id":"S{id}","metric":"csat","score":{score},"team":"{team}"}}"#
    )
}

/// One bad record for each reason that a topic of tickets can have, by the reason's name.
fn bad_tickets(now: i64) -> Vec<(&'static str, Vec<u8>)> {
    let created = |rest: &str| format!(r#"{{"id":"bad","type":"ticket.created","time":{now},{rest}}}"#).into_bytes();
    let mut encoding = created(r#""ticket_id":"T""#);
    encoding.splice(8..8, [0xff]);
    vec![
        ("empty", b"  ".to_vec()),
        ("too_large", created(&format!(r#""ticket_id":"T","padding":"{}""#, "x".repeat(300 * 1024)))),
        ("encoding", encoding),
        ("syntax", br#"{"id":"bad","#.to_vec()),
        ("depth", created(&format!(r#""ticket_id":"T","deep":{}{}"#, "[".repeat(100), "]".repeat(100)))),
        ("not_object", b"[1, 2]".to_vec()),
        ("duplicate_key", created(r#""ticket_id":"T","ticket_id":"U""#)),
        ("missing_field", created(r#""team":"a""#)),
        ("wrong_type", created(r#""ticket_id":true"#)),
        ("unknown_type", format!(r#"{{"id":"bad","type":"ticket.juggled","time":{now},"ticket_id":"T"}}"#).into_bytes()),
        ("wrong_topic", format!(r#"{{"id":"bad","type":"chat.started","time":{now},"chat_id":"C"}}"#).into_bytes()),
        ("bad_time", br#"{"id":"bad","type":"ticket.created","time":"yesterday","ticket_id":"T"}"#.to_vec()),
        (
            "bad_value",
            format!(r#"{{"id":"bad","type":"ticket.status_changed","time":{now},"ticket_id":"T","status":"lost"}}"#).into_bytes(),
        ),
    ]
}
