//! What happens to the logs themselves: records that retention removes, transactions that stay open, topics that are made again, partitions that are added.

use std::sync::MutexGuard;

use cxpulse::kafka::{Cluster, LastRecord, Lookup, RecordComparison, TopicPartition, record_hash};

use super::set_up::{DAY_MS, HOUR_MS, Topics, begin_feed, coverage, now_ms, ready_service, send_tickets, ticket_created};
use crate::support::broker::Broker;
use crate::support::service::{PATIENCE, Service};
use crate::support::topics::{Producer, add_partitions, create_topics, delete_records, delete_topic};

const CREATED: &str = "cx_tickets_created{window=\"30d\"}";

/// A service that has counted ten tickets of now, which lie in the one partition of its topics. The service ends before the broker is given back.
struct Opening {
    service: Service,
    topics: Topics,
    producer: Producer,
    now: i64,
    broker: MutexGuard<'static, Broker>,
}

impl Opening {
    /// `None` if the test is left out.
    fn with_ten_tickets() -> Option<Self> {
        let broker = Broker::shared()?;
        let topics = Topics::create(&broker, 1);
        let (producer, now) = (Producer::new(&broker.servers()), now_ms());
        send_tickets(&producer, &topics, 0..10, now);
        let service = ready_service(&topics.configuration(&broker.servers(), "", ""), CREATED, 10);
        Some(Self { service, topics, producer, now, broker })
    }
}

#[test]
fn log_that_lost_its_beginning_covers_only_what_is_left_of_it() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 1);
    let producer = Producer::new(&broker.servers());
    let now = now_ms();
    begin_feed(&producer, &topics, now - 40 * DAY_MS);
    send_tickets(&producer, &topics, 0..10, now - 20 * DAY_MS);
    send_tickets(&producer, &topics, 10..20, now - DAY_MS);
    let mut whole = Service::start(&topics.configuration(&broker.servers(), "", ""));
    whole.wait_for_count(CREATED, 20, PATIENCE);
    whole.wait_until("the whole log covers every window", PATIENCE, |whole| coverage(whole, "30d") == Some(1.0));
    assert!(whole.terminate().0.success());

    delete_records(&broker.servers(), &[(&topics.tickets, 0, 10)]);
    let cut = ready_service(&topics.configuration(&broker.servers(), "", ""), CREATED, 10);
    let covered = coverage(&cut, "30d").expect("a window has a coverage");
    assert!((covered - 1.0 / 30.0).abs() < 0.001, "a day of thirty is left, and {covered} counts as covered");
    assert_eq!(coverage(&cut, "1h"), Some(1.0), "the last hour is whole");
    assert!(cut.log().contains("no longer holds its first records"), "{}", cut.log());
}

#[test]
fn retention_that_overtakes_a_reader_is_counted_said_and_lowers_coverage() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 1);
    let producer = Producer::new(&broker.servers());
    let now = now_ms();
    begin_feed(&producer, &topics, now - 40 * DAY_MS);
    send_tickets(&producer, &topics, 0..10, now - 13 * HOUR_MS);
    let mut service = Service::start(&topics.configuration(&broker.servers(), "", ""));
    service.wait_for_count(CREATED, 10, PATIENCE);
    service.wait_until("everything is covered", PATIENCE, |service| coverage(service, "24h") == Some(1.0));
    // The reader stands still while the log goes on and loses records. The fetch that is under way ends first.
    service.pause();
    std::thread::sleep(std::time::Duration::from_millis(500));
    send_tickets(&producer, &topics, 10..1_000, now - 12 * HOUR_MS);
    delete_records(&broker.servers(), &[(&topics.tickets, 0, 600)]);
    send_tickets(&producer, &topics, 1_000..1_010, now - HOUR_MS);
    service.resume();
    service.wait_for_count(CREATED, 420, PATIENCE);
    let lost = format!("cx_kafka_lost_offsets_total{{topic=\"{}\"}}", topics.tickets);
    service.wait_for_count(&lost, 590, PATIENCE);
    service.wait_until_ready();
    service.wait_until("the gap shows", PATIENCE, |service| coverage(service, "24h").is_some_and(|covered| covered < 1.0));
    let covered = coverage(&service, "24h").expect("a window has a coverage");
    assert!((covered - 23.0 / 24.0).abs() < 0.01, "the hour of the loss is missing, and {covered} counts as covered");
    assert_eq!((service.scrape_count(CREATED), service.scrape_count(&lost)), (420, 590));
    let said = service.log().lines().filter(|line| line.contains("no longer holds records that were to be read")).count();
    assert_eq!(said, 1, "{}", service.log());
}

