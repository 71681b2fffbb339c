//! The facts later than now, in no window yet, by slices of time. A copy shares those slices that neither changes.
//!
//! Does not know what a fact says.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::terms::Contribution;
use crate::engine::windows::accumulator::Accumulator;
use crate::engine::windows::slots::SlotId;
use crate::time::{EventTime, Span};

/// The width of a slice.
const SLICE: Span = Span::hours(1);

/// The facts of one slice.
type Slice = BTreeMap<(EventTime, SlotId), Accumulator>;

/// Facts later than now, such as a deadline still to come, added up by instant and slot.
#[derive(Clone, Debug, Default)]
pub(super) struct Ahead {
    /// The facts of each slice; none is empty.
    slices: BTreeMap<i64, Arc<Slice>>,
}

impl Ahead {
    /// Adds a value at an instant (`sign` 1) or subtracts it (`sign` -1).
    pub(super) fn apply(&mut self, slot: SlotId, time: EventTime, value: &Contribution, sign: i64) {
        self.change(slot, time, || Accumulator::zero_of(value), |sum| sum.apply(value, sign));
    }

    /// Adds an accumulator at an instant.
    pub(super) fn merge(&mut self, slot: SlotId, time: EventTime, accumulator: &Accumulator) {
        self.change(slot, time, || accumulator.zero(), |sum| sum.merge(accumulator, 1));
    }

    /// Removes the earliest facts that `now` has reached, and returns them.
    pub(super) fn pop_reached(&mut self, now: EventTime) -> Option<(SlotId, EventTime, Accumulator)> {
        let mut first = self.slices.first_entry()?;
        first.get().first_key_value().filter(|((time, _), _)| *time <= now)?;
        let facts = Arc::make_mut(first.get_mut());
        let ((time, slot), accumulator) = facts.pop_first()?;
        if facts.is_empty() {
            first.remove();
        }
        Some((slot, time, accumulator))
    }

    /// All facts, earliest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (EventTime, SlotId, &Accumulator)> {
        self.slices.values().flat_map(|facts| facts.iter()).map(|((time, slot), accumulator)| (*time, *slot, accumulator))
    }

    fn change(&mut self, slot: SlotId, time: EventTime, zero: impl FnOnce() -> Accumulator, change: impl FnOnce(&mut Accumulator)) {
        let slice = time.slice(SLICE);
        let facts = Arc::make_mut(self.slices.entry(slice).or_default());
        let sum = facts.entry((time, slot)).or_insert_with(zero);
        change(sum);
        if sum.is_zero() {
            facts.remove(&(time, slot));
            if facts.is_empty() {
                self.slices.remove(&slice);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_come_in_order_and_a_copy_keeps_those_that_were_withdrawn_or_reached() {
        let mut ahead = Ahead::default();
        let hour = |n: i64| EventTime(0) + Span::hours(n);
        for n in [5, 1, 3, 2, 4] {
            ahead.apply(SlotId(n as u32), hour(n), &Contribution::Count(1), 1);
            ahead.apply(SlotId(0), hour(n), &Contribution::Count(n), 1);
        }
        let copy = ahead.clone();
        ahead.apply(SlotId(1), hour(1), &Contribution::Count(1), -1);
        ahead.apply(SlotId(0), hour(1), &Contribution::Count(1), -1);
        let reached: Vec<_> = std::iter::from_fn(|| ahead.pop_reached(hour(3))).collect();
        let count = |slot, n, sum| (SlotId(slot), hour(n), Accumulator::Count(sum));
        assert_eq!(reached, [count(0, 2, 2), count(2, 2, 1), count(0, 3, 3), count(3, 3, 1)]);
        assert_eq!((ahead.iter().count(), ahead.slices.len(), copy.iter().count()), (4, 2, 10));
    }
}
