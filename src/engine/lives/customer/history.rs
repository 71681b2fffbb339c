//! A customer's own events in their order, each with where the customer stood after it, so that an event in order costs one step and a late one
//! only as many as it changes.
//!
//! Does not know contacts and answers.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::engine::terms::{Contribution, DimensionsId, EventOrder, Fact, FactLabel, Facts, Measure, Names, Terms, ValueId};
use crate::time::EventTime;

/// The events, oldest first; what came before the first of a folded journal is in its standing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct CustomerHistory {
    steps: SmallVec<[CustomerEvent; 1]>,
}

/// One event of a customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CustomerEvent {
    pub(super) order: EventOrder,
    /// The dimensions that it names.
    pub(super) named: DimensionsId,
    pub(super) kind: CustomerEventKind,
    standing: CustomerPosition,
}

/// What an event of a customer was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum CustomerEventKind {
    /// Something touched the customer.
    Touchpoint {
        /// The customer gave up.
        is_abandoned: bool,
    },
    /// The customer came, was there or left.
    Subscription(Subscription),
}

/// A change of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Subscription {
    /// Was already a customer.
    Active,
    /// Became one, or came back.
    Subscribed,
    /// Left.
    Cancelled,
}

/// Where a customer stands after some event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CustomerPosition {
    pub(super) dimensions: DimensionsId,
    /// When the stage was entered; `MIN` where that is not known, because the customer was in it before the first event.
    entered: EventTime,
    /// The latest touch by the customer's own events: a touchpoint, a move to another stage, a return.
    pub(super) touched: EventTime,
    /// When the customer cancelled; `MAX` where they have not, or have come back.
    left_at: EventTime,
    /// The stage in which they did.
    left_stage: ValueId,
    /// Whether they did in the present stay, so that they are in no stage.
    pub(super) is_out: bool,
    /// Whether the latest touch was abandoned.
    is_abandoned: bool,
    /// Whether there was an event at all.
    is_known: bool,
}

impl Default for CustomerPosition {
    fn default() -> Self {
        Self {
            dimensions: DimensionsId::default(),
            entered: EventTime::MIN,
            touched: EventTime::MIN,
            left_at: EventTime::MAX,
            left_stage: ValueId::UNKNOWN,
            is_out: false,
            is_abandoned: false,
            is_known: false,
        }
    }
}

impl CustomerPosition {
    /// When and in which stage the customer cancelled, unless they came back.
    pub(super) fn left(&self) -> Option<(EventTime, ValueId)> {
        (self.left_at < EventTime::MAX).then_some((self.left_at, self.left_stage))
    }

    /// When the customer gave up, where nothing of their own events came after it.
    pub(super) fn abandoned_at(&self) -> Option<EventTime> {
        self.is_abandoned.then_some(self.touched)
    }

    /// The standing after one more event.
    fn after(&self, time: EventTime, named: DimensionsId, kind: CustomerEventKind, names: &mut Names) -> Self {
        let mut next = Self { dimensions: names.overlay(self.dimensions, named), is_known: true, ..*self };
        let stage = names.known_stage(next.dimensions);
        let moves = names.known_stage(self.dimensions) != stage;
        if moves {
            // Who is loaded as a customer was in the stage before, nobody knows since when.
            let was_before = !self.is_known && kind == CustomerEventKind::Subscription(Subscription::Active);
            next.entered = if was_before { EventTime::MIN } else { time };
            next.is_out = false;
        }
        let mut comes_back = false;
        match kind {
            CustomerEventKind::Subscription(Subscription::Cancelled) if self.left().is_none() => {
                (next.left_at, next.left_stage, next.is_out) = (time, stage.unwrap_or(ValueId::UNKNOWN), true);
            }
            CustomerEventKind::Subscription(Subscription::Active | Subscription::Subscribed) if self.left().is_some() => {
                (next.left_at, next.left_stage, next.is_out) = (EventTime::MAX, ValueId::UNKNOWN, false);
                comes_back = true;
            }
            CustomerEventKind::Subscription(_) | CustomerEventKind::Touchpoint { .. } => {}
        }
        if moves || comes_back || matches!(kind, CustomerEventKind::Touchpoint { .. }) {
            next.touched = time;
            next.is_abandoned = kind == CustomerEventKind::Touchpoint { is_abandoned: true };
        }
        next
    }

