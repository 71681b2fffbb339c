//! Surveys that were sent, and the share of them that was answered. The answers themselves are in `csat`, `nps` and `ces`.

use crate::engine::read::{Label, Measure};
use crate::event::SurveyMetric;
use crate::metrics::family::{Family, Merge, OwnLabels, Variant};
use crate::metrics::reader::Reader;

/// `metric`: the question that the survey asks. The label of a measure is the number of the question.
const METRIC: OwnLabels = OwnLabels::new(&["metric"], |_| {
    let questions = [(SurveyMetric::Csat, "csat"), (SurveyMetric::Nps, "nps"), (SurveyMetric::Ces, "ces")];
    questions.map(|(metric, name)| Variant::of_label(Label(metric as u32), &[name])).to_vec()
});

pub(in crate::metrics) fn families() -> Vec<Family> {
    let sent = "Surveys sent in the window; a survey that was sent again counts at its latest sending.";
    let answered = "Of the surveys sent in the window, those that have been answered by now.";
    let seen = [Measure::SurveysSent];
    let mut families = vec![
        Family::count("cx_surveys_sent", sent, Measure::SurveysSent),
        Family::value("cx_surveys_answered", answered, &seen, |reader, variant| {
            Some(reader.count_of(Measure::SurveysAnswered, variant.label) as f64)
        })
        .merged(Merge::Sum),
    ];
    let ratio = "Share of the surveys sent in the window that have been answered; absent until any answer of the metric belonged to a survey that was \
                 sent.";
    families.extend(Family::proportion("cx_survey_response_ratio", ratio, &seen, |reader, variant| {
        let sides = || (reader.count_of(Measure::SurveysAnswered, variant.label), reader.count_of(Measure::SurveysSent, variant.label));
        is_matched(reader, variant).then(sides)
    }));
    let matched = "1 if any answer of the metric ever belonged to a survey that was sent, otherwise 0: until then cx_survey_response_ratio is not known, \
                   and absent.";
    families.push(Family::flag("cx_survey_answer_ever_seen", matched, is_matched));
    families.into_iter().map(|family| family.labelled(METRIC)).collect()
}

/// Whether an answer of the metric was ever matched with a survey that was sent. Where the help desk does not say which survey an answer
/// belongs to, a share of 0 would be made up.
fn is_matched(reader: &Reader<'_>, variant: &Variant) -> bool {
    reader.snapshot.ever_seen.matched[variant.label.0 as usize]
}
