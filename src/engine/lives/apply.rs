//! Applies an event: changes the life that it names, and the lives that depend on that life.
//!
//! A customer depends on contacts and surveys, and a survey on its contact. So the files of this folder call each other only from a contact to its
//! surveys to their customer. Every change is posted through the [`Door`] as the difference of the facts before and after. Does not know whether an
//! event was admitted.

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

/// Applies an event; returns whether it was about a ticket or chat whose creation is not known.
pub(crate) fn apply(lives: &mut Lives, event: &AdmittedEvent, door: &mut Door<'_>) -> bool {
    let mut is_orphaned = false;
    match &event.body {
        Body::Contact(contact, action) => is_orphaned = !contact::apply(lives, *contact, action.clone(), event, door),
        Body::Survey(survey) => survey::apply(lives, survey, event, door),
        Body::Customer(action) => {
            if let Some(customer) = customer::apply(lives, *action, event, door) {
                resolve_heirs(lives, customer, event.order, door);
            }
        }
        Body::SnapshotCompleted(started) => ticket_set::complete(lives, *started, event, door),
    }
    leaving::hold_limits(lives, door);
    is_orphaned
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
    let forgotten = lives.forgotten_before();
    lives.customers.forget_before(forgotten);
    leaving::expire(lives, door);
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
