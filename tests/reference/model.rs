//! The slow, obvious second implementation: keeps every event and computes every series from scratch at an instant.
//!
//! It knows no panes, no running totals and no order of arrival but through [`super::outcome`]. Written from the definitions alone.

use std::collections::BTreeMap;

use cxpulse::engine::EngineSettings;

use super::contact::Story;
use super::customer::Customers;
use super::families;
use super::outcome::{Arrival, Ledger, judge};
use super::reader::Happening;
use super::series::{Series, Value};
use super::sheet::{Sheet, Values};
use super::survey::{Answer, Sent, Surveys};
use super::trend;
use super::world::{Name, World};

/// All series after these records, at `now`; what is said to happen later counts from then on.
pub(crate) fn values(arrivals: &[Arrival], settings: &EngineSettings, now: i64) -> Values {
    let mut judged = judge(arrivals, settings, i64::MAX);
    judged.applied.retain(|event| event.time <= now);
    let mut out = values_of(&judged.applied, settings, now);
    out.extend(ledger_values(&judged.ledger, settings));
    out
}

/// All series of windows and state after these events, which are in the order of what happened and not later than `now`.
pub(crate) fn values_of(events: &[Happening], settings: &EngineSettings, now: i64) -> Values {
    let past = Past::of(World::new(events, settings), now);
    let mut sheet = Sheet::now(settings);
    families::state(&past, &mut sheet);
    let mut out = sheet.out;
    for window in &settings.windows {
        let end = (now.div_euclid(window.hop.0) + 1) * window.hop.0;
        let mut sheet = Sheet::window(settings, &window.name, end - window.range.0, end);
        families::windowed(&past, &mut sheet);
        out.extend(sheet.out);
    }
    out.extend(trend::values(&past, now));
    out
}

/// The ledger as series.
pub(crate) fn ledger_values(ledger: &Ledger, settings: &EngineSettings) -> Values {
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
    spam: Vec<Name>,
    /// Tickets and chats by name.
    standing: BTreeMap<Name, Story>,
}

impl<'a> Past<'a> {
    fn of(world: World<'a>, now: i64) -> Self {
        let mut past = Self {
            tickets: Vec::new(),
            chats: Vec::new(),
            surveys: Surveys::of(&world),
            customers: Customers::of(&world),
            spam: Vec::new(),
            standing: BTreeMap::new(),
            now,
            world,
        };
        for (name, steps) in &past.world.contacts {
            let story = Story::of(&past.world, name, steps);
            if story.spam {
                past.spam.push(name.clone());
            }
            if story.withdrawn {
                continue;
            }
            past.standing.insert(name.clone(), story.clone());
            match name {
                Name::Ticket(_) => past.tickets.push(story),
                Name::Chat(_) => past.chats.push(story),
            }
        }
        past
    }

    /// Tickets and chats together.
    pub(crate) fn contacts(&self) -> impl Iterator<Item = &Story> {
        self.tickets.iter().chain(&self.chats)
    }

    /// A ticket or chat that is known and not withdrawn.
    pub(crate) fn contact(&self, name: &Name) -> Option<&Story> {
        self.standing.get(name)
    }

    /// Whether surveys about this contact count.
    fn stands(&self, about: Option<&Name>) -> bool {
        about.is_none_or(|name| !self.spam.contains(name))
    }

    /// The standing answers of a metric, in the order in which they were given.
    pub(crate) fn answers(&self, metric: &str) -> Vec<&Answer> {
        let all = self.surveys.answers.values();
        let mut answers: Vec<&Answer> = all.filter(|a| a.metric == metric && self.stands(a.about.as_ref())).collect();
        answers.sort_by_key(|a| a.place);
        answers
    }

    /// The standing sent surveys of a metric by their id.
    pub(crate) fn sent(&self, metric: &str) -> impl Iterator<Item = (&str, &Sent)> {
        let all = self.surveys.sent.iter();
        all.filter(move |((m, _), sent)| m == metric && self.stands(sent.about.as_ref())).map(|((_, id), sent)| (id.as_str(), sent))
    }
}
