//! The history of one ticket or chat: a summary of the events that no late event can change any more, and the later events in compact form.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::linked_surveys::LinkedSurveys;
use super::summary::{Action, HistoryEvent, Summary};
use super::transitions::{customer_at, shorten_orphans, step};
use crate::engine::terms::{DimensionsId, EventOrder, Terms};
use crate::event::{Contact, ContactAction, Key};
use crate::time::EventTime;

/// The number of events of a ticket or chat that commonly come within the allowed lateness.
const EVENTS_AT_ONCE: usize = 6;
/// Up to this many events wait until all of them can be folded at once. That takes no step, because the present summary then is their result.
const EVENTS_WAITING: usize = 32;

/// The result of the events before the tail of a history.
#[derive(Clone, Debug, Default)]
enum Base {
    /// The tail is empty, so the result is the present summary.
    #[default]
    Summary,
    /// There were no events before the tail, as for most recent tickets, so nothing is kept.
    Nothing,
    /// The result, kept separately.
    Known(Box<Summary>),
}

/// The result of inserting an event.
#[derive(Debug)]
pub(crate) struct ContactChange {
    /// The summary before the event; `None` if the event only set marks and appended to lists.
    pub(crate) was: Option<Box<Summary>>,
    /// Whether the event comes after all others, including events of its surveys, so that it changes nothing for earlier ones.
    pub(crate) is_last: bool,
}

/// The values known of a ticket or chat just before some event.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    pub(crate) dimensions: DimensionsId,
    pub(crate) customer: Option<Key>,
    /// Whether the event lies before the end of the base. The values are then later ones, and the values found at the event's own time still hold.
    pub(crate) is_settled: bool,
}

/// The state of one ticket or chat.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ContactState {
    /// The result of all events.
    pub(crate) summary: Summary,
    /// The result of the events before `tail`.
    #[serde(skip)]
    base: Base,
    /// The events that a late event may still precede, in their order.
    #[serde(skip)]
    tail: SmallVec<[HistoryEvent; 0]>,
    /// The last event of the base; the last event of all while the tail is empty.
    #[serde(skip)]
    base_order: EventOrder,
    /// The last event of all, so that an event after it can be placed without reading earlier ones.
    last_order: EventOrder,
    /// The surveys about the ticket or chat.
    pub(crate) surveys: LinkedSurveys,
    /// The last survey event that named the ticket or chat.
    last_survey: EventOrder,
}

impl ContactState {
    /// A ticket or chat without events.
    pub(crate) fn new(contact: Contact, terms: &Terms) -> Self {
        let summary = Summary::before(matches!(contact, Contact::Chat(_)), terms);
        Self {
            summary,
            base: Base::Summary,
            tail: SmallVec::new(),
            base_order: EventOrder::MIN,
            last_order: EventOrder::MIN,
            surveys: LinkedSurveys::default(),
            last_survey: EventOrder::MIN,
        }
    }

    /// Inserts an event at its place in the order, together with the full sets of snapshots that came after it, because it may change their effect.
    /// `inherited` gives a customer's dimensions at an event.
    pub(crate) fn insert(
        &mut self,
        entry: HistoryEvent,
        later_sets: &[HistoryEvent],
        inherited: &impl Fn(Option<Key>, EventOrder) -> DimensionsId,
        terms: &mut Terms,
    ) -> ContactChange {
        // Most events come last, and a search would read memory that is probably no longer in the cache.
        let is_next = self.tail.is_empty() || self.last_order <= entry.order;
        let at = if is_next { self.tail.len() } else { self.tail.partition_point(|e| e.order <= entry.order) };
        let (is_last, is_after_surveys) = (at == self.tail.len(), entry.order > self.last_survey);
        if self.tail.is_empty() {
            let is_first = self.last_order == EventOrder::MIN;
            self.base_order = self.last_order;
            self.base = if is_first { Base::Nothing } else { Base::Known(Box::new(self.summary.clone())) };
            self.tail.reserve(EVENTS_AT_ONCE);
        }
        // A creation discards the values that a snapshot had given, lists included.
        let forgets = matches!(entry.action, Action::Event(ContactAction::Opened(_))) && self.summary.opened.is_some();
        let only_adds = is_last && later_sets.is_empty() && !forgets;
        let was = (!only_adds).then(|| Box::new(self.summary.clone()));
        if is_last {
            self.step(entry, inherited, terms);
        } else {
            self.tail.insert(at, entry);
        }
        let mut is_replayed = is_last;
        for set in later_sets {
            let at = self.tail.partition_point(|e| e.order < set.order);
            if at == self.tail.len() && is_replayed {
                self.step(set.clone(), inherited, terms);
            } else if self.tail.get(at).is_none_or(|e| e.order != set.order) {
                self.tail.insert(at, set.clone());
                is_replayed = false;
            }
        }
        if !is_replayed {
            self.recompute(inherited, terms);
        }
        self.last_order = self.tail.last().map_or(self.last_order, |last| last.order);
        ContactChange { was, is_last: is_last && is_after_surveys }
    }

