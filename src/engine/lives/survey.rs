//! One survey: its sendings, its answers, the answer that counts, and the facts that follow from them.
//!
//! Does not know the tickets and chats that it names.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::engine::terms::{
    CHANNEL, Contribution, DimensionsId, EventOrder, Fact, FactLabel, Facts, JOURNEY_STAGE, Label, Measure, Names, Terms, Vote,
};
use crate::event::{Answer, Contact, Key, Scale, Scope, SurveyMetric};
use crate::time::EventTime;

/// One point of a score, in millionths.
pub(crate) const POINT: i64 = 1_000_000;

/// The identity of a survey. An answer without `survey_id` is the one answer of its metric about its ticket or chat; without these either, it is a
/// survey of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct SurveyId {
    pub(crate) metric: SurveyMetric,
    pub(crate) identity: SurveyIdentity,
}

/// The part of the identity that distinguishes surveys of one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum SurveyIdentity {
    /// The survey's own id.
    Named(Key),
    /// The ticket or chat that a survey without an id is about, with the event that began its session.
    About(Contact, EventOrder),
    /// The identity of the event itself, if it names neither a survey nor a ticket or chat.
    Event(Key),
}

/// The state of one survey.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct SurveyState {
    /// Its sendings, oldest first; those that no late event can precede are one.
    pub(crate) sendings: SmallVec<[Sending; 1]>,
    /// The dimensions of the latest sending, and whether it counts.
    pub(crate) sent: Credit,
    /// Boxed, because most surveys are never answered.
    pub(crate) answers: Option<Box<Answers>>,
    /// Whether a timer is set at which the survey may leave.
    pub(crate) is_scheduled: bool,
}

/// One sending of a survey.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sending {
    pub(crate) order: EventOrder,
    /// The first of the sendings that this one stands for.
    pub(crate) first: EventOrder,
    pub(crate) link: Link,
}

/// The answers to one survey.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Answers {
    /// What was answered, oldest first; those that no late event can precede are one.
    pub(crate) given: SmallVec<[GivenAnswer; 1]>,
    /// The answer that counts.
    pub(crate) standing: Option<StandingAnswer>,
}

/// One answer as it was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct GivenAnswer {
    pub(crate) order: EventOrder,
    pub(crate) link: Link,
    pub(crate) answer: Answer,
    /// The first sending before it, once its place among the sendings is settled.
    pub(crate) asked: Option<EventOrder>,
    /// Whether the event names its survey.
    pub(crate) is_named: bool,
    /// The identity of the event, which is the survey's where it names neither a survey nor a ticket or chat.
    pub(crate) identity: Key,
}

/// The ticket, chat and customer that events of a survey name, and the dimensions they name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Link {
    pub(crate) ticket: Option<Key>,
    pub(crate) chat: Option<Key>,
    pub(crate) customer: Option<Key>,
    pub(crate) own: DimensionsId,
    /// The event that first named the ticket, and the chat: which of their sessions is meant.
    pub(crate) ticket_named: EventOrder,
    pub(crate) chat_named: EventOrder,
}

/// For whom a sending or an answer counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Credit {
    pub(crate) dimensions: DimensionsId,
    pub(crate) customer: Option<Key>,
    /// Whether it counts: not if its ticket is spam.
    pub(crate) stands: bool,
    /// Whether the inherited values have been looked up. Once the ticket's history has settled, they no longer change.
    pub(crate) is_resolved: bool,
}

/// The answer that counts: the latest, which replaces earlier ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StandingAnswer {
    pub(crate) order: EventOrder,
    pub(crate) metric: SurveyMetric,
    pub(crate) answer: Answer,
    /// What an NPS answer is about.
    pub(crate) scope: Scope,
    pub(crate) link: Link,
    /// The dimensions that the answer is credited to.
    pub(crate) dimensions: DimensionsId,
    /// The customer who answered: named by an event of the survey, else the ticket's or chat's.
    pub(crate) customer: Option<Key>,
    /// Whether the answer counts: not if its ticket is spam.
    pub(crate) stands: bool,
    /// When the ticket or chat that it is about was opened, where an event before the answer told it.
    pub(crate) opened: Option<EventTime>,
}

impl Link {
    /// The ticket or chat that is meant: the ticket where both are named.
    pub(crate) fn about(&self) -> Option<Contact> {
        self.ticket.map(Contact::Ticket).or_else(|| self.chat.map(Contact::Chat))
    }

