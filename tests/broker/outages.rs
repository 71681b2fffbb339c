//! Brokers that go and come back, topics that are not there yet, and clients that are not let in.

use std::time::Duration;

use super::set_up::{Topics, send_keyed_tickets};
use crate::support::broker::{Broker, PASSWORD, USER};
use crate::support::service::{PATIENCE, Service};
use crate::support::topics::Producer;

const CREATED: &str = "cx_tickets_created{window=\"24h\"}";

#[test]
fn broker_that_restarts_is_waited_for_and_nothing_is_lost_or_counted_twice() {
    let Some(mut broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 2);
    let mut service = Service::start(&topics.configuration(&broker.servers(), "", ""));
    send_tickets(&broker, &topics, 0..100);
    service.wait_for_count(CREATED, 100, PATIENCE);
    broker.stop();
    service.wait_until("it is not ready", PATIENCE, |service| service.ask("/-/ready").is_some_and(|answer| answer.status == 503));
    assert_eq!(service.ask("/-/healthy").map(|answer| answer.status), Some(200), "an outage is no illness");
    assert_eq!(service.scrape_count(CREATED), 100, "an outage takes nothing away");
    broker.launch();
    send_tickets(&broker, &topics, 100..150);
    service.wait_for_count(CREATED, 150, PATIENCE);
    service.wait_until_ready();
    assert_eq!(service.scrape_count(CREATED), 150);
}

#[test]
fn broker_that_is_away_at_start_is_waited_for() {
    let Some(mut broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 1);
    send_tickets(&broker, &topics, 0..10);
    broker.stop();
    let mut service = Service::start(&topics.configuration(&broker.servers(), "", ""));
    service.wait_until("it answers", PATIENCE, |service| service.ask("/-/ready").is_some_and(|answer| answer.status == 503));
    broker.launch();
    service.wait_for_count(CREATED, 10, PATIENCE);
    service.wait_until_ready();
}

#[test]
fn missing_topics_are_named_and_waited_for() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::named();
    let mut service = Service::start(&topics.configuration(&broker.servers(), "", ""));
    service.wait_until("it names what is missing", PATIENCE, |service| service.log().contains(&topics.tickets));
    assert_eq!(service.ask("/-/ready").map(|answer| answer.status), Some(503));
    topics.create_named(&broker, 1);
    send_tickets(&broker, &topics, 0..10);
    service.wait_for_count(CREATED, 10, PATIENCE);
    service.wait_until_ready();
}

#[test]
fn termination_ends_the_service_cleanly_within_eight_seconds() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 1);
    let mut service = Service::start(&topics.configuration(&broker.servers(), "", ""));
    service.wait_until_ready();
    let (status, took) = service.terminate();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(8), "ending took {took:?}");
}

#[test]
fn termination_while_topics_are_waited_for_ends_cleanly_too() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::named();
    let mut service = Service::start(&topics.configuration(&broker.servers(), "", ""));
    service.wait_until("it names what is missing", PATIENCE, |service| service.log().contains(&topics.tickets));
    let (status, took) = service.terminate();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(8), "ending took {took:?}");
}

#[test]
fn right_password_is_let_in() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 1);
    send_tickets(&broker, &topics, 0..10);
    let mut service = Service::start(&topics.configuration(&broker.authenticated_servers(), "", &credentials(PASSWORD)));
    service.wait_for_count(CREATED, 10, PATIENCE);
}

#[test]
fn wrong_password_ends_the_start_with_exit_code_5_and_is_not_shown() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 1);
    let mut service = Service::start(&topics.configuration(&broker.authenticated_servers(), "", &credentials("wr0ng-secret")));
    assert_eq!(service.wait_for_exit().code(), Some(5), "{}", service.log());
    assert!(!service.log().contains("wr0ng-secret"), "{}", service.log());
}

fn credentials(password: &str) -> String {
    format!(
        "[kafka.properties]
\"security.protocol\" = \"sasl_plaintext\"
\"sasl.mechanism\" = \"PLAIN\"
\"sasl.username\" = \"{USER}\"
\"sasl.password\" = \"{password}\"
"
    )
}

fn send_tickets(broker: &Broker, topics: &Topics, numbers: std::ops::Range<u32>) {
    send_keyed_tickets(&Producer::new(&broker.servers()), topics, numbers);
}
