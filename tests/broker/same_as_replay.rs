//! A month of real tickets, chats and surveys through the broker gives what a replay of the files gives, in whatever order it is read.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::set_up::Topics;
use crate::support::broker::Broker;
use crate::support::data::{data_set, keyed_records};
use crate::support::exposition::{Exposition, family_of};
use crate::support::left_out::leave_out;
use crate::support::service::{Service, cxpulse};
use crate::support::topics::Producer;

const SET: &str = "support_day";

/// What differs rightly: how far and from where something was read, and the topics' names.
const OF_THE_READER: &[&str] = &["cx_ledger_records", "cx_window_coverage_ratio", "cx_watermark_timestamp_seconds"];

const LIMIT: Duration = Duration::from_secs(240);

#[test]
fn month_through_six_partitions_equals_its_replay_whatever_the_order_of_reading() {
    let folder = match data_set(SET) {
        Ok(folder) => folder,
        Err(why) => return leave_out(&why),
    };
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 6);
    let producer = Producer::new(&broker.servers());
    let records = keyed_records(&folder);
    for record in &records {
        producer.send_keyed(topics.of(record.topic), &record.key, record.time_ms, &record.value);
    }
    producer.flush();
    let replayed = replay(&folder);
    let orders = [
        ("as it comes", ""),
        ("in small bites", "queue_kbytes_per_partition = 64\n[kafka.properties]\n\"fetch.message.max.bytes\" = \"4096\"\n"),
    ];
    for (number, (order, kafka)) in orders.into_iter().enumerate() {
        let configuration = topics.configuration(&broker.servers(), "clock = \"event\"", kafka);
        let configuration = configuration.replace("group-of-", &format!("group-{number}-of-"));
        let seen = consumed(&configuration, &topics, records.len());
        assert_same(&replayed, &seen, order);
    }
}

/// What the service exports when it has read everything.
fn consumed(configuration: &str, topics: &Topics, count: usize) -> Exposition {
    let mut service = Service::start(configuration);
    service.wait_until("everything is read", LIMIT, |service| {
        let ledger = service.ask("/metrics").map(|answer| Exposition::parse(&answer.body));
        ledger.is_some_and(|seen| topics.consumed(&seen) == count as u64) && service.is_ready()
    });
    service.scrape()
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

/// Every series of the replay is in the other with the same value, and none of its families has more there.
fn assert_same(replayed: &Exposition, seen: &Exposition, order: &str) {
    let families: BTreeSet<_> =
        replayed.samples().map(|(series, _)| family_of(series)).filter(|name| !OF_THE_READER.contains(name)).collect();
    assert!(families.len() > 50, "a replay of `{SET}` exports more than {} families", families.len());
    let lines = |exposition: &Exposition| -> BTreeSet<String> {
        let ours = exposition.samples().filter(|(series, _)| families.contains(family_of(series)));
        ours.map(|(series, value)| format!("{series} {value:?}")).collect()
    };
    let (expected, got) = (lines(replayed), lines(seen));
    let missing: Vec<_> = expected.difference(&got).take(20).collect();
    let surplus: Vec<_> = got.difference(&expected).take(20).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "read {order}\nonly in the replay: {missing:#?}\nonly through the broker: {surplus:#?}"
    );
}
