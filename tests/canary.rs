//! Canaries: a secret, or what a record says of a customer, is found in nothing that the service prints, serves or answers.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

#[path = "support"]
mod support {
    #[allow(dead_code, reason = "other tests use more of it")]
    pub(crate) mod exposition;
    pub(crate) mod ports;
    #[allow(dead_code, reason = "other tests use more of it")]
    pub(crate) mod service;
}

use std::time::Duration;

// The product holds the functions that the linker puts between librdkafka and its decompressors.
use cxpulse as _;
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use support::service::Service;

const CANARY: &str = "canary7e3";
const PATIENCE: Duration = Duration::from_secs(30);
/// `ali:canary7e3`, as a browser sends it.
const CREDENTIALS: &str = "YWxpOmNhbmFyeTdlMw==";

/// Records of topic `tickets`, one of which is counted.
fn records() -> Vec<String> {
    let event = |members: &str| format!(r#"{{"id":"{CANARY}","type":"ticket.created","time":1772442000000,{members}}}"#);
    let mut records = vec![
        event(&format!(
            r#""ticket_id":"{CANARY}","customer_id":"{CANARY}","subject":"{CANARY}","email":"{CANARY}@example.com","channel":"email""#
        )),
        format!(r#"{{"id":"a","type":"{CANARY}","time":1772442000000,"ticket_id":"1"}}"#),
        format!(r#"{{"id":"a","type":"ticket.created","time":"{CANARY}","ticket_id":"1"}}"#),
        format!(r#"{{"id":"a","type":"ticket.status_changed","time":1772442000000,"ticket_id":"1","status":"{CANARY}"}}"#),
        format!(r#"{{"id":"a","type":"ticket.created","time":1772442000000,"ticket_id":{{"{CANARY}":1}}}}"#),
        format!(r#"{{"id":"a","{CANARY}":1,"{CANARY}":2}}"#),
        format!(r#"{{"id":"{CANARY}"#),
        format!(r#"["{CANARY}"]"#),
        CANARY.to_owned(),
    ];
    records.push(format!("{{\"id\":\"{CANARY}\\ud800\"}}"));
    records
}

fn broker() -> MockCluster<'static, DefaultProducerContext> {
    let cluster = MockCluster::new(1).unwrap();
    for topic in ["tickets", "chats", "surveys", "customers"] {
        cluster.create_topic(topic, 1, 1).unwrap();
    }
    let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", cluster.bootstrap_servers()).create().unwrap();
    for payload in records() {
        let headers = OwnedHeaders::new().insert(Header { key: CANARY, value: Some(CANARY) });
        let record: BaseRecord<'_, str, str> = BaseRecord::to("tickets").partition(0).key(CANARY).headers(headers).payload(&payload);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(PATIENCE).unwrap();
    cluster
}

/// The whole answer to a request with these credentials, if there is one.
fn ask(service: &Service, method: &str, path: &str, credentials: &str) -> Option<String> {
    let head = format!("Host: localhost\r\nAuthorization: Basic {credentials}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    service.exchange(&format!("{method} {path} HTTP/1.1\r\n{head}"))
}

#[test]
fn no_secret_and_no_member_of_a_customer_leaves_the_service() {
    let broker = broker();
    let folder = tempfile::tempdir().unwrap();
    let users = folder.path().join("web.yml");
    let hash = bcrypt::hash(CANARY, 5).unwrap();
    std::fs::write(&users, format!("basic_auth_users: {{ ali: \"{hash}\" }}\n")).unwrap();
    let mut service = Service::start_with("", |command| {
        command
            .env("CXPULSE_KAFKA__PROPERTIES__SASL_PASSWORD", CANARY)
            .env("CXPULSE_KAFKA__PROPERTIES__SSL_KEY_PASSWORD", CANARY)
            .args(["--bootstrap-servers", &broker.bootstrap_servers()])
            .args(["--log.level", "trace", "--web.enable-lifecycle", "--set", "run.clock=event"])
            .args(["--set", "kafka.properties.debug=generic,broker,topic,metadata,feature,queue,msg,protocol,cgrp,fetch,consumer,conf"])
            .arg("--web.config.file")
            .arg(&users);
    });
    let invalid = format!("cx_events_total{{outcome=\"invalid\",topic=\"tickets\"}} {}\n", records().len() - 1);
    service.wait_until("every record has its outcome", PATIENCE, |service| {
        let metrics = ask(service, "GET", "/metrics", CREDENTIALS).unwrap_or_default();
        metrics.contains("cx_events_total{outcome=\"applied\",topic=\"tickets\"} 1\n") && metrics.contains(&invalid)
    });
    let mut said: Vec<(String, String)> = ["/metrics", "/", "/-/ready", "/-/healthy", "/nowhere"]
        .iter()
        .flat_map(|path| [CREDENTIALS, "canary7e3"].map(|credentials| (path, credentials)))
        .map(|(path, credentials)| (format!("{path} with {credentials}"), ask(&service, "GET", path, credentials).unwrap()))
        .collect();
    said.push(("a reload".to_owned(), ask(&service, "POST", "/-/reload", CREDENTIALS).unwrap()));
    let refusals = said.iter().filter(|(_, text)| text.contains("unknown_type") || text.contains("bad_time")).count();
    assert!(refusals >= 2, "the page and the metrics tell of what was refused");
    service.signal("-TERM");
    assert!(service.wait_for_exit().success());
    let log = service.log();
    assert!(log.contains("a record was not counted") && log.contains("rdkafka"), "the log was written");
    said.push(("the log".to_owned(), log));
    for (place, text) in said {
        for secret in [CANARY, CREDENTIALS, hash.as_str()] {
            let line = text.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "{place}: {}", line.unwrap_or_default());
        }
    }
}
