//! The history of one ticket or chat: a summary of what nothing late can change any more, and the compact events after it.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::linked::Linked;
use super::step::Setting;
use super::{Action, Summary};
use crate::engine::names::DimensionsId;
use crate::engine::order::EventOrder;
use crate::event::{Contact, ContactAction, Key};
use crate::time::EventTime;

/// So many events of a ticket or chat commonly come within the allowed lateness.
const EVENTS_AT_ONCE: usize = 6;

/// One event of a ticket or chat, compact.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) order: EventOrder,
    /// The dimensions it names.
    pub(crate) dimensions: DimensionsId,
    /// The customer it names.
    pub(crate) customer: Option<Key>,
    pub(crate) action: Action,
}

impl Entry {
    /// The customer that a snapshot names.
    pub(super) fn told_customer(&self) -> Option<Key> {
        self.customer.filter(|_| matches!(self.action, Action::Event(ContactAction::Snapshot(_))))
    }
}

/// What was known of a ticket or chat just before some event.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    pub(crate) dimensions: DimensionsId,
    pub(crate) customer: Option<Key>,
    /// The event lies before the end of the base, so this is what was known later; what was found at its time still holds.
    pub(crate) is_settled: bool,
}

/// A ticket or chat.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ContactState {
    contact: Contact,
    /// What all its events come to.
    pub(crate) summary: Summary,
    /// What the events before `tail` came to; absent while `tail` is empty, because it is then the summary.
    #[serde(skip)]
    base: Option<Box<Summary>>,
    /// The events that something late may still precede, in their order.
    #[serde(skip)]
    tail: SmallVec<[Entry; 0]>,
    /// The event that the base ends with.
    base_order: EventOrder,
    /// The surveys about it, and the last event that named it among those of surveys.
    pub(crate) surveys: Linked,
    last_survey: EventOrder,
}

impl ContactState {
    pub(crate) fn new(contact: Contact, setting: &Setting<'_>) -> Self {
        let summary = Summary::before(contact, setting);
        Self {
            contact,
            summary,
            base: None,
            tail: SmallVec::new(),
            base_order: EventOrder::MIN,
            surveys: Linked::default(),
            last_survey: EventOrder::MIN,
        }
    }

    /// Takes an event in, in its place, and full sets of snapshots that came after it, which it may matter to; `inherited` gives the dimensions of
    /// a customer at an instant.
    ///
    /// Gives whether it was the last event, of its surveys too, so that nothing that came before is changed by it.
    pub(crate) fn insert(
        &mut self,
        entry: Entry,
        later_sets: impl Iterator<Item = Entry>,
        inherited: &impl Fn(Option<Key>, EventOrder) -> DimensionsId,
        setting: &mut Setting<'_>,
    ) -> bool {
        let at = self.tail.partition_point(|e| e.order <= entry.order);
        let (is_last, is_after_surveys) = (at == self.tail.len(), entry.order > self.last_survey);
        if self.tail.is_empty() {
            self.base = Some(Box::new(self.summary.clone()));
            self.tail.reserve(EVENTS_AT_ONCE);
        }
        if is_last {
            self.step(entry, inherited, setting);
        } else {
            self.tail.insert(at, entry);
        }
        let mut is_replayed = is_last;
        for set in later_sets {
            let at = self.tail.partition_point(|e| e.order < set.order);
            if at == self.tail.len() && is_replayed {
                self.step(set, inherited, setting);
            } else if self.tail.get(at).is_none_or(|e| e.order != set.order) {
                self.tail.insert(at, set);
                is_replayed = false;
            }
        }
        if !is_replayed {
            self.replay(inherited, setting);
        }
        is_last && is_after_surveys
    }

    /// Notes that an event of a survey names it.
    pub(crate) fn note_survey(&mut self, order: EventOrder) {
        self.last_survey = self.last_survey.max(order);
    }

