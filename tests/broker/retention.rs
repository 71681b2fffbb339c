//! A topic that keeps one day, and windows of thirty: a restart keeps them by its checkpoint, and without one it says what is missing.

use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::checkpoint_files::safe_records;
use super::set_up::{Topics, now_ms, ticket_created};
use crate::support::broker::Broker;
use crate::support::service::{PATIENCE, Service};
use crate::support::topics::{Producer, log_start, set_retention};

const CREATED: &str = "cx_tickets_created{window=\"30d\"}";
const DAY: Duration = Duration::from_secs(86_400);
const DAY_MS: i64 = 86_400_000;

#[test]
fn thirty_days_survive_a_restart_on_a_topic_that_keeps_one_and_without_a_checkpoint_it_says_what_is_missing() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 1);
    set_retention(&broker.servers(), &topics.tickets, None, DAY);
    let (producer, store) = (Producer::new(&broker.servers()), TempDir::new().expect("a temporary folder"));
    let now = now_ms();
    let begun = now - 40 * DAY_MS;
    let chat = format!(r#"{{"id":"first","type":"chat.started","time":{begun},"chat_id":"C1","channel":"web"}}"#);
    producer.send_to(&topics.chats, 0, begun, Some(chat.as_bytes()));
    // The broker begins a new segment where a record is much later than the first one of the segment.
    for (numbers, time_ms) in [(0..10, now - 20 * DAY_MS), (10..20, now - DAY_MS / 2)] {
        for number in numbers {
            producer.send_to(&topics.tickets, 0, time_ms, Some(ticket_created(&format!("{number}"), time_ms, "a").as_bytes()));
        }
        producer.flush();
    }
    let text = topics.configuration(&broker.servers(), "", "");
    let kept = format!("{text}\n[checkpoint]\nurl = \"{}\"\ninterval = \"1s\"\n", store.path().display());
    let off = format!("{text}\n[checkpoint]\nurl = \"off\"\n");
    let mut service = Service::start(&kept);
    service.wait_for_count(CREATED, 20, PATIENCE);
    service.wait_until("the state is safe", PATIENCE, |_| safe_records(store.path()) == 21);
    drop(service);
    set_retention(&broker.servers(), &topics.tickets, Some(DAY), DAY);
    let waited = Instant::now();
    while log_start(&broker.servers(), &topics.tickets, 0) < 10 {
        assert!(waited.elapsed() < PATIENCE, "the broker removes nothing");
        std::thread::sleep(Duration::from_millis(100));
    }

    let mut restarted = Service::start(&kept);
    restarted.wait_until_ready();
    assert_eq!((restarted.scrape_count(CREATED), coverage(&restarted)), (20, 1.0), "{}", restarted.log());
    assert!(!restarted.log().contains("no longer holds"), "nothing is missing: {}", restarted.log());
    drop(restarted);

    let mut without = Service::start(&off);
    without.wait_until_ready();
    assert_eq!(without.scrape_count(CREATED), 10);
    let covered = coverage(&without);
    assert!((covered - 0.5 / 30.0).abs() < 0.001, "half a day of thirty is left, and {covered} counts as covered");
    assert!(without.log().contains("the log no longer holds its first records"), "{}", without.log());
}

fn coverage(service: &Service) -> f64 {
    service.scrape().with_labels("cx_window_coverage_ratio", &[("window", "30d")]).expect("a window has a coverage")
}
