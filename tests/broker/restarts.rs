//! What a restart keeps: the state of checkpoints, from which a service goes on although the log no longer has what was counted.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::set_up::{Topics, now_ms, ticket_created};
use crate::support::broker::Broker;
use crate::support::service::{PATIENCE, Service};
use crate::support::topics::{Producer, delete_records};

const CREATED: &str = "cx_tickets_created{window=\"30d\"}";
const MESSAGES: &str = "cx_tickets_first_responded{window=\"30d\"}";
const RESTORED: &str = "cx_checkpoint_restores_total{result=\"restored\"}";
const DAY_MS: i64 = 86_400_000;
const ROUNDS: usize = 6;

#[test]
fn killed_service_goes_on_from_its_checkpoint_although_the_log_is_gone() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 2);
    let producer = Producer::new(&broker.servers());
    let store = TempDir::new().expect("a temporary folder");
    begin_feed(&producer, &topics);
    let mut sent = 0;
    for round in 0..ROUNDS {
        let mut service = Service::start(&configuration(&broker, &topics, Some(store.path())));
        if round > 0 {
            service.wait_for_count(RESTORED, 2, PATIENCE);
        }
        sent = send_tickets(&producer, &topics, sent, 400);
        service.wait_for_count(CREATED, sent, PATIENCE);
        service.wait_until_ready();
        // The reference has everything in memory, because it has been there from the first record on.
        assert_eq!((service.scrape_count(CREATED), service.scrape_count(MESSAGES)), (sent, sent), "round {round}");
        assert_eq!(topics.consumed(&service.scrape()), 2 * sent + FIRST_RECORDS, "each record has one outcome");
        service.wait_until("the state is safe", PATIENCE, |service| service.scrape_count("cx_checkpoint_age_records") == 0);
        // Records after the checkpoint are read again.
        sent = send_tickets(&producer, &topics, sent, 30);
        std::thread::sleep(Duration::from_millis(7 * round as u64));
        drop(service);
        cut_logs(&broker, &topics, store.path());
    }

    let mut without = Service::start(&configuration(&broker, &topics, None));
    without.wait_until_ready();
    assert!(without.scrape_count(CREATED) < sent, "without its checkpoints the service cannot know what the log no longer has");
    let coverage = without.scrape().with_labels("cx_window_coverage_ratio", &[("window", "30d")]).expect("a window has a coverage");
    assert!(coverage < 0.9, "and it says so: {coverage}");
}

#[test]
fn two_members_hand_their_groups_over_without_a_loss() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 4);
    let producer = Producer::new(&broker.servers());
    let store = TempDir::new().expect("a temporary folder");
    begin_feed(&producer, &topics);
    let configuration = configuration(&broker, &topics, Some(store.path()));
    let mut first = Service::start(&configuration);
    let mut sent = send_tickets(&producer, &topics, 0, 400);
    first.wait_for_count(CREATED, sent, PATIENCE);
    first.wait_until("the state is safe", PATIENCE, |service| service.scrape_count("cx_checkpoint_age_records") == 0);
    cut_logs(&broker, &topics, store.path());
    let second = Service::start(&configuration);
    sent = send_tickets(&producer, &topics, sent, 200);
    first.wait_until("both members have groups, and together count everything", PATIENCE, |first| {
        let counts = [first, &second].map(|service| service.scrape_count(CREATED));
        counts.iter().all(|count| *count > 0) && counts.iter().sum::<u64>() == sent
    });
    first.wait_until("both states are safe", PATIENCE, |first| {
        [first, &second].iter().all(|service| service.scrape_count("cx_checkpoint_age_records") == 0)
    });
    cut_logs(&broker, &topics, store.path());
    assert!(second.terminate().0.success());
    first.wait_until("the first has all groups again", PATIENCE, |first| first.scrape_count(CREATED) == sent);
    first.wait_until_ready();
    assert_eq!(topics.consumed(&first.scrape()), 2 * sent + FIRST_RECORDS * 2, "each record has one outcome");
}

