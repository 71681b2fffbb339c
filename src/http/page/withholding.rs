//! What the page withholds: statistics of so few cases that they could be about one person, and verdicts on windows that are not complete.
//!
//! Does not know markup, nor which statistics there are.

use super::PageContext;
use crate::engine::WindowState;
use crate::metrics::{COMPLETE_COVERAGE_RATIO_MIN, Sample};

/// A statistic, or the reason why none is shown.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Statistic {
    /// The statistic, and the number of cases that it is about.
    Of(Sample, f64),
    /// Withheld, because it is about this many cases, which are too few.
    TooFew(f64),
    /// There is no value.
    None,
}

impl PageContext<'_> {
    /// A statistic of `count` cases, if so many may be shown. Without any case there is no statistic, rather than one of too few cases.
    pub(super) fn statistic(&self, sample: Option<Sample>, count: f64) -> Statistic {
        match sample {
            _ if count > 0.0 && count < f64::from(self.group_size_min) => Statistic::TooFew(count),
            Some(sample) => Statistic::Of(sample, count),
            None => Statistic::None,
        }
    }

    /// Whether the page's window is complete. Verdicts and trends of an incomplete window are withheld.
    pub(super) fn is_complete(&self) -> bool {
        self.window_state().is_some_and(is_complete)
    }
}

/// Whether a window is complete, as the recording rules define it.
pub(super) fn is_complete(window: &WindowState) -> bool {
    window.coverage.is_some_and(|coverage| coverage >= COMPLETE_COVERAGE_RATIO_MIN)
}
