//! One customer: the history that spans contacts and answers, and the facts that follow from it.
//!
//! Does not know other customers, nor that a customer was erased and came back.

mod answers;
mod experience;
mod history;
mod named_values;
mod openings;
mod subscriptions;

use serde::{Deserialize, Serialize};

pub(crate) use self::answers::ANSWER_KINDS;
use self::answers::{AnswerKind, CustomerAnswers};
pub(crate) use self::experience::{FEELINGS, METRICS};
use self::history::{CustomerEvent, CustomerHistory};
pub(crate) use self::history::{CustomerEventKind, Subscription};
use self::named_values::NamedValues;
use self::openings::Openings;
use self::subscriptions::Subscriptions;
use super::contact::Opening;
use super::survey::{StandingAnswer, SurveyId, answer_in_stage, touchpoint};
use crate::engine::terms::{Contribution, DimensionsId, EventOrder, Fact, FactLabel, Facts, Measure, Side, Terms, ValueId, pair_label};
use crate::event::{Amount, Contact};
use crate::time::EventTime;

/// From this number of heirs on, the settled ones are searched for and dropped.
const HEIRS_LOOKED_AT: usize = 64;

/// The state of one customer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct CustomerState {
    /// The customer's own events, in order.
    history: CustomerHistory,
    /// The subscriptions and cancellations among these events, in order.
    subscriptions: Subscriptions,
    /// What these events say that the customer is worth, in order.
    values: NamedValues,
    /// The openings of the customer's tickets and chats that are not withdrawn, in order.
    openings: Openings,
    /// The customer's answers that count, in order within each kind.
    answers: CustomerAnswers,
    /// The contacts and surveys whose inherited dimensions may still change; empty unless a grouping set needs them.
    heirs: Vec<Heir>,
    /// Whether a timer is set at which the customer may leave.
    pub(crate) is_scheduled: bool,
}

/// A ticket, chat or survey that inherits a customer's dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Heir {
    /// A ticket or chat.
    Contact(Contact),
    /// A survey that names the customer itself.
    Survey(SurveyId),
}

/// The facts that an event of a customer changes.
#[derive(Debug)]
pub(crate) struct CustomerChange {
    pub(crate) before: Facts,
    pub(crate) after: Facts,
    /// Whether the event changes the customer's dimensions from then on, until a later event names them.
    pub(crate) moves_dimensions: bool,
}

impl CustomerState {
    /// The customer's dimensions just before an event.
    pub(crate) fn dimensions_before(&self, order: EventOrder) -> DimensionsId {
        self.history.dimensions_before(order)
    }

    /// Whether the customer has subscribed and not cancelled.
    pub(crate) fn is_active(&self) -> bool {
        self.subscriptions.is_active()
    }

    /// The time of the last event of the customer, or of the customer's contacts and answers.
    pub(crate) fn last_time(&self) -> EventTime {
        self.history.latest().max(self.openings.latest()).max(self.answers.latest())
    }

    /// Adds an heir; returns whether there are now so many that the settled ones should be dropped.
    pub(crate) fn add_heir(&mut self, heir: Heir) -> bool {
        if self.heirs.contains(&heir) {
            return false;
        }
        self.heirs.push(heir);
        self.heirs.len() >= HEIRS_LOOKED_AT && self.heirs.len().is_power_of_two()
    }

    /// The heirs that may still change; settled ones are dropped.
    pub(crate) fn unsettled_heirs(&mut self, is_unsettled: impl Fn(&Heir) -> bool) -> Vec<Heir> {
        self.heirs.retain(is_unsettled);
        self.heirs.clone()
    }

    /// Inserts an event of the customer at its place, with the dimensions and the value that it names.
    pub(crate) fn note(
        &mut self,
        order: EventOrder,
        named: DimensionsId,
        value: Option<Amount>,
        kind: CustomerEventKind,
        terms: &mut Terms,
    ) -> CustomerChange {
        let staged = self.history.stage_moves(order, named, terms);
        let mut before = self.end_facts(terms);
        if let Some((from, until)) = staged {
            self.facts_in_stage(from, until, terms, &mut before);
        }
        let was = self.history.dimensions();
        let subscription = match kind {
            CustomerEventKind::Subscription(subscription) => Some(subscription),
            CustomerEventKind::Touchpoint { .. } => None,
        };
        let changes_base = subscription.is_some() || value.is_some();
        if changes_base {
            before.extend(self.subscription_facts(was, terms));
        }
        let mut after = Facts::new();
        let moves_dimensions = self.history.insert(order, named, kind, terms, &mut before, &mut after);
        if let Some(subscription) = subscription {
            self.subscriptions.insert(order, subscription);
        }
        if let Some(value) = value {
            self.values.insert(order, value);
        }
        let is = self.history.dimensions();
        if changes_base {
            after.extend(self.subscription_facts(is, terms));
        } else if was != is {
            before.extend(self.subscription_facts(was, terms));
            after.extend(self.subscription_facts(is, terms));
        }
        if let Some((from, until)) = staged {
            self.facts_in_stage(from, until, terms, &mut after);
        }
        after.extend(self.end_facts(terms));
        CustomerChange { before, after, moves_dimensions }
    }

