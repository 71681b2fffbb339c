//! Accumulators: the sum of the facts of a slot or a cell, over a pane, a ring or a window. Each kind is a commutative group of integers: it has a
//! zero, and values can be added and subtracted.
//!
//! Does not know the meaning of a value.

mod amounts;
mod answers;
mod bin_counts;
mod durations;
mod pairs;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(crate) use amounts::Amounts;
pub(crate) use answers::AnswerSums;
pub(crate) use durations::Durations;
pub(crate) use pairs::Pairs;

use crate::engine::terms::Contribution;
use crate::time::EventTime;

/// The accumulated facts of a slot or a cell, over a pane, a ring or a window, or in the state of now. Large kinds are boxed, because most cells are
/// counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(clippy::box_collection, reason = "most cells are counts, and a count should not take the memory of a map's header")]
pub(crate) enum Accumulator {
    /// A sum of counts.
    Count(i64),
    /// The sums over the answers of one scale.
    Answers(Box<AnswerSums>),
    /// A distribution of durations.
    Durations(Box<Durations>),
    /// The joint counts of two ranks.
    Pairs(Box<Pairs>),
    /// A multiset of instants, in order.
    Since(Box<BTreeMap<EventTime, i64>>),
    /// A sum of money.
    Amounts(Box<Amounts>),
}

impl Accumulator {
    /// The zero of the kind of accumulator that `value` belongs to.
    pub(crate) fn zero_of(value: &Contribution) -> Self {
        match value {
            Contribution::Count(_) => Self::Count(0),
            Contribution::Vote(_) => Self::Answers(Box::default()),
            Contribution::Duration(..) => Self::Durations(Box::default()),
            Contribution::Pair(..) => Self::Pairs(Box::default()),
            Contribution::Since(_) => Self::Since(Box::default()),
            Contribution::Amount(..) => Self::Amounts(Box::default()),
        }
    }

    /// The zero of the same kind of accumulator.
    pub(crate) fn zero(&self) -> Self {
        match self {
            Self::Count(_) => Self::Count(0),
            Self::Answers(_) => Self::Answers(Box::default()),
            Self::Durations(_) => Self::Durations(Box::default()),
            Self::Pairs(_) => Self::Pairs(Box::default()),
            Self::Since(_) => Self::Since(Box::default()),
            Self::Amounts(_) => Self::Amounts(Box::default()),
        }
    }

    /// Adds one fact's value (`sign` 1) or subtracts it (`sign` -1).
    pub(crate) fn apply(&mut self, value: &Contribution, sign: i64) {
        match (self, value) {
            (Self::Count(n), Contribution::Count(by)) => *n += sign * by,
            (Self::Answers(a), Contribution::Vote(vote)) => a.apply(vote, sign),
            (Self::Durations(d), Contribution::Duration(ms, bin)) => d.apply(*ms, *bin, sign),
            (Self::Pairs(p), Contribution::Pair(x, y)) => p.apply(*x, *y, sign),
            (Self::Since(set), Contribution::Since(time)) => adjust(set, *time, sign),
            (Self::Amounts(a), Contribution::Amount(count, amount)) => a.apply(*count, *amount, sign),
            (accumulator, value) => unreachable!("a cell keeps one kind of value for life: {value:?} into {accumulator:?}"),
        }
    }

    /// Adds another accumulator of the same slot or cell (`sign` 1) or subtracts it (`sign` -1).
    pub(crate) fn merge(&mut self, other: &Self, sign: i64) {
        match (self, other) {
            (Self::Count(a), Self::Count(b)) => *a += sign * b,
            (Self::Answers(a), Self::Answers(b)) => a.merge(b, sign),
            (Self::Durations(a), Self::Durations(b)) => a.merge(b, sign),
            (Self::Pairs(a), Self::Pairs(b)) => a.merge(b, sign),
            (Self::Amounts(a), Self::Amounts(b)) => a.merge(b, sign),
            (Self::Since(a), Self::Since(b)) => b.iter().for_each(|(time, n)| adjust(a, *time, sign * n)),
            (a, b) => unreachable!("a cell keeps one kind of accumulator for life: {b:?} into {a:?}"),
        }
    }

    /// Whether it is zero, so that it need not be kept.
    pub(crate) fn is_zero(&self) -> bool {
        match self {
            Self::Count(n) => *n == 0,
            Self::Answers(a) => a.is_zero(),
            Self::Durations(d) => d.is_zero(),
            Self::Pairs(p) => p.is_zero(),
            Self::Since(set) => set.is_empty(),
            Self::Amounts(a) => a.is_zero(),
        }
    }
}

/// Adds `by` to the number of times that an instant is in a multiset, and drops the instant if the number becomes zero.
fn adjust(set: &mut BTreeMap<EventTime, i64>, time: EventTime, by: i64) {
    let n = set.entry(time).or_default();
    *n += by;
    if *n == 0 {
        set.remove(&time);
    }
}

/// Adds `by` to the entry at `key` of a sorted sparse vector, and drops the entry if it becomes zero.
fn adjust_sparse<K: Ord + Copy>(entries: &mut Vec<(K, i32)>, key: K, by: i32) {
    match entries.binary_search_by_key(&key, |e| e.0) {
        Ok(at) => {
            entries[at].1 += by;
            if entries[at].1 == 0 {
                entries.remove(at);
            }
        }
        Err(at) => entries.insert(at, (key, by)),
    }
}

/// Adds `sign` times one sorted sparse vector to another: by a merge, or by single insertions if `from` is much shorter.
fn merge_sparse<K: Ord + Copy>(into: &mut Vec<(K, i32)>, from: &[(K, i32)], sign: i32) {
    if from.len() * 8 < into.len() {
        from.iter().for_each(|&(key, n)| adjust_sparse(into, key, sign * n));
        return;
    }
    let mut merged = Vec::with_capacity(into.len() + from.len());
    let (mut left, mut right) = (into.iter().copied().peekable(), from.iter().map(|&(k, n)| (k, sign * n)).peekable());
    loop {
        let entry = match (left.peek(), right.peek()) {
            (None, None) => break,
            (Some(_), None) => left.next(),
            (None, Some(_)) => right.next(),
            (Some(a), Some(b)) if a.0 < b.0 => left.next(),
            (Some(a), Some(b)) if a.0 > b.0 => right.next(),
            (Some(_), Some(_)) => left.next().zip(right.next()).map(|(a, b)| (a.0, a.1 + b.1)),
        };
        merged.extend(entry.filter(|e| e.1 != 0));
    }
    *into = merged;
}