    /// The event that first named one of its contacts.
    pub(crate) fn named(&self, contact: Contact) -> EventOrder {
        match contact {
            Contact::Ticket(_) => self.ticket_named,
            Contact::Chat(_) => self.chat_named,
        }
    }

    /// The event that first named it.
    pub(crate) fn about_named(&self) -> EventOrder {
        if self.ticket.is_some() { self.ticket_named } else { self.chat_named }
    }

    /// The tickets and chats that are named.
    pub(crate) fn contacts(&self) -> impl Iterator<Item = Contact> {
        self.ticket.map(Contact::Ticket).into_iter().chain(self.chat.map(Contact::Chat))
    }

    /// What an event names, and where it names nothing what the sendings before it named.
    pub(crate) fn after(self, before: &Self, names: &mut Names) -> Self {
        let keep = |now: Option<Key>, named: EventOrder, known: Option<Key>, known_named: EventOrder| match now {
            Some(now) if known != Some(now) => (Some(now), named),
            Some(_) | None => (known, known_named),
        };
        let (ticket, ticket_named) = keep(self.ticket, self.ticket_named, before.ticket, before.ticket_named);
        let (chat, chat_named) = keep(self.chat, self.chat_named, before.chat, before.chat_named);
        let own = names.overlay(before.own, self.own);
        Self { ticket, chat, customer: self.customer.or(before.customer), own, ticket_named, chat_named }
    }
}

impl SurveyState {
    /// What the sendings before an event say together, and the first of them.
    pub(crate) fn sent_before(&self, order: EventOrder, names: &mut Names) -> Option<(Link, EventOrder)> {
        let mut before = self.sendings.iter().take_while(|sending| sending.order < order);
        let first = before.next()?;
        Some((before.fold(first.link, |link, sending| sending.link.after(&link, names)), first.first))
    }

    /// The sendings from an event on, each with what it and those before it say together.
    pub(crate) fn sendings_from(&self, order: EventOrder, names: &mut Names) -> Vec<(EventOrder, Link)> {
        let mut said: Option<Link> = None;
        let mut all = Vec::new();
        for sending in &self.sendings {
            let link = said.map_or(sending.link, |said| sending.link.after(&said, names));
            said = Some(link);
            all.extend((sending.order >= order).then_some((sending.order, link)));
        }
        all
    }

    /// The latest sending, with what all of them say together.
    pub(crate) fn latest_sending(&self, names: &mut Names) -> Option<(EventOrder, Link)> {
        let (link, _) = self.sent_before(EventOrder::MAX, names)?;
        Some((self.sendings.last()?.order, link))
    }

    /// The answer that counts, before whom it counts for is looked up: each replaces the one before, unless its score is the same.
    pub(crate) fn latest_answer(&self) -> Option<&GivenAnswer> {
        latest_of(&self.answers.as_deref()?.given)
    }

    /// The answer that counts.
    pub(crate) fn standing(&self) -> Option<&StandingAnswer> {
        self.answers.as_deref()?.standing.as_ref()
    }

    /// Adds a sending at its place.
    pub(crate) fn add_sending(&mut self, sending: Sending) {
        let at = self.sendings.partition_point(|known| known.order < sending.order);
        self.sendings.insert(at, sending);
    }

    /// Adds an answer at its place.
    pub(crate) fn add_answer(&mut self, given: GivenAnswer) {
        let answers = &mut self.answers.get_or_insert_default().given;
        let at = answers.partition_point(|known| known.order < given.order);
        answers.insert(at, given);
    }

    /// Takes out an answer.
    pub(crate) fn remove_answer(&mut self, order: EventOrder) -> Option<GivenAnswer> {
        let answers = &mut self.answers.as_deref_mut()?.given;
        let at = answers.iter().position(|given| given.order == order)?;
        Some(answers.remove(at))
    }

    /// Keeps with the answers before `horizon` what the sendings before each of them said.
    fn settle_answers(&mut self, horizon: EventTime, names: &mut Names) {
        let Some(mut answers) = self.answers.take() else { return };
        for given in answers.given.iter_mut().filter(|given| given.order.time < horizon) {
            if let Some((sent, first)) = self.sent_before(given.order, names) {
                (given.link, given.asked) = (given.link.after(&sent, names), Some(first));
            }
        }
        self.answers = Some(answers);
    }

