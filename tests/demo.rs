//! `cxpulse demo` and `cxpulse generate` as their users start them, on librdkafka's own broker.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

// The product holds the functions that the linker puts between librdkafka and its decompressors.
use cxpulse as _;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::mocking::MockCluster;
use serde_json::Value;

const TOPICS: [&str; 4] = ["tickets", "chats", "surveys", "customers"];
/// Generous, since other tests share the machine.
const LIMIT: Duration = Duration::from_secs(180);
/// How long a ready demo may take to show its values.
const SHOWN_WITHIN: Duration = Duration::from_secs(10);
/// Families that a loaded demo shows, each with the number of its cases.
const SHOWN: [(&str, &str); 5] = [
    ("cx_first_response_mean_seconds", "cx_first_response_seconds_count"),
    ("cx_resolution_p90_seconds", "cx_resolution_seconds_count"),
    ("cx_csat_ratio", "cx_csat_responses"),
    ("cx_ces_effort_score", "cx_ces_responses"),
    ("cx_chat_wait_p50_seconds", "cx_chat_wait_seconds_count"),
];

fn cxpulse(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cxpulse"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Ends the demo when a test fails halfway.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("the demo listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("a request is taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer in UTF-8");
    answer
}

/// The value of an overall gauge; `None` if it is not shown.
fn value_of(metrics: &str, family: &str, window: &str) -> Option<f64> {
    let series = format!("{family}{{window=\"{window}\"}} ");
    let line = metrics.lines().find_map(|line| line.strip_prefix(&series))?;
    Some(line.parse().expect("a number"))
}

/// The three numbers of the last line: sent, read, counted.
fn sums(line: &str) -> Vec<u64> {
    let (_, line) = line.split_once("ended:").expect("the last line");
    line.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn demo_loads_its_whole_history_shows_values_and_ends_cleanly_when_interrupted() {
    let mut demo = Running(cxpulse(&["demo", "--port", "0"]).spawn().unwrap());
    let started = Instant::now();
    let mut lines = BufReader::new(demo.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let address = lines.find_map(|line| Some(line.split_once("http://")?.1.trim_end_matches('/').to_owned())).unwrap();
    let loaded = lines.find(|line| line.contains("history loaded")).expect("the history is loaded");
    assert!(started.elapsed() < LIMIT, "{loaded}");

    assert!(get(&address, "/-/ready").starts_with("HTTP/1.1 200"), "a loaded demo is ready");
    assert!(get(&address, "/").starts_with("HTTP/1.1 200"));
    // A scrape is of the newest snapshot, and the first one with values follows the readiness within a moment.
    let loaded_at = Instant::now();
    let metrics = loop {
        let metrics = get(&address, "/metrics");
        if value_of(&metrics, SHOWN[0].1, "5m").is_some() {
            break metrics;
        }
        assert!(loaded_at.elapsed() < SHOWN_WITHIN, "no value is shown after {loaded}");
        std::thread::sleep(Duration::from_millis(100));
    };
    for (family, cases) in SHOWN {
        for window in ["5m", "1h", "24h", "7d", "30d"] {
            let value = value_of(&metrics, family, window);
            let cases = value_of(&metrics, cases, window);
            // It is a busy morning in the demo whatever the hour is here.
            assert!(value.is_some() && cases > Some(0.0), "{family} of {window}: {value:?} of {cases:?} cases after {loaded}");
        }
    }

    let interrupted = Command::new("kill").args(["-INT", &demo.0.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let sums = sums(&lines.last().unwrap());
    assert!(sums[0] > 300_000 && sums.iter().all(|&sum| sum == sums[0]), "sent, read and counted differ: {sums:?}");
    assert_eq!(demo.0.wait().unwrap().code(), Some(0));
}

#[test]
fn demo_ends_by_itself_after_the_time_given() {
    let started = Instant::now();
    let Output { status, stdout, stderr } = cxpulse(&["demo", "--port", "0", "--for", "2s"]).output().unwrap();
    assert_eq!(status.code(), Some(0), "{}", String::from_utf8_lossy(&stderr));
    assert!(started.elapsed() >= Duration::from_secs(2));
    assert!(String::from_utf8_lossy(&stdout).contains("ended:"));
}

#[test]
fn demo_on_a_port_in_use_says_so() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let Output { status, stderr, .. } = cxpulse(&["demo", "--port", &port]).output().unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(String::from_utf8_lossy(&stderr).contains(&port), "{}", String::from_utf8_lossy(&stderr));
}

#[test]
fn generate_sends_exactly_what_it_says_it_sent() {
    let cluster = MockCluster::new(1).unwrap();
    for topic in TOPICS {
        cluster.create_topic(topic, 3, 1).unwrap();
    }
    let servers = cluster.bootstrap_servers();
    let arguments = ["generate", "--bootstrap-servers", &servers, "--history", "12h", "--events", "20000", "--faults=0.05", "--for", "0s"];
    let Output { status, stdout, stderr } = cxpulse(&arguments).output().unwrap();
    let stderr = String::from_utf8_lossy(&stderr);
    assert_eq!(status.code(), Some(0), "{stderr}");
    assert!(stderr.contains("20000 records"), "{stderr}");
    let expected: BTreeMap<String, Value> = serde_json::from_slice(&stdout).unwrap();

    let consumer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", &servers).create().unwrap();
    for topic in TOPICS {
        let count: i64 = (0..3).map(|partition| consumer.fetch_watermarks(topic, partition, LIMIT).unwrap().1).sum();
        let told = &expected[topic];
        assert_eq!(told["consumed"].as_i64(), Some(count), "{topic}");
        let outcomes: i64 = told["outcomes"].as_object().unwrap().values().filter_map(Value::as_i64).sum();
        assert_eq!(outcomes, count, "{topic}: {told}");
    }
    assert!(expected["tickets"]["outcomes"]["duplicate"].as_i64() > Some(0));
}

#[test]
fn generate_names_the_topics_that_are_missing_and_makes_none() {
    let cluster = MockCluster::new(1).unwrap();
    for topic in ["tickets", "surveys"] {
        cluster.create_topic(topic, 1, 1).unwrap();
    }
    let servers = cluster.bootstrap_servers();
    for _ in 0..2 {
        let Output { status, stderr, .. } = cxpulse(&["generate", "--bootstrap-servers", &servers, "--events", "1"]).output().unwrap();
        let stderr = String::from_utf8_lossy(&stderr);
        assert_eq!(status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("chats, customers") && stderr.contains("--create-topics"), "{stderr}");
    }
}

#[test]
fn generate_without_brokers_says_which_it_asked() {
    let arguments = ["generate", "--bootstrap-servers", "127.0.0.1:9", "--events", "1"];
    let Output { status, stderr, .. } = cxpulse(&arguments).output().unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(String::from_utf8_lossy(&stderr).contains("127.0.0.1:9"), "{}", String::from_utf8_lossy(&stderr));
}