    /// Adds an opening if it counts (`stands`), else removes it; returns the facts before and after.
    pub(crate) fn change_opening(&mut self, contact: Contact, opening: Opening, stands: bool, terms: &Terms) -> (Facts, Facts) {
        let facts = |state: &Self| {
            let mut facts = state.end_facts(terms);
            state.openings.around(opening.order).for_each(|at| state.opening_facts(at, terms, &mut facts));
            facts
        };
        let before = facts(self);
        if stands {
            self.openings.insert(contact, opening);
        } else {
            self.openings.remove(contact, opening.order);
        }
        (before, facts(self))
    }

    /// Adds an answer if it counts (`stands`), else removes it; returns the facts before and after.
    pub(crate) fn change_answer(&mut self, answer: StandingAnswer, stands: bool, terms: &mut Terms) -> (Facts, Facts) {
        let was = self.experience();
        let mut before = self.answer_facts(&answer, terms);
        if stands {
            self.answers.insert(answer.clone(), terms);
        } else {
            self.answers.remove(&answer);
        }
        let mut after = self.answer_facts(&answer, terms);
        let is = self.experience();
        if was != is {
            before.extend(self.subscriptions.facts_by_experience(was));
            after.extend(self.subscriptions.facts_by_experience(is));
        }
        (before, after)
    }

    /// All facts of the customer except explicit touchpoints, which depend on nothing else.
    pub(crate) fn facts(&self, terms: &mut Terms) -> Facts {
        let mut facts = self.subscription_facts(self.history.dimensions(), terms);
        self.history.facts(terms, &mut facts);
        (0..self.openings.len()).for_each(|at| self.opening_facts(at, terms, &mut facts));
        for (answer, _) in self.answers.all() {
            self.facts_of_answer_in_stage(answer, terms, &mut facts);
        }
        facts.extend(self.latest_answer_facts(terms));
        facts.extend(self.end_facts(terms));
        facts
    }

    /// The facts that end when the customer is forgotten: the present stage and, for an active customer, the activations too. The number of
    /// customers at a window's start is computed as the active ones now less those activated since, so both must leave together.
    pub(crate) fn facts_of_now(&self, terms: &Terms) -> Facts {
        let mut facts = self.end_facts(terms);
        facts.retain(|fact| fact.measure.is_state());
        if self.is_active() {
            let subscribed = self.subscription_facts(self.history.dimensions(), terms);
            facts.extend(subscribed.into_iter().filter(|fact| fact.measure != Measure::CustomersNew));
        }
        facts
    }

    /// Splits off all events from `order` on, as another customer with the same key.
    pub(crate) fn split_off(&mut self, order: EventOrder, terms: &mut Terms) -> Self {
        let mut later = Self {
            history: CustomerHistory::default(),
            subscriptions: self.subscriptions.split_off(order),
            values: self.values.split_off(order),
            openings: self.openings.split_off(order),
            answers: self.answers.split_off(order),
            // Each part may have heirs of the other. An heir that is updated looks up the right one itself.
            heirs: self.heirs.clone(),
            is_scheduled: self.is_scheduled,
        };
        let (mut before, mut after) = (Facts::new(), Facts::new());
        for CustomerEvent { order, named, kind, .. } in self.history.split_off(order) {
            later.history.insert(order, named, kind, terms, &mut before, &mut after);
        }
        later
    }

    /// Takes in everything of another identity of the same person.
    pub(crate) fn absorb(&mut self, other: Self, terms: &mut Terms) {
        let (mut before, mut after) = (Facts::new(), Facts::new());
        for CustomerEvent { order, named, kind, .. } in other.history.into_events() {
            self.history.insert(order, named, kind, terms, &mut before, &mut after);
        }
        self.subscriptions.absorb(other.subscriptions);
        self.values.absorb(other.values);
        self.openings.absorb(other.openings);
        self.answers.absorb(other.answers);
        other.heirs.into_iter().for_each(|heir| _ = self.add_heir(heir));
    }

