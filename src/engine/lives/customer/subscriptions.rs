//! When a customer subscribed, cancelled and came back.
//!
//! The number of active customers at a window's start is the number active now less the activations inside the window. The number of churned
//! customers is the number of departures inside the window of customers who are cancelled now. So both are sums that windows can keep.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::Subscription;
use super::experience::Experience;
use crate::engine::terms::{
    Contribution, DimensionsId, EngineSettings, EventOrder, Fact, FactLabel, Facts, Label, Measure, WindowSettings,
};
use crate::event::Amount;
use crate::time::EventTime;

/// Subscriptions and cancellations, in order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Subscriptions {
    changes: SmallVec<[(EventOrder, Subscription); 2]>,
    /// Whether earlier changes were forgotten.
    is_folded: bool,
}

/// The measures of one family: active customers, their activations, and the departures of those who have cancelled.
type Measures = (Measure, Measure, Measure);

const ALL: Measures = (Measure::CustomersActive, Measure::CustomerActivations, Measure::CustomerDepartures);
const BY_EXPERIENCE: Measures = (Measure::ExperienceActive, Measure::ExperienceActivations, Measure::ExperienceDepartures);

impl Subscriptions {
    /// Adds a change at its place.
    pub(super) fn insert(&mut self, order: EventOrder, subscription: Subscription) {
        let at = self.changes.partition_point(|(o, _)| *o < order);
        self.changes.insert(at, (order, subscription));
    }

    /// Adds all changes of another identity of the same person.
    pub(super) fn absorb(&mut self, other: Self) {
        self.is_folded |= other.is_folded;
        other.changes.into_iter().for_each(|(order, subscription)| self.insert(order, subscription));
    }

    /// Whether the customer has subscribed and not cancelled.
    pub(super) fn is_active(&self) -> bool {
        self.changes.last().is_some_and(|(_, subscription)| *subscription != Subscription::Cancelled)
    }

    /// The cancellation that ended the latest subscription; `None` if the customer is active, or was never reported as a customer.
    pub(super) fn cancelled(&self) -> Option<EventOrder> {
        let run = self.changes.iter().rev().take_while(|(_, s)| *s == Subscription::Cancelled);
        run.last().map(|(order, _)| *order)
    }

    /// The facts of the subscriptions, credited to the given dimensions.
    pub(super) fn facts(&self, dimensions: DimensionsId) -> Facts {
        let mut facts = self.facts_of(ALL, FactLabel::None, dimensions);
        if let Some((order, Subscription::Subscribed)) = self.changes.first().filter(|_| !self.is_folded) {
            facts.push(Fact::one(Measure::CustomersNew, order.time, dimensions));
        }
        facts
    }

    /// The same facts about being a customer and about leaving, with what the customer is or was worth.
    pub(super) fn value_facts(&self, dimensions: DimensionsId, Amount(value): Amount) -> Facts {
        let counts = self.facts_of(ALL, FactLabel::None, dimensions).into_iter();
        let of_value = |fact: Fact| {
            let pairs = [(ALL.0, Measure::CustomersValue), (ALL.2, Measure::ValueDepartures)];
            let (_, measure) = pairs.into_iter().find(|(counted, _)| *counted == fact.measure)?;
            let Contribution::Count(n) = fact.value else { return None };
            Some(Fact { measure, value: Contribution::Amount(n, n * value), ..fact })
        };
        counts.filter_map(of_value).collect()
    }

    /// The same facts by the customer's latest experience, once for each metric.
    pub(super) fn facts_by_experience(&self, experience: Experience) -> Facts {
        let mut facts = Facts::new();
        if !self.changes.is_empty() {
            experience.labels().for_each(|label| facts.extend(self.facts_of(BY_EXPERIENCE, label, DimensionsId::default())));
        }
        facts
    }

