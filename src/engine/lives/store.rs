//! The store of one partition group's lives, by ticket or chat, survey and customer, with the timers at which they are examined again.
//!
//! Does not know how an event changes a life.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::contact::{ContactState, PairSides, Summary, Unfolded, pair_facts};
use super::customers::Customers;
use super::dormant::Dormant;
use super::marked_changes::MarkedChanges;
use super::survey::{StandingAnswer, SurveyId, SurveyState};
use super::ticket_sets::TicketSets;
use super::timers::Timers;
use crate::engine::codec::{RestoreError, StateReader, StateWriter};
use crate::engine::shared_map::SharedMap;
use crate::engine::terms::{DimensionsId, EventOrder, Facts, Terms};
use crate::event::{Body, Contact, Key, SurveyMetric};
use crate::time::{EventTime, Span};

/// How long a history of which a part could be folded waits for the moment when it can be folded as a whole.
pub(super) const WAITING_MAX: Span = Span::hours(24);

/// All lives of one partition group.
#[derive(Debug)]
pub(crate) struct Lives {
    pub(crate) terms: Terms,
    pub(super) contacts: Dormant<Contact, ContactState>,
    /// Each on its own, so that the map stays small while it is half empty, and so that a copy of a part of it shares what no event changes.
    pub(super) surveys: SharedMap<SurveyId, Arc<SurveyState>>,
    pub(super) customers: Customers,
    pub(super) ticket_sets: TicketSets,
    /// What events have marked as changed.
    pub(crate) changes: MarkedChanges,
    /// When the unfolded events of each unsettled ticket or chat are due to be folded.
    pub(super) unsettled: Timers<Contact>,
    /// The number of unfolded events of all tickets and chats.
    pub(super) unfolded_events: usize,
    /// When ended tickets and chats may leave.
    pub(super) ended: Timers<Contact>,
    /// When old surveys may leave.
    pub(super) old_surveys: Timers<SurveyId>,
    /// When idle customers may leave.
    pub(super) idle_customers: Timers<Key>,
    /// The time of the first customer event, or the beginning of time if a customer was loaded as active. Before it the customer base is not known.
    pub(crate) customers_since: Option<EventTime>,
    pub(crate) evictions: Evictions,
    pub(crate) ever_seen: EverSeen,
    /// The largest event time admitted.
    pub(crate) largest_event_time: Option<EventTime>,
    /// Histories are folded up to this time. A quiet topic that has been read to its end may still admit an earlier event, which is then applied
    /// after the folded ones.
    pub(crate) horizon: EventTime,
    /// The largest allowed lateness of any topic.
    pub(crate) lateness_max: Span,
    /// All histories have been folded up to this time, so customers' dimensions must be known from it on, for tickets and chats to inherit.
    pub(super) settled_before: EventTime,
}

/// An event that was admitted, with its names interned.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AdmittedEvent {
    pub(crate) order: EventOrder,
    /// The index of its topic in the configuration.
    pub(crate) topic: usize,
    pub(crate) identity: Key,
    pub(crate) customer: Option<Key>,
    /// The ticket that an event of a chat names.
    pub(crate) ticket: Option<Key>,
    pub(crate) dimensions: DimensionsId,
    pub(crate) body: Body,
}

/// The number of entries that left before their time, by store.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Evictions {
    pub(crate) contacts: u64,
    pub(crate) surveys: u64,
    pub(crate) customers: u64,
    /// Events that were applied before now had reached them, because too many events lay ahead of now.
    pub(crate) held: u64,
    /// Events of histories that were too long, folded before their time.
    pub(crate) histories: u64,
}

/// What was ever seen: before that, a share of it is not known to be 0.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct EverSeen {
    /// An escalation of a ticket.
    pub(crate) escalation: bool,
    /// A transfer of a ticket.
    pub(crate) transfer: bool,
    /// An answer to a survey that was sent, by metric.
    pub(crate) matched: [bool; 3],
    /// What a customer is worth.
    pub(crate) value: bool,
}

impl EverSeen {
    /// Notes the escalation and the transfer of a ticket.
    pub(super) fn note(&mut self, summary: &Summary) {
        self.escalation |= summary.escalated.is_some() && !summary.is_chat;
        self.transfer |= summary.transferred.is_some() && !summary.is_chat;
    }

    /// Adds what another group has seen.
    pub(crate) fn add(&mut self, other: Self) {
        self.escalation |= other.escalation;
        self.transfer |= other.transfer;
        self.value |= other.value;
        self.matched.iter_mut().zip(other.matched).for_each(|(matched, other)| *matched |= other);
    }
}

impl Lives {
    pub(crate) fn new(terms: Terms) -> Self {
        Self {
            contacts: Dormant::default(),
            surveys: SharedMap::default(),
            customers: Customers::default(),
            ticket_sets: TicketSets::default(),
            changes: MarkedChanges::default(),
            unsettled: Timers::default(),
            unfolded_events: 0,
            ended: Timers::default(),
            old_surveys: Timers::default(),
            idle_customers: Timers::default(),
            customers_since: None,
            evictions: Evictions::default(),
            ever_seen: EverSeen::default(),
            largest_event_time: None,
            horizon: EventTime::MIN,
            lateness_max: terms.settings.topics.iter().map(|t| t.allowed_lateness).max().unwrap_or(Span(0)),
            settled_before: EventTime::MIN,
            terms,
        }
    }

