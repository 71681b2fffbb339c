//! A log that nobody takes: the service goes on, ends as it should, and counts the lines that it had to drop.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};

const PATIENCE: Duration = Duration::from_secs(30);
/// What a pipe holds on Linux.
const PIPE_BYTES: usize = 64 << 10;

/// A running service with this stderr; it is killed at the end of its test.
struct Service {
    child: Child,
    address: SocketAddr,
}

impl Service {
    fn start(servers: &str, level: &str, stderr: impl Into<Stdio>) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_cxpulse"))
            .env_clear()
            .args(["run", "--bootstrap-servers", servers, "--web.listen-address", &address.to_string(), "--log.level", level])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .unwrap();
        Self { child, address }
    }

    fn ask(&self, request: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    fn get(&self, path: &str) -> Option<String> {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
    }

    fn sample(&self, series: &str) -> f64 {
        let text = self.get("/metrics").unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().unwrap())
    }

    fn until(&mut self, what: &str, condition: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !condition(self) {
            assert_eq!(self.child.try_wait().unwrap(), None, "the service ended before: {what}");
            assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the service by SIGTERM.
    fn end(mut self) -> ExitStatus {
        assert!(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap().success());
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "SIGTERM does not end the service");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop((self.child.kill(), self.child.wait()));
    }
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
    let mut service = Service::start("127.0.0.1:1", "debug", full);
    service.until("lost lines are counted", |service| service.sample("cx_log_lines_dropped_total") > 0.0);
    assert!(service.get("/-/healthy").is_some_and(|answer| answer.starts_with("HTTP/1.1 200")));
    assert_eq!(service.end().code(), Some(0));
}

#[test]
fn a_log_that_nobody_reads_does_not_stop_bad_records_from_being_counted() {
    let broker = broker_with_bad_records(5_000);
    let (_reader, writer) = full_pipe();
    let mut service = Service::start(&broker.bootstrap_servers(), "trace", writer);
    service.until("the good record is counted", |service| service.sample("cx_events_total{outcome=\"applied\",topic=\"tickets\"}") == 1.0);
    assert_eq!(service.sample("cx_events_total{outcome=\"invalid\",topic=\"tickets\"}"), 5_000.0);
    service.until("ready", |service| service.get("/-/ready").is_some_and(|answer| answer.starts_with("HTTP/1.1 200")));
    assert_eq!(service.end().code(), Some(0));
}

#[test]
fn lines_beyond_the_queue_are_dropped_and_counted_and_the_log_says_so_later() {
    let (mut reader, writer) = full_pipe();
    let mut service = Service::start("127.0.0.1:1", "debug", writer);
    service.until("it listens", |service| service.get("/-/healthy").is_some());
    // Each of these is a line at the level debug.
    for _ in 0..9_000 {
        assert!(service.ask("rubbish\r\n\r\n").is_some_and(|answer| answer.starts_with("HTTP/1.1 400")));
    }
    assert!(service.sample("cx_log_lines_dropped_total") > 100.0, "{}", service.sample("cx_log_lines_dropped_total"));
    let log = std::thread::spawn(move || {
        let mut log = String::new();
        reader.read_to_string(&mut log).map(|_| log)
    });
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(service.end().code(), Some(0));
    let log = log.join().unwrap().unwrap();
    assert!(log.contains("log lines were dropped") && log.trim_end().ends_with("stopped"), "{}", &log[log.len() - 500..]);
}
