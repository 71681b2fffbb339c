//! What a customer was said to be worth, event by event.
//!
//! Does not know whether the customer is active.

use serde::{Deserialize, Serialize};

use crate::engine::terms::EventOrder;
use crate::event::Amount;
use crate::time::EventTime;

/// The values that events named, oldest first. Most customers have none.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct NamedValues {
    named: Vec<(EventOrder, Amount)>,
}

impl NamedValues {
    /// Adds a value at its place.
    pub(super) fn insert(&mut self, order: EventOrder, value: Amount) {
        let at = self.place_of(order);
        self.named.insert(at, (order, value));
    }

    /// The latest value before an event, or of all if `order` is `None`.
    pub(super) fn last_before(&self, order: Option<EventOrder>) -> Option<Amount> {
        let end = order.map_or(self.named.len(), |order| self.place_of(order));
        self.named[..end].last().map(|(_, value)| *value)
    }

    /// Adds all values of another identity of the same person.
    pub(super) fn absorb(&mut self, other: Self) {
        other.named.into_iter().for_each(|(order, value)| self.insert(order, value));
    }

    /// Splits off the values from `order` on.
    pub(super) fn split_off(&mut self, order: EventOrder) -> Self {
        let at = self.place_of(order);
        Self { named: self.named.split_off(at) }
    }

    /// Drops the values before `horizon` except the last, and the oldest beyond `length_max`; returns the number of the latter. The value that the
    /// customer had at a cancellation is kept, because the departure counts with it.
    pub(super) fn forget_before(&mut self, horizon: EventTime, length_max: usize, cancelled: Option<EventOrder>) -> usize {
        let (gone, early) = super::forgettable(&self.named, length_max, |(order, _)| order.time < horizon);
        let departed = cancelled.and_then(|order| self.place_of(order).checked_sub(1)).filter(|at| *at < gone).map(|at| self.named[at]);
        self.named.drain(..gone);
        self.named.splice(..0, departed);
        early
    }

    fn place_of(&self, order: EventOrder) -> usize {
        self.named.partition_point(|(known, _)| *known < order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> EventOrder {
        EventOrder::MIN.at(EventTime(ms))
    }

    fn named(values: &[i64]) -> NamedValues {
        let mut named = NamedValues::default();
        // Backwards, because events may come late.
        values.iter().rev().for_each(|ms| named.insert(at(*ms), Amount(*ms * 10)));
        named
    }

    #[test]
    fn the_latest_value_before_an_event_counts() {
        let named = named(&[1, 2, 5]);
        assert_eq!(named.last_before(None), Some(Amount(50)));
        assert_eq!(named.last_before(Some(at(5))), Some(Amount(20)));
        assert_eq!(named.last_before(Some(at(1))), None);
    }

    #[test]
    fn the_last_old_value_and_that_at_a_cancellation_stay() {
        let all: Vec<i64> = (1..=8).collect();
        let mut kept = named(&all);
        assert_eq!(kept.forget_before(EventTime(7), 100, None), 0);
        assert_eq!(kept.named.iter().map(|(order, _)| order.time.0).collect::<Vec<_>>(), [6, 7, 8]);
        let mut kept = named(&all);
        assert_eq!(kept.forget_before(EventTime(7), 100, Some(at(3))), 0);
        assert_eq!((kept.named.len(), kept.last_before(Some(at(3)))), (4, Some(Amount(20))));
        let mut kept = named(&all);
        assert_eq!(kept.forget_before(EventTime(0), 5, Some(at(3))), 3, "what leaves because of the length is counted");
        assert_eq!((kept.last_before(Some(at(3))), kept.last_before(None)), (Some(Amount(20)), Some(Amount(80))));
    }
}