    /// Stores all lives and their names.
    pub(crate) fn store(&self, out: &mut StateWriter) {
        let Self {
            terms,
            contacts,
            surveys,
            customers,
            ticket_sets,
            changes,
            unsettled,
            unfolded_events: _,
            ended,
            old_surveys,
            idle_customers,
            customers_since,
            evictions,
            ever_seen,
            largest_event_time,
            horizon,
            lateness_max: _,
            settled_before,
        } = self;
        terms.names.store(out);
        contacts.store(out, |out, awake| {
            let unfolded = awake.into_iter().filter_map(|(contact, state)| Some((contact, state.unfolded()?)));
            out.put(&unfolded.collect::<Vec<(Contact, Unfolded)>>());
        });
        surveys.store(out);
        customers.store(out);
        ticket_sets.store(out);
        changes.store(out);
        unsettled.store(out);
        ended.store(out);
        old_surveys.store(out);
        idle_customers.store(out);
        out.put(&(customers_since, evictions, ever_seen, largest_event_time, horizon, settled_before));
    }

    /// Restores all lives; `terms_of` gives the terms for their names.
    pub(crate) fn restore(
        input: &mut StateReader<'_>,
        terms_of: impl FnOnce(&mut StateReader<'_>) -> Result<Terms, RestoreError>,
    ) -> Result<Self, RestoreError> {
        let mut lives = Self::new(terms_of(input)?);
        lives.contacts = Dormant::restore(input)?;
        for (contact, unfolded) in input.take::<Vec<(Contact, Unfolded)>>()? {
            let unknown = || RestoreError::Malformed("it has events of a ticket or chat that it does not know".to_owned());
            let state = lives.contacts.get_mut(&contact).ok_or_else(unknown)?;
            state.resume(unfolded);
            lives.unfolded_events += state.unfolded_events();
        }
        lives.surveys = SharedMap::restore(input)?;
        lives.customers = Customers::restore(input)?;
        lives.ticket_sets = TicketSets::restore(input)?;
        lives.changes = MarkedChanges::restore(input)?;
        lives.unsettled = Timers::restore(input)?;
        lives.ended = Timers::restore(input)?;
        lives.old_surveys = Timers::restore(input)?;
        lives.idle_customers = Timers::restore(input)?;
        (lives.customers_since, lives.evictions, lives.ever_seen, lives.largest_event_time, lives.horizon, lives.settled_before) =
            input.take()?;
        Ok(lives)
    }

    /// Reads the memory that applying an event will need first, so that it is fetched early; the number means nothing.
    pub(crate) fn touch_memory(&self, event: &AdmittedEvent) -> u64 {
        match &event.body {
            Body::Contact(contact, _) => self.touch_contact(*contact),
            Body::Survey(survey) => survey.contact().map_or(0, |contact| self.touch_contact(contact)),
            Body::Customer(_) | Body::SnapshotCompleted(_) | Body::Change(_) => 0,
        }
    }

    /// How many tickets and chats, surveys and customers it holds.
    pub(crate) fn sizes(&self) -> [usize; 3] {
        [self.contacts.len(), self.surveys.len(), self.customers.len()]
    }

    pub(super) fn touch_contact(&self, contact: Contact) -> u64 {
        self.contacts.awake(&contact).map_or(0, ContactState::touch_memory)
    }

    /// The identity under which the customer of an event is known.
    pub(crate) fn current_customer(&self, key: Key, order: EventOrder) -> Key {
        self.customers.current(key, order)
    }

    /// The ticket or chat that gives the pairs of another: of a ticket made from a chat the chat.
    pub(super) fn pair_root(&self, contact: Contact) -> Contact {
        let origin = self.contacts.get(&contact).and_then(|state| state.origin);
        origin.map_or(contact, |(chat, ..)| chat)
    }

    /// The pairs that a ticket or chat gives with the answers about it, and about the ticket made from it. A ticket made from a chat gives none itself.
    pub(super) fn pairs_of(&self, contact: Contact) -> Facts {
        let mut facts = Facts::new();
        let Some(state) = self.contacts.get(&contact) else { return facts };
        for session in state.sessions().filter(|session| session.origin.is_none()) {
            let record = self.record_of(contact, session);
            let of_record = record.as_ref().into_iter().flat_map(|(ticket, record)| self.answers_about(*ticket, record, EventOrder::MIN));
            let answers: Vec<&StandingAnswer> = self.answers_about(contact, &state, session.began).chain(of_record).collect();
            if !answers.is_empty() {
                let record = record.as_ref().and_then(|(_, record)| record.sessions().next());
                facts.extend(pair_facts(PairSides { contact: session, record }, answers.into_iter(), &self.terms));
            }
        }
        facts
    }

    /// The ticket made from a session of a chat.
    fn record_of(&self, chat: Contact, session: &Summary) -> Option<(Contact, Cow<'_, ContactState>)> {
        let ticket = Contact::Ticket(session.named_ticket?);
        let state = self.contacts.get(&ticket)?;
        let is_record = state.origin.is_some_and(|(origin, began, _)| (origin, began) == (chat, session.began));
        is_record.then_some((ticket, state))
    }

    /// The answers about one session of a ticket or chat that give pairs: of each metric the latest that counts. Only they are looked for, because a
    /// ticket may have any number of surveys.
    fn answers_about<'a>(
        &'a self,
        contact: Contact,
        state: &'a ContactState,
        began: EventOrder,
    ) -> impl Iterator<Item = &'a StandingAnswer> {
        let counts = move |answer: &&StandingAnswer| {
            let is_about = answer.about() == Some(contact) && state.session_at(answer.link.about_named()).began == began;
            answer.stands && !answer.is_experience() && is_about
        };
        [SurveyMetric::Csat, SurveyMetric::Nps, SurveyMetric::Ces]
            .into_iter()
            .filter_map(move |metric| state.surveys.latest_answers(metric).filter_map(|id| self.surveys.get(&id)?.standing()).find(counts))
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
