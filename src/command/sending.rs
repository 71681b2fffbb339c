//! Sends the events of the synthetic organisation to Kafka: each into its topic and not before its time. Counts them by the outcome that they must get.
//!
//! Does not know how the events are made, nor their readers.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::config::Configuration;
use crate::engine::Outcome;
use crate::event::Kind;
use crate::kafka::producer::{Outgoing, ProduceError, Producer};
use crate::runtime::wall_now;
use crate::simulator::{Fault, GeneratedRecord};
use crate::time::EventTime;

/// The longest sleep, so that a stop is noticed soon.
const NAP_MAX: Duration = Duration::from_millis(100);
/// How long the last records may take to be acknowledged.
const FLUSH_WITHIN: Duration = Duration::from_secs(60);

/// The topic of each kind of event: the first one that is configured for it.
#[derive(Clone, Debug)]
pub(super) struct Topics([Option<String>; 4]);

/// When sending ends by itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SendLimits {
    /// After this many records.
    pub(super) records_max: Option<u64>,
    /// Before the first event that is later than this.
    pub(super) until: Option<EventTime>,
}

/// The records that were sent, by topic.
#[derive(Clone, Debug, Default)]
pub(super) struct SentRecords(BTreeMap<String, SentToTopic>);

/// The records that were sent to one topic.
#[derive(Clone, Debug, Default)]
struct SentToTopic {
    records: u64,
    /// Records without a fault by event type.
    types: BTreeMap<&'static str, u64>,
    outcomes: BTreeMap<&'static str, u64>,
    /// Records that must be refused, by reason.
    reasons: BTreeMap<&'static str, u64>,
}

/// Sends records until a limit is reached or `stop` is set, and then waits for the acknowledgements. No event is sent before its time. `note` is called
/// with each record, and with the number of records before it, before it is sent.
///
/// # Errors
/// When a record cannot be delivered.
pub(super) fn send_in_time(
    records: impl Iterator<Item = GeneratedRecord>,
    producer: &Producer,
    topics: &Topics,
    limits: SendLimits,
    stop: &AtomicBool,
    mut note: impl FnMut(&GeneratedRecord, u64),
) -> Result<SentRecords, ProduceError> {
    let mut sent = SentRecords::new(topics);
    let mut count = 0;
    for record in records {
        if limits.records_max.is_some_and(|max| count >= max) || limits.until.is_some_and(|until| record.time > until) {
            break;
        }
        wait_for(record.time, producer, stop)?;
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let Some(topic) = topics.of(record.kind) else { continue };
        note(&record, count);
        let GeneratedRecord { key, partition, time, payload, .. } = &record;
        producer.send(Outgoing { topic, key, partition: *partition, time: *time, payload: payload.as_deref() })?;
        sent.add(topic, &record);
        count += 1;
    }
    producer.flush(FLUSH_WITHIN)?;
    Ok(sent)
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

impl SentRecords {
    fn new(topics: &Topics) -> Self {
        let empty = || SentToTopic { outcomes: Outcome::NAMES.map(|outcome| (outcome, 0)).into(), ..SentToTopic::default() };
        Self(topics.names().into_iter().map(|name| (name.to_owned(), empty())).collect())
    }

    /// The number of all records.
    pub(super) fn records(&self) -> u64 {
        self.0.values().map(|topic| topic.records).sum()
    }

    /// The counts to which a correct consumer must come, as a JSON object by topic.
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

    fn add(&mut self, topic: &str, record: &GeneratedRecord) {
        let Some(sent) = self.0.get_mut(topic) else { return };
        sent.records += 1;
        *sent.outcomes.entry(record.outcome()).or_default() += 1;
        match record.fault {
            None => *sent.types.entry(record.name).or_default() += 1,
            Some(Fault::Invalid(reason)) => *sent.reasons.entry(reason.name()).or_default() += 1,
            Some(_) => {}
        }
    }
}

impl fmt::Display for SentRecords {
    /// A line for each topic, and below it a line for each event type and then for each outcome but `applied`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for (name, topic) in &self.0 {
            writeln!(text, "{name:<28} {:>10}", topic.records)?;
            for (kind, count) in topic
                .types
                .iter()
                .chain(topic.outcomes.iter().filter(|(outcome, count)| **outcome != Outcome::Applied.name() && **count > 0))
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
        let record =
            |kind, name, fault| GeneratedRecord { kind, name, key: "c".into(), partition: None, time: EventTime(0), payload: None, fault };
        let mut sent = SentRecords::new(&Topics([Some("a".to_owned()), Some("b".to_owned()), None, None]));
        sent.add("a", &record(Kind::Tickets, "ticket.created", None));
        sent.add("a", &record(Kind::Tickets, "", Some(Fault::Invalid(Reason::Depth))));
        sent.add("b", &record(Kind::Chats, "", Some(Fault::Late)));
        assert_eq!(sent.records(), 3);
        assert_eq!(
            sent.expected_json(),
            "{\"a\":{\"consumed\":2,\"outcomes\":{\"applied\":1,\"duplicate\":0,\"future\":0,\"ignored\":0,\"invalid\":1,\"late\":0},\
             \"reasons\":{\"depth\":1},\"applied_types\":{\"ticket.created\":1}},\
             \"b\":{\"consumed\":1,\"outcomes\":{\"applied\":0,\"duplicate\":0,\"future\":0,\"ignored\":0,\"invalid\":0,\"late\":1},\
             \"reasons\":{},\"applied_types\":{}}}"
        );
        assert_eq!(sent.to_string().lines().nth(1), Some("  ticket.created                      1"));
    }
}
