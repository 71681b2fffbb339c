//! The expressions of the panels: selectors that pin the window, and the guard that keeps incomplete windows apart.

use super::source::{Source, Suffix};

/// What every selector of a merged series begins with.
pub(super) const JOB: &str = "job=\"$job\"";
/// What every selector of a replica's own series begins with.
pub(super) const INSTANCE: &str = "job=\"$job\",instance=~\"$instance\"";

/// Where the window is complete: its data is there, and every partition has exactly one owner. Joined by what the rules keep of a scrape's labels.
const COMPLETE: &str = "on (cluster, namespace, job, window) (cx:window_complete:bool{job=\"$job\",window=\"$window\"} == 1)";

/// The merged series of a family, of the chosen window, teams and channels.
pub(super) fn merged(source: &Source, family: &str, suffix: Suffix, matchers: &str) -> String {
    let mut all = JOB.to_owned();
    if source.is_windowed(family) {
        all.push_str(",window=\"$window\"");
    }
    for dimension in ["team", "channel"].into_iter().filter(|dimension| suffix.split('_').any(|part| part == *dimension)) {
        all.push_str(&format!(",{dimension}=~\"${dimension}\""));
    }
    if !matchers.is_empty() {
        all.push(',');
        all.push_str(matchers);
    }
    format!("{}{{{all}}}", source.recorded(family, suffix))
}

/// The same, only while the window is complete.
pub(super) fn guarded(expression: &str) -> String {
    format!("{expression} and {COMPLETE}")
}

/// The same, only while the window is not complete.
pub(super) fn partial(expression: &str) -> String {
    format!("{expression} unless {COMPLETE}")
}

/// A replica's own series, of the chosen instances.
pub(super) fn own(family: &str, matchers: &str) -> String {
    let comma = if matchers.is_empty() { "" } else { "," };
    format!("{family}{{{INSTANCE}{comma}{matchers}}}")
}
