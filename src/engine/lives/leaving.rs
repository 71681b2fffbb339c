//! Decides which lives leave a partition group, and when: as group time passes, or because a configured count is reached.
//!
//! Ended tickets and chats, cancelled customers and old surveys leave after their retention. When there are more than the configured count, those
//! that have ended leave first, then those that have been idle longest; of many entries, the first of a sample leave. These early departures are
//! counted, because an entry that has left can no longer be corrected.

use std::sync::Arc;

use super::contact::{ContactState, facts, idle_end_of};
use super::customer::CustomerState;
use super::store::Lives;
use super::survey::SurveyId;
use crate::engine::terms::{EngineSettings, EventOrder, Facts};
use crate::engine::windows::{Door, Subject};
use crate::event::{Contact, Key};
use crate::time::EventTime;

/// When a limit is reached, one in this many entries leaves at once, so each entry that comes pays for looking at this many.
const EVICTED_SHARE: usize = 8;
/// At least so many entries are looked at for those that leave. Where there are more, they are a sample: looking at millions would take seconds, in
/// which no event is counted.
const LOOKED_AT: usize = 16_384;
/// One in so many of a sample leaves. That empties the store by less than [`EVICTED_SHARE`] of all would, so each entry that comes may pay for fewer.
const EVICTED_SHARE_OF_SAMPLE: usize = 4;

/// Forgets the lives whose retention has passed.
pub(super) fn expire(lives: &mut Lives, door: &mut Door<'_>) {
    let settings = Arc::clone(&lives.terms.settings);
    expire_contacts(lives, &settings);
    expire_surveys(lives, &settings);
    expire_customers(lives, &settings, door);
    hold_limits(lives, door);
    shed_timers(lives);
}

/// Drops the timers of lives that have left before their time.
fn shed_timers(lives: &mut Lives) {
    let (contacts, surveys, living) = (&lives.contacts, &lives.surveys, &lives.customers.living);
    lives.unsettled.shed(contacts.len(), |contact| contacts.contains_key(contact));
    lives.ended.shed(contacts.len(), |contact| contacts.contains_key(contact));
    lives.old_surveys.shed(surveys.len(), |id| surveys.contains_key(id));
    lives.idle_customers.shed(living.len(), |key| living.contains_key(key));
}

/// Evicts lives in excess of the configured counts.
pub(super) fn hold_limits(lives: &mut Lives, door: &mut Door<'_>) {
    let limits = &lives.terms.settings.limits;
    let counts = [lives.contacts.len(), lives.surveys.len(), lives.customers.entries()];
    if counts.iter().zip([limits.contacts_max, limits.surveys_max, limits.customers_max]).all(|(count, max)| *count <= max) {
        return;
    }
    let settings = Arc::clone(&lives.terms.settings);
    let limits = &settings.limits;
    while lives.contacts.len() > limits.contacts_max {
        evict_contacts(lives, &settings, door);
    }
    while lives.surveys.len() > limits.surveys_max {
        let some = lives.surveys.some_from(next_part(lives.evictions.surveys), LOOKED_AT);
        let idle = some.into_iter().map(|(id, survey)| (survey.last_time(), *id));
        for id in first_to_leave(idle.collect(), lives.surveys.len(), limits.surveys_max) {
            evict_survey(lives, id);
            lives.evictions.surveys += 1;
        }
    }
    lives.evictions.customers += lives.customers.forget_surplus(limits.customers_max, limits.customers_max / EVICTED_SHARE);
    while lives.customers.entries() > limits.customers_max {
        let others = lives.customers.entries() - lives.customers.living.len();
        let kept = limits.customers_max.saturating_sub(others);
        let rank = |state: &CustomerState| (state.is_active(), state.last_time());
        let part = next_part(lives.evictions.customers);
        let idle = lives.customers.living.some_ranked(part, LOOKED_AT, |state| u64::from(state.is_active()), rank);
        let leaving = first_to_leave(idle, lives.customers.living.len(), kept);
        if leaving.is_empty() {
            break;
        }
        for key in leaving {
            evict_customer(lives, key, door);
            lives.evictions.customers += 1;
        }
    }
    shed_timers(lives);
}

/// Whether no further event is expected of a ticket or chat and no late event can change that.
pub(super) fn is_ended(state: &ContactState, settings: &EngineSettings, at: EventTime) -> bool {
    is_over(state, settings, at) && !state.is_unsettled()
}

fn expire_contacts(lives: &mut Lives, settings: &EngineSettings) {
    let horizon = lives.horizon;
    while let Some(contact) = lives.ended.pop_before(horizon) {
        let Some(state) = lives.contacts.get(&contact) else { continue };
        if !is_ended(&state, settings, horizon) {
            // A chat that has been heard again will end by itself later. Anything else that is not ended gets a timer when it has ended.
            if let Some(idle) = idle_end_of(&state.summary, settings).filter(|_| !state.is_unsettled()) {
                let due = state.last_order().time + idle + settings.ticket_retention;
                if due >= horizon {
                    lives.ended.push(due, contact);
                }
            }
            continue;
        }
        let due = state.last_known().time + settings.ticket_retention;
        if due < horizon {
            forget_contact(lives, contact);
        } else {
            lives.ended.push(due, contact);
        }
    }
}

/// A survey is remembered after its last event for as long as a window covers it or a late event can change it, and for as long as its ticket or
/// chat is remembered, because a later solve still pairs with the survey.
fn expire_surveys(lives: &mut Lives, settings: &EngineSettings) {
    let (horizon, kept) = (lives.horizon, settings.longest_range());
    while let Some(id) = lives.old_surveys.pop_before(horizon) {
        let Some(survey) = lives.surveys.get(&id) else { continue };
        let due = survey.last_time() + kept;
        if due >= horizon {
            lives.old_surveys.push(due, id);
        } else if !survey.contacts().any(|contact| lives.contacts.contains_key(&contact)) {
            lives.surveys.remove(&id);
        }
    }
}

