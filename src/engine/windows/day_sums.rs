//! The day sums of one partition group: the dated cases by the day of their opening, added up by metric and bundle of group keys.
//!
//! Facts are added and subtracted as in panes, so that corrections, late events and withdrawals need no code of their own. Days leave in order, the oldest
//! first: by age, or because there are too many sums. A day that has left never comes back, and what is posted for it later is passed over; so each day that
//! is kept is whole. Does not know what the sums of the days are compared with.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::keys::BundleId;
use crate::engine::codec::{RestoreError, StateReader, StateWriter};
use crate::engine::terms::{DatedCase, DatedMetric, DaySum, DimensionsId};

/// What a sum is of: the metric, and the group keys of its cases.
type DayKey = (BundleId, DatedMetric);

/// The sums of one day, shared with a copy for a checkpoint until they change.
type Day = Arc<FxHashMap<DayKey, DaySum>>;

/// The day sums of one partition group.
#[derive(Clone, Debug)]
pub(crate) struct DaySums {
    days: BTreeMap<i32, Day>,
    /// The number of sums.
    len: usize,
    /// The first day that has not left.
    kept_from: i32,
    /// The number of sums that left because there were too many.
    evicted: u64,
}

/// One sum in the numbers of the group: a tuple of values that has its group keys, the metric, and the sum.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct StoredSum(DimensionsId, DatedMetric, DaySum);

impl Default for DaySums {
    fn default() -> Self {
        Self { days: BTreeMap::new(), len: 0, kept_from: i32::MIN, evicted: 0 }
    }
}

impl DaySums {
    /// Adds a case (`sign` 1) or subtracts it (`sign` -1); returns whether its day is kept. Beyond `sums_max` sums the oldest day leaves. Days before `oldest`
    /// are of no use any more; they leave without being counted.
    pub(super) fn apply(&mut self, case: DatedCase, bundle: BundleId, sign: i64, oldest: i32, sums_max: usize) -> bool {
        if case.day < self.kept_from.max(oldest) {
            return false;
        }
        let (metric, one) = (case.metric, DaySum { cases: 1, sum: case.value });
        let day = Arc::make_mut(self.days.entry(case.day).or_default());
        let before = day.len();
        let sum = day.entry((bundle, metric)).or_default();
        sum.merge(one, sign);
        if sum.is_zero() {
            day.remove(&(bundle, metric));
        }
        self.len = self.len + day.len() - before;
        if self.len > sums_max {
            self.forget_before(oldest);
        }
        while self.len > sums_max {
            self.drop_oldest();
        }
        case.day >= self.kept_from
    }

    /// Drops the days before one.
    pub(super) fn forget_before(&mut self, day: i32) {
        if day <= self.kept_from {
            return;
        }
        self.kept_from = day;
        let kept = self.days.split_off(&day);
        let gone = std::mem::replace(&mut self.days, kept);
        self.len -= gone.values().map(|day| day.len()).sum::<usize>();
    }

    fn drop_oldest(&mut self) {
        if let Some((day, sums)) = self.days.pop_first() {
            self.len -= sums.len();
            self.evicted += sums.len() as u64;
            self.kept_from = day.saturating_add(1);
        }
    }

    /// The first day that has not left.
    pub(crate) fn kept_from(&self) -> i32 {
        self.kept_from
    }

    /// The number of sums.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The number of sums that left because there were too many.
    pub(crate) fn evicted(&self) -> u64 {
        self.evicted
    }

    /// All sums, in no order within a day.
    pub(super) fn all(&self) -> impl Iterator<Item = (i32, BundleId, DatedMetric, DaySum)> {
        self.days.iter().flat_map(|(day, sums)| sums.iter().map(|((bundle, metric), sum)| (*day, *bundle, *metric, *sum)))
    }