    /// The facts of an event that leads from one standing to the next: nothing unless the stage changes.
    fn facts(&self, next: &Self, time: EventTime, terms: &Terms, facts: &mut Facts) {
        let (was, is) = (terms.names.known_stage(self.dimensions), terms.names.known_stage(next.dimensions));
        if was == is {
            return;
        }
        let fact = |measure, label| Fact::one(measure, time, DimensionsId::default()).labelled(label);
        if let Some(is) = is.filter(|_| next.entered > EventTime::MIN) {
            facts.push(fact(Measure::JourneyEntered, FactLabel::Stage(is)));
        }
        let (Some(was), Some(is)) = (was, is) else { return };
        facts.push(fact(Measure::JourneyTransitions, FactLabel::Move(was, is)));
        if self.entered > EventTime::MIN {
            let ms = (time - self.entered).0;
            facts.push(Fact {
                value: Contribution::Duration(ms, terms.bins.of(ms)),
                ..fact(Measure::JourneyStageTime, FactLabel::Stage(was))
            });
        }
        // Who cancelled in the stage has dropped out of it, unless this is their return.
        let has_dropped = self.is_out && next.left().is_some();
        let is_forward = terms.rules.stage(was).zip(terms.rules.stage(is)).is_some_and(|(was, is)| was.0 < is.0);
        if is_forward && !has_dropped {
            facts.push(fact(Measure::JourneyAdvanced, FactLabel::Stage(was)));
        }
    }
}

impl CustomerHistory {
    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// When the latest event was; `MIN` without one.
    pub(super) fn latest(&self) -> EventTime {
        self.steps.last().map_or(EventTime::MIN, |s| s.order.time)
    }

    /// Where the customer stands after everything.
    pub(super) fn standing(&self) -> CustomerPosition {
        self.steps.last().map_or_else(CustomerPosition::default, |s| s.standing)
    }

    /// The dimensions now.
    pub(super) fn dimensions(&self) -> DimensionsId {
        self.standing().dimensions
    }

    /// The dimensions just before an event.
    pub(super) fn dimensions_before(&self, order: EventOrder) -> DimensionsId {
        self.standing_before(self.place_of(order)).dimensions
    }

    /// Between which events the customer is in another stage, if an event with these dimensions comes in: up to the next that names a stage.
    pub(super) fn stage_moves(&self, order: EventOrder, named: DimensionsId, terms: &Terms) -> Option<(EventOrder, Option<EventOrder>)> {
        let at = self.place_of(order);
        let names = &terms.names;
        let before = self.standing_before(at).dimensions;
        if !names.names_stage(named) || (names.names_stage(before) && names.known_stage(before) == names.known_stage(named)) {
            return None;
        }
        let next = self.steps[at..].iter().find(|s| names.names_stage(s.named));
        Some((order, next.map(|s| s.order)))
    }

    /// Puts an event in its place, adds the facts that it changes to `before` and `after`, and gives whether it changes the dimensions.
    #[expect(clippy::too_many_arguments, reason = "the event, what it is judged by, and where its facts go")]
    pub(super) fn insert(
        &mut self,
        order: EventOrder,
        named: DimensionsId,
        kind: CustomerEventKind,
        terms: &mut Terms,
        before: &mut Facts,
        after: &mut Facts,
    ) -> bool {
        let at = self.place_of(order);
        let previous = self.standing_before(at);
        let standing = previous.after(order.time, named, kind, &mut terms.names);
        previous.facts(&standing, order.time, terms, after);
        let (mut old_previous, mut new_previous) = (previous, standing);
        for step in &mut self.steps[at..] {
            let old = step.standing;
            old_previous.facts(&old, step.order.time, terms, before);
            step.standing = new_previous.after(step.order.time, step.named, step.kind, &mut terms.names);
            new_previous.facts(&step.standing, step.order.time, terms, after);
            if step.standing == old {
                break;
            }
            (old_previous, new_previous) = (old, step.standing);
        }
        self.steps.insert(at, CustomerEvent { order, named, kind, standing });
        standing.dimensions != previous.dimensions
    }

    /// The facts of all events.
    pub(super) fn facts(&self, terms: &Terms, facts: &mut Facts) {
        let mut previous = CustomerPosition::default();
        for step in &self.steps {
            previous.facts(&step.standing, step.order.time, terms, facts);
            previous = step.standing;
        }
    }

    /// Takes out the events from one on.
    pub(super) fn split_off(&mut self, order: EventOrder) -> Vec<CustomerEvent> {
        self.steps.drain(self.place_of(order)..).collect()
    }

    /// Drops the events before `horizon` but the last, whose standing holds what they came to; the oldest above `length_max` too, counted.
    pub(super) fn forget_before(&mut self, horizon: EventTime, length_max: usize) -> usize {
        let (gone, early) = super::forgettable(&self.steps, length_max, |s| s.order.time < horizon);
        self.steps.drain(..gone);
        early
    }

    fn place_of(&self, order: EventOrder) -> usize {
        // Most events are last.
        if self.steps.last().is_none_or(|s| s.order < order) { self.steps.len() } else { self.steps.partition_point(|s| s.order < order) }
    }

    fn standing_before(&self, at: usize) -> CustomerPosition {
        at.checked_sub(1).map_or_else(CustomerPosition::default, |at| self.steps[at].standing)
    }
}
