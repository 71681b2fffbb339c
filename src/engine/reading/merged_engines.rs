//! The values of several engines as one. Each engine handles its own partition groups on its own thread, and their totals are added up before values
//! are read. Accumulators are groups of integers and nothing is derived before the sum, so the values are those of one engine over all groups.

use std::sync::Arc;

use super::snapshot::Snapshot;
use super::take_snapshot::{GroupsReport, take};
use crate::engine::Engine;
use crate::engine::terms::DurationBins;
use crate::engine::windows::Windows;

/// The sums of several engines, and the snapshots made from them.
#[derive(Debug)]
pub struct MergedEngines {
    windows: Windows,
    bins: DurationBins,
    groups: GroupsReport,
}

impl MergedEngines {
    /// Merges this engine and the engines made by [`Engine::beside`].
    #[must_use]
    pub fn of(engine: &Engine) -> Self {
        let windows = engine.windows.beside();
        Self { bins: windows.settings.duration_bins(), windows, groups: GroupsReport::default() }
    }

    /// Adds up the totals of the engines, after moving all of them to the latest `now` among them. It derives no values, so it is quick and the
    /// engines can soon continue.
    pub fn gather(&mut self, engines: &mut [&mut Engine]) {
        engines.iter_mut().for_each(|engine| engine.take_in());
        if let Some(now) = engines.iter().map(|engine| engine.windows.now).max() {
            engines.iter_mut().for_each(|engine| engine.advance_to(now));
        }
        engines.iter_mut().for_each(|engine| engine.settle());
        if let Some(engine) = engines.first() {
            // A change of settings reaches all engines between two calls.
            self.windows.settings = Arc::clone(&engine.windows.settings);
        }
        self.windows.hold_sums_of(engines.iter().map(|engine| &engine.windows));
        let windows: Vec<&Windows> = engines.iter().map(|engine| &engine.windows).collect();
        let assigned: Vec<_> = engines.iter().flat_map(|engine| engine.assigned.groups()).collect();
        let parked: Vec<_> = engines.iter().flat_map(|engine| engine.parked.values()).collect();
        self.groups = GroupsReport::of(&windows, &assigned, &parked);
    }

    /// All values as of the last call of [`Self::gather`].
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        take(&self.windows, &self.bins, self.groups.clone())
    }
}
