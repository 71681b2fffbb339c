//! A log that nobody takes: the service goes on, ends as it should, and counts the lines that it had to drop.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

#[path = "support"]
mod support {
    #[allow(dead_code, reason = "other tests use more of it")]
    pub(crate) mod exposition;
    pub(crate) mod ports;
    #[allow(dead_code, reason = "other tests use more of it")]
    pub(crate) mod service;
}

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::process::Stdio;
use std::time::Duration;

// The product holds the functions that the linker puts between librdkafka and its decompressors.
use cxpulse as _;
use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use support::service::Service;

const PATIENCE: Duration = Duration::from_secs(30);
/// The longest time that SIGTERM may take.
const END_LIMIT: Duration = Duration::from_secs(10);
/// What a pipe holds on Linux.
const PIPE_BYTES: usize = 64 << 10;
const DROPPED: &str = "cx_log_lines_dropped_total";

/// Starts the service with this stderr.
fn start(servers: &str, level: &str, stderr: impl Into<Stdio>) -> Service {
    Service::start_with("", |command| {
        command.args(["--bootstrap-servers", servers, "--log.level", level]).stderr(stderr);
    })
}

/// Ends the service by SIGTERM, and returns its exit code.
fn end(service: Service) -> Option<i32> {
    let (status, took) = service.terminate();
    assert!(took < END_LIMIT, "SIGTERM ends the service after {took:?} only");
    status.code()
}

/// A pipe that is full already and that nobody reads: the reader, and the end for the service.
fn full_pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&vec![b'.'; PIPE_BYTES]).unwrap();
    (reader, writer)
}

/// A broker whose topics hold this many records that are refused, and one that is counted.
fn broker_with_bad_records(count: usize) -> MockCluster<'static, DefaultProducerContext> {
    let cluster = MockCluster::new(1).unwrap();
    for topic in ["tickets", "chats", "surveys", "customers"] {
        cluster.create_topic(topic, 1, 1).unwrap();
    }
    let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", cluster.bootstrap_servers()).create().unwrap();
    let good = br#"{"id":"1","type":"ticket.created","time":1772442000000,"ticket_id":"1","channel":"email"}"#.as_slice();
    for payload in std::iter::repeat_n(b"{\"id\":".as_slice(), count).chain([good]) {
        let record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to("tickets").partition(0).payload(payload);
        producer.send(record).map_err(|(error, _)| error).unwrap();
        producer.poll(Duration::ZERO);
    }
    producer.flush(PATIENCE).unwrap();
    cluster
}

#[test]
fn a_log_on_a_full_disk_does_not_end_the_service_and_its_lines_are_counted() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut service = start("127.0.0.1:1", "debug", full);
    service.wait_for_count(DROPPED, 1, PATIENCE);
    assert_eq!(service.ask("/-/healthy").map(|answer| answer.status), Some(200));
    assert_eq!(end(service), Some(0));
}

#[test]
fn a_log_that_nobody_reads_does_not_stop_bad_records_from_being_counted() {
    let broker = broker_with_bad_records(5_000);
    let (_reader, writer) = full_pipe();
    let mut service = start(&broker.bootstrap_servers(), "trace", writer);
    let outcomes = |service: &Service| {
        let seen = service.scrape();
        ["applied", "invalid"].map(|outcome| seen.with_labels("cx_events_total", &[("outcome", outcome), ("topic", "tickets")]))
    };
    service.wait_until("the good record is counted", PATIENCE, |service| {
        service.ask("/metrics").is_some() && outcomes(service)[0] == Some(1.0)
    });
    assert_eq!(outcomes(&service)[1], Some(5_000.0));
    service.wait_until("it is ready", PATIENCE, Service::is_ready);
    assert_eq!(end(service), Some(0));
}

#[test]
fn lines_beyond_the_queue_are_dropped_and_counted_and_the_log_says_so_later() {
    let (mut reader, writer) = full_pipe();
    let mut service = start("127.0.0.1:1", "debug", writer);
    service.wait_until("it listens", PATIENCE, |service| service.ask("/-/healthy").is_some());
    // Each of these is a line at the level debug.
    for _ in 0..9_000 {
        assert!(service.exchange("rubbish\r\n\r\n").is_some_and(|answer| answer.starts_with("HTTP/1.1 400")));
    }
    let dropped = service.scrape_count(DROPPED);
    assert!(dropped > 100, "{dropped}");
    let log = std::thread::spawn(move || {
        let mut log = String::new();
        reader.read_to_string(&mut log).map(|_| log)
    });
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(end(service), Some(0));
    let log = log.join().unwrap().unwrap();
    assert!(log.contains("log lines were dropped") && log.trim_end().ends_with("stopped"), "{}", &log[log.len() - 500..]);
}
