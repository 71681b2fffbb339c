//! What a pane keeps of its facts: commutative groups of integers with zero, add and subtract, and nothing else.
//!
//! Does not know what a value means; [`super::fact::Measure`] says which aggregate it is kept in.

mod answers;
mod classes;
mod durations;
mod pairs;
mod tallies;

use std::collections::BTreeMap;

pub(crate) use answers::{Answers, Vote};
pub use classes::DurationClasses;
pub(crate) use durations::Durations;
pub(crate) use pairs::Pairs;

use crate::time::EventTime;

/// What one fact adds to its cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// So many of a thing; negative where a count falls.
    Count(i64),
    /// A length of time in milliseconds and its class.
    Duration(i64, u16),
    /// A survey answer.
    Vote(Vote),
    /// One pair of a correlation: two ranks' classes.
    Pair(u32, u32),
    /// A member of a set whose oldest is asked for.
    Since(EventTime),
}

/// The aggregate of a cell over some slice of time; boxed where it is large, because most cells count.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::box_collection, reason = "a cell that counts, as most do, must not pay for the size of a map's head")]
pub(crate) enum Partial {
    /// A sum of counts.
    Count(i64),
    /// Answers of one scale.
    Answers(Box<Answers>),
    /// A distribution of durations.
    Durations(Box<Durations>),
    /// Joint counts of two ranks.
    Pairs(Box<Pairs>),
    /// An ordered multiset of instants.
    Since(Box<BTreeMap<EventTime, i64>>),
}

impl Partial {
    /// The zero of the aggregate that `value` belongs to.
    pub(crate) fn zero_of(value: &Value) -> Self {
        match value {
            Value::Count(_) => Self::Count(0),
            Value::Vote(_) => Self::Answers(Box::default()),
            Value::Duration(..) => Self::Durations(Box::default()),
            Value::Pair(..) => Self::Pairs(Box::default()),
            Value::Since(_) => Self::Since(Box::default()),
        }
    }

    /// The zero of the same aggregate.
    pub(crate) fn zero(&self) -> Self {
        match self {
            Self::Count(_) => Self::Count(0),
            Self::Answers(_) => Self::Answers(Box::default()),
            Self::Durations(_) => Self::Durations(Box::default()),
            Self::Pairs(_) => Self::Pairs(Box::default()),
            Self::Since(_) => Self::Since(Box::default()),
        }
    }

    /// Adds one fact's value (`sign` 1) or takes it out again (`sign` -1).
    pub(crate) fn lift(&mut self, value: &Value, sign: i64) {
        match (self, value) {
            (Self::Count(n), Value::Count(by)) => *n += sign * by,
            (Self::Answers(a), Value::Vote(vote)) => a.lift(vote, sign),
            (Self::Durations(d), Value::Duration(ms, class)) => d.lift(*ms, *class, sign),
            (Self::Pairs(p), Value::Pair(x, y)) => p.lift(*x, *y, sign),
            (Self::Since(set), Value::Since(time)) => adjust(set, *time, sign),
            (partial, value) => unreachable!("a cell keeps one kind of value for life: {value:?} into {partial:?}"),
        }
    }

    /// Adds (`sign` 1) or subtracts (`sign` -1) another partial of the same cell.
    pub(crate) fn combine(&mut self, other: &Self, sign: i64) {
        match (self, other) {
            (Self::Count(a), Self::Count(b)) => *a += sign * b,
            (Self::Answers(a), Self::Answers(b)) => a.combine(b, sign),
            (Self::Durations(a), Self::Durations(b)) => a.combine(b, sign),
            (Self::Pairs(a), Self::Pairs(b)) => a.combine(b, sign),
            (Self::Since(a), Self::Since(b)) => b.iter().for_each(|(time, n)| adjust(a, *time, sign * n)),
            (a, b) => unreachable!("a cell keeps one kind of aggregate for life: {b:?} into {a:?}"),
        }
    }

    /// Whether it is the zero of its group, so that it need not be kept.
    pub(crate) fn is_zero(&self) -> bool {
        match self {
            Self::Count(n) => *n == 0,
            Self::Answers(a) => a.is_zero(),
            Self::Durations(d) => d.is_zero(),
            Self::Pairs(p) => p.is_zero(),
            Self::Since(set) => set.is_empty(),
        }
    }
}

fn adjust(set: &mut BTreeMap<EventTime, i64>, time: EventTime, by: i64) {
    let n = set.entry(time).or_default();
    *n += by;
    if *n == 0 {
        set.remove(&time);
    }
}

/// Adds `by` at `key` of a sorted sparse vector and drops the entry when it becomes zero.
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

/// Adds a sorted sparse vector to another, `sign` times: one merge when both are long, single insertions when one is short.
fn combine_sparse<K: Ord + Copy>(into: &mut Vec<(K, i32)>, from: &[(K, i32)], sign: i32) {
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
