//! Applies a full set of ticket snapshots, which ends the open tickets that it does not name.

use super::contact;
use crate::engine::lives::contact::ContactState;
use crate::engine::lives::store::{AdmittedEvent, Lives};
use crate::engine::lives::ticket_sets::set_event;
use crate::engine::terms::EventOrder;
use crate::engine::windows::Door;
use crate::event::Contact;
use crate::time::EventTime;

/// Applies the completion of a full set of ticket snapshots: open tickets of its feed that were not named since the set began are ended.
pub(super) fn complete(lives: &mut Lives, started: EventTime, event: &AdmittedEvent, door: &mut Door<'_>) {
    let order = event.order;
    if lives.ticket_sets.insert(order, started, lives.terms.settings.limits.history_max) {
        lives.evictions.histories += 1;
    }
    for ticket in touched_tickets(lives, order, started) {
        contact::insert(lives, ticket, set_event(order, started), door);
    }
}

/// The tickets that a set ends, or would have ended had events arrived in order: those left open, and those with later events already.
fn touched_tickets(lives: &mut Lives, order: EventOrder, started: EventTime) -> Vec<Contact> {
    let contacts = &lives.contacts;
    let open = lives.ticket_sets.open_tickets(|| {
        let open = contacts.iter().filter(|(contact, state)| matches!(contact, Contact::Ticket(_)) && state.summary.is_open());
        open.map(|(contact, _)| *contact).collect()
    });
    let settings = &lives.terms.settings;
    let feed = settings.feed_of(order);
    // A ticket belongs to the feed of its events, so its last event tells it.
    let is_of_feed = |state: &ContactState| settings.feed_of(state.last_order()) == feed;
    let is_touched = |state: &ContactState| is_of_feed(state) && (state.last_order() > order || state.summary.is_left_open_since(started));
    let unsettled = lives.unsettled.keys().filter(|contact| matches!(contact, Contact::Ticket(_)));
    let candidates = open.iter().chain(unsettled).filter(|contact| contacts.get(contact).is_some_and(|state| is_touched(&state)));
    let mut tickets: Vec<Contact> = candidates.copied().collect();
    tickets.sort_unstable();
    tickets.dedup();
    tickets
}
