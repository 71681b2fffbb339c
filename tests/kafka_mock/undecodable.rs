//! Batches whose records cannot be read, of every kind, on the mock broker, which stores what it gets.

use std::time::{Duration, Instant};

use cxpulse::runtime::Service;

use super::set_up::{Broker, NINE, TOPICS, counted, sample, ticket, until, until_ready};
use crate::support::batches::{Fault, batch, produce, spoil, with_far_offset, zstd_bomb};

/// How long a batch may delay its partition.
const DELAY_MAX: Duration = Duration::from_secs(30);
const MINUTE: i64 = 60_000;

fn tickets(name: &str, count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| ticket(&format!("{name}-{number}"))).collect()
}

/// A created ticket of a later time.
fn later_ticket(id: &str, time_ms: i64) -> Vec<u8> {
    format!(r#"{{"id":"{id}","type":"ticket.created","time":{time_ms},"ticket_id":"{id}","channel":"email"}}"#).into_bytes()
}

/// A faulty batch and the number of its offsets.
fn faulty(fault: Option<Fault>) -> (Vec<u8>, i64) {
    match fault {
        None => (zstd_bomb(NINE, 40 << 20), 1),
        Some(Fault::Offset) => (with_far_offset(NINE, i64::from(i32::MAX), &ticket("far")), 1),
        Some(fault) => {
            let mut bytes = batch(NINE, &tickets("spoilt", 37));
            spoil(&mut bytes, fault);
            (bytes, 37)
        }
    }
}

fn plant(broker: &Broker, partition: i32, bytes: &[u8]) -> i64 {
    let (code, offset) = produce(&broker.cluster.bootstrap_servers(), "tickets", partition, bytes);
    assert_eq!(code, 0, "the mock broker stores what it gets");
    offset
}

fn skipped(service: &Service, reason: &str) -> f64 {
    sample(service, &format!("cx_kafka_skipped_offsets_total{{reason=\"{reason}\",topic=\"tickets\"}}"))
}

/// The coverage of the window of one hour.
fn covered_hour(service: &Service) -> Option<f64> {
    let requests = service.view();
    let snapshot = requests.snapshot();
    snapshot.windows.iter().find(|window| window.settings.range.0 == 60 * MINUTE).and_then(|window| window.coverage)
}

#[test]
fn batches_of_every_kind_are_passed_over_exactly_and_both_neighbours_count() {
    let kinds = [
        (Some(Fault::Checksum), "checksum"),
        (Some(Fault::Compression), "compression"),
        (Some(Fault::Codec), "format"),
        (Some(Fault::RecordLength), "records"),
        (Some(Fault::Offset), "offsets"),
        (None, "compression"),
    ];
    let broker = Broker::without_topics();
    TOPICS.iter().for_each(|topic| broker.create(topic, i32::try_from(kinds.len()).unwrap() + 1));
    let mut good = 0;
    for (partition, (fault, _)) in kinds.iter().enumerate() {
        let partition = i32::try_from(partition).unwrap();
        assert_eq!(plant(&broker, partition, &batch(NINE, &tickets(&format!("before-{partition}"), 10))), 0);
        assert_eq!(plant(&broker, partition, &faulty(*fault).0), 10);
        plant(&broker, partition, &batch(NINE + MINUTE, &tickets(&format!("after-{partition}"), 20)));
        good += 30;
    }
    let untouched = i32::try_from(kinds.len()).unwrap();
    plant(&broker, untouched, &batch(NINE, &tickets("untouched", 50)));
    let begun = Instant::now();
    let service = Service::start(&broker.configuration("poison")).unwrap();
    until("the other partition is read", || counted(&service, "tickets", "applied") >= 50.0);
    until_ready(&service);
    assert!(begun.elapsed() < DELAY_MAX + Duration::from_secs(5), "ready after {:?}", begun.elapsed());
    assert_eq!(counted(&service, "tickets", "applied"), f64::from(good + 50), "both neighbours of each");
    let offsets = |reason: &str| kinds.iter().filter(|kind| kind.1 == reason).map(|kind| faulty(kind.0).1 as f64).sum::<f64>();
    for reason in ["checksum", "compression", "format", "records", "offsets", "storage"] {
        assert_eq!(skipped(&service, reason), offsets(reason), "{reason}");
    }
    for partition in 0..kinds.len() {
        assert_eq!(sample(&service, &format!("cx_kafka_lag_records{{partition=\"{partition}\",topic=\"tickets\"}}")), 0.0);
    }
    assert_eq!(sample(&service, "cx_kafka_rebuilt_groups_total"), 0.0, "no topic was made again");
    assert_eq!(sample(&service, "cx_kafka_lost_offsets_total{topic=\"tickets\"}"), 0.0);
    service.stop().unwrap();
}

#[test]
fn a_batch_that_comes_while_the_service_runs_lowers_coverage_and_delays_no_other_partition() {
    let broker = Broker::start();
    for partition in 0..2 {
        let old =
            format!(r#"{{"id":"old-{partition}","type":"ticket.created","time":{},"ticket_id":"old-{partition}"}}"#, NINE - 180 * MINUTE);
        plant(&broker, partition, &batch(NINE - 180 * MINUTE, &[old.into_bytes()]));
    }
    plant(&broker, 0, &batch(NINE, &tickets("before", 9)));
    plant(&broker, 1, &batch(NINE + MINUTE, &[later_ticket("first", NINE + MINUTE)]));
    let service = Service::start(&broker.configuration("live")).unwrap();
    until_ready(&service);
    assert_eq!(covered_hour(&service), Some(1.0));
    let mut spoilt = batch(NINE, &tickets("spoilt", 300));
    spoil(&mut spoilt, Fault::Checksum);
    let mut twice = batch(NINE, &tickets("twice", 5));
    spoil(&mut twice, Fault::Compression);
    let begun = Instant::now();
    plant(&broker, 0, &spoilt);
    plant(&broker, 0, &twice);
    plant(&broker, 0, &batch(NINE + MINUTE, &tickets("between", 1)));
    plant(&broker, 0, &spoilt);
    plant(&broker, 0, &batch(NINE + MINUTE, &tickets("after", 10)));
    plant(&broker, 1, &batch(NINE + MINUTE, &tickets("beside", 10)));
    until("the other partition goes on", || counted(&service, "tickets", "applied") >= 22.0);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    until("both are passed over", || counted(&service, "tickets", "applied") >= 33.0);
    assert!(begun.elapsed() < DELAY_MAX, "{:?}", begun.elapsed());
    until("the counts are there", || skipped(&service, "checksum") + skipped(&service, "compression") >= 605.0);
    assert_eq!((skipped(&service, "checksum"), skipped(&service, "compression")), (600.0, 5.0), "and not the record between them");
    until_ready(&service);
    until("the windows over that time are incomplete", || covered_hour(&service).is_some_and(|covered| covered < 1.0));
    let covered = covered_hour(&service).unwrap();
    assert!((covered - 59.0 / 60.0).abs() < 0.001, "the minute of the loss is missing, and {covered} counts as covered");
    service.stop().unwrap();
}

#[test]
fn a_partition_that_is_to_wait_waits_and_says_so() {
    let broker = Broker::start();
    let mut spoilt = batch(NINE, &tickets("spoilt", 3));
    spoil(&mut spoilt, Fault::Checksum);
    plant(&broker, 0, &batch(NINE, &tickets("before", 10)));
    plant(&broker, 0, &spoilt);
    plant(&broker, 0, &batch(NINE, &tickets("after", 10)));
    plant(&broker, 1, &batch(NINE, &tickets("beside", 10)));
    let mut configuration = broker.configuration("waits");
    configuration.kafka.undecodable = cxpulse::config::Undecodable::Pause;
    let service = Service::start(&configuration).unwrap();
    let why = || service.view().ready().err().unwrap_or_default();
    until("the service says why it waits", || why().contains("the records at the offsets 10 to 12 cannot be read (checksum)"));
    until("the others were read", || counted(&service, "tickets", "applied") >= 20.0);
    assert_eq!(counted(&service, "tickets", "applied"), 20.0);
    assert_eq!(sample(&service, "cx_kafka_partitions_paused{topic=\"tickets\"}"), 1.0);
    assert_eq!(sample(&service, "cx_kafka_lag_records{partition=\"0\",topic=\"tickets\"}"), 13.0);
    assert_eq!(skipped(&service, "checksum"), 0.0);
    service.stop().unwrap();
}
