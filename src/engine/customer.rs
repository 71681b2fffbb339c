//! One customer: what spans contacts and answers, and the facts that follow from it.

use smallvec::SmallVec;

use super::CHANNEL;
use super::aggregate::Value;
use super::contact::Opening;
use super::correlation::{Side, label_of};
use super::fact::{Fact, Facts, Measure};
use super::names::DimensionsId;
use super::order::EventOrder;
use super::survey::{StandingAnswer, SurveyId, touchpoint};
use super::view::View;
use crate::event::{Contact, SurveyMetric};
use crate::time::EventTime;

/// From this many heirs on the settled ones are looked for.
const HEIRS_LOOKED_AT: usize = 64;

/// A customer.
#[derive(Clone, Debug, Default)]
pub(crate) struct CustomerState {
    /// The events that named the customer's dimensions, in order.
    timeline: SmallVec<[Naming; 1]>,
    /// Subscriptions and cancellations, in order.
    subscriptions: SmallVec<[(EventOrder, Subscription); 2]>,
    /// The openings of the customer's tickets and chats that are not withdrawn, in order.
    openings: Vec<(Contact, Opening)>,
    /// The customer's answers that stand, in order.
    answers: Vec<StandingAnswer>,
    /// What may still inherit other dimensions of the customer, where any grouping set asks for them.
    heirs: Vec<Heir>,
    /// Whether it is scheduled to be looked at for leaving.
    pub(crate) is_scheduled: bool,
}

/// What inherits a customer's dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heir {
    /// A ticket or chat.
    Contact(Contact),
    /// A survey that names the customer itself.
    Survey(SurveyId),
}

/// An event that named dimensions of the customer.
#[derive(Clone, Copy, Debug)]
struct Naming {
    order: EventOrder,
    /// The ones it named.
    named: DimensionsId,
    /// All of the customer's after it.
    after: DimensionsId,
}

/// A change of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subscription {
    /// Was already a customer.
    Active,
    /// Became one, or came back.
    Subscribed,
    /// Left.
    Cancelled,
}

impl CustomerState {
    /// The customer's dimensions just before an event.
    pub(crate) fn dimensions_before(&self, order: EventOrder) -> DimensionsId {
        let at = self.timeline.partition_point(|naming| naming.order < order);
        at.checked_sub(1).map_or(DimensionsId::default(), |at| self.timeline[at].after)
    }

    /// Whether the customer has subscribed and not cancelled.
    pub(crate) fn is_active(&self) -> bool {
        self.subscriptions.last().is_some_and(|(_, subscription)| *subscription != Subscription::Cancelled)
    }

    /// When something of the customer's last happened.
    pub(crate) fn last_time(&self) -> EventTime {
        let own = self.timeline.last().map(|naming| naming.order).max(self.subscriptions.last().map(|(o, _)| *o));
        let others = self.openings.last().map(|(_, o)| o.order).max(self.answers.last().map(|a| a.order));
        own.max(others).map_or(EventTime::MIN, |order| order.time)
    }

    /// The customer's dimensions now.
    pub(crate) fn dimensions(&self) -> DimensionsId {
        self.timeline.last().map_or(DimensionsId::default(), |naming| naming.after)
    }

    /// Puts the dimensions that an event names over those before it, and under those that later events name.
    pub(crate) fn note_dimensions(&mut self, order: EventOrder, named: DimensionsId, view: &mut View) {
        if named == DimensionsId::default() {
            return;
        }
        let at = self.timeline.partition_point(|naming| naming.order < order);
        let mut after = at.checked_sub(1).map_or(DimensionsId::default(), |at| self.timeline[at].after);
        self.timeline.insert(at, Naming { order, named, after });
        for naming in self.timeline.iter_mut().skip(at) {
            after = view.names.overlay(after, naming.named);
            naming.after = after;
        }
    }

    /// Notes a change of subscription, in its place.
    pub(crate) fn note_subscription(&mut self, order: EventOrder, subscription: Subscription) {
        let at = self.subscriptions.partition_point(|(o, _)| *o < order);
        self.subscriptions.insert(at, (order, subscription));
    }

