//! The log of records that were refused, late or in the future, and of topics whose producers stamp their records. All workers share it.
//!
//! At most one line per reason and second, and never a byte of a record. Does not know why a record got its outcome.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::Outcome;
use crate::event::Reason;
use crate::kafka::{TimestampKind, TopicPartition};

/// One line for the same outcome and reason in this time.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// The log of all workers.
#[derive(Debug)]
pub(super) struct RecordLog {
    topics: Vec<String>,
    state: Mutex<LogState>,
}

#[derive(Debug)]
struct LogState {
    sampling: Sampling,
    /// For each topic whether it is known which clock stamps its records.
    is_stamp_known: Vec<bool>,
}

/// When the last line of each kind was logged: one kind for `late`, one for `future`, one for each reason of refusal.
#[derive(Debug)]
struct Sampling {
    kinds: [SampledKind; 2 + Reason::ALL.len()],
}

#[derive(Clone, Copy, Debug, Default)]
struct SampledKind {
    logged_at: Option<Instant>,
    /// The records since the last line that got no line.
    unlogged: u64,
}

impl RecordLog {
    pub(super) fn new(topics: Vec<String>) -> Self {
        let sampling = Sampling { kinds: [SampledKind::default(); 2 + Reason::ALL.len()] };
        Self { state: Mutex::new(LogState { sampling, is_stamp_known: vec![false; topics.len()] }), topics }
    }

    /// Logs a record that was not counted, unless a record with the same outcome and reason was logged within the last second.
    pub(super) fn note_outcome(&self, at: TopicPartition, offset: i64, outcome: Outcome) {
        if matches!(outcome, Outcome::Applied | Outcome::Duplicate | Outcome::Ignored) {
            return;
        }
        let admitted = self.state().sampling.admit(outcome, Instant::now());
        let Some(unlogged) = admitted else { return };
        let reason = if let Outcome::Invalid(reason) = outcome { reason.name() } else { "" };
        tracing::warn!(
            target: "cxpulse::records",
            topic = self.topics[at.topic].as_str(),
            partition = at.partition,
            offset,
            outcome = outcome.name(),
            reason,
            unlogged_before = unlogged,
            "a record was not counted"
        );
    }

    /// Warns once of a topic whose producers stamp its records.
    pub(super) fn note_timestamp_kind(&self, topic: usize, kind: TimestampKind) {
        let was_known = std::mem::replace(&mut self.state().is_stamp_known[topic], true);
        if !was_known && kind != TimestampKind::Broker {
            tracing::warn!(
                target: "cxpulse::records",
                topic = self.topics[topic].as_str(),
                "the producers stamp this topic's records: one with a wrong clock can make others late; set message.timestamp.type=LogAppendTime on \
                 the topic if its producers cannot be trusted"
            );
        }
    }

    fn state(&self) -> MutexGuard<'_, LogState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sampling {
    /// Whether this record gets a line; with it the number of records of its kind that got none since the last line.
    fn admit(&mut self, outcome: Outcome, now: Instant) -> Option<u64> {
        let kind = match outcome {
            Outcome::Late => 0,
            Outcome::Future => 1,
            Outcome::Invalid(reason) => 2 + reason as usize,
            Outcome::Applied | Outcome::Duplicate | Outcome::Ignored => return None,
        };
        let kind = &mut self.kinds[kind];
        if kind.logged_at.is_some_and(|at| now.saturating_duration_since(at) < LINE_EVERY) {
            kind.unlogged += 1;
            return None;
        }
        kind.logged_at = Some(now);
        Some(std::mem::take(&mut kind.unlogged))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_per_reason_and_second_which_says_how_many_were_silent() {
        let log = RecordLog::new(Vec::new());
        let admit = |outcome, now| log.state().sampling.admit(outcome, now);
        let now = Instant::now();
        let syntax = Outcome::Invalid(Reason::Syntax);
        assert_eq!(admit(syntax, now), Some(0));
        assert_eq!(admit(syntax, now), None);
        assert_eq!(admit(syntax, now + LINE_EVERY / 2), None);
        assert_eq!(admit(Outcome::Invalid(Reason::Empty), now), Some(0), "another reason has its own line");
        assert_eq!(admit(Outcome::Late, now), Some(0));
        assert_eq!(admit(syntax, now + LINE_EVERY), Some(2));
        assert_eq!(admit(Outcome::Applied, now), None);
        assert_eq!(admit(Outcome::Duplicate, now), None);
    }
}
