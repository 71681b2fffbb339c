//! The full sets of ticket snapshots that a late event may still precede, and the open tickets that the next set may end.
//!
//! Each set ends the open tickets that it does not name, in whatever order the events of those tickets arrive. Does not know any history.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use super::contact::{Action, HistoryEvent};
use crate::engine::codec::{RestoreError, StateReader, StateWriter};
use crate::engine::terms::{DimensionsId, EngineSettings, EventOrder};
use crate::event::Contact;
use crate::time::EventTime;

/// The full sets of ticket snapshots, and the open tickets.
#[derive(Debug, Default)]
pub(super) struct TicketSets {
    /// When each set began, by the order of the event that completed it.
    started: BTreeMap<EventOrder, EventTime>,
    /// The open tickets. They are tracked from the first set on, so that later sets need not search all tickets.
    open: Option<FxHashSet<Contact>>,
}

impl TicketSets {
    /// Stores the sets, and the open tickets if they are tracked.
    pub(super) fn store(&self, out: &mut StateWriter) {
        let Self { started, open } = self;
        out.put(started);
        let mut open: Option<Vec<&Contact>> = open.as_ref().map(|open| open.iter().collect());
        open.iter_mut().for_each(|open| open.sort_unstable());
        out.put(&open);
    }

    /// Restores the sets and the open tickets.
    pub(super) fn restore(input: &mut StateReader<'_>) -> Result<Self, RestoreError> {
        let started = input.take()?;
        let open: Option<Vec<Contact>> = input.take()?;
        Ok(Self { started, open: open.map(|open| open.into_iter().collect()) })
    }

    /// Adds a set; returns whether the oldest set was forgotten because there are more than `sets_max`.
    pub(super) fn insert(&mut self, order: EventOrder, started: EventTime, sets_max: usize) -> bool {
        self.started.insert(order, started);
        self.started.len() > sets_max && self.started.pop_first().is_some()
    }

    /// The sets of its feed that were completed after an event of a ticket, as events of its history; none for a chat.
    pub(super) fn after(&self, contact: Contact, order: EventOrder, settings: &EngineSettings) -> SmallVec<[HistoryEvent; 0]> {
        if self.started.is_empty() || matches!(contact, Contact::Chat(_)) {
            return SmallVec::new();
        }
        let feed = settings.feed_of(order);
        let later = self.started.range(order..).filter(|(set, _)| **set > order && settings.feed_of(**set) == feed);
        later.map(|(set, started)| set_event(*set, *started)).collect()
    }

    /// Forgets the sets that no late event can precede any more.
    pub(super) fn forget_before(&mut self, horizon: EventTime) {
        while self.started.first_key_value().is_some_and(|(order, _)| order.time < horizon) {
            self.started.pop_first();
        }
    }

    /// The open tickets. The first call searches for them with `find`.
    pub(super) fn open_tickets(&mut self, find: impl FnOnce() -> FxHashSet<Contact>) -> &FxHashSet<Contact> {
        self.open.get_or_insert_with(find)
    }

    /// Notes whether a ticket is open.
    pub(super) fn note_open(&mut self, contact: Contact, is_open: bool) {
        if let (Some(open), Contact::Ticket(_)) = (&mut self.open, contact) {
            if is_open {
                open.insert(contact)
            } else {
                open.remove(&contact)
            };
        }
    }
}

/// A completed set as an event of a ticket's history.
pub(super) fn set_event(order: EventOrder, started: EventTime) -> HistoryEvent {
    HistoryEvent { order, dimensions: DimensionsId::default(), customer: None, ticket: None, action: Action::SetCompleted(started) }
}
