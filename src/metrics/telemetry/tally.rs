//! What one worker has counted and not told yet: records are counted without touching what other threads count in, and told once a turn.

use prometheus::Histogram;
use prometheus::local::{LocalHistogram, LocalIntCounter};

use super::TopicTelemetry;
use crate::engine::Outcome;
use crate::event::{Body, Reason};

/// Counts that nobody sees until they are flushed.
pub struct Tally {
    topics: Vec<TopicTally>,
    event_delay: LocalHistogram,
    is_empty: bool,
}

struct TopicTally {
    outcomes: [LocalIntCounter; Outcome::NAMES.len()],
    reasons: [LocalIntCounter; Reason::ALL.len()],
    applied: Vec<(&'static str, LocalIntCounter)>,
}

impl Tally {
    pub(super) fn of(topics: &[TopicTelemetry], event_delay: &Histogram) -> Self {
        let tally = |topic: &TopicTelemetry| TopicTally {
            outcomes: std::array::from_fn(|at| topic.outcomes[at].local()),
            reasons: std::array::from_fn(|at| topic.reasons[at].local()),
            applied: topic.applied.iter().map(|(name, counter)| (*name, counter.local())).collect(),
        };
        Self { topics: topics.iter().map(tally).collect(), event_delay: event_delay.local(), is_empty: true }
    }

    /// Counts the outcome of one record of a topic.
    pub fn count_outcome(&mut self, topic: usize, outcome: Outcome) {
        self.is_empty = false;
        let counters = &self.topics[topic];
        counters.outcomes[outcome.index()].inc();
        if let Outcome::Invalid(reason) = outcome {
            counters.reasons[reason as usize].inc();
        }
    }

    /// Counts an applied event by its type, and how long after it happened it was counted.
    pub fn count_applied(&mut self, topic: usize, body: &Body, delay_seconds: f64) {
        self.is_empty = false;
        let type_ = body.event_type().name();
        if let Some((_, counter)) = self.topics[topic].applied.iter().find(|(name, _)| *name == type_) {
            counter.inc();
        }
        // An event from a clock that is ahead of ours was not early.
        self.event_delay.observe(delay_seconds.max(0.0));
    }

    /// Tells everybody what was counted since the last time.
    pub fn flush(&mut self) {
        if std::mem::replace(&mut self.is_empty, true) {
            return;
        }
        for topic in &self.topics {
            let applied = topic.applied.iter().map(|(_, counter)| counter);
            topic.outcomes.iter().chain(&topic.reasons).chain(applied).for_each(LocalIntCounter::flush);
        }
        self.event_delay.flush();
    }
}
