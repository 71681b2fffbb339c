//! The surveys about a ticket or chat, and their answers in order, so that the latest answer of a metric is found quickly however many there are.
//!
//! Does not know the content of the answers.

use crate::engine::lives::survey::SurveyId;
use crate::engine::terms::EventOrder;
use crate::event::SurveyMetric;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// The surveys of one ticket or chat. The lists are allocated only if there are any, so that a contact without surveys stays small.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct LinkedSurveys(Option<Box<Lists>>);

/// Both lists ascend, so that a search in a long one is quick. Most hold one survey.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Lists {
    ids: SmallVec<[SurveyId; 1]>,
    answers: SmallVec<[AnswerOf; 0]>,
}

/// The metric and order of an answer, and its survey.
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

    /// For each metric, the survey with the latest answer.
    pub(crate) fn latest_answers(&self) -> impl Iterator<Item = SurveyId> {
        let latest = |lists: &Lists, metric| {
            let end = lists.answers.partition_point(|(place, _)| *place <= (metric, EventOrder::MAX));
            let ((found, _), survey) = lists.answers[..end].last()?;
            (*found == metric).then_some(*survey)
        };
        [SurveyMetric::Csat, SurveyMetric::Nps, SurveyMetric::Ces].into_iter().filter_map(move |metric| latest(self.0.as_deref()?, metric))
    }

    /// Adds a survey.
    pub(crate) fn add(&mut self, survey: SurveyId) {
        let ids = &mut self.0.get_or_insert_default().ids;
        if let Err(at) = ids.binary_search(&survey) {
            ids.insert(at, survey);
        }
    }

    /// Adds an answer to a survey.
    pub(crate) fn add_answer(&mut self, survey: SurveyId, order: EventOrder) {
        let answers = &mut self.0.get_or_insert_default().answers;
        let place = (survey.metric, order);
        match answers.binary_search_by_key(&place, |(place, _)| *place) {
            Ok(at) => answers[at].1 = survey,
            Err(at) => answers.insert(at, (place, survey)),
        }
    }

    /// Forgets a survey.
    pub(crate) fn remove(&mut self, survey: SurveyId) {
        if let Some(lists) = &mut self.0 {
            lists.ids.retain(|id| *id != survey);
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
        self.0.take_if(|lists| lists.ids.is_empty() && lists.answers.is_empty());
    }
}
