//! The openings of a customer's tickets and chats, in the order in which they were opened.
//!
//! Does not know their facts. Openings are found by binary search, so that a customer with thousands of them costs no more.

use std::ops::Range;

use crate::engine::lives::contact::Opening;
use crate::engine::terms::{CHANNEL, EventOrder, Terms};
use crate::event::Contact;
use crate::time::EventTime;
use serde::{Deserialize, Serialize};

/// Openings, oldest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Openings {
    entries: Vec<(Contact, Opening)>,
}

impl Openings {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The time of the latest opening; `MIN` if there is none.
    pub(super) fn latest(&self) -> EventTime {
        self.entries.last().map_or(EventTime::MIN, |(_, o)| o.time)
    }

    /// The time of the latest opening up to an instant; `MIN` if there is none.
    pub(super) fn latest_until(&self, until: EventTime) -> EventTime {
        let latest = self.entries.partition_point(|(_, o)| o.time <= until).checked_sub(1);
        latest.map_or(EventTime::MIN, |latest| self.entries[latest].1.time)
    }

    /// Adds all openings of another identity of the same person.
    pub(super) fn absorb(&mut self, other: Self) {
        other.entries.into_iter().for_each(|(contact, opening)| self.insert(contact, opening));
    }

    /// Adds an opening at its place.
    pub(super) fn insert(&mut self, contact: Contact, opening: Opening) {
        let at = self.place_of(opening.order);
        // The customer is the same for all, so it is not kept with each.
        self.entries.insert(at, (contact, Opening { customer: None, ..opening }));
    }

    /// Removes an opening, if it is known.
    pub(super) fn remove(&mut self, contact: Contact, place: EventOrder) {
        let at = self.place_of(place);
        if self.entries.get(at).is_some_and(|(c, o)| *c == contact && o.order == place) {
            self.entries.remove(at);
        }
    }

    /// The indices of the opening at a place, if there is one, and of the next opening, which may be its repeat contact.
    pub(super) fn around(&self, place: EventOrder) -> Range<usize> {
        let from = self.place_of(place);
        let is_here = self.entries.get(from).is_some_and(|(_, o)| o.order == place);
        from..(from + 1 + usize::from(is_here)).min(self.entries.len())
    }

    /// The indices of the openings from one event up to another.
    pub(super) fn between(&self, from: EventOrder, until: Option<EventOrder>) -> Range<usize> {
        self.place_of(from)..until.map_or(self.entries.len(), |until| self.place_of(until))
    }

    /// An opening and its predecessor.
    pub(super) fn with_previous(&self, at: usize) -> (&Opening, Option<&Opening>) {
        (&self.entries[at].1, at.checked_sub(1).map(|at| &self.entries[at].1))
    }

    /// Splits off the openings whose events are at or after `order`.
    pub(super) fn split_off(&mut self, order: EventOrder) -> Self {
        // An opening known from a snapshot belongs to the customer at the snapshot, however long ago the ticket was opened.
        let (later, earlier) = std::mem::take(&mut self.entries).into_iter().partition(|(_, opening)| opening.order >= order);
        self.entries = earlier;
        Self { entries: later }
    }

    /// Drops the openings before `horizon` except the last, and the oldest beyond `length_max`; returns the number of the latter.
    pub(super) fn forget_before(&mut self, horizon: EventTime, length_max: usize) -> usize {
        let (gone, early) = super::forgettable(&self.entries, length_max, |(_, o)| o.time < horizon);
        self.entries.drain(..gone);
        early
    }

    /// Drops the openings of contacts that are gone, except the last of all and each that precedes one that stays: the next may be its repeat contact.
    pub(super) fn forget_gone(&mut self, is_gone: impl Fn(&Contact) -> bool) {
        let gone: Vec<bool> = self.entries.iter().map(|(contact, _)| is_gone(contact)).collect();
        let mut pairs = gone.windows(2);
        self.entries.retain(|_| pairs.next() != Some([true, true].as_slice()));
        self.entries.shrink_to_fit();
    }

    fn place_of(&self, place: EventOrder) -> usize {
        if self.entries.last().is_none_or(|(_, o)| o.order < place) {
            return self.entries.len();
        }
        self.entries.partition_point(|(_, o)| o.order < place)
    }
}

/// Whether a contact came on another channel than its predecessor; `unknown` is a channel of its own.
pub(super) fn is_switch(opening: &Opening, previous: &Opening, terms: &Terms) -> bool {
    terms.names.value(opening.dimensions, CHANNEL) != terms.names.value(previous.dimensions, CHANNEL)
}
