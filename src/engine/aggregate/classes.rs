//! The one global mapping of durations to classes: log-linear, and cut at every configured bucket bound.
//!
//! A class spans at most 1/64 of its lower edge, so its middle is at most 1/128 (0.8 %) off; because the bounds are edges too, the count at or
//! below a bound is exact.

/// Values below this many milliseconds have a class each.
const LINEAR_MS: i64 = 128;
/// Classes for each power of two above that.
const STEPS: i64 = 64;
/// Durations beyond this (about 139 years) share the last class.
const LONGEST_MS: i64 = 1 << 42;

/// The mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DurationClasses {
    /// The lower edge of each class in milliseconds, ascending; the last one ends the last class.
    lows: Vec<i64>,
    /// The first class of each log-linear bin.
    first: Vec<u16>,
}

impl DurationClasses {
    /// The mapping whose classes end at each of `bounds_ms` (inclusive, any order, repeats allowed).
    #[must_use]
    pub fn new(bounds_ms: impl IntoIterator<Item = i64>) -> Self {
        let bins = 0..=bin_of(LONGEST_MS) + 1;
        let mut lows: Vec<i64> = bins.clone().map(low_of).collect();
        lows.extend(bounds_ms.into_iter().map(|b| b + 1).filter(|edge| (0..LONGEST_MS).contains(edge)));
        lows.sort_unstable();
        lows.dedup();
        let first = bins.map(|bin| lows.partition_point(|low| *low < low_of(bin)) as u16).collect();
        Self { lows, first }
    }

    /// The class of a duration; negative ones, which cannot be, count as 0.
    ///
    /// ```
    /// let classes = cxpulse::engine::DurationClasses::new([600_000]);
    /// assert!(classes.of(600_000) < classes.of(600_001));
    /// ```
    #[must_use]
    pub fn of(&self, ms: i64) -> u16 {
        let ms = ms.clamp(0, LONGEST_MS);
        let mut class = self.first[usize::from(bin_of(ms))];
        while self.lows[usize::from(class) + 1] <= ms {
            class += 1;
        }
        class
    }

    /// The middle of a class in milliseconds.
    #[must_use]
    pub fn middle_ms(&self, class: u16) -> f64 {
        (self.lows[usize::from(class)] + self.lows[usize::from(class) + 1] - 1) as f64 / 2.0
    }
}

/// The log-linear bin of a duration.
fn bin_of(ms: i64) -> u16 {
    if ms < LINEAR_MS {
        return ms as u16;
    }
    let power = i64::from(63 - ms.leading_zeros());
    (LINEAR_MS + (power - 7) * STEPS + ((ms >> (power - 6)) & (STEPS - 1))) as u16
}

/// The lower edge of a bin in milliseconds.
fn low_of(bin: u16) -> i64 {
    let bin = i64::from(bin);
    if bin < LINEAR_MS {
        return bin;
    }
    let (power, step) = ((bin - LINEAR_MS) / STEPS + 7, (bin - LINEAR_MS) % STEPS);
    (1 << power) + (step << (power - 6))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn middle_of_a_class_is_within_one_percent_of_every_member(ms in 0..LONGEST_MS, bounds in prop::collection::vec(1..LONGEST_MS, 0..40)) {
            let classes = DurationClasses::new(bounds);
            let middle = classes.middle_ms(classes.of(ms));
            prop_assert!((middle - ms as f64).abs() <= 0.01 * ms as f64, "{middle} for {ms}");
        }

        #[test]
        fn classes_ascend_and_part_at_every_bound(a in 0..LONGEST_MS, b in 0..LONGEST_MS, bounds in prop::collection::vec(1..LONGEST_MS, 1..40)) {
            let classes = DurationClasses::new(bounds.clone());
            prop_assert!(a > b || classes.of(a) <= classes.of(b));
            for bound in bounds {
                prop_assert_eq!(a <= bound, classes.of(a) <= classes.of(bound));
            }
        }
    }
}
