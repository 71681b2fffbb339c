//! What an event of a ticket or chat changes: its own facts, its pairs with answers, its customer's openings, its surveys.

use super::lives::Lives;
use super::retention::{is_ended, survey_retention};
use super::{Arrived, Group, post_difference};
use crate::engine::Rules;
use crate::engine::contact::{Action, ContactState, Entry, Opening, facts, idle_end_of, pair_facts};
use crate::engine::customer::Heir;
use crate::engine::fact::{Fact, Facts};
use crate::engine::names::DimensionsId;
use crate::engine::order::EventOrder;
use crate::engine::standing::Subject;
use crate::engine::survey::touchpoint;
use crate::engine::view::View;
use crate::event::{Contact, ContactAction, Key};
use crate::time::EventTime;

impl Group {
    pub(super) fn apply_contact(&mut self, contact: Contact, action: ContactAction, arrived: &Arrived, view: &mut View, rules: &Rules) {
        let action = Action::Event(action);
        let entry = Entry { order: arrived.order, dimensions: arrived.dimensions, customer: arrived.customer, action };
        self.take_into(contact, entry, view, rules);
        if self.contacts.get(&contact).is_none_or(|state| state.summary.opened.is_none()) {
            self.topics[arrived.topic].ledger.orphaned += 1;
        }
    }

    pub(super) fn take_into(&mut self, contact: Contact, entry: Entry, view: &mut View, rules: &Rules) {
        let begins = entry.order.time;
        let was_unsettled = self.contacts.awake(&contact).is_some_and(ContactState::is_unsettled);
        let sets = self.sets_after(contact, entry.order);
        self.change_contact(contact, view, rules, |state, customers, view| {
            let mut setting = rules.setting(&mut view.names);
            state.insert(entry, sets.into_iter(), &inherited_from(customers, rules), &mut setting)
        });
        if !was_unsettled {
            self.unsettled.push(begins, contact);
        }
        let Some(state) = self.contacts.awake(&contact) else { return };
        let (opened, last) = (state.summary.opened, state.last_order());
        if let Some((customer, order)) = opened.and_then(|opened| Some((opened.customer?, opened.order))) {
            self.add_heir(customer, order, Heir::Contact(contact), view, rules);
            // Who was erased since and came again is whom later events inherit from.
            for order in self.customers.lives_between(customer, order, last) {
                self.add_heir(customer, order, Heir::Contact(contact), view, rules);
            }
        }
    }

    /// Replays a ticket or chat, because its customer's dimensions became known late.
    pub(super) fn replay_contact(&mut self, contact: Contact, view: &mut View, rules: &Rules) {
        self.change_contact(contact, view, rules, |state, customers, view| {
            let mut setting = rules.setting(&mut view.names);
            state.replay(&inherited_from(customers, rules), &mut setting);
            false
        });
    }

    /// Folds what is settled, and comes back for the rest.
    pub(super) fn settle_contact(&mut self, contact: Contact, horizon: EventTime, view: &mut View, rules: &Rules) {
        let Some(state) = self.contacts.get_mut(&contact).filter(|s| s.is_unsettled()) else { return };
        let mut setting = rules.setting(&mut view.names);
        let history_max = view.settings.limits.history_max;
        let early = state.fold(horizon, history_max, &inherited_from(&self.customers, rules), &mut setting);
        let longest = survey_retention(&view.settings);
        let dropped = state.shorten(horizon - longest, history_max);
        self.evictions.histories += (early + dropped) as u64;
        if let Some(next) = state.tail_start() {
            self.unsettled.push(next, contact);
        } else {
            let idle = idle_end_of(contact, &view.settings).filter(|_| !is_ended(state, &view.settings, horizon));
            if idle.is_some() || is_ended(state, &view.settings, horizon) {
                let over = state.last_order().time + idle.unwrap_or_default();
                self.ended.push(over + view.settings.ticket_retention, contact);
            }
            self.contacts.put_to_sleep(&contact);
        }
    }

