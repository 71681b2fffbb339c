//! Customer satisfaction (CSAT): each answer counts once, and is satisfied from the lowest satisfied score of its scale on.

use crate::engine::read::{AnswerSums, Measure, POINT, score_text};
use crate::metrics::family::{Family, GroupingSets, Merge, OwnLabels, Variant};

/// `score`: the scores that were seen.
const SCORE: OwnLabels = OwnLabels::new(&["score"], |snapshot| {
    let scores = snapshot.labels_of(Measure::CsatScores).iter();
    scores.map(|label| Variant::of_label(*label, &[&score_text(*label)])).collect()
});

pub(in crate::metrics) fn families() -> Vec<Family> {
    let seen = [Measure::Csat];
    let sum = |name: &str, help: &str, pick: fn(&AnswerSums) -> f64| {
        Family::value(name, help, &seen, move |reader, _| Some(pick(&reader.all_answers(Measure::Csat)))).merged(Merge::Sum)
    };
    let mut families = vec![
        sum("cx_csat_responses", "CSAT answers in the window.", |answers| answers.count as f64),
        sum(
            "cx_csat_satisfied_responses",
            "CSAT answers in the window that are satisfied: by default the top two scores of their scale, such as 4 and 5 of 1 to 5.",
            |answers| answers.good as f64,
        ),
    ];
    families.extend(Family::proportion(
        "cx_csat_ratio",
        "Share of the CSAT answers in the window that are satisfied.",
        &seen,
        |reader, _| {
            let answers = reader.all_answers(Measure::Csat);
            Some((answers.good, answers.count))
        },
    ));
    families.push(sum("cx_csat_score_points", "Sum of the CSAT scores in the window, each score on its own scale.", |answers| {
        answers.points as f64 / POINT as f64
    }));
    families.push(Family::value(
        "cx_csat_mean_score",
        "Mean CSAT score in the window, on the native scale; absent where the window has answers on several scales.",
        &seen,
        |reader, _| {
            let mut scales = reader.by_scale(Measure::Csat);
            let (_, answers) = scales.next()?;
            scales.next().is_none().then(|| answers.points as f64 / POINT as f64 / answers.count as f64)
        },
    ));
    let by_score = "CSAT answers in the window by score; equal scores on different scales share a label value.";
    families.push(Family::count("cx_csat_score_responses", by_score, Measure::CsatScores).labelled(SCORE).over(GroupingSets::Overall));
    families
}
