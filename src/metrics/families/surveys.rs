//! Surveys sent and answered, by the same survey ids.

use super::proportion;
use crate::engine::read::Measure;
use crate::metrics::family::{Family, Labels};

pub(in crate::metrics) fn families() -> Vec<Family> {
    let sent = "Surveys sent in the window, each at its latest sending.";
    let answered = "Of the surveys sent in the window: those answered by now.";
    let ratio =
        proportion("cx_survey_response_ratio", "Answered share of the surveys sent in the window.", &[Measure::SurveysSent], |r, v| {
            Some((r.count_of(Measure::SurveysAnswered, v.label), r.count_of(Measure::SurveysSent, v.label)))
        });
    let counts = [
        Family::count("cx_surveys_sent", sent, Measure::SurveysSent),
        Family::value("cx_surveys_answered", answered, &[Measure::SurveysSent], |r, v| {
            Some(r.count_of(Measure::SurveysAnswered, v.label) as f64)
        })
        .merged(crate::metrics::family::Merge::Sum),
    ];
    counts.into_iter().chain(ratio).map(|family| family.labelled(Labels::Metric)).collect()
}
