//! The product against a real Apache Kafka broker. Without Java or the broker's jars each test says so and passes; `tests/run.sh` brings both.

mod support {
    pub mod broker;
    pub mod left_out;
    pub mod topics;
}

use support::broker::Broker;

#[test]
fn smoke() {
    let Some(mut broker) = Broker::shared() else { return };
    support::topics::create_topics(&broker.servers(), &["smoke"], 2);
    let p = support::topics::Producer::new(&broker.servers());
    p.send_keyed("smoke", "a", 1_600_000_000_000, "{}");
    p.send_to("smoke", 0, 1_600_000_000_000, None);
    p.flush();
    broker.stop();
    broker.launch();
    let _ = broker.authenticated_servers();
}
