//! The customers of a partition group by their keys. A customer who was erased and came back is a second customer.
//!
//! A life that an erasure ended is kept apart for as long as a late event, or the withdrawal of a ticket, can still correct its contribution; after
//! that only the sums remain. Two identities that were merged are one customer from the beginning, until that customer is erased.
//!
//! Does not know which facts follow from a life.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::customer::CustomerState;
use super::dormant::Dormant;
use crate::engine::codec::{RestoreError, StateReader, StateWriter};
use crate::engine::shared_map::SharedMap;
use crate::engine::terms::{DimensionsId, EventOrder, Facts, Terms};
use crate::event::{Contact, Key};
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
    /// What became of each merged identity, oldest first.
    merged: SharedMap<Key, SmallVec<[MergedLife; 1]>>,
    /// The merges, oldest first, each with the identity that was merged.
    merges: BTreeSet<(EventOrder, Key)>,
    /// The identities that were merged into each customer.
    merged_into: SharedMap<Key, SmallVec<[Key; 1]>>,
}

/// A life: its key, and the erasure that ended it; `None` if none has.
type Life = (Key, Option<EventOrder>);

/// The life of an identity that was merged into another.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct MergedLife {
    /// The erasure before it; `MIN` if there was none.
    after: EventOrder,
    /// The erasure that ended it; `MAX` if there was none.
    until: EventOrder,
    /// The merge.
    at: EventOrder,
    into: Key,
}

/// Two customers who turned out to be one.
#[derive(Debug)]
pub(super) struct Merged {
    pub(super) from: Key,
    pub(super) into: Key,
    /// Whether anything was known of both.
    pub(super) were_known: bool,
    /// The facts of the merged identity, those of the other before, and those of both together.
    pub(super) gone: Facts,
    pub(super) before: Facts,
    pub(super) after: Facts,
}

impl Customers {
    /// Stores all customers.
    pub(crate) fn store(&self, out: &mut StateWriter) {
        let Self { living, erased, erasures, merged, merges, merged_into } = self;
        living.store(out, |_, _| {});
        out.put(erased);
        out.put(erasures);
        merged.store(out);
        out.put(merges);
        merged_into.store(out);
    }

    /// Restores all customers.
    pub(crate) fn restore(input: &mut StateReader<'_>) -> Result<Self, RestoreError> {
        Ok(Self {
            living: Dormant::restore(input)?,
            erased: input.take()?,
            erasures: input.take()?,
            merged: SharedMap::restore(input)?,
            merges: input.take()?,
            merged_into: SharedMap::restore(input)?,
        })
    }

    /// The identity under which the customer of an event is known: of a merged one the customer that it belongs to.
    pub(crate) fn current(&self, key: Key, order: EventOrder) -> Key {
        self.resolve(key, order).0
    }

    /// The identity under which the customer of an event is known, and an event that falls into that customer's life.
    fn resolve(&self, mut key: Key, mut order: EventOrder) -> (Key, EventOrder) {
        if self.merged.len() == 0 {
            return (key, order);
        }
        let life = |key: Key, order: EventOrder| {
            let lives = self.merged.get(&key)?;
            lives.iter().find(|life| life.after < order && order <= life.until)
        };
        while let Some(merged) = life(key, order) {
            (key, order) = (merged.into, order.max(merged.at));
        }
        (key, order)
    }

    /// Makes two identities one, that of `into`; gives the two lives as they were and as one. Nothing where they are one already, or where an erasure
    /// that came later has ended one of them before this was known.
    pub(super) fn merge(&mut self, from: Key, into: Key, at: EventOrder, terms: &mut Terms) -> Option<Merged> {
        let ((from, from_order), (into, into_order)) = (self.resolve(from, at), self.resolve(into, at));
        if from == into || self.ended_after(from, from_order).is_some() || self.ended_after(into, into_order).is_some() {
            return None;
        }
        let after = self.erased_before(from, at);
        self.merged.get_or_insert_with(from, SmallVec::new).push(MergedLife { after, until: EventOrder::MAX, at, into });
        self.merges.insert((at, from));
        self.merged_into.get_or_insert_with(into, SmallVec::new).push(from);
        let gone = self.living.remove(&from).unwrap_or_default();
        let known = self.living.get(&into).map(Cow::into_owned);
        let mut merged = Merged {
            from,
            into,
            were_known: !gone.is_empty() && known.as_ref().is_some_and(|known| !known.is_empty()),
            gone: gone.facts(terms),
            before: known.as_ref().map(|known| known.facts(terms)).unwrap_or_default(),
            after: Facts::new(),
        };
        let life = self.living.get_or_insert_with(into, CustomerState::default);
        life.absorb(gone, terms);
        merged.after = life.facts(terms);
        Some(merged)
    }

