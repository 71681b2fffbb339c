//! Looks up families in the catalogue: whether one exists for a grouping set, its definition, its recorded name, and the unit that its name
//! ends in.
//!
//! Does not know any panel.

use std::collections::BTreeMap;

use crate::config::Configuration;
use crate::metrics::{self, Exposition};
use crate::monitoring::recorded_names::RecordedNames;
use crate::time::Span;

/// A grouping set by the end of its families' names, such as `_by_team`; empty for the overall value.
pub(super) type Suffix = &'static str;

/// The families that a configuration exports, and their recorded names.
pub(super) struct FamilyLookup {
    names: RecordedNames,
    /// By exported name: whether the family has windows, and its definition.
    families: BTreeMap<String, (bool, String)>,
    windows: Vec<String>,
    dimensions: Vec<String>,
    due_hour: Option<String>,
}

impl FamilyLookup {
    pub(super) fn new(configuration: &Configuration) -> Self {
        let exposition = Exposition::new(configuration);
        let of_catalogue = exposition.listed_families().into_iter().map(|l| (l.name(), (l.family.is_windowed, l.family.help.clone())));
        let operational = metrics::operational_families(configuration).into_iter().map(|family| {
            let is_windowed = family.labels.iter().any(|label| label == "window");
            (family.name, (is_windowed, family.help))
        });
        // It is recorded from `cx_nps_responses`; no replica exports it.
        let helper = ("cx_nps_answers".to_owned(), (true, "NPS answers in the window.".to_owned()));
        Self {
            families: of_catalogue.chain(operational).chain([helper]).collect(),
            names: RecordedNames::new(configuration, &exposition),
            due_hour: configuration.engine.targets.within_label(Span::hours(1)).map(str::to_owned),
            windows: configuration.engine.windows.iter().map(|window| window.name.clone()).collect(),
            dimensions: configuration.engine.dimensions.iter().map(|dimension| dimension.name.clone()).collect(),
        }
    }

    /// The names of the windows, shortest first.
    pub(super) fn windows(&self) -> &[String] {
        &self.windows
    }

    /// The names of the dimensions.
    pub(super) fn dimensions(&self) -> &[String] {
        &self.dimensions
    }

    /// The value of the label `within` that means an hour ahead, if the configuration looks that far ahead.
    pub(super) fn due_hour(&self) -> Option<&str> {
        self.due_hour.as_deref()
    }

    /// Whether this configuration has the family for a grouping set.
    pub(super) fn has(&self, family: &str, suffix: &str) -> bool {
        self.families.contains_key(&format!("{family}{suffix}"))
    }

    /// Whether the family has windows. The name may be that of a histogram's series.
    pub(super) fn is_windowed(&self, family: &str) -> bool {
        self.entry(family).0
    }

    /// The definition, which becomes the description of a panel.
    pub(super) fn help(&self, family: &str) -> &str {
        &self.entry(family).1
    }

    /// The recorded name of the merged series.
    pub(super) fn recorded(&self, family: &str, suffix: &str) -> String {
        self.names.of(family, suffix)
    }

    fn entry(&self, family: &str) -> &(bool, String) {
        let histogram = ["_bucket", "_sum", "_count"].into_iter().find_map(|end| family.strip_suffix(end));
        let found = self.families.get(family).or_else(|| self.families.get(histogram?));
        found.unwrap_or_else(|| panic!("a dashboard names `{family}`, which is no family"))
    }
}

/// Grafana's name for the unit that the name of a family ends in.
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
