//! Every case of `tests/corpus` through decoder and engine: it has its outcome, and both good records around it are counted.
//!
//! `tests/bad_input_corpus` has more cases for the decoder alone, and `tests/broker/corpus.rs` sends those here through a broker.

#[path = "support"]
mod support {
    #[allow(dead_code, reason = "the test with a broker uses more of it")]
    pub(crate) mod corpus;
    #[allow(dead_code, reason = "shared with tests that drive an engine in other ways")]
    pub(crate) mod engine_driver;
    pub(crate) mod measured;
}

use cxpulse::config::Configuration;
use cxpulse::engine::{Engine, Outcome, PartitionGroup, Progress, RecordPlace, TopicIndex};
use cxpulse::event::{Headers, Reason, Record, decode};
use cxpulse::time::EventTime;
use support::corpus::{CorpusRecord, NOW_MS, cases};
use support::engine_driver::engine_of;
use support::measured::measured;

/// An engine that reads the records of all topics, each at the next offset.
struct Reader {
    configuration: Configuration,
    engine: Engine,
    offset: i64,
}

impl Reader {
    fn new() -> Self {
        let configuration = Configuration::default();
        let progress = Progress { at_end: true, seen_through: EventTime(NOW_MS) };
        let mut engine = engine_of(&configuration, [PartitionGroup(0), PartitionGroup(1)], Some(progress));
        engine.follow_events_until(Some(EventTime::MAX));
        Self { configuration, engine, offset: 0 }
    }

    /// The name of the outcome, or of the reason.
    fn take(&mut self, topic: usize, record: &CorpusRecord) -> &'static str {
        let header = |name: &str| record.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_slice());
        let headers = Headers { id: header("ce_id"), kind: header("ce_type"), time: header("ce_time"), source: header("ce_source") };
        let time = Some(EventTime(NOW_MS));
        let place =
            RecordPlace { group: PartitionGroup(record.partition), topic: TopicIndex(topic as u8), offset: self.offset, record_time: time };
        self.offset += 1;
        let decoded = decode(
            Record {
                payload: record.value.as_deref(),
                headers: (headers.id.is_some() || headers.kind.is_some()).then_some(headers),
                timestamp: time,
                partition: record.partition,
                offset: place.offset,
            },
            &self.configuration.topics[topic],
            &self.configuration.decode,
        );
        match self.engine.handle(place, &decoded) {
            Outcome::Invalid(reason) => reason.name(),
            outcome @ (Outcome::Applied | Outcome::Duplicate | Outcome::Late | Outcome::Future | Outcome::Ignored) => outcome.name(),
        }
    }
}

#[test]
fn every_case_has_its_outcome_and_so_have_the_good_records_around_it() {
    let mut reader = Reader::new();
    let cases = cases();
    let mut wrong = Vec::new();
    for case in &cases {
        let topic = reader.configuration.topics.iter().position(|topic| topic.kind == case.kind).expect("a topic of every kind");
        let outcomes = [&case.before, &case.record, &case.after].map(|record| reader.take(topic, record));
        if outcomes != ["applied", &case.expected, "applied"] {
            wrong.push(format!("{}: {outcomes:?}, and not {}", case.place, case.expected));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    measured(&format!("{} cases of bad input had their outcome in decoder and engine", cases.len()));
}

#[test]
fn every_outcome_and_every_reason_has_a_case() {
    let cases = cases();
    for name in Outcome::NAMES.into_iter().filter(|name| *name != "invalid").chain(Reason::ALL.map(Reason::name)) {
        assert!(cases.iter().any(|case| case.expected == name), "no case is `{name}`");
    }
}
