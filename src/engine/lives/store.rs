//! The store of one partition group's lives, by ticket or chat, survey and customer, with the timers at which they are examined again.
//!
//! Does not know how an event changes a life.

use rustc_hash::FxHashMap;

use super::contact::{ContactState, pair_facts};
use super::customers::Customers;
use super::dormant::Dormant;
use super::survey::{SurveyId, SurveyState};
use super::ticket_sets::TicketSets;
use super::timers::Timers;
use crate::engine::terms::{DimensionsId, EventOrder, Facts, Terms};
use crate::event::{Body, Contact, Key};
use crate::time::{EventTime, Span};

/// How long a history of which a part could be folded waits for the moment when it can be folded as a whole.
pub(super) const WAITING_MAX: Span = Span::hours(24);

/// All lives of one partition group.
#[derive(Debug)]
pub(crate) struct Lives {
    pub(crate) terms: Terms,
    pub(super) contacts: Dormant<Contact, ContactState>,
    /// Boxed, so that the map stays small while it is half empty.
    pub(super) surveys: FxHashMap<SurveyId, Box<SurveyState>>,
    pub(super) customers: Customers,
    pub(super) ticket_sets: TicketSets,
    /// When the unfolded events of each unsettled ticket or chat are due to be folded.
    pub(super) unsettled: Timers<Contact>,
    /// When ended tickets and chats may leave.
    pub(super) ended: Timers<Contact>,
    /// When old surveys may leave.
    pub(super) old_surveys: Timers<SurveyId>,
    /// When idle customers may leave.
    pub(super) idle_customers: Timers<Key>,
    /// The time of the first customer event, or the beginning of time if a customer was loaded as active. Before it the customer base is not known.
    pub(crate) customers_since: Option<EventTime>,
    pub(crate) evictions: Evictions,
    /// The largest event time admitted.
    pub(crate) largest_event_time: Option<EventTime>,
    /// Events before this time are no longer applied.
    pub(crate) horizon: EventTime,
    /// The largest allowed lateness of any topic.
    pub(crate) lateness_max: Span,
    /// All histories have been folded up to this time, so customers' dimensions must be known from it on, for tickets and chats to inherit.
    pub(super) settled_before: EventTime,
}

/// An event that was admitted, with its names interned.
#[derive(Clone, Debug)]
pub(crate) struct AdmittedEvent {
    pub(crate) order: EventOrder,
    /// The index of its topic in the configuration.
    pub(crate) topic: usize,
    pub(crate) identity: Key,
    pub(crate) customer: Option<Key>,
    pub(crate) dimensions: DimensionsId,
    pub(crate) body: Body,
}

/// The number of entries that left before their time, by store.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Evictions {
    pub(crate) contacts: u64,
    pub(crate) surveys: u64,
    pub(crate) customers: u64,
    /// Events that were applied before now had reached them, because too many events lay ahead of now.
    pub(crate) held: u64,
    /// Events of histories that were too long, folded before their time.
    pub(crate) histories: u64,
}

impl Lives {
    pub(crate) fn new(terms: Terms) -> Self {
        Self {
            contacts: Dormant::default(),
            surveys: FxHashMap::default(),
            customers: Customers::default(),
            ticket_sets: TicketSets::default(),
            unsettled: Timers::default(),
            ended: Timers::default(),
            old_surveys: Timers::default(),
            idle_customers: Timers::default(),
            customers_since: None,
            evictions: Evictions::default(),
            largest_event_time: None,
            horizon: EventTime::MIN,
            lateness_max: terms.settings.topics.iter().map(|t| t.allowed_lateness).max().unwrap_or(Span(0)),
            settled_before: EventTime::MIN,
            terms,
        }
    }

    /// Reads the memory that applying an event will need first, so that it is fetched early; the number means nothing.
    pub(crate) fn touch_memory(&self, event: &AdmittedEvent) -> u64 {
        match &event.body {
            Body::Contact(contact, _) => self.touch_contact(*contact),
            Body::Survey(survey) => survey.about.map_or(0, |contact| self.touch_contact(contact)),
            Body::Customer(_) | Body::SnapshotCompleted(_) => 0,
        }
    }

    /// How many tickets and chats, surveys and customers it holds.
    pub(crate) fn sizes(&self) -> [usize; 3] {
        [self.contacts.len(), self.surveys.len(), self.customers.len()]
    }

    pub(super) fn touch_contact(&self, contact: Contact) -> u64 {
        self.contacts.awake(&contact).map_or(0, ContactState::touch_memory)
    }

    /// The pairs of a ticket or chat with the answers about it.
    pub(super) fn pairs_of(&self, contact: Contact) -> Facts {
        let Some(state) = self.contacts.get(&contact).filter(|state| !state.surveys.is_empty()) else { return Facts::new() };
        pairs_of(contact, &state, &self.surveys, &self.terms)
    }

    /// Events before this lie in no window and cannot come back into one, and their customers have been idle for longer than any time-out.
    ///
    /// Measured from the instant up to which histories have been folded, and not from group time: until then a ticket may still need its customer's
    /// dimensions.
    pub(super) fn forgotten_before(&self) -> EventTime {
        let settings = &self.terms.settings;
        let idle = self.terms.rules.longest_stage_timeout();
        self.settled_before - settings.longest_range() - settings.repeat_contact_within.max(idle)
    }
}

/// The pairs of a ticket or chat with the answers about it that count.
pub(super) fn pairs_of(contact: Contact, state: &ContactState, surveys: &FxHashMap<SurveyId, Box<SurveyState>>, terms: &Terms) -> Facts {
    if state.surveys.is_empty() {
        return Facts::new();
    }
    let answers = state.surveys.latest_answers().filter_map(|id| surveys.get(&id)?.answer.as_deref());
    pair_facts(&state.summary, answers.filter(|a| a.stands && a.about == Some(contact)), terms)
}
