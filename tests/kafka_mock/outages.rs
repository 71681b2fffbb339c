//! Brokers that are away and topics that are missing are waited for.

use std::time::{Duration, Instant};

use cxpulse::runtime::Service;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::set_up::{Broker, TOPICS, configuration, counted, tickets_shown, until, until_ready};

#[test]
fn a_broker_that_goes_and_comes_back_costs_nothing() {
    let broker = Broker::start();
    broker.send_tickets(0..100);
    let service = Service::start(&broker.configuration("outage")).unwrap();
    until_ready(&service);
    broker.cluster.broker_down(1).unwrap();
    until("not ready", || service.view().ready().is_err());
    assert!(service.view().healthy(), "an outage is no illness");
    assert_eq!(tickets_shown(&service), 100, "what was counted stays");
    broker.cluster.broker_up(1).unwrap();
    broker.send_tickets(100..150);
    until("what came meanwhile is counted", || tickets_shown(&service) == 150);
    until_ready(&service);
    assert_eq!(counted(&service, "tickets", "applied"), 150.0);
    assert_eq!(counted(&service, "tickets", "duplicate"), 0.0);
    service.stop().unwrap();
}

#[test]
fn missing_topics_are_named_and_waited_for() {
    let broker = Broker::without_topics();
    broker.create("tickets", 1);
    let service = Service::start(&broker.configuration("missing")).unwrap();
    until("the missing topics are named", || {
        service.view().ready().is_err_and(|why| ["chats", "surveys", "customers"].iter().all(|topic| why.contains(topic)))
    });
    assert!(service.view().ready().is_err_and(|why| !why.contains("tickets")), "only what is missing");
    assert!(service.view().healthy());
    TOPICS[1..].iter().for_each(|topic| broker.create(topic, 1));
    until_ready(&service);
    service.stop().unwrap();
}

#[test]
fn a_broker_that_was_never_there_is_named_and_waited_for_and_stopping_is_quick() {
    // A port that was free a moment ago.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let service = Service::start(&configuration(&address, "nobody")).unwrap();
    until("the broker is named", || service.view().ready().is_err_and(|why| why.contains(&address)));
    assert!(service.view().healthy());
    let stopping_at = Instant::now();
    service.stop().unwrap();
    assert!(stopping_at.elapsed() < Duration::from_secs(4), "stopping took {:?}", stopping_at.elapsed());
}

#[test]
fn a_refusal_after_the_start_is_shown_until_it_is_over() {
    let broker = Broker::start();
    broker.send_tickets(0..10);
    let service = Service::start(&broker.configuration("refused-later")).unwrap();
    until_ready(&service);
    broker.cluster.request_errors(RDKafkaApiKey::Fetch, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED; 4]);
    until("the refusal is shown", || service.view().ready().is_err_and(|why| why.contains("refuses")));
    assert_eq!(tickets_shown(&service), 10, "what was counted stays");
    broker.send_tickets(10..20);
    until("what came meanwhile is counted", || tickets_shown(&service) == 20);
    until_ready(&service);
    service.stop().unwrap();
}
