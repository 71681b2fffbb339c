//! Surveys: which were sent, and which answers stand.

use std::collections::BTreeMap;

use cxpulse::event::Kind;

use super::contact::Story;
use super::identity::{CustomerId, Life};
use super::reader::{Happening, default_scale};
use super::world::{Dims, Name, Own, World};

/// Tickets or chats by name.
pub(crate) type Stories = BTreeMap<Name, Story>;

/// What tells answers apart: a second one with the same key replaces the first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AnswerKey {
    /// The survey that was answered, by feed and id.
    Survey(String, String),
    /// The ticket or chat that an answer without survey is about.
    About(Name),
    /// Neither: the event itself, by feed, source and id.
    Event(String, String, String),
}

/// An answer that stands.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// Its place in the order of what happened.
    pub(crate) place: usize,
    /// When it was given.
    pub(crate) at: i64,
    /// `csat`, `nps` or `ces`.
    pub(crate) metric: String,
    /// What tells it apart from others of its metric.
    pub(crate) key: AnswerKey,
    /// The score in millionths.
    pub(crate) score: i64,
    /// The scale's bounds in millionths.
    pub(crate) scale: (i64, i64),
    /// For CES: a high score means ease.
    pub(crate) ease: bool,
    /// The ticket or chat it is about.
    pub(crate) about: Option<Name>,
    /// Who answered.
    pub(crate) customer: Option<Life>,
    /// `service` or `experience`.
    pub(crate) scope: String,
    /// For whom it counts.
    pub(crate) dims: Dims,
}

impl Answer {
    /// Whether it is in the top boxes of its scale.
    pub(crate) fn is_satisfied(&self, world: &World<'_>) -> bool {
        let configured = world.setup.csat_satisfied_from.iter().find(|(scale, _)| (scale.min, scale.max) == self.scale);
        let (low, high) = self.scale;
        let is_fine = high - low > 10_000_000 || low % 1_000_000 != 0 || high % 1_000_000 != 0;
        match configured {
            Some((_, from)) => self.score >= *from,
            // From three quarters of the scale on, as 4 of 5 is.
            None if is_fine => 4 * (self.score - low) >= 3 * (high - low),
            // The top two boxes; of two or three boxes the top one.
            None => self.score >= if high - low >= 3_000_000 { high - 1_000_000 } else { high },
        }
    }

    /// The effort of a CES answer as a fraction of the scale: (numerator, denominator).
    pub(crate) fn effort(&self) -> (i64, i64) {
        let (low, high) = self.scale;
        (if self.ease { high - self.score } else { self.score - low }, high - low)
    }

    /// The label `score`.
    pub(crate) fn score_label(&self) -> String {
        let whole = self.score % 1_000_000 == 0 && self.scale.1 - self.scale.0 <= 10_000_000;
        if whole { (self.score / 1_000_000).to_string() } else { "other".to_owned() }
    }

    /// The place on the scale, 0..1, of CSAT and NPS; the effort of CES.
    pub(crate) fn rank_value(&self) -> f64 {
        let (low, high) = self.scale;
        let (part, whole) = if self.metric == "ces" { self.effort() } else { (self.score - low, high - low) };
        part as f64 / whole as f64
    }
}

/// A survey at its latest sending.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// When it was sent.
    pub(crate) at: i64,
    /// When it was sent first.
    first: i64,
    /// The ticket or chat it is about.
    pub(crate) about: Option<Name>,
    /// For whom it counts.
    pub(crate) dims: Dims,
    /// What its sendings say together.
    link: Link,
}

/// What a survey event says of whom it is about.
#[derive(Clone, Debug)]
struct Link {
    ticket: Option<Name>,
    chat: Option<Name>,
    customer: Option<CustomerId>,
    own: Own,
}

impl Link {
    /// The ticket or chat it is about; the ticket where it names both.
    fn about(&self) -> Option<&Name> {
        self.ticket.as_ref().or(self.chat.as_ref())
    }

    /// What it says, and where it says nothing what the sendings before it said. Where both name one chat, it is the session that was asked about.
    fn after(self, before: &Self) -> Self {
        let same = |a: &Option<Name>, b: &Option<Name>| match (a, b) {
            (Some(a), Some(b)) => (&a.feed, &a.id) == (&b.feed, &b.id),
            _ => false,
        };
        let kept =
            |now: Option<Name>, before: &Option<Name>| if same(&now, before) { before.clone() } else { now.or_else(|| before.clone()) };
        Self {
            ticket: kept(self.ticket, &before.ticket),
            chat: kept(self.chat, &before.chat),
            customer: self.customer.or_else(|| before.customer.clone()),
            own: or(self.own, &before.own),
        }
    }
}

/// The values of the one, and where it has none those of the other.
fn or(own: Own, other: &Own) -> Own {
    own.into_iter().zip(other).map(|(own, other)| own.or_else(|| other.clone())).collect()
}

/// All surveys up to now, withdrawn ones too.
#[derive(Debug, Default)]
pub(crate) struct Surveys {
    /// By metric and key.
    pub(crate) sent: BTreeMap<(String, AnswerKey), Sent>,
    /// The latest answer of each metric and key.
    pub(crate) answers: BTreeMap<(String, AnswerKey), Answer>,
    /// The survey of a metric that was last sent about a ticket or chat.
    last_sent: BTreeMap<(String, Name), AnswerKey>,
}

