//! What the consuming thread shows to everybody else. Readers never wait for it, and it never waits for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use crate::engine::Snapshot;
use crate::http::Source;
use crate::metrics::telemetry::Telemetry;

/// A loop that has not come round for this long is stuck.
const STUCK_AFTER: Duration = Duration::from_secs(30);

/// The newest snapshot, the process's own telemetry, and how it is.
pub struct Shared {
    snapshot: ArcSwap<Snapshot>,
    telemetry: Telemetry,
    readiness: ArcSwap<Result<(), String>>,
    started_at: Instant,
    /// Milliseconds from the start to the last time the loop came round.
    beat_ms: AtomicU64,
}

impl Shared {
    pub(super) fn new(snapshot: Snapshot, telemetry: Telemetry) -> Self {
        Self {
            snapshot: ArcSwap::from_pointee(snapshot),
            telemetry,
            readiness: ArcSwap::from_pointee(Err("starting".to_owned())),
            started_at: Instant::now(),
            beat_ms: AtomicU64::new(0),
        }
    }

    /// The newest snapshot. A new one is a new `Arc`, so that what is made from one can be kept beside it.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
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

    /// Whether the consuming loop comes round. A broker outage does not make it unhealthy: a restart would not help.
    #[must_use]
    pub fn healthy(&self) -> bool {
        self.is_beating_at(Instant::now())
    }

    pub(super) fn publish(&self, snapshot: Snapshot) {
        self.snapshot.store(Arc::new(snapshot));
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

    pub(super) fn beat(&self, now: Instant) {
        self.beat_ms.store(millis(now.saturating_duration_since(self.started_at)), Ordering::Relaxed);
    }

    fn is_beating_at(&self, now: Instant) -> bool {
        let since_start = millis(now.saturating_duration_since(self.started_at));
        since_start.saturating_sub(self.beat_ms.load(Ordering::Relaxed)) < millis(STUCK_AFTER)
    }
}

impl Source for Shared {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot()
    }

    fn render_telemetry(&self, out: &mut String) {
        self.telemetry.render(out);
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
        let shared = Shared::new(Snapshot::default(), Telemetry::new(&[]));
        let start = Instant::now();
        assert!(shared.ready().is_err());
        assert!(shared.healthy());
        assert!(!shared.is_beating_at(start + STUCK_AFTER * 2));
        shared.beat(start + STUCK_AFTER * 2);
        assert!(shared.is_beating_at(start + STUCK_AFTER * 2));
    }
}
