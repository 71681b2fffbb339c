//! The net promoter score (NPS) of contacts (`service`) and of the relationship (`experience`); the two are never pooled.

use crate::engine::read::{AnswerSums, Label, Measure};
use crate::event::Scope;
use crate::metrics::family::{Family, Merge, OwnLabels, Variant};
use crate::metrics::reader::Reader;
use crate::metrics::statistics::{self, CONFIDENCE_PERCENT};

/// The scopes with the values of the label `scope`, in the order of the exposition.
const SCOPES: [(Scope, &str); 2] = [(Scope::Service, "service"), (Scope::Experience, "experience")];

/// The values of the label `group`, in the order of the parts of a variant.
const GROUPS: [&str; 3] = ["promoter", "passive", "detractor"];

/// `scope`: the subject of the answers.
pub(in crate::metrics) const SCOPE: OwnLabels =
    OwnLabels::new(&["scope"], |_| SCOPES.map(|(scope, name)| Variant::of_label(label_of(scope), &[name])).to_vec());

/// `scope` and `group`.
const SCOPE_AND_GROUP: OwnLabels = OwnLabels::new(&["scope", "group"], |_| {
    let groups = |(scope, name): (Scope, &'static str)| {
        let variant = move |(part, group): (usize, &&str)| Variant { part, ..Variant::of_label(label_of(scope), &[name, group]) };
        GROUPS.iter().enumerate().map(variant)
    };
    SCOPES.into_iter().flat_map(groups).collect()
});

pub(in crate::metrics) fn families() -> Vec<Family> {
    let responses = "NPS answers in the window: promoters (9-10), passives (7-8) and detractors (0-6). In the scope experience only the latest \
                     answer of each customer counts.";
    let score = "Net promoter score, -100..100: percentage of promoters less percentage of detractors.";
    let bound = |side: &str| {
        format!(
            "{side} bound of the adjusted {CONFIDENCE_PERCENT} % interval of cx_nps_score (one answer added to each group), within -100..100."
        )
    };
    let value = |name: &str, help: &str, pick: fn((f64, f64, f64)) -> f64| {
        Family::value(name, help, &[Measure::Nps], move |reader, variant| interval(reader, variant).map(pick)).labelled(SCOPE)
    };
    vec![
        Family::value("cx_nps_responses", responses, &[Measure::Nps], |reader, variant| Some(group_count(reader, variant) as f64))
            .merged(Merge::Sum)
            .labelled(SCOPE_AND_GROUP),
        value("cx_nps_score", score, |(score, _, _)| score),
        value("cx_nps_score_lower", &bound("Lower"), |(_, lower, _)| lower.max(-100.0)),
        value("cx_nps_score_upper", &bound("Upper"), |(_, _, upper)| upper.min(100.0)),
    ]
}

/// The label under which the engine keeps the answers of a scope.
pub(super) const fn label_of(scope: Scope) -> Label {
    Label(scope as u32)
}

fn answers(reader: &Reader<'_>, variant: &Variant) -> AnswerSums {
    reader.answers(Measure::Nps, variant.label).cloned().unwrap_or_default()
}

fn interval(reader: &Reader<'_>, variant: &Variant) -> Option<(f64, f64, f64)> {
    let answers = answers(reader, variant);
    statistics::nps(answers.good, answers.bad, answers.count)
}

/// The number of answers in one of the [`GROUPS`].
fn group_count(reader: &Reader<'_>, variant: &Variant) -> i64 {
    let answers = answers(reader, variant);
    [answers.good, answers.count - answers.good - answers.bad, answers.bad][variant.part]
}
