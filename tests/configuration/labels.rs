//! No dimension has the name of a label of a family: a family by that dimension would have the label twice.

use std::collections::BTreeSet;

use cxpulse::config::{self, Configuration, ProblemKind};
use cxpulse::metrics::reference;

/// The labels of all families, from the reference page.
fn labels() -> BTreeSet<String> {
    let page = reference(&Configuration::default());
    let rows = page.lines().filter(|line| line.starts_with("| `cx_"));
    let columns = rows.filter_map(|row| row.split('|').nth(3));
    columns.filter(|column| !column.contains('.')).flat_map(|column| column.split(',')).map(|label| label.trim().to_owned()).collect()
}

#[test]
fn every_label_of_the_families_is_refused_as_a_dimension() {
    let labels = labels();
    for label in ["part", "from", "to", "x", "y", "baseline", "score", "window", "outcome", "store"] {
        assert!(labels.contains(label), "{label} is not among {labels:?}");
    }
    // Two labels are dimensions themselves, with the same meaning.
    for label in labels.iter().filter(|label| !matches!(label.as_str(), "" | "channel" | "journey_stage")) {
        let flags = [(format!("dimensions.{label}.owner"), "contact".to_owned())];
        let error = config::load(None, [], &flags).expect_err(label);
        let kinds: Vec<ProblemKind> = error.problems.iter().map(|problem| problem.kind).collect();
        assert_eq!(kinds, [ProblemKind::ReservedDimension], "{label}");
        assert!(!error.problems[0].hint.is_empty());
    }
}
