//! Customer effort (CES), brought to one scale of 1 (no effort) to 5 (very high effort): lower is better.

use crate::engine::read::{AnswerSums, Measure};
use crate::event::Scale;
use crate::metrics::family::{Family, GroupingSets, Merge};
use crate::metrics::reader::Reader;

pub(in crate::metrics) fn families() -> Vec<Family> {
    let seen = [Measure::Ces];
    let count = |name: &str, help: &str, pick: fn(&AnswerSums) -> i64| {
        Family::value(name, help, &seen, move |reader, _| Some(pick(&reader.all_answers(Measure::Ces)) as f64)).merged(Merge::Sum)
    };
    let ratio = |name: &str, help: &str, pick: fn(&AnswerSums) -> i64| {
        Family::proportion(name, help, &seen, move |reader, _| {
            let answers = reader.all_answers(Measure::Ces);
            Some((pick(&answers), answers.count))
        })
    };
    let score = "Mean effort of the CES answers in the window, on the scale of 1 (no effort) to 5 (very high effort): lower is better.";
    let points = "Sum of the efforts (1..5) in the window: cx_ces_effort_score times cx_ces_responses.";
    let squared =
        "Sum of the squared efforts (1..5) in the window; with cx_ces_effort_points it gives the bounds of cx_trend for the metric ces.";
    let mut families = vec![
        count("cx_ces_responses", "CES answers in the window.", |answers| answers.count),
        Family::value("cx_ces_effort_score", score, &seen, |reader, _| effort_score(reader)),
        Family::value("cx_ces_effort_points", points, &seen, |reader, _| {
            Some(effort_score(reader).unwrap_or(0.0) * reader.all_answers(Measure::Ces).count as f64)
        })
        .merged(Merge::Sum),
        Family::value("cx_ces_effort_squared_points", squared, &seen, |reader, _| Some(squared_points(reader)))
            .merged(Merge::Sum)
            .over(GroupingSets::Overall),
        count("cx_ces_low_effort_responses", "CES answers in the window that are in the lowest third of effort.", |answers| answers.good),
        count("cx_ces_high_effort_responses", "CES answers in the window that are in the highest third of effort.", |answers| answers.bad),
    ];
    let low = "Share of the CES answers in the window that are in the lowest third of effort.";
    families.extend(ratio("cx_ces_low_effort_ratio", low, |answers| answers.good));
    let high = "Share of the CES answers in the window that are in the highest third of effort.";
    families.extend(ratio("cx_ces_high_effort_ratio", high, |answers| answers.bad));
    families
}

/// The mean effort on the scale of 1 to 5: 1 + 4 * mean of e, where e is the effort above the least of its scale, divided by the span of
/// the scale.
pub(super) fn effort_score(reader: &Reader<'_>) -> Option<f64> {
    let count = reader.all_answers(Measure::Ces).count;
    let efforts: f64 = reader.by_scale(Measure::Ces).map(|(scale, answers)| answers.points as f64 / span(scale)).sum();
    (count > 0).then(|| 1.0 + 4.0 * efforts / count as f64)
}

/// The span of a scale, in the unit of the engine's points.
pub(super) fn span(scale: Scale) -> f64 {
    (scale.max - scale.min) as f64
}

/// The sum of (1 + 4 e)^2.
fn squared_points(reader: &Reader<'_>) -> f64 {
    let of_scale = |(scale, answers): (Scale, &AnswerSums)| {
        let span = span(scale);
        answers.count as f64 + 8.0 * answers.points as f64 / span + 16.0 * answers.squares as f64 / (span * span)
    };
    reader.by_scale(Measure::Ces).map(of_scale).sum()
}