    /// Notes a survey event that names the ticket or chat.
    pub(crate) fn note_survey(&mut self, order: EventOrder) {
        self.last_survey = self.last_survey.max(order);
    }

    /// Recomputes the summary, because a customer's dimensions changed.
    pub(crate) fn replay(&mut self, inherited: &impl Fn(Option<Key>, EventOrder) -> DimensionsId, terms: &mut Terms) -> ContactChange {
        let was = Box::new(self.summary.clone());
        self.recompute(inherited, terms);
        ContactChange { was: Some(was), is_last: false }
    }

    /// Moves the events before `horizon` into the base, and further ones if more than `history_max` remain; returns the number of these further
    /// ones.
    pub(crate) fn fold(
        &mut self,
        horizon: EventTime,
        history_max: usize,
        inherited: &impl Fn(Option<Key>, EventOrder) -> DimensionsId,
        terms: &mut Terms,
    ) -> usize {
        let settled = self.tail.partition_point(|e| e.order.time < horizon);
        let folded = settled.max(self.tail.len().saturating_sub(history_max));
        if folded == self.tail.len() {
            self.base = Base::Summary;
            self.tail = SmallVec::new();
        } else if folded > 0 {
            let base = self.base.known(self.summary.is_chat, terms);
            for entry in self.tail.drain(..folded) {
                let customer = customer_at(base, &entry);
                step(base, &entry, inherited(customer, entry.order), terms);
                self.base_order = entry.order;
            }
        }
        folded - settled
    }

    /// Drops list entries before `horizon`, which no window and no late event can reach, and the oldest entries beyond `list_max`; returns the
    /// number of entries dropped beyond `list_max`.
    pub(crate) fn shorten(&mut self, horizon: EventTime, list_max: usize) -> usize {
        let lists = |summary: &mut Summary| {
            summary.next_responses.retain(|stamp| stamp.mark.time >= horizon);
            summary.reopens.retain(|mark| mark.time >= horizon);
            let (answers, reopens) =
                (summary.next_responses.len().saturating_sub(list_max), summary.reopens.len().saturating_sub(list_max));
            summary.next_responses.drain(..answers);
            summary.reopens.drain(..reopens);
            answers + reopens + shorten_orphans(summary, list_max)
        };
        if let Base::Known(base) = &mut self.base {
            lists(base);
        }
        lists(&mut self.summary)
    }

    /// The contact's own dimensions and its customer just before an event.
    pub(crate) fn known_before(&self, order: EventOrder, terms: &mut Terms) -> Known {
        let (mut dimensions, opened) = match &self.base {
            Base::Summary => (self.summary.dimensions, self.summary.opened),
            Base::Nothing => (terms.rules.first_dimensions(self.summary.is_chat), None),
            Base::Known(base) => (base.dimensions, base.opened),
        };
        let (mut customer, mut is_opened) = (opened.and_then(|o| o.customer), opened.is_some_and(|o| !o.is_silent));
        let base_order = if self.tail.is_empty() { self.last_order } else { self.base_order };
        for entry in self.tail.iter().take_while(|e| e.order < order) {
            dimensions = terms.names.overlay(dimensions, entry.dimensions);
            match &entry.action {
                Action::Event(ContactAction::Opened(_)) if !is_opened => (customer, is_opened) = (entry.customer, true),
                Action::Event(ContactAction::Snapshot(_)) if !is_opened => customer = customer.or(entry.customer),
                Action::Event(_) | Action::SetCompleted(_) => {}
            }
        }
        Known { dimensions, customer, is_settled: order < base_order }
    }

