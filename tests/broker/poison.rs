//! Batches whose records cannot be read: some come over the network, some are spoilt on the disk of a broker that is stopped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cxpulse::config::Configuration;
use cxpulse::kafka::{DeadLetter, read_dead_letters};

use super::set_up::{Topics, now_ms, ticket_created};
use crate::support::batches::{Fault, batch, length_of, produce, spoil, zstd_bomb};
use crate::support::broker::Broker;
use crate::support::service::{PATIENCE, Service};
use crate::support::topics::create_topics;

const CREATED: &str = "cx_tickets_created{window=\"24h\"}";
const HOUR_MS: i64 = 3_600_000;
/// How long a batch may delay its partition.
const DELAY_MAX: Duration = Duration::from_secs(30);
/// The faults on the disk, one for each partition from the first on, each with its reason; `none` where the records can be read all the same, because the
/// client does not count them.
const ON_DISK: [(Fault, &str); 8] = [
    (Fault::Checksum, "checksum"),
    (Fault::RecordCount(500), "none"),
    (Fault::Compression, "compression"),
    (Fault::RecordCount(5), "none"),
    (Fault::Codec, "format"),
    (Fault::Magic(3), "format"),
    (Fault::Magic(7), "format"),
    (Fault::RecordLength, "records"),
];
/// The partition with a record that unpacks to 40 MiB, and the number of all.
const BOMB: i32 = ON_DISK.len() as i32;
const PARTITIONS: i32 = BOMB + 3;
/// The records of a spoilt batch.
const SPOILT: usize = 50;

