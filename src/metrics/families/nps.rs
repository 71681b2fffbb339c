//! The net promoter score, about contacts (`service`) and about the relationship (`experience`), never pooled.

use crate::engine::read::{Answers, Measure};
use crate::metrics::family::{Family, Labels, Merge, Variant};
use crate::metrics::reader::Reader;
use crate::metrics::statistics;

pub(in crate::metrics) fn families() -> Vec<Family> {
    let responses =
        "NPS answers in the window: promoters (9-10), passives (7-8), detractors (0-6). experience: the latest answer of each customer.";
    let score = "Net promoter score, -100..100: share of promoters less share of detractors.";
    let bound = |side: &str| {
        format!("{side} bound of the adjusted 95 % interval of cx_nps_score (one answer of each group added), within -100..100.")
    };
    let value = |name: &str, help: &str, pick: fn((f64, f64, f64)) -> f64| {
        Family::value(name, help, &[Measure::Nps], move |r, v| interval(r, v).map(pick)).labelled(Labels::Scope)
    };
    vec![
        Family::value("cx_nps_responses", responses, &[Measure::Nps], |r, v| Some(of_group(r, v) as f64))
            .merged(Merge::Sum)
            .labelled(Labels::ScopeAndGroup),
        value("cx_nps_score", score, |(score, _, _)| score),
        value("cx_nps_score_lower", &bound("Lower"), |(_, lower, _)| lower.max(-100.0)),
        value("cx_nps_score_upper", &bound("Upper"), |(_, _, upper)| upper.min(100.0)),
    ]
}

fn answers(reader: &Reader<'_>, variant: &Variant) -> Answers {
    reader.answers(Measure::Nps, variant.label).cloned().unwrap_or_default()
}

fn interval(reader: &Reader<'_>, variant: &Variant) -> Option<(f64, f64, f64)> {
    let answers = answers(reader, variant);
    statistics::nps(answers.good, answers.bad, answers.count)
}

fn of_group(reader: &Reader<'_>, variant: &Variant) -> i64 {
    let answers = answers(reader, variant);
    [answers.good, answers.count - answers.good - answers.bad, answers.bad][variant.part]
}
