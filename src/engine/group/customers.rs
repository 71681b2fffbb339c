//! What an event of a customer changes, and what a contact or an answer changes for its customer.

use super::{Arrived, Group, post_difference};
use crate::engine::Rules;
use crate::engine::contact::{ContactState, Opening};
use crate::engine::customer::{Heir, StepKind, Subscription};
use crate::engine::fact::Facts;
use crate::engine::names::DimensionsId;
use crate::engine::order::EventOrder;
use crate::engine::standing::Subject;
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
        let heirs_differ = change.moves_dimensions && self.largest_event_time > Some(order.time);
        match kind {
            StepKind::Touchpoint { .. } => change.after.push(touchpoint(order, arrived.dimensions, DimensionsId::default(), view)),
            StepKind::Subscription(subscription) => {
                let since = if subscription == Subscription::Active { EventTime::MIN } else { order.time };
                self.customers_since = Some(self.customers_since.map_or(since, |known| known.min(since)));
            }
        }
        post_difference(Subject::Customer(customer), change.before, change.after, &mut self.panes);
        self.schedule_customer(customer, order.time, view);
        if heirs_differ {
            self.tell_heirs(customer, order, view, rules);
        }
    }

    /// Notes that a ticket, chat or survey inherits a customer's dimensions, where any grouping set asks for them.
    pub(super) fn add_heir(&mut self, customer: Key, order: EventOrder, heir: Heir, view: &View, rules: &Rules) {
        if !rules.inherits_from_customer {
            return;
        }
        if self.customers.begin_at(customer, order).add_heir(heir) {
            self.unsettled_heirs(customer, order);
        }
        self.schedule_customer(customer, order.time, view);
    }

    /// Looks again at whatever inherits a customer's dimensions, because they became known late.
    fn tell_heirs(&mut self, customer: Key, order: EventOrder, view: &mut View, rules: &Rules) {
        for heir in self.unsettled_heirs(customer, order) {
            match heir {
                Heir::Contact(contact) => self.replay_contact(contact, view, rules),
                Heir::Survey(survey) => self.resolve_survey(survey, view, rules),
            }
        }
    }

    fn unsettled_heirs(&mut self, customer: Key, order: EventOrder) -> Vec<Heir> {
        let horizon = self.horizon();
        let (contacts, surveys) = (&self.contacts, &self.surveys);
        let is_unsettled = |heir: &Heir| match heir {
            Heir::Contact(contact) => contacts.awake(contact).is_some_and(ContactState::is_unsettled),
            Heir::Survey(survey) => surveys.get(survey).is_some_and(|state| state.last_time() >= horizon),
        };
        self.customers.at_mut(customer, order).map(|state| state.unsettled_heirs(is_unsettled)).unwrap_or_default()
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
        post_difference(Subject::Customer(customer), before, after, &mut self.panes);
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
        post_difference(Subject::Customer(customer), before, after, &mut self.panes);
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
        let (mut before, mut after) = (Facts::new(), Facts::new());
        self.customers.end(customer, order, |life| {
            let whole = life.clone();
            let later = life.split_off(order, view, rules);
            // In the usual order nothing has come after it, and no sum changes.
            if !later.is_empty() {
                before = whole.facts(view, rules);
                after = life.facts(view, rules);
                after.extend(later.facts(view, rules));
            }
            later
        });
        post_difference(Subject::Customer(customer), before, after, &mut self.panes);
        // What came after it and was taken for the old customer's inherits nothing of theirs.
        self.tell_heirs(customer, order, view, rules);
    }

    /// What lies before this is in no window and cannot come back into one, and whose customer has been idle for longer than any time-out.
    ///
    /// Counted from where histories have been folded, and not from group time: until then a ticket may still ask what it inherits.
    pub(super) fn forgotten_before(&self, view: &View, rules: &Rules) -> EventTime {
        let longest = view.settings.windows.iter().map(|w| w.range).max().unwrap_or_default();
        let idle = rules.stages.iter().map(|(_, timeout)| *timeout).max().unwrap_or(Span(0));
        self.settled_before - longest - view.settings.repeat_contact_within.max(idle)
    }
}
