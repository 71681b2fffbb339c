//! Applies an event of a ticket or chat to its own facts, its pairs with answers, its customer's openings, and its surveys.

use super::customer::{add_heir, change_opening};
use super::survey;
use crate::engine::lives::contact::{Action, ContactChange, ContactState, HistoryEvent, Opening, Seen, facts, idle_end_of};
use crate::engine::lives::customer::Heir;
use crate::engine::lives::customers::Customers;
use crate::engine::lives::leaving::is_ended;
use crate::engine::lives::store::{AdmittedEvent, Lives, WAITING_MAX, pairs_of};
use crate::engine::lives::survey::touchpoint;
use crate::engine::terms::{DimensionsId, EventOrder, Fact, Facts, Terms, difference};
use crate::engine::windows::{Door, Subject};
use crate::event::{Contact, ContactAction};
use crate::time::Span;

/// Applies an event of a ticket or chat; returns whether its creation is known.
pub(super) fn apply(lives: &mut Lives, contact: Contact, action: ContactAction, event: &AdmittedEvent, door: &mut Door<'_>) -> bool {
    let action = Action::Event(action);
    let event = HistoryEvent { order: event.order, dimensions: event.dimensions, customer: event.customer, action };
    insert(lives, contact, event, door)
}

/// Puts an event into the history of a ticket or chat; returns whether its creation is known.
pub(super) fn insert(lives: &mut Lives, contact: Contact, event: HistoryEvent, door: &mut Door<'_>) -> bool {
    let begins = event.order.time;
    let sets = lives.ticket_sets.after(contact, event.order);
    let changed = change(lives, contact, door, |state, customers, terms| {
        let inherits = terms.rules.inherits_from_customer;
        state.insert(event, &sets, &customers.inherited(inherits), terms)
    });
    if !changed.was_unsettled {
        lives.unsettled.push(begins + lives.lateness_max.min(WAITING_MAX), contact);
    }
    let Changed { opened, last, .. } = changed;
    if let Some((customer, order)) = opened.and_then(|opened| Some((opened.customer?, opened.order))) {
        add_heir(lives, customer, order, Heir::Contact(contact));
        // After an erasure, later events inherit from the new customer with the same id.
        for order in lives.customers.lives_between(customer, order, last) {
            add_heir(lives, customer, order, Heir::Contact(contact));
        }
    }
    opened.is_some()
}

/// Recomputes a ticket or chat, because its customer's dimensions became known late.
pub(super) fn replay(lives: &mut Lives, contact: Contact, door: &mut Door<'_>) {
    change(lives, contact, door, |state, customers, terms| {
        let inherits = terms.rules.inherits_from_customer;
        state.replay(&customers.inherited(inherits), terms)
    });
}

/// Folds the events that no late event can precede, and sets a timer for the rest.
pub(super) fn settle(lives: &mut Lives, contact: Contact) {
    let horizon = lives.horizon;
    let Some(state) = lives.contacts.get_mut(&contact).filter(|s| s.is_unsettled()) else { return };
    let history_max = lives.terms.settings.limits.history_max;
    if let Some((start, end)) = state.waiting_tail(history_max).filter(|(start, end)| *end >= horizon && *start + WAITING_MAX >= horizon) {
        // More events may come until then, and each fruitless examination has a cost.
        let settles = end + Span(lives.lateness_max.0 / 2);
        lives.unsettled.push(settles.min(start + WAITING_MAX), contact);
        return;
    }
    let inherits = lives.terms.rules.inherits_from_customer;
    let early = state.fold(horizon, history_max, &lives.customers.inherited(inherits), &mut lives.terms);
    let settings = &lives.terms.settings;
    let dropped = state.shorten(horizon - settings.longest_range(), history_max);
    lives.evictions.histories += (early + dropped) as u64;
    if let Some(next) = state.tail_start() {
        lives.unsettled.push(next, contact);
    } else {
        let is_ended = is_ended(state, settings, horizon);
        let idle = idle_end_of(&state.summary, settings).filter(|_| !is_ended);
        if idle.is_some() || is_ended {
            let over = state.last_order().time + idle.unwrap_or_default();
            lives.ended.push(over + settings.ticket_retention, contact);
        }
        lives.contacts.put_to_sleep(&contact);
    }
}