impl Surveys {
    /// Reads the survey events.
    pub(crate) fn of(world: &World<'_>, tickets: &Stories, chats: &Stories) -> Self {
        let mut surveys = Self::default();
        let reader = Reader { world, tickets, chats };
        for (place, event) in world.events.iter().enumerate().filter(|(_, event)| event.kind == Kind::Surveys) {
            let metric = event.text("metric").expect("checked by the reader").to_owned();
            let link = reader.link(event);
            let key = surveys.key(&metric, event, &link);
            let before = surveys.sent.get(&(metric.clone(), key.clone()));
            let link = before.map_or_else(|| link.clone(), |sent| link.clone().after(&sent.link));
            if event.what == "survey.sent" {
                let first = before.map_or(event.time, |sent| sent.first);
                for about in link.ticket.iter().chain(&link.chat) {
                    surveys.last_sent.insert((metric.clone(), about.clone()), key.clone());
                }
                surveys.sent.insert((metric, key), reader.sent(event, first, link));
                continue;
            }
            let asked = before.map_or(event.time, |sent| sent.first);
            let answer = reader.answer(place, key.clone(), metric.clone(), asked, &link);
            // The same answer again changes nothing.
            if surveys.answers.get(&(metric.clone(), key.clone())).is_none_or(|standing| standing.score != answer.score) {
                surveys.answers.insert((metric, key), answer);
            }
        }
        surveys
    }

    /// The survey that an event is about: the one it names, else the one last sent about its ticket or chat.
    fn key(&self, metric: &str, event: &Happening, link: &Link) -> AnswerKey {
        if let Some(survey) = event.text("survey_id") {
            return AnswerKey::Survey(event.feed.clone(), survey.to_owned());
        }
        let named = link.ticket.iter().chain(&link.chat);
        let sent = named.filter_map(|about| self.last_sent.get(&(metric.to_owned(), about.clone()))).next();
        let by_contact = || link.about().cloned().map(AnswerKey::About);
        let itself = || AnswerKey::Event(event.feed.clone(), event.source.clone(), event.id.clone());
        sent.cloned().or_else(by_contact).unwrap_or_else(itself)
    }
}

struct Reader<'r, 'a> {
    world: &'r World<'a>,
    tickets: &'r Stories,
    chats: &'r Stories,
}

impl Reader<'_, '_> {
    /// What an event itself says: a chat's id means the session that is the latest at its time, a ticket's id the latest matter.
    fn link(&self, event: &Happening) -> Link {
        let latest = |stories: &Stories, first: Name| {
            let known = |nth: &usize| stories.get(&Name { nth: *nth, ..first.clone() }).is_some_and(|s| s.states[0].at <= event.time);
            let nth = (1..).take_while(known).last().unwrap_or(0);
            Name { nth, ..first }
        };
        Link {
            ticket: event.text("ticket_id").map(|id| latest(self.tickets, Name::ticket(&event.feed, id))),
            chat: event.text("chat_id").map(|id| latest(self.chats, Name::chat(&event.feed, id, 0))),
            customer: event.customer("customer_id"),
            own: self.world.setup.dimensions.iter().map(|d| event.text(&d.name).map(str::to_owned)).collect(),
        }
    }

    fn story(&self, about: Option<&Name>) -> Option<&Story> {
        let about = about?;
        if about.is_chat { self.chats.get(about) } else { self.tickets.get(about) }
    }

    /// The contact's own values at an instant.
    fn own_of(&self, about: Option<&Name>, at: i64) -> Own {
        let own = self.story(about).and_then(|story| story.own_at(at)).cloned();
        // A chat's channel is `chat` also while nothing is known of it.
        let is_chat = about.is_some_and(|name| name.is_chat);
        let by_default = |name: &str| (is_chat && name == "channel").then(|| "chat".to_owned());
        own.unwrap_or_else(|| self.world.setup.dimensions.iter().map(|d| by_default(&d.name)).collect())
    }

    fn customer_of(&self, link: &Link, at: i64) -> Option<CustomerId> {
        let of_contact = || self.story(link.about())?.customer_at(at).cloned();
        link.customer.clone().or_else(of_contact)
    }

    fn sent(&self, event: &Happening, first: i64, link: Link) -> Sent {
        let own = or(link.own.clone(), &self.own_of(link.about(), event.time));
        let customer = self.customer_of(&link, event.time);
        let dims = self.world.dims(&own, customer.as_ref(), event.time);
        Sent { at: event.time, first, about: link.about().cloned(), dims, link }
    }

    /// An answer, credited to its own values, else those of its sendings, else the contact's at its latest solve by then, else the contact's now.
    fn answer(&self, place: usize, key: AnswerKey, metric: String, asked: i64, link: &Link) -> Answer {
        let event = &self.world.events[place];
        let about = link.about().cloned();
        let settled = self.story(about.as_ref()).and_then(|story| story.settled.iter().rfind(|(at, _)| *at <= asked));
        // What was unknown at the solve, be it taken away or said in so many words, is no value.
        let known = |own: &Own| own.iter().map(|value| value.clone().filter(|value| value != "unknown")).collect();
        let own = settled.map_or_else(|| link.own.clone(), |(_, at_solve)| or(link.own.clone(), &known(at_solve)));
        let own = or(own, &self.own_of(about.as_ref(), event.time));
        let customer = self.customer_of(link, event.time);
        let (low, high) = default_scale(&metric);
        let by_default = if about.is_some() { "service" } else { "experience" };
        Answer {
            place,
            at: event.time,
            key,
            score: event.millionths("score").expect("checked by the reader"),
            scale: (event.millionths("scale_min").unwrap_or(low), event.millionths("scale_max").unwrap_or(high)),
            ease: event.text("direction") == Some("ease"),
            scope: event.text("scope").unwrap_or(by_default).to_owned(),
            metric,
            about,
            dims: self.world.dims(&own, customer.as_ref(), event.time),
            customer: customer.map(|id| self.world.life(&id, event.time)),
        }
    }
}
