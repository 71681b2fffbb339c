//! What goes with what: Spearman's rho over the pairs in the window.

use crate::engine::read::Measure;
use crate::metrics::family::{Family, Labels, Merge, Sets, Variant};
use crate::metrics::reader::Reader;
use crate::metrics::statistics::fisher;

pub(in crate::metrics) fn families() -> Vec<Family> {
    let seen = [Measure::Correlation];
    let bound = |side: &str| format!("{side} bound of the 95 % Fisher interval of cx_correlation.");
    let families = [
        Family::value(
            "cx_correlation",
            "Spearman's rho of two sides, paired by ticket or chat (or by customer), from classed durations; absent below 10 pairs.",
            &seen,
            |r, v| r.pairs(Measure::Correlation, v.label).1,
        ),
        Family::value("cx_correlation_lower", &bound("Lower"), &seen, |r, v| interval(r, v).map(|b| b.0)),
        Family::value("cx_correlation_upper", &bound("Upper"), &seen, |r, v| interval(r, v).map(|b| b.1)),
        Family::value("cx_correlation_pairs", "Pairs behind cx_correlation in the window.", &seen, |r, v| {
            Some(r.pairs(Measure::Correlation, v.label).0 as f64)
        })
        .merged(Merge::Sum),
    ];
    families.into_iter().map(|family| family.labelled(Labels::Pair).over(Sets::OneDimension)).collect()
}

fn interval(reader: &Reader<'_>, variant: &Variant) -> Option<(f64, f64)> {
    let (count, rho) = reader.pairs(Measure::Correlation, variant.label);
    rho.map(|rho| fisher(rho, count))
}