    /// Whether something of the customer's came after an event, so that its dimensions may matter to it.
    pub(crate) fn has_after(&self, order: EventOrder) -> bool {
        self.openings.last().is_some_and(|(_, o)| o.order > order) || self.answers.last().is_some_and(|a| a.order > order)
    }

    /// Notes what inherits its dimensions; gives whether there are so many by now that the settled ones should go.
    pub(crate) fn add_heir(&mut self, heir: Heir) -> bool {
        if self.heirs.contains(&heir) {
            return false;
        }
        self.heirs.push(heir);
        self.heirs.len() >= HEIRS_LOOKED_AT && self.heirs.len().is_power_of_two()
    }

    /// What inherits its dimensions and may still change; settled ones are dropped.
    pub(crate) fn unsettled_heirs(&mut self, is_unsettled: impl Fn(&Heir) -> bool) -> Vec<Heir> {
        self.heirs.retain(is_unsettled);
        self.heirs.clone()
    }

    /// Facts of the subscriptions, credited to the dimensions that the customer has now.
    ///
    /// Who is active at a window's start is read as who is active now less the activations inside the window; who churned, as the departures
    /// inside the window of those who have cancelled now. So both are sums that windows can keep.
    pub(crate) fn subscription_facts(&self) -> Facts {
        let (mut facts, mut is_active, mut is_first) = (Facts::new(), false, true);
        let dimensions = self.dimensions();
        let count = |measure, time, n| Fact { value: Value::Count(n), ..Fact::one(measure, time, dimensions) };
        for (order, subscription) in &self.subscriptions {
            let becomes_active = *subscription != Subscription::Cancelled;
            // Whose first event is `customer.active` was a customer before it.
            let was_before = is_first && *subscription == Subscription::Active;
            if is_first && *subscription == Subscription::Subscribed {
                facts.push(count(Measure::CustomersNew, order.time, 1));
            }
            if becomes_active != is_active && !was_before {
                facts.push(count(Measure::CustomerActivations, order.time, if becomes_active { 1 } else { -1 }));
            }
            (is_active, is_first) = (becomes_active, false);
        }
        if is_active {
            facts.push(count(Measure::CustomersActive, EventTime::MIN, 1));
        } else {
            let departures = facts.iter().filter(|f| f.measure == Measure::CustomerActivations);
            let departures: Facts =
                departures.map(|f| Fact { measure: Measure::CustomerDepartures, value: negated(f.value), ..*f }).collect();
            facts.extend(departures);
        }
        facts
    }

    /// The facts of the opening of an event, where there is one, and of the next one, which may repeat it.
    pub(crate) fn opening_facts_around(&self, order: EventOrder, view: &View) -> Facts {
        let mut facts = Facts::new();
        let from = self.openings.partition_point(|(_, o)| o.order < order);
        let next = self.openings.partition_point(|(_, o)| o.order <= order);
        for at in from..(next + 1).min(self.openings.len()) {
            self.opening_facts(at, view, &mut facts);
        }
        facts
    }

    /// Adds or replaces the opening of a ticket or chat.
    pub(crate) fn add_opening(&mut self, contact: Contact, opening: Opening) {
        let at = self.openings.partition_point(|(_, o)| o.order < opening.order);
        self.openings.insert(at, (contact, opening));
    }

    /// Removes an opening.
    pub(crate) fn remove_opening(&mut self, contact: Contact, order: EventOrder) {
        self.openings.retain(|(c, o)| *c != contact || o.order != order);
    }

    /// Adds an answer that stands.
    pub(crate) fn add_answer(&mut self, answer: StandingAnswer) {
        let at = self.answers.partition_point(|a| a.order < answer.order);
        self.answers.insert(at, answer);
    }

    /// Removes the answer of an event.
    pub(crate) fn remove_answer(&mut self, order: EventOrder) {
        self.answers.retain(|a| a.order != order);
    }

