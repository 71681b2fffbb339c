//! Every batch of `tests/corpus/h.batches` between two good ones: it has its outcome, both neighbours are counted, and no such memory is taken.

use std::path::Path;
use std::time::{Duration, Instant};

use cxpulse::runtime::Service;

use super::set_up::{Broker, NINE, TOPICS, counted, sample, ticket, until, until_ready};
use crate::support::batches::{Fault, batch, control_batch, gzip_bomb, produce, snappy_claim, spoil, with_far_offset, zstd_bomb};

/// How long a batch may delay its partition; all of them are looked at side by side.
const DELAY_MAX: Duration = Duration::from_secs(30);
/// The good records before and after each batch.
const NEIGHBOURS: usize = 5;

/// A batch with the outcome that it must have.
struct Case {
    name: String,
    outcome: String,
    bytes: Vec<u8>,
    /// The number of its offsets.
    offsets: u64,
}

#[test]
fn every_batch_has_its_outcome_and_both_neighbours_count() {
    let cases = cases();
    let broker = Broker::without_topics();
    TOPICS.iter().for_each(|topic| broker.create(topic, i32::try_from(cases.len()).unwrap()));
    for (partition, case) in (0..).zip(&cases) {
        let good =
            |what: &str| batch(NINE, &(0..NEIGHBOURS).map(|number| ticket(&format!("{what}-{partition}-{number}"))).collect::<Vec<_>>());
        for bytes in [&good("before"), &case.bytes, &good("after")] {
            let (code, _) = produce(&broker.cluster.bootstrap_servers(), "tickets", partition, bytes);
            assert_eq!(code, 0, "{}: the mock broker stores what it gets", case.name);
        }
    }
    let begun = Instant::now();
    let service = Service::start(&broker.configuration("corpus-of-batches")).unwrap();
    let good = (2 * NEIGHBOURS * cases.len()) as f64;
    until("both neighbours of each are counted", || counted(&service, "tickets", "applied") >= good);
    until_ready(&service);
    assert!(begun.elapsed() < DELAY_MAX + Duration::from_secs(5), "ready after {:?}", begun.elapsed());
    assert_eq!(counted(&service, "tickets", "applied"), good);
    for reason in ["checksum", "compression", "format", "records", "offsets", "storage"] {
        let expected: u64 = cases.iter().filter(|case| case.outcome == reason).map(|case| case.offsets).sum();
        let skipped = sample(&service, &format!("cx_kafka_skipped_offsets_total{{reason=\"{reason}\",topic=\"tickets\"}}"));
        assert_eq!(skipped, expected as f64, "{reason}");
    }
    let too_large = cases.iter().filter(|case| case.outcome == "too_large").count() as f64;
    assert_eq!(sample(&service, "cx_events_invalid_total{reason=\"too_large\",topic=\"tickets\"}"), too_large);
    assert_eq!(sample(&service, "cx_kafka_lost_offsets_total{topic=\"tickets\"}"), 0.0, "what has no record is no loss");
    for partition in 0..cases.len() {
        assert_eq!(sample(&service, &format!("cx_kafka_lag_records{{partition=\"{partition}\",topic=\"tickets\"}}")), 0.0);
    }
    service.stop().unwrap();
}

fn cases() -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/h.batches");
    let text = std::fs::read_to_string(path).expect("the file is there");
    let cases: Vec<Case> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(case).collect();
    assert!(cases.len() > 10, "{} cases", cases.len());
    cases
}

fn case(line: &str) -> Case {
    let (head, steps) = line.split_once(": ").unwrap_or_else(|| panic!("no `: ` in {line}"));
    let (outcome, name) = head.split_once(' ').unwrap_or_else(|| panic!("no name in {line}"));
    let (mut bytes, mut offsets) = (Vec::new(), 1);
    for step in steps.split(", ") {
        let (word, argument) = step.split_once(' ').unwrap_or((step, ""));
        let number = || argument.parse::<u32>().unwrap_or_else(|_| panic!("no number in {line}"));
        match word {
            "records" => {
                offsets = u64::from(number());
                bytes = batch(NINE, &(0..number()).map(|n| ticket(&format!("{name}-{n}"))).collect::<Vec<_>>());
            }
            "spoil" => spoil(&mut bytes, fault(argument)),
            "far" => bytes = with_far_offset(NINE, i64::from(number()), &ticket(name)),
            "zstd" => bytes = zstd_bomb(NINE, (number() as usize) << 20),
            "gzip" => bytes = gzip_bomb(NINE, (number() as usize) << 20),
            "snappy" => bytes = snappy_claim(NINE, number()),
            "control" => bytes = control_batch(NINE),
            other => panic!("an unknown step `{other}` in {line}"),
        }
    }
    Case { name: name.trim().to_owned(), outcome: outcome.to_owned(), bytes, offsets }
}

fn fault(name: &str) -> Fault {
    match name {
        "checksum" => Fault::Checksum,
        "compression" => Fault::Compression,
        "codec" => Fault::Codec,
        "length" => Fault::RecordLength,
        "negative" => Fault::NegativeLength,
        other => panic!("an unknown fault `{other}`"),
    }
}
