//! The history of one ticket or chat: its sessions, a summary of the events that no late event can change any more, and the later events in compact
//! form.
//!
//! A chat that starts again under its id begins a new session, and a ticket may begin a new matter; each has a summary of its own, as if it were a
//! ticket or chat apart. Does not know the facts that follow from a summary.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::effect::{Footprint, surely_changes};
use super::facts::idle_end_of;
use super::linked_surveys::LinkedSurveys;
use super::marks::{Action, HistoryEvent};
use super::sequence::{Before, SKEW, Sequence, is_plain, sequence};
use super::summary::{Origin, Summary};
use super::targets::inherit_at_deadlines;
use super::transitions::{customer_at, step};
use crate::engine::terms::{DimensionsId, EventOrder, Terms};
use crate::event::{Contact, ContactAction, Key};
use crate::time::EventTime;

/// The number of events of a ticket or chat that commonly come within the allowed lateness.
const EVENTS_AT_ONCE: usize = 6;
/// Up to this many events wait until all of them can be folded at once. Folding all of them costs nothing, because the present summary is their
/// result.
const EVENTS_WAITING: usize = 32;

/// The result of the events before the tail of a history.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
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
    /// The summaries of the unsettled sessions before the event; `None` if the event only set marks of the present one and appended to its lists.
    pub(crate) was: Option<Vec<Summary>>,
    /// Whether the event comes after all others, including events of its surveys, so that it changes nothing for earlier ones.
    pub(crate) is_last: bool,
    /// Whether the event changed anything that is counted.
    pub(crate) has_effect: bool,
}

/// The values known of a ticket or chat at some event of a survey.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    /// The contact's own dimensions.
    pub(crate) dimensions: DimensionsId,
    /// The contact's own dimensions at its latest solve or end before the survey was sent.
    pub(crate) settled: Option<DimensionsId>,
    pub(crate) customer: Option<Key>,
    pub(crate) is_spam: bool,
    /// Whether the event lies before the end of the base. The values are then later ones, and the values found at the event's own time still hold.
    pub(crate) is_settled: bool,
}

/// The state of one ticket or chat. Its serialised form is that of a settled one, which leaves [`Unfolded`] out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ContactState {
    /// The result of all events of the present session or matter.
    pub(crate) summary: Summary,
    /// The sessions or matters before it, oldest first.
    earlier: Vec<Summary>,
    /// How many of those ended in the base.
    settled_sessions: u32,
    /// The result of the events before `tail`.
    #[serde(skip)]
    base: Base,
    /// The events that a late event may still precede, in their order.
    #[serde(skip)]
    tail: SmallVec<[HistoryEvent; 0]>,
    /// The last event of the base. It means nothing while the tail is empty, because the last event of the base is `last_order` then.
    #[serde(skip)]
    base_order: EventOrder,
    /// The last event of all, so that an event after it can be placed without reading earlier ones.
    last_order: EventOrder,
    /// The surveys about the ticket or chat.
    pub(crate) surveys: LinkedSurveys,
    /// The last survey event that named the ticket or chat.
    last_survey: EventOrder,
    /// The chats of which a session names this ticket before any other.
    pub(crate) named_by: SmallVec<[Contact; 0]>,
    /// The chat that this ticket was made from, with the event that began the session.
    pub(crate) origin: Option<(Contact, EventOrder, Origin)>,
}

/// The part of a state that only an unsettled ticket or chat has: the events that a late event may still precede, and the result of those before.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Unfolded {
    base: Base,
    tail: SmallVec<[HistoryEvent; 0]>,
    base_order: EventOrder,
}

impl ContactState {
    /// The part that the serialised form leaves out; `None` if it is settled.
    pub(crate) fn unfolded(&self) -> Option<Unfolded> {
        let Self { base, tail, base_order, .. } = self;
        self.is_unsettled().then(|| Unfolded { base: base.clone(), tail: tail.clone(), base_order: *base_order })
    }

    /// Adds the part that the serialised form has left out.
    pub(crate) fn resume(&mut self, unfolded: Unfolded) {
        Unfolded { base: self.base, tail: self.tail, base_order: self.base_order } = unfolded;
    }

    /// A ticket or chat without events.
    pub(crate) fn new(contact: Contact, terms: &Terms) -> Self {
        Self {
            summary: Summary::before(matches!(contact, Contact::Chat(_)), terms),
            earlier: Vec::new(),
            settled_sessions: 0,
            base: Base::Summary,
            tail: SmallVec::new(),
            base_order: EventOrder::MIN,
            last_order: EventOrder::MIN,
            surveys: LinkedSurveys::default(),
            last_survey: EventOrder::MIN,
            named_by: SmallVec::new(),
            origin: None,
        }
    }