    /// The customer that a key stands for at an event, if anything is known of that customer.
    pub(crate) fn at(&self, key: Key, order: EventOrder) -> Option<Cow<'_, CustomerState>> {
        match self.life_at(key, order) {
            (key, Some(erasure)) => self.erased.get(&(key, erasure)).map(Cow::Borrowed),
            (key, None) => self.living.get(&key),
        }
    }

    /// The customer that a key stands for at an event, to be changed.
    pub(crate) fn at_mut(&mut self, key: Key, order: EventOrder) -> Option<&mut CustomerState> {
        self.life_mut(self.life_at(key, order))
    }

    /// The customer that a key stands for at an event, to be changed; begins an empty life if nothing is known.
    pub(crate) fn begin_at(&mut self, key: Key, order: EventOrder) -> &mut CustomerState {
        match self.life_at(key, order) {
            (key, Some(erasure)) => self.erased.entry((key, erasure)).or_default(),
            (key, None) => self.living.get_or_insert_with(key, CustomerState::default),
        }
    }

    /// Ends the life that the key stands for at an erasure. `split` takes the part after the erasure out of it and returns that part.
    pub(crate) fn end(&mut self, key: Key, erasure: EventOrder, split: impl FnOnce(&mut CustomerState) -> CustomerState) {
        let (key, _) = self.resolve(key, erasure);
        let next = self.ended_after(key, erasure);
        let life = match next {
            Some(next) => self.erased.remove(&(key, next)),
            None => self.living.remove(&key),
        };
        let mut earlier = life.unwrap_or_default();
        let later = split(&mut earlier);
        self.erased.insert((key, erasure), earlier);
        self.erasures.insert((erasure, key));
        self.end_merged(key, erasure);
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

    /// Forgets openings of tickets and chats that left at their limit, in the lives that these customers had at these events. `is_gone` says which left.
    pub(super) fn forget_openings(&mut self, of: Vec<(Key, EventOrder)>, is_gone: impl Fn(&Contact) -> bool) {
        let lives: BTreeSet<Life> = of.into_iter().map(|(key, order)| self.life_at(key, order)).collect();
        for life in lives {
            self.life_mut(life).into_iter().for_each(|life| life.forget_openings(&is_gone));
        }
    }

    /// Forgets the lives that erasures before `horizon` ended.
    pub(crate) fn forget_before(&mut self, horizon: EventTime) {
        while let Some((erasure, key)) = self.erasures.first().copied().filter(|(erasure, _)| erasure.time < horizon) {
            self.erasures.remove(&(erasure, key));
            self.erased.remove(&(key, erasure));
        }
    }

    /// Forgets the oldest erased lives and the oldest merges where there are more than `limit` lives and merges together, and `more` beyond that; returns
    /// the number forgotten. Merges may take half of the limit. Living customers are left to the caller.
    pub(super) fn forget_surplus(&mut self, limit: usize, more: usize) -> u64 {
        if self.entries() <= limit {
            return 0;
        }
        let (before, wanted) = (self.entries(), limit - more.min(limit));
        while self.entries() > wanted
            && let Some((erasure, key)) = self.erasures.pop_first()
        {
            self.erased.remove(&(key, erasure));
        }
        let merges_max = if self.entries() > limit { (limit / 2).saturating_sub(more) } else { usize::MAX };
        while self.merges.len() > merges_max
            && self.entries() > wanted
            && let Some((at, from)) = self.merges.pop_first()
        {
            self.unmerge(from, at);
        }
        (before - self.entries()) as u64
    }

    /// For each life that a key stands for between two events, except the first, one event that falls into it. Empty if the customer was not erased
    /// in between.
    pub(crate) fn lives_between(&self, key: Key, from: EventOrder, to: EventOrder) -> Vec<EventOrder> {
        let key = self.current(key, from);
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

    /// The number of entries that the limit of customers bounds: lives and merged identities.
    pub(super) fn entries(&self) -> usize {
        self.len() + self.merges.len()
    }

    /// Ends the lives of the identities that were merged into an erased customer: each stands for a new customer afterwards.
    fn end_merged(&mut self, key: Key, erasure: EventOrder) {
        let mut erased = vec![key];
        while let Some(key) = erased.pop() {
            for from in self.merged_into.get(&key).into_iter().flatten() {
                let Some(lives) = self.merged.get_mut(from) else { continue };
                for life in lives.iter_mut().filter(|life| life.into == key && life.at <= erasure && erasure < life.until) {
                    life.until = erasure;
                    erased.push(*from);
                }
            }
        }
    }

    /// Forgets a merge. Later events of the identity belong to a customer of its own.
    fn unmerge(&mut self, from: Key, at: EventOrder) {
        let Some(lives) = self.merged.get_mut(&from) else { return };
        let Some(index) = lives.iter().position(|life| life.at == at) else { return };
        let into = lives.remove(index).into;
        if lives.is_empty() {
            self.merged.remove(&from);
        }
        if let Some(identities) = self.merged_into.get_mut(&into) {
            if let Some(index) = identities.iter().position(|identity| *identity == from) {
                identities.swap_remove(index);
            }
            if identities.is_empty() {
                self.merged_into.remove(&into);
            }
        }
    }

    /// The life into which an event of a key falls.
    fn life_at(&self, key: Key, order: EventOrder) -> Life {
        let (key, order) = self.resolve(key, order);
        (key, self.ended_after(key, order))
    }

    fn life_mut(&mut self, (key, ended): Life) -> Option<&mut CustomerState> {
        match ended {
            Some(erasure) => self.erased.get_mut(&(key, erasure)),
            None => self.living.get_mut(&key),
        }
    }

    /// The last erasure of an identity before an event, its own or that of the customer that it belonged to; `MIN` if there was none.
    fn erased_before(&self, key: Key, order: EventOrder) -> EventOrder {
        let own = self.erased.range((key, EventOrder::MIN)..(key, order)).next_back().map(|((_, erasure), _)| *erasure);
        let merged = self.merged.get(&key).and_then(|lives| lives.last()).map(|life| life.until);
        own.into_iter().chain(merged).max().unwrap_or(EventOrder::MIN)
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