    /// The pairs that a ticket or chat gives with the answers about it.
    pub(super) fn pairs_of(&self, contact: Contact, view: &View) -> Facts {
        let Some(state) = self.contacts.get(&contact).filter(|s| !s.surveys.is_empty()) else { return Facts::new() };
        let answers = state.surveys.latest_answers().filter_map(|id| self.surveys.get(&id)?.answer.as_ref());
        pair_facts(contact, &state.summary, answers.filter(|a| a.stands && a.about == Some(contact)), view)
    }

    /// Changes a ticket or chat and posts whatever follows; `change` gives whether nothing before it is touched.
    fn change_contact(
        &mut self,
        contact: Contact,
        view: &mut View,
        rules: &Rules,
        change: impl FnOnce(&mut ContactState, &Lives, &mut View) -> bool,
    ) {
        // Before anything reads it, so that it is read out of its sleep once.
        self.contacts.get_mut(&contact);
        let pairs = self.pairs_of(contact, view);
        let state = self.contacts.get_or_insert_with(contact, || ContactState::new(contact, &rules.setting(&mut view.names)));
        let before = own_facts(state, view);
        let (opening, was_spam) = (standing_opening(state), state.summary.is_spam);
        let is_last = change(state, &self.customers, view);
        let after = own_facts(state, view);
        post_difference(Subject::Contact(contact), before, after, &mut self.panes, view);

        let (new_opening, is_spam) = (standing_opening(state), state.summary.is_spam);
        if let (Some(open), Contact::Ticket(_)) = (&mut self.open_tickets, contact) {
            if state.summary.is_open() {
                open.insert(contact)
            } else {
                open.remove(&contact)
            };
        }
        let has_surveys = !state.surveys.is_empty();
        if opening != new_opening {
            self.move_opening(contact, opening, new_opening, view, rules);
        }
        if has_surveys {
            if !is_last || was_spam != is_spam {
                self.resolve_surveys_of(contact, view, rules);
            }
            let pairs_now = self.pairs_of(contact, view);
            post_difference(Subject::Contact(contact), pairs, pairs_now, &mut self.panes, view);
        }
    }

    /// Tells the customers that a ticket or chat was opened, was withdrawn, or is another's.
    fn move_opening(&mut self, contact: Contact, old: Option<Opening>, new: Option<Opening>, view: &mut View, rules: &Rules) {
        if let Some((opening, customer)) = old.and_then(|o| Some((o, o.customer?))) {
            self.change_opening(customer, contact, opening, false, view, rules);
        }
        if let Some((opening, customer)) = new.and_then(|o| Some((o, o.customer?))) {
            self.change_opening(customer, contact, opening, true, view, rules);
        }
    }
}

/// The facts of a ticket or chat by itself, with the touchpoint of an opening that has no customer.
fn own_facts(state: &ContactState, view: &View) -> Facts {
    let mut facts = facts(state.contact(), &state.summary, &view.classes, &view.settings);
    facts.extend(anonymous_touchpoint(state, view));
    facts
}

fn anonymous_touchpoint(state: &ContactState, view: &View) -> Option<Fact> {
    let opening = standing_opening(state).filter(|o| o.customer.is_none() && !o.is_silent)?;
    Some(touchpoint(opening.order, opening.dimensions, DimensionsId::default(), view))
}

fn standing_opening(state: &ContactState) -> Option<Opening> {
    state.summary.opened.filter(|_| !state.summary.is_gone)
}

/// The dimensions that a contact inherits from its customer at an instant, where any grouping set asks for them.
pub(super) fn inherited_from(customers: &Lives, rules: &Rules) -> impl Fn(Option<Key>, EventOrder) -> DimensionsId {
    move |customer, order| match customer.filter(|_| rules.inherits_from_customer).and_then(|c| customers.at(c, order)) {
        Some(state) => state.dimensions_before(order),
        None => DimensionsId::default(),
    }
}
