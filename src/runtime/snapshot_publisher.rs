//! From the workers' engines to the snapshot that readers get.
//!
//! Does not stop the workers: the caller holds their engines.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::service_view::ServiceView;
use crate::engine::{Engine, MergedEngines};
use crate::time::EventTime;

/// Adds up the totals of all engines and publishes their snapshot.
pub(super) struct SnapshotPublisher {
    merged: Mutex<MergedEngines>,
    view: Arc<ServiceView>,
}

/// Totals that are gathered and not yet published. The engines are not needed any more.
pub(super) struct GatheredTotals<'a> {
    merged: MutexGuard<'a, MergedEngines>,
    view: &'a ServiceView,
    begun: Instant,
}

impl SnapshotPublisher {
    pub(super) fn new(merged: MergedEngines, view: Arc<ServiceView>) -> Self {
        Self { merged: Mutex::new(merged), view }
    }

    /// Gathers the totals of the windows as of `now`, or as of the latest instant that an engine has reached.
    pub(super) fn gather(&self, engines: &mut [&mut Engine], now: Option<EventTime>) -> GatheredTotals<'_> {
        let begun = Instant::now();
        if let Some(now) = now {
            engines.iter_mut().for_each(|engine| engine.advance_to(now));
        }
        // After a panic of another holder nothing half-filled is left: it is filled anew each time.
        let mut merged = self.merged.lock().unwrap_or_else(PoisonError::into_inner);
        merged.gather(engines);
        GatheredTotals { merged, view: &self.view, begun }
    }
}

impl GatheredTotals<'_> {
    /// Reads the values from the totals and publishes them. While records that were there at the assignment are still to be read, the values are those
    /// of an unknown part of the organisation, so they are left out.
    pub(super) fn publish(self) {
        let snapshot = self.merged.snapshot();
        let snapshot = if self.view.is_caught_up() { snapshot } else { snapshot.without_values() };
        self.view.publish(snapshot, self.begun);
        self.view.telemetry().set_collect_seconds(self.begun.elapsed().as_secs_f64());
    }
}
