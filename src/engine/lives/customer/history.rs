//! A customer's own events in their order, each with the customer's position after it. So an event in order costs one step, and a late event only as
//! many steps as it changes.
//!
//! Does not know contacts and answers.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::engine::terms::{Contribution, DimensionsId, EventOrder, Fact, FactLabel, Facts, Measure, Names, Terms, ValueId};
use crate::time::{EventTime, Span};

/// The events, oldest first. When older events have been dropped, the first position includes their result.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct CustomerHistory {
    steps: SmallVec<[CustomerEvent; 1]>,
}

/// One event of a customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CustomerEvent {
    pub(super) order: EventOrder,
    /// The dimensions that the event names.
    pub(super) named: DimensionsId,
    pub(super) kind: CustomerEventKind,
    /// The customer's position after the event.
    standing: CustomerPosition,
}

/// The kind of a customer event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum CustomerEventKind {
    /// A touchpoint of the customer.
    Touchpoint {
        /// Whether the customer gave up.
        is_abandoned: bool,
    },
    /// The customer subscribed, was reported active, or cancelled.
    Subscription(Subscription),
}

/// A change of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Subscription {
    /// The customer was reported as active, so the subscription began earlier.
    Active,
    /// The customer subscribed for the first time or again.
    Subscribed,
    /// The customer cancelled.
    Cancelled,
}

/// The position of a customer in the journey after some event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CustomerPosition {
    pub(super) dimensions: DimensionsId,
    /// When the stage was entered; `MIN` if not known, because the customer was in it before the first event.
    entered: EventTime,
    /// The latest touch by the customer's own events: a touchpoint, a move to another stage, or a return after cancelling.
    pub(super) touched: EventTime,
    /// When the customer cancelled; `MAX` if the customer has not cancelled or has come back.
    left_at: EventTime,
    /// The stage in which the customer cancelled.
    left_stage: ValueId,
    /// The latest touch before that, and whether it was abandoned.
    left_touched: EventTime,
    left_abandoned: bool,
    /// Whether the customer cancelled since entering the present stage, and so is in no stage.
    pub(super) is_out: bool,
    /// Whether the latest touch was an abandoned touchpoint.
    is_abandoned: bool,
    /// Whether there was any event.
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
            left_touched: EventTime::MIN,
            left_abandoned: false,
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

    /// When the customer gave up, unless the customer had a further touch after that.
    pub(super) fn abandoned_at(&self) -> Option<EventTime> {
        self.is_abandoned.then_some(self.touched)
    }

    /// The position after one more event.
    fn after(&self, time: EventTime, named: DimensionsId, kind: CustomerEventKind, names: &mut Names) -> Self {
        let mut next = Self { dimensions: names.overlay(self.dimensions, named), is_known: true, ..*self };
        let stage = names.known_stage(next.dimensions);
        let moves = names.known_stage(self.dimensions) != stage;
        if moves {
            // A customer reported as active was in the stage before the report, for an unknown time.
            let was_before = !self.is_known && kind == CustomerEventKind::Subscription(Subscription::Active);
            next.entered = if was_before { EventTime::MIN } else { time };
            next.is_out = false;
        }
        match kind {
            CustomerEventKind::Subscription(Subscription::Cancelled) if self.left().is_none() => {
                (next.left_at, next.left_stage, next.is_out) = (time, stage.unwrap_or(ValueId::UNKNOWN), true);
                (next.left_touched, next.left_abandoned) =
                    (self.touched.max(if moves { time } else { EventTime::MIN }), self.is_abandoned && !moves);
            }
            CustomerEventKind::Subscription(Subscription::Active | Subscription::Subscribed) if self.left().is_some() => {
                (next.left_at, next.left_stage, next.is_out) = (EventTime::MAX, ValueId::UNKNOWN, false);
            }
            CustomerEventKind::Subscription(_) | CustomerEventKind::Touchpoint { .. } => {}
        }
        let is_active = matches!(kind, CustomerEventKind::Subscription(Subscription::Active | Subscription::Subscribed));
        if moves || is_active || matches!(kind, CustomerEventKind::Touchpoint { .. }) {
            next.touched = time;
            next.is_abandoned = kind == CustomerEventKind::Touchpoint { is_abandoned: true };
        }
        next
    }

    /// When the customer who cancelled since dropped out of the stage by idling or giving up; `contacted` is the latest contact before the cancellation.
    pub(super) fn dropped_before_leaving(&self, contacted: EventTime, idle_timeout: Span) -> EventTime {
        match self.left_abandoned {
            true if contacted <= self.left_touched => self.left_touched,
            _ => self.left_touched.max(contacted) + idle_timeout,
        }
    }

    /// Adds the facts of an event that leads from this position to the next; none unless the stage changes.
    fn facts(&self, next: &Self, time: EventTime, terms: &Terms, facts: &mut Facts) {
        let (was, is) = (terms.names.known_stage(self.dimensions), terms.names.known_stage(next.dimensions));
        let fact = |measure, label| Fact::one(measure, time, DimensionsId::default()).labelled(label);
        // A customer who comes back and has moved on meanwhile has advanced from the stage that the cancellation ended.
        let has_moved_on = |is| terms.rules.stage(self.left_stage).zip(terms.rules.stage(is)).is_some_and(|(left, is)| left.0 < is.0);
        // Where the return itself leads out of that stage, the advance is the one of the move, below.
        if self.left().is_some() && next.left().is_none() && !self.is_out && is.is_some_and(has_moved_on) {
            facts.push(fact(Measure::JourneyAdvanced, FactLabel::Stage(self.left_stage)));
        }
        if was == is {
            return;
        }
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
        // A customer who cancelled in the stage has dropped out of it, unless this event is the return.
        let has_dropped = self.is_out && next.left().is_some();
        let is_forward = terms.rules.stage(was).zip(terms.rules.stage(is)).is_some_and(|(was, is)| was.0 < is.0);
        if is_forward && !has_dropped {
            facts.push(fact(Measure::JourneyAdvanced, FactLabel::Stage(was)));
        }
    }
}

