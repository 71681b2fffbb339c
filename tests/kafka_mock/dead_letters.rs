//! Copies of refused records in a topic of their own, on the mock broker.

use cxpulse::config::{DeadLetterSettings, OnLetterFailure};
use cxpulse::kafka::{DeadLetter, read_dead_letters};
use cxpulse::runtime::Service;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::set_up::{Broker, NINE, counted, sample, ticket, until, until_ready};

const LETTERS: &str = "dead-letters";

/// The copies, in the order of the offsets of their records.
fn letters(broker: &Broker, group: &str) -> Vec<DeadLetter> {
    let mut found = Vec::new();
    read_dead_letters(&broker.configuration(group).kafka, LETTERS, |letter| found.push(letter)).unwrap().unwrap();
    found.sort_by_key(|letter| (letter.place.partition, letter.place.offset));
    found
}

fn start(broker: &Broker, group: &str, on_failure: OnLetterFailure) -> Service {
    let mut configuration = broker.configuration(group);
    configuration.dead_letters = Some(DeadLetterSettings { topic: LETTERS.to_owned(), on_failure });
    Service::start(&configuration).unwrap()
}

#[test]
fn a_refused_record_is_copied_once_with_its_bytes_place_and_reason_also_where_it_is_read_again() {
    let broker = Broker::start();
    broker.create(LETTERS, 1);
    broker.send("tickets", 0, &ticket("good"));
    broker.send("tickets", 0, b"{\"id\":");
    broker.send("tickets", 0, b"{\"id\":\"x\",\"type\":\"ticket.created\",\"time\":\"noon\",\"ticket_id\":\"T\"}");
    broker.send_with("tickets", Some(b"\xff\x00"), &[("trace", b"\xfe7"), ("ce_id", b"9")]);
    broker.send_with("tickets", None, &[]);
    broker.flush();
    let service = start(&broker, "copies", OnLetterFailure::Pause);
    until_ready(&service);
    until("every copy is confirmed", || sample(&service, "cx_dead_letters_total{topic=\"tickets\"}") >= 3.0);
    let expected = [("syntax", ""), ("bad_time", "time"), ("encoding", "")];
    let copies = letters(&broker, "reader");
    let reasons: Vec<(&str, &str)> = copies.iter().map(|letter| (letter.reason.as_str(), letter.member.as_str())).collect();
    assert_eq!(reasons[..2], expected[..2]);
    assert_eq!(reasons.len(), 3, "a tombstone is not refused: {reasons:?}");
    assert_eq!(copies.iter().map(|letter| letter.place.offset).collect::<Vec<_>>(), [1, 2, 3]);
    let last = &copies[2];
    assert_eq!((last.place.topic.as_str(), last.place.partition, last.place.time_ms), ("tickets", 0, Some(NINE)));
    assert_eq!(last.value.as_deref(), Some(b"\xff\x00".as_slice()));
    assert_eq!(last.headers, [("trace".to_owned(), Some(b"\xfe7".to_vec())), ("ce_id".to_owned(), Some(b"9".to_vec()))]);
    service.stop().unwrap();

    // Without checkpoints everything is read again. The committed offset says what was copied.
    let again = start(&broker, "copies", OnLetterFailure::Pause);
    until_ready(&again);
    broker.send("tickets", 0, b"[]");
    broker.flush();
    until("the new one is copied", || sample(&again, "cx_dead_letters_total{topic=\"tickets\"}") >= 1.0);
    assert_eq!(counted(&again, "tickets", "invalid"), 4.0);
    assert_eq!(letters(&broker, "reader").len(), 4);
    again.stop().unwrap();
}

#[test]
fn a_partition_waits_while_its_copies_cannot_be_written_and_the_others_go_on() {
    let broker = Broker::start();
    broker.create(LETTERS, 1);
    broker.send("tickets", 0, b"[]");
    broker.send("tickets", 1, &ticket("one"));
    broker.flush();
    let refusals = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED; 64];
    broker.cluster.request_errors(RDKafkaApiKey::Produce, &refusals);
    let service = start(&broker, "waits-for-letters", OnLetterFailure::Pause);
    until("the service says why it waits", || {
        service.view().ready().err().is_some_and(|why| why.contains("cannot be copied to the topic \"dead-letters\""))
    });
    until("it shows", || sample(&service, "cx_kafka_partitions_paused{topic=\"tickets\"}") == 1.0);
    assert!(sample(&service, "cx_dead_letter_failures_total{topic=\"tickets\"}") >= 1.0);
    assert_eq!(sample(&service, "cx_dead_letters_total{topic=\"tickets\"}"), 0.0);
    until("the other partition is read", || counted(&service, "tickets", "applied") == 1.0);
    broker.cluster.clear_request_errors(RDKafkaApiKey::Produce);
    until("the copy is written", || sample(&service, "cx_dead_letters_total{topic=\"tickets\"}") == 1.0);
    broker.send("tickets", 0, &ticket("two"));
    broker.flush();
    until("the partition goes on", || counted(&service, "tickets", "applied") == 2.0);
    until_ready(&service);
    assert_eq!(letters(&broker, "reader").len(), 1);
    service.stop().unwrap();
}

#[test]
fn copies_that_are_given_up_are_counted_and_nothing_waits() {
    let broker = Broker::start();
    broker.create(LETTERS, 1);
    broker.send("tickets", 0, b"[]");
    broker.send("tickets", 0, &ticket("behind"));
    broker.flush();
    broker.cluster.request_errors(RDKafkaApiKey::Produce, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED; 64]);
    let service = start(&broker, "drops", OnLetterFailure::Drop);
    until("it is counted", || sample(&service, "cx_dead_letter_failures_total{topic=\"tickets\"}") == 1.0);
    until_ready(&service);
    assert_eq!((counted(&service, "tickets", "applied"), counted(&service, "tickets", "invalid")), (1.0, 1.0));
    service.stop().unwrap();
}
