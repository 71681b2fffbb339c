//! One alert. Does not know which alerts exist, nor YAML.

use super::promql::INSTALLATION;
use super::rule_parameters::RuleParameters;

/// For how long values may be missing, as during a restart, without ending a condition that held before. Scrapes every 30 s and a gap of a minute fit
/// into it.
const BRIDGED: &str = "2m";

/// How urgent an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertSeverity {
    /// A person is called at once.
    Critical,
    /// A person looks at it within working hours.
    Warning,
    /// It is shown on dashboards, and no person is notified.
    Info,
}

/// An alert rule.
#[derive(Clone, Debug)]
pub struct Alert {
    /// The name.
    pub name: &'static str,
    /// How urgent it is.
    pub severity: AlertSeverity,
    /// The condition, in PromQL.
    pub expression: String,
    /// A PromQL duration for which the condition must hold before the alert fires.
    pub hold: Option<&'static str>,
    /// A PromQL duration for which the alert goes on firing after its condition has ended, so that a missed scrape does not resolve it.
    pub keep: Option<&'static str>,
    /// The labels that tell it from other alerts of the same name.
    pub apart: Vec<(&'static str, String)>,
    /// Whether it is about the organisation; otherwise it is about the pipeline.
    pub is_of_organisation: bool,
    /// The problem, in one constant sentence.
    pub summary: &'static str,
    /// The problem with its values, as a template of Prometheus.
    pub description: &'static str,
    /// The numbers behind it, as a template of Prometheus; empty where there are none.
    pub evidence: String,
    /// The window of its values; `None` where they are the state of now.
    pub window: Option<String>,
    /// The uid of the dashboard to open first.
    pub dashboard: &'static str,
}

impl AlertSeverity {
    /// The value of the label `severity`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

impl Alert {
    /// The condition that Prometheus evaluates. Where a condition of the organisation must hold for a while, a gap in the values does not begin that while
    /// anew: as long as no window has been complete for half a minute, the condition goes on for two minutes as it was when one had been. In the first evaluations
    /// after a gap the windows are complete already, and what is computed from their records is not there yet.
    #[must_use]
    pub fn condition(&self) -> String {
        let expression = &self.expression;
        if self.is_of_organisation && self.hold.is_some() {
            let settled = format!("on ({INSTALLATION}) cx:windows_settled:bool == 1");
            format!("({expression}) or (last_over_time((({expression}) and {settled})[{BRIDGED}:15s]) unless {settled})")
        } else {
            expression.clone()
        }
    }

    pub(super) fn hold<'a>(&'a self, parameters: &'a RuleParameters) -> Option<&'a str> {
        replaced(self.hold, parameters.hold.as_deref())
    }

    pub(super) fn keep<'a>(&'a self, parameters: &'a RuleParameters) -> Option<&'a str> {
        replaced(self.keep, parameters.keep.as_deref())
    }

    /// The labels that the alert adds.
    pub fn labels(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let about = if self.is_of_organisation { "organisation" } else { "pipeline" };
        let own = self.apart.iter().map(|(name, value)| (*name, value.as_str()));
        [("severity", self.severity.name()), ("about", about)].into_iter().chain(own)
    }

    /// The annotations that the alert adds.
    #[must_use]
    pub fn annotations(&self, parameters: &RuleParameters) -> Vec<(&'static str, String)> {
        let page = self.window.as_ref().map_or_else(|| parameters.page.clone(), |window| format!("{}/?window={window}", parameters.page));
        let mut annotations = vec![
            ("summary", self.summary.to_owned()),
            ("description", self.description.to_owned()),
            ("evidence", self.evidence.clone()),
            ("page_url", page),
            ("runbook_url", format!("{}/{}.md", parameters.runbooks, self.name)),
            ("dashboard_url", format!("{}/{}", parameters.dashboards, self.dashboard)),
        ];
        annotations.retain(|(name, text)| !text.is_empty() && (self.is_of_organisation || *name != "page_url"));
        annotations
    }
}

/// The time that replaces an alert's own; an alert without a time keeps having none.
fn replaced<'a>(own: Option<&'a str>, replacement: Option<&'a str>) -> Option<&'a str> {
    own.map(|own| replacement.unwrap_or(own))
}
