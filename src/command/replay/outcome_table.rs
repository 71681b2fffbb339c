//! The outcomes of the records of a replay: counted by topic and outcome, and printed as a table for people.
//!
//! Does not know how an outcome is decided.

use std::collections::BTreeMap;
use std::fmt;

use crate::engine::Outcome;
use crate::event::Reason;

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
    refusals: BTreeMap<Reason, Refusals>,
}

/// The records of a topic that were refused for one reason.
#[derive(Clone, Copy, Debug)]
struct Refusals {
    count: u64,
    first_line: i64,
}

impl ReplayLedger {
    pub(super) fn new(topics: impl Iterator<Item = String>) -> Self {
        Self { topics: topics.map(|name| TopicLedger { name, outcomes: BTreeMap::new(), refusals: BTreeMap::new() }).collect() }
    }

    pub(super) fn count(&mut self, topic: usize, outcome: Outcome, line: i64) {
        let Some(topic) = self.topics.get_mut(topic) else { return };
        *topic.outcomes.entry(outcome.name()).or_insert(0) += 1;
        if let Outcome::Invalid(reason) = outcome {
            topic.refusals.entry(reason).or_insert(Refusals { count: 0, first_line: line }).count += 1;
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
        self.topics.iter().filter(|ledger| ledger.name == topic).filter_map(|ledger| ledger.refusals.get(&reason)).map(|r| r.count).sum()
    }
}

impl fmt::Display for ReplayLedger {
    /// A row for each topic that had a record. Then a line for each topic and reason of refusal, with the line number of the first such record.
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
            for (reason, refusals) in &topic.refusals {
                writeln!(f, "{}: {} refused as {reason}, first at line {}", topic.name, refusals.count, refusals.first_line)?;
            }
        }
        Ok(())
    }
}
