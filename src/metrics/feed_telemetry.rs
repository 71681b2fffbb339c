//! The metrics of `cxpulse feed`: payloads, events, rejections, values without a meaning, refused requests, and the spool.
//!
//! Does not know feeds, Kafka or HTTP.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use prometheus::{Encoder, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};

use super::registration::register;
use super::reload_gauges::ReloadGauges;
use crate::time::EventTime;

/// The most values without a meaning that are counted by name, over all feeds. Further ones are counted as `other`.
const UNKNOWN_VALUES_MAX: usize = 200;

/// What became of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadOutcome {
    /// It became events.
    Mapped,
    /// It means nothing to the feed.
    Dropped,
    /// It became no events, and went to the topic of rejected payloads.
    Rejected,
    /// It came before, and was sent then.
    Duplicate,
}

impl PayloadOutcome {
    const ALL: [Self; 4] = [Self::Mapped, Self::Dropped, Self::Rejected, Self::Duplicate];

    const fn name(self) -> &'static str {
        match self {
            Self::Mapped => "mapped",
            Self::Dropped => "dropped",
            Self::Rejected => "rejected",
            Self::Duplicate => "duplicate",
        }
    }
}

/// The metrics of the stage.
pub struct FeedTelemetry {
    registry: Registry,
    payloads: IntCounterVec,
    events: IntCounterVec,
    rejected: IntCounterVec,
    unknown: IntCounterVec,
    /// The values that have a series of their own.
    unknown_names: Mutex<BTreeSet<(String, String, String)>>,
    refused: IntCounterVec,
    spool_bytes: IntGauge,
    spool_payloads: IntGauge,
    ready: IntGaugeVec,
    reloads: ReloadGauges,
}

impl FeedTelemetry {
    /// The telemetry of these feeds. Every known label value is exported as 0 from the start.
    #[must_use]
    pub fn new(feeds: &[&str], reasons: &[&str]) -> Self {
        let registry = Registry::new();
        let counters = |name: &str, help: &str, labels: &[&str]| register(&registry, IntCounterVec::new(Opts::new(name, help), labels));
        let payloads =
            counters("cx_feed_payloads_total", "Payloads since this process started, by what became of them.", &["feed", "outcome"]);
        let events = counters("cx_feed_events_total", "Events that feeds sent since this process started, by type.", &["feed", "type"]);
        let rejected = counters(
            "cx_feed_rejected_total",
            "Payloads that became no events since this process started, by reason.",
            &["feed", "reason"],
        );
        let unknown = counters(
            "cx_feed_unknown_values_total",
            "Enumerated values that a feed has no meaning for, since this process started. Beyond 200 different ones they are `other`.",
            &["feed", "member", "value"],
        );
        let refused = counters(
            "cx_feed_requests_refused_total",
            "Requests that were refused since this process started, by reason.",
            &["feed", "reason"],
        );
        let spool_bytes =
            register(&registry, IntGauge::new("cx_feed_spool_bytes", "Bytes in the spool on disk, which waits for a broker."));
        let spool_payloads = register(&registry, IntGauge::new("cx_feed_spool_payloads", "Payloads in the spool on disk."));
        let ready = register(
            &registry,
            IntGaugeVec::new(
                Opts::new("cx_feed_ready", "1 while this side of the stage can take payloads, as /-/ready says; otherwise 0."),
                &["side"],
            ),
        );
        let reloads = ReloadGauges::register(&registry);
        for feed in feeds {
            for outcome in PayloadOutcome::ALL {
                payloads.with_label_values(&[*feed, outcome.name()]);
            }
            for reason in reasons {
                rejected.with_label_values(&[*feed, *reason]);
            }
        }
        Self {
            registry,
            payloads,
            events,
            rejected,
            unknown,
            unknown_names: Mutex::default(),
            refused,
            spool_bytes,
            spool_payloads,
            ready,
            reloads,
        }
    }

    /// Counts payloads.
    pub fn count_payloads(&self, feed: &str, outcome: PayloadOutcome, count: u64) {
        self.payloads.with_label_values(&[feed, outcome.name()]).inc_by(count);
    }

    /// Counts events of a type.
    pub fn count_events(&self, feed: &str, event_type: &str, count: u64) {
        self.events.with_label_values(&[feed, event_type]).inc_by(count);
    }

    /// Counts a rejected payload.
    pub fn count_rejected(&self, feed: &str, reason: &str) {
        self.rejected.with_label_values(&[feed, reason]).inc();
    }

    /// Counts a value without a meaning.
    pub fn count_unknown(&self, feed: &str, member: &str, value: &str) {
        let mut names = self.unknown_names.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (feed.to_owned(), member.to_owned(), value.to_owned());
        let is_own = names.contains(&name) || names.len() < UNKNOWN_VALUES_MAX && names.insert(name);
        self.unknown.with_label_values(&[feed, member, if is_own { value } else { "other" }]).inc();
    }

    /// Counts a refused request.
    pub fn count_refused(&self, feed: &str, reason: &str) {
        self.refused.with_label_values(&[feed, reason]).inc();
    }

    /// Records the size of the spool.
    pub fn set_spool(&self, bytes: u64, payloads: u64) {
        self.spool_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        self.spool_payloads.set(i64::try_from(payloads).unwrap_or(i64::MAX));
    }

    /// Records whether a side (`topics` or `webhooks`) can take payloads.
    pub fn set_ready(&self, side: &str, is_ready: bool) {
        self.ready.with_label_values(&[side]).set(i64::from(is_ready));
    }

    /// Records that the configuration was read, and when.
    pub fn set_reloaded(&self, at: EventTime) {
        self.reloads.set_reloaded(at);
    }

    /// Records that a reload was refused.
    pub fn set_reload_refused(&self) {
        self.reloads.set_refused();
    }

    /// The exposition text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = Vec::new();
        // Writing to memory does not fail, and the registry holds no family of a type that the encoder does not know.
        drop(TextEncoder::new().encode(&self.registry.gather(), &mut text));
        String::from_utf8(text).unwrap_or_default()
    }
}
