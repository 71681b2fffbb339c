//! Every case of `tests/corpus` through a broker, between two good records: each has its outcome, and both neighbours are counted.

use std::collections::BTreeMap;

use cxpulse::event::{Kind, Reason};

use super::set_up::Topics;
use crate::support::broker::Broker;
use crate::support::corpus::{CorpusCase, CorpusRecord, NOW_MS, cases};
use crate::support::exposition::Exposition;
use crate::support::measured::measured;
use crate::support::service::{PATIENCE, Service};
use crate::support::topics::{KeyedRecord, Producer};

/// Every case is the team of its neighbours, and `now` is the time of the records.
const SETTINGS: &str = "clock = \"event\"\n[dimensions.team]\nvalues_max = 1000\n";

#[test]
fn every_case_has_its_outcome_and_both_neighbours_are_counted() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 2);
    let producer = Producer::new(&broker.servers());
    let cases = cases();
    for case in &cases {
        for record in [&case.before, &case.record, &case.after] {
            send(&producer, topics.of(case.kind.name()), record);
        }
    }
    producer.flush();
    let mut service = Service::start(&topics.configuration(&broker.servers(), SETTINGS, ""));
    let sent = 3 * cases.len() as u64;
    service.wait_until("every record has an outcome", PATIENCE, |service| {
        service.ask("/metrics").is_some_and(|answer| topics.consumed(&Exposition::parse(&answer.body)) == sent)
    });
    service.wait_until_ready();
    let text = service.scrape_text();
    let seen = Exposition::parse(&text);
    for ((kind, outcome), count) in expected_outcomes(&cases) {
        let topic = topics.of(kind.name());
        let found = if Reason::ALL.iter().any(|reason| reason.name() == outcome) {
            seen.with_labels("cx_events_invalid_total", &[("topic", topic), ("reason", outcome)])
        } else {
            seen.with_labels("cx_events_total", &[("topic", topic), ("outcome", outcome)])
        };
        assert_eq!(found, Some(count), "{outcome} on the topic of {}", kind.name());
    }
    for ((kind, team), count) in neighbours(&cases) {
        let Some(family) = counted_by_team(kind) else { continue };
        assert_eq!(seen.with_labels(family, &[("team", team), ("window", "24h")]), Some(count), "neighbours of `{team}` in {family}");
    }
    let log = service.log();
    for spoken in ["all is lost", "\u{1b}[31m", "HELP evil", "a@example.com"] {
        assert!(!log.contains(spoken) && !text.contains(spoken), "`{spoken}` is repeated");
    }
    measured(&format!("{} cases of bad input had their outcome behind a broker, and {sent} records were counted", cases.len()));
}

/// The count of neighbours by team; `None` for customers, whose events have no team. The count of all outcomes of their topic stands for them.
fn counted_by_team(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Tickets => Some("cx_tickets_created_by_team"),
        Kind::Chats => Some("cx_chats_started_by_team"),
        Kind::Surveys => Some("cx_csat_responses_by_team"),
        Kind::Customers => None,
    }
}

/// How often each outcome or reason comes on the topic of a kind, with the neighbours.
fn expected_outcomes(cases: &[CorpusCase]) -> BTreeMap<(Kind, &str), f64> {
    let mut counts = BTreeMap::new();
    for case in cases {
        *counts.entry((case.kind, case.expected.as_str())).or_default() += 1.0;
        *counts.entry((case.kind, "applied")).or_default() += 2.0;
    }
    counts
}

/// How many good records of each kind have a team.
fn neighbours(cases: &[CorpusCase]) -> BTreeMap<(Kind, &str), f64> {
    let mut counts = BTreeMap::new();
    for case in cases {
        // The same record in another partition is counted there.
        let copies = if case.record.partition == 0 { 2.0 } else { 3.0 };
        *counts.entry((case.kind, case.name.as_str())).or_default() += copies;
    }
    counts
}

fn send(producer: &Producer, topic: &str, record: &CorpusRecord) {
    let sent = KeyedRecord { key: record.key.as_deref().unwrap_or(b"key"), value: record.value.as_deref(), headers: &record.headers };
    producer.send_with_headers(topic, record.partition, NOW_MS, sent);
}