    /// Whether a contact or survey may still inherit its dimensions.
    pub(crate) fn has_heirs(&self) -> bool {
        !self.heirs.is_empty()
    }

    /// Whether nothing is known of the customer.
    pub(crate) fn is_empty(&self) -> bool {
        self.history.is_empty() && self.openings.len() == 0 && self.answers.all().is_empty()
    }

    /// Drops events that no window and no later correction can reach: those before `horizon` except the last of each list, and further ones if a
    /// list is longer than `length_max`. Returns the number dropped because of the length. Examines a list only when it has doubled, so that the
    /// cost for each event stays small.
    pub(crate) fn forget_before(&mut self, horizon: EventTime, length_max: usize) -> usize {
        self.values.forget_before(horizon, length_max, self.subscriptions.cancelled())
            + self.subscriptions.forget_before(horizon, length_max)
            + self.history.forget_before(horizon, length_max)
            + self.openings.forget_before(horizon, length_max)
            + self.answers.forget_before(horizon, length_max)
    }

    /// Forgets openings of tickets and chats that are gone.
    pub(crate) fn forget_openings(&mut self, is_gone: impl Fn(&Contact) -> bool) {
        self.openings.forget_gone(is_gone);
    }

    /// The facts that follow from the customer's position after all known events: the present stage, and the drop-out from it.
    ///
    /// An idle customer drops out at a time that may lie ahead of now; any further touch withdraws that fact.
    fn end_facts(&self, terms: &Terms) -> Facts {
        let mut facts = Facts::new();
        let standing = self.history.standing();
        let fact = |measure, stage, time| Fact::one(measure, time, DimensionsId::default()).labelled(FactLabel::Stage(stage));
        if let Some((left_at, left_stage)) = standing.left()
            && let Some((_, idle_timeout)) = terms.rules.stage(left_stage)
        {
            // A customer who had dropped out by idling before the cancellation dropped then.
            let contacted = self.openings.latest_until(left_at).max(self.answers.latest_until(left_at));
            let dropped_at = standing.dropped_before_leaving(contacted, idle_timeout).min(left_at);
            facts.push(fact(Measure::JourneyDropped, left_stage, dropped_at));
        }
        let Some(stage) = terms.names.known_stage(standing.dimensions).filter(|_| !standing.is_out) else { return facts };
        facts.push(fact(Measure::JourneyCustomers, stage, EventTime::MIN));
        let Some((_, idle_timeout)) = terms.rules.stage(stage) else { return facts };
        let contacted = self.openings.latest().max(self.answers.latest());
        let dropped_at = match standing.abandoned_at() {
            Some(abandoned_at) if contacted <= abandoned_at => abandoned_at,
            _ => standing.touched.max(contacted) + idle_timeout,
        };
        facts.push(fact(Measure::JourneyDropped, stage, dropped_at));
        facts.push(Fact { value: Contribution::Count(-1), ..fact(Measure::JourneyCustomers, stage, dropped_at) });
        facts
    }

    /// The facts of the subscriptions, credited to the customer's dimensions and to the customer's latest experience, and of what the customer is
    /// worth.
    fn subscription_facts(&self, dimensions: DimensionsId, terms: &Terms) -> Facts {
        let mut facts = self.subscriptions.facts(dimensions);
        if let Some(value) = self.value() {
            facts.extend(self.subscriptions.value_facts(dimensions, value));
            facts.extend(self.risk_facts(dimensions));
        }
        facts.extend(self.subscriptions.trend_facts(&terms.settings));
        facts.extend(self.subscriptions.facts_by_experience(self.experience()));
        facts
    }

    /// What the customer is worth by the latest event that said it; for one who has cancelled, by the latest before that.
    fn value(&self) -> Option<Amount> {
        self.values.last_before(self.subscriptions.cancelled())
    }

    /// The value of an active customer for each kind of answer whose latest one was bad, at the time of that answer: so it is in the windows that
    /// hold the answer, and in these no later answer of the kind can be.
    fn risk_facts(&self, dimensions: DimensionsId) -> Facts {
        let Some(Amount(value)) = self.value().filter(|_| self.is_active()) else { return Facts::new() };
        let at_risk = |kind: AnswerKind| {
            let answer = self.answers.latest_if_bad(kind)?;
            let fact = Fact::one(Measure::ValueAtRisk, answer.order.time, dimensions).numbered(kind as u32);
            Some(Fact { value: Contribution::Amount(1, value), ..fact })
        };
        AnswerKind::ALL.into_iter().filter_map(at_risk).collect()
    }

