//! Applies an event: changes the life that it names, and the lives that depend on that life.
//!
//! A customer depends on contacts and surveys, and a survey on its contact. So of the files of this folder `ticket_set` calls `contact`, `contact`
//! calls `survey` and `customer`, and `survey` calls `customer`. The way back, from a customer to its heirs, is in this file. Every change is posted
//! through the [`Door`] as the difference of the facts before and after. Does not know whether an event was admitted.

mod contact;
mod customer;
mod survey;
mod ticket_set;

use super::customer::Heir;
use super::leaving;
use super::store::{AdmittedEvent, Lives, WAITING_MAX};
use crate::engine::terms::EventOrder;
use crate::engine::windows::Door;
use crate::event::{Body, Contact, Key};
use crate::time::EventTime;

/// When there are too many unfolded events, one in this many is folded at once, so that histories are seldom folded in small parts.
const FOLDED_SHARE: usize = 8;

/// The effect of an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effect {
    /// Whether it was about a ticket or chat that has no opening, neither from a creation nor from a snapshot, or about a customer who is not known.
    pub(crate) is_orphaned: bool,
    /// Whether it changed anything that is counted.
    pub(crate) has_effect: bool,
}

/// Applies an event.
pub(crate) fn apply(lives: &mut Lives, event: &AdmittedEvent, door: &mut Door<'_>) -> Effect {
    let effect = match &event.body {
        Body::Contact(contact, action) => contact::apply(lives, *contact, action.clone(), event, door),
        Body::Survey(survey) => Effect { is_orphaned: false, has_effect: survey::apply(lives, survey, event, door) },
        Body::Customer(action) => {
            let applied = customer::apply(lives, *action, event, door);
            if let Some(customer) = applied.changed {
                resolve_heirs(lives, customer, event.order, door);
            }
            applied.effect
        }
        Body::SnapshotCompleted(started) => {
            ticket_set::complete(lives, *started, event, door);
            Effect { is_orphaned: false, has_effect: true }
        }
        Body::Change(change) => {
            let has_effect = lives.changes.take(change, event.dimensions, event.order.time, &lives.terms.names);
            Effect { is_orphaned: false, has_effect }
        }
    };
    leaving::hold_limits(lives, door);
    hold_unfolded(lives);
    effect
}

/// Folds the histories that no late event can change any more, and forgets the lives that are no longer needed.
pub(crate) fn settle(lives: &mut Lives, door: &mut Door<'_>) {
    let horizon = lives.horizon;
    let due: Vec<Contact> = std::iter::from_fn(|| lives.unsettled.pop_before(horizon)).collect();
    std::hint::black_box(due.iter().fold(0, |seen, contact| seen ^ lives.touch_contact(*contact)));
    due.into_iter().for_each(|contact| contact::settle(lives, contact));
    lives.contacts.put_resting_to_sleep(|state| !state.is_unsettled());
    lives.customers.living.put_resting_to_sleep(|_| true);
    lives.settled_before = lives.settled_before.max(horizon - WAITING_MAX);
    lives.ticket_sets.forget_before(horizon);
    lives.changes.forget_before(horizon);
    let forgotten = lives.forgotten_before();
    lives.customers.forget_before(forgotten);
    leaving::expire(lives, door);
}

/// Folds the histories that are due first, where more events are unfolded than the limits allow. Identities are limited too, and where those were
/// forgotten early, no event comes that could precede most of these.
fn hold_unfolded(lives: &mut Lives) {
    let max = lives.terms.settings.unfolded_events_max();
    if lives.unfolded_events <= max {
        return;
    }
    while lives.unfolded_events > max - max / FOLDED_SHARE {
        let Some(contact) = lives.unsettled.pop_before(EventTime::MAX) else { break };
        contact::fold_early(lives, contact);
    }
}

/// Updates every ticket, chat and survey that inherits a customer's dimensions, after those dimensions became known late.
fn resolve_heirs(lives: &mut Lives, customer: Key, order: EventOrder, door: &mut Door<'_>) {
    for heir in customer::unsettled_heirs(lives, customer, order) {
        match heir {
            Heir::Contact(contact) => contact::replay(lives, contact, door),
            Heir::Survey(survey) => survey::resolve(lives, survey, door),
        }
    }
}
