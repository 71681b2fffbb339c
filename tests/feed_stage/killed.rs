//! Whatever ends the stage, each event stands once in the canonical topics for a reader of committed records.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::committed::committed_records;
use super::process::Stage;
use crate::support::broker::Broker;
use crate::support::measured::measured;
use crate::support::service::cxpulse;
use crate::support::topics::{Producer, create_topics};

const PAYLOADS: usize = 30_000;
const KILLS: usize = 20;
/// One payload in so many is no JSON.
const BROKEN_EVERY: usize = 1_000;

#[test]
fn kill_9_at_random_moments_loses_and_repeats_no_event() {
    let Some(broker) = Broker::shared() else { return };
    let servers = broker.servers();
    create_topics(&servers, &["killed-raw"], 2);
    create_topics(&servers, &["killed-tickets", "killed-chats", "killed-surveys", "killed-customers", "killed-rejected"], 2);
    let topics = "[topics]\ntickets = \"killed-tickets\"\nchats = \"killed-chats\"\nsurveys = \"killed-surveys\"\ncustomers = \"killed-customers\"\nrejected = \"killed-rejected\"\n";
    let mut stage =
        Stage::new(&servers, "killed", &format!("{topics}[[feeds]]\nname = \"desk\"\nprogram = \"chatwoot\"\ntopics = [\"killed-raw\"]\n"));
    let producer = Producer::new(&servers);
    // Half before the first start, so that transactions are large; the other half while the stage is killed again and again.
    send(&producer, 0..PAYLOADS / 2);
    producer.flush();
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(20_260_302);
    let mut sent = PAYLOADS / 2;
    let begun = Instant::now();
    for kill in 0..KILLS {
        stage.start();
        let next = PAYLOADS / 2 + (PAYLOADS / 2) * (kill + 1) / KILLS;
        send(&producer, sent..next);
        sent = next;
        // Most kills come while the stage is at work: it needs about half a second until its first transaction.
        std::thread::sleep(Duration::from_millis(random.random_range(300..1_800)));
        stage.kill();
    }
    producer.flush();
    stage.start();
    stage.wait_until_ready();
    let wanted = wanted();
    let limit = Duration::from_secs(120);
    let begun_last = Instant::now();
    let mut events = count(&servers);
    while events.values().sum::<usize>() < wanted.len() && begun_last.elapsed() < limit {
        std::thread::sleep(Duration::from_millis(500));
        events = count(&servers);
    }
    let repeated: Vec<_> = events.iter().filter(|(_, count)| **count != 1).take(5).collect();
    assert!(repeated.is_empty(), "more than once: {repeated:?}");
    let missing: Vec<_> = wanted.iter().filter(|id| !events.contains_key(*id)).take(5).collect();
    assert!(missing.is_empty(), "missing: {missing:?}; the log:\n{}", stage.log());
    assert_eq!(events.len(), wanted.len());
    let rejected = committed_records(&servers, "killed-rejected");
    assert_eq!(rejected.len(), PAYLOADS / BROKEN_EVERY, "each payload that is no JSON is rejected once");
    let header = |name: &str| rejected[0].headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    assert_eq!((header("cx_feed"), header("cx_reason")), (Some("desk"), Some("not_json")));
    gauges_are_those_of_the_payloads(&servers);
    measured(&format!("{} events of {PAYLOADS} payloads, each once after {KILLS} kills in {} s", events.len(), begun.elapsed().as_secs()));
}

/// The committed events give the gauges of the payloads as nothing ever ended them, and the answers are as many as were written.
fn gauges_are_those_of_the_payloads(servers: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, lines: Vec<String>| {
        let path = folder.path().join(name);
        std::fs::write(&path, lines.join("\n")).expect("the folder is writable");
        path.display().to_string()
    };
    let events = |topic: &str| committed_records(servers, topic).into_iter().map(|record| record.value).collect::<Vec<_>>();
    let (tickets, surveys) = (file("tickets.jsonl", events("killed-tickets")), file("surveys.jsonl", events("killed-surveys")));
    let raw = file("raw.jsonl", (0..PAYLOADS).map(payload).collect());
    let gauges = |arguments: &[String]| {
        let output = cxpulse().arg("replay").args(arguments).args(["--at", "2026-03-02T12:00:00Z"]).output().expect("the binary was built");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        // What is counted by topic is about the records and not about the organisation.
        let values = text.lines().filter(|line| line.starts_with("cx_") && !line.contains("topic=")).map(str::to_owned);
        values.collect::<Vec<_>>()
    };
    let of_events = gauges(&["--input".to_owned(), format!("tickets={tickets}"), "--input".to_owned(), format!("surveys={surveys}")]);
    let of_payloads = gauges(&["--feed".to_owned(), "chatwoot".to_owned(), "--input".to_owned(), format!("raw={raw}")]);
    let differing: Vec<_> = of_events.iter().filter(|line| !of_payloads.contains(line)).take(5).collect();
    assert!(differing.is_empty() && of_events.len() == of_payloads.len(), "{differing:?}");
    let answers = (0..PAYLOADS).filter(|n| n % 10 == 3).count();
    assert!(of_events.contains(&format!("cx_csat_responses{{window=\"24h\"}} {answers}")), "{answers} answers were written");
    measured(&format!("{} gauges after the kills equal those of the payloads", of_events.len()));
}

/// The ids of the events in the canonical topics, each with its number.
fn count(servers: &str) -> BTreeMap<String, usize> {
    let mut events = BTreeMap::new();
    for topic in ["killed-tickets", "killed-surveys"] {
        for record in committed_records(servers, topic) {
            let event: Value = serde_json::from_str(&record.value).expect("an event is JSON");
            assert_eq!(event["ticket_id"], record.key.as_str(), "the key is that of the ticket");
            *events.entry(event["id"].as_str().expect("an id").to_owned()).or_insert(0) += 1;
        }
    }
    events
}

fn send(producer: &Producer, payloads: std::ops::Range<usize>) {
    for n in payloads {
        let time = 1_772_442_000_000 + n as i64 * 1000;
        producer.send_keyed("killed-raw", &n.to_string(), time, &payload(n));
    }
}

/// A message for most numbers; a survey and its answer, and what cannot be mapped, for some.
fn payload(n: usize) -> String {
    if n % BROKEN_EVERY == 7 {
        return "{broken".to_owned();
    }
    let table = if n % 10 == 3 { "csat_survey_responses" } else { "messages" };
    let row = if n % 10 == 3 {
        json!({"id": n, "conversation_id": n / 10, "message_id": n - 1, "rating": n % 5 + 1, "contact_id": n / 10, "created_at": "2026-03-02T10:00:00Z"})
    } else {
        json!({"id": n, "conversation_id": n / 10, "message_type": n % 2, "sender_type": "User", "sender_id": 5, "private": false, "content_type": 0,
               "created_at": "2026-03-02T09:00:00Z"})
    };
    json!({"before": null, "after": row, "op": "c", "source": {"table": table, "ts_ms": 1_772_442_000_000_i64, "snapshot": "false"}})
        .to_string()
}

/// The ids of the events that all payloads become.
fn wanted() -> Vec<String> {
    let id = |n: usize| match n % 10 {
        3 => format!("csat-{n}-{}", n % 5 + 1),
        _ => format!("message-{n}"),
    };
    (0..PAYLOADS).filter(|n| n % BROKEN_EVERY != 7).map(id).collect()
}