    /// The customer's latest experience; for one who has cancelled, the latest before that.
    fn experience(&self) -> experience::Experience {
        self.answers.experience_before(self.subscriptions.cancelled())
    }

    /// The facts that adding or removing one answer may change.
    fn answer_facts(&self, answer: &StandingAnswer, terms: &mut Terms) -> Facts {
        let mut facts = self.end_facts(terms);
        if let Some(answer) = self.answers.find(answer) {
            self.facts_of_answer_in_stage(answer, terms, &mut facts);
        }
        facts.extend(self.risk_facts(self.history.dimensions()));
        facts.extend(self.latest_answer_facts(terms));
        facts
    }

    /// The facts of the latest answers: the relationship NPS, and its pairs with the latest CSAT and CES.
    fn latest_answer_facts(&self, terms: &mut Terms) -> Facts {
        let mut facts = Facts::new();
        let Some(nps) = self.answers.latest_of(AnswerKind::Loyalty) else { return facts };
        facts.push(nps.score_fact(terms));
        for (kind, side) in [(AnswerKind::Csat, Side::Csat), (AnswerKind::Ces, Side::Ces)] {
            if let Some(other) = self.answers.latest_of(kind) {
                let time = other.order.time.max(nps.order.time);
                let (label, value) = (pair_label(side, Side::Nps), Contribution::Pair(other.rank(), nps.rank()));
                facts.push(Fact { measure: Measure::Correlation, label, dimensions: nps.dimensions, time, value });
            }
        }
        facts
    }

    /// The facts of openings and answers between two events that depend on the customer's stage.
    fn facts_in_stage(&self, from: EventOrder, until: Option<EventOrder>, terms: &mut Terms, facts: &mut Facts) {
        for at in self.openings.between(from, until) {
            self.opening_facts(at, terms, facts);
        }
        for answer in self.answers.between(from, until) {
            self.facts_of_answer_in_stage(answer, terms, facts);
        }
    }

    fn facts_of_answer_in_stage(&self, answer: &StandingAnswer, terms: &mut Terms, facts: &mut Facts) {
        let of_customer = self.dimensions_before(answer.order);
        facts.push(touchpoint(answer.order, answer.dimensions, of_customer, terms));
        facts.extend(answer_in_stage(answer, of_customer, terms));
    }

    /// The facts of one opening: contact, repeat contact, channel switch and touchpoint.
    fn opening_facts(&self, at: usize, terms: &Terms, facts: &mut Facts) {
        let (opening, previous) = self.openings.with_previous(at);
        let of_customer = self.dimensions_before(opening.order);
        let touched = touchpoint(opening.order, opening.dimensions, of_customer, terms);
        let stage = stage_of(&touched);
        let mut contact = |measure, in_stage| {
            facts.push(Fact::one(measure, opening.time, opening.dimensions));
            if stage.is_known() {
                facts.push(Fact::one(in_stage, opening.time, DimensionsId::default()).labelled(FactLabel::Stage(stage)));
            }
        };
        contact(Measure::Contacts, Measure::StageContacts);
        if let Some(previous) = previous.filter(|p| opening.time - p.time <= terms.settings.repeat_contact_within) {
            contact(Measure::RepeatContacts, Measure::StageRepeatContacts);
            if openings::is_switch(opening, previous, terms) {
                facts.push(Fact::one(Measure::ChannelSwitches, opening.time, opening.dimensions));
            }
        }
        facts.push(touched);
    }
}

/// The stage of a touchpoint.
fn stage_of(touchpoint: &Fact) -> ValueId {
    let FactLabel::StageAndChannel(stage, _) = touchpoint.label else {
        unreachable!("a touchpoint is labelled with its stage and channel")
    };
    stage
}

/// Whether a list has doubled since it was last examined, so that the cost of examining it again is small for each entry.
fn has_doubled(length: usize) -> bool {
    length >= 8 && length.is_power_of_two()
}

/// The number of oldest entries to drop, and the number of those that are dropped because of the length alone. Entries that are `old` are dropped
/// except the last of them, and those beyond `length_max`. Both are 0 unless the list has doubled.
fn forgettable<T>(entries: &[T], length_max: usize, old: impl Fn(&T) -> bool) -> (usize, usize) {
    if !has_doubled(entries.len()) {
        return (0, 0);
    }
    let old = entries.partition_point(old).saturating_sub(1);
    let gone = old.max(entries.len().saturating_sub(length_max));
    (gone, gone - old)
}
