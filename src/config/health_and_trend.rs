//! `[health]` and `[trend]`: the weights of the health index, and the pairs of windows that are compared.
//!
//! Does not know how an index or a trend is computed.

use super::problem::{ProblemKind, complaint};
use super::section::Section;
use super::spelling_hints::listed;
use super::value::{length_within, shown};
use crate::engine::{TrendSettings, WindowSettings};

/// Each part of the health index with its weight where the file names none.
const DEFAULT_WEIGHTS: [(&str, f64); 4] = [("speed", 0.3), ("quality", 0.2), ("perception", 0.3), ("outcome", 0.2)];

const PAIRS_MAX: usize = 8;
/// The pairs where the file names none. A pair whose windows are not configured is left out.
const DEFAULT_PAIRS: [[&str; 2]; 2] = [["1h", "24h"], ["24h", "7d"]];

pub(super) fn health_weights(mut section: Section<'_>) -> [f64; 4] {
    let weights = DEFAULT_WEIGHTS.map(|(part, default)| {
        section.checked(part, default, |weight: &f64| {
            if (0.0..=1_000.0).contains(weight) {
                return Ok(());
            }
            Err(complaint(
                ProblemKind::OutOfRange,
                format!("`{weight}` is no weight; allowed are 0 to 1000"),
                "only the weights' proportions matter",
            ))
        })
    });
    if weights.iter().sum::<f64>() <= 0.0 {
        let what = "all weights are 0; at least one must be more".to_owned();
        section.complain("speed", complaint(ProblemKind::NoHealthWeight, what, "leave the section out for the default weights"));
    }
    section.finish();
    weights
}

pub(super) fn trends(mut section: Section<'_>, windows: &[WindowSettings]) -> Vec<TrendSettings> {
    let index = |name: &str| windows.iter().position(|window| window.name == name);
    let given = section.value::<Vec<Vec<String>>>("pairs");
    let place = section.place_of("pairs");
    let mut trends = Vec::new();
    let Some(pairs) = given else {
        section.finish();
        let trend = |[short, baseline]: [&str; 2]| Some(TrendSettings { short: index(short)?, baseline: index(baseline)? });
        return DEFAULT_PAIRS.into_iter().filter_map(trend).collect();
    };
    if let Err(complaint) = length_within(&pairs, 0, PAIRS_MAX) {
        section.complain("pairs", complaint);
    }
    for (at, pair) in pairs.iter().enumerate() {
        let found: Vec<Option<usize>> = pair.iter().map(|name| index(name)).collect();
        if let [Some(short), Some(baseline)] = found[..]
            && short < baseline
        {
            let trend = TrendSettings { short, baseline };
            if trends.contains(&trend) {
                let what = "this pair stands here twice";
                section.report.add(&place.entry(at), complaint(ProblemKind::Duplicate, what, "remove one of the two"));
            } else {
                trends.push(trend);
            }
            continue;
        }
        let names = listed(&windows.iter().map(|window| window.name.as_str()).collect::<Vec<_>>());
        let what = format!("`{}` is no pair of a window and a longer one; there are {names}", shown(&pair.join(", ")));
        section.report.add(&place.entry(at), complaint(ProblemKind::BadTrend, what, "name the short window, then the longer baseline"));
    }
    section.finish();
    trends
}
