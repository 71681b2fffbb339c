//! What leaves a group, and when: by group time, or because a configured count is reached.
//!
//! Ended tickets and chats, cancelled customers and old surveys leave after their retention. Beyond a count the ended leave first, then the
//! longest idle; both are counted, because what leaves early can no longer be corrected.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Group, post_difference};
use crate::engine::EngineSettings;
use crate::engine::Rules;
use crate::engine::contact::{ContactState, facts, idle_end_of};
use crate::engine::fact::Facts;
use crate::engine::standing::Subject;
use crate::engine::survey::SurveyId;
use crate::engine::view::View;
use crate::event::{Contact, Key};
use crate::time::{EventTime, Span};

/// When a limit is reached, this share of the entries leaves at once, so that the search for the longest idle is rare.
const EVICTED_SHARE: usize = 64;

/// When entries are looked at for leaving, soonest first.
#[derive(Debug)]
pub(super) struct Schedule<K> {
    due: BinaryHeap<Reverse<(EventTime, K)>>,
}

impl<K: Ord> Default for Schedule<K> {
    fn default() -> Self {
        Self { due: BinaryHeap::new() }
    }
}

impl<K: Ord> Schedule<K> {
    pub(super) fn push(&mut self, at: EventTime, key: K) {
        self.due.push(Reverse((at, key)));
    }

    /// Everything that is scheduled, some of it perhaps more than once.
    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        self.due.iter().map(|entry| &entry.0.1)
    }

    /// The next entry that was due before `horizon`.
    pub(super) fn pop_before(&mut self, horizon: EventTime) -> Option<K> {
        self.due.peek().filter(|next| next.0.0 < horizon)?;
        self.due.pop().map(|next| next.0.1)
    }
}

/// How many entries left early, by store.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Evictions {
    pub(crate) contacts: u64,
    pub(crate) surveys: u64,
    pub(crate) customers: u64,
    /// Events that were applied before now had reached them, because too many lay ahead of it.
    pub(crate) held: u64,
    /// Events of histories that were too long, folded before their time.
    pub(crate) histories: u64,
}

impl Group {
    /// Lets go of what nothing asks for any more.
    pub(super) fn expire(&mut self, horizon: EventTime, view: &mut View, rules: &Rules) {
        let settings = std::sync::Arc::clone(&view.settings);
        let kept = survey_retention(&settings);
        while let Some(contact) = self.ended.pop_before(horizon) {
            let Some(state) = self.contacts.get(&contact).filter(|state| is_ended(state, &settings, horizon)) else { continue };
            let due = state.last_known().time + settings.ticket_retention;
            if due < horizon {
                self.forget_contact(contact, kept);
            } else {
                self.ended.push(due, contact);
            }
        }
        while let Some(id) = self.old_surveys.pop_before(horizon) {
            let last = self.surveys.get(&id).map(|survey| survey.last_time());
            match last {
                Some(last) if last + kept >= horizon => self.old_surveys.push(last + kept, id),
                // What is about a known ticket or chat stays as long as that does: a later solve still pairs with it.
                Some(_) if self.surveys[&id].abouts().any(|contact| self.contacts.contains_key(&contact)) => {}
                Some(_) | None => drop(self.surveys.remove(&id)),
            }
        }
        while let Some(key) = self.idle_customers.pop_before(horizon) {
            let Some(state) = self.customers.living.get_mut(&key) else { continue };
            let due = state.last_time() + settings.customer_retention;
            if due >= horizon {
                self.idle_customers.push(due, key);
            } else if state.is_active() {
                state.is_scheduled = false;
            } else {
                self.evict_customer(key, view, rules);
            }
        }
        self.hold_limits(view, rules);
    }

