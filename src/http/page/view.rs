//! What the page is made from: one snapshot through one window, and what may be shown of it.
//!
//! Does not know markup.

use super::telemetry::Telemetry;
use crate::engine::{Snapshot, WindowState};
use crate::http::history::History;
use crate::metrics::{Exposition, Group, Sample, Values};

/// A window is taken as complete from this share on, as in the recording rules: its last seconds are always on their way.
const COMPLETE_FROM: f64 = 0.95;

/// Everything that one page shows.
pub(in crate::http) struct View<'a> {
    pub(in crate::http) exposition: &'a Exposition,
    pub(in crate::http) snapshot: &'a Snapshot,
    /// The number of the snapshot, as in the header of every answer that is made of it.
    pub(in crate::http) number: u64,
    /// The index of the window.
    pub(in crate::http) window: usize,
    pub(in crate::http) telemetry: Telemetry,
    pub(in crate::http) ready: Result<(), String>,
    pub(in crate::http) history: &'a History,
    pub(in crate::http) telemetry_path: &'a str,
    /// Of fewer cases there is no statistic to see.
    pub(in crate::http) group_size_min: u32,
}

/// A statistic, or why there is none to see.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Statistic {
    /// It, and the number of cases that it is of.
    Of(Sample, f64),
    /// Of so few cases that it could be of one person.
    TooFew(f64),
    /// There is none.
    None,
}

impl<'a> View<'a> {
    /// The values through the page's window.
    pub(super) fn values(&self) -> Values<'a> {
        self.exposition.values(self.snapshot, self.window)
    }

    /// The window; `None` where none is configured, which the configuration does not allow.
    pub(super) fn state(&self) -> Option<&'a WindowState> {
        self.snapshot.windows.get(self.window)
    }

    /// The name of the window.
    pub(super) fn window_name(&self) -> &'a str {
        self.state().map_or("", |state| state.settings.name.as_str())
    }

    /// Whether every part of the page's window has been seen.
    pub(super) fn is_complete(&self) -> bool {
        self.state().is_some_and(is_complete)
    }

    /// A statistic of `count` cases, if that many may be shown. Nothing of nobody is none, not too few.
    pub(super) fn gated(&self, sample: Option<Sample>, count: f64) -> Statistic {
        match sample {
            _ if count > 0.0 && count < f64::from(self.group_size_min) => Statistic::TooFew(count),
            Some(sample) => Statistic::Of(sample, count),
            None => Statistic::None,
        }
    }

    /// The sum of samples; those that are absent count nothing.
    pub(super) fn sum(values: &Values<'_>, group: Option<&Group<'_>>, series: &[(&str, &[(&str, &str)])]) -> f64 {
        series.iter().filter_map(|(name, labels)| sample(values, group, name, labels)).map(|sample| sample.value).sum()
    }
}

/// The sample of a group, or the overall one.
pub(super) fn sample(values: &Values<'_>, group: Option<&Group<'_>>, name: &str, labels: &[(&str, &str)]) -> Option<Sample> {
    match group {
        Some(group) => values.of_group(group, name, labels),
        None => values.overall(name, labels),
    }
}

/// Whether every part of a window has been seen.
pub(super) fn is_complete(state: &WindowState) -> bool {
    state.coverage.is_some_and(|coverage| coverage >= COMPLETE_FROM)
}
