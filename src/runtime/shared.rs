//! What the polling thread and the workers show to everybody else. A reader waits for a fresh snapshot, within bounds; nobody waits for a reader.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use super::asked::Asked;
use crate::engine::Snapshot;
use crate::http::{DatedSnapshot, ValueSource};
use crate::metrics::telemetry::{Telemetry, TelemetrySample};

/// A loop that has not come round for this long is stuck.
const STUCK_AFTER: Duration = Duration::from_secs(30);
/// The beat of a loop that is not running.
const AT_REST: u64 = u64::MAX;

/// The newest snapshot, the process's own telemetry, and how it is.
pub struct Shared {
    newest: ArcSwap<Published>,
    /// How often what was shown before stopped being what may be shown.
    era: AtomicU64,
    telemetry: Telemetry,
    readiness: ArcSwap<Result<(), String>>,
    asked: Asked,
    started_at: Instant,
    /// Milliseconds from the start to the last time that the polling loop came round.
    beat_ms: AtomicU64,
    /// The same of each worker.
    worker_beats_ms: Vec<AtomicU64>,
}

/// A snapshot and the instant that it tells of.
struct Published {
    snapshot: Arc<Snapshot>,
    as_of: Instant,
}

/// The beat of one worker; at rest again when it is dropped.
pub(super) struct Heart<'a> {
    shared: &'a Shared,
    beat_ms: &'a AtomicU64,
}

impl Heart<'_> {
    /// The worker came round.
    pub(super) fn beat(&self, now: Instant) {
        self.beat_ms.store(self.shared.millis_at(now), Ordering::Relaxed);
    }
}

impl Drop for Heart<'_> {
    fn drop(&mut self) {
        self.beat_ms.store(AT_REST, Ordering::Relaxed);
    }
}

impl Shared {
    pub(super) fn new(snapshot: Snapshot, telemetry: Telemetry, snapshot_interval: Duration, workers: usize) -> Self {
        Self {
            newest: ArcSwap::from_pointee(Published { snapshot: Arc::new(snapshot), as_of: Instant::now() }),
            era: AtomicU64::new(0),
            telemetry,
            readiness: ArcSwap::from_pointee(Err("starting".to_owned())),
            asked: Asked::new(snapshot_interval),
            started_at: Instant::now(),
            beat_ms: AtomicU64::new(0),
            worker_beats_ms: (0..workers).map(|_| AtomicU64::new(AT_REST)).collect(),
        }
    }

    /// The newest snapshot, not older than the configured interval while somebody consumes; it is waited for where none is. A new one is a new
    /// `Arc`, so that what is made from one can be kept beside it.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.asked.wait_for_fresh();
        Arc::clone(&self.newest.load().snapshot)
    }

    /// What the process says about itself.
    #[must_use]
    pub fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// Whether the values can be relied on: connected, assigned, caught up.
    ///
    /// # Errors
    /// Why not, as a sentence for an operator.
    pub fn ready(&self) -> Result<(), String> {
        (**self.readiness.load()).clone()
    }

    /// Whether the consuming loops come round. A broker outage does not make it unhealthy: a restart would not help.
    #[must_use]
    pub fn healthy(&self) -> bool {
        self.is_beating_at(Instant::now())
    }

    /// Shows a snapshot that tells of this instant.
    pub(super) fn publish(&self, snapshot: Snapshot, as_of: Instant) {
        self.newest.store(Arc::new(Published { snapshot: Arc::new(snapshot), as_of }));
        self.asked.published(as_of);
    }

    /// Nothing that was shown before the newest snapshot may be shown any more.
    pub(super) fn begin_era(&self) {
        self.era.fetch_add(1, Ordering::Release);
    }

    /// Who asks for snapshots.
    pub(super) fn asked(&self) -> &Asked {
        &self.asked
    }

    pub(super) fn set_readiness(&self, readiness: Result<(), String>) {
        self.telemetry.set_ready(readiness.is_ok());
        if **self.readiness.load() != readiness {
            match &readiness {
                Ok(()) => tracing::info!(target: "cxpulse::runtime", "ready"),
                Err(why) => tracing::debug!(target: "cxpulse::runtime", why, "not ready"),
            }
            self.readiness.store(Arc::new(readiness));
        }
    }

    /// The polling loop came round.
    pub(super) fn beat(&self, now: Instant) {
        self.beat_ms.store(self.millis_at(now), Ordering::Relaxed);
    }

    /// The beat of a worker, by its number.
    pub(super) fn heart(&self, worker: usize) -> Heart<'_> {
        Heart { shared: self, beat_ms: &self.worker_beats_ms[worker] }
    }

    fn is_beating_at(&self, now: Instant) -> bool {
        let now = self.millis_at(now);
        let beats = std::iter::once(&self.beat_ms).chain(&self.worker_beats_ms).map(|beat| beat.load(Ordering::Relaxed));
        beats.filter(|beat| *beat != AT_REST).all(|beat| now.saturating_sub(beat) < millis(STUCK_AFTER))
    }

    fn millis_at(&self, now: Instant) -> u64 {
        millis(now.saturating_duration_since(self.started_at))
    }
}

impl ValueSource for Shared {
    fn snapshot(&self) -> DatedSnapshot {
        self.asked.wait_for_fresh();
        let newest = self.newest.load();
        DatedSnapshot { snapshot: Arc::clone(&newest.snapshot), as_of: if self.asked.is_served() { newest.as_of } else { Instant::now() } }
    }

    fn era(&self) -> u64 {
        self.era.load(Ordering::Acquire)
    }

    fn render_telemetry(&self, out: &mut String) {
        self.telemetry.render(out);
    }

    fn telemetry_samples(&self) -> Vec<TelemetrySample> {
        self.telemetry.samples()
    }

    fn ready(&self) -> Result<(), String> {
        self.ready()
    }

    fn healthy(&self) -> bool {
        self.healthy()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_stuck_loop_is_unhealthy() {
        let shared = Shared::new(Snapshot::default(), Telemetry::new(&[]), Duration::from_millis(250), 2);
        let start = Instant::now();
        assert!(shared.ready().is_err());
        assert!(shared.healthy());
        let later = start + STUCK_AFTER * 2;
        assert!(!shared.is_beating_at(later));
        shared.beat(later);
        assert!(shared.is_beating_at(later), "workers that do not run are not waited for");
        let heart = shared.heart(1);
        heart.beat(start);
        assert!(!shared.is_beating_at(later), "one of two workers is stuck");
        drop(heart);
        assert!(shared.is_beating_at(later));
    }
}
