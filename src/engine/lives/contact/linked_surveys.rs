//! The surveys about a ticket or chat, and their answers in order, so that the latest answer of a metric is found quickly however many there are.
//!
//! Does not know the content of the answers.

use crate::engine::lives::survey::SurveyId;
use crate::engine::terms::EventOrder;
use crate::event::SurveyMetric;
use crate::time::EventTime;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// The surveys of one ticket or chat. The lists are allocated only if there are any, so that a contact without surveys stays small.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct LinkedSurveys(Option<Box<Lists>>);

/// All lists but the first ascend, so that a search in a long one is quick. Most hold one survey.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Lists {
    /// In the order in which they came: in the order of hashes, each of many would move half of the others.
    ids: SmallVec<[SurveyId; 1]>,
    answers: SmallVec<[AnswerOf; 0]>,
    sendings: SmallVec<[AnswerOf; 1]>,
    /// The answers that name no survey, and the survey that each was taken for.
    unnamed: SmallVec<[AnswerOf; 0]>,
}

/// The metric and order of an answer or a sending, and its survey.
type AnswerOf = ((SurveyMetric, EventOrder), SurveyId);

impl LinkedSurveys {
    /// Whether there are no surveys and no answers.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// All surveys.
    pub(crate) fn ids(&self) -> impl Iterator<Item = SurveyId> {
        self.0.iter().flat_map(|lists| lists.ids.iter().copied())
    }

    /// The answers of a metric, the latest first.
    pub(crate) fn latest_answers(&self, metric: SurveyMetric) -> impl Iterator<Item = SurveyId> {
        let answers = self.0.as_ref().map(|lists| &lists.answers[..]).unwrap_or_default();
        let up_to = answers.partition_point(|((of, _), _)| *of <= metric);
        answers[..up_to].iter().rev().take_while(move |((of, _), _)| *of == metric).map(|(_, survey)| *survey)
    }

    /// The surveys of a metric that were sent before an event, the latest first.
    pub(crate) fn sent_before(&self, metric: SurveyMetric, order: EventOrder) -> impl Iterator<Item = (EventOrder, SurveyId)> {
        let sendings = self.0.as_deref().map_or(&[][..], |lists| &lists.sendings);
        let before = &sendings[..sendings.partition_point(|(place, _)| *place < (metric, order))];
        before.iter().rev().take_while(move |((of, _), _)| *of == metric).map(|((_, sent), survey)| (*sent, *survey))
    }

    /// The answers of a metric after an event that name no survey, with the survey that each was taken for.
    pub(crate) fn unnamed_after(&self, metric: SurveyMetric, order: EventOrder) -> impl Iterator<Item = (EventOrder, SurveyId)> {
        let unnamed = self.0.as_deref().map_or(&[][..], |lists| &lists.unnamed);
        let after = &unnamed[unnamed.partition_point(|(place, _)| *place <= (metric, order))..];
        after.iter().take_while(move |((of, _), _)| *of == metric).map(|((_, given), survey)| (*given, *survey))
    }

    /// The answers that name no survey, with the survey that each was taken for.
    pub(crate) fn unnamed(&self) -> impl Iterator<Item = (EventOrder, SurveyId)> {
        self.0.iter().flat_map(|lists| lists.unnamed.iter().map(|((_, given), survey)| (*given, *survey)))
    }

    /// Notes a sending.
    pub(crate) fn add_sending(&mut self, survey: SurveyId, order: EventOrder) {
        put(&mut self.0.get_or_insert_default().sendings, survey, order);
    }

    /// Notes an answer that names no survey, and the survey that it is taken for.
    pub(crate) fn set_unnamed(&mut self, survey: SurveyId, order: EventOrder) {
        put(&mut self.0.get_or_insert_default().unnamed, survey, order);
    }

    /// Forgets the sendings and unnamed answers before `horizon`, but the latest such sending of each metric: an answer may still come to it.
    pub(crate) fn fold_before(&mut self, horizon: EventTime) {
        let Some(lists) = &mut self.0 else { return };
        lists.unnamed.retain(|((_, given), _)| given.time >= horizon);
        let sendings = std::mem::take(&mut lists.sendings);
        let is_latest = |at: usize| sendings.get(at + 1).is_none_or(|((next, sent), _)| *next != sendings[at].0.0 || sent.time >= horizon);
        let kept = sendings.iter().enumerate().filter(|(at, ((_, sent), _))| sent.time >= horizon || is_latest(*at));
        lists.sendings = kept.map(|(_, sending)| *sending).collect();
    }

    /// Adds a survey that did not name the ticket or chat before.
    pub(crate) fn add(&mut self, survey: SurveyId) {
        let ids = &mut self.0.get_or_insert_default().ids;
        // An event may name it twice.
        if ids.last() != Some(&survey) {
            ids.push(survey);
        }
    }

    /// Adds an answer to a survey.
    pub(crate) fn add_answer(&mut self, survey: SurveyId, order: EventOrder) {
        put(&mut self.0.get_or_insert_default().answers, survey, order);
    }

    /// Forgets a survey.
    pub(crate) fn remove(&mut self, survey: SurveyId) {
        if let Some(lists) = &mut self.0 {
            lists.ids.retain(|id| *id != survey);
            lists.sendings.retain(|(_, id)| *id != survey);
            lists.unnamed.retain(|(_, id)| *id != survey);
        }
        self.shrink();
    }

    /// Forgets an answer.
    pub(crate) fn remove_answer(&mut self, metric: SurveyMetric, order: EventOrder) {
        if let Some(lists) = &mut self.0 {
            lists.answers.retain(|(place, _)| *place != (metric, order));
        }
        self.shrink();
    }

    fn shrink(&mut self) {
        self.0.take_if(|lists| lists.ids.is_empty() && lists.answers.is_empty() && lists.sendings.is_empty());
    }
}

/// Enters an answer or a sending at its place.
fn put<A: smallvec::Array<Item = AnswerOf>>(list: &mut SmallVec<A>, survey: SurveyId, order: EventOrder) {
    let place = (survey.metric, order);
    match list.binary_search_by_key(&place, |(place, _)| *place) {
        Ok(at) => list[at].1 = survey,
        Err(at) => list.insert(at, (place, survey)),
    }
}
