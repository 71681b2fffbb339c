//! A million synthetic records with faults among them: every record has exactly the outcome that it must have.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::set_up::Topics;
use crate::support::broker::Broker;
use crate::support::exposition::{Exposition, label};
use crate::support::left_out::variable;
use crate::support::measured::measured;
use crate::support::service::{Service, cxpulse};
use crate::support::tools::leave_out_without_tool;

/// The number of records, unless `TESTS_RECORDS` gives another.
const RECORDS: usize = 1_000_000;

const LIMIT: Duration = Duration::from_secs(600);

#[test]
fn ledger_of_a_million_records_balances_to_the_record() {
    let Some(broker) = Broker::shared() else { return };
    let records = variable("TESTS_RECORDS").map_or(RECORDS, |text| text.parse().expect("TESTS_RECORDS is a number"));
    let topics = Topics::create(&broker, 4);
    let configuration = topics.configuration(&broker.servers(), "clock = \"event\"", "");
    let sent = generate(&configuration, records);
    let expected = |part: &str| counts_of(&sent, part);
    for (topic, outcome) in expected("outcomes").keys() {
        assert!(expected("outcomes")[&(topic.clone(), outcome.clone())] > 0, "no `{outcome}` among the records of {topic}");
    }
    let begun = Instant::now();
    let mut service = Service::start(&configuration);
    wait_until_read(&mut service, &topics, records);
    measured(&format!("{records} records through the broker in {:.1} s from the start of a debug build", begun.elapsed().as_secs_f64()));
    let seen = service.scrape();
    assert_eq!(seen_counts(&seen, "cx_ledger_records", "outcome"), expected("outcomes"));
    assert_eq!(seen_counts(&seen, "cx_events_total", "outcome"), expected("outcomes"));
    assert_eq!(seen_counts(&seen, "cx_events_invalid_total", "reason"), expected("reasons"));
    assert_eq!(seen_counts(&seen, "cx_events_applied_total", "type"), expected("applied_types"));
    assert_eq!(topics.consumed(&seen), records as u64);
}

#[test]
fn scrape_of_a_busy_service_passes_promtool() {
    let Some(broker) = Broker::shared() else { return };
    if Command::new("promtool").arg("--version").output().is_err() {
        return leave_out_without_tool("no `promtool` (in Debian's package `prometheus`; `tests/run.sh` brings it)");
    }
    let topics = Topics::create(&broker, 2);
    let configuration = topics.configuration(&broker.servers(), "clock = \"event\"", "");
    let records = 30_000;
    generate(&configuration, records);
    let mut service = Service::start(&configuration);
    wait_until_read(&mut service, &topics, records);
    // The first snapshot with values follows the last record within a moment.
    service.wait_until("more families than those of the process are exported", LIMIT, |service| {
        service.scrape_text().lines().filter(|line| line.starts_with("# TYPE ")).count() > 100
    });
    let scrape = service.scrape_text();
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = promtool.spawn().expect("promtool was found");
    let mut input = running.stdin.take().expect("its input is a pipe");
    input.write_all(scrape.as_bytes()).expect("promtool reads its input");
    drop(input);
    let output = running.wait_with_output().expect("promtool ends");
    let complaints = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{complaints}");
}

/// Sends a month with faults by `cxpulse generate`, and returns the outcomes that it expects of the records.
fn generate(configuration: &str, records: usize) -> Value {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a temporary file");
    std::fs::write(file.path(), configuration).expect("the file is writable");
    let mut command = cxpulse();
    command.args(["generate", "--history", "30d", "--faults=0.02", "--events", &records.to_string(), "--config"]).arg(file.path());
    let output = command.output().expect("the binary was built");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the expected ledger is JSON")
}

/// One part of the expectations, by topic and name.
fn counts_of(expected: &Value, part: &str) -> BTreeMap<(String, String), u64> {
    let topics = expected.as_object().expect("an object by topic").iter();
    let counts = topics.flat_map(|(topic, of_topic)| {
        let counts = of_topic[part].as_object().unwrap_or_else(|| panic!("no `{part}` of {topic}")).iter();
        counts.map(move |(name, count)| ((topic.clone(), name.clone()), count.as_u64().expect("a count")))
    });
    counts.collect()
}

/// A family's counts above zero, by topic and another label.
fn seen_counts(seen: &Exposition, family: &str, by: &str) -> BTreeMap<(String, String), u64> {
    let counted = seen.family(family).filter(|(_, count)| *count > 0.0);
    let of = |series, name| label(series, name).unwrap_or_else(|| panic!("no `{name}` in {series}")).to_owned();
    counted.map(|(series, count)| ((of(series, "topic"), of(series, by)), count as u64)).collect()
}

fn wait_until_read(service: &mut Service, topics: &Topics, records: usize) {
    service.wait_until("everything is read", LIMIT, |service| {
        let answer = service.ask("/metrics");
        answer.is_some_and(|answer| topics.consumed(&Exposition::parse(&answer.body)) >= records as u64)
    });
}
