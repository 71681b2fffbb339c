//! Failures that end the start: refusals, and topics with unequal partition counts.

use cxpulse::kafka::{FindingSeverity, inspect};
use cxpulse::runtime::{Service, ServiceFailure};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::set_up::{Broker, TOPICS, configuration};

/// The failure with which a service ends by itself.
fn ending(mut service: Service) -> ServiceFailure {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let ended = runtime.block_on(async { tokio::time::timeout(std::time::Duration::from_secs(30), service.ended()).await });
    let failure = ended.expect("it ends within 30 s").unwrap_err();
    assert_eq!(service.view().ready(), Err(failure.to_string()));
    assert_eq!(service.stop(), Err(failure.clone()), "stopping afterwards says the same");
    failure
}

#[test]
fn topics_with_unequal_partition_counts_are_refused() {
    let broker = Broker::without_topics();
    for (topic, partitions) in TOPICS.iter().zip([2, 2, 3, 2]) {
        broker.create(topic, partitions);
    }
    let failure = ending(Service::start(&broker.configuration("unequal")).unwrap());
    assert_eq!(failure.exit_code(), 78);
    assert!(failure.to_string().contains("tickets 2, chats 2, surveys 3, customers 2"), "{failure}");
}

#[test]
fn a_check_of_the_cluster_finds_what_a_start_would_wait_for_or_refuse() {
    let broker = Broker::without_topics();
    broker.create("tickets", 2);
    broker.create("chats", 3);
    broker.create("surveys", 2);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let findings = runtime.block_on(inspect(&broker.configuration("check")));
    let errors: Vec<&str> =
        findings.iter().filter(|finding| finding.severity == FindingSeverity::Error).map(|finding| finding.place.as_str()).collect();
    assert_eq!(errors, ["customers", "topics"], "{findings:?}");
    assert!(findings.iter().any(|finding| finding.what.contains("tickets 2, chats 3, surveys 2")), "{findings:?}");
    assert!(findings.iter().any(|finding| finding.severity == FindingSeverity::Fine && finding.place == "tickets"), "{findings:?}");
}

#[test]
fn a_check_without_a_broker_says_so() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let findings = runtime.block_on(inspect(&configuration("127.0.0.1:1", "check")));
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].severity, FindingSeverity::Error);
    assert!(findings[0].what.contains("127.0.0.1:1"), "{findings:?}");
}

#[test]
fn a_topic_that_may_not_be_read_ends_the_start_with_exit_code_5() {
    let broker = Broker::start();
    broker.cluster.topic_error("chats", RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED).unwrap();
    let failure = ending(Service::start(&broker.configuration("no-topic")).unwrap());
    assert_eq!(failure.exit_code(), 5);
    assert!(failure.to_string().contains("chats"), "{failure}");
}

#[test]
fn a_group_that_may_not_be_joined_ends_the_start_with_exit_code_5() {
    let broker = Broker::start();
    let refusals = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED; 20];
    broker.cluster.request_errors(RDKafkaApiKey::FindCoordinator, &refusals);
    broker.cluster.request_errors(RDKafkaApiKey::JoinGroup, &refusals);
    let failure = ending(Service::start(&broker.configuration("no-group")).unwrap());
    assert_eq!(failure.exit_code(), 5);
}