fn expire_customers(lives: &mut Lives, settings: &EngineSettings, door: &mut Door<'_>) {
    let horizon = lives.horizon;
    while let Some(key) = lives.idle_customers.pop_before(horizon) {
        let Some(state) = lives.customers.living.get_mut(&key) else { continue };
        let due = state.last_time() + settings.customer_retention;
        if due >= horizon {
            lives.idle_customers.push(due, key);
        } else if state.is_active() {
            state.is_scheduled = false;
        } else {
            evict_customer(lives, key, door);
        }
    }
}

/// Forgets a ticket or chat. Its contribution to the windows stays until it ages out.
fn forget_contact(lives: &mut Lives, contact: Contact) {
    if let Some(state) = lives.contacts.remove(&contact) {
        forget_beside(lives, contact, &state);
    }
}

/// Forgets what is kept beside a ticket or chat that has left; the surveys about it get timers of their own.
fn forget_beside(lives: &mut Lives, contact: Contact, state: &ContactState) {
    lives.unfolded_events -= state.unfolded_events();
    lives.ticket_sets.forget(contact);
    // A survey that may be rated once more must still be recognised as the same one, so it stays until its own timer.
    let kept = lives.terms.settings.longest_range();
    for id in state.surveys.ids() {
        if let Some(survey) = lives.surveys.get(&id) {
            lives.old_surveys.push(survey.last_time() + kept, id);
        }
    }
}

/// Evicts the first to leave of some tickets and chats.
fn evict_contacts(lives: &mut Lives, settings: &EngineSettings, door: &mut Door<'_>) {
    let now = lives.terms.now;
    let rank = |state: &ContactState| (!is_over(state, settings, now), state.last_known());
    let idle = lives.contacts.some_ranked(next_part(lives.evictions.contacts), LOOKED_AT, ContactState::touch_memory, rank);
    let mut left = Vec::new();
    for contact in first_to_leave(idle, lives.contacts.len(), settings.limits.contacts_max) {
        evict_contact(lives, contact, door, &mut left);
        lives.evictions.contacts += 1;
    }
    let contacts = &lives.contacts;
    lives.customers.forget_openings(left, |contact| !contacts.contains_key(contact));
}

/// Evicts a ticket or chat, and adds the customers who opened it, each with the opening. One that leaves while it is open also leaves the backlog.
fn evict_contact(lives: &mut Lives, contact: Contact, door: &mut Door<'_>, left: &mut Vec<(Key, EventOrder)>) {
    let Some(state) = lives.contacts.remove(&contact) else { return };
    let openings = state.sessions().filter_map(|session| session.opened);
    left.extend(openings.filter_map(|opened| Some((opened.customer?, opened.order))));
    let mut open = state.sessions().last().map(|session| facts(session, &lives.terms)).unwrap_or_default();
    open.retain(|fact| fact.measure.is_state());
    door.post_difference(Subject::Contact(contact), open, Facts::new());
    forget_beside(lives, contact, &state);
}

fn evict_survey(lives: &mut Lives, id: SurveyId) {
    let Some(survey) = lives.surveys.remove(&id) else { return };
    for contact in survey.contacts() {
        let Some(state) = lives.contacts.get_mut(&contact) else { continue };
        state.surveys.remove(id);
        if let Some(answer) = survey.standing() {
            state.surveys.remove_answer(id.metric, answer.order);
        }
    }
}

/// Evicts a customer, who is then no longer active and in no stage. The customer's contribution to the windows stays until it ages out.
fn evict_customer(lives: &mut Lives, key: Key, door: &mut Door<'_>) {
    let Some(state) = lives.customers.living.remove(&key) else { return };
    let state = state.facts_of_now(&lives.terms);
    door.post_difference(Subject::Customer(key), state, Facts::new());
}

/// Whether no further event is expected of a ticket or chat: it has ended, was withdrawn, is not known to have begun, or is a chat that has been
/// idle for so long that it counts as ended.
fn is_over(state: &ContactState, settings: &EngineSettings, at: EventTime) -> bool {
    let summary = &state.summary;
    summary.idle_end(settings).is_some_and(|end| end < at)
        || summary.is_solved
        || summary.is_gone()
        || summary.ended.is_some()
        || summary.abandoned.is_some()
        || summary.opened.is_none()
}

/// The part of a map from which on entries are looked at. It follows from what was evicted before, which is stored, so that a restart changes nothing.
fn next_part(evicted: u64) -> usize {
    // A large odd number reaches all parts.
    evicted.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32) as usize
}

/// Of these entries of `known`, the keys that leave when there are more than `limit`: those with the smallest ranks. Where all entries are looked at, one in
/// [`EVICTED_SHARE`] more than needed leaves, and else one in [`EVICTED_SHARE_OF_SAMPLE`] of these.
fn first_to_leave<R: Ord + Copy, K: Ord + Copy>(mut ranked: Vec<(R, K)>, known: usize, limit: usize) -> Vec<K> {
    let needed = known - limit + limit / EVICTED_SHARE;
    let share = if ranked.len() == known { 1 } else { EVICTED_SHARE_OF_SAMPLE };
    let leaving = needed.min(ranked.len() / share);
    if leaving < ranked.len() {
        ranked.select_nth_unstable(leaving);
    }
    ranked.truncate(leaving);
    ranked.into_iter().map(|(_, key)| key).collect()
}