/// The result of a change.
struct Changed {
    /// Whether the history had unfolded events before the change.
    was_unsettled: bool,
    /// The opening after the change.
    opened: Option<Opening>,
    /// The last event after the change.
    last: EventOrder,
}

/// Changes a ticket or chat and posts all facts that follow from the change.
fn change(
    lives: &mut Lives,
    contact: Contact,
    door: &mut Door<'_>,
    change: impl FnOnce(&mut ContactState, &Customers, &mut Terms) -> ContactChange,
) -> Changed {
    let terms = &mut lives.terms;
    let state = lives.contacts.get_or_insert_with(contact, || ContactState::new(contact, terms));
    let was_unsettled = state.is_unsettled();
    let has_surveys = !state.surveys.is_empty();
    let pairs = if has_surveys { pairs_of(contact, state, &lives.surveys, terms) } else { Facts::new() };
    let (opening, was_spam) = (standing_opening(state), state.summary.is_spam);
    let seen = Seen::of(&state.summary, &terms.settings);
    let ContactChange { was, is_last } = change(state, &lives.customers, terms);
    let (mut gone, mut come) = (Facts::new(), Facts::new());
    match was {
        None => seen.exchange(&state.summary, &terms.bins, &terms.settings, &mut gone, &mut come),
        Some(was) => {
            gone = facts(&was, &terms.bins, &terms.settings);
            come = facts(&state.summary, &terms.bins, &terms.settings);
            difference(&mut gone, &mut come);
        }
    }
    let new_opening = standing_opening(state);
    if opening != new_opening {
        gone.extend(opening.and_then(|opening| anonymous_touchpoint(opening, terms)));
        come.extend(new_opening.and_then(|opening| anonymous_touchpoint(opening, terms)));
    }
    let changed = Changed { was_unsettled, opened: state.summary.opened, last: state.last_order() };
    let (is_spam, is_open) = (state.summary.is_spam, state.summary.is_open());
    door.post(Subject::Contact(contact), &gone, &come);

    lives.ticket_sets.note_open(contact, is_open);
    if opening != new_opening {
        move_opening(lives, contact, opening, new_opening, door);
    }
    if has_surveys {
        if !is_last || was_spam != is_spam {
            survey::resolve_about(lives, contact, door);
        }
        let pairs_now = lives.pairs_of(contact);
        door.post_difference(Subject::Contact(contact), pairs, pairs_now);
    }
    changed
}

/// Updates the customers concerned when a ticket or chat was opened, was withdrawn, or turns out to belong to another customer.
fn move_opening(lives: &mut Lives, contact: Contact, old: Option<Opening>, new: Option<Opening>, door: &mut Door<'_>) {
    if let Some((opening, customer)) = old.and_then(|o| Some((o, o.customer?))) {
        change_opening(lives, customer, contact, opening, false, door);
    }
    if let Some((opening, customer)) = new.and_then(|o| Some((o, o.customer?))) {
        change_opening(lives, customer, contact, opening, true, door);
    }
}

/// The touchpoint of an opening that has no customer.
fn anonymous_touchpoint(opening: Opening, terms: &Terms) -> Option<Fact> {
    let is_anonymous = opening.customer.is_none() && !opening.is_silent;
    is_anonymous.then(|| touchpoint(opening.order, opening.dimensions, DimensionsId::default(), terms))
}

/// The opening of a ticket or chat that is not withdrawn.
fn standing_opening(state: &ContactState) -> Option<Opening> {
    state.summary.opened.filter(|_| !state.summary.is_gone)
}
