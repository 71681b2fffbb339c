//! What is said about records that are not counted, and about topics whose producers stamp them: once for all workers.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::sampled::SampledLog;
use crate::engine::Outcome;
use crate::kafka::{TimestampKind, TopicPartition};

/// The log of all workers.
#[derive(Debug)]
pub(super) struct Journal {
    topics: Vec<String>,
    said: Mutex<Said>,
}

#[derive(Debug)]
struct Said {
    sampled: SampledLog,
    /// Of which topics it is known who stamps their records.
    is_stamp_known: Vec<bool>,
}

impl Journal {
    pub(super) fn new(topics: Vec<String>) -> Self {
        let said = Said { sampled: SampledLog::new(), is_stamp_known: vec![false; topics.len()] };
        Self { topics, said: Mutex::new(said) }
    }

    /// Logs a record that was not counted, unless one like it was just now.
    pub(super) fn note_outcome(&self, at: TopicPartition, offset: i64, outcome: Outcome) {
        if matches!(outcome, Outcome::Applied | Outcome::Duplicate | Outcome::Ignored) {
            return;
        }
        let admitted = self.said().sampled.admit(outcome, Instant::now());
        let Some(silent) = admitted else { return };
        let reason = if let Outcome::Invalid(reason) = outcome { reason.name() } else { "" };
        tracing::warn!(
            target: "cxpulse::records",
            topic = self.topics[at.topic].as_str(),
            partition = at.partition,
            offset,
            outcome = outcome.name(),
            reason,
            unlogged_before = silent,
            "a record was not counted"
        );
    }

    /// Warns once of a topic whose producers stamp its records.
    pub(super) fn note_timestamp_kind(&self, topic: usize, kind: TimestampKind) {
        let was_known = std::mem::replace(&mut self.said().is_stamp_known[topic], true);
        if !was_known && kind != TimestampKind::Broker {
            tracing::warn!(
                target: "cxpulse::records",
                topic = self.topics[topic].as_str(),
                "the producers stamp this topic's records: one with a wrong clock can make others late; set message.timestamp.type=LogAppendTime on \
                 the topic if its producers cannot be trusted"
            );
        }
    }

    fn said(&self) -> std::sync::MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