    /// All sessions or matters, oldest first.
    pub(crate) fn sessions(&self) -> impl DoubleEndedIterator<Item = &Summary> {
        self.earlier.iter().chain([&self.summary])
    }

    /// The sessions or matters that may still change, oldest first.
    pub(crate) fn unsettled_sessions(&self) -> impl Iterator<Item = &Summary> {
        self.earlier[self.settled_sessions as usize..].iter().chain([&self.summary])
    }

    /// The session or matter that an event of a survey is about: the latest that had begun by then.
    pub(crate) fn session_at(&self, order: EventOrder) -> &Summary {
        self.sessions().rev().find(|session| session.began <= order).unwrap_or(&self.summary)
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
            self.settled_sessions = self.earlier.len() as u32;
            self.base = if is_first { Base::Nothing } else { Base::Known(Box::new(self.summary.clone())) };
            self.tail.reserve(EVENTS_AT_ONCE);
        }
        let is_plain = is_last && is_plain(&entry, &self.tail, self.now(), idle_end_of(&self.summary, &terms.settings));
        // A new matter begins with a reopening, which puts the summary before it among the earlier ones.
        let is_status = matches!(entry.action, Action::Event(ContactAction::Status(_)));
        let may_begin_anew = is_status && terms.settings.new_matter_after.is_some() && self.summary.is_solved;
        let was: Option<Vec<Summary>> =
            (!is_plain || !later_sets.is_empty() || may_begin_anew).then(|| self.unsettled_sessions().cloned().collect());
        let footprint = (was.is_none() && !surely_changes(&self.summary, &entry)).then(|| Footprint::of(&self.summary));
        let mut is_replayed = is_plain;
        if is_plain {
            self.step(entry, inherited, terms);
        } else {
            self.tail.insert(at, entry);
        }
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
        let has_effect = match (&was, footprint) {
            (Some(was), _) => !was.iter().map(Footprint::of).eq(self.unsettled_sessions().map(Footprint::of)),
            (None, Some(before)) => before != Footprint::of(&self.summary),
            (None, None) => true,
        };
        ContactChange { was, is_last: is_plain && is_after_surveys, has_effect }
    }

    /// Notes a survey event that names the ticket or chat.
    pub(crate) fn note_survey(&mut self, order: EventOrder) {
        self.last_survey = self.last_survey.max(order);
    }

    /// Recomputes the summaries, because a customer's dimensions or the chat that a ticket was made from changed.
    pub(crate) fn replay(&mut self, inherited: &impl Fn(Option<Key>, EventOrder) -> DimensionsId, terms: &mut Terms) -> ContactChange {
        let was = self.unsettled_sessions().cloned().collect();
        self.recompute(inherited, terms);
        inherit_at_deadlines(&mut self.summary, inherited, terms);
        ContactChange { was: Some(was), is_last: false, has_effect: true }
    }

    /// Moves the events before `horizon` into the base, and further ones if more than `history_max` remain; returns the number of these further
    /// ones. `waits` says that the whole history must still be known, as long as it is not too long.
    pub(crate) fn fold(
        &mut self,
        horizon: EventTime,
        history_max: usize,
        waits: bool,
        inherited: &impl Fn(Option<Key>, EventOrder) -> DimensionsId,
        terms: &mut Terms,
    ) -> usize {
        // An event up to 2 s later may still move one before the horizon.
        let settled = if waits { 0 } else { self.gap_before(self.tail.partition_point(|e| e.order.time < horizon - SKEW)) };
        let folded = settled.max(self.tail.len().saturating_sub(history_max));
        if folded == self.tail.len() {
            self.base = Base::Summary;
            self.tail = SmallVec::new();
            self.settled_sessions = self.earlier.len() as u32;
        } else if folded > 0 {
            self.fold_first(folded, inherited, terms);
        }
        folded - settled
    }

    /// Drops list entries before `horizon`, which no window and no late event can reach, and the oldest entries beyond `list_max`; returns the
    /// number of entries dropped beyond `list_max`.
    pub(crate) fn shorten(&mut self, horizon: EventTime, list_max: usize) -> usize {
        let mut dropped = shorten_lists(&mut self.summary, horizon, list_max);
        if let Base::Known(base) = &mut self.base {
            dropped += shorten_lists(base, horizon, list_max);
        }
        let settled = self.settled_sessions as usize;
        self.earlier[..settled].iter_mut().for_each(|session| dropped += shorten_lists(session, horizon, list_max));
        let surplus = settled.min(self.earlier.len().saturating_sub(list_max));
        self.earlier.drain(..surplus);
        self.settled_sessions -= surplus as u32;
        dropped + surplus
    }

    /// Forgets the sessions that ended before `horizon`.
    pub(crate) fn forget_sessions_before(&mut self, horizon: EventTime) {
        let settled = &self.earlier[..self.settled_sessions as usize];
        let old = settled.iter().take_while(|session| session.named.is_none_or(|named| named < horizon)).count();
        self.earlier.drain(..old);
        self.settled_sessions -= old as u32;
    }

    /// The values of the contact at an event of a survey. `named` is the event of the survey that first named the contact, and `asked` the survey's first
    /// sending, or else the event itself.
    pub(crate) fn known_at(&self, named: EventOrder, asked: EventOrder, order: EventOrder, terms: &mut Terms) -> Known {
        let session = self.session_at(named);
        let settled = session.settlements.iter().rfind(|settled| settled.time <= asked.time).map(|settled| settled.dimensions);
        let base_order = if self.tail.is_empty() { self.last_order } else { self.base_order };
        Known {
            dimensions: self.dimensions_at(session, order, terms),
            settled,
            customer: session.customer_by(order),
            is_spam: session.is_spam,
            is_settled: order < base_order,
        }
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

    /// Whether a full set of snapshots that began at `started` and was completed at `order`, before the last event, perhaps found the ticket open and not
    /// named since. An event counts up to [`SKEW`] beside its own time, which leaves some in doubt.
    pub(crate) fn is_perhaps_left_open_at(&self, order: EventOrder, started: EventTime) -> bool {
        let is_named = |event: &HistoryEvent| matches!(event.action, Action::Event(_)) && event.order.time >= started;
        let is_before = |event: &&HistoryEvent| event.order.time + SKEW < order.time;
        let first = self.tail.iter().find(|event| matches!(event.action, Action::Event(_)));
        let begins_later = matches!(self.base, Base::Nothing) && first.is_none_or(|first| first.order.time > order.time + SKEW);
        !begins_later && !self.tail.iter().take_while(is_before).any(is_named)
    }

    /// The number of unfolded events.
    pub(crate) fn unfolded_events(&self) -> usize {
        self.tail.len()
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

    /// What is known after all events.
    fn now(&self) -> Before {
        before(&self.summary, &self.earlier, self.last_order)
    }

    /// The sequence of the unfolded events.
    fn sequence(&self, terms: &Terms) -> Sequence {
        let settled = &self.earlier[..self.settled_sessions as usize];
        let before = match &self.base {
            Base::Summary => self.now(),
            Base::Nothing => Before { was_opened: false, is_running: false, has_ended: false, last: None },
            Base::Known(base) => before(base, settled, self.base_order),
        };
        sequence(&self.tail, before, idle_end_of(&self.summary, &terms.settings))
    }

    /// The summary with which the unfolded events begin.
    fn start(&self, inherited: &impl Fn(Option<Key>, EventOrder) -> DimensionsId, terms: &mut Terms) -> Summary {
        let mut start = match &self.base {
            Base::Summary => self.summary.clone(),
            Base::Nothing => Summary::before(self.summary.is_chat, terms),
            Base::Known(base) => (**base).clone(),
        };
        if start.began == EventOrder::MIN {
            start.origin = self.origin.map(|(.., origin)| origin);
        }
        inherit_at_deadlines(&mut start, inherited, terms);
        start
    }

    /// Recomputes the summaries from the base and the tail.
    fn recompute(&mut self, inherited: &impl Fn(Option<Key>, EventOrder) -> DimensionsId, terms: &mut Terms) {
        if let Base::Summary = &self.base {
            return;
        }
        let sequence = self.sequence(terms);
        let mut summary = self.start(inherited, terms);
        self.earlier.truncate(self.settled_sessions as usize);
        apply(&mut summary, &mut self.earlier, &self.tail, &sequence, inherited, terms);
        self.summary = summary;
    }

    /// Applies an event that comes last and changes the place of no other, and appends it to the tail.
    fn step(&mut self, entry: HistoryEvent, inherited: &impl Fn(Option<Key>, EventOrder) -> DimensionsId, terms: &mut Terms) {
        let customer = customer_at(&self.summary, &entry);
        let ended = step(&mut self.summary, &entry, entry.order, inherited(customer, entry.order), terms);
        self.earlier.extend(ended.map(|ended| *ended));
        inherit_at_deadlines(&mut self.summary, inherited, terms);
        self.tail.push(entry);
    }

    /// Moves the first events of the tail into the base.
    fn fold_first(&mut self, folded: usize, inherited: &impl Fn(Option<Key>, EventOrder) -> DimensionsId, terms: &mut Terms) {
        let sequence = self.sequence(terms);
        let first: Sequence = sequence.into_iter().filter(|sequenced| sequenced.index < folded).collect();
        let (mut base, mut ended) = (self.start(inherited, terms), Vec::new());
        apply(&mut base, &mut ended, &self.tail, &first, inherited, terms);
        self.settled_sessions += ended.len() as u32;
        self.base_order = self.tail[folded - 1].order;
        self.tail.drain(..folded);
        self.base = Base::Known(Box::new(base));
    }

    /// The last place at or before `at` with more than 2 s between the events on both sides of it; 0 without one.
    fn gap_before(&self, at: usize) -> usize {
        let is_gap = |at: &usize| {
            let (Some(before), Some(after)) = (at.checked_sub(1).and_then(|at| self.tail.get(at)), self.tail.get(*at)) else { return true };
            after.order.time - before.order.time > SKEW
        };
        (0..=at).rev().find(is_gap).unwrap_or(0)
    }

    /// The contact's own dimensions in a session, after its last event before `order`.
    fn dimensions_at(&self, session: &Summary, order: EventOrder, terms: &mut Terms) -> DimensionsId {
        if self.last_order < order && session.began == self.summary.began {
            return self.summary.dimensions;
        }
        let (mut dimensions, mut began) = match &self.base {
            Base::Summary => return session.dimensions,
            Base::Nothing => (terms.rules.first_dimensions(session.is_chat), EventOrder::MIN),
            Base::Known(base) => (base.dimensions, base.began),
        };
        let mut found = if began == session.began { dimensions } else { session.dimensions };
        let next_began = self.sessions().map(|next| next.began).find(|next| *next > session.began);
        let until = next_began.map_or(order, |next| next.min(order));
        for sequenced in self.sequence(terms) {
            if sequenced.order >= until {
                break;
            }
            if sequenced.begins {
                (dimensions, began) = (terms.rules.first_dimensions(session.is_chat), sequenced.order);
            }
            dimensions = terms.names.overlay(dimensions, self.tail[sequenced.index].dimensions);
            if began == session.began || !session.is_chat {
                found = dimensions;
            }
        }
        found
    }
}

/// Applies events in their sequence; the summaries of sessions and matters that end go to `ended`.
fn apply(
    summary: &mut Summary,
    ended: &mut Vec<Summary>,
    events: &[HistoryEvent],
    sequence: &Sequence,
    inherited: &impl Fn(Option<Key>, EventOrder) -> DimensionsId,
    terms: &mut Terms,
) {
    for sequenced in sequence {
        let event = &events[sequenced.index];
        if sequenced.begins {
            let next = Summary { began: sequenced.order, ..Summary::before(summary.is_chat, terms) };
            ended.push(std::mem::replace(summary, next));
        }
        let customer = customer_at(summary, event);
        let matter = step(summary, event, sequenced.order, inherited(customer, sequenced.order), terms);
        ended.extend(matter.map(|matter| *matter));
        inherit_at_deadlines(summary, inherited, terms);
    }
}

/// What is known after a summary and the sessions before it.
fn before(summary: &Summary, earlier: &[Summary], last: EventOrder) -> Before {
    // A snapshot opens a ticket as well, but an event up to 2 s before the creation itself still counts at its instant.
    let is_opened = summary.opened.is_some_and(|opened| !opened.is_silent);
    let has_ended = summary.over_at().is_some();
    Before {
        was_opened: is_opened || !earlier.is_empty(),
        is_running: is_opened && !has_ended,
        has_ended,
        last: (last > EventOrder::MIN).then_some(last.time),
    }
}

fn shorten_lists(summary: &mut Summary, horizon: EventTime, list_max: usize) -> usize {
    summary.next_responses.retain(|stamp| stamp.mark.time >= horizon);
    summary.reopens.retain(|mark| mark.time >= horizon);
    let mut dropped = drop_oldest(&mut summary.next_responses, list_max) + drop_oldest(&mut summary.reopens, list_max);
    // The last one before the horizon is what an answer is credited to that comes soon after it.
    let old = summary.settlements.iter().filter(|settled| settled.time < horizon).count().saturating_sub(1);
    summary.settlements.drain(..old);
    dropped += drop_oldest(&mut summary.settlements, list_max);
    let old = summary.heard.len().saturating_sub(list_max);
    summary.heard.drain(..old);
    if let Some(clocks) = &mut summary.clocks {
        clocks.next_verdicts.retain(|verdict| verdict.mark().time >= horizon);
        dropped += drop_oldest(&mut clocks.next_verdicts, list_max);
    }
    dropped
}

/// Drops the oldest entries beyond `list_max`; returns their number.
fn drop_oldest<A: smallvec::Array>(list: &mut SmallVec<A>, list_max: usize) -> usize {
    let surplus = list.len().saturating_sub(list_max);
    list.drain(..surplus);
    surplus
}
