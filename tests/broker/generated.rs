//! Records of the made organisation, with faults among them, and what must become of each.

use std::collections::BTreeMap;

use cxpulse::organisation::{FaultyFeed, Organisation, Profile, Volume};
use cxpulse::time::{EventTime, Span};

use super::set_up::Topics;
use crate::support::topics::Producer;

/// How many records of each topic must have which outcome.
pub(super) type Expected = BTreeMap<(String, &'static str), u64>;

/// About as many records as 30 days hold at 150 contacts an hour.
const MILLION: f64 = 1_000_000.0;

/// Sends so many records and says what must become of them.
pub(super) fn send(producer: &Producer, topics: &Topics, now_ms: i64, records: usize, seed: u64) -> Expected {
    const FAULTS: f64 = 0.02;
    let contacts_per_hour = records as f64 / MILLION * 150.0;
    let profile = Profile::sized(Volume::ContactsPerHour(contacts_per_hour.max(20.0)));
    let organisation = Organisation::new(profile, seed, EventTime(now_ms) - Span::days(30));
    let mut expected = Expected::new();
    for fed in FaultyFeed::new(organisation, FAULTS, seed).take(records) {
        let topic = topics.of(fed.kind.name());
        producer.send_record(topic, &fed.key, fed.time.0, fed.payload.as_deref());
        *expected.entry((topic.to_owned(), fed.outcome())).or_default() += 1;
    }
    producer.flush();
    expected
}
