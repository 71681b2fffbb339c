//! What the catalogue says of a family: whether it exists for a grouping set, what it means, and the unit that its name ends in.

use std::collections::BTreeMap;

use crate::config::Configuration;
use crate::metrics::{self, Exposition};
use crate::monitoring::recorded::Names;

/// A grouping set, by the end of its families' names; empty for the overall value.
pub(super) type Suffix = &'static str;

/// The catalogue as the dashboards need it.
pub(super) struct Source {
    names: Names,
    /// By exported name: whether windows apply, and the definition.
    families: BTreeMap<String, (bool, String)>,
    windows: Vec<String>,
}

impl Source {
    pub(super) fn new(configuration: &Configuration) -> Self {
        let exposition = Exposition::new(configuration);
        let of_catalogue = exposition.listed_families().into_iter().map(|l| (l.name(), (l.family.is_windowed, l.family.help.clone())));
        let of_process = metrics::operational_families(configuration).into_iter().map(|own| {
            let is_windowed = own.labels.iter().any(|label| label == "window");
            (own.name, (is_windowed, own.help))
        });
        // Recorded from `cx_nps_responses`, and exported by nobody.
        let helper = ("cx_nps_answers".to_owned(), (true, "NPS answers in the window.".to_owned()));
        Self {
            families: of_catalogue.chain(of_process).chain([helper]).collect(),
            names: Names::new(configuration, &exposition),
            windows: configuration.engine.windows.iter().map(|window| window.name.clone()).collect(),
        }
    }

    /// The names of the windows, shortest first.
    pub(super) fn windows(&self) -> &[String] {
        &self.windows
    }

    /// Whether this configuration has the family for the set.
    pub(super) fn has(&self, family: &str, suffix: &str) -> bool {
        self.families.contains_key(&format!("{family}{suffix}"))
    }

    /// Whether windows apply. A series of a histogram is as its family.
    pub(super) fn is_windowed(&self, family: &str) -> bool {
        self.entry(family).0
    }

    /// The definition, as a sentence of a panel's description.
    pub(super) fn help(&self, family: &str) -> &str {
        &self.entry(family).1
    }

    /// What the recording rules call the merged series.
    pub(super) fn recorded(&self, family: &str, suffix: &str) -> String {
        self.names.of(family, suffix)
    }

    fn entry(&self, family: &str) -> &(bool, String) {
        let histogram = ["_bucket", "_sum", "_count"].into_iter().find_map(|end| family.strip_suffix(end));
        let found = self.families.get(family).or_else(|| self.families.get(histogram?));
        found.unwrap_or_else(|| panic!("a dashboard names `{family}`, which is no family"))
    }
}

/// Grafana's name of the unit that a family's name ends in.
pub(super) fn unit_of(family: &str) -> &'static str {
    let stem = family.trim_end_matches("_lower").trim_end_matches("_upper");
    if stem.ends_with("_timestamp_seconds") {
        "dateTimeFromNow"
    } else if stem.ends_with("_seconds") {
        "s"
    } else if stem.contains("_ratio") {
        "percentunit"
    } else if stem.ends_with("_bytes") {
        "bytes"
    } else if stem.contains("_score") || stem.contains("_index") || stem == "cx_correlation" {
        "none"
    } else {
        "short"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_follows_from_the_name() {
        for (family, unit) in [
            ("cx_first_response_p90_seconds", "s"),
            ("cx_csat_ratio_upper", "percentunit"),
            ("cx_backlog_oldest_unanswered_timestamp_seconds", "dateTimeFromNow"),
            ("cx_nps_score_lower", "none"),
            ("cx_csat_responses", "short"),
            ("process_resident_memory_bytes", "bytes"),
        ] {
            assert_eq!(unit_of(family), unit, "{family}");
        }
    }
}
