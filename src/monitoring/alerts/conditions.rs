//! The conditions that several alerts share, and the two kinds of alerts.
//!
//! A condition on the organisation holds only while its window is complete and has enough cases: the interval of a single bad answer must
//! not alert.

use crate::config::Configuration;
use crate::monitoring::alert::{Alert, AlertSeverity};
use crate::monitoring::promql::INSTALLATION;
use crate::monitoring::rule_parameters::RuleParameters;
use crate::time::Span;

/// The dashboard of an alert that names no other.
const OVERVIEW: &str = "cx-overview";

/// Everything that the expressions of alerts depend on.
pub(super) struct Conditions<'a> {
    pub(super) parameters: &'a RuleParameters,
    /// Whether teams are a grouping set.
    has_teams: bool,
    /// The trends as short and long window.
    trends: Vec<(&'a str, &'a str)>,
    /// The windows over which a share is watched for a change, each with the longer one.
    pub(super) watched: Vec<(&'a str, &'a str)>,
    /// The grouping sets of one dimension: the end of the families' names, and the dimension.
    pub(super) dimensions: Vec<(String, String)>,
    /// The end of the families' names of the teams' channels, or of the channels where teams are no grouping set; `None` where there is no such set.
    pub(super) channels: Option<String>,
    /// The value of the label `within` that means an hour ahead, if the configuration looks that far ahead.
    pub(super) due_hour: Option<&'a str>,
}

/// The groups that an alert watches.
#[derive(Clone, Copy)]
pub(super) struct Breakdown {
    /// The end of the families' names.
    pub(super) suffix: &'static str,
    /// The labels that tell the groups apart, each after a comma.
    pub(super) labels: &'static str,
    /// The value of the label `of`.
    pub(super) name: &'static str,
    /// The least z that counts as a change. Prometheus looks at many groups many times a day, and each look may find chance, so it must be large, and larger
    /// for more groups: the bench of pages says how often these are wrong.
    pub(super) z: &'static str,
}

/// The organisation as a whole.
pub(super) const OVERALL: Breakdown = Breakdown { suffix: "", labels: "", name: "all", z: "3.5" };
/// Each team.
const TEAM: Breakdown = Breakdown { suffix: "_by_team", labels: ", team", name: "team", z: "3.8" };

/// How long an alert on work that has become slow is kept after its condition has ended, so that a value about its limit is one alert.
pub(super) const KEPT: &str = "45m";

/// What the distance of a share from its target must be, in standard deviations, before it counts as below it: as for a change in a team.
pub(super) const FAR_BELOW: &str = "< -3.8";

impl<'a> Conditions<'a> {
    pub(super) fn new(configuration: &'a Configuration, parameters: &'a RuleParameters) -> Self {
        let engine = &configuration.engine;
        let is_team = |set: &Vec<u8>| matches!(set.as_slice(), [one] if engine.dimensions[usize::from(*one)].name == "team");
        let window = |at: usize| engine.windows[at].name.as_str();
        let dimensions = engine.grouping_sets.iter().filter_map(|set| match set.as_slice() {
            [one] => Some(engine.dimensions[usize::from(*one)].name.clone()),
            _ => None,
        });
        let has_teams = engine.grouping_sets.iter().any(is_team);
        let names = |set: &Vec<u8>| set.iter().map(|at| engine.dimensions[usize::from(*at)].name.as_str()).collect::<Vec<_>>();
        let of_channels = if has_teams { &["channel", "team"][..] } else { &["channel"] };
        let channels = engine.grouping_sets.iter().map(names).find(|set| {
            let mut sorted = set.clone();
            sorted.sort_unstable();
            sorted == of_channels
        });
        let trends = engine.trends.iter().map(|trend| (window(trend.short), window(trend.baseline))).collect();
        Self {
            parameters,
            has_teams,
            trends,
            watched: parameters.watched_pairs(configuration),
            dimensions: dimensions.map(|name| (format!("_by_{name}"), name)).collect(),
            channels: channels.map(|set| format!("_by_{}", set.join("_"))),
            due_hour: engine.targets.within_label(Span::hours(1)),
        }
    }

    /// The window that takes the place of a window of the shipped alerts.
    pub(super) fn window(&self, shipped: &'a str) -> &str {
        self.parameters.window(shipped)
    }

    /// Each team where teams are a grouping set, otherwise the whole.
    pub(super) fn teams(&self) -> Breakdown {
        if self.has_teams { TEAM } else { OVERALL }
    }

    /// The whole, and also each team where teams are a grouping set.
    pub(super) fn overall_and_teams(&self) -> Vec<Breakdown> {
        if self.has_teams { vec![OVERALL, TEAM] } else { vec![OVERALL] }
    }

    /// The trend with this short window.
    pub(super) fn trend(&self, short: &str) -> Option<(&'a str, &'a str)> {
        self.trends.iter().find(|(window, _)| self.parameters.baseline.has_trend() && *window == short).copied()
    }
}

/// The condition that the window of a value is complete now.
pub(super) fn complete() -> String {
    format!("and on ({INSTALLATION}, window) cx:window_complete:bool == 1")
}

/// The condition that the window was complete that long ago, for a comparison with the past.
pub(super) fn complete_then(offset: &str) -> String {
    format!("and on ({INSTALLATION}, window) (cx:window_complete:bool offset {offset}) == 1")
}

/// The condition that every partition is read by exactly one replica, for values without a window.
pub(super) fn owned() -> String {
    format!("and on ({INSTALLATION}) cx:partitions_owned:bool == 1")
}

/// An alert on the organisation.
pub(super) fn organisation_alert(name: &'static str, expression: String, hold: &'static str) -> Alert {
    Alert { is_of_organisation: true, keep: Some("15m"), ..pipeline_alert(name, expression, hold) }
}

/// An alert on the pipeline.
pub(super) fn pipeline_alert(name: &'static str, expression: String, hold: &'static str) -> Alert {
    Alert {
        name,
        severity: AlertSeverity::Warning,
        expression,
        hold: Some(hold),
        keep: None,
        apart: Vec::new(),
        is_of_organisation: false,
        summary: "",
        description: "",
        evidence: String::new(),
        window: None,
        dashboard: OVERVIEW,
    }
}

impl Alert {
    pub(super) fn saying(self, summary: &'static str, description: &'static str) -> Self {
        Self { summary, description, ..self }
    }

    pub(super) fn of_severity(self, severity: AlertSeverity) -> Self {
        Self { severity, ..self }
    }

    pub(super) fn on(self, dashboard: &'static str) -> Self {
        Self { dashboard, ..self }
    }

    pub(super) fn apart_by(mut self, label: &'static str, value: &str) -> Self {
        self.apart.push((label, value.to_owned()));
        self
    }

    pub(super) fn kept(self, keep: &'static str) -> Self {
        Self { keep: Some(keep), ..self }
    }
}
