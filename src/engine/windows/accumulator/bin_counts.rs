//! Counts by bin: a sorted list while few bins are in use, and an array once there are many. So a count in a busy cell costs one addition, and a
//! quiet cell takes a few bytes.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{adjust_sparse, merge_sparse};

/// A list with more bins than this becomes an array and stays one. At this length it takes about half the memory of an array of all bins.
const LISTED_MAX: usize = 256;

/// The counts by bin.
#[derive(Clone, Debug)]
pub(crate) enum BinCounts {
    /// Entries in ascending order of their bin, none of them zero.
    Listed(Vec<(u16, i32)>),
    /// The counts indexed by bin; bins beyond the end are zero.
    Arrayed(Vec<i32>),
}

impl Default for BinCounts {
    fn default() -> Self {
        Self::Listed(Vec::new())
    }
}

impl PartialEq for BinCounts {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for BinCounts {}

impl Serialize for BinCounts {
    /// As a list, whichever form the counts have.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.iter().collect::<Vec<_>>().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for BinCounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut counts = Self::Listed(Vec::deserialize(deserializer)?);
        if let Self::Listed(entries) = &counts
            && entries.len() > LISTED_MAX
        {
            counts.array();
        }
        Ok(counts)
    }
}

impl BinCounts {
    /// Adds `n` to one bin.
    pub(super) fn add(&mut self, bin: u16, n: i32) {
        match self {
            Self::Listed(entries) => {
                adjust_sparse(entries, bin, n);
                if entries.len() > LISTED_MAX {
                    self.array();
                }
            }
            Self::Arrayed(counts) => *at(counts, bin) += n,
        }
    }

    /// Adds other counts, `sign` times.
    pub(super) fn merge(&mut self, other: &Self, sign: i32) {
        match (&mut *self, other) {
            (Self::Listed(into), Self::Listed(from)) => {
                merge_sparse(into, from, sign);
                if into.len() > LISTED_MAX {
                    self.array();
                }
            }
            (Self::Listed(_), Self::Arrayed(_)) => {
                self.array();
                self.merge(other, sign);
            }
            (Self::Arrayed(into), Self::Listed(from)) => from.iter().for_each(|(bin, n)| *at(into, *bin) += sign * n),
            (Self::Arrayed(into), Self::Arrayed(from)) => {
                if into.len() < from.len() {
                    into.resize(from.len(), 0);
                }
                into.iter_mut().zip(from).for_each(|(into, n)| *into += sign * n);
            }
        }
    }

    /// The bins whose counts are not zero, in ascending order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u16, i32)> {
        let (listed, arrayed): (&[(u16, i32)], &[i32]) = match self {
            Self::Listed(entries) => (entries, &[]),
            Self::Arrayed(counts) => (&[], counts),
        };
        let arrayed = arrayed.iter().enumerate().map(|(bin, n)| (bin as u16, *n));
        listed.iter().copied().chain(arrayed).filter(|(_, n)| *n != 0)
    }

    pub(super) fn is_zero(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Turns a list into an array.
    fn array(&mut self) {
        let Self::Listed(entries) = self else { return };
        let mut counts = Vec::new();
        entries.iter().for_each(|(bin, n)| *at(&mut counts, *bin) += n);
        *self = Self::Arrayed(counts);
    }
}

/// The count of a bin, for which the array is lengthened if needed.
fn at(counts: &mut Vec<i32>, bin: u16) -> &mut i32 {
    let bin = usize::from(bin);
    if counts.len() <= bin {
        counts.resize(bin + 1, 0);
    }
    &mut counts[bin]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_are_the_same_listed_and_arrayed(
            added in prop::collection::vec((0u16..1_400, -3i32..4), 0..900),
            others in prop::collection::vec((0u16..1_400, -3i32..4), 0..900),
            sign in prop_oneof![Just(1), Just(-1)],
        ) {
            let (mut tallies, mut other, mut sums) = (BinCounts::default(), BinCounts::default(), BTreeMap::<u16, i32>::new());
            for (bin, n) in added.into_iter().filter(|(_, n)| *n != 0) {
                tallies.add(bin, n);
                *sums.entry(bin).or_default() += n;
            }
            for (bin, n) in others.into_iter().filter(|(_, n)| *n != 0) {
                other.add(bin, n);
                *sums.entry(bin).or_default() += sign * n;
            }
            tallies.merge(&other, sign);
            sums.retain(|_, n| *n != 0);
            prop_assert_eq!(tallies.iter().collect::<Vec<_>>(), sums.into_iter().collect::<Vec<_>>());
            let copy = tallies.clone();
            tallies.merge(&copy, -1);
            prop_assert!(tallies.is_zero());
        }
    }
}
