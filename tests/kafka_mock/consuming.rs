//! Records in, outcomes out.

use std::time::{Duration, Instant};

use cxpulse::runtime::Service;

use super::set_up::{Broker, NINE, PARTITIONS, TOPICS, counted, sample, ticket, tickets_shown, until, until_ready};

#[test]
fn records_of_every_partition_are_counted_once_before_the_service_is_ready() {
    let broker = Broker::start();
    broker.send_tickets(0..1000);
    let service = Service::start(&broker.configuration("all")).unwrap();
    until_ready(&service);
    assert_eq!(tickets_shown(&service), 1000, "whoever sees `ready` sees everything that made it so");
    assert_eq!(counted(&service, "tickets", "applied"), 1000.0);
    for topic in TOPICS {
        for family in ["cx_kafka_partitions_assigned", "cx_kafka_partitions"] {
            assert_eq!(sample(&service, &format!("{family}{{topic=\"{topic}\"}}")), f64::from(PARTITIONS), "{family} of {topic}");
        }
        assert_eq!(sample(&service, &format!("cx_kafka_partition_assigned{{partition=\"1\",topic=\"{topic}\"}}")), 1.0);
    }
    assert_eq!(sample(&service, "cx_ready"), 1.0);
    assert_eq!(sample(&service, "cx_kafka_up"), 1.0);
    assert_eq!(sample(&service, "cx_kafka_rebalances_total{kind=\"assign\"}"), 1.0);
    service.stop().unwrap();
}

#[test]
fn bad_records_are_counted_by_reason_and_stop_nothing() {
    let broker = Broker::start();
    let nine = NINE.to_string();
    let bad: [(&str, &[u8]); 6] = [
        ("empty", b" "),
        ("encoding", b"\xff\xfe{}"),
        ("syntax", b"{\"id\":"),
        ("not_object", b"[1]"),
        ("unknown_type", b"{\"id\":\"x\",\"type\":\"ticket.juggled\",\"time\":1772442000000,\"ticket_id\":\"T\"}"),
        ("bad_time", b"{\"id\":\"x\",\"type\":\"ticket.created\",\"time\":\"noon\",\"ticket_id\":\"T\"}"),
    ];
    for (reason, payload) in bad {
        broker.send("tickets", 0, &ticket(&format!("{reason}-before")));
        broker.send("tickets", 0, payload);
        broker.send("tickets", 0, &ticket(&format!("{reason}-after")));
    }
    broker.send_with("tickets", None, &[]);
    broker.send("tickets", 0, &ticket("empty-before"));
    // CloudEvents in binary form, among headers that do not matter.
    let headers: [(&str, &[u8]); 6] = [
        ("noise", b"\xff\x00"),
        ("ce_id", b"binary"),
        ("ce_type", b"ticket.created"),
        ("ce_time", b"2026-03-02T09:00:00Z"),
        ("ce_source", b"desk"),
        ("ce_specversion", b"1.0"),
    ];
    broker.send_with("tickets", Some(b"{\"ticket_id\":\"B\"}"), &headers);
    broker.flush();
    let service = Service::start(&broker.configuration("bad")).unwrap();
    until_ready(&service);
    assert_eq!(counted(&service, "tickets", "applied"), 13.0, "two good ones around each bad one, and the binary one; time {nine}");
    assert_eq!(counted(&service, "tickets", "invalid"), 6.0);
    assert_eq!(counted(&service, "tickets", "ignored"), 1.0);
    assert_eq!(counted(&service, "tickets", "duplicate"), 1.0);
    for (reason, _) in bad {
        assert_eq!(sample(&service, &format!("cx_events_invalid_total{{reason=\"{reason}\",topic=\"tickets\"}}")), 1.0, "{reason}");
    }
    assert_eq!(sample(&service, "cx_events_applied_total{topic=\"tickets\",type=\"ticket.created\"}"), 13.0);
    assert_eq!(tickets_shown(&service), 13);
    service.stop().unwrap();
}

#[test]
fn an_event_is_shown_within_a_second_of_its_sending() {
    let broker = Broker::start();
    let service = Service::start(&broker.configuration("latency")).unwrap();
    until_ready(&service);
    let mut slowest = Duration::ZERO;
    for number in 1..=20 {
        broker.send("tickets", 0, &ticket(&format!("T{number}")));
        broker.flush();
        let sent_at = Instant::now();
        until("the event is shown", || tickets_shown(&service) >= number);
        slowest = slowest.max(sent_at.elapsed());
    }
    assert!(slowest < Duration::from_secs(1), "the slowest of 20 took {slowest:?}");
    service.stop().unwrap();
}

#[test]
fn lag_is_known_and_falls_to_nothing() {
    let broker = Broker::start();
    broker.send_tickets(0..10);
    let service = Service::start(&broker.configuration("lag")).unwrap();
    until_ready(&service);
    let series = "cx_kafka_lag_records{partition=\"0\",topic=\"tickets\"}";
    until("lag of an assigned partition is 0", || {
        let mut text = String::new();
        service.view().telemetry().render(&mut text);
        text.lines().any(|line| line == format!("{series} 0"))
    });
    service.stop().unwrap();
}
