//! What moved: the contributions to the change of each mean, from the sums of the model.

use std::collections::BTreeMap;

use super::model::Past;
use super::product::CASES_MIN;
use super::series::{Series, Value};
use super::sheet::Values;
use crate::support::contributions::{Question, Sums, recomputed, uses};

/// The shares that are absent until something was ever seen, by the metrics that follow them.
const KNOWN_BY: [(&str, &str, &str); 6] = [
    ("escalation", "cx_escalation_ratio", ""),
    ("transfer", "cx_transfer_ratio", ""),
    ("survey_response_csat", "cx_survey_response_ratio", "csat"),
    ("survey_response_nps", "cx_survey_response_ratio", "nps"),
    ("survey_response_ces", "cx_survey_response_ratio", "ces"),
    ("csat_mean_score", "cx_csat_mean_score", ""),
];

/// The series of every configured trend, from the windowed series of the model.
pub(crate) fn values(past: &Past<'_>, windowed: &Values) -> Values {
    let settings = &past.world.setup;
    let window = |at: usize| settings.windows[at].name.as_str();
    let one = settings.grouping_sets.iter().filter(|set| set.len() == 1);
    let dimensions: Vec<&str> = one.map(|set| settings.dimensions[usize::from(set[0])].name.as_str()).collect();
    let is_known = |metric: &str, long: &str| {
        let Some((_, family, own)) = KNOWN_BY.iter().find(|(name, ..)| *name == metric) else { return true };
        let own = (!own.is_empty()).then_some(("metric", *own));
        let series = Series::new((*family).to_owned(), own.into_iter().chain([("window", long)]));
        windowed.get(&series).is_some_and(|value| value.number().is_some())
    };
    let question = Question {
        pairs: settings.trends.iter().map(|trend| (window(trend.short), window(trend.baseline))).collect(),
        dimensions: dimensions.clone(),
        cases_min: f64::from(CASES_MIN),
        is_known: &is_known,
    };
    let series = |((name, labels), value): ((String, BTreeMap<String, String>), f64)| {
        let by = dimensions.iter().find(|dimension| labels.contains_key(**dimension));
        let name = by.map_or_else(|| name.clone(), |by| format!("{name}_by_{by}"));
        let labels = labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        // Where large sums nearly cancel, a difference is as exact as they are.
        (Series::new(name, labels), Value::Near { want: value, within: 1e-6 + value.abs() * 1e-9 })
    };
    recomputed(&sums(windowed), &question).into_iter().map(series).collect()
}

/// The numbers of the model by family and labels.
fn sums(windowed: &Values) -> Sums {
    let mut sums = Sums::new();
    for (series, value) in windowed {
        let Some(number) = value.number() else { continue };
        let tail = ["_count", "_sum"].into_iter().find(|tail| series.name.ends_with(tail)).unwrap_or("");
        let family = format!("{}{tail}", series.base().trim_end_matches(tail));
        let (mut family, mut number) = (family, number);
        if family == "cx_ces_effort_score" {
            let cases = Series::new(series.name.replace("effort_score", "responses"), series.pairs());
            family = "cx_ces_effort_points".to_owned();
            number *= windowed.get(&cases).and_then(Value::number).expect("a score has answers");
        }
        if !uses(&family) {
            continue;
        }
        let labels = series.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        sums.insert((family, labels), number);
    }
    sums
}