#[test]
fn no_value_is_shown_before_everything_was_read() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 1);
    let producer = Producer::new(&broker.servers());
    begin_feed(&producer, &topics);
    let sent = send_tickets(&producer, &topics, 0, 60_000);
    let mut service = Service::start(&configuration(&broker, &topics, None));
    let mut partial = 0;
    service.wait_until("it is ready", PATIENCE, |service| {
        let Some(answer) = service.ask("/metrics") else { return false };
        let seen = crate::support::exposition::Exposition::parse(&answer.body);
        let (created, coverage) = (seen.count(CREATED), seen.with_labels("cx_window_coverage_ratio", &[("window", "1h")]));
        if created > 0 && created < sent {
            partial += 1;
        }
        if topics.consumed(&seen) < 2 * sent {
            assert!(coverage.is_none_or(|coverage| coverage == 0.0), "nothing is covered while {created} are counted: {coverage:?}");
        }
        service.is_ready()
    });
    assert_eq!(partial, 0, "a part of the values was shown");
    assert_eq!(service.scrape_count(CREATED), sent);
}

/// The records that [`begin_feed`] sends to each partition group of two partitions.
const FIRST_RECORDS: u64 = 8;

/// Every topic began long ago, so that windows are covered as far as the logs are.
fn begin_feed(producer: &Producer, topics: &Topics) {
    let long_ago = now_ms() - 40 * DAY_MS;
    for topic in [&topics.tickets, &topics.chats, &topics.surveys, &topics.customers] {
        for partition in 0..4 {
            producer.send_to_existing(topic, partition, long_ago);
        }
    }
    producer.flush();
}

/// Sends tickets that are answered, over the last 20 days, and returns how many were sent in all.
fn send_tickets(producer: &Producer, topics: &Topics, from: u64, count: u64) -> u64 {
    let now = now_ms();
    for number in from..from + count {
        let time = now - 20 * DAY_MS * (count - (number - from)) as i64 / count as i64;
        // Each round goes on where the log is: times ascend within a round, and no event is late.
        let time = time.max(now - 50 * 60_000);
        let id = format!("{number}");
        producer.send_keyed(&topics.tickets, &id, now, &ticket_created(&id, time, "a"));
        let reply = format!(
            r#"{{"id":"r{id}","type":"ticket.message","time":{},"ticket_id":"T{id}","author":"agent"}}"#,
            time + 60_000
        );
        producer.send_keyed(&topics.tickets, &id, now, &reply);
    }
    producer.flush();
    from + count
}

/// Removes from the logs of the tickets what the oldest kept checkpoint of each group has counted.
fn cut_logs(broker: &Broker, topics: &Topics, store: &Path) {
    let store = cxpulse::checkpoint::CheckpointStore::open_existing(
        &cxpulse::checkpoint::StoreLocation::parse(&store.display().to_string()).expect("a folder"),
        cxpulse::checkpoint::StoreOptions::default(),
    )
    .expect("the folder exists");
    let mut oldest: BTreeMap<i32, i64> = BTreeMap::new();
    for listed in store.list().expect("the folder is readable") {
        let Ok(Ok(header)) = store.header(&listed) else { continue };
        let next = header.next_offsets.get(&topics.tickets).copied().unwrap_or(0);
        oldest.entry(listed.partition()).and_modify(|offset| *offset = next.min(*offset)).or_insert(next);
    }
    for (partition, offset) in oldest {
        delete_records(&broker.servers(), &topics.tickets, partition, offset);
    }
}

fn configuration(broker: &Broker, topics: &Topics, store: Option<&Path>) -> String {
    let group = if store.is_some() { "" } else { "\"session.timeout.ms\" = \"6000\"" };
    let kafka = format!("[kafka.properties]\n\"session.timeout.ms\" = \"6000\"\n\"heartbeat.interval.ms\" = \"500\"\n{}", if group.is_empty() { "" } else { "" });
    let text = topics.configuration(&broker.servers(), "snapshot_interval = \"50ms\"", &kafka);
    match store {
        Some(store) => format!("{text}\n[checkpoint]\nurl = \"{}\"\nshared = true\ninterval = \"1s\"\n", store.display()),
        None => format!("{text}\n[checkpoint]\nurl = \"off\"\n"),
    }
}
