//! The state of one partition group: everything keyed by ticket, chat, survey or customer, and what each event changes in it.

mod contacts;
mod customers;
mod lives;
mod retention;
mod sets;
mod surveys;

use std::collections::BTreeMap;

pub(crate) use retention::Evictions;
use retention::Schedule;
use rustc_hash::{FxHashMap, FxHashSet};

use self::lives::Lives;
use super::contact::ContactState;
use super::dormant::Dormant;
use super::fact::{Fact, Facts, difference};
use super::gate::Gate;
use super::ledger::Ledger;
use super::names::DimensionsId;
use super::order::EventOrder;
use super::panes::Panes;
use super::standing::Subject;
use super::survey::{SurveyId, SurveyState};
use super::view::View;
use super::{EngineSettings, Outcome, Place, Progress, Rules};
use crate::event::{Body, Contact, Decoded, Key};
use crate::time::{EventTime, Span};

/// For how long a history that could be folded in part waits until it can be folded as a whole.
const WAITING_MAX: Span = Span::hours(24);

/// The state of one partition group.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) topics: Vec<TopicState>,
    pub(crate) panes: Panes,
    contacts: Dormant<Contact, ContactState>,
    /// In boxes, so that the map stays small while it is half empty.
    surveys: FxHashMap<SurveyId, Box<SurveyState>>,
    customers: Lives,
    /// The full sets of ticket snapshots that something late may still precede, with when each began.
    sets: BTreeMap<EventOrder, EventTime>,
    /// The open tickets, kept from the first full set on, so that the next ones need not look through all.
    open_tickets: Option<FxHashSet<Contact>>,
    /// Events later than now; they are applied when now reaches them.
    held: BTreeMap<EventOrder, Arrived>,
    /// When the tail of each unsettled ticket or chat begins.
    unsettled: Schedule<Contact>,
    /// When ended tickets and chats, surveys and customers are looked at for leaving.
    ended: Schedule<Contact>,
    old_surveys: Schedule<SurveyId>,
    idle_customers: Schedule<Key>,
    /// The first event of a customer, or the beginning of time where a customer was loaded as active: before it the base is not known.
    pub(crate) customers_since: Option<EventTime>,
    pub(crate) evictions: Evictions,
    /// Whether the backlog is whole: read from the log's start, or a full set of ticket snapshots was.
    pub(crate) is_history_complete: bool,
    pub(crate) largest_event_time: Option<EventTime>,
    /// The largest allowed lateness of any topic.
    lateness_max: Span,
    /// All histories have been folded up to here; what they inherit from customers must be known from here on.
    settled_before: EventTime,
}

/// What is known of one topic of a group.
#[derive(Debug)]
pub(crate) struct TopicState {
    pub(crate) gate: Gate,
    pub(crate) ledger: Ledger,
    pub(crate) next_offset: Option<i64>,
    pub(crate) progress: Option<Progress>,
    /// The timestamp of the first record, or its event time where it has none.
    pub(crate) first_record: Option<EventTime>,
}

/// An applied event, with its names interned.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) order: EventOrder,
    pub(crate) topic: usize,
    pub(crate) identity: Key,
    pub(crate) customer: Option<Key>,
    pub(crate) dimensions: DimensionsId,
    pub(crate) body: Body,
}

impl Group {
    pub(crate) fn new(settings: &EngineSettings, panes: Panes) -> Self {
        let topic = |t: &super::EngineTopic| TopicState {
            gate: Gate::new(t.allowed_lateness, settings.limits.identities_max),
            ledger: Ledger::default(),
            next_offset: None,
            progress: None,
            first_record: None,
        };
        Self {
            topics: settings.topics.iter().map(topic).collect(),
            panes,
            contacts: Dormant::default(),
            surveys: FxHashMap::default(),
            customers: Lives::default(),
            sets: BTreeMap::new(),
            open_tickets: None,
            held: BTreeMap::new(),
            unsettled: Schedule::default(),
            ended: Schedule::default(),
            old_surveys: Schedule::default(),
            idle_customers: Schedule::default(),
            customers_since: None,
            evictions: Evictions::default(),
            is_history_complete: true,
            largest_event_time: None,
            lateness_max: settings.topics.iter().map(|t| t.allowed_lateness).max().unwrap_or(Span(0)),
            settled_before: EventTime::MIN,
        }
    }

    /// Judges a record, books its outcome, and gives the event where it is applied.
    pub(crate) fn judge(&mut self, place: Place, decoded: &Decoded<'_>, view: &mut View) -> (Outcome, Option<Arrived>) {
        let at = usize::from(place.topic.0);
        let topic = &mut self.topics[at];
        assert!(topic.next_offset.is_none_or(|next| place.offset >= next), "a record is handled once, in the order of its log");
        topic.next_offset = Some(place.offset + 1);
        let outcome = match decoded {
            Decoded::Event(event) => topic.gate.judge(event.identity, event.time, place.record_time),
            Decoded::Ignored => Outcome::Ignored,
            Decoded::Invalid(reason) => Outcome::Invalid(*reason),
        };
        topic.ledger.book(outcome);
        let Decoded::Event(event) = decoded else { return (outcome, None) };
        topic.first_record = topic.first_record.or(place.record_time).or(Some(event.time));
        if outcome != Outcome::Applied {
            return (outcome, None);
        }
        self.largest_event_time = self.largest_event_time.max(Some(event.time));
        let arrived = Arrived {
            order: EventOrder::new(event.time, view.settings.topics[at].kind, place.topic.0, place.offset),
            topic: at,
            identity: event.identity,
            customer: event.customer,
            dimensions: view.names.intern(&event.dimensions),
            body: event.body.clone(),
        };
        (outcome, Some(arrived))
    }

