//! A million records with faults among them: every one has exactly the outcome that it must have.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::generated;
use super::set_up::{Topics, now_ms};
use crate::support::broker::Broker;
use crate::support::exposition::{Exposition, label};
use crate::support::left_out::{leave_out, variable};
use crate::support::service::Service;
use crate::support::topics::Producer;

/// How many, unless `TESTS_RECORDS` says another number.
const RECORDS: usize = 1_000_000;

const LIMIT: Duration = Duration::from_secs(600);

#[test]
fn ledger_of_a_million_records_balances_to_the_record() {
    let Some(broker) = Broker::shared() else { return };
    let records = variable("TESTS_RECORDS").map_or(RECORDS, |text| text.parse().expect("TESTS_RECORDS is a number"));
    let topics = Topics::create(&broker, 4);
    let producer = Producer::new(&broker.servers());
    let expected = generated::send(&producer, &topics, now_ms(), records, 1);
    for outcome in ["applied", "duplicate", "late", "future", "ignored", "invalid"] {
        assert!(expected.keys().any(|(_, expected)| *expected == outcome), "no `{outcome}` among the records");
    }
    let begun = Instant::now();
    let seen = read_all(&broker, &topics, records);
    println!("{records} records in {:.1} s from the start of the process, debug build", begun.elapsed().as_secs_f64());
    for family in ["cx_ledger_records", "cx_events_total"] {
        let counted: BTreeMap<_, _> = seen
            .family(family)
            .filter(|(_, count)| *count > 0.0)
            .map(|(series, count)| {
                let of = |name| label(series, name).unwrap_or_else(|| panic!("no `{name}` in {series}")).to_owned();
                ((of("topic"), of("outcome")), count as u64)
            })
            .collect();
        let expected: BTreeMap<_, _> =
            expected.iter().map(|((topic, outcome), count)| ((topic.clone(), (*outcome).to_owned()), *count)).collect();
        assert_eq!(counted, expected, "{family}");
    }
}

#[test]
fn scrape_of_a_busy_service_passes_promtool() {
    let Some(broker) = Broker::shared() else { return };
    if Command::new("promtool").arg("--version").output().is_err() {
        return leave_out("no `promtool` (in Debian's package `prometheus`; `tests/run.sh` brings it)");
    }
    let topics = Topics::create(&broker, 2);
    let producer = Producer::new(&broker.servers());
    let records = 30_000;
    generated::send(&producer, &topics, now_ms(), records, 2);
    let mut service = Service::start(&topics.configuration(&broker.servers(), "clock = \"event\"", ""));
    wait_until_read(&mut service, &topics, records);
    let scrape = service.scrape_text();
    assert!(scrape.lines().filter(|line| line.starts_with("# TYPE ")).count() > 100, "a busy service exports more families:\n{scrape}");
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

/// What a service exports when it has read everything.
fn read_all(broker: &Broker, topics: &Topics, records: usize) -> Exposition {
    let mut service = Service::start(&topics.configuration(&broker.servers(), "clock = \"event\"", ""));
    wait_until_read(&mut service, topics, records);
    service.scrape()
}

fn wait_until_read(service: &mut Service, topics: &Topics, records: usize) {
    service.wait_until("everything is read", LIMIT, |service| {
        let answer = service.ask("/metrics");
        answer.is_some_and(|answer| topics.consumed(&Exposition::parse(&answer.body)) >= records as u64)
    });
}