#[test]
fn batches_spoilt_on_disk_end_no_replica_and_are_passed_over_exactly_and_once() {
    let Some(mut broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, PARTITIONS);
    let now = now_ms();
    // One partition more gets a record that unpacks to 40 MiB, and two nothing bad.
    for partition in 0..PARTITIONS {
        send(&broker, &topics, partition, now - 3 * HOUR_MS, "before", 20);
        if partition == BOMB {
            assert_eq!(produce(&broker.servers(), &topics.tickets, BOMB, &zstd_bomb(now - 3 * HOUR_MS, 40 << 20)).0, 0);
        }
        send(&broker, &topics, partition, now - 3 * HOUR_MS, "middle", SPOILT);
        send(&broker, &topics, partition, now - 2 * HOUR_MS, "after", 10);
    }
    broker.stop();
    for (partition, (fault, _)) in ON_DISK.iter().enumerate() {
        spoil_second_batch(&segment(&broker, &topics, partition), *fault);
    }
    broker.launch();

    let store = tempfile::TempDir::new().expect("a temporary folder");
    let letters = format!("letters-of-{}", topics.tickets);
    create_topics(&broker.servers(), &[&letters], 2);
    let checkpoints = format!(
        "\n[dead_letters]\ntopic = \"{letters}\"\n[checkpoint]\nurl = \"{}\"\nshared = true\ninterval = \"1s\"\n",
        store.path().display()
    );
    let configuration = format!("{}{checkpoints}", topics.configuration(&broker.servers(), "", ""));
    let begun = Instant::now();
    let mut replicas = [Service::start(&configuration), Service::start(&configuration)];
    let untouched = 20 + SPOILT + 10;
    let readable = ON_DISK.iter().filter(|(_, reason)| *reason == "none").count();
    let expected = (ON_DISK.len() * 30 + readable * SPOILT + 3 * untouched) as u64;
    let sum = |replicas: &[Service], series: &str| replicas.iter().map(|replica| replica.scrape_count(series)).sum::<u64>();
    while sum(&replicas, CREATED) < expected {
        assert!(
            begun.elapsed() < DELAY_MAX + PATIENCE,
            "{} of {expected}; left to read: {:?}; {}\n{}",
            sum(&replicas, CREATED),
            replicas.each_ref().map(left_to_read),
            replicas[0].log(),
            replicas[1].log()
        );
        std::thread::sleep(Duration::from_millis(200));
    }
    let took = begun.elapsed();
    assert!(took < DELAY_MAX + Duration::from_secs(15), "joining and reading took {took:?}");
    replicas.iter_mut().for_each(Service::wait_until_ready);
    assert_eq!(sum(&replicas, CREATED), expected, "both neighbours of each batch, and the other partitions");
    for reason in ["checksum", "compression", "format", "records", "offsets", "storage"] {
        let spoilt = ON_DISK.iter().filter(|(_, of)| *of == reason).count() * SPOILT;
        let offsets = (spoilt + usize::from(reason == "compression")) as u64;
        let series = format!("cx_kafka_skipped_offsets_total{{reason=\"{reason}\",topic=\"{}\"}}", topics.tickets);
        assert_eq!(sum(&replicas, &series), offsets, "{reason}");
    }
    for replica in &replicas {
        let covered = coverage(replica, "24h").expect("a window has a coverage");
        let assigned = replica.scrape_count("cx_kafka_partitions_assigned{topic=\"TICKETS\"}".replace("TICKETS", &topics.tickets).as_str());
        assert!((5..=6).contains(&assigned), "the work is shared: {assigned}");
        assert!(covered < 2.5 / 24.0, "of three hours one holds a loss, and {covered} counts as covered");
        assert_eq!(replica.scrape_count("cx_kafka_rebuilt_groups_total"), 0, "no topic was made again");
        assert!(!replica.log().contains("spoilt"), "a log line holds a value");
    }

    // A later start goes on behind the batches, and knows of them.
    let offsets = PARTITIONS as usize * untouched + 1;
    replicas[0].wait_until("every state is safe", PATIENCE, |_| super::checkpoint_files::safe_records(store.path()) == offsets as u64);
    // Partition by partition: the fault, and its exact offsets. Two replicas and a rebalance at their start may both have come to one, but no more.
    let notices = notices(&broker, &letters);
    let mut expected_notices: Vec<(i32, i64, i64, String)> = ON_DISK
        .iter()
        .enumerate()
        .filter(|(_, (_, reason))| *reason != "none")
        .map(|(partition, (_, reason))| (partition as i32, 20, 20 + SPOILT as i64, (*reason).to_owned()))
        .collect();
    expected_notices.push((BOMB, 20, 21, "compression".to_owned()));
    assert_eq!(notices.keys().cloned().collect::<Vec<_>>(), expected_notices, "one notice of each batch");
    assert!(notices.values().all(|count| *count <= 2), "{notices:?}");
    for replica in replicas {
        assert!(replica.terminate().0.success());
    }
    let mut restarted = Service::start(&configuration);
    restarted.wait_until_ready();
    assert_eq!(restarted.scrape_count(CREATED), expected);
    let covered = coverage(&restarted, "24h").expect("a window has a coverage");
    assert!((covered - 2.0 / 24.0).abs() < 0.005, "of three hours one holds a loss, and {covered} counts as covered");
    let skipped: f64 = restarted.scrape().family("cx_kafka_skipped_offsets_total").map(|(_, count)| count).sum();
    assert_eq!(skipped, 0.0, "nothing is passed over twice");

    // One more comes while the service runs.
    let begun = Instant::now();
    assert_eq!(produce(&broker.servers(), &topics.tickets, BOMB + 1, &zstd_bomb(now, 40 << 20)).0, 0);
    send(&broker, &topics, BOMB + 1, now, "behind", 1);
    send(&broker, &topics, BOMB + 2, now, "beside", 1);
    restarted.wait_for_count(CREATED, expected + 1, PATIENCE);
    assert!(begun.elapsed() < Duration::from_secs(10), "the other partition waited {:?}", begun.elapsed());
    restarted.wait_for_count(CREATED, expected + 2, PATIENCE);
    let end = untouched as i64;
    restarted.wait_until("its notice is there", PATIENCE, |_| {
        self::notices(&broker, &letters).contains_key(&(BOMB + 1, end, end + 1, "compression".to_owned()))
    });
    assert!(begun.elapsed() < DELAY_MAX, "passed over after {:?}", begun.elapsed());
    restarted.wait_until_ready();
}

