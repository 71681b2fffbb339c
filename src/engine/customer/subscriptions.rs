//! When a customer came, left and came back.
//!
//! Who is active at a window's start is read as who is active now less the activations inside the window; who churned, as the departures inside
//! the window of those who have cancelled now. So both are sums that windows can keep.

use smallvec::SmallVec;

use super::Subscription;
use super::experience::Experience;
use crate::engine::aggregate::Value;
use crate::engine::fact::{Fact, Facts, Label, Measure};
use crate::engine::names::DimensionsId;
use crate::engine::order::EventOrder;
use crate::time::EventTime;

/// Subscriptions and cancellations, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Subscriptions {
    changes: SmallVec<[(EventOrder, Subscription); 2]>,
    /// Whether something came before them that is forgotten.
    is_folded: bool,
}

/// What the facts of one kind are called: the active, their activations, the departures of those who have cancelled.
type Measures = (Measure, Measure, Measure);

const ALL: Measures = (Measure::CustomersActive, Measure::CustomerActivations, Measure::CustomerDepartures);
const BY_EXPERIENCE: Measures = (Measure::ExperienceActive, Measure::ExperienceActivations, Measure::ExperienceDepartures);

impl Subscriptions {
    pub(super) fn insert(&mut self, order: EventOrder, subscription: Subscription) {
        let at = self.changes.partition_point(|(o, _)| *o < order);
        self.changes.insert(at, (order, subscription));
    }

    pub(super) fn is_active(&self) -> bool {
        self.changes.last().is_some_and(|(_, subscription)| *subscription != Subscription::Cancelled)
    }

    /// The cancellation since which the customer is none; `None` where they are one, or never were said to be.
    pub(super) fn cancelled(&self) -> Option<EventOrder> {
        let run = self.changes.iter().rev().take_while(|(_, s)| *s == Subscription::Cancelled);
        run.last().map(|(order, _)| *order)
    }

    /// The facts, credited to dimensions.
    pub(super) fn facts(&self, dimensions: DimensionsId) -> Facts {
        let mut facts = self.facts_of(ALL, Label::default(), dimensions);
        if let Some((order, Subscription::Subscribed)) = self.changes.first().filter(|_| !self.is_folded) {
            facts.push(Fact::one(Measure::CustomersNew, order.time, dimensions));
        }
        facts
    }

    /// The same by what the customer experienced last, once for each metric.
    pub(super) fn facts_by_experience(&self, experience: Experience) -> Facts {
        let mut facts = Facts::new();
        if !self.changes.is_empty() {
            experience.labels().for_each(|label| facts.extend(self.facts_of(BY_EXPERIENCE, label, DimensionsId::default())));
        }
        facts
    }

    pub(super) fn split_off(&mut self, order: EventOrder) -> Self {
        let at = self.changes.partition_point(|(o, _)| *o < order);
        Self { changes: self.changes.drain(at..).collect(), is_folded: false }
    }

    pub(super) fn forget_before(&mut self, horizon: EventTime, length_max: usize) -> usize {
        let (gone, early) = super::forgettable(&self.changes, length_max, |(o, _)| o.time < horizon);
        self.changes.drain(..gone);
        self.is_folded |= gone > 0;
        early
    }

    fn facts_of(&self, (active, activations, departures): Measures, label: Label, dimensions: DimensionsId) -> Facts {
        let (mut facts, mut is_active, mut is_first) = (Facts::new(), false, true);
        let fact = |measure, time, n| Fact { value: Value::Count(n), label, ..Fact::one(measure, time, dimensions) };
        for (order, subscription) in &self.changes {
            let becomes_active = *subscription != Subscription::Cancelled;
            // Whose first event is `customer.active` was a customer before it; what the first that is remembered changed is in no window.
            let was_before = is_first && (self.is_folded || *subscription == Subscription::Active);
            if becomes_active != is_active && !was_before {
                facts.push(fact(activations, order.time, if becomes_active { 1 } else { -1 }));
            }
            (is_active, is_first) = (becomes_active, false);
        }
        if is_active {
            facts.push(fact(active, EventTime::MIN, 1));
            return facts;
        }
        let gone: Facts = facts.iter().map(|f| Fact { measure: departures, value: negated(f.value), ..*f }).collect();
        facts.extend(gone);
        facts
    }
}

fn negated(value: Value) -> Value {
    match value {
        Value::Count(n) => Value::Count(-n),
        other @ (Value::Duration(..) | Value::Vote(_) | Value::Pair(..) | Value::Since(_)) => other,
    }
}
