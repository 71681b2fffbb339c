//! The openings of a customer's tickets and chats, in the order in which they were opened.
//!
//! Does not know what they count for; found by their order, so that a customer with thousands of them is no slower.

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

    /// When the latest was that is no mere snapshot; `MIN` without one.
    pub(super) fn latest(&self) -> EventTime {
        self.entries.iter().rev().find(|(_, o)| !o.is_silent).map_or(EventTime::MIN, |(_, o)| o.order.time)
    }

    pub(super) fn insert(&mut self, contact: Contact, opening: Opening) {
        let at = self.place_of(opening.place());
        // Whose it is need not be kept with each.
        self.entries.insert(at, (contact, Opening { customer: None, ..opening }));
    }

    pub(super) fn remove(&mut self, contact: Contact, place: EventOrder) {
        let at = self.place_of(place);
        if self.entries.get(at).is_some_and(|(c, o)| *c == contact && o.place() == place) {
            self.entries.remove(at);
        }
    }

    /// The opening at a place, where there is one, and the next one, which may repeat it.
    pub(super) fn around(&self, place: EventOrder) -> Range<usize> {
        let from = self.place_of(place);
        let is_here = self.entries.get(from).is_some_and(|(_, o)| o.place() == place);
        from..(from + 1 + usize::from(is_here)).min(self.entries.len())
    }

    /// The openings after one event and before another.
    pub(super) fn between(&self, from: EventOrder, until: Option<EventOrder>) -> Range<usize> {
        self.place_of(from)..until.map_or(self.entries.len(), |until| self.place_of(until))
    }

    /// An opening and the one before it.
    pub(super) fn with_previous(&self, at: usize) -> (&Opening, Option<&Opening>) {
        (&self.entries[at].1, at.checked_sub(1).map(|at| &self.entries[at].1))
    }

    pub(super) fn split_off(&mut self, order: EventOrder) -> Self {
        // What a snapshot tells of is the customer's of the snapshot, however long ago it was opened.
        let (later, earlier) = std::mem::take(&mut self.entries).into_iter().partition(|(_, opening)| opening.order >= order);
        self.entries = earlier;
        Self { entries: later }
    }

    pub(super) fn forget_before(&mut self, horizon: EventTime, length_max: usize) -> usize {
        let (gone, early) = super::forgettable(&self.entries, length_max, |(_, o)| o.time < horizon);
        self.entries.drain(..gone);
        early
    }

    fn place_of(&self, place: EventOrder) -> usize {
        if self.entries.last().is_none_or(|(_, o)| o.place() < place) {
            return self.entries.len();
        }
        self.entries.partition_point(|(_, o)| o.place() < place)
    }
}

/// Whether a contact came on another channel than the one before it; `unknown` is a channel of its own.
pub(super) fn is_switch(opening: &Opening, previous: &Opening, terms: &Terms) -> bool {
    terms.names.value(opening.dimensions, CHANNEL) != terms.names.value(previous.dimensions, CHANNEL)
}