    /// The last event, which may be in the base.
    pub(crate) fn last_order(&self) -> EventOrder {
        self.last_order
    }

    /// The last event, including events of its surveys.
    pub(crate) fn last_known(&self) -> EventOrder {
        self.last_order().max(self.last_survey)
    }

    /// When the first unfolded event happened.
    pub(crate) fn tail_start(&self) -> Option<EventTime> {
        self.tail.first().map(|e| e.order.time)
    }

    /// When the first and the last unfolded event happened; `None` if there are none, or so many that some should be folded.
    pub(crate) fn waiting_tail(&self, history_max: usize) -> Option<(EventTime, EventTime)> {
        let (first, last) = (self.tail.first()?, self.tail.last()?);
        (self.tail.len() <= history_max.min(EVENTS_WAITING)).then_some((first.order.time, last.order.time))
    }

    /// Whether there are unfolded events.
    pub(crate) fn is_unsettled(&self) -> bool {
        !self.tail.is_empty()
    }

    /// Reads all memory that inserting one more event will need, so that it is fetched early. The returned number means nothing.
    pub(crate) fn touch_memory(&self) -> u64 {
        let summary = &self.summary;
        let marks = [summary.escalated, summary.transferred, summary.accepted, summary.abandoned, summary.ended];
        let marks = marks.iter().fold(0, |sum, mark| sum ^ mark.map_or(0, |m| m.time.0));
        let stamps = [summary.first_response, summary.automated_response].iter().fold(0, |sum, s| sum ^ s.map_or(0, |s| s.after.0));
        let solves = [summary.solve, summary.first_solve()].iter().fold(0, |sum, s| sum ^ s.map_or(0, |s| s.mark.time.0));
        let opened = summary.opened.map_or(0, |o| o.time.0);
        let clocks = summary.clocks.as_ref().map_or(0, |clocks| u64::from(clocks.response.is_some()));
        let last = self.last_order.time.0;
        (marks ^ stamps ^ solves ^ opened ^ last) as u64 ^ clocks ^ summary.reopens.len() as u64 ^ summary.next_responses.len() as u64
    }

    /// Recomputes the summary from the base and the tail.
    fn recompute(&mut self, inherited: &impl Fn(Option<Key>, EventOrder) -> DimensionsId, terms: &mut Terms) {
        self.summary = match &self.base {
            Base::Summary => return,
            Base::Nothing => Summary::before(self.summary.is_chat, terms),
            Base::Known(base) => (**base).clone(),
        };
        for entry in &self.tail {
            let customer = customer_at(&self.summary, entry);
            step(&mut self.summary, entry, inherited(customer, entry.order), terms);
        }
    }

    /// Applies an event that comes last, and appends it to the tail.
    fn step(&mut self, entry: HistoryEvent, inherited: &impl Fn(Option<Key>, EventOrder) -> DimensionsId, terms: &mut Terms) {
        let customer = customer_at(&self.summary, &entry);
        step(&mut self.summary, &entry, inherited(customer, entry.order), terms);
        self.tail.push(entry);
    }
}

impl Base {
    /// The summary of a base that is kept separately, to be changed.
    fn known(&mut self, is_chat: bool, terms: &Terms) -> &mut Summary {
        if let Self::Nothing = self {
            *self = Self::Known(Box::new(Summary::before(is_chat, terms)));
        }
        match self {
            Self::Known(base) => base,
            Self::Summary | Self::Nothing => unreachable!("a history with events to fold has a base of its own"),
        }
    }
}