    /// Applies an event, or holds it until now reaches it.
    pub(crate) fn take_in(&mut self, arrived: &Arrived, view: &mut View, rules: &Rules) {
        if arrived.order.time > view.now {
            self.held.insert(arrived.order, arrived.clone());
            // Rather a little early than lost, or without a bound: what lies ahead of now is in no window all the same.
            if self.held.len() > view.settings.limits.held_max
                && let Some((_, first)) = self.held.pop_first()
            {
                self.evictions.held += 1;
                self.apply(&first, view, rules);
            }
        } else {
            self.apply(arrived, view, rules);
        }
    }

    /// Touches the memory that applying an event will read first; the number means nothing.
    pub(crate) fn glance(&self, arrived: &Arrived) -> u64 {
        match &arrived.body {
            Body::Contact(contact, _) => self.glance_at(*contact),
            Body::Survey(survey) => survey.about.map_or(0, |contact| self.glance_at(contact)),
            Body::Customer(_) | Body::SnapshotCompleted(_) => 0,
        }
    }

    fn glance_at(&self, contact: Contact) -> u64 {
        self.contacts.awake(&contact).map_or(0, ContactState::glance)
    }

    /// Applies the held events that now has reached, in their order.
    pub(crate) fn release_held(&mut self, view: &mut View, rules: &Rules) {
        while let Some(entry) = self.held.first_entry() {
            if entry.key().time > view.now {
                break;
            }
            let arrived = entry.remove();
            self.apply(&arrived, view, rules);
        }
    }

    /// Folds histories that nothing late can change any more, and lets go of what nothing asks for any more.
    pub(crate) fn settle(&mut self, view: &mut View, rules: &Rules) {
        let horizon = self.horizon();
        let due: Vec<Contact> = std::iter::from_fn(|| self.unsettled.pop_before(horizon)).collect();
        std::hint::black_box(due.iter().fold(0, |seen, contact| seen ^ self.glance_at(*contact)));
        self.panes.set_applied_at(self.largest_event_time.unwrap_or(EventTime::MIN));
        due.into_iter().for_each(|contact| self.settle_contact(contact, horizon, view, rules));
        self.contacts.lull(|state| !state.is_unsettled());
        self.customers.living.lull(|_| true);
        self.settled_before = self.settled_before.max(horizon - WAITING_MAX);
        self.forget_sets_before(horizon);
        let forgotten = self.forgotten_before(view, rules);
        self.customers.forget_before(forgotten);
        self.expire(horizon, view, rules);
    }

    /// How much it holds, by store.
    pub(crate) fn sizes(&self) -> [(&'static str, usize); 7] {
        let (panes, entries) = self.panes.size();
        let identities = self.topics.iter().map(|t| t.gate.identities()).sum();
        [
            ("contacts", self.contacts.len()),
            ("surveys", self.surveys.len()),
            ("customers", self.customers.len()),
            ("identities", identities),
            ("held", self.held.len()),
            ("panes", panes),
            ("pane_cells", entries),
        ]
    }

    fn apply(&mut self, arrived: &Arrived, view: &mut View, rules: &Rules) {
        self.panes.set_applied_at(arrived.order.time);
        match &arrived.body {
            Body::Contact(contact, action) => self.apply_contact(*contact, action.clone(), arrived, view, rules),
            Body::Survey(survey) => self.apply_survey(survey, arrived, view, rules),
            Body::Customer(action) => self.apply_customer(*action, arrived, view, rules),
            Body::SnapshotCompleted(started) => self.complete_set(*started, arrived, view, rules),
        }
        self.hold_limits(view, rules);
    }

    /// Group time: the smallest watermark over the topics that still have lag, else the largest; nothing else lets histories shrink.
    fn group_time(&self) -> EventTime {
        let lagging = || self.topics.iter().filter(|t| !t.progress.is_some_and(|p| p.at_end));
        let watermark = |t: &TopicState| t.gate.watermark().unwrap_or(EventTime::MIN);
        let smallest = lagging().map(watermark).min();
        smallest.unwrap_or_else(|| self.topics.iter().map(watermark).max().unwrap_or(EventTime::MIN))
    }

    /// Before this nothing is applied any more.
    fn horizon(&self) -> EventTime {
        self.group_time() - self.lateness_max
    }
}

/// Posts the difference of two lists of facts about one thing.
fn post_difference(subject: Subject, mut before: Facts, mut after: Facts, panes: &mut Panes) {
    difference(&mut before, &mut after);
    post(subject, &before, &after, panes);
}

/// Posts facts that stand no longer and facts that stand from now on.
fn post(subject: Subject, gone: &[Fact], come: &[Fact], panes: &mut Panes) {
    panes.note_standing(subject, gone, come);
    panes.note(gone, -1);
    panes.note(come, 1);
}