#[test]
fn partition_group_that_comes_back_counts_what_its_log_lost_meanwhile() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 2);
    let producer = Producer::new(&broker.servers());
    let now = now_ms();
    let configuration = topics.configuration(&broker.servers(), "", "");
    let store = tempfile::TempDir::new().expect("a temporary folder");
    let kept = format!("{configuration}\n[checkpoint]\nurl = \"{}\"\ninterval = \"1s\"\n", store.path().display());
    let send = |partition: i32, numbers: std::ops::Range<u32>| {
        for number in numbers {
            let event = ticket_created(&format!("{partition}-{number}"), now, "a");
            producer.send_to(&topics.tickets, partition, now, Some(event.as_bytes()));
        }
        producer.flush();
    };
    send(0, 0..10);
    send(1, 0..10);
    let mut first = ready_service(&kept, CREATED, 20);
    first.wait_until("its state is safe", PATIENCE, |_| super::checkpoint_files::safe_records(store.path()) == 20);
    let mut second = Service::start(&configuration);
    second.wait_for_count(CREATED, 10, PATIENCE);
    let is_of_second = |partition: &str| {
        let labels = [("topic", topics.tickets.as_str()), ("partition", partition)];
        second.scrape().with_labels("cx_kafka_partition_assigned", &labels) == Some(1.0)
    };
    let moved = i32::from(is_of_second("1"));
    send(moved, 10..60);
    second.wait_for_count(CREATED, 60, PATIENCE);
    delete_records(&broker.servers(), &[(&topics.tickets, moved, 60)]);
    send(moved, 60..65);
    assert!(second.terminate().0.success());
    first.wait_for_count(CREATED, 25, PATIENCE);
    let lost = format!("cx_kafka_lost_offsets_total{{topic=\"{}\"}}", topics.tickets);
    first.wait_for_count(&lost, 50, PATIENCE);
    assert_eq!((first.scrape_count(CREATED), first.scrape_count(&lost)), (25, 50));
}

#[test]
fn questions_about_a_log_tell_its_real_end_its_stable_end_and_whether_a_record_is_the_same() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 1);
    let now = now_ms();
    send_tickets(&Producer::new(&broker.servers()), &topics, 0..10, now);
    delete_records(&broker.servers(), &[(&topics.tickets, 0, 2)]);
    let transaction = Producer::in_transaction(&broker.servers(), &topics.tickets);
    transaction.send_to(&topics.tickets, 0, now, Some(b"{}"));
    transaction.flush();
    let overrides = [("kafka.bootstrap_servers", broker.servers()), ("kafka.group_id", topics.tickets.clone())];
    let overrides = overrides.map(|(key, value)| (key.to_owned(), value));
    let kafka = cxpulse::config::load(None, Vec::new(), &overrides).expect("a good configuration").configuration.kafka;
    let cluster = Cluster::new(&kafka, vec![topics.tickets.clone()]).expect("a good configuration");
    let at = TopicPartition { topic: 0, partition: 0 };
    assert_eq!(cluster.logs(&[at]), Ok(vec![(at, 2..11)]));
    assert_eq!(cluster.stable_ends(&[at]), Ok(vec![(at, 10)]));
    assert!(matches!(cluster.topic_ids().as_deref(), Ok([Some(_)])));
    let record = |offset: i64, number: &str| {
        let value = ticket_created(number, now, "a");
        LastRecord { offset, timestamp_ms: Some(now), hash: record_hash(Some(b"key"), Some(value.as_bytes())) }
    };
    let compared = |record| cluster.compare_records(&[(at, record)]).expect("the broker answers")[0].1;
    assert_eq!(compared(record(5, "5")), RecordComparison::Same);
    assert_eq!(compared(record(5, "6")), RecordComparison::Another);
    assert_eq!(compared(record(1, "1")), RecordComparison::Undecided, "it was removed");
    assert_eq!(compared(record(500, "500")), RecordComparison::Undecided, "the log ends before");
    transaction.commit();
}

