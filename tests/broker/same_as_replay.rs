//! A month of real tickets, chats and surveys through the broker gives the same values as a replay of the files, in whatever order it is read.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::set_up::Topics;
use crate::support::broker::Broker;
use crate::support::data::{DataRecord, data_set, keyed_records};
use crate::support::exposition::{Exposition, canonical, family_of};
use crate::support::left_out::leave_out;
use crate::support::service::{Service, cxpulse};
use crate::support::tools::leave_out_without_tool;
use crate::support::topics::Producer;

const SET: &str = "support_day";

/// Families that may differ: six partition groups keep more panes and identities than one.
const OF_THE_READER: &[&str] = &["cx_state_entries"];

const LIMIT: Duration = Duration::from_secs(240);

/// An instant for which the set has expected values. No event falls between the last whole second and it.
const INSTANT: &str = "2023-08-15T12:00:00.250Z";

#[test]
fn month_through_six_partitions_equals_its_replay_whatever_the_order_of_reading_and_however_many_workers() {
    let folder = match data_set(SET) {
        Ok(folder) => folder,
        Err(why) => return leave_out(&why),
    };
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create_default(&broker, 6);
    let producer = Producer::new(&broker.servers());
    let send = |records: &[DataRecord]| {
        for record in records {
            producer.send_keyed(topics.of(record.topic), &record.key, record.time_ms, &record.value);
        }
        producer.flush();
    };
    let configuration = |order: &str, kafka: &str, workers: usize| {
        let text = topics.configuration(&broker.servers(), &format!("clock = \"event\"\nworkers = {workers}"), kafka);
        text.replace("group-of-", &format!("{order}-group-of-"))
    };
    let instant: jiff::Timestamp = INSTANT.parse().expect("an RFC 3339 time");
    let (first_half, second_half): (Vec<_>, Vec<_>) =
        keyed_records(&folder).into_iter().partition(|record| record.time_ms <= instant.as_millisecond());
    let records = first_half.len() + second_half.len();

    send(&first_half);
    let mut in_two_halves = Service::start(&configuration("halves", "", 2));
    wait_until_read(&mut in_two_halves, &topics, first_half.len());
    assert_expected(&folder, &in_two_halves.scrape_text());
    send(&second_half);
    wait_until_read(&mut in_two_halves, &topics, records);
    let replayed = replay(&folder);
    assert_same(&replayed, &in_two_halves.scrape(), "in two halves");
    drop(in_two_halves);

    let small = "queue_kbytes_per_partition = 64\n[kafka.properties]\n\"fetch.message.max.bytes\" = \"4096\"\n";
    for (order, kafka, workers) in [("all-at-once", "", 1), ("in-small-bites", small, 4)] {
        let mut service = Service::start(&configuration(order, kafka, workers));
        wait_until_read(&mut service, &topics, records);
        assert_same(&replayed, &service.scrape(), order);
    }
}

/// Compares an exposition with the set's expected values, by the set's own program.
fn assert_expected(folder: &Path, text: &str) {
    let program = folder.parent().expect("a folder of sets").join("compare.py");
    let scratch = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(scratch.path(), text).expect("the file is writable");
    let output = Command::new("python3").arg(program).arg(scratch.path()).arg(folder).arg(INSTANT).output();
    let output = match output {
        Ok(output) => output,
        Err(why) => return leave_out_without_tool(&format!("the comparison with the expected values: no `python3`: {why}")),
    };
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}

/// Returns when this many records have an outcome and the service has nothing left to read.
fn wait_until_read(service: &mut Service, topics: &Topics, count: usize) {
    service.wait_until("everything is read", LIMIT, |service| {
        let ledger = service.ask("/metrics").map(|answer| Exposition::parse(&answer.body));
        ledger.is_some_and(|seen| topics.consumed(&seen) == count as u64) && service.is_ready()
    });
}

fn replay(folder: &Path) -> Exposition {
    let mut command = cxpulse();
    command.arg("replay");
    for topic in ["tickets", "chats", "surveys"] {
        command.arg("--input").arg(format!("{topic}={}", folder.join(format!("{topic}.jsonl.gz")).display()));
    }
    Exposition::parse(&text_of(&mut command))
}

fn text_of(command: &mut Command) -> String {
    let output = command.output().expect("the binary was built");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("an exposition is UTF-8")
}

/// Asserts that the service has every series of the replay with the same value, and no more series in any of these families.
fn assert_same(replayed: &Exposition, seen: &Exposition, order: &str) {
    let families: BTreeSet<_> =
        replayed.samples().map(|(series, _)| family_of(series)).filter(|name| !OF_THE_READER.contains(name)).collect();
    assert!(families.len() > 50, "a replay of `{SET}` exports more than {} families", families.len());
    let lines = |exposition: &Exposition| -> BTreeSet<String> {
        let ours = exposition.samples().filter(|(series, _)| families.contains(family_of(series)));
        ours.map(|(series, value)| format!("{} {value:?}", canonical(series))).collect()
    };
    let (expected, got) = (lines(replayed), lines(seen));
    let missing: Vec<_> = expected.difference(&got).take(20).collect();
    let surplus: Vec<_> = got.difference(&expected).take(20).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "read {order}\nonly in the replay: {missing:#?}\nonly through the broker: {surplus:#?}"
    );
}