    /// Puts the sums, each with the tuple of values that `tuple_of` gives for its bundle.
    pub(super) fn put(&self, tuple_of: impl Fn(BundleId) -> DimensionsId, out: &mut StateWriter) {
        let Self { days, len: _, kept_from, evicted } = self;
        out.put(&(kept_from, evicted));
        let days: Vec<_> = days.iter().filter(|(_, sums)| !sums.is_empty()).collect();
        out.put(&days.len());
        for (day, sums) in days {
            let mut sums: Vec<StoredSum> = sums.iter().map(|((bundle, metric), sum)| StoredSum(tuple_of(*bundle), *metric, *sum)).collect();
            sums.sort_unstable_by_key(|StoredSum(tuple, metric, _)| (*tuple, *metric));
            out.put(day);
            out.put_list(sums.iter());
        }
    }

    /// Takes what [`Self::put`] has put.
    pub(super) fn restore(input: &mut StateReader<'_>, mut bundle_of: impl FnMut(DimensionsId) -> BundleId) -> Result<Self, RestoreError> {
        let (kept_from, evicted) = input.take()?;
        let mut restored = Self { days: BTreeMap::new(), len: 0, kept_from, evicted };
        for _ in 0..input.take::<usize>()? {
            let day: i32 = input.take()?;
            let sums = input.take::<Vec<StoredSum>>()?;
            let sums: FxHashMap<DayKey, DaySum> = sums.iter().map(|StoredSum(of, metric, sum)| ((bundle_of(*of), *metric), *sum)).collect();
            restored.len += sums.len();
            restored.days.insert(day, Arc::new(sums));
        }
        Ok(restored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(day: i32, value: i64) -> DatedCase {
        DatedCase { metric: DatedMetric::Csat, day, value }
    }

    fn all(sums: &DaySums) -> Vec<(i32, u32, i64, i64)> {
        let mut all: Vec<_> = sums.all().map(|(day, bundle, _, sum)| (day, bundle.0, sum.cases, sum.sum)).collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn what_is_taken_back_leaves_nothing_also_before_it_was_added() {
        let mut sums = DaySums::default();
        assert!(sums.apply(case(3, 1), BundleId(1), 1, 0, 9));
        assert!(sums.apply(case(3, 0), BundleId(1), 1, 0, 9));
        assert!(sums.apply(case(4, 1), BundleId(2), -1, 0, 9));
        assert_eq!(all(&sums), [(3, 1, 2, 1), (4, 2, -1, -1)]);
        assert!(sums.apply(case(3, 1), BundleId(1), -1, 0, 9) && sums.apply(case(4, 1), BundleId(2), 1, 0, 9));
        assert_eq!((all(&sums), sums.len()), (vec![(3, 1, 1, 0)], 1));
    }

    #[test]
    fn beyond_the_limit_the_oldest_day_leaves_and_never_comes_back_in_part() {
        let mut sums = DaySums::default();
        for (day, bundle) in [(1, 1), (1, 2), (2, 1)] {
            assert!(sums.apply(case(day, 1), BundleId(bundle), 1, 0, 3));
        }
        assert!(sums.apply(case(5, 1), BundleId(1), 1, 0, 3));
        assert_eq!((all(&sums), sums.kept_from(), sums.evicted()), (vec![(2, 1, 1, 1), (5, 1, 1, 1)], 2, 2));
        assert!(!sums.apply(case(1, 1), BundleId(1), -1, 0, 3), "it left with its day");
        assert!(!sums.apply(case(0, 1), BundleId(1), 1, 0, 3));
        sums.forget_before(5);
        assert_eq!((all(&sums), sums.kept_from(), sums.len(), sums.evicted()), (vec![(5, 1, 1, 1)], 5, 1, 2));
        sums.forget_before(4);
        assert_eq!(sums.kept_from(), 5, "no day comes back");
        assert!(sums.apply(case(6, 1), BundleId(1), 1, 0, 1));
        assert!(!sums.apply(case(6, 1), BundleId(2), 1, 0, 1), "a limit of less than one day leaves none");
        assert_eq!((all(&sums), sums.kept_from(), sums.len()), (vec![], 7, 0));
    }
}
