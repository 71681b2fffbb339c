//! The outside of a running service: the newest snapshot, its telemetry, its health. A reader waits for a fresh snapshot, but not for long; no thread
//! waits for a reader.
//!
//! Does not know how values come about, nor HTTP beyond the [`ValueSource`] that it implements.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use super::health::ServiceHealth;
use super::record_log::RecordLog;
use super::snapshot_requests::SnapshotRequests;
use crate::engine::{EngineSettings, Snapshot};
use crate::http::{DatedSnapshot, TopicRefusal, ValueSource};
use crate::metrics::telemetry::{Telemetry, TelemetrySample};

/// The newest snapshot of a service, the process's own telemetry, and the service's health.
pub struct ServiceView {
    newest: ArcSwap<PublishedSnapshot>,
    /// The number of times that all earlier snapshots became invalid.
    era: AtomicU64,
    telemetry: Telemetry,
    record_log: Arc<RecordLog>,
    health: ServiceHealth,
    requests: SnapshotRequests,
    /// Whether everything that was in the logs at the assignment has been read.
    is_caught_up: AtomicBool,
    /// Settings that the poll loop has yet to give to the engines.
    settings: Mutex<Option<EngineSettings>>,
}

/// A snapshot and the instant at which it was begun.
struct PublishedSnapshot {
    snapshot: Arc<Snapshot>,
    as_of: Instant,
}

impl ServiceView {
    pub(super) fn new(
        snapshot: Snapshot,
        telemetry: Telemetry,
        record_log: Arc<RecordLog>,
        snapshot_interval: Duration,
        workers: usize,
    ) -> Self {
        Self {
            newest: ArcSwap::from_pointee(PublishedSnapshot { snapshot: Arc::new(snapshot), as_of: Instant::now() }),
            era: AtomicU64::new(0),
            telemetry,
            record_log,
            health: ServiceHealth::new(workers),
            requests: SnapshotRequests::new(snapshot_interval),
            is_caught_up: AtomicBool::new(false),
            settings: Mutex::new(None),
        }
    }

    /// The newest snapshot. While the service consumes, it is not older than the configured interval: the call waits up to half a second for a newer
    /// one. Each new snapshot is a new `Arc`, so that a value derived from one can be kept beside it.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.requests.wait_for_fresh();
        Arc::clone(&self.newest.load().snapshot)
    }

    /// The process's own counters and gauges.
    #[must_use]
    pub fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// Whether the values can be relied on: connected, assigned and caught up.
    ///
    /// # Errors
    /// The reason why not, as a sentence for an operator.
    pub fn ready(&self) -> Result<(), String> {
        self.health.ready(Instant::now())
    }

    /// Whether the poll loop and the workers come round. An outage of the brokers does not make the service unhealthy: a restart would not help.
    #[must_use]
    pub fn healthy(&self) -> bool {
        self.health.is_healthy(Instant::now())
    }

    /// Lets the engines go on with the targets and limits of entries of these settings, soon. No reader is given a text of before any more. The other
    /// settings must be those in force.
    pub fn change_settings(&self, settings: EngineSettings) {
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = Some(settings);
        self.begin_era();
    }

    /// The settings that the engines have yet to be given.
    pub(super) fn take_settings(&self) -> Option<EngineSettings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Replaces the newest snapshot by one that was begun at `as_of`.
    pub(super) fn publish(&self, snapshot: Snapshot, as_of: Instant) {
        self.newest.store(Arc::new(PublishedSnapshot { snapshot: Arc::new(snapshot), as_of }));
        self.requests.note_published(as_of);
    }

    /// Makes every snapshot before the newest invalid: no reader may be given it any more.
    pub(super) fn begin_era(&self) {
        self.era.fetch_add(1, Ordering::Release);
    }

    /// Begins the first era after those of another view, whose service this one's replaces.
    pub(super) fn begin_after(&self, earlier: &Self) {
        self.era.store(earlier.era.load(Ordering::Acquire) + 1, Ordering::Release);
    }

    /// Whether everything that was in the logs at the assignment has been read, so that values may be shown.
    pub(super) fn is_caught_up(&self) -> bool {
        self.is_caught_up.load(Ordering::Acquire)
    }

    pub(super) fn set_caught_up(&self, is_caught_up: bool) {
        self.is_caught_up.store(is_caught_up, Ordering::Release);
    }

    pub(super) fn requests(&self) -> &SnapshotRequests {
        &self.requests
    }

    pub(super) fn health(&self) -> &ServiceHealth {
        &self.health
    }

    /// Sets the readiness, here and in the telemetry.
    pub(super) fn set_readiness(&self, readiness: Result<(), String>) {
        self.telemetry.set_ready(readiness.is_ok());
        self.health.set_readiness(readiness);
    }
}

impl ValueSource for ServiceView {
    fn snapshot(&self) -> DatedSnapshot {
        self.requests.wait_for_fresh();
        let newest = self.newest.load();
        // Where no thread takes snapshots any more, the newest is as good as one of this moment.
        DatedSnapshot {
            snapshot: Arc::clone(&newest.snapshot),
            as_of: if self.requests.is_served() { newest.as_of } else { Instant::now() },
        }
    }

    fn era(&self) -> u64 {
        self.era.load(Ordering::Acquire)
    }

    fn render_telemetry(&self, out: &mut String) {
        self.telemetry.set_ready(self.ready().is_ok());
        self.telemetry.render(out);
    }

    fn telemetry_samples(&self) -> Vec<TelemetrySample> {
        self.telemetry.samples()
    }

    fn latest_refusals(&self) -> Vec<TopicRefusal> {
        self.record_log.latest_refusals()
    }

    fn ready(&self) -> Result<(), String> {
        self.ready()
    }

    fn healthy(&self) -> bool {
        self.healthy()
    }
}
