//! A distribution of durations: count, exact sum, and a histogram over the one global mapping of [`DurationBins`].

use serde::{Deserialize, Serialize};

use super::bin_counts::BinCounts;
use crate::engine::terms::DurationBins;

/// Durations in milliseconds, which can be added and subtracted without loss.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Durations {
    /// The number of durations.
    pub(crate) count: i64,
    /// The sum of the durations in milliseconds. It has 128 bits, because 2^40 of the longest durations exceed 64 bits.
    pub(crate) sum_ms: i128,
    /// The number of durations in each bin.
    bins: BinCounts,
}

impl Durations {
    pub(super) fn apply(&mut self, ms: i64, bin: u16, sign: i64) {
        self.count += sign;
        self.sum_ms += i128::from(sign * ms);
        self.bins.add(bin, sign as i32);
    }

    pub(crate) fn merge(&mut self, other: &Self, sign: i64) {
        self.count += sign * other.count;
        self.sum_ms += i128::from(sign) * other.sum_ms;
        self.bins.merge(&other.bins, sign as i32);
    }

    /// Adds `n` durations of one bin to the counts; [`Self::lengthen`] adds their sum.
    pub(crate) fn count(&mut self, bin: u16, n: i64) {
        self.count += n;
        self.bins.add(bin, n as i32);
    }

    /// Adds milliseconds to the sum.
    pub(crate) fn lengthen(&mut self, ms: i64) {
        self.sum_ms += i128::from(ms);
    }

    /// The number of durations in each bin that is not empty, in ascending order of the bins.
    pub(crate) fn bins(&self) -> impl Iterator<Item = (u16, i64)> {
        self.bins.iter().map(|(bin, n)| (bin, i64::from(n)))
    }

    pub(super) fn is_zero(&self) -> bool {
        self.count == 0 && self.sum_ms == 0 && self.bins.is_zero()
    }

    /// The nearest rank of a quantile, at least 1: this many durations are at most as long as the quantile. The division rounds up.
    pub(crate) fn rank(&self, percent: u8) -> i64 {
        ((i64::from(percent) * self.count + 99) / 100).max(1)
    }

    /// The quantile by nearest rank in seconds, off by at most 1 %; `None` if there are no durations.
    pub(crate) fn quantile_seconds(&self, percent: u8, bins: &DurationBins) -> Option<f64> {
        let rank = self.rank(percent);
        let mut below = 0;
        let found = self.bins.iter().find(|(_, n)| {
            below += i64::from(*n);
            below >= rank
        })?;
        Some(bins.middle_ms(found.0) / 1000.0)
    }
}