/// A batch of the formats before the present one makes the broker itself fail, for every offset from it on that its index does not skip. Where its log can be read
/// again is not known, so nothing is passed over.
#[test]
fn batches_that_make_the_broker_fail_let_their_partitions_wait_and_no_other() {
    let Some(mut broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 4);
    let now = now_ms();
    for partition in 0..4 {
        for (what, count) in [("before", 20), ("middle", SPOILT), ("after", 10)] {
            send(&broker, &topics, partition, now - HOUR_MS, what, count);
        }
    }
    broker.stop();
    for (partition, fault) in [Fault::Magic(0), Fault::Magic(1), Fault::Checksum].into_iter().enumerate() {
        let path = segment(&broker, &topics, partition);
        spoil_second_batch(&path, fault);
        if fault != Fault::Checksum {
            // The byte that these formats read as the compression.
            let mut bytes = std::fs::read(&path).expect("the broker is stopped");
            let from = length_of(&bytes);
            bytes[from + 17] = 7;
            std::fs::write(path, bytes).expect("the folder is writable");
        }
    }
    broker.launch();
    let mut service = Service::start(&topics.configuration(&broker.servers(), "", ""));
    service.wait_until("it answers", PATIENCE, |service| service.ask("/metrics").is_some());
    // Nothing of the organisation is shown before all is read, but how much is left to read is.
    service.wait_until("only two partitions wait", DELAY_MAX, |service| {
        let failures = service.log().matches("the broker fails to read its log from this offset on").count();
        let waiting = left_to_read(service);
        failures >= 2 && waiting.len() == 2 && waiting.iter().all(|partition| partition.ends_with(" 60"))
    });
    let skipped = format!("cx_kafka_skipped_offsets_total{{reason=\"checksum\",topic=\"{}\"}}", topics.tickets);
    assert_eq!(service.scrape_count(&skipped), SPOILT as u64);
    assert!(!service.is_ready(), "two partitions are not read to their end");
}

/// The partitions that are not read to their end, as a failure shows them.
fn left_to_read(replica: &Service) -> Vec<String> {
    let seen = replica.scrape();
    seen.family("cx_kafka_lag_records").filter(|(_, lag)| *lag > 0.0).map(|(series, lag)| format!("{series} {lag}")).collect()
}

/// How often each batch has a notice: partition, first offset, offset behind the last, reason.
fn notices(broker: &Broker, letters: &str) -> BTreeMap<(i32, i64, i64, String), u32> {
    let mut kafka = Configuration::default().kafka;
    kafka.bootstrap_servers = broker.servers();
    let mut found = BTreeMap::new();
    let note = |letter: DeadLetter| {
        assert_eq!((&letter.key, &letter.value, letter.member.as_str()), (&None, &None, ""), "{letter:?}");
        let end = letter.end_offset.expect("nothing but notices is there");
        *found.entry((letter.place.partition, letter.place.offset, end, letter.reason)).or_default() += 1;
    };
    read_dead_letters(&kafka, letters, note).expect("good settings").expect("the broker answers");
    found
}

fn send(broker: &Broker, topics: &Topics, partition: i32, time_ms: i64, what: &str, count: usize) {
    let event = |number| ticket_created(&format!("{what}-{partition}-{number}"), time_ms, "a").into_bytes();
    let bytes = batch(time_ms, &(0..count).map(event).collect::<Vec<_>>());
    assert_eq!(produce(&broker.servers(), &topics.tickets, partition, &bytes).0, 0);
}

fn segment(broker: &Broker, topics: &Topics, partition: usize) -> PathBuf {
    broker.log_folder().join(format!("{}-{partition}", topics.tickets)).join("00000000000000000000.log")
}

fn spoil_second_batch(segment: &Path, fault: Fault) {
    let mut bytes = std::fs::read(segment).expect("the broker is stopped");
    let from = length_of(&bytes);
    let to = from + length_of(&bytes[from..]);
    spoil(&mut bytes[from..to], fault);
    std::fs::write(segment, bytes).expect("the folder is writable");
}

fn coverage(service: &Service, window: &str) -> Option<f64> {
    service.scrape().with_labels("cx_window_coverage_ratio", &[("window", window)])
}
