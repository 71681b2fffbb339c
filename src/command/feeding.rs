//! From the made organisation to Kafka: each event when its time has come, into its topic, counted by what must become of it.
//!
//! Does not know what kind of organisation it is, or who reads.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::config::Configuration;
use crate::engine::Outcome;
use crate::event::Kind;
use crate::kafka::produce::{Outgoing, ProduceError, Producer};
use crate::organisation::{Fault, GeneratedRecord};
use crate::runtime::wall_now;
use crate::time::EventTime;

/// A sleep is at most this long, so that a stop is noticed.
const NAP_MAX: Duration = Duration::from_millis(100);
/// How long the last records may take to be acknowledged.
const FLUSH_WITHIN: Duration = Duration::from_secs(60);

/// The topic of each kind: the first that is configured.
#[derive(Clone, Debug)]
pub(super) struct Topics([Option<String>; 4]);

/// When to stop by itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    /// After so many records.
    pub(super) records_max: Option<u64>,
    /// Before the first event later than this.
    pub(super) until: Option<EventTime>,
}

/// What was sent, by topic.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally(BTreeMap<String, TopicTally>);

/// What was sent to one topic.
#[derive(Clone, Debug, Default)]
struct TopicTally {
    records: u64,
    types: BTreeMap<&'static str, u64>,
    outcomes: BTreeMap<&'static str, u64>,
    reasons: BTreeMap<&'static str, u64>,
}

/// Sends until a limit is reached or `stop` is set, never an event before its time, and waits for the acknowledgements. `note` sees each
/// record before it is sent.
///
/// # Errors
/// When a record cannot be delivered.
pub(super) fn feed(
    records: impl Iterator<Item = GeneratedRecord>,
    producer: &Producer,
    topics: &Topics,
    limits: Limits,
    stop: &AtomicBool,
    mut note: impl FnMut(&GeneratedRecord, u64),
) -> Result<Tally, ProduceError> {
    let mut tally = Tally::new(topics);
    let mut count = 0;
    for fed in records {
        if limits.records_max.is_some_and(|max| count >= max) || limits.until.is_some_and(|until| fed.time > until) {
            break;
        }
        wait_for(fed.time, producer, stop)?;
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let Some(topic) = topics.of(fed.kind) else { continue };
        note(&fed, count);
        producer.send(Outgoing { topic, key: &fed.key, time: fed.time, payload: fed.payload.as_deref() })?;
        tally.add(topic, &fed);
        count += 1;
    }
    producer.flush(FLUSH_WITHIN)?;
    Ok(tally)
}

fn wait_for(time: EventTime, producer: &Producer, stop: &AtomicBool) -> Result<(), ProduceError> {
    while !stop.load(Ordering::Relaxed) {
        let left_ms = (time - wall_now()).0;
        let Some(nap) = u64::try_from(left_ms).ok().filter(|&ms| ms > 0) else { return Ok(()) };
        producer.poll(Duration::ZERO)?;
        std::thread::sleep(Duration::from_millis(nap).min(NAP_MAX));
    }
    Ok(())
}

impl Topics {
    pub(super) fn new(configuration: &Configuration) -> Self {
        Self(Kind::ALL.map(|kind| configuration.topics.iter().find(|topic| topic.kind == kind).map(|topic| topic.name.clone())))
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.0.iter().flatten().map(String::as_str).collect()
    }

    fn of(&self, kind: Kind) -> Option<&str> {
        let at = Kind::ALL.iter().position(|&known| known == kind)?;
        self.0.get(at)?.as_deref()
    }
}

impl Tally {
    fn new(topics: &Topics) -> Self {
        let empty = || TopicTally { outcomes: Outcome::NAMES.map(|outcome| (outcome, 0)).into(), ..TopicTally::default() };
        Self(topics.names().into_iter().map(|name| (name.to_owned(), empty())).collect())
    }

    /// All records.
    pub(super) fn records(&self) -> u64 {
        self.0.values().map(|topic| topic.records).sum()
    }

    /// What a processor must come to, as a JSON object by topic.
    pub(super) fn expected_json(&self) -> String {
        let object = |counts: &BTreeMap<&'static str, u64>| {
            let members: Vec<_> = counts.iter().map(|(name, count)| format!("\"{name}\":{count}")).collect();
            format!("{{{}}}", members.join(","))
        };
        let topics: Vec<_> = self
            .0
            .iter()
            .map(|(name, topic)| {
                let (outcomes, reasons, types) = (object(&topic.outcomes), object(&topic.reasons), object(&topic.types));
                format!(
                    "\"{name}\":{{\"consumed\":{},\"outcomes\":{outcomes},\"reasons\":{reasons},\"applied_types\":{types}}}",
                    topic.records
                )
            })
            .collect();
        format!("{{{}}}", topics.join(","))
    }

    fn add(&mut self, topic: &str, fed: &GeneratedRecord) {
        let Some(tally) = self.0.get_mut(topic) else { return };
        tally.records += 1;
        *tally.outcomes.entry(fed.outcome()).or_default() += 1;
        match fed.fault {
            None => *tally.types.entry(fed.name).or_default() += 1,
            Some(Fault::Invalid(reason)) => *tally.reasons.entry(reason.name()).or_default() += 1,
            Some(_) => {}
        }
    }
}

impl fmt::Display for Tally {
    /// A line for each topic and each type, with what is not sound after it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for (name, topic) in &self.0 {
            writeln!(text, "{name:<28} {:>10}", topic.records)?;
            for (kind, count) in
                topic.types.iter().chain(topic.outcomes.iter().filter(|(outcome, count)| **outcome != "applied" && **count > 0))
            {
                writeln!(text, "  {kind:<26} {count:>10}")?;
            }
        }
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Reason;

    #[test]
    fn expectations_are_counted_by_topic_outcome_reason_and_type() {
        let fed = |kind, name, fault| GeneratedRecord { kind, name, key: "c".into(), time: EventTime(0), payload: None, fault };
        let mut tally = Tally::new(&Topics([Some("a".to_owned()), Some("b".to_owned()), None, None]));
        tally.add("a", &fed(Kind::Tickets, "ticket.created", None));
        tally.add("a", &fed(Kind::Tickets, "", Some(Fault::Invalid(Reason::Depth))));
        tally.add("b", &fed(Kind::Chats, "", Some(Fault::Late)));
        assert_eq!(tally.records(), 3);
        assert_eq!(
            tally.expected_json(),
            "{\"a\":{\"consumed\":2,\"outcomes\":{\"applied\":1,\"duplicate\":0,\"future\":0,\"ignored\":0,\"invalid\":1,\"late\":0},\
             \"reasons\":{\"depth\":1},\"applied_types\":{\"ticket.created\":1}},\
             \"b\":{\"consumed\":1,\"outcomes\":{\"applied\":0,\"duplicate\":0,\"future\":0,\"ignored\":0,\"invalid\":0,\"late\":1},\
             \"reasons\":{},\"applied_types\":{}}}"
        );
        assert_eq!(tally.to_string().lines().nth(1), Some("  ticket.created                      1"));
    }
}
