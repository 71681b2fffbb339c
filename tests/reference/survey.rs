//! Surveys: which were sent, and which answers stand.

use std::collections::BTreeMap;

use super::reader::default_scale;
use super::world::{Dims, Life, Name, World};

/// What tells answers apart: a second one with the same key replaces the first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AnswerKey {
    /// The survey that was answered.
    Survey(String),
    /// The ticket or chat that an answer without survey is about.
    About(Name),
    /// Neither: the event itself, by source and id.
    Event(String, String),
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
        let configured = world.settings.csat_satisfied_from.iter().find(|(scale, _)| (scale.min, scale.max) == self.scale);
        let (low, high) = self.scale;
        let top_boxes = if high - low >= 3_000_000 { high - 1_000_000 } else { high };
        self.score >= configured.map_or(top_boxes, |&(_, from)| from)
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
    /// The ticket or chat it is about.
    pub(crate) about: Option<Name>,
    /// For whom it counts.
    pub(crate) dims: Dims,
}

/// All surveys up to now, withdrawn ones too.
#[derive(Debug, Default)]
pub(crate) struct Surveys {
    /// By metric and survey id.
    pub(crate) sent: BTreeMap<(String, String), Sent>,
    /// The latest answer of each metric and key.
    pub(crate) answers: BTreeMap<(String, AnswerKey), Answer>,
}

impl Surveys {
    /// Reads the survey events.
    pub(crate) fn of(world: &World<'_>) -> Self {
        let mut surveys = Self::default();
        for (place, event) in world.events.iter().enumerate() {
            let metric = || event.text("metric").expect("checked by the reader").to_owned();
            let survey = event.text("survey_id").map(str::to_owned);
            match event.what.as_str() {
                "survey.sent" => {
                    let sent = Sent { at: event.time, about: Name::of(event), dims: world.survey_dims(place).1 };
                    surveys.sent.insert((metric(), survey.expect("checked by the reader")), sent);
                }
                "survey.responded" => {
                    let answer = answer(world, place, metric(), survey);
                    surveys.answers.insert((metric(), answer.key.clone()), answer);
                }
                _ => {}
            }
        }
        surveys
    }
}

fn answer(world: &World<'_>, place: usize, metric: String, survey: Option<String>) -> Answer {
    let event = &world.events[place];
    let about = Name::of(event);
    let (customer, dims) = world.survey_dims(place);
    let customer = customer.map(|id| world.life(&id, place));
    let (low, high) = default_scale(&metric);
    let bound = |name, otherwise: f64| event.millionths(name).unwrap_or((otherwise * 1e6) as i64);
    let by_default = if about.is_some() { "service" } else { "experience" };
    let identity = || AnswerKey::Event(event.source.clone(), event.id.clone());
    Answer {
        place,
        at: event.time,
        key: survey.map(AnswerKey::Survey).or_else(|| about.clone().map(AnswerKey::About)).unwrap_or_else(identity),
        score: event.millionths("score").expect("checked by the reader"),
        scale: (bound("scale_min", low), bound("scale_max", high)),
        ease: event.text("direction") == Some("ease"),
        scope: event.text("scope").unwrap_or(by_default).to_owned(),
        metric,
        about,
        customer,
        dims,
    }
}