    /// The facts of the latest answers: the relationship NPS, and the pairs with it.
    pub(crate) fn latest_answer_facts(&self, view: &mut View) -> Facts {
        let mut facts = Facts::new();
        let Some(nps) = self.latest_answer(SurveyMetric::Nps) else { return facts };
        facts.push(nps.score_fact(view));
        for (metric, side) in [(SurveyMetric::Csat, Side::Csat), (SurveyMetric::Ces, Side::Ces)] {
            if let Some(other) = self.latest_answer(metric) {
                let time = other.order.time.max(nps.order.time);
                let (label, value) = (label_of(side, Side::Nps), Value::Pair(other.rank(), nps.rank()));
                facts.push(Fact { measure: Measure::Correlation, label, dimensions: nps.dimensions, time, value });
            }
        }
        facts
    }

    /// The touchpoint of the answer of an event, where there is one.
    pub(crate) fn answer_touchpoint(&self, order: EventOrder, view: &View) -> Option<Fact> {
        let answer = self.answers.iter().rev().find(|a| a.order == order)?;
        Some(touchpoint(order, answer.dimensions, self.dimensions_before(order), view))
    }

    /// The touchpoints of all openings and answers after an event.
    pub(crate) fn touchpoints_after(&self, order: EventOrder, view: &View) -> Facts {
        let openings = self.openings.iter().filter(|(_, o)| o.order > order).map(|(_, o)| (o.order, o.dimensions));
        let answers = self.answers.iter().filter(|a| a.order > order).map(|a| (a.order, a.dimensions));
        openings.chain(answers).map(|(at, own)| touchpoint(at, own, self.dimensions_before(at), view)).collect()
    }

    /// Drops what no window and no later correction can reach: all before `horizon` but the last of each.
    pub(crate) fn forget_before(&mut self, horizon: EventTime) {
        let keep_last = self.timeline.partition_point(|naming| naming.order.time < horizon).saturating_sub(1);
        self.timeline.drain(..keep_last);
        let keep_last = self.openings.partition_point(|(_, o)| o.order.time < horizon).saturating_sub(1);
        self.openings.drain(..keep_last);
        if self.answers.first().is_some_and(|a| a.order.time < horizon) {
            let kept = [SurveyMetric::Csat, SurveyMetric::Nps, SurveyMetric::Ces].map(|metric| self.latest_answer(metric).map(|a| a.order));
            self.answers.retain(|a| a.order.time >= horizon || kept.contains(&Some(a.order)));
        }
    }

    /// The latest answer of a metric that stands for the customer; of NPS the one about the relationship.
    fn latest_answer(&self, metric: SurveyMetric) -> Option<&StandingAnswer> {
        self.answers.iter().rev().find(|a| a.metric == metric && (metric != SurveyMetric::Nps || a.is_experience()))
    }

    fn opening_facts(&self, at: usize, view: &View, facts: &mut Facts) {
        let opening = &self.openings[at].1;
        if opening.is_silent {
            return;
        }
        facts.push(Fact::one(Measure::Contacts, opening.time, opening.dimensions));
        facts.push(touchpoint(opening.order, opening.dimensions, self.dimensions_before(opening.order), view));
        let Some((_, previous)) = at.checked_sub(1).map(|at| &self.openings[at]) else { return };
        if opening.time - previous.time <= view.settings.repeat_contact_within {
            facts.push(Fact::one(Measure::RepeatContacts, opening.time, opening.dimensions));
            if view.names.value(opening.dimensions, CHANNEL) != view.names.value(previous.dimensions, CHANNEL) {
                facts.push(Fact::one(Measure::ChannelSwitches, opening.time, opening.dimensions));
            }
        }
    }
}

fn negated(value: Value) -> Value {
    match value {
        Value::Count(n) => Value::Count(-n),
        other @ (Value::Duration(..) | Value::Vote(_) | Value::Pair(..) | Value::Since(_)) => other,
    }
}