    /// For each trend, whether the customer is active at the start of the baseline window but not at the start of the short window. This is a state
    /// that changes as the two starts move past the subscriptions and cancellations.
    pub(super) fn trend_facts(&self, settings: &EngineSettings) -> Facts {
        let mut facts = Facts::new();
        for (number, trend) in (0..).zip(&settings.trends) {
            let [baseline, short] = [trend.baseline, trend.short].map(|window| &settings.windows[window]);
            let (mut of_baseline, mut of_short) = (self.seen_from(baseline), self.seen_from(short));
            let mut is_lost = false;
            while let Some(time) = [of_baseline.next, of_short.next].into_iter().flatten().min() {
                of_baseline.pass(time);
                of_short.pass(time);
                let now_lost = of_baseline.is_active && !of_short.is_active;
                if now_lost != is_lost {
                    let value = Contribution::Count(if now_lost { 1 } else { -1 });
                    let fact = Fact::one(Measure::CustomersLostBefore, time, DimensionsId::default());
                    facts.push(Fact { value, label: FactLabel::Fixed(Label(number)), ..fact });
                    is_lost = now_lost;
                }
            }
        }
        facts
    }

    /// Splits off the changes from `order` on.
    pub(super) fn split_off(&mut self, order: EventOrder) -> Self {
        let at = self.changes.partition_point(|(o, _)| *o < order);
        Self { changes: self.changes.drain(at..).collect(), is_folded: false }
    }

    /// Drops the changes before `horizon` except the last, and the oldest beyond `length_max`; returns the number of the latter.
    pub(super) fn forget_before(&mut self, horizon: EventTime, length_max: usize) -> usize {
        let (gone, early) = super::forgettable(&self.changes, length_max, |(o, _)| o.time < horizon);
        self.changes.drain(..gone);
        self.is_folded |= gone > 0;
        early
    }

    fn seen_from<'a>(&'a self, window: &'a WindowSettings) -> SeenFrom<'a> {
        let was_before = self.changes.first().is_some_and(|(_, first)| match first {
            Subscription::Active => true,
            Subscription::Subscribed => self.is_folded,
            Subscription::Cancelled => false,
        });
        let next = self.changes.first().map(|(order, _)| window.leaves(order.time));
        SeenFrom { window, changes: &self.changes, next, is_active: was_before }
    }

    fn facts_of(&self, (active, activations, departures): Measures, label: FactLabel, dimensions: DimensionsId) -> Facts {
        let (mut facts, mut is_active, mut is_first) = (Facts::new(), false, true);
        let fact = |measure, time, n| Fact { value: Contribution::Count(n), label, ..Fact::one(measure, time, dimensions) };
        for (order, subscription) in &self.changes {
            let becomes_active = *subscription != Subscription::Cancelled;
            // A customer whose first event is `customer.active` was a customer before it. The effect of the first remembered change lies in no
            // window.
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

/// Whether a customer is active at the start of a window, as the window moves on.
struct SeenFrom<'a> {
    window: &'a WindowSettings,
    /// The changes that the window's start has not passed yet.
    changes: &'a [(EventOrder, Subscription)],
    /// When the window's start passes the next change.
    next: Option<EventTime>,
    is_active: bool,
}

impl SeenFrom<'_> {
    /// Moves on to the window's start at the instant `now`.
    fn pass(&mut self, now: EventTime) {
        while self.next.is_some_and(|next| next <= now)
            && let Some(((_, subscription), rest)) = self.changes.split_first()
        {
            (self.is_active, self.changes) = (*subscription != Subscription::Cancelled, rest);
            self.next = rest.first().map(|(order, _)| self.window.leaves(order.time));
        }
    }
}

fn negated(value: Contribution) -> Contribution {
    match value {
        Contribution::Count(n) => Contribution::Count(-n),
        Contribution::Amount(n, amount) => Contribution::Amount(-n, -amount),
        other @ (Contribution::Duration(..) | Contribution::Vote(_) | Contribution::Pair(..) | Contribution::Since(_)) => other,
    }
}
