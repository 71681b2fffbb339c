//! What would become of the newest records of each topic: how many are late or refused, and why.
//!
//! Reads them with the decoder and the engine of the service, which judges each as `cxpulse run` would from there on. Does not know how findings are
//! printed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::habits::Habits;
use crate::command::late_records::lateness_needed;
use crate::config::Configuration;
use crate::engine::{Engine, Outcome, PartitionGroup, RecordPlace, TopicIndex};
use crate::event::{Decoded, Reason, Refusal, decode};
use crate::kafka::{ArrivedRecord, Finding, FindingSeverity, TopicPartition, read_newest};
use crate::time::{EventTime, Span};

/// Reads up to `records_max` of the newest records of each of the topics, which exist, and reports on them.
pub(super) fn findings(configuration: &Configuration, records_max: u32) -> Vec<Finding> {
    let mut sample = RecordSample::new(configuration);
    let names: Vec<String> = configuration.topics.iter().map(|topic| topic.name.clone()).collect();
    let read = read_newest(&configuration.kafka, &names, records_max, |arrived| sample.take(arrived));
    let unread = |what: String| Finding {
        severity: FindingSeverity::Warning,
        place: "topics".to_owned(),
        what,
        hint: "grant READ on the topics and on the group to have their records checked".to_owned(),
    };
    match read {
        Ok(Ok(())) => sample.findings(),
        Ok(Err(error)) => vec![unread(error.to_string())],
        Err(failure) => vec![unread(format!("the newest records cannot be read: {}", failure.what()))],
    }
}

/// The newest records so far.
struct RecordSample<'a> {
    configuration: &'a Configuration,
    engine: Engine,
    topics: Vec<TopicSample>,
    /// The largest event time that was applied, by partition.
    largest: BTreeMap<TopicPartition, EventTime>,
    habits: Habits,
}

/// The newest records of one topic.
#[derive(Default)]
struct TopicSample {
    records: u64,
    late: u64,
    late_by: Span,
    /// By reason and member at fault: the number, and the first of them.
    refused: BTreeMap<(Reason, &'static str), (u64, String)>,
}

impl<'a> RecordSample<'a> {
    fn new(configuration: &'a Configuration) -> Self {
        Self {
            configuration,
            engine: Engine::new(Arc::new(configuration.engine.clone())),
            topics: configuration.topics.iter().map(|_| TopicSample::default()).collect(),
            largest: BTreeMap::new(),
            habits: Habits::default(),
        }
    }

    fn take(&mut self, ArrivedRecord { at, record, .. }: ArrivedRecord<'_>) {
        let (Some(settings), Some(sample)) = (self.configuration.topics.get(at.topic), self.topics.get_mut(at.topic)) else { return };
        let decoded = decode(record, settings, &self.configuration.decode);
        let group = PartitionGroup(at.partition);
        self.engine.assign(group);
        let topic = TopicIndex(u8::try_from(at.topic).unwrap_or(u8::MAX));
        let outcome = self.engine.handle(RecordPlace { group, topic, offset: record.offset, record_time: record.timestamp }, &decoded);
        sample.records += 1;
        self.habits.take(at.topic, record, &decoded, outcome, self.configuration);
        let largest = self.largest.entry(at).or_insert(EventTime::MIN);
        match (outcome, &decoded) {
            (Outcome::Applied, Decoded::Event(event)) => *largest = (*largest).max(event.time),
            (Outcome::Late, Decoded::Event(event)) => {
                sample.late += 1;
                sample.late_by = sample.late_by.max(*largest - event.time);
            }
            (Outcome::Invalid(reason), _) => {
                let refusal = Refusal::of(reason, record, settings, &self.configuration.decode);
                let first = || format!("first at offset {} of partition {}: {refusal}", record.offset, at.partition);
                sample.refused.entry((refusal.reason, refusal.member)).or_insert_with(|| (0, first())).0 += 1;
            }
            _ => {}
        }
    }

    fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (topic, sample) in self.configuration.topics.iter().zip(&self.topics) {
            let mut add = |severity, what: String, hint: String| {
                findings.push(Finding { severity, place: topic.name.clone(), what, hint });
            };
            let TopicSample { records, late, late_by, refused } = sample;
            for ((reason, _), (count, first)) in refused {
                let hint = "EVENTS.md says what a producer sends".to_owned();
                add(FindingSeverity::Warning, format!("{count} of the newest {records} records are refused as {reason}, {first}"), hint);
            }
            if let Some(needed) = lateness_needed(*late, *records, *late_by) {
                let what = format!("{late} of the newest {records} records are late, by up to {needed}");
                let hint = format!("send them in the order of their times, or set allowed_lateness = \"{needed}\" for this topic");
                add(FindingSeverity::Warning, what, hint);
            }
            if *records > 0 && refused.is_empty() && *late == 0 {
                add(FindingSeverity::Fine, format!("none of the newest {records} records is late or refused"), String::new());
            }
        }
        let refused_or_late: Vec<Finding> = findings;
        let mut findings = self.habits.findings(self.configuration);
        let (warnings, fine): (Vec<_>, Vec<_>) =
            refused_or_late.into_iter().partition(|finding| finding.severity == FindingSeverity::Warning);
        findings.splice(0..0, warnings);
        findings.extend(fine);
        findings.extend(self.habits.rate());
        findings
    }
}