    /// Evicts beyond the configured counts.
    pub(super) fn hold_limits(&mut self, view: &mut View, rules: &Rules) {
        let limits = &view.settings.limits;
        let counts = [self.contacts.len(), self.surveys.len(), self.customers.living.len()];
        if counts.iter().zip([limits.contacts_max, limits.surveys_max, limits.customers_max]).all(|(count, max)| *count <= max) {
            return;
        }
        let settings = std::sync::Arc::clone(&view.settings);
        let limits = &settings.limits;
        if self.contacts.len() > limits.contacts_max {
            let is_over = |state: &ContactState| is_over(state, &settings, view.now);
            let idle = self.contacts.iter().map(|(contact, state)| ((!is_over(&state), state.last_known()), *contact));
            for contact in first_to_leave(idle.collect(), limits.contacts_max) {
                self.evict_contact(contact, view);
                self.evictions.contacts += 1;
            }
        }
        if self.surveys.len() > limits.surveys_max {
            let idle = self.surveys.iter().map(|(id, survey)| (survey.last_time(), *id));
            for id in first_to_leave(idle.collect(), limits.surveys_max) {
                self.evict_survey(id);
                self.evictions.surveys += 1;
            }
        }
        if self.customers.living.len() > limits.customers_max {
            let idle = self.customers.living.iter().map(|(key, state)| ((state.is_active(), state.last_time()), *key));
            for key in first_to_leave(idle.collect(), limits.customers_max) {
                self.evict_customer(key, view, rules);
                self.evictions.customers += 1;
            }
        }
    }

    /// Forgets a ticket or chat with the surveys about it; what it contributed to the windows stays until it ages out.
    fn forget_contact(&mut self, contact: Contact, kept: Span) {
        let Some(state) = self.contacts.remove(&contact) else { return };
        if let Some(open) = &mut self.open_tickets {
            open.remove(&contact);
        }
        // What may still be rated again must be known to be the same survey.
        for id in state.surveys.ids() {
            if let Some(survey) = self.surveys.get(&id) {
                self.old_surveys.push(survey.last_time() + kept, id);
            }
        }
    }

    /// A ticket or chat that leaves while open takes its place in the backlog with it.
    fn evict_contact(&mut self, contact: Contact, view: &mut View) {
        let Some(state) = self.contacts.get(&contact) else { return };
        let mut open = facts(&state.summary, &view.classes, &view.settings);
        open.retain(|fact| fact.measure.is_state());
        post_difference(Subject::Contact(contact), open, Facts::new(), &mut self.panes);
        let kept = survey_retention(&view.settings);
        self.forget_contact(contact, kept);
    }

    fn evict_survey(&mut self, id: SurveyId) {
        let Some(survey) = self.surveys.remove(&id) else { return };
        for contact in survey.abouts() {
            let Some(state) = self.contacts.get_mut(&contact) else { continue };
            state.surveys.remove(id);
            if let Some(answer) = &survey.answer {
                state.surveys.remove_answer(id.metric, answer.order);
            }
        }
    }

    /// A customer who leaves is none of the active any more, and in no stage; what they contributed to the windows stays until it ages out.
    fn evict_customer(&mut self, key: Key, view: &mut View, rules: &Rules) {
        let Some(state) = self.customers.living.remove(&key) else { return };
        let state = state.facts_of_now(view, rules);
        post_difference(Subject::Customer(key), state, Facts::new(), &mut self.panes);
    }
}

/// Whether nothing more is expected of a ticket or chat, and nothing late can change that.
pub(super) fn is_ended(state: &ContactState, settings: &EngineSettings, at: EventTime) -> bool {
    is_over(state, settings, at) && !state.is_unsettled()
}

/// Whether nothing more is expected of a ticket or chat: ended, withdrawn, never known to have begun, or a chat that has been idle for so long that
/// it counts as ended.
fn is_over(state: &ContactState, settings: &EngineSettings, at: EventTime) -> bool {
    let summary = &state.summary;
    let idle_end = idle_end_of(summary, settings).zip(summary.named).map(|(idle, named)| named + idle);
    idle_end.is_some_and(|end| end < at)
        || summary.is_solved
        || summary.is_gone
        || summary.ended.is_some()
        || summary.abandoned.is_some()
        || summary.opened.is_none()
}

/// How long a survey is known after its last event: while any window covers it or anything late can.
pub(super) fn survey_retention(settings: &EngineSettings) -> Span {
    settings.windows.iter().map(|w| w.range).max().unwrap_or_default()
}

/// The keys of what leaves when there are more than `limit` entries: the smallest ranks, a share more than needed.
fn first_to_leave<R: Ord + Copy, K: Ord + Copy>(mut ranked: Vec<(R, K)>, limit: usize) -> Vec<K> {
    let leaving = (ranked.len() - limit + limit / EVICTED_SHARE).min(ranked.len());
    if leaving < ranked.len() {
        ranked.select_nth_unstable(leaving);
    }
    ranked.truncate(leaving);
    ranked.into_iter().map(|(_, key)| key).collect()
}
