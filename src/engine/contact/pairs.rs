//! What one ticket or chat says of what goes with what: how long something took, or whether a target was met, and what the customer said.

use super::facts::idle_end_of;
use super::{Decision, Summary};
use crate::engine::aggregate::Value;
use crate::engine::correlation::{Side, label_of};
use crate::engine::fact::{Fact, Facts, Label, Measure};
use crate::engine::survey::StandingAnswer;
use crate::engine::view::View;
use crate::event::{Scope, SurveyMetric};
use crate::time::Span;

/// The pairs of a contact with the answers about it that stand, of each metric the latest; none when it is withdrawn.
pub(crate) fn pair_facts<'a>(summary: &Summary, answers: impl Iterator<Item = &'a StandingAnswer>, view: &View) -> Facts {
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
            label: label_of(x, y),
            dimensions: answer.dimensions,
            time: time.max(answer.order.time),
            value: Value::Pair(u32::from(view.classes.of(span.0)), answer.rank()),
        });
    }
    if let (Some(decision), Some(answer)) =
        (summary.response_decision(idle_end_of(summary, &view.settings)), latest[SurveyMetric::Csat as usize])
    {
        let measure = if matches!(decision, Decision::Met(_)) { Measure::CsatWithinTarget } else { Measure::CsatBeyondTarget };
        let time = decision.mark().time.max(answer.order.time);
        let value = Value::Vote(answer.vote(view));
        facts.push(Fact { measure, label: Label::default(), dimensions: answer.dimensions, time, value });
    }
    facts
}
