//! Applies an event of a customer, and the changes that a contact or an answer makes to its customer.

use super::Effect;
use crate::engine::lives::contact::{ContactState, Opening, last_open_deadline};
use crate::engine::lives::customer::{CustomerEventKind, Heir, Subscription};
use crate::engine::lives::store::{AdmittedEvent, Lives};
use crate::engine::lives::survey::{StandingAnswer, touchpoint};
use crate::engine::terms::{DimensionsId, EventOrder, Facts};
use crate::engine::windows::{Door, Subject};
use crate::event::{Contact, CustomerAction, Key, TouchpointOutcome};
use crate::time::EventTime;

/// The result of an event of a customer.
#[derive(Debug)]
pub(super) struct Applied {
    /// The customer, where later contacts and answers inherit other dimensions by the event.
    pub(super) changed: Option<Key>,
    /// What the event changed. It is orphaned if it merges a customer of whom nothing is known here.
    pub(super) effect: Effect,
}

impl Applied {
    /// An event that changed nothing.
    const NOTHING: Self = Self { changed: None, effect: Effect { is_orphaned: false, has_effect: false } };
}

/// Applies an event of a customer.
pub(super) fn apply(lives: &mut Lives, action: CustomerAction, event: &AdmittedEvent, door: &mut Door<'_>) -> Applied {
    let Some(customer) = event.customer else { return Applied::NOTHING };
    let order = event.order;
    let (kind, value) = match action {
        CustomerAction::Erased => {
            let has_effect = lives.customers.at(customer, order).is_some();
            erase(lives, customer, order, door);
            // Later events that were attributed to the old customer no longer inherit the old customer's dimensions.
            return Applied { changed: Some(customer), effect: Effect { is_orphaned: false, has_effect } };
        }
        CustomerAction::Merged(into) => return merge(lives, customer, into, order, door),
        CustomerAction::Active(value) => (CustomerEventKind::Subscription(Subscription::Active), value),
        CustomerAction::Subscribed(value) => (CustomerEventKind::Subscription(Subscription::Subscribed), value),
        CustomerAction::Cancelled => (CustomerEventKind::Subscription(Subscription::Cancelled), None),
        CustomerAction::Touchpoint(outcome, value) => {
            (CustomerEventKind::Touchpoint { is_abandoned: outcome == Some(TouchpointOutcome::Abandoned) }, value)
        }
    };
    lives.ever_seen.value |= value.is_some();
    let horizon = lives.forgotten_before();
    let own = lives.terms.names.of_customer(event.dimensions);
    let state = lives.customers.begin_at(customer, order);
    let mut change = state.note(order, own, value, kind, &mut lives.terms);
    lives.evictions.histories += state.forget_before(horizon, lives.terms.settings.limits.history_max) as u64;
    // Contacts and answers since then had inherited the earlier dimensions, and so had deadlines that lie ahead.
    let heirs_differ = change.moves_dimensions && (has_deadlines(lives) || lives.largest_event_time > Some(order.time));
    match kind {
        CustomerEventKind::Touchpoint { .. } => {
            change.after.push(touchpoint(order, event.dimensions, DimensionsId::default(), &lives.terms));
        }
        CustomerEventKind::Subscription(subscription) => {
            let since = if subscription == Subscription::Active { EventTime::MIN } else { order.time };
            lives.customers_since = Some(lives.customers_since.map_or(since, |known| known.min(since)));
        }
    }
    let subject = Subject::Customer(lives.customers.current(customer, order));
    let has_effect = door.post_difference(subject, change.before, change.after) || change.moves_dimensions;
    set_timer(lives, customer, order);
    Applied { changed: heirs_differ.then_some(customer), effect: Effect { is_orphaned: false, has_effect } }
}

/// Makes two identities one customer, from the beginning.
fn merge(lives: &mut Lives, from: Key, into: Key, order: EventOrder, door: &mut Door<'_>) -> Applied {
    let Some(merged) = lives.customers.merge(from, into, order, &mut lives.terms) else { return Applied::NOTHING };
    // Facts that both have are taken back under the one and added under the other.
    door.post(Subject::Customer(merged.from), &merged.gone, &[]);
    door.post_difference(Subject::Customer(merged.into), merged.before, merged.after);
    set_timer(lives, merged.into, order.at(lives.largest_event_time.unwrap_or(order.time)));
    Applied { changed: Some(merged.into), effect: Effect { is_orphaned: !merged.were_known, has_effect: true } }
}

