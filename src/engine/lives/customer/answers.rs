//! A customer's answers that count, in order within each kind, so that the latest of a kind is found quickly.

use super::experience::{Experience, Feeling};
use crate::engine::lives::survey::StandingAnswer;
use crate::engine::terms::{EventOrder, Terms};
use crate::event::SurveyMetric;
use crate::time::EventTime;
use serde::{Deserialize, Serialize};

/// The kind of an answer. Answers about the relationship and answers about contacts are never pooled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AnswerKind {
    Csat,
    /// NPS about the relationship.
    Loyalty,
    Ces,
    /// NPS about a contact.
    ServiceNps,
}

/// The names of the kinds, in their order.
pub(crate) const ANSWER_KINDS: [&str; 4] = ["csat", "nps_experience", "ces", "nps_service"];

impl AnswerKind {
    pub(super) const ALL: [Self; 4] = [Self::Csat, Self::Loyalty, Self::Ces, Self::ServiceNps];

    fn of(answer: &StandingAnswer) -> Self {
        match answer.metric {
            SurveyMetric::Csat => Self::Csat,
            SurveyMetric::Ces => Self::Ces,
            SurveyMetric::Nps if answer.is_experience() => Self::Loyalty,
            SurveyMetric::Nps => Self::ServiceNps,
        }
    }
}

/// The answers of a customer by kind, and oldest first within each kind.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct CustomerAnswers {
    entries: Vec<(StandingAnswer, Feeling)>,
}

impl CustomerAnswers {
    /// Adds an answer at its place.
    pub(super) fn insert(&mut self, answer: StandingAnswer, terms: &Terms) {
        let at = self.place_of(AnswerKind::of(&answer), answer.order);
        let feeling = feeling(&answer, terms);
        self.entries.insert(at, (answer, feeling));
    }

    /// Removes an answer, if it is known.
    pub(super) fn remove(&mut self, answer: &StandingAnswer) {
        let at = self.place_of(AnswerKind::of(answer), answer.order);
        if self.entries.get(at).is_some_and(|(a, _)| a.order == answer.order) {
            self.entries.remove(at);
        }
    }

    /// The known answer of the same event.
    pub(super) fn find(&self, answer: &StandingAnswer) -> Option<&StandingAnswer> {
        let at = self.place_of(AnswerKind::of(answer), answer.order);
        self.entries.get(at).map(|(a, _)| a).filter(|a| a.order == answer.order)
    }

    /// All answers, each with the experience that it expresses.
    pub(super) fn all(&self) -> &[(StandingAnswer, Feeling)] {
        &self.entries
    }

    /// The latest answer of a kind.
    pub(super) fn latest_of(&self, kind: AnswerKind) -> Option<&StandingAnswer> {
        self.last_before(kind, None).map(|(a, _)| a)
    }

    /// The latest answer of a kind, if it expresses a bad experience.
    pub(super) fn latest_if_bad(&self, kind: AnswerKind) -> Option<&StandingAnswer> {
        self.last_before(kind, None).filter(|(_, feeling)| *feeling == Feeling::Bad).map(|(answer, _)| answer)
    }

    /// The time of the latest answer up to an instant; `MIN` if there is none.
    pub(super) fn latest_until(&self, until: EventTime) -> EventTime {
        let times = self.entries.iter().map(|(a, _)| a.order.time).filter(|time| *time <= until);
        times.max().unwrap_or(EventTime::MIN)
    }

    /// Adds all answers of another identity of the same person.
    pub(super) fn absorb(&mut self, other: Self) {
        for (answer, feeling) in other.entries {
            let at = self.place_of(AnswerKind::of(&answer), answer.order);
            self.entries.insert(at, (answer, feeling));
        }
    }

    /// The time of the latest answer; `MIN` if there is none.
    pub(super) fn latest(&self) -> EventTime {
        if self.entries.is_empty() {
            return EventTime::MIN;
        }
        let times = AnswerKind::ALL.iter().filter_map(|kind| self.latest_of(*kind)).map(|a| a.order.time);
        times.max().unwrap_or(EventTime::MIN)
    }

    /// The experience expressed by the latest answers before an event, or by the latest of all if `order` is `None`.
    pub(super) fn experience_before(&self, order: Option<EventOrder>) -> Experience {
        let feeling = |kind| self.last_before(kind, order).map_or(Feeling::None, |(_, feeling)| *feeling);
        Experience([AnswerKind::Csat, AnswerKind::Loyalty, AnswerKind::Ces].map(feeling))
    }

    /// The answers from one event up to another.
    pub(super) fn between(&self, from: EventOrder, until: Option<EventOrder>) -> impl Iterator<Item = &StandingAnswer> {
        AnswerKind::ALL.into_iter().flat_map(move |kind| {
            let end = until.map_or_else(|| self.end_of(kind), |until| self.place_of(kind, until));
            self.entries[self.place_of(kind, from)..end].iter().map(|(a, _)| a)
        })
    }

    /// Splits off the answers from `order` on.
    pub(super) fn split_off(&mut self, order: EventOrder) -> Self {
        let (later, earlier) = std::mem::take(&mut self.entries).into_iter().partition(|(a, _)| a.order >= order);
        self.entries = earlier;
        Self { entries: later }
    }

    /// Drops the answers before `horizon` except the last of each kind, and the oldest of a kind beyond `length_max`; returns the number of the
    /// latter.
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

/// The experience that an answer expresses. CSAT is either satisfied or dissatisfied; NPS and CES have a middle, which is neither.
fn feeling(answer: &StandingAnswer, terms: &Terms) -> Feeling {
    let vote = answer.vote(terms);
    match (vote.good, vote.bad || answer.metric == SurveyMetric::Csat) {
        (true, _) => Feeling::Good,
        (false, true) => Feeling::Bad,
        (false, false) => Feeling::None,
    }
}
