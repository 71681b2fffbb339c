//! What an event of a customer changes, and what a contact or an answer changes for its customer.

use super::{Arrived, Group, post_difference};
use crate::engine::Rules;
use crate::engine::contact::ContactState;
use crate::engine::customer::{CustomerState, Heir, Subscription};
use crate::engine::fact::Facts;
use crate::engine::names::DimensionsId;
use crate::engine::order::EventOrder;
use crate::engine::survey::touchpoint;
use crate::engine::view::View;
use crate::event::{CustomerAction, Key};
use crate::time::EventTime;

impl Group {
    pub(super) fn apply_customer(&mut self, action: CustomerAction, arrived: &Arrived, view: &mut View, rules: &Rules) {
        let Some(customer) = arrived.customer else { return };
        if action == CustomerAction::Erased {
            // The identity is forgotten and the sums stay: a later event of that id is a new customer.
            self.customers.remove(&customer);
            return;
        }
        let order = arrived.order;
        let state = self.customers.entry(customer).or_default();
        let matters = state.has_after(order);
        let mut before = state.subscription_facts();
        before.extend(touchpoints_if(matters, state, order, view));
        let own = view.names.of_customer(arrived.dimensions);
        state.note_dimensions(order, own, view);
        let subscription = match action {
            CustomerAction::Active => Some(Subscription::Active),
            CustomerAction::Subscribed => Some(Subscription::Subscribed),
            CustomerAction::Cancelled => Some(Subscription::Cancelled),
            CustomerAction::Touchpoint(_) | CustomerAction::Erased => None,
        };
        if let Some(subscription) = subscription {
            state.note_subscription(order, subscription);
        }
        let mut after = state.subscription_facts();
        after.extend(touchpoints_if(matters, state, order, view));
        if let Some(subscription) = subscription {
            let since = if subscription == Subscription::Active { EventTime::MIN } else { order.time };
            self.customers_since = Some(self.customers_since.map_or(since, |known| known.min(since)));
        } else {
            after.push(touchpoint(order, arrived.dimensions, DimensionsId::default(), view));
        }
        post_difference(before, after, &mut self.panes, view);
        self.schedule_customer(customer, order.time, view);
        if own != DimensionsId::default() {
            self.tell_heirs(customer, view, rules);
        }
    }

    /// Notes that a ticket, chat or survey inherits a customer's dimensions, where any grouping set asks for them.
    pub(super) fn add_heir(&mut self, customer: Key, heir: Heir, view: &View, rules: &Rules) {
        if rules.inherits_from_customer && self.customers.entry(customer).or_default().add_heir(heir) {
            self.unsettled_heirs(customer, view);
        }
    }

    /// Looks again at whatever inherits a customer's dimensions, because they may have become known late.
    fn tell_heirs(&mut self, customer: Key, view: &mut View, rules: &Rules) {
        for heir in self.unsettled_heirs(customer, view) {
            match heir {
                Heir::Contact(contact) => self.replay_contact(contact, view, rules),
                Heir::Survey(survey) => self.resolve_survey(survey, view, rules),
            }
        }
    }

    fn unsettled_heirs(&mut self, customer: Key, view: &View) -> Vec<Heir> {
        let horizon = self.horizon(&view.settings);
        let (contacts, surveys) = (&self.contacts, &self.surveys);
        let is_unsettled = |heir: &Heir| match heir {
            Heir::Contact(contact) => contacts.get(contact).is_some_and(ContactState::is_unsettled),
            Heir::Survey(survey) => surveys.get(survey).is_some_and(|state| state.last_time() >= horizon),
        };
        self.customers.get_mut(&customer).map(|state| state.unsettled_heirs(is_unsettled)).unwrap_or_default()
    }

    /// Sees to it that a customer is looked at for leaving, some time after it was last heard of.
    fn schedule_customer(&mut self, customer: Key, at: EventTime, view: &View) {
        let Some(state) = self.customers.get_mut(&customer).filter(|state| !state.is_scheduled) else { return };
        state.is_scheduled = true;
        self.idle_customers.push(at + view.settings.customer_retention, customer);
    }

    /// Changes a customer's openings around one of them.
    pub(super) fn change_openings(&mut self, customer: Key, order: EventOrder, view: &mut View, change: impl FnOnce(&mut CustomerState)) {
        let horizon = self.forgotten_before(view);
        let state = self.customers.entry(customer).or_default();
        let before = state.opening_facts_around(order, view);
        change(state);
        let after = state.opening_facts_around(order, view);
        state.forget_before(horizon);
        post_difference(before, after, &mut self.panes, view);
        self.schedule_customer(customer, order.time, view);
    }

    /// Changes a customer's answers; `order` is that of the answer which comes or goes.
    pub(super) fn change_answers(&mut self, customer: Key, order: EventOrder, view: &mut View, change: impl FnOnce(&mut CustomerState)) {
        let state = self.customers.entry(customer).or_default();
        let mut before = state.latest_answer_facts(view);
        before.extend(state.answer_touchpoint(order, view));
        change(state);
        let mut after = state.latest_answer_facts(view);
        after.extend(state.answer_touchpoint(order, view));
        post_difference(before, after, &mut self.panes, view);
        self.schedule_customer(customer, order.time, view);
    }

    /// What lies before this is in no window and cannot come back into one.
    fn forgotten_before(&self, view: &View) -> EventTime {
        let longest = view.settings.windows.iter().map(|w| w.range).max().unwrap_or_default();
        self.horizon(&view.settings) - longest - view.settings.repeat_contact_within
    }
}

fn touchpoints_if(matters: bool, state: &CustomerState, order: EventOrder, view: &View) -> Facts {
    if matters { state.touchpoints_after(order, view) } else { Facts::new() }
}
