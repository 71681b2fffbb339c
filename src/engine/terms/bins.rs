//! The one global mapping of durations to bins: log-linear, and cut at every configured bucket bound.
//!
//! A bin spans at most 1/64 of its lower edge, so its middle is off by at most 1/128 (0.8 %). The bounds are edges as well, so the count at or below
//! a bound is exact.

/// Durations below this number of milliseconds have a bin for each millisecond.
const LINEAR_MS: i64 = 128;
/// The number of steps for each power of two from [`LINEAR_MS`] on.
const STEPS: i64 = 64;
/// Durations beyond this number of milliseconds (about 139 years) share the last bin.
const LONGEST_MS: i64 = 1 << 42;
/// The parts of one in which logarithms are counted. They are whole, so that sums of them and of their squares are exact in any order.
pub(crate) const LOG_PARTS: i64 = 1_024;

/// The mapping of durations to bins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DurationBins {
    /// The lower edge of each bin in milliseconds, ascending. The last entry is the end of the last bin.
    lows: Vec<i64>,
    /// The first bin of each log-linear step.
    first: Vec<u16>,
    /// The natural logarithm of the middle of each bin in seconds, in [`LOG_PARTS`].
    logs: Vec<i64>,
}

impl DurationBins {
    /// The mapping in which every one of `bounds_ms` (inclusive, in any order, with repeats) ends a bin.
    #[must_use]
    pub fn new(bounds_ms: impl IntoIterator<Item = i64>) -> Self {
        let steps = 0..=step_of(LONGEST_MS) + 1;
        let mut lows: Vec<i64> = steps.clone().map(low_of).collect();
        lows.extend(bounds_ms.into_iter().map(|b| b + 1).filter(|edge| (0..LONGEST_MS).contains(edge)));
        lows.sort_unstable();
        lows.dedup();
        let first = steps.map(|step| lows.partition_point(|low| *low < low_of(step)) as u16).collect();
        let log = |edges: &[i64]| ((edges[0] + edges[1] - 1) as f64 / 2_000.0).max(1.0).ln() * LOG_PARTS as f64;
        let logs = lows.windows(2).map(|edges| log(edges).round() as i64).collect();
        Self { lows, first, logs }
    }

    /// The bin of a duration in milliseconds. Negative durations, which faulty data alone can cause, count as 0.
    ///
    /// ```
    /// let bins = cxpulse::engine::DurationBins::new([600_000]);
    /// assert!(bins.of(600_000) < bins.of(600_001));
    /// ```
    #[must_use]
    pub fn of(&self, ms: i64) -> u16 {
        let ms = ms.clamp(0, LONGEST_MS);
        let mut bin = self.first[usize::from(step_of(ms))];
        while self.lows[usize::from(bin) + 1] <= ms {
            bin += 1;
        }
        bin
    }

    /// The middle of a bin in milliseconds.
    #[must_use]
    pub fn middle_ms(&self, bin: u16) -> f64 {
        (self.lows[usize::from(bin)] + self.lows[usize::from(bin) + 1] - 1) as f64 / 2.0
    }

    /// The natural logarithm of the middle of a bin in seconds, in [`LOG_PARTS`]; less than a second counts as one.
    pub(crate) fn log(&self, bin: u16) -> i64 {
        self.logs[usize::from(bin)]
    }
}

/// The log-linear step of a duration.
fn step_of(ms: i64) -> u16 {
    if ms < LINEAR_MS {
        return ms as u16;
    }
    let power = i64::from(63 - ms.leading_zeros());
    (LINEAR_MS + (power - 7) * STEPS + ((ms >> (power - 6)) & (STEPS - 1))) as u16
}

/// The lower edge of a step in milliseconds.
fn low_of(step: u16) -> i64 {
    let step = i64::from(step);
    if step < LINEAR_MS {
        return step;
    }
    let (power, rest) = ((step - LINEAR_MS) / STEPS + 7, (step - LINEAR_MS) % STEPS);
    (1 << power) + (rest << (power - 6))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn middle_of_a_bin_is_within_one_percent_of_every_member(ms in 0..LONGEST_MS, bounds in prop::collection::vec(1..LONGEST_MS, 0..40)) {
            let bins = DurationBins::new(bounds);
            let middle = bins.middle_ms(bins.of(ms));
            prop_assert!((middle - ms as f64).abs() <= 0.01 * ms as f64, "{middle} for {ms}");
        }

        #[test]
        fn logarithm_of_a_bin_is_within_one_percent_of_a_duration_of_every_member(ms in 0..LONGEST_MS) {
            let bins = DurationBins::new([]);
            let log = bins.log(bins.of(ms)) as f64 / LOG_PARTS as f64;
            let exact = (ms as f64 / 1_000.0).max(1.0).ln();
            prop_assert!((log - exact).abs() <= 0.01, "{log} for {ms}");
        }

        #[test]
        fn bins_ascend_and_part_at_every_bound(a in 0..LONGEST_MS, b in 0..LONGEST_MS, bounds in prop::collection::vec(1..LONGEST_MS, 1..40)) {
            let bins = DurationBins::new(bounds.clone());
            prop_assert!(a > b || bins.of(a) <= bins.of(b));
            for bound in bounds {
                prop_assert_eq!(a <= bound, bins.of(a) <= bins.of(bound));
            }
        }
    }
}