    /// Makes one of the sendings before `horizon`, and one of the answers.
    pub(crate) fn fold_before(&mut self, horizon: EventTime, names: &mut Names) {
        let settled = self.sendings.iter().take_while(|sending| sending.order.time < horizon).count();
        if settled > 1 {
            self.settle_answers(horizon, names);
            let order = self.sendings[settled - 1].order;
            if let Some((link, first)) = self.sent_before(self.sendings.get(settled).map_or(EventOrder::MAX, |next| next.order), names) {
                self.sendings.drain(..settled);
                self.sendings.insert(0, Sending { order, first, link });
            }
        }
        let Some(answers) = self.answers.as_deref_mut() else { return };
        let settled = answers.given.iter().take_while(|given| given.order.time < horizon).count();
        if settled > 1 {
            let last = latest_of(&answers.given[..settled]).cloned();
            answers.given.drain(..settled);
            answers.given.insert_many(0, last);
        }
    }
}

/// The answer that counts of some in their order: each replaces the one before, unless its score is the same.
fn latest_of(given: &[GivenAnswer]) -> Option<&GivenAnswer> {
    given.iter().reduce(|standing, next| if next.answer.score == standing.answer.score { standing } else { next })
}

impl StandingAnswer {
    /// The ticket or chat that it is about.
    pub(crate) fn about(&self) -> Option<Contact> {
        self.link.about()
    }

    /// The answer's rank in a correlation, from 0 to 1 in billionths: the effort for CES, else the position on the scale. The division rounds down.
    pub(crate) fn rank(&self) -> u32 {
        let Scale { min, max, .. } = self.answer.scale;
        (i128::from(self.points_from_best_or_least()) * 1_000_000_000 / i128::from(max - min)) as u32
    }

    /// The vote that its cell sums, in millionths of a point: the score for CSAT and NPS, the effort above the least possible for CES.
    pub(crate) fn vote(&self, terms: &Terms) -> Vote {
        let Answer { score, scale, .. } = self.answer;
        let span = scale.max - scale.min;
        let (score, good, bad) = match self.metric {
            SurveyMetric::Csat => (score, score >= satisfied_from(scale, terms), false),
            SurveyMetric::Nps => (score, score >= 9 * POINT, score <= 6 * POINT),
            SurveyMetric::Ces => {
                let effort = self.points_from_best_or_least();
                (effort, 3 * effort <= span, 3 * effort >= 2 * span)
            }
        };
        Vote { score, opened: EventTime::MIN, good, bad }
    }

    /// Whether the answer is about the customer's relationship with the company (relationship NPS).
    pub(crate) fn is_experience(&self) -> bool {
        self.metric == SurveyMetric::Nps && self.scope == Scope::Experience
    }

    /// The score as a fact of the answer's metric, with the opening of the ticket or chat.
    pub(crate) fn score_fact(&self, terms: &mut Terms) -> Fact {
        let vote = Vote { opened: self.opened.unwrap_or(EventTime::MIN), ..self.vote(terms) };
        let (measure, label) = match self.metric {
            SurveyMetric::Csat => (Measure::Csat, FactLabel::Scale(terms.scales.id(self.answer.scale))),
            SurveyMetric::Nps => (Measure::Nps, FactLabel::Fixed(Label(self.scope as u32))),
            SurveyMetric::Ces => (Measure::Ces, FactLabel::Scale(terms.scales.id(self.answer.scale))),
        };
        Fact { measure, label, dimensions: self.dimensions, time: self.order.time, value: Contribution::Vote(vote) }
    }

    /// The effort above the least possible for CES, else the score above the scale's minimum; in millionths of a point.
    fn points_from_best_or_least(&self) -> i64 {
        let Answer { score, scale, .. } = self.answer;
        if self.metric == SurveyMetric::Ces && scale.ease { scale.max - score } else { score - scale.min }
    }
}

impl SurveyState {
    /// When the survey was last sent or answered.
    pub(crate) fn last_time(&self) -> EventTime {
        let answered = self.answers.as_ref().and_then(|answers| answers.given.last()).map(|given| given.order.time);
        self.sendings.last().map(|sending| sending.order.time).max(answered).unwrap_or(EventTime::MIN)
    }

