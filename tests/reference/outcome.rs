//! What becomes of every record: applied, duplicate, late or refused, judged partition by partition in the order of arrival.
//!
//! Knows no metric.

use std::collections::BTreeMap;

use super::reader::{self, Happening};
use super::setup::Setup;

/// How far an event may lie ahead of its record's own timestamp, in ms.
const TOLERANCE: i64 = 120_000;

/// One record as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    /// The partition group that it lay in.
    pub(crate) group: i32,
    /// Which of the configured topics.
    pub(crate) topic: usize,
    /// The value.
    pub(crate) line: Vec<u8>,
    /// The record's own timestamp, where it has one.
    pub(crate) record_time: Option<i64>,
}

/// How often each outcome (`applied`, `late`, ...) came, by topic name; refusals also by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    /// (topic, outcome) to count.
    pub(crate) outcomes: BTreeMap<(String, &'static str), u64>,
    /// (topic, reason) to count.
    pub(crate) reasons: BTreeMap<(String, &'static str), u64>,
}

/// What the records come to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judged {
    /// The applied events in the order of what happened: by time, then kind, then arrival.
    pub(crate) applied: Vec<Happening>,
    /// The outcome of every record that was judged, in the order of arrival.
    pub(crate) outcomes: Vec<&'static str>,
    /// How often each came.
    pub(crate) ledger: Ledger,
}

/// Judges records in the order of their arrival; what happened after `until` is left out before it is judged.
pub(crate) fn judge(arrivals: &[Arrival], settings: &Setup, until: i64) -> Judged {
    let mut out = Judged::default();
    let mut partitions: BTreeMap<(i32, usize), Partition> = BTreeMap::new();
    for (nth, arrival) in arrivals.iter().enumerate() {
        let topic = &settings.topics[arrival.topic];
        let outcome = match reader::read(&arrival.line, &topic.name, topic.kind) {
            Err(reason) => {
                *out.ledger.reasons.entry((topic.name.clone(), reason)).or_default() += 1;
                "invalid"
            }
            Ok(event) if event.time > until => continue,
            Ok(mut event) => {
                let partition = partitions.entry((arrival.group, arrival.topic)).or_default();
                let is_future = arrival.record_time.is_some_and(|own| event.time > own + TOLERANCE);
                let outcome = if is_future { "future" } else { partition.outcome(&event, topic.allowed_lateness.0) };
                if outcome == "applied" {
                    event.nth = nth;
                    event.rename(&settings.renames);
                    event.feed = settings.feed(arrival.topic).to_owned();
                    let has_own_customers = settings.own_customers.contains(&event.feed);
                    event.customer_space = if has_own_customers { event.feed.clone() } else { String::new() };
                    out.applied.push(event);
                }
                outcome
            }
        };
        out.outcomes.push(outcome);
        *out.ledger.outcomes.entry((topic.name.clone(), outcome)).or_default() += 1;
    }
    // Stable: what is equal stays in the order of arrival.
    out.applied.sort_by_key(|event| (event.time, event.kind));
    out
}

/// What one partition of a topic remembers.
#[derive(Default)]
struct Partition {
    watermark: Option<i64>,
    /// Every identity ever applied with its latest event time; forgotten ones are told by their time.
    identities: BTreeMap<(String, String), i64>,
}

impl Partition {
    fn outcome(&mut self, event: &Happening, lateness: i64) -> &'static str {
        let horizon = self.watermark.map_or(i64::MIN, |watermark| watermark - lateness);
        let identity = (event.source.clone(), event.id.clone());
        if self.identities.get(&identity).is_some_and(|&time| time >= horizon) {
            return "duplicate";
        }
        if event.time < horizon {
            return "late";
        }
        self.identities.insert(identity, event.time);
        self.watermark = self.watermark.max(Some(event.time));
        "applied"
    }
}
