//! The counters of each topic, and the counts that a worker has not flushed into them yet. A worker counts every record in memory of its
//! own and flushes once a turn, so that no two threads write to the same memory and no label is hashed for a record.

use prometheus::local::{LocalHistogram, LocalIntCounter};
use prometheus::{Histogram, IntCounter, IntCounterVec};

use crate::engine::Outcome;
use crate::event::{Body, Kind, Reason};

/// The counters of one topic.
#[derive(Clone)]
pub(super) struct TopicCounters {
    /// In the order of [`Outcome::NAMES`].
    pub(super) outcomes: [IntCounter; Outcome::NAMES.len()],
    /// In the order of [`Reason::ALL`].
    reasons: [IntCounter; Reason::ALL.len()],
    /// By event type, for the types of the topic's kind.
    applied: Vec<(&'static str, IntCounter)>,
}

/// The counts of one worker. They are exported once [`Self::flush`] has added them to the counters of the process.
pub struct PendingCounts {
    topics: Vec<PendingTopicCounts>,
    event_delay: LocalHistogram,
    is_empty: bool,
}

struct PendingTopicCounts {
    outcomes: [LocalIntCounter; Outcome::NAMES.len()],
    reasons: [LocalIntCounter; Reason::ALL.len()],
    applied: Vec<(&'static str, LocalIntCounter)>,
}

impl TopicCounters {
    /// The counters of a topic, each 0 from the start.
    pub(super) fn new(topic: &str, kind: Kind, outcomes: &IntCounterVec, reasons: &IntCounterVec, applied: &IntCounterVec) -> Self {
        Self {
            outcomes: Outcome::NAMES.map(|outcome| outcomes.with_label_values(&[topic, outcome])),
            reasons: Reason::ALL.map(|reason| reasons.with_label_values(&[topic, reason.name()])),
            applied: kind.event_types().iter().map(|type_| (*type_, applied.with_label_values(&[topic, *type_]))).collect(),
        }
    }
}

impl PendingCounts {
    pub(super) fn new(topics: &[TopicCounters], event_delay: &Histogram) -> Self {
        let pending = |topic: &TopicCounters| PendingTopicCounts {
            outcomes: std::array::from_fn(|at| topic.outcomes[at].local()),
            reasons: std::array::from_fn(|at| topic.reasons[at].local()),
            applied: topic.applied.iter().map(|(name, counter)| (*name, counter.local())).collect(),
        };
        Self { topics: topics.iter().map(pending).collect(), event_delay: event_delay.local(), is_empty: true }
    }

    /// Counts the outcome of one record of a topic.
    ///
    /// # Panics
    /// When the telemetry has no topic of this index.
    pub fn count_outcome(&mut self, topic: usize, outcome: Outcome) {
        self.is_empty = false;
        let counters = &self.topics[topic];
        counters.outcomes[outcome.index()].inc();
        if let Outcome::Invalid(reason) = outcome {
            counters.reasons[reason as usize].inc();
        }
    }

    /// Counts an applied event by its type, and observes the seconds from its event time to now. An event whose producer has a clock that
    /// is ahead counts with a delay of 0.
    ///
    /// # Panics
    /// When the telemetry has no topic of this index.
    pub fn count_applied(&mut self, topic: usize, body: &Body, delay_seconds: f64) {
        self.is_empty = false;
        let type_ = body.event_type().name();
        if let Some((_, counter)) = self.topics[topic].applied.iter().find(|(name, _)| *name == type_) {
            counter.inc();
        }
        self.event_delay.observe(delay_seconds.max(0.0));
    }

    /// Adds the pending counts to the counters of the process.
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
