//! Full sets of ticket snapshots: each ends the open tickets that it does not name, wherever the events of those stand in the order of arrival.

use smallvec::SmallVec;

use super::{Arrived, Group};
use crate::engine::Rules;
use crate::engine::contact::{Action, ContactState, Entry};
use crate::engine::names::DimensionsId;
use crate::engine::order::EventOrder;
use crate::engine::view::View;
use crate::event::Contact;
use crate::time::EventTime;

impl Group {
    /// A full set of ticket snapshots has been sent: open tickets not named since it began are ended.
    pub(super) fn complete_set(&mut self, started: EventTime, arrived: &Arrived, view: &mut View, rules: &Rules) {
        let order = arrived.order;
        self.is_history_complete = true;
        self.sets.insert(order, started);
        if self.sets.len() > view.settings.limits.history_max {
            self.sets.pop_first();
            self.evictions.histories += 1;
        }
        for ticket in self.tickets_touched_by(order, started) {
            self.take_into(ticket, entry(order, started), view, rules);
        }
    }

    /// The full sets that came after an event of a ticket.
    pub(super) fn sets_after(&self, contact: Contact, order: EventOrder) -> SmallVec<[Entry; 0]> {
        if self.sets.is_empty() || matches!(contact, Contact::Chat(_)) {
            return SmallVec::new();
        }
        let later = self.sets.range(order..).filter(|(set, _)| **set > order);
        later.map(|(set, started)| entry(*set, *started)).collect()
    }

    /// Forgets the sets that nothing late can precede any more.
    pub(super) fn forget_sets_before(&mut self, horizon: EventTime) {
        while self.sets.first_key_value().is_some_and(|(order, _)| order.time < horizon) {
            self.sets.pop_first();
        }
    }

    /// The tickets that a set ends, or may have ended when it was sent: those left open, and those of which later events have come already.
    fn tickets_touched_by(&mut self, order: EventOrder, started: EventTime) -> Vec<Contact> {
        let contacts = &self.contacts;
        let open = self.open_tickets.get_or_insert_with(|| {
            let open = contacts.iter().filter(|(contact, state)| matches!(contact, Contact::Ticket(_)) && state.summary.is_open());
            open.map(|(contact, _)| *contact).collect()
        });
        let is_touched = |state: &ContactState| state.last_order() > order || state.summary.is_left_open_since(started);
        let unsettled = self.unsettled.keys().filter(|contact| matches!(contact, Contact::Ticket(_)));
        let candidates = open.iter().chain(unsettled).filter(|contact| contacts.get(contact).is_some_and(|state| is_touched(&state)));
        let mut tickets: Vec<Contact> = candidates.copied().collect();
        tickets.sort_unstable();
        tickets.dedup();
        tickets
    }
}

fn entry(order: EventOrder, started: EventTime) -> Entry {
    Entry { order, dimensions: DimensionsId::default(), customer: None, action: Action::SetCompleted(started) }
}
