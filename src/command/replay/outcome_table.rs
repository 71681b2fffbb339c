//! The outcomes of the records of a replay: counted by topic and outcome, and printed as a table for people.
//!
//! Does not know how an outcome is decided.

use std::collections::BTreeMap;
use std::fmt;

use super::reading_order::LinePlace;
use crate::command::late_records::lateness_needed;
use crate::engine::Outcome;
use crate::event::{Reason, Refusal};
use crate::time::Span;

/// The outcomes of all records of a replay, by topic.
#[derive(Clone, Debug)]
pub struct ReplayLedger {
    topics: Vec<TopicLedger>,
}

/// The outcomes of one topic's records.
#[derive(Clone, Debug)]
struct TopicLedger {
    name: String,
    outcomes: BTreeMap<&'static str, u64>,
    /// By reason and the name of the member at fault.
    refusals: BTreeMap<(Reason, &'static str), Refusals>,
    /// How far behind the topic's largest event time the latest of the late records was.
    late_by: Span,
}

/// Records refused for one reason and one member.
#[derive(Clone, Debug)]
struct Refusals {
    count: u64,
    first_place: LinePlace,
    /// What is wrong with the first of them.
    first: String,
}

impl ReplayLedger {
    pub(super) fn new(topics: impl Iterator<Item = String>) -> Self {
        Self {
            topics: topics
                .map(|name| TopicLedger { name, outcomes: BTreeMap::new(), refusals: BTreeMap::new(), late_by: Span(0) })
                .collect(),
        }
    }

    pub(super) fn count(&mut self, topic: usize, outcome: Outcome) {
        if let Some(topic) = self.topics.get_mut(topic) {
            *topic.outcomes.entry(outcome.name()).or_insert(0) += 1;
        }
    }

    /// Notes why the record of a line was refused.
    pub(super) fn note_refusal(&mut self, topic: usize, place: &LinePlace, refusal: &Refusal) {
        let Some(topic) = self.topics.get_mut(topic) else { return };
        let refusals = topic.refusals.entry((refusal.reason, refusal.member));
        refusals.or_insert_with(|| Refusals { count: 0, first_place: place.clone(), first: refusal.to_string() }).count += 1;
    }

    /// Notes how far behind the largest event time of its topic a late record was.
    pub(super) fn note_late(&mut self, topic: usize, by: Span) {
        if let Some(topic) = self.topics.get_mut(topic) {
            topic.late_by = topic.late_by.max(by);
        }
    }

    /// The number of records of a topic that had an outcome, given by the name of the outcome.
    #[must_use]
    pub fn records(&self, topic: &str, outcome: &str) -> u64 {
        self.topics.iter().filter(|ledger| ledger.name == topic).filter_map(|ledger| ledger.outcomes.get(outcome)).sum()
    }

    /// The number of records of a topic that were refused for a reason.
    #[must_use]
    pub fn refused(&self, topic: &str, reason: Reason) -> u64 {
        let ledgers = self.topics.iter().filter(|ledger| ledger.name == topic);
        ledgers.flat_map(|ledger| &ledger.refusals).filter(|((of, _), _)| *of == reason).map(|(_, refusals)| refusals.count).sum()
    }
}

impl TopicLedger {
    /// Says what helps where more than a hundredth of the records are late.
    fn write_late(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let late = self.outcomes.get(Outcome::Late.name()).copied().unwrap_or(0);
        let all: u64 = self.outcomes.values().sum();
        let Some(needed) = lateness_needed(late, all, self.late_by) else { return Ok(()) };
        writeln!(
            f,
            "{}: {late} of {all} records are late, by up to {needed}: sort the input by time, or set allowed_lateness = \"{needed}\" for this topic",
            self.name
        )
    }
}

impl fmt::Display for ReplayLedger {
    /// A row for each topic that had a record. Then a line for each reason of refusal, with the place of the first such record, and advice for late ones.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.topics.iter().map(|topic| topic.name.chars().count()).max().unwrap_or(0).max(5);
        write!(f, "{:<width$} {:>10}", "topic", "records")?;
        for outcome in Outcome::NAMES {
            write!(f, " {outcome:>10}")?;
        }
        writeln!(f)?;
        for topic in self.topics.iter().filter(|topic| !topic.outcomes.is_empty()) {
            write!(f, "{:<width$} {:>10}", topic.name, topic.outcomes.values().sum::<u64>())?;
            for outcome in Outcome::NAMES {
                write!(f, " {:>10}", topic.outcomes.get(outcome).copied().unwrap_or(0))?;
            }
            writeln!(f)?;
        }
        for topic in &self.topics {
            for ((reason, _), Refusals { count, first_place, first }) in &topic.refusals {
                writeln!(f, "{}: {count} refused as {reason}, first at {first_place}: {first}", topic.name)?;
            }
            topic.write_late(f)?;
        }
        Ok(())
    }
}