    /// The tickets and chats that its sendings and answers name.
    pub(crate) fn contacts(&self) -> impl Iterator<Item = Contact> {
        let answers = self.answers.iter().flat_map(|answers| &answers.given).map(|given| &given.link);
        self.sendings.iter().map(|sending| &sending.link).chain(answers).flat_map(Link::contacts)
    }

    /// The facts of the survey itself. Facts that span several answers of a customer belong to the customer.
    pub(crate) fn facts(&self, metric: SurveyMetric, terms: &mut Terms) -> Facts {
        let mut facts = Facts::new();
        let answer = self.standing().filter(|a| a.stands);
        if let Some(sending) = self.sendings.last().filter(|_| self.sent.stands) {
            let one = |measure| Fact::one(measure, sending.order.time, self.sent.dimensions).numbered(metric as u32);
            facts.push(one(Measure::SurveysSent));
            if answer.is_some() {
                facts.push(one(Measure::SurveysAnswered));
            }
        }
        let Some(answer) = answer else { return facts };
        if !answer.is_experience() || answer.customer.is_none() {
            facts.push(answer.score_fact(terms));
        }
        if metric == SurveyMetric::Csat {
            let label = FactLabel::Fixed(score_label(&answer.answer));
            facts.push(Fact::one(Measure::CsatScores, answer.order.time, answer.dimensions).labelled(label));
        }
        if answer.customer.is_none() {
            facts.push(touchpoint(answer.order, answer.dimensions, DimensionsId::default(), terms));
            facts.extend(answer_in_stage(answer, DimensionsId::default(), terms));
        }
        facts
    }
}

/// A touchpoint in its own stage, or else in the customer's stage at the time. The channel is never inherited from the customer.
pub(crate) fn touchpoint(order: EventOrder, own: DimensionsId, of_customer: DimensionsId, terms: &Terms) -> Fact {
    let from = if terms.names.is_set(own, JOURNEY_STAGE) { own } else { of_customer };
    let label = FactLabel::StageAndChannel(terms.names.value(from, JOURNEY_STAGE), terms.names.value(own, CHANNEL));
    Fact::one(Measure::Touchpoints, order.time, own).labelled(label)
}

/// The vote of a CSAT or CES answer for the stage in which it was given: its own stage, or else the customer's stage at the time.
pub(crate) fn answer_in_stage(answer: &StandingAnswer, of_customer: DimensionsId, terms: &mut Terms) -> Option<Fact> {
    let measure = match answer.metric {
        SurveyMetric::Csat => Measure::StageCsat,
        SurveyMetric::Ces => Measure::StageCes,
        SurveyMetric::Nps => return None,
    };
    let from = if terms.names.is_set(answer.dimensions, JOURNEY_STAGE) { answer.dimensions } else { of_customer };
    let stage = terms.names.known_stage(from)?;
    let label = FactLabel::StageAndScale(stage, terms.scales.id(answer.answer.scale));
    Some(Fact {
        value: Contribution::Vote(answer.vote(terms)),
        ..Fact::one(measure, answer.order.time, DimensionsId::default()).labelled(label)
    })
}

/// The lowest score that counts as satisfied, unless one is configured: the second highest point, on a scale of two or three points the highest, and on a
/// scale of more than 11 points or a continuous one three quarters of the way up, as 4 of 5 is.
fn satisfied_from(scale: Scale, terms: &Terms) -> i64 {
    let configured = terms.settings.csat_satisfied_from.iter().find(|(s, _)| (s.min, s.max) == (scale.min, scale.max));
    let span = scale.max - scale.min;
    let is_fine = span > 10 * POINT || scale.min % POINT != 0 || scale.max % POINT != 0;
    let by_default = match span {
        // Rounded up: a score is satisfied from there on.
        _ if is_fine => scale.min + (3 * span + 3).div_euclid(4),
        _ if span >= 3 * POINT => scale.max - POINT,
        _ => scale.max,
    };
    configured.map_or(by_default, |(_, from)| *from)
}

/// The label of a score: the whole number on a scale of at most 11 points, else `other` (0).
fn score_label(answer: &Answer) -> Label {
    let is_plain = answer.score % POINT == 0 && answer.scale.max - answer.scale.min <= 10 * POINT;
    Label(if is_plain { (answer.score / POINT + 1_001) as u32 } else { 0 })
}

/// The text of a score's label.
pub(crate) fn score_text(label: Label) -> String {
    if label.0 == 0 { "other".to_owned() } else { (i64::from(label.0) - 1_001).to_string() }
}
