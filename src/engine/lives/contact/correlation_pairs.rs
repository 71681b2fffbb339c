//! The pairs of one contact for the correlations: a duration, or whether a target was met, together with the customer's answer.
//!
//! A chat and the ticket made from it are one contact: the first response is the chat's, or the ticket's where nobody answered in the chat, and the
//! resolution is the ticket's. Does not know how the two find each other.

use super::clock::Verdict;
use super::summary::Summary;
use super::targets::response_verdict;
use crate::engine::lives::survey::StandingAnswer;
use crate::engine::terms::{Contribution, Fact, FactLabel, Facts, Measure, Side, Terms, pair_label};
use crate::event::{Contact, Scope, SurveyMetric};
use crate::time::{EventTime, Span};

/// The summaries whose durations are paired with answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PairSides<'a> {
    /// The ticket or the session of a chat.
    pub(crate) contact: &'a Summary,
    /// The ticket made from the chat.
    pub(crate) record: Option<&'a Summary>,
}

impl<'a> PairSides<'a> {
    /// The summary that has the first response.
    fn responding(self) -> &'a Summary {
        self.record.filter(|_| self.contact.ended_unanswered).unwrap_or(self.contact)
    }

    /// The summary that has the resolution, of an answer about a ticket or chat.
    fn resolving(self, about: Option<Contact>) -> Option<&'a Summary> {
        match about {
            Some(Contact::Ticket(_)) => self.record.or(Some(self.contact)),
            Some(Contact::Chat(_)) | None => self.record,
        }
    }
}

/// The pairs of a contact with the latest of the given answers for each metric.
pub(crate) fn pair_facts<'a>(sides: PairSides<'_>, answers: impl Iterator<Item = &'a StandingAnswer>, terms: &Terms) -> Facts {
    let mut facts = Facts::new();
    let mut latest: [Option<&StandingAnswer>; 3] = [None; 3];
    for answer in answers.filter(|a| a.metric != SurveyMetric::Nps || a.scope == Scope::Service) {
        let slot = &mut latest[answer.metric as usize];
        if slot.is_none_or(|known| known.order < answer.order) {
            *slot = Some(answer);
        }
    }
    let responding = Some(sides.responding()).filter(|summary| !summary.is_gone());
    let response = responding.and_then(|summary| summary.first_response).map(|s| (s.mark.time, s.after));
    for (x, y) in [
        (Side::FirstResponse, Side::Csat),
        (Side::Resolution, Side::Csat),
        (Side::FirstResponse, Side::Ces),
        (Side::Resolution, Side::Ces),
        (Side::FirstResponse, Side::Nps),
    ] {
        let metric = match y {
            Side::Ces => SurveyMetric::Ces,
            Side::Nps => SurveyMetric::Nps,
            Side::Csat | Side::FirstResponse | Side::Resolution => SurveyMetric::Csat,
        };
        let Some(answer) = latest[metric as usize] else { continue };
        let timed = if x == Side::FirstResponse { response } else { resolution(sides.resolving(answer.about())) };
        let Some((time, span)) = timed.filter(|(_, span)| *span >= Span(0)) else { continue };
        facts.push(Fact {
            measure: Measure::Correlation,
            label: pair_label(x, y),
            dimensions: answer.dimensions,
            time: time.max(answer.order.time),
            value: Contribution::Pair(u32::from(terms.bins.of(span.0)), answer.rank()),
        });
    }
    let verdict = responding.and_then(|summary| response_verdict(summary, summary.idle_end(&terms.settings)));
    let measure = match verdict {
        Some(Verdict::Met(_)) => Measure::CsatWithinTarget,
        Some(Verdict::Missed(_)) => Measure::CsatBeyondTarget,
        Some(Verdict::MetThenReopened(_) | Verdict::Undecided(..)) | None => return facts,
    };
    if let (Some(verdict), Some(answer)) = (verdict, latest[SurveyMetric::Csat as usize]) {
        let time = verdict.mark().time.max(answer.order.time);
        let value = Contribution::Vote(answer.vote(terms));
        facts.push(Fact { measure, label: FactLabel::None, dimensions: answer.dimensions, time, value });
    }
    facts
}

/// When a ticket was solved last, and how long that took.
fn resolution(summary: Option<&Summary>) -> Option<(EventTime, Span)> {
    let solve = summary.filter(|summary| !summary.is_gone())?.solve?;
    Some((solve.mark.time, solve.after?))
}
