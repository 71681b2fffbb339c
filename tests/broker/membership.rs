//! Replicas that share the topics: whatever moves between them, nothing is counted twice and nothing is lost.

use std::time::{Duration, Instant};

use super::set_up::{Topics, send_keyed_tickets};
use crate::support::broker::Broker;
use crate::support::service::{PATIENCE, Service};
use crate::support::topics::Producer;

const CREATED: &str = "cx_tickets_created{window=\"24h\"}";
const PARTITIONS: i32 = 6;

#[test]
fn sum_over_two_replicas_is_the_total_before_during_and_after_a_rebalance() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, PARTITIONS);
    let configuration = topics.configuration(&broker.servers(), "", "");
    let producer = Producer::new(&broker.servers());
    send_keyed_tickets(&producer, &topics, 0..600);
    let mut first = Service::start(&configuration);
    first.wait_until("one replica counts everything", PATIENCE, |first| first.scrape_count(CREATED) == 600);
    first.wait_until_ready();

    let second = Service::start(&configuration);
    settle(&first, &second, 600);
    let [of_first, of_second] = [&first, &second].map(|service| service.scrape_count(CREATED));
    assert!(of_first > 0 && of_second > 0, "both replicas have work: {of_first} and {of_second}");
    send_keyed_tickets(&producer, &topics, 600..900);
    settle(&first, &second, 900);

    let (status, took) = second.terminate();
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(8), "ending took {took:?}");
    first.wait_until("the one that stays counts everything again", PATIENCE, |first| first.scrape_count(CREATED) == 900);
}

/// Waits until the sum of both replicas is `total` and both are ready. The sum must never be larger.
fn settle(first: &Service, second: &Service, total: u64) {
    let begun = Instant::now();
    loop {
        // The second is read before the first: a group that moves to the second has left the first by then, so none is counted twice.
        let [of_second, of_first] = [second, first].map(|service| service.scrape_count(CREATED));
        assert!(of_first + of_second <= total, "counted twice: {of_first} + {of_second} of {total}");
        if of_first + of_second == total && of_second > 0 && first.is_ready() && second.is_ready() {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{of_first} + {of_second} of {total}; the second's log:\n{}", second.log());
        std::thread::sleep(Duration::from_millis(20));
    }
}
