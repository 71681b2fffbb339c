//! The expressions of the panels: selectors that pin the window, and the guard that separates complete windows from incomplete ones.
//!
//! Does not know any panel.

use super::family_lookup::{FamilyLookup, Suffix};
use crate::monitoring::recorded_names::with_end;

/// The first matchers of every selector of a merged series.
pub(super) const JOB: &str = "job=\"$job\"";
/// The first matchers of every selector of a replica's own series.
pub(super) const INSTANCE: &str = "job=\"$job\",instance=~\"$instance\"";

/// The guard: the window is complete, which means that its data has been seen and that every partition has exactly one owner. It is joined
/// by the labels of a scrape that the rules keep.
const COMPLETE: &str = "on (cluster, namespace, job, window) (cx:window_complete:bool{job=\"$job\",window=\"$window\"} == 1)";

/// The merged series of a family, for the chosen window, teams and channels.
pub(super) fn merged(families: &FamilyLookup, family: &str, suffix: Suffix, matchers: &str) -> String {
    chosen(families, &families.recorded(family, suffix), family, suffix, matchers)
}

/// The series that is recorded about a family under another end of its name, such as `expected`.
pub(super) fn merged_as(families: &FamilyLookup, family: &str, suffix: Suffix, end: &str) -> String {
    chosen(families, &with_end(&families.recorded(family, suffix), end), family, suffix, "")
}

fn chosen(families: &FamilyLookup, recorded: &str, family: &str, suffix: Suffix, matchers: &str) -> String {
    over(recorded, families.is_windowed(family).then_some("$window"), suffix, matchers)
}

/// A recorded series over a window, for the chosen teams and channels.
pub(super) fn over(recorded: &str, window: Option<&str>, suffix: Suffix, matchers: &str) -> String {
    let mut all = JOB.to_owned();
    if let Some(window) = window {
        all.push_str(&format!(",window=\"{window}\""));
    }
    for dimension in ["team", "channel"].into_iter().filter(|dimension| suffix.split('_').any(|part| part == *dimension)) {
        all.push_str(&format!(",{dimension}=~\"${dimension}\""));
    }
    if !matchers.is_empty() {
        all.push(',');
        all.push_str(matchers);
    }
    format!("{recorded}{{{all}}}")
}

/// The expression, only while the window is complete.
pub(super) fn guarded(expression: &str) -> String {
    format!("{expression} and {COMPLETE}")
}

/// The expression, only while the window is not complete.
pub(super) fn partial(expression: &str) -> String {
    format!("{expression} unless {COMPLETE}")
}

/// The series of the chosen replicas, each by itself.
pub(super) fn of_replicas(family: &str, matchers: &str) -> String {
    let comma = if matchers.is_empty() { "" } else { "," };
    format!("{family}{{{INSTANCE}{comma}{matchers}}}")
}
