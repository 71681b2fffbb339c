//! From the workers' engines to the snapshot that scrapes read.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::shared::Shared;
use crate::engine::{Engine, MergedEngines};
use crate::time::EventTime;

/// Adds up what the engines hold and shows it.
pub(super) struct Publisher {
    together: Mutex<MergedEngines>,
    shared: Arc<Shared>,
}

/// Sums that are gathered and not shown yet. Nothing in it needs the engines any more.
pub(super) struct Gathered<'a> {
    together: MutexGuard<'a, MergedEngines>,
    shared: &'a Shared,
    begun: Instant,
}

impl Publisher {
    pub(super) fn new(together: MergedEngines, shared: Arc<Shared>) -> Self {
        Self { together: Mutex::new(together), shared }
    }

    /// Gathers the values of the windows as of `now`, or of the latest instant that an engine has reached.
    pub(super) fn gather(&self, engines: &mut [&mut Engine], now: Option<EventTime>) -> Gathered<'_> {
        let begun = Instant::now();
        if let Some(now) = now {
            engines.iter_mut().for_each(|engine| engine.advance_to(now));
        }
        // It is filled anew each time.
        let mut together = self.together.lock().unwrap_or_else(PoisonError::into_inner);
        together.gather(engines);
        Gathered { together, shared: &self.shared, begun }
    }
}

impl Gathered<'_> {
    /// Makes the values the ones that scrapes see.
    pub(super) fn show(self) {
        self.shared.publish(self.together.snapshot(), self.begun);
        self.shared.telemetry().set_collect_seconds(self.begun.elapsed().as_secs_f64());
    }
}
