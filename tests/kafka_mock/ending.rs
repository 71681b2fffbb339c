//! Failures that end the start: refusals, and topics with unequal partition counts.

use cxpulse::kafka::{FindingSeverity, inspect};
use cxpulse::runtime::{Service, ServiceFailure};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::set_up::{Broker, NINE, TOPICS, configuration};

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
fn a_check_says_which_of_the_newest_records_are_late_or_refused_and_why() {
    let broker = Broker::start();
    let at =
        |hours: i64, id: &str| format!(r#"{{"id":"{id}","type":"ticket.created","time":{},"ticket_id":"{id}"}}"#, NINE + hours * 3_600_000);
    // Each partition by itself: the first holds one ticket after the other, the second is in order.
    for (partition, hours) in [(0, 0), (0, 9), (0, 3), (0, 6), (1, 0), (1, 4)] {
        broker.send_at("tickets", partition, NINE + 10 * 3_600_000, at(hours, &format!("T{partition}-{hours}")).as_bytes());
    }
    broker.send("chats", 0, br#"{"id":"c","type":"chat.started","time":"2026-03-02 09:00","chat_id":"secret"}"#);
    broker.send("chats", 1, b"\0\0\0\0\x07{\"id\":\"c\"}");
    broker.flush();
    let servers = broker.cluster.bootstrap_servers();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cxpulse"));
    let output = command.args(["check", "--connect", "--bootstrap-servers", &servers]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for wanted in [
        "warning: tickets: 2 of the newest 6 records are late, by up to 7h\n",
        "set allowed_lateness = \"7h\" for this topic",
        "warning: chats: 1 of the newest 2 records are refused as bad_time, first at offset 0 of partition 0: time: \"2026-03-02 09:00\" is not an RFC 3339",
        "refused as encoding, first at offset 0 of partition 1: a zero byte and four more before the JSON: Schema Registry framing",
    ] {
        assert!(text.contains(wanted), "`{wanted}` is missing in\n{text}");
    }
    assert!(!text.contains("secret") && output.status.success(), "{text}");
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
