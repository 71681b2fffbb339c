//! Joint counts of two ranks, from which Spearman's rho is read. The counts form a group, which the coefficient itself does not.

use serde::{Deserialize, Serialize};

use super::{adjust_sparse, merge_sparse};

/// The number of occurrences of each pair of bins, in ascending order and never zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pairs {
    counts: Vec<((u32, u32), i32)>,
}

impl Pairs {
    pub(super) fn apply(&mut self, x: u32, y: u32, sign: i64) {
        adjust_sparse(&mut self.counts, (x, y), sign as i32);
    }

    pub(crate) fn merge(&mut self, other: &Self, sign: i64) {
        merge_sparse(&mut self.counts, &other.counts, sign as i32);
    }

    pub(super) fn is_zero(&self) -> bool {
        self.counts.is_empty()
    }

    /// The number of pairs.
    pub(crate) fn count(&self) -> i64 {
        self.counts.iter().map(|(_, n)| i64::from(*n)).sum()
    }

    /// Spearman's rho with mid-ranks for ties, which is Pearson's correlation of the ranks; -1 to 1. `None` with fewer than 10 pairs or if one side
    /// is constant.
    pub(crate) fn rho(&self) -> Option<f64> {
        let n = self.count();
        // The counts ascend by the first side already.
        let xs = mid_ranks(self.counts.iter().map(|((x, _), n)| (*x, *n)));
        let mut by_y: Vec<(u32, i32)> = self.counts.iter().map(|((_, y), n)| (*y, *n)).collect();
        by_y.sort_unstable_by_key(|(y, _)| *y);
        let ys = mid_ranks(by_y.into_iter());
        if n < 10 || xs.len() < 2 || ys.len() < 2 {
            return None;
        }
        let mean = (n + 1) as f64 / 2.0;
        let spread = |ranks: &[Ranked]| -> f64 { ranks.iter().map(|r| r.count as f64 * (r.rank - mean) * (r.rank - mean)).sum() };
        let rank = |ranks: &[Ranked], bin: u32| ranks[ranks.partition_point(|ranked| ranked.bin < bin)].rank;
        let together: f64 = self.counts.iter().map(|((x, y), n)| f64::from(*n) * (rank(&xs, *x) - mean) * (rank(&ys, *y) - mean)).sum();
        Some((together / (spread(&xs) * spread(&ys)).sqrt()).clamp(-1.0, 1.0))
    }
}

/// A bin of one side, with its mid-rank and the number of pairs in it.
struct Ranked {
    bin: u32,
    rank: f64,
    count: i64,
}

/// The bins of one side in ascending order, with their mid-ranks, from entries in ascending order.
fn mid_ranks(entries: impl Iterator<Item = (u32, i32)>) -> Vec<Ranked> {
    let mut ranks: Vec<Ranked> = Vec::new();
    for (bin, n) in entries {
        match ranks.last_mut().filter(|last| last.bin == bin) {
            Some(last) => last.count += i64::from(n),
            None => ranks.push(Ranked { bin, rank: 0.0, count: i64::from(n) }),
        }
    }
    let mut below = 0;
    for ranked in &mut ranks {
        ranked.rank = below as f64 + (ranked.count + 1) as f64 / 2.0;
        below += ranked.count;
    }
    ranks
}
