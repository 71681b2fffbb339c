//! How many in each class: a sorted list while there are few classes, an array once there are many, so that a busy cell costs one addition and a
//! quiet one a few bytes.

use super::{adjust_sparse, combine_sparse};

/// A list of more classes becomes an array, and stays one: about half the memory of the array of all classes.
const LISTED_MAX: usize = 256;

/// Numbers by class.
#[derive(Clone, Debug)]
pub(crate) enum Tallies {
    /// Ascending by class, never zero.
    Listed(Vec<(u16, i32)>),
    /// By class; what is beyond the end is zero.
    Arrayed(Vec<i32>),
}

impl Default for Tallies {
    fn default() -> Self {
        Self::Listed(Vec::new())
    }
}

impl PartialEq for Tallies {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Tallies {}

impl Tallies {
    /// Adds so many of one class.
    pub(super) fn add(&mut self, class: u16, n: i32) {
        match self {
            Self::Listed(entries) => {
                adjust_sparse(entries, class, n);
                if entries.len() > LISTED_MAX {
                    self.array();
                }
            }
            Self::Arrayed(counts) => *at(counts, class) += n,
        }
    }

    /// Adds others, `sign` times.
    pub(super) fn combine(&mut self, other: &Self, sign: i32) {
        match (&mut *self, other) {
            (Self::Listed(into), Self::Listed(from)) => {
                combine_sparse(into, from, sign);
                if into.len() > LISTED_MAX {
                    self.array();
                }
            }
            (Self::Listed(_), Self::Arrayed(_)) => {
                self.array();
                self.combine(other, sign);
            }
            (Self::Arrayed(into), Self::Listed(from)) => from.iter().for_each(|(class, n)| *at(into, *class) += sign * n),
            (Self::Arrayed(into), Self::Arrayed(from)) => {
                if into.len() < from.len() {
                    into.resize(from.len(), 0);
                }
                into.iter_mut().zip(from).for_each(|(into, n)| *into += sign * n);
            }
        }
    }

    /// The classes that are not zero, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u16, i32)> {
        let (listed, arrayed): (&[(u16, i32)], &[i32]) = match self {
            Self::Listed(entries) => (entries, &[]),
            Self::Arrayed(counts) => (&[], counts),
        };
        let arrayed = arrayed.iter().enumerate().map(|(class, n)| (class as u16, *n));
        listed.iter().copied().chain(arrayed).filter(|(_, n)| *n != 0)
    }

    pub(super) fn is_zero(&self) -> bool {
        self.iter().next().is_none()
    }

    fn array(&mut self) {
        let Self::Listed(entries) = self else { return };
        let mut counts = Vec::new();
        entries.iter().for_each(|(class, n)| *at(&mut counts, *class) += n);
        *self = Self::Arrayed(counts);
    }
}

fn at(counts: &mut Vec<i32>, class: u16) -> &mut i32 {
    let class = usize::from(class);
    if counts.len() <= class {
        counts.resize(class + 1, 0);
    }
    &mut counts[class]
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
            let (mut tallies, mut other, mut sums) = (Tallies::default(), Tallies::default(), BTreeMap::<u16, i32>::new());
            for (class, n) in added.into_iter().filter(|(_, n)| *n != 0) {
                tallies.add(class, n);
                *sums.entry(class).or_default() += n;
            }
            for (class, n) in others.into_iter().filter(|(_, n)| *n != 0) {
                other.add(class, n);
                *sums.entry(class).or_default() += sign * n;
            }
            tallies.combine(&other, sign);
            sums.retain(|_, n| *n != 0);
            prop_assert_eq!(tallies.iter().collect::<Vec<_>>(), sums.into_iter().collect::<Vec<_>>());
            let copy = tallies.clone();
            tallies.combine(&copy, -1);
            prop_assert!(tallies.is_zero());
        }
    }
}
