//! One survey: its latest sending, its answer that currently counts, and the facts that follow from them.

use serde::{Deserialize, Serialize};

use crate::engine::terms::{
    CHANNEL, Contribution, DimensionsId, EventOrder, Fact, FactLabel, Facts, JOURNEY_STAGE, Label, Measure, Terms, Vote,
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
    /// The ticket or chat that a survey without an id is about.
    About(Contact),
    /// The identity of the event itself, if it names neither a survey nor a ticket or chat.
    Event(Key),
}

/// The state of one survey.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct SurveyState {
    pub(crate) sent: Option<Sending>,
    /// Boxed, because most surveys are never answered.
    pub(crate) answer: Option<Box<StandingAnswer>>,
    /// Whether a timer is set at which the survey may leave.
    pub(crate) is_scheduled: bool,
}

/// The latest sending of a survey.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sending {
    pub(crate) order: EventOrder,
    /// The ticket or chat that the survey is about.
    pub(crate) about: Option<Contact>,
    /// The dimensions that the event itself names.
    pub(crate) own: DimensionsId,
    /// The customer that the event itself names.
    pub(crate) own_customer: Option<Key>,
    /// The dimensions that the sending is credited to.
    pub(crate) dimensions: DimensionsId,
    /// Whether the sending counts: not if its ticket is spam.
    pub(crate) stands: bool,
    /// Whether the inherited values have been looked up. Once the ticket's history has settled, they no longer change.
    pub(crate) is_resolved: bool,
}

/// The latest answer to a survey, which replaces earlier ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StandingAnswer {
    pub(crate) order: EventOrder,
    pub(crate) metric: SurveyMetric,
    pub(crate) answer: Answer,
    /// The ticket or chat that the survey is about.
    pub(crate) about: Option<Contact>,
    /// The dimensions that the event itself names.
    pub(crate) own: DimensionsId,
    /// The customer that the event itself names.
    pub(crate) own_customer: Option<Key>,
    /// The dimensions that the answer is credited to.
    pub(crate) dimensions: DimensionsId,
    /// The customer who answered: named by the event, else inherited from the ticket or chat.
    pub(crate) customer: Option<Key>,
    /// Whether the answer counts: not if its ticket is spam.
    pub(crate) stands: bool,
    /// Whether the inherited values have been looked up. Once the ticket's history has settled, they no longer change.
    pub(crate) is_resolved: bool,
}

impl StandingAnswer {
    /// The answer's rank in a correlation, from 0 to 1 in billionths: the effort for CES, else the position on the scale. The division rounds down.
    pub(crate) fn rank(&self) -> u32 {
        let Scale { min, max, .. } = self.answer.scale;
        (i128::from(self.points_from_best_or_least()) * 1_000_000_000 / i128::from(max - min)) as u32
    }

    /// The vote that its cell sums, in millionths of a point: the score for CSAT and NPS, the effort above the least possible for CES.
    pub(crate) fn vote(&self, terms: &Terms) -> Vote {
        let Answer { score, scale, .. } = self.answer;
        let span = scale.max - scale.min;
        match self.metric {
            SurveyMetric::Csat => Vote { score, good: score >= satisfied_from(scale, terms), bad: false },
            SurveyMetric::Nps => Vote { score, good: score >= 9 * POINT, bad: score <= 6 * POINT },
            SurveyMetric::Ces => {
                let effort = self.points_from_best_or_least();
                Vote { score: effort, good: 3 * effort <= span, bad: 3 * effort >= 2 * span }
            }
        }
    }

    /// Whether the answer is about the customer's relationship with the company (relationship NPS).
    pub(crate) fn is_experience(&self) -> bool {
        self.metric == SurveyMetric::Nps && self.answer.scope == Scope::Experience
    }

    /// The score as a fact of the answer's metric.
    pub(crate) fn score_fact(&self, terms: &mut Terms) -> Fact {
        let vote = self.vote(terms);
        let (measure, label) = match self.metric {
            SurveyMetric::Csat => (Measure::Csat, FactLabel::Scale(terms.scales.id(self.answer.scale))),
            SurveyMetric::Nps => (Measure::Nps, FactLabel::Fixed(Label(self.answer.scope as u32))),
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
        let (sent, answered) = (self.sent.as_ref().map(|s| s.order.time), self.answer.as_ref().map(|a| a.order.time));
        sent.max(answered).unwrap_or(EventTime::MIN)
    }

    /// The tickets and chats that its sending and its answer are about.
    pub(crate) fn abouts(&self) -> impl Iterator<Item = Contact> {
        let (sent, answered) = (self.sent.as_ref().and_then(|s| s.about), self.answer.as_ref().and_then(|a| a.about));
        sent.into_iter().chain(answered)
    }

    /// The facts of the survey itself. Facts that span several answers of a customer belong to the customer.
    pub(crate) fn facts(&self, metric: SurveyMetric, terms: &mut Terms) -> Facts {
        let mut facts = Facts::new();
        let answer = self.answer.as_deref().filter(|a| a.stands);
        if let Some(sent) = self.sent.as_ref().filter(|s| s.stands) {
            let label = FactLabel::Fixed(Label(metric as u32));
            facts.push(Fact::one(Measure::SurveysSent, sent.order.time, sent.dimensions).labelled(label));
            if answer.is_some() {
                facts.push(Fact::one(Measure::SurveysAnswered, sent.order.time, sent.dimensions).labelled(label));
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

/// The lowest score that counts as satisfied, unless one is configured: the second highest point, or on a scale of two or three points the highest.
fn satisfied_from(scale: Scale, terms: &Terms) -> i64 {
    let configured = terms.settings.csat_satisfied_from.iter().find(|(s, _)| (s.min, s.max) == (scale.min, scale.max));
    let boxes_below_top = if scale.max - scale.min >= 3 * POINT { POINT } else { 0 };
    configured.map_or(scale.max - boxes_below_top, |(_, from)| *from)
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