/// Notes that a ticket, chat or survey inherits a customer's dimensions, if any grouping set needs them.
pub(super) fn add_heir(lives: &mut Lives, customer: Key, order: EventOrder, heir: Heir) {
    if !lives.terms.rules.inherits_from_customer {
        return;
    }
    if lives.customers.begin_at(customer, order).add_heir(heir) {
        unsettled_heirs(lives, customer, order);
    }
    set_timer(lives, customer, order);
}

/// The contacts and surveys that inherit a customer's dimensions and may still change. Settled ones are forgotten.
pub(super) fn unsettled_heirs(lives: &mut Lives, customer: Key, order: EventOrder) -> Vec<Heir> {
    let (contacts, surveys, horizon, has_deadlines) = (&lives.contacts, &lives.surveys, lives.horizon, has_deadlines(lives));
    let falls_due = |contact: &Contact| contacts.get(contact).and_then(|state| last_open_deadline(&state.summary));
    let is_unsettled = |heir: &Heir| match heir {
        Heir::Contact(contact) => {
            contacts.awake(contact).is_some_and(ContactState::is_unsettled)
                || (has_deadlines && falls_due(contact).is_some_and(|deadline| deadline >= order.time))
        }
        Heir::Survey(survey) => surveys.get(survey).is_some_and(|state| state.last_time() >= horizon),
    };
    lives.customers.at_mut(customer, order).map(|state| state.unsettled_heirs(is_unsettled)).unwrap_or_default()
}

/// Whether a target of time is configured, so that a deadline may lie ahead.
fn has_deadlines(lives: &Lives) -> bool {
    lives.terms.settings.targets.times().next().is_some()
}

/// Adds an opening to a customer if it counts (`stands`), else removes it.
pub(super) fn change_opening(lives: &mut Lives, customer: Key, contact: Contact, opening: Opening, stands: bool, door: &mut Door<'_>) {
    let horizon = lives.forgotten_before();
    let Some(state) = (if stands && opening.order.time >= horizon {
        Some(lives.customers.begin_at(customer, opening.order))
    } else {
        lives.customers.at_mut(customer, opening.order)
    }) else {
        return;
    };
    let (before, after) = state.change_opening(contact, opening, stands, &lives.terms);
    lives.evictions.histories += state.forget_before(horizon, lives.terms.settings.limits.history_max) as u64;
    let subject = Subject::Customer(lives.customers.current(customer, opening.order));
    door.post_difference(subject, before, after);
    set_timer(lives, customer, opening.order);
}

/// Adds an answer to a customer if it counts (`stands`), else removes it.
pub(super) fn change_answer(lives: &mut Lives, customer: Key, answer: StandingAnswer, stands: bool, door: &mut Door<'_>) {
    let horizon = lives.forgotten_before();
    let order = answer.order;
    let state = if stands { Some(lives.customers.begin_at(customer, order)) } else { lives.customers.at_mut(customer, order) };
    let Some(state) = state else { return };
    let (before, after) = state.change_answer(answer, stands, &mut lives.terms);
    lives.evictions.histories += state.forget_before(horizon, lives.terms.settings.limits.history_max) as u64;
    let subject = Subject::Customer(lives.customers.current(customer, order));
    door.post_difference(subject, before, after);
    set_timer(lives, customer, order);
}

/// Sets the timer at which a customer may leave: the configured retention after the event `at`. A timer that is set already stays.
fn set_timer(lives: &mut Lives, customer: Key, at: EventOrder) {
    let customer = lives.customers.current(customer, at);
    let Some(state) = lives.customers.living.get_mut(&customer).filter(|state| !state.is_scheduled) else { return };
    state.is_scheduled = true;
    lives.idle_customers.push(at.time + lives.terms.settings.customer_retention, customer);
}

/// Ends a customer's life. The sums stay, and every later event of the same id belongs to a new customer, including events that have arrived
/// already.
fn erase(lives: &mut Lives, customer: Key, order: EventOrder, door: &mut Door<'_>) {
    let (mut before, mut after) = (Facts::new(), Facts::new());
    let subject = Subject::Customer(lives.customers.current(customer, order));
    let terms = &mut lives.terms;
    lives.customers.end(customer, order, |life| {
        let whole = life.clone();
        let later = life.split_off(order, terms);
        // Usually no later event has arrived yet, and no sum changes.
        if !later.is_empty() {
            before = whole.facts(terms);
            after = life.facts(terms);
            after.extend(later.facts(terms));
        }
        later
    });
    door.post_difference(subject, before, after);
}
