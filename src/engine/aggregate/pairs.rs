//! Joint counts of two ranks, from which Spearman's rho is read: a group, where the coefficient itself is none.

use std::collections::BTreeMap;

use super::{adjust_sparse, combine_sparse};

/// How often each pair of classes occurred.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pairs {
    counts: Vec<((u32, u32), i32)>,
}

impl Pairs {
    pub(super) fn lift(&mut self, x: u32, y: u32, sign: i64) {
        adjust_sparse(&mut self.counts, (x, y), sign as i32);
    }

    pub(crate) fn combine(&mut self, other: &Self, sign: i64) {
        combine_sparse(&mut self.counts, &other.counts, sign as i32);
    }

    pub(super) fn is_zero(&self) -> bool {
        self.counts.is_empty()
    }

    /// How many pairs.
    pub(crate) fn count(&self) -> i64 {
        self.counts.iter().map(|(_, n)| i64::from(*n)).sum()
    }

    /// Spearman's rho with mid-ranks for ties: Pearson's correlation of the ranks. `None` below 10 pairs or when one side is constant.
    pub(crate) fn rho(&self) -> Option<f64> {
        let n = self.count();
        let xs = mid_ranks(self.counts.iter().map(|((x, _), n)| (*x, *n)));
        let ys = mid_ranks(self.counts.iter().map(|((_, y), n)| (*y, *n)));
        if n < 10 || xs.len() < 2 || ys.len() < 2 {
            return None;
        }
        let mean = (n + 1) as f64 / 2.0;
        let spread = |ranks: &BTreeMap<u32, (f64, i64)>| -> f64 { ranks.values().map(|(r, n)| *n as f64 * (r - mean) * (r - mean)).sum() };
        let together: f64 = self.counts.iter().map(|((x, y), n)| f64::from(*n) * (xs[x].0 - mean) * (ys[y].0 - mean)).sum();
        Some((together / (spread(&xs) * spread(&ys)).sqrt()).clamp(-1.0, 1.0))
    }
}

/// The mid-rank and the number of each class.
fn mid_ranks(entries: impl Iterator<Item = (u32, i32)>) -> BTreeMap<u32, (f64, i64)> {
    let mut ranks: BTreeMap<u32, (f64, i64)> = BTreeMap::new();
    for (class, n) in entries {
        ranks.entry(class).or_default().1 += i64::from(n);
    }
    let mut below = 0;
    for (rank, n) in ranks.values_mut() {
        *rank = below as f64 + (*n + 1) as f64 / 2.0;
        below += *n;
    }
    ranks
}
