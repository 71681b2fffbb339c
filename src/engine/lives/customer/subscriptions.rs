//! When a customer came, left and came back.
//!
//! Who is active at a window's start is read as who is active now less the activations inside the window; who churned, as the departures inside
//! the window of those who have cancelled now. So both are sums that windows can keep.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::Subscription;
use super::experience::Experience;
use crate::engine::terms::{
    Contribution, DimensionsId, EngineSettings, EventOrder, Fact, FactLabel, Facts, Label, Measure, WindowSettings,
};
use crate::time::EventTime;

/// Subscriptions and cancellations, in order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
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
        let mut facts = self.facts_of(ALL, FactLabel::None, dimensions);
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

    /// Whether the customer is one at the start of each trend's baseline window and none at that of its short one, as state that comes and goes
    /// while the two starts move on past the changes.
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

/// Whether a customer is one at the start of a window, as that moves on.
struct SeenFrom<'a> {
    window: &'a WindowSettings,
    /// The changes that the start has not passed.
    changes: &'a [(EventOrder, Subscription)],
    /// When it passes the next of them.
    next: Option<EventTime>,
    is_active: bool,
}

impl SeenFrom<'_> {
    /// Moves on to where the start lies at an instant.
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
        other @ (Contribution::Duration(..) | Contribution::Vote(_) | Contribution::Pair(..) | Contribution::Since(_)) => other,
    }
}
