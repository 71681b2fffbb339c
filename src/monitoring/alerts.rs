//! The alerts by subject, and the conditions that many of them share.
//!
//! A condition on the organisation holds only while its window is complete and while there are enough cases; a bound of one bad answer is no news.

mod answers;
mod customers;
mod later;
mod pipeline;
mod speed;

use super::alert::{Alert, Severity};
use super::scale::Scale;
use crate::config::Configuration;

/// What tells one installation from another; labels that a series lacks are the same everywhere.
const INSTALLATION: &str = "cluster, namespace, job";

/// The wall on which what is not said otherwise is looked up.
const OVERVIEW: &str = "cx-overview";

/// All alerts on what is exported.
pub(super) fn of(configuration: &Configuration, scale: &Scale) -> Vec<Alert> {
    let terms = Terms::new(configuration, scale);
    let mut alerts = answers::alerts(&terms);
    alerts.extend(speed::alerts(&terms));
    alerts.extend(customers::alerts(&terms));
    alerts.extend(pipeline::alerts(&terms));
    alerts
}

/// The alerts on what is planned.
pub(super) fn later() -> Vec<Alert> {
    later::alerts()
}

/// What the expressions of alerts are made with.
struct Terms<'a> {
    scale: &'a Scale,
    /// Whether teams are a grouping set.
    has_teams: bool,
    /// The trends as short and long window.
    trends: Vec<(&'a str, &'a str)>,
}

/// Overall, or each team.
#[derive(Clone, Copy)]
struct Whom {
    /// The end of the families' names.
    suffix: &'static str,
    /// The labels that tell one from another, each after a comma.
    labels: &'static str,
    /// The value of the label `of`.
    name: &'static str,
    /// How far out a z must be: many teams times many evaluations make chance findings.
    z: &'static str,
}

const OVERALL: Whom = Whom { suffix: "", labels: "", name: "all", z: "2.33" };
const TEAM: Whom = Whom { suffix: "_by_team", labels: ", team", name: "team", z: "3.09" };

impl<'a> Terms<'a> {
    fn new(configuration: &'a Configuration, scale: &'a Scale) -> Self {
        let engine = &configuration.engine;
        let is_team = |set: &Vec<u8>| matches!(set.as_slice(), [one] if engine.dimensions[usize::from(*one)].name == "team");
        let window = |at: usize| engine.windows[at].name.as_str();
        let trends = engine.trends.iter().map(|trend| (window(trend.short), window(trend.baseline))).collect();
        Self { scale, has_teams: engine.grouping_sets.iter().any(is_team), trends }
    }

    fn window(&self, shipped: &'a str) -> &str {
        self.scale.window(shipped)
    }

    /// Each team where teams are counted, else all together.
    fn teams(&self) -> Whom {
        if self.has_teams { TEAM } else { OVERALL }
    }

    /// Overall, and each team where teams are counted.
    fn everyone(&self) -> Vec<Whom> {
        if self.has_teams { vec![OVERALL, TEAM] } else { vec![OVERALL] }
    }

    /// The trend whose short window this is.
    fn trend(&self, short: &str) -> Option<(&'a str, &'a str)> {
        self.trends.iter().find(|(window, _)| self.scale.baseline.has_trend() && *window == short).copied()
    }
}

/// A condition, and what it holds the value of now against: the label `against`.
type Compared = (&'static str, String);

/// Against what Prometheus recorded earlier.
const HISTORY: &str = "history";
/// Against the product's own longer window.
const TREND: &str = "trend";

/// The condition that a KPI's window is complete now.
fn complete() -> String {
    format!("and on ({INSTALLATION}, window) cx:window_complete:bool == 1")
}

/// The condition that it was complete then, for what is compared with the past.
fn complete_then(offset: &str) -> String {
    format!("and on ({INSTALLATION}, window) (cx:window_complete:bool offset {offset}) == 1")
}

/// The condition on what has no window: that every partition is read by one replica.
fn owned() -> String {
    format!("and on ({INSTALLATION}) cx:partitions_owned:bool == 1")
}

/// An alert on the organisation.
fn kpi(name: &'static str, expression: String, hold: &'static str) -> Alert {
    Alert { is_of_organisation: true, keep: Some("15m"), ..pipeline_alert(name, expression, hold) }
}

/// An alert on the pipeline.
fn pipeline_alert(name: &'static str, expression: String, hold: &'static str) -> Alert {
    Alert {
        name,
        severity: Severity::Warning,
        expression,
        hold: Some(hold),
        keep: None,
        apart: Vec::new(),
        is_of_organisation: false,
        summary: "",
        description: "",
        dashboard: OVERVIEW,
    }
}

impl Alert {
    fn saying(self, summary: &'static str, description: &'static str) -> Self {
        Self { summary, description, ..self }
    }

    fn of_severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    fn on(self, dashboard: &'static str) -> Self {
        Self { dashboard, ..self }
    }

    fn apart_by(mut self, label: &'static str, value: &str) -> Self {
        self.apart.push((label, value.to_owned()));
        self
    }

    fn kept(self, keep: &'static str) -> Self {
        Self { keep: Some(keep), ..self }
    }
}