    /// Recomputes the summary from the base, because an event came late or a customer's dimensions changed.
    pub(crate) fn replay(&mut self, inherited: &impl Fn(Option<Key>, EventOrder) -> DimensionsId, setting: &mut Setting<'_>) {
        let Some(base) = &self.base else { return };
        self.summary = (**base).clone();
        for entry in &self.tail {
            let customer = self.summary.customer_at(entry);
            self.summary.step(entry, inherited(customer, entry.order), setting);
        }
    }

    /// Moves events before `horizon` into the base, and further ones where there are more than `history_max`; gives how many of the latter.
    pub(crate) fn fold(
        &mut self,
        horizon: EventTime,
        history_max: usize,
        inherited: &impl Fn(Option<Key>, EventOrder) -> DimensionsId,
        setting: &mut Setting<'_>,
    ) -> usize {
        let settled = self.tail.partition_point(|e| e.order.time < horizon);
        let folded = settled.max(self.tail.len().saturating_sub(history_max));
        let Some(base) = &mut self.base else { return 0 };
        if folded == self.tail.len() {
            self.base_order = self.last_order();
            self.base = None;
            self.tail = SmallVec::new();
        } else {
            for entry in self.tail.drain(..folded) {
                let customer = base.customer_at(&entry);
                base.step(&entry, inherited(customer, entry.order), setting);
                self.base_order = entry.order;
            }
        }
        folded - settled
    }

    /// Drops from the lists what lies before `horizon`, where no window reaches and nothing late comes, and beyond `list_max` the oldest; gives
    /// how many of the latter.
    pub(crate) fn shorten(&mut self, horizon: EventTime, list_max: usize) -> usize {
        let lists = |summary: &mut Summary| {
            summary.next_responses.retain(|stamp| stamp.mark.time >= horizon);
            summary.reopens.retain(|mark| mark.time >= horizon);
            let (answers, reopens) =
                (summary.next_responses.len().saturating_sub(list_max), summary.reopens.len().saturating_sub(list_max));
            summary.next_responses.drain(..answers);
            summary.reopens.drain(..reopens);
            answers + reopens + summary.shorten_orphans(list_max)
        };
        if let Some(base) = &mut self.base {
            lists(base);
        }
        lists(&mut self.summary)
    }

    /// Its own dimensions and its customer as they were just before an event.
    pub(crate) fn known_before(&self, order: EventOrder, setting: &mut Setting<'_>) -> Known {
        let base = self.base.as_deref().unwrap_or(&self.summary);
        let (mut dimensions, mut customer) = (base.dimensions, base.opened.and_then(|o| o.customer));
        let mut is_opened = base.opened.is_some_and(|o| !o.is_silent);
        for entry in self.tail.iter().take_while(|e| e.order < order) {
            dimensions = setting.names.overlay(dimensions, entry.dimensions);
            match entry.action {
                Action::Event(ContactAction::Opened(_)) if !is_opened => (customer, is_opened) = (entry.customer, true),
                Action::Event(ContactAction::Snapshot(_)) if !is_opened => customer = customer.or(entry.customer),
                Action::Event(_) | Action::SetCompleted(_) => {}
            }
        }
        Known { dimensions, customer, is_settled: order < self.base_order }
    }

    /// Its last event, or the one that the base ended with.
    pub(crate) fn last_order(&self) -> EventOrder {
        self.tail.last().map_or(self.base_order, |e| e.order)
    }

    /// Its last event, those of its surveys included.
    pub(crate) fn last_known(&self) -> EventOrder {
        self.last_order().max(self.last_survey)
    }

    /// When the first event that waits to be folded happened.
    pub(crate) fn tail_start(&self) -> Option<EventTime> {
        self.tail.first().map(|e| e.order.time)
    }

    /// Whether events wait to be folded.
    pub(crate) fn is_unsettled(&self) -> bool {
        !self.tail.is_empty()
    }

    /// Which ticket or chat it is.
    pub(crate) fn contact(&self) -> Contact {
        self.contact
    }

    fn step(&mut self, entry: Entry, inherited: &impl Fn(Option<Key>, EventOrder) -> DimensionsId, setting: &mut Setting<'_>) {
        let customer = self.summary.customer_at(&entry);
        self.summary.step(&entry, inherited(customer, entry.order), setting);
        self.tail.push(entry);
    }
}
