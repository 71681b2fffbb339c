//! The slow, obvious second implementation: keeps every event and computes every series from scratch at an instant.
//!
//! It knows no panes, no running totals and no order of arrival but through [`super::outcome`]. Written from the definitions alone.

use super::contact::Story;
use super::customer::Customers;
use super::journey::Journeys;
use super::outcome::{Arrival, Ledger, judge};
use super::reader::Happening;
use super::record::{Origins, Records};
use super::series::{Series, Value};
use super::setup::Setup;
use super::sheet::{Sheet, Values};
use super::survey::{Answer, AnswerKey, Sent, Stories, Surveys};
use super::world::{Name, World};
use super::{changes, chat, contribution, families, ticket, trend};

/// All series after these records, at `now`; what is said to happen later counts from then on.
pub(crate) fn values(arrivals: &[Arrival], settings: &Setup, now: i64) -> Values {
    let mut judged = judge(arrivals, settings, i64::MAX);
    judged.applied.retain(|event| event.time <= now);
    let mut out = values_of(&judged.applied, settings, now);
    out.extend(ledger_values(&judged.ledger, settings));
    out
}

/// All series of windows and state after these events, which are in the order of what happened and not later than `now`.
pub(crate) fn values_of(events: &[Happening], settings: &Setup, now: i64) -> Values {
    // What somebody changed happens to no ticket, chat or customer.
    let marked = changes::values(events, settings, now);
    let events: Vec<Happening> = events.iter().filter(|event| !changes::is_change(event)).cloned().collect();
    let past = Past::of(World::new(&events, settings, now), now);
    let mut sheet = Sheet::now(settings);
    let journeys = Journeys::of(&past);
    families::state(&past, &mut sheet);
    journeys.state(&mut sheet);
    let mut out = sheet.out;
    for window in &settings.windows {
        let end = (now.div_euclid(window.hop.0) + 1) * window.hop.0;
        let mut sheet = Sheet::window(settings, &window.name, end - window.range.0, end);
        families::windowed(&past, &mut sheet);
        journeys.windowed(&past, &mut sheet);
        out.extend(sheet.out);
    }
    out.extend(trend::values(&past, now));
    let moved = contribution::values(&past, &out);
    out.extend(moved);
    out.extend(marked);
    out
}

/// The ledger as series.
pub(crate) fn ledger_values(ledger: &Ledger, settings: &Setup) -> Values {
    let mut out = Values::default();
    for topic in &settings.topics {
        for outcome in ["applied", "duplicate", "late", "future", "invalid", "ignored"] {
            let n = ledger.outcomes.get(&(topic.name.clone(), outcome)).copied().unwrap_or(0);
            let labels = [("topic", topic.name.as_str()), ("outcome", outcome)];
            out.insert(Series::new("cx_ledger_records".to_owned(), labels), Value::Count(n as i64));
        }
    }
    out
}

/// What everything came to: the same for every window.
pub(crate) struct Past<'a> {
    /// All events.
    pub(crate) world: World<'a>,
    /// Up to when.
    pub(crate) now: i64,
    /// Tickets that are not withdrawn.
    pub(crate) tickets: Vec<Story>,
    /// Chats.
    pub(crate) chats: Vec<Story>,
    /// Surveys, and the answers that replaced others.
    pub(crate) surveys: Surveys,
    /// Customers.
    pub(crate) customers: Customers,
    /// Which ticket is which chat's record.
    pub(crate) records: Records,
    /// All tickets and chats by name, withdrawn ones too.
    pub(crate) all_tickets: Stories,
    pub(crate) all_chats: Stories,
}

impl<'a> Past<'a> {
    fn of(world: World<'a>, now: i64) -> Self {
        let mut all_chats = Stories::new();
        for (name, steps) in world.contacts.iter().filter(|(name, steps)| name.is_chat && !steps.is_empty()) {
            all_chats.insert(name.clone(), chat::read(&world, name, steps));
        }
        let origins = Origins::of(&all_chats);
        let mut all_tickets = Stories::new();
        for (name, steps) in world.contacts.iter().filter(|(name, _)| !name.is_chat) {
            let answered_by_chat = |created| origins.origin(name, created).is_some_and(|(_, chat)| !chat.silent);
            for (nth, story) in ticket::read(&world, name, steps, &answered_by_chat).into_iter().enumerate() {
                all_tickets.insert(Name { nth, ..name.clone() }, story);
            }
        }
        Self {
            now,
            tickets: all_tickets.values().filter(|ticket| !ticket.gone()).cloned().collect(),
            chats: all_chats.values().cloned().collect(),
            surveys: Surveys::of(&world, &all_tickets, &all_chats),
            customers: Customers::of(&world),
            records: Records::of(&all_tickets, &all_chats),
            all_tickets,
            all_chats,
            world,
        }
    }

    /// Tickets and chats together.
    pub(crate) fn contacts(&self) -> impl Iterator<Item = &Story> {
        self.tickets.iter().chain(&self.chats)
    }

    /// Tickets and chats that are contacts of their own: of a chat and its record the chat.
    pub(crate) fn own_contacts(&self) -> impl Iterator<Item = &Story> {
        let tickets = self.all_tickets.iter().filter(|(name, ticket)| !ticket.gone() && self.records.chat(name).is_none());
        tickets.map(|(_, ticket)| ticket).chain(&self.chats)
    }

    /// A ticket or chat, withdrawn or not.
    pub(crate) fn story(&self, name: &Name) -> Option<&Story> {
        if name.is_chat { self.all_chats.get(name) } else { self.all_tickets.get(name) }
    }

    /// A ticket or chat that is not withdrawn.
    pub(crate) fn contact(&self, name: &Name) -> Option<&Story> {
        self.story(name).filter(|story| !story.gone())
    }

    /// The ticket or chat whose first response is that of a contact: of a chat that nobody answered its record.
    pub(crate) fn responding<'n>(&'n self, contact: &'n Name) -> &'n Name {
        let silent = self.all_chats.get(contact).is_some_and(|chat| chat.silent);
        self.records.ticket(contact).filter(|_| silent).unwrap_or(contact)
    }

    /// The ticket whose resolution is that of a contact.
    pub(crate) fn resolving<'n>(&'n self, contact: &'n Name) -> Option<&'n Name> {
        if contact.is_chat { self.records.ticket(contact) } else { Some(contact) }
    }

    /// Whether surveys about this contact count.
    fn stands(&self, about: Option<&Name>) -> bool {
        !about.and_then(|name| self.story(name)).is_some_and(|story| story.spam)
    }

    /// The standing answers of a metric, in the order in which they were given.
    pub(crate) fn answers(&self, metric: &str) -> Vec<&Answer> {
        let all = self.surveys.answers.values();
        let mut answers: Vec<&Answer> = all.filter(|a| a.metric == metric && self.stands(a.about.as_ref())).collect();
        answers.sort_by_key(|a| a.place);
        answers
    }

    /// The standing sent surveys of a metric by their key.
    pub(crate) fn sent<'p>(&'p self, metric: &'p str) -> impl Iterator<Item = (&'p AnswerKey, &'p Sent)> {
        let all = self.surveys.sent.iter();
        all.filter(move |((m, _), sent)| m == metric && self.stands(sent.about.as_ref())).map(|((_, key), sent)| (key, sent))
    }

    /// Whether any answer of a metric, standing or not, ever matched a sent survey.
    pub(crate) fn ever_matched(&self, metric: &str) -> bool {
        self.surveys.sent.keys().any(|key| key.0 == metric && self.surveys.answers.contains_key(key))
    }
}
