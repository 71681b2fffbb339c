//! Two members of one group. A partition group that moves leaves its member first, comes back without being read again, and is never counted twice.

use cxpulse::runtime::Service;

use super::set_up::{Broker, counted, sample, tickets_shown, until, until_ready};

#[test]
fn a_partition_group_leaves_before_it_comes_elsewhere_and_begins_anew_when_it_comes_back() {
    let broker = Broker::start();
    broker.send_tickets(0..200);
    let configuration = broker.configuration("two");
    let first = Service::start(&configuration).unwrap();
    until_ready(&first);
    assert_eq!(tickets_shown(&first), 200);

    let second = Service::start(&configuration).unwrap();
    let mut least = u64::MAX;
    until("each member has one of the two groups", || {
        // The second is read before the first: a group that moved to the second had left the first by then.
        let of_second = tickets_shown(&second);
        let of_first = tickets_shown(&first);
        assert!(of_first + of_second <= 200, "counted twice: {of_first} and {of_second}");
        least = least.min(of_first);
        (of_first, of_second) == (100, 100)
    });
    assert_eq!(least, 0, "the range assignor takes everything back first, and the snapshot shows it");
    until_ready(&first);
    until_ready(&second);
    broker.send_tickets(200..300);
    until("each member goes on", || (tickets_shown(&first), tickets_shown(&second)) == (150, 150));
    assert_eq!(sample(&first, "cx_kafka_partitions_assigned{topic=\"tickets\"}"), 1.0);

    second.stop().unwrap();
    until("the first has everything again", || tickets_shown(&first) == 300);
    until_ready(&first);
    // Without checkpoints the log is the only one that knows what the other member has counted.
    assert_eq!(counted(&first, "tickets", "applied"), 400.0, "the group that had left is read anew, and the one that stayed is not");
    assert_eq!(counted(&first, "tickets", "duplicate"), 0.0);
    let rebalances = |kind| sample(&first, &format!("cx_kafka_rebalances_total{{kind=\"{kind}\"}}"));
    // The number of rounds depends on the broker.
    assert!(rebalances("assign") >= 3.0);
    assert_eq!(rebalances("assign"), rebalances("revoke") + rebalances("lost") + 1.0, "every assignment but the last was taken back");
    first.stop().unwrap();
}

#[test]
fn a_member_without_partitions_is_ready() {
    let broker = Broker::without_topics();
    for topic in super::set_up::TOPICS {
        broker.create(topic, 1);
    }
    let configuration = broker.configuration("idle");
    let services = [Service::start(&configuration).unwrap(), Service::start(&configuration).unwrap()];
    until("both are ready, one of them with nothing to do", || {
        let assigned = |service| sample(service, "cx_kafka_partitions_assigned{topic=\"tickets\"}");
        services.iter().all(|service| service.view().ready().is_ok()) && services.iter().map(assigned).sum::<f64>() == 1.0
    });
    for service in services {
        service.stop().unwrap();
    }
}