impl CustomerHistory {
    /// All events.
    pub(super) fn into_events(self) -> impl Iterator<Item = CustomerEvent> {
        self.steps.into_iter()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The time of the latest event; `MIN` if there is none.
    pub(super) fn latest(&self) -> EventTime {
        self.steps.last().map_or(EventTime::MIN, |s| s.order.time)
    }

    /// The customer's position after all events.
    pub(super) fn standing(&self) -> CustomerPosition {
        self.steps.last().map_or_else(CustomerPosition::default, |s| s.standing)
    }

    /// The customer's dimensions now.
    pub(super) fn dimensions(&self) -> DimensionsId {
        self.standing().dimensions
    }

    /// The dimensions just before an event.
    pub(super) fn dimensions_before(&self, order: EventOrder) -> DimensionsId {
        self.standing_before(self.place_of(order)).dimensions
    }

    /// The events between which the customer would be in another stage if an event with these dimensions were inserted: from it up to the next that
    /// names a stage.
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

    /// Inserts an event at its place and adds the facts that it changes to `before` and `after`; returns whether it changes the dimensions.
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

    /// Adds the facts of all events.
    pub(super) fn facts(&self, terms: &Terms, facts: &mut Facts) {
        let mut previous = CustomerPosition::default();
        for step in &self.steps {
            previous.facts(&step.standing, step.order.time, terms, facts);
            previous = step.standing;
        }
    }

    /// Splits off the events from `order` on.
    pub(super) fn split_off(&mut self, order: EventOrder) -> Vec<CustomerEvent> {
        self.steps.drain(self.place_of(order)..).collect()
    }

    /// Drops the events before `horizon` except the last, whose position includes their result, and the oldest beyond `length_max`; returns the
    /// number of the latter.
    pub(super) fn forget_before(&mut self, horizon: EventTime, length_max: usize) -> usize {
        let (gone, early) = super::forgettable(&self.steps, length_max, |s| s.order.time < horizon);
        self.steps.drain(..gone);
        early
    }

    fn place_of(&self, order: EventOrder) -> usize {
        // Most events come last.
        if self.steps.last().is_none_or(|s| s.order < order) { self.steps.len() } else { self.steps.partition_point(|s| s.order < order) }
    }

    fn standing_before(&self, at: usize) -> CustomerPosition {
        at.checked_sub(1).map_or_else(CustomerPosition::default, |at| self.steps[at].standing)
    }
}
