//! The parameters of a set of rules. The shipped rules work with days and weeks; a test replaces them by minutes.
//!
//! Does not know any rule.

use crate::config::Configuration;

/// The windows that the shipped alerts name.
pub const WINDOWS: [&str; 5] = ["5m", "1h", "24h", "7d", "30d"];

/// The folder of the runbooks in this repository.
pub const RUNBOOKS: &str = "deploy/runbooks";

/// The start of the address of every dashboard, for a Grafana on this machine.
pub const DASHBOARDS: &str = "http://localhost:3000/d";

/// The address of the live page, for a service on this machine.
pub const PAGE: &str = "http://localhost:19270";

/// The baseline of a value that follows the rhythm of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baseline {
    /// What Prometheus recorded in the weeks before and, where it has no such history, the longer window of the product.
    Either,
    /// Only what Prometheus recorded in the weeks before.
    Offset,
    /// Only the longer window of the product, without the shorter one.
    Trend,
}

/// The windows, times, baseline and addresses of a set of rules.
#[derive(Clone, Debug)]
pub struct RuleParameters {
    /// Replacements for the windows that the shipped alerts name, such as `24h` by `5m`. A window without one keeps its name.
    pub windows: Vec<(String, String)>,
    /// A PromQL duration for which every alert's condition must hold, in place of each alert's own.
    pub hold: Option<String>,
    /// A PromQL duration for which every alert goes on firing after its condition has ended, in place of each alert's own.
    pub keep: Option<String>,
    /// The baseline of alerts on what follows the rhythm of the week.
    pub baseline: Baseline,
    /// The start of every `runbook_url`.
    pub runbooks: String,
    /// The start of every `dashboard_url`.
    pub dashboards: String,
    /// The start of every `page_url`.
    pub page: String,
}

impl RuleParameters {
    /// The window that takes the place of a window of the shipped alerts.
    #[must_use]
    pub fn window<'a>(&'a self, shipped: &'a str) -> &'a str {
        self.windows.iter().find(|(from, _)| from == shipped).map_or(shipped, |(_, to)| to)
    }

    /// The windows over which a proportion is watched for a change, each with the longer window against whose rest it is held: a day, in which a sharp fall
    /// shows soon, and a week, in which a small one shows at all. Without the windows that the configuration lacks.
    #[must_use]
    pub(super) fn watched_pairs(&self, configuration: &Configuration) -> Vec<(&str, &str)> {
        let range = |name: &str| configuration.engine.windows.iter().find(|window| window.name == name).map(|window| window.range);
        let pairs = [("24h", "30d"), ("7d", "30d")].map(|(short, long)| (self.window(short), self.window(long)));
        pairs.into_iter().filter(|(short, long)| range(short).is_some_and(|short| Some(short) < range(long))).collect()
    }
}

impl Default for RuleParameters {
    fn default() -> Self {
        Self {
            windows: Vec::new(),
            hold: None,
            keep: None,
            baseline: Baseline::Either,
            runbooks: RUNBOOKS.to_owned(),
            dashboards: DASHBOARDS.to_owned(),
            page: PAGE.to_owned(),
        }
    }
}

impl Baseline {
    /// Whether rules read what Prometheus recorded in the weeks before.
    #[must_use]
    pub const fn has_offset(self) -> bool {
        matches!(self, Self::Either | Self::Offset)
    }

    /// Whether rules read the longer window of the product.
    #[must_use]
    pub const fn has_trend(self) -> bool {
        matches!(self, Self::Either | Self::Trend)
    }
}
