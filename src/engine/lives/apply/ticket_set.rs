//! Applies a full set of ticket snapshots, which ends the open tickets that it does not name.

use super::contact;
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
    let mut tickets = left_open_tickets(lives, order, started);
    tickets.extend(tickets_with_later_events(lives, order, started));
    tickets.sort_unstable();
    tickets.dedup();
    for ticket in tickets {
        contact::insert(lives, ticket, set_event(order, started), door);
    }
}

/// The open tickets that were not named since the set began. The places of those that were named since are brought up to date on the way.
fn left_open_tickets(lives: &mut Lives, order: EventOrder, started: EventTime) -> Vec<Contact> {
    let feed = lives.terms.settings.feed_of(order);
    let mut tickets = lives.ticket_sets.perhaps_left_open(feed, started);
    tickets.retain(|ticket| {
        let Some(state) = lives.contacts.get(ticket) else { return false };
        let (is_open, named) = (state.summary.is_open(), state.summary.named);
        let is_left_open = state.summary.is_left_open_since(started);
        if !is_left_open {
            lives.ticket_sets.note_open(*ticket, feed, is_open, named, true);
        }
        is_left_open
    });
    tickets
}

/// The tickets that the set would have ended had events arrived in order: those with later events, where it finds them not named since it began.
fn tickets_with_later_events(lives: &mut Lives, order: EventOrder, started: EventTime) -> Vec<Contact> {
    let settings = &lives.terms.settings;
    let feed = settings.feed_of(order);
    let is_ticket = |contact: &&Contact| matches!(contact, Contact::Ticket(_));
    // A ticket belongs to the feed of its events, so its last event tells it. One without unfolded events takes the set behind them, as any late event.
    let may_change = |contact: &Contact| {
        lives.contacts.awake(contact).is_some_and(|state| {
            state.is_unsettled()
                && state.last_order() > order
                && settings.feed_of(state.last_order()) == feed
                && state.is_perhaps_left_open_at(order, started)
        })
    };
    if lives.ticket_sets.knows_events_since(order.time) {
        let mut tickets = lives.ticket_sets.tickets_since(feed, order.time);
        tickets.retain(may_change);
        return tickets;
    }
    // Before the first set, and for a set that is older than what is tracked.
    let tickets = lives.unsettled.keys().filter(is_ticket).filter(|contact| may_change(contact)).copied().collect();
    if !lives.ticket_sets.knows_events_since(lives.horizon.max(order.time)) {
        let recent = lives.unsettled.keys().filter(is_ticket).filter_map(|contact| {
            let last = lives.contacts.awake(contact)?.last_order();
            Some((*contact, settings.feed_of(last), last.time))
        });
        lives.ticket_sets.track_events(lives.horizon, recent, settings.limits.identities_max);
    }
    tickets
}
