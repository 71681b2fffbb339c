//! The log of records that were refused, late or in the future, and of topics whose producers stamp their records. All workers share it.
//!
//! At most one line per reason and second, and never an id or a free text of a record. Keeps the latest explanation of each reason for the page. Does
//! not know why a record got its outcome.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::Outcome;
use crate::event::{Reason, Refusal};
use crate::http::TopicRefusal;
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
    /// The latest refusal of each reason that got a line, with the index of its topic.
    latest: [Option<(usize, Refusal)>; Reason::ALL.len()],
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
        let state = LogState { sampling, latest: Default::default(), is_stamp_known: vec![false; topics.len()] };
        Self { state: Mutex::new(state), topics }
    }

    /// Logs a record that was not counted, unless a record with the same outcome and reason was logged within the last second. `explain` is called
    /// only for a refused record that gets a line.
    pub(super) fn note_outcome(&self, at: TopicPartition, offset: i64, outcome: Outcome, explain: impl FnOnce(Reason) -> Refusal) {
        if matches!(outcome, Outcome::Applied | Outcome::Duplicate | Outcome::Ignored) {
            return;
        }
        let admitted = self.state().sampling.admit(outcome, Instant::now());
        let Some(unlogged) = admitted else { return };
        let refusal = if let Outcome::Invalid(reason) = outcome { Some(explain(reason)) } else { None };
        tracing::warn!(
            target: "cxpulse::records",
            topic = self.topics[at.topic].as_str(),
            partition = at.partition,
            offset,
            outcome = outcome.name(),
            reason = refusal.as_ref().map(|refusal| refusal.reason.name()),
            member = refusal.as_ref().map(|refusal| refusal.member).filter(|member| !member.is_empty()),
            why = refusal.as_ref().map(|refusal| refusal.what.as_str()),
            unlogged_before = unlogged,
            "a record was not counted"
        );
        if let Some(refusal) = refusal {
            let reason = refusal.reason as usize;
            self.state().latest[reason] = Some((at.topic, refusal));
        }
    }

    /// The latest refusal of each reason that got a line.
    pub(super) fn latest_refusals(&self) -> Vec<TopicRefusal> {
        let state = self.state();
        let latest = state.latest.iter().flatten();
        let shown = |(topic, refusal): &(usize, Refusal)| TopicRefusal {
            topic: self.topics[*topic].clone(),
            reason: refusal.reason.name(),
            why: refusal.to_string(),
        };
        latest.map(shown).collect()
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

    #[test]
    fn the_latest_explanation_of_each_reason_is_kept_and_the_silent_ones_are_not_explained() {
        let log = RecordLog::new(vec!["tickets".into(), "chats".into()]);
        let refusal = |reason, what: &str| Refusal { reason, member: "time", what: what.into() };
        let note = |topic, reason, what: &str| {
            let mut was_asked = false;
            log.note_outcome(TopicPartition { topic, partition: 0 }, 7, Outcome::Invalid(reason), |reason| {
                was_asked = true;
                refusal(reason, what)
            });
            was_asked
        };
        assert!(note(1, Reason::BadTime, "first"));
        assert!(!note(0, Reason::BadTime, "second, within the same second"));
        assert!(note(0, Reason::Syntax, "other"));
        let latest: Vec<_> = log.latest_refusals().into_iter().map(|latest| (latest.topic, latest.reason, latest.why)).collect();
        let expected = [("tickets", "syntax", "time: other"), ("chats", "bad_time", "time: first")];
        assert_eq!(latest, expected.map(|(topic, reason, why)| (topic.to_owned(), reason, why.to_owned())));
        log.note_outcome(TopicPartition { topic: 0, partition: 0 }, 8, Outcome::Late, |_| panic!("a late record is not explained"));
    }
}