#[test]
fn open_transaction_shows_as_lag_and_its_end_ends_the_lag() {
    let Some(Opening { broker, now, producer, topics, mut service }) = Opening::with_ten_tickets() else { return };
    let transaction = Producer::in_transaction(&broker.servers(), &topics.tickets);
    transaction.send_to(&topics.tickets, 0, now, Some(ticket_created("in-transaction", now, "a").as_bytes()));
    transaction.flush();
    send_tickets(&producer, &topics, 10..510, now);
    let lag = format!("cx_kafka_lag_records{{partition=\"0\",topic=\"{}\"}}", topics.tickets);
    service.wait_for_count(&lag, 501, PATIENCE);
    assert_eq!((service.scrape_count(CREATED), service.scrape_count(&lag)), (10, 501), "what the transaction hides is not read");
    transaction.commit();
    service.wait_for_count(CREATED, 511, PATIENCE);
    service.wait_until("the marker at the end of the log is no lag", PATIENCE, |service| {
        service.ask("/metrics").is_some_and(|answer| answer.body.contains(&format!("{lag} 0\n")))
    });
    service.wait_until_ready();
}

#[test]
fn topic_made_again_with_more_records_than_were_read_is_counted_anew() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 1);
    let producer = Producer::new(&broker.servers());
    let now = now_ms();
    begin_feed(&producer, &topics, now);
    send_tickets(&producer, &topics, 0..100, now);
    let mut service = ready_service(&topics.configuration(&broker.servers(), "", ""), CREATED, 100);
    delete_topic(&broker.servers(), &topics.tickets);
    create_topics(&broker.servers(), &[&topics.tickets], 1);
    send_tickets(&Producer::new(&broker.servers()), &topics, 1_000..1_300, now);
    service.wait_until("the new records are counted and no old one", PATIENCE, |service| service.scrape_count(CREATED) == 300);
    service.wait_until_ready();
    let seen = service.scrape();
    let applied = |topic: &str| seen.with_labels("cx_ledger_records", &[("topic", topic), ("outcome", "applied")]);
    assert_eq!((applied(&topics.tickets), applied(&topics.chats)), (Some(300.0), Some(1.0)), "the whole group was read anew, once");
    assert_eq!(seen.count("cx_kafka_rebuilt_groups_total"), 1);
    assert_eq!(
        seen.with_labels("cx_kafka_lost_offsets_total", &[("topic", &topics.tickets)]),
        Some(0.0),
        "all of the old topic had been read"
    );
}

#[test]
fn partitions_added_to_one_topic_are_said_and_taken_when_the_others_follow() {
    let Some(Opening { broker, now, topics, mut service, .. }) = Opening::with_ten_tickets() else { return };
    add_partitions(&broker.servers(), &topics.tickets, 2);
    service.wait_until("it says so and is not ready", PATIENCE, |service| {
        service.ask("/-/ready").is_some_and(|answer| answer.status == 503 && answer.body.contains("differ in their number of partitions"))
    });
    assert!(service.log().contains("the topics differ in their number of partitions"), "{}", service.log());
    for topic in [&topics.chats, &topics.surveys, &topics.customers] {
        add_partitions(&broker.servers(), topic, 2);
    }
    let producer = Producer::new(&broker.servers());
    producer.send_to(&topics.tickets, 1, now, Some(ticket_created("new", now, "a").as_bytes()));
    producer.flush();
    service.wait_for_count(CREATED, 11, PATIENCE);
    service.wait_until_ready();
    assert!(coverage(&service, "1h").is_some_and(|covered| covered > 0.0), "new partitions block nothing");
}
