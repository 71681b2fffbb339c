//! `[trend]`: which windows are compared with which.

use super::nearest::listed;
use super::problem::{ProblemKind, complaint};
use super::section::Section;
use super::value::{length_within, shown};
use crate::engine::{TrendSettings, WindowSettings};

const PAIRS_MAX: usize = 8;
/// The pairs where the file names none; one whose windows are not there is left out.
const DEFAULT: [[&str; 2]; 2] = [["1h", "24h"], ["24h", "7d"]];

pub(super) fn resolve(mut section: Section<'_>, windows: &[WindowSettings]) -> Vec<TrendSettings> {
    let index = |name: &str| windows.iter().position(|window| window.name == name);
    let given = section.value::<Vec<Vec<String>>>("pairs");
    let place = section.place_of("pairs");
    let mut trends = Vec::new();
    let Some(pairs) = given else {
        section.finish();
        let trend = |[short, baseline]: [&str; 2]| Some(TrendSettings { short: index(short)?, baseline: index(baseline)? });
        return DEFAULT.into_iter().filter_map(trend).collect();
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
