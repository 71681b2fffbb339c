//! Spearman's rank correlation between response times and answers, and between answers: rho over the pairs in the window.

use crate::engine::PAIRS;
use crate::engine::read::{Label, Measure};
use crate::metrics::family::{Family, GroupingSets, Merge, OwnLabels, Variant};
use crate::metrics::reader::Reader;
use crate::metrics::statistics::{CONFIDENCE_PERCENT, fisher};

/// `x` and `y`: the two sides that are correlated. The label of the measure is the place of the pair in the engine's list.
const SIDES: OwnLabels = OwnLabels::new(&["x", "y"], |_| {
    (0..).zip(&PAIRS).map(|(label, (x, y))| Variant::of_label(Label(label), &[x.name(), y.name()])).collect()
});

pub(in crate::metrics) fn families() -> Vec<Family> {
    let seen = [Measure::Correlation];
    let rho = "Spearman's rho of two sides that are paired by ticket or chat (or by customer), computed from binned durations; absent below 10 pairs.";
    let bound = |side: &str| format!("{side} bound of the {CONFIDENCE_PERCENT} % Fisher interval of cx_correlation.");
    let families = [
        Family::value("cx_correlation", rho, &seen, |reader, variant| reader.pairs(Measure::Correlation, variant.label).1),
        Family::value("cx_correlation_lower", &bound("Lower"), &seen, |reader, variant| interval(reader, variant).map(|(lower, _)| lower)),
        Family::value("cx_correlation_upper", &bound("Upper"), &seen, |reader, variant| interval(reader, variant).map(|(_, upper)| upper)),
        Family::value("cx_correlation_pairs", "Pairs in the window from which cx_correlation is computed.", &seen, |reader, variant| {
            Some(reader.pairs(Measure::Correlation, variant.label).0 as f64)
        })
        .merged(Merge::Sum),
    ];
    families.into_iter().map(|family| family.labelled(SIDES).over(GroupingSets::OneDimension)).collect()
}

fn interval(reader: &Reader<'_>, variant: &Variant) -> Option<(f64, f64)> {
    let (count, rho) = reader.pairs(Measure::Correlation, variant.label);
    rho.map(|rho| fisher(rho, count))
}
