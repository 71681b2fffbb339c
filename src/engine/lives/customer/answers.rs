//! A customer's answers that stand, in order of each kind, so that the latest of a kind is found at once.

use super::experience::{Experience, Feeling};
use crate::engine::lives::survey::StandingAnswer;
use crate::engine::terms::{EventOrder, Terms};
use crate::event::SurveyMetric;
use crate::time::EventTime;
use serde::{Deserialize, Serialize};

/// What an answer is about; relationship and contacts are never pooled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AnswerKind {
    Csat,
    /// NPS of the relationship.
    Loyalty,
    Ces,
    /// NPS of a contact.
    ServiceNps,
}

impl AnswerKind {
    const ALL: [Self; 4] = [Self::Csat, Self::Loyalty, Self::Ces, Self::ServiceNps];

    fn of(answer: &StandingAnswer) -> Self {
        match answer.metric {
            SurveyMetric::Csat => Self::Csat,
            SurveyMetric::Ces => Self::Ces,
            SurveyMetric::Nps if answer.is_experience() => Self::Loyalty,
            SurveyMetric::Nps => Self::ServiceNps,
        }
    }
}

/// CustomerAnswers by kind, oldest first of each.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct CustomerAnswers {
    entries: Vec<(StandingAnswer, Feeling)>,
}

impl CustomerAnswers {
    pub(super) fn insert(&mut self, answer: StandingAnswer, terms: &Terms) {
        let at = self.place_of(AnswerKind::of(&answer), answer.order);
        let feeling = feeling(&answer, terms);
        self.entries.insert(at, (answer, feeling));
    }

    pub(super) fn remove(&mut self, answer: &StandingAnswer) {
        let at = self.place_of(AnswerKind::of(answer), answer.order);
        if self.entries.get(at).is_some_and(|(a, _)| a.order == answer.order) {
            self.entries.remove(at);
        }
    }

    /// The answer of the same event, as it is known here.
    pub(super) fn find(&self, answer: &StandingAnswer) -> Option<&StandingAnswer> {
        let at = self.place_of(AnswerKind::of(answer), answer.order);
        self.entries.get(at).map(|(a, _)| a).filter(|a| a.order == answer.order)
    }

    pub(super) fn all(&self) -> &[(StandingAnswer, Feeling)] {
        &self.entries
    }

    /// The latest answer of a kind.
    pub(super) fn latest_of(&self, kind: AnswerKind) -> Option<&StandingAnswer> {
        self.last_before(kind, None).map(|(a, _)| a)
    }

    /// When the latest answer was; `MIN` without one.
    pub(super) fn latest(&self) -> EventTime {
        if self.entries.is_empty() {
            return EventTime::MIN;
        }
        let times = AnswerKind::ALL.iter().filter_map(|kind| self.latest_of(*kind)).map(|a| a.order.time);
        times.max().unwrap_or(EventTime::MIN)
    }

    /// How the last answers were before an event, or up to now.
    pub(super) fn experience_before(&self, order: Option<EventOrder>) -> Experience {
        let feeling = |kind| self.last_before(kind, order).map_or(Feeling::None, |(_, feeling)| *feeling);
        Experience([AnswerKind::Csat, AnswerKind::Loyalty, AnswerKind::Ces].map(feeling))
    }

    /// The answers after one event and before another.
    pub(super) fn between(&self, from: EventOrder, until: Option<EventOrder>) -> impl Iterator<Item = &StandingAnswer> {
        AnswerKind::ALL.into_iter().flat_map(move |kind| {
            let end = until.map_or_else(|| self.end_of(kind), |until| self.place_of(kind, until));
            self.entries[self.place_of(kind, from)..end].iter().map(|(a, _)| a)
        })
    }

    pub(super) fn split_off(&mut self, order: EventOrder) -> Self {
        let (later, earlier) = std::mem::take(&mut self.entries).into_iter().partition(|(a, _)| a.order >= order);
        self.entries = earlier;
        Self { entries: later }
    }

    /// Drops the answers before `horizon` but the last of each kind, and the oldest of a kind above `length_max`, counted.
    pub(super) fn forget_before(&mut self, horizon: EventTime, length_max: usize) -> usize {
        if !super::has_doubled(self.entries.len()) {
            return 0;
        }
        let mut early = 0;
        for kind in AnswerKind::ALL {
            let (from, end) = (self.start_of(kind), self.end_of(kind));
            let old = self.entries[from..end].partition_point(|(a, _)| a.order.time < horizon).saturating_sub(1);
            let gone = old.max((end - from).saturating_sub(length_max));
            early += gone - old;
            self.entries.drain(from..from + gone);
        }
        early
    }

    fn last_before(&self, kind: AnswerKind, order: Option<EventOrder>) -> Option<&(StandingAnswer, Feeling)> {
        let end = order.map_or_else(|| self.end_of(kind), |order| self.place_of(kind, order));
        let at = end.checked_sub(1)?;
        self.entries.get(at).filter(|(a, _)| AnswerKind::of(a) == kind)
    }

    fn place_of(&self, kind: AnswerKind, order: EventOrder) -> usize {
        self.entries.partition_point(|(a, _)| (AnswerKind::of(a), a.order) < (kind, order))
    }

    fn start_of(&self, kind: AnswerKind) -> usize {
        self.entries.partition_point(|(a, _)| AnswerKind::of(a) < kind)
    }

    fn end_of(&self, kind: AnswerKind) -> usize {
        self.entries.partition_point(|(a, _)| AnswerKind::of(a) <= kind)
    }
}

/// What an answer says of the experience: CSAT knows satisfied and dissatisfied; NPS and CES have a middle, which is neither.
fn feeling(answer: &StandingAnswer, terms: &Terms) -> Feeling {
    let vote = answer.vote(terms);
    match (vote.good, vote.bad || answer.metric == SurveyMetric::Csat) {
        (true, _) => Feeling::Good,
        (false, true) => Feeling::Bad,
        (false, false) => Feeling::None,
    }
}
