//! The customers of a partition group by their keys. A customer who was erased and came back is a second customer.
//!
//! A life that an erasure ended is kept apart for as long as a late event, or the withdrawal of a ticket, can still correct its contribution; after
//! that only the sums remain. Does not know facts.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::customer::CustomerState;
use super::dormant::Dormant;
use crate::engine::terms::{DimensionsId, EventOrder};
use crate::event::Key;
use crate::time::EventTime;

/// All customers of a partition group.
#[derive(Debug, Default)]
pub(crate) struct Customers {
    /// The lives that no erasure has ended.
    pub(super) living: Dormant<Key, CustomerState>,
    /// The ended lives, by key and the erasure that ended each.
    erased: BTreeMap<(Key, EventOrder), CustomerState>,
    /// The erasures, oldest first.
    erasures: BTreeSet<(EventOrder, Key)>,
}

impl Customers {
    /// The customer that a key stands for at an event, if anything is known of that customer.
    pub(crate) fn at(&self, key: Key, order: EventOrder) -> Option<Cow<'_, CustomerState>> {
        match self.ended_after(key, order) {
            Some(erasure) => self.erased.get(&(key, erasure)).map(Cow::Borrowed),
            None => self.living.get(&key),
        }
    }

    /// The customer that a key stands for at an event, to be changed.
    pub(crate) fn at_mut(&mut self, key: Key, order: EventOrder) -> Option<&mut CustomerState> {
        match self.ended_after(key, order) {
            Some(erasure) => self.erased.get_mut(&(key, erasure)),
            None => self.living.get_mut(&key),
        }
    }

    /// The customer that a key stands for at an event, to be changed; begins an empty life if nothing is known.
    pub(crate) fn begin_at(&mut self, key: Key, order: EventOrder) -> &mut CustomerState {
        match self.ended_after(key, order) {
            Some(erasure) => self.erased.entry((key, erasure)).or_default(),
            None => self.living.get_or_insert_with(key, CustomerState::default),
        }
    }

    /// Ends the life that the key stands for at an erasure. `split` takes the part after the erasure out of it and returns that part.
    pub(crate) fn end(&mut self, key: Key, erasure: EventOrder, split: impl FnOnce(&mut CustomerState) -> CustomerState) {
        let next = self.ended_after(key, erasure);
        let life = match next {
            Some(next) => self.erased.remove(&(key, next)),
            None => self.living.remove(&key),
        };
        let mut earlier = life.unwrap_or_default();
        let later = split(&mut earlier);
        self.erased.insert((key, erasure), earlier);
        self.erasures.insert((erasure, key));
        match next {
            Some(next) => {
                self.erased.insert((key, next), later);
            }
            None if !later.is_empty() || later.has_heirs() => {
                *self.living.get_or_insert_with(key, CustomerState::default) = later;
            }
            None => {}
        }
    }

    /// Forgets the lives that erasures before `horizon` ended.
    pub(crate) fn forget_before(&mut self, horizon: EventTime) {
        while let Some((erasure, key)) = self.erasures.first().copied().filter(|(erasure, _)| erasure.time < horizon) {
            self.erasures.remove(&(erasure, key));
            self.erased.remove(&(key, erasure));
        }
    }

    /// For each life that a key stands for between two events, except the first, one event that falls into it. Empty if the customer was not erased
    /// in between.
    pub(crate) fn lives_between(&self, key: Key, from: EventOrder, to: EventOrder) -> Vec<EventOrder> {
        if self.erased.is_empty() || to <= from {
            return Vec::new();
        }
        let ends: Vec<EventOrder> = self.erased.range((key, from)..(key, to)).map(|((_, erasure), _)| *erasure).collect();
        ends.iter().skip(1).copied().chain((!ends.is_empty()).then_some(to)).collect()
    }

    /// The dimensions that a contact or survey inherits from its customer at an event; the default (no dimensions) unless `inherits`.
    pub(super) fn inherited(&self, inherits: bool) -> impl Fn(Option<Key>, EventOrder) -> DimensionsId {
        move |customer, order| match customer.filter(|_| inherits).and_then(|c| self.at(c, order)) {
            Some(state) => state.dimensions_before(order),
            None => DimensionsId::default(),
        }
    }

    /// The number of lives, ended ones included.
    pub(crate) fn len(&self) -> usize {
        self.living.len() + self.erased.len()
    }

    /// The first erasure of a key after an event.
    fn ended_after(&self, key: Key, order: EventOrder) -> Option<EventOrder> {
        if self.erased.is_empty() {
            return None;
        }
        let (first, _) = self.erased.range((key, order)..).next()?;
        (first.0 == key).then_some(first.1)
    }
}
