//! The series that expressions read, by the names and the labels that their selectors ask for. Most series of a history are read by none.
//!
//! Does not know how an expression is evaluated.

use std::collections::{BTreeMap, BTreeSet};

/// The selectors of some expressions.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    /// By name: the labels of each selector that must be equal, as in the text of a series, such as `window="1h"`.
    selectors: BTreeMap<String, BTreeSet<Vec<String>>>,
}

impl Reads {
    /// Adds the selectors of an expression: its names, each with the text up to the next one.
    pub(crate) fn add(&mut self, words: &[(&str, &str)]) {
        for (name, between) in words.iter().filter(|(name, _)| !name.is_empty()) {
            let matchers = between.strip_prefix('{').and_then(|inside| inside.split_once('}')).map_or("", |(matchers, _)| matchers);
            self.selectors.entry((*name).to_owned()).or_default().insert(equal_labels(matchers));
        }
    }

    /// Whether any of them reads a series, which is given with its name and its labels and perhaps with more text after them.
    pub(crate) fn has(&self, series: &str) -> bool {
        let (name, labels) = series.split_once(['{', ' ']).unwrap_or((series, ""));
        let reads = |selector: &Vec<String>| selector.iter().all(|label| labels.contains(label.as_str()));
        self.selectors.get(name).is_some_and(|selectors| selectors.iter().any(reads))
    }

    /// The exported families that they read; histograms without the ends of their series.
    pub(crate) fn families(&self) -> BTreeSet<String> {
        let family = |name: &String| {
            ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).map_or_else(|| name.clone(), str::to_owned)
        };
        self.selectors.keys().filter(|name| name.starts_with("cx_")).map(family).collect()
    }
}

/// The matchers that ask for an equal label, in one order. A label without a value may be absent, and a regular expression may match anything, so that
/// neither leaves a series out.
fn equal_labels(matchers: &str) -> Vec<String> {
    let is_equal = |matcher: &&str| {
        matcher.split_once('=').is_some_and(|(label, value)| !label.ends_with('!') && value.starts_with('"') && value != "\"\"")
    };
    let mut labels: Vec<String> = matchers.split(',').map(str::trim).filter(is_equal).map(str::to_owned).collect();
    labels.sort_unstable();
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_read_by_the_name_and_the_equal_labels_of_a_selector() {
        let mut reads = Reads::default();
        reads.add(&[
            ("", "sum("),
            ("cx_a_bucket", "{window=\"1h\",le=\"+Inf\"} offset 7d > "),
            ("cx_b", "{team!=\"x\",channel=~\"a,b\",stage=\"\"} and "),
            ("cx:c:z", ""),
        ]);
        assert!(reads.has("cx_a_bucket{team=\"x\",window=\"1h\",le=\"+Inf\"} 3 5"));
        assert!(!reads.has("cx_a_bucket{team=\"x\",window=\"24h\",le=\"+Inf\"} 3 5"));
        assert!(!reads.has("cx_a_sum{team=\"x\",window=\"1h\"} 3 5"));
        assert!(reads.has("cx_b{team=\"y\"} 1") && reads.has("cx_b 1") && reads.has("cx:c:z{}"));
        assert_eq!(reads.families().into_iter().collect::<Vec<_>>(), ["cx_a", "cx_b"]);
    }
}
