//! What a restart keeps: the state of checkpoints, from which a service goes on although the log no longer has what was counted.

use std::path::Path;
use std::time::Duration;

use cxpulse::event::Kind;
use tempfile::TempDir;

use super::checkpoint_files::{cut_logs, safe_records};
use super::set_up::{DAY_MS, Topics, begin_feed, coverage, now_ms, ticket_created};
use crate::support::broker::Broker;
use crate::support::service::{PATIENCE, Service};
use crate::support::topics::{Producer, committed_sum};

const CREATED: &str = "cx_tickets_created{window=\"30d\"}";
const ANSWERED: &str = "cx_tickets_first_responded{window=\"30d\"}";
const RESTORED: &str = "cx_checkpoint_restores_total{result=\"restored\"}";
const ROUNDS: usize = 6;

#[test]
fn killed_service_goes_on_from_its_checkpoint_although_the_log_is_gone() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 2);
    let producer = Producer::new(&broker.servers());
    let store = TempDir::new().expect("a temporary folder");
    begin_feed(&producer, &topics, now_ms() - 40 * DAY_MS);
    let mut sent = 0;
    for round in 0..ROUNDS {
        let mut service = Service::start(&configuration(&broker, &topics, Some(store.path())));
        if round > 0 {
            service.wait_for_count(RESTORED, 2, PATIENCE);
        }
        sent = send_answered(&producer, &topics, sent, 400);
        service.wait_for_count(CREATED, sent, PATIENCE);
        service.wait_until_ready();
        assert_eq!((service.scrape_count(CREATED), service.scrape_count(ANSWERED)), (sent, sent), "round {round}");
        assert_eq!(topics.consumed(&service.scrape()), 2 * sent + 1, "each record has one outcome");
        service.wait_until("the state is safe", PATIENCE, |_| safe_records(store.path()) == 2 * sent + 1);
        let group = format!("group-of-{}", topics.tickets);
        service.wait_until("its offsets are committed", PATIENCE, |_| {
            let committed = |kind: Kind| committed_sum(&broker.servers(), &group, topics.of(kind.name()), 2);
            Kind::ALL.into_iter().map(committed).sum::<u64>() == 2 * sent + 1
        });
        // Records after the checkpoint are read again.
        sent = send_answered(&producer, &topics, sent, 30);
        std::thread::sleep(Duration::from_millis(7 * round as u64));
        drop(service);
        cut_logs(&broker.servers(), store.path());
    }

    let mut without = Service::start(&configuration(&broker, &topics, None));
    without.wait_until_ready();
    assert!(without.scrape_count(CREATED) < sent, "without its checkpoints the service cannot know what the log no longer has");
    let covered = coverage(&without, "30d").expect("a window has a coverage");
    assert!(covered < 0.01, "and it says so: {covered}");
    assert!(without.log().contains("reading begins before the offsets that an earlier checkpoint reached"), "{}", without.log());
}

#[test]
fn two_members_hand_their_groups_over_without_a_loss() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 4);
    let producer = Producer::new(&broker.servers());
    let store = TempDir::new().expect("a temporary folder");
    begin_feed(&producer, &topics, now_ms() - 40 * DAY_MS);
    let configuration = configuration(&broker, &topics, Some(store.path()));
    let mut first = Service::start(&configuration);
    let mut sent = send_answered(&producer, &topics, 0, 400);
    first.wait_for_count(CREATED, sent, PATIENCE);
    first.wait_until("the state is safe", PATIENCE, |_| safe_records(store.path()) == 2 * sent + 1);
    cut_logs(&broker.servers(), store.path());
    let second = Service::start(&configuration);
    sent = send_answered(&producer, &topics, sent, 200);
    first.wait_until("both members have groups, and together count everything", PATIENCE, |first| {
        let counts = [first, &second].map(|service| service.scrape_count(CREATED));
        counts.iter().all(|count| *count > 0) && counts.iter().sum::<u64>() == sent
    });
    first.wait_until("both states are safe", PATIENCE, |_| safe_records(store.path()) == 2 * sent + 1);
    cut_logs(&broker.servers(), store.path());
    assert!(second.terminate().0.success());
    first.wait_until("the first has all groups again", PATIENCE, |first| first.scrape_count(CREATED) == sent);
    first.wait_until_ready();
    assert_eq!(topics.consumed(&first.scrape()), 2 * sent + 1, "each record has one outcome");
}

#[test]
fn no_value_is_shown_before_everything_was_read() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 1);
    let producer = Producer::new(&broker.servers());
    begin_feed(&producer, &topics, now_ms() - 40 * DAY_MS);
    let sent = send_answered(&producer, &topics, 0, 60_000);
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

/// Sends tickets of the last hour that are answered, and returns how many were sent in all.
fn send_answered(producer: &Producer, topics: &Topics, from: u64, count: u64) -> u64 {
    let now = now_ms();
    for number in from..from + count {
        let (id, opened) = (number.to_string(), now - 50 * 60_000);
        producer.send_keyed(&topics.tickets, &id, now, &ticket_created(&id, opened, "a"));
        let answered = opened + 60_000;
        let reply = format!(r#"{{"id":"r{id}","type":"ticket.message","time":{answered},"ticket_id":"T{id}","author":"agent"}}"#);
        producer.send_keyed(&topics.tickets, &id, now, &reply);
    }
    producer.flush();
    from + count
}

fn configuration(broker: &Broker, topics: &Topics, store: Option<&Path>) -> String {
    // A member that was killed is missed soon.
    let kafka = "[kafka.properties]\n\"session.timeout.ms\" = \"6000\"\n\"heartbeat.interval.ms\" = \"500\"\n";
    let text = topics.configuration(&broker.servers(), "snapshot_interval = \"50ms\"", kafka);
    match store {
        Some(store) => format!("{text}\n[checkpoint]\nurl = \"{}\"\nshared = true\ninterval = \"1s\"\n", store.display()),
        None => format!("{text}\n[checkpoint]\nurl = \"off\"\n"),
    }
}
