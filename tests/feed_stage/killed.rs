//! Whatever ends the stage, each event stands once in the canonical topics for a reader of committed records.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::committed::committed_records;
use super::process::Stage;
use crate::support::broker::Broker;
use crate::support::measured::measured;
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
    measured(&format!("{} events of {PAYLOADS} payloads, each once after {KILLS} kills in {} s", events.len(), begun.elapsed().as_secs()));
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
