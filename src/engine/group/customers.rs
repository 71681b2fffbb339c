//! What an event of a customer changes, and what a contact or an answer changes for its customer.

use super::{Arrived, Group, post_difference};
use crate::engine::Rules;
use crate::engine::contact::Opening;
use crate::engine::customer::{StepKind, Subscription};
use crate::engine::fact::Facts;
use crate::engine::names::DimensionsId;
use crate::engine::order::EventOrder;
use crate::engine::survey::{StandingAnswer, touchpoint};
use crate::engine::view::View;
use crate::event::{Contact, CustomerAction, Key, TouchpointOutcome};
use crate::time::{EventTime, Span};

impl Group {
    pub(super) fn apply_customer(&mut self, action: CustomerAction, arrived: &Arrived, view: &mut View, rules: &Rules) {
        let Some(customer) = arrived.customer else { return };
        let order = arrived.order;
        let kind = match action {
            CustomerAction::Erased => return self.erase(customer, order, view, rules),
            CustomerAction::Active => StepKind::Subscription(Subscription::Active),
            CustomerAction::Subscribed => StepKind::Subscription(Subscription::Subscribed),
            CustomerAction::Cancelled => StepKind::Subscription(Subscription::Cancelled),
            CustomerAction::Touchpoint(outcome) => StepKind::Touchpoint { is_abandoned: outcome == Some(TouchpointOutcome::Abandoned) },
        };
        let horizon = self.forgotten_before(view, rules);
        let own = view.names.of_customer(arrived.dimensions);
        let state = self.customers.begin_at(customer, order);
        let mut change = state.note(order, own, kind, view, rules);
        self.evictions.histories += state.forget_before(horizon, view.settings.limits.history_max) as u64;
        // What came to pass since then inherited other dimensions.
        let is_late = self.largest_event_time > Some(order.time);
        let contacts: Vec<Contact> =
            if is_late && change.moves_dimensions && rules.inherits_from_customer { state.contacts().collect() } else { Vec::new() };
        match kind {
            StepKind::Touchpoint { .. } => change.after.push(touchpoint(order, arrived.dimensions, DimensionsId::default(), view)),
            StepKind::Subscription(subscription) => {
                let since = if subscription == Subscription::Active { EventTime::MIN } else { order.time };
                self.customers_since = Some(self.customers_since.map_or(since, |known| known.min(since)));
            }
        }
        post_difference(change.before, change.after, &mut self.panes, view);
        self.schedule_customer(customer, order.time, view);
        contacts.into_iter().for_each(|contact| self.replay_contact(contact, view, rules));
    }

    /// Adds or removes an opening of a customer.
    pub(super) fn change_opening(
        &mut self,
        customer: Key,
        contact: Contact,
        opening: Opening,
        stands: bool,
        view: &mut View,
        rules: &Rules,
    ) {
        let horizon = self.forgotten_before(view, rules);
        let Some(state) = (if stands && opening.order.time >= horizon {
            Some(self.customers.begin_at(customer, opening.order))
        } else {
            self.customers.at_mut(customer, opening.order)
        }) else {
            return;
        };
        let (before, after) = state.change_opening(contact, opening, stands, view, rules);
        self.evictions.histories += state.forget_before(horizon, view.settings.limits.history_max) as u64;
        post_difference(before, after, &mut self.panes, view);
        self.schedule_customer(customer, opening.order.time, view);
    }

    /// Adds or removes an answer of a customer.
    pub(super) fn change_answer(&mut self, customer: Key, answer: StandingAnswer, stands: bool, view: &mut View, rules: &Rules) {
        let horizon = self.forgotten_before(view, rules);
        let order = answer.order;
        let state = if stands { Some(self.customers.begin_at(customer, order)) } else { self.customers.at_mut(customer, order) };
        let Some(state) = state else { return };
        let (before, after) = state.change_answer(answer, stands, view, rules);
        self.evictions.histories += state.forget_before(horizon, view.settings.limits.history_max) as u64;
        post_difference(before, after, &mut self.panes, view);
        self.schedule_customer(customer, order.time, view);
    }

    /// Sees to it that a customer is looked at for leaving, some time after it was last heard of.
    fn schedule_customer(&mut self, customer: Key, at: EventTime, view: &View) {
        let Some(state) = self.customers.living.get_mut(&customer).filter(|state| !state.is_scheduled) else { return };
        state.is_scheduled = true;
        self.idle_customers.push(at + view.settings.customer_retention, customer);
    }

    /// Ends a customer's life: the sums stay, and what comes after, or came already, is a new customer's.
    fn erase(&mut self, customer: Key, order: EventOrder, view: &mut View, rules: &Rules) {
        let (mut before, mut after, mut contacts) = (Facts::new(), Facts::new(), Vec::new());
        self.customers.end(customer, order, |life| {
            let whole = life.clone();
            let later = life.split_off(order, view, rules);
            // In the usual order nothing has come after it, and no sum changes.
            if !later.is_empty() {
                before = whole.facts(view, rules);
                after = life.facts(view, rules);
                after.extend(later.facts(view, rules));
                contacts.extend(whole.contacts());
            }
            later
        });
        post_difference(before, after, &mut self.panes, view);
        if rules.inherits_from_customer {
            contacts.into_iter().for_each(|contact| self.replay_contact(contact, view, rules));
        }
    }

    /// What lies before this is in no window and cannot come back into one, and whose customer has been idle for longer than any time-out.
    pub(super) fn forgotten_before(&self, view: &View, rules: &Rules) -> EventTime {
        let longest = view.settings.windows.iter().map(|w| w.range).max().unwrap_or_default();
        let idle = rules.stages.iter().map(|(_, timeout)| *timeout).max().unwrap_or(Span(0));
        self.horizon(&view.settings) - longest - view.settings.repeat_contact_within.max(idle)
    }
}
