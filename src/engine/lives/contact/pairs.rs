//! The pairs of one ticket or chat for the correlations: a duration, or whether a target was met, together with the customer's answer.

use super::facts::idle_end_of;
use super::summary::Summary;
use super::targets::{Decision, response_decision};
use crate::engine::lives::survey::StandingAnswer;
use crate::engine::terms::{Contribution, Fact, FactLabel, Facts, Measure, Side, Terms, pair_label};
use crate::event::{Scope, SurveyMetric};
use crate::time::Span;

/// The pairs of a contact with the latest of the given answers for each metric; none if the contact is withdrawn.
pub(crate) fn pair_facts<'a>(summary: &Summary, answers: impl Iterator<Item = &'a StandingAnswer>, terms: &Terms) -> Facts {
    let mut facts = Facts::new();
    if summary.is_gone {
        return facts;
    }
    let mut latest: [Option<&StandingAnswer>; 3] = [None; 3];
    for answer in answers.filter(|a| a.metric != SurveyMetric::Nps || a.answer.scope == Scope::Service) {
        let slot = &mut latest[answer.metric as usize];
        if slot.is_none_or(|known| known.order < answer.order) {
            *slot = Some(answer);
        }
    }
    let response = summary.first_response.filter(|s| !s.is_silent).map(|s| (s.mark.time, s.after));
    let resolution = summary.solve.filter(|s| !s.is_silent).and_then(|s| Some((s.mark.time, s.after?)));
    for (x, y) in [
        (Side::FirstResponse, Side::Csat),
        (Side::Resolution, Side::Csat),
        (Side::FirstResponse, Side::Ces),
        (Side::Resolution, Side::Ces),
        (Side::FirstResponse, Side::Nps),
    ] {
        let timed = if x == Side::FirstResponse { response } else { resolution };
        let Some((time, span)) = timed.filter(|(_, span)| *span >= Span(0)) else { continue };
        let metric = match y {
            Side::Ces => SurveyMetric::Ces,
            Side::Nps => SurveyMetric::Nps,
            Side::Csat | Side::FirstResponse | Side::Resolution => SurveyMetric::Csat,
        };
        let Some(answer) = latest[metric as usize] else { continue };
        facts.push(Fact {
            measure: Measure::Correlation,
            label: pair_label(x, y),
            dimensions: answer.dimensions,
            time: time.max(answer.order.time),
            value: Contribution::Pair(u32::from(terms.bins.of(span.0)), answer.rank()),
        });
    }
    if let (Some(decision), Some(answer)) =
        (response_decision(summary, idle_end_of(summary, &terms.settings)), latest[SurveyMetric::Csat as usize])
    {
        let measure = if matches!(decision, Decision::Met(_)) { Measure::CsatWithinTarget } else { Measure::CsatBeyondTarget };
        let time = decision.mark().time.max(answer.order.time);
        let value = Contribution::Vote(answer.vote(terms));
        facts.push(Fact { measure, label: FactLabel::None, dimensions: answer.dimensions, time, value });
    }
    facts
}
