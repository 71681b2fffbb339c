//! Customer satisfaction: each answer counts once.

use super::proportion;
use crate::engine::read::Measure;
use crate::metrics::family::{Family, Labels, Merge, Sets};

/// Scores are kept in millionths of a point.
const POINT: f64 = 1e6;

pub(in crate::metrics) fn families() -> Vec<Family> {
    let csat = [Measure::Csat];
    let mut families = vec![
        Family::value("cx_csat_responses", "CSAT answers in the window.", &csat, |r, _| Some(r.all_answers(Measure::Csat).count as f64))
            .merged(Merge::Sum),
        Family::value("cx_csat_satisfied_responses", "CSAT answers in the top two boxes of their scale.", &csat, |r, _| {
            Some(r.all_answers(Measure::Csat).good as f64)
        })
        .merged(Merge::Sum),
    ];
    families.extend(proportion("cx_csat_ratio", "Satisfied share of the CSAT answers in the window.", &csat, |r, _| {
        let answers = r.all_answers(Measure::Csat);
        Some((answers.good, answers.count))
    }));
    families.push(
        Family::value("cx_csat_score_points", "Sum of the CSAT scores in the window, each on its own scale.", &csat, |r, _| {
            Some(r.all_answers(Measure::Csat).points as f64 / POINT)
        })
        .merged(Merge::Sum),
    );
    families.push(Family::value(
        "cx_csat_mean_score",
        "Mean CSAT score on the native scale; absent where answers on several scales meet.",
        &csat,
        |r, _| {
            let mut scales = r.by_scale(Measure::Csat);
            let (_, answers) = scales.next()?;
            scales.next().is_none().then(|| answers.points as f64 / POINT / answers.count as f64)
        },
    ));
    families.push(
        Family::count(
            "cx_csat_score_responses",
            "CSAT answers in the window by score; scores of different scales share a label.",
            Measure::CsatScores,
        )
        .labelled(Labels::Score)
        .over(Sets::Overall),
    );
    families
}
