//! Customer effort on the canonical scale of 1 (none) to 5 (very high): lower is better.

use super::proportion;
use crate::engine::read::{Answers, Measure};
use crate::event::Scale;
use crate::metrics::family::{Family, Merge, Sets};
use crate::metrics::reader::Reader;

pub(in crate::metrics) fn families() -> Vec<Family> {
    let ces = [Measure::Ces];
    let count = |name: &str, help: &str, pick: fn(&Answers) -> i64| {
        Family::value(name, help, &ces, move |r, _| Some(pick(&r.all_answers(Measure::Ces)) as f64)).merged(Merge::Sum)
    };
    let ratio = |name: &str, help: &str, pick: fn(&Answers) -> i64| {
        proportion(name, help, &ces, move |r, _| {
            let answers = r.all_answers(Measure::Ces);
            Some((pick(&answers), answers.count))
        })
    };
    let mut families = vec![
        count("cx_ces_responses", "CES answers in the window.", |a| a.count),
        Family::value(
            "cx_ces_effort_score",
            "Mean effort on the scale of 1 (no effort) to 5 (very high effort): lower is better.",
            &ces,
            |r, _| effort(r),
        ),
        Family::value(
            "cx_ces_effort_points",
            "Sum of the efforts (1..5) in the window: cx_ces_effort_score times cx_ces_responses.",
            &ces,
            |r, _| Some(effort(r).unwrap_or(0.0) * r.all_answers(Measure::Ces).count as f64),
        )
        .merged(Merge::Sum),
        Family::value(
            "cx_ces_effort_squared_points",
            "Sum of the squared efforts (1..5) in the window: what the bounds of cx_trend of ces are made of, beside cx_ces_effort_points.",
            &ces,
            |r, _| Some(squares(r)),
        )
        .merged(Merge::Sum)
        .over(Sets::Overall),
        count("cx_ces_low_effort_responses", "CES answers in the lowest third of effort.", |a| a.good),
        count("cx_ces_high_effort_responses", "CES answers in the highest third of effort.", |a| a.bad),
    ];
    families.extend(ratio("cx_ces_low_effort_ratio", "Share of the CES answers in the lowest third of effort.", |a| a.good));
    families.extend(ratio("cx_ces_high_effort_ratio", "Share of the CES answers in the highest third of effort.", |a| a.bad));
    families
}

/// 1 + 4 * mean of e, where e = effort above the least / span of the scale.
pub(super) fn effort(reader: &Reader<'_>) -> Option<f64> {
    let count = reader.all_answers(Measure::Ces).count;
    let efforts: f64 = reader.by_scale(Measure::Ces).map(|(scale, a)| a.points as f64 / (scale.max - scale.min) as f64).sum();
    (count > 0).then(|| 1.0 + 4.0 * efforts / count as f64)
}

/// The sum of (1 + 4 e)^2.
fn squares(reader: &Reader<'_>) -> f64 {
    let of_scale = |(scale, a): (Scale, &Answers)| {
        let span = (scale.max - scale.min) as f64;
        a.count as f64 + 8.0 * a.points as f64 / span + 16.0 * a.squares as f64 / (span * span)
    };
    reader.by_scale(Measure::Ces).map(of_scale).sum()
}
