//! Copies of refused records on a real broker: through a kill, at full speed, and back again after a repair.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;
use std::time::Instant;

use cxpulse::config::Configuration;
use cxpulse::kafka::{DeadLetter, read_dead_letters};

use super::set_up::{Topics, now_ms, ticket_created};
use crate::support::broker::Broker;
use crate::support::service::{PATIENCE, Service, cxpulse};
use crate::support::topics::{Producer, create_topics};

const CREATED: &str = "cx_tickets_created{window=\"24h\"}";
/// A text that no value but that of a refused record has.
const CANARY: &str = "canary-7f3a";

#[test]
fn a_flood_of_refused_records_flows_and_a_kill_copies_none_more_than_once_again() {
    const FLOOD: u32 = 100_000;
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 2);
    let letters = format!("letters-of-{}", topics.tickets);
    create_topics(&broker.servers(), &[&letters], 2);
    let producer = Producer::new(&broker.servers());
    let now = now_ms();
    for number in 0..FLOOD {
        producer.send_keyed(&topics.tickets, &number.to_string(), now, &format!(r#"{{"id":"{CANARY}-{number}","type":"ticket.juggled"}}"#));
    }
    producer.flush();
    let store = tempfile::TempDir::new().expect("a temporary folder");
    let configuration = format!(
        "{}\n[dead_letters]\ntopic = \"{letters}\"\n[checkpoint]\nurl = \"{}\"\ninterval = \"1s\"\nrecords = 10000\n",
        topics.configuration(&broker.servers(), "", ""),
        store.path().display()
    );
    let copied = format!("cx_dead_letters_total{{topic=\"{}\"}}", topics.tickets);
    let mut killed = Service::start(&configuration);
    killed.wait_for_count(&copied, 5_000, PATIENCE);
    let early = killed.scrape_count(&copied);
    drop(killed);
    let mut service = Service::start(&configuration);
    service.wait_until("the first copies are there", PATIENCE, |service| service.scrape_count(&copied) > 0);
    let (begun, from) = (Instant::now(), service.scrape_count(&copied));
    service.wait_until_ready();
    service.wait_until("all are copied", PATIENCE, |_| copies(&broker, &letters).len() == FLOOD as usize);
    let rate = (service.scrape_count(&copied) - from) as f64 / begun.elapsed().as_secs_f64();
    println!("killed after {early} copies; then {rate:.0} copies a second");
    assert!(rate > 3_000.0, "{rate:.0} copies a second: something waits for each");
    let copies = copies(&broker, &letters);
    assert!(copies.values().all(|count| *count <= 2), "one kill makes at most one more copy");
    let again = copies.values().filter(|count| **count == 2).count();
    println!("{again} of {FLOOD} were copied twice");
    let lines = service.log().lines().filter(|line| line.contains("a record was not counted")).count();
    assert!(lines <= 60, "{lines} log lines");
    for (what, text) in [("the log", service.log()), ("/metrics", service.scrape_text())] {
        assert!(!text.contains(CANARY), "{what} holds a value");
    }
    assert!(service.terminate().0.success());
    assert!(!holds_canary(store.path()), "a checkpoint holds a value");

    let summary = run(&["dead-letters", "summary"], &configuration, store.path());
    let text = String::from_utf8_lossy(&summary.stdout);
    assert!(summary.status.success() && text.contains("missing_field"), "{text}{}", String::from_utf8_lossy(&summary.stderr));
    assert!(!text.contains(CANARY), "a summary holds a value");
}

#[test]
fn a_repaired_record_goes_back_to_its_place_and_counts() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 2);
    let letters = format!("letters-of-{}", topics.tickets);
    create_topics(&broker.servers(), &[&letters], 1);
    let producer = Producer::new(&broker.servers());
    let now = now_ms();
    producer.send_keyed(&topics.tickets, "a", now, &ticket_created("1", now, "a").replace(&now.to_string(), "\"noon\""));
    producer.send_keyed(&topics.tickets, "a", now, "{");
    producer.flush();
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let configuration = format!("{}\n[dead_letters]\ntopic = \"{letters}\"\n", topics.configuration(&broker.servers(), "", ""));
    let mut service = Service::start(&configuration);
    service.wait_for_count(&format!("cx_dead_letters_total{{topic=\"{}\"}}", topics.tickets), 2, PATIENCE);
    let file = folder.path().join("letters.jsonl");
    let file = file.to_str().expect("a path of text");
    let listed = run(&["dead-letters", "list", "--reason", "bad_time"], &configuration, folder.path());
    let text = String::from_utf8_lossy(&listed.stdout);
    assert!(
        listed.status.success() && text.contains("bad_time") && !text.contains("syntax"),
        "{text}{}",
        String::from_utf8_lossy(&listed.stderr)
    );
    assert!(run(&["dead-letters", "export", "--out", file], &configuration, folder.path()).status.success());
    let exported = std::fs::read_to_string(file).expect("the command wrote it");
    std::fs::write(file, exported.replace("\\\"noon\\\"", &now.to_string())).expect("the folder is writable");
    let sent = run(&["dead-letters", "send", file], &configuration, folder.path());
    assert_eq!(sent.status.code(), Some(1), "the other one is still refused");
    let text = String::from_utf8_lossy(&sent.stdout);
    assert!(text.contains("1 sent, 1 still refused"), "{text}{}", String::from_utf8_lossy(&sent.stderr));
    service.wait_for_count(CREATED, 1, PATIENCE);
}

/// How often the record of each place was copied. A notice of a batch that was passed over is no copy.
pub(super) fn copies(broker: &Broker, letters: &str) -> BTreeMap<(i32, i64), u32> {
    let mut kafka = Configuration::default().kafka;
    kafka.bootstrap_servers = broker.servers();
    let mut found: BTreeMap<(i32, i64), u32> = BTreeMap::new();
    let note = |letter: DeadLetter| {
        if letter.end_offset.is_none() {
            *found.entry((letter.place.partition, letter.place.offset)).or_default() += 1;
        }
    };
    read_dead_letters(&kafka, letters, note).expect("good settings").expect("the broker answers");
    found
}

fn run(arguments: &[&str], configuration: &str, folder: &Path) -> Output {
    let file = folder.join("of-command.toml");
    std::fs::write(&file, configuration).expect("the folder is writable");
    cxpulse().args(arguments).arg("--config").arg(file).output().expect("the binary was built")
}

fn holds_canary(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).expect("the store is a folder").map(|entry| entry.expect("an entry").path());
    entries.into_iter().any(|path| {
        if path.is_dir() {
            return holds_canary(&path);
        }
        let bytes = std::fs::read(path).expect("a file");
        bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes())
    })
}
