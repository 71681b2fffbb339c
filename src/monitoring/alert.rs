//! What an alert is. Does not know which there are.

use super::scale::Scale;

/// Whom an alert wakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Someone is called.
    Critical,
    /// A ticket is written.
    Warning,
    /// Shown, and sent to nobody.
    Info,
}

/// An alert rule.
#[derive(Clone, Debug)]
pub struct Alert {
    /// Its name.
    pub name: &'static str,
    /// Whom it wakes.
    pub severity: Severity,
    /// The condition.
    pub expression: String,
    /// How long the condition must hold.
    pub hold: Option<&'static str>,
    /// How long it goes on firing after the condition ended: longer than a missed scrape.
    pub keep: Option<&'static str>,
    /// Labels that tell it from other rules of the same name.
    pub apart: Vec<(&'static str, String)>,
    /// Whether it speaks of the organisation; else of the pipeline.
    pub is_of_organisation: bool,
    /// One constant sentence.
    pub summary: &'static str,
    /// A sentence with the values.
    pub description: &'static str,
    /// The uid of the dashboard to look at first.
    pub dashboard: &'static str,
}

impl Severity {
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
    pub(super) fn hold<'a>(&'a self, scale: &'a Scale) -> Option<&'a str> {
        scaled(self.hold, scale.hold.as_deref())
    }

    pub(super) fn keep<'a>(&'a self, scale: &'a Scale) -> Option<&'a str> {
        scaled(self.keep, scale.keep.as_deref())
    }

    /// The labels that the rule gives.
    pub fn labels(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let about = if self.is_of_organisation { "organisation" } else { "pipeline" };
        let own = self.apart.iter().map(|(name, value)| (*name, value.as_str()));
        [("severity", self.severity.name()), ("about", about)].into_iter().chain(own)
    }

    /// The annotations that the rule gives.
    #[must_use]
    pub fn annotations(&self, scale: &Scale) -> [(&'static str, String); 4] {
        [
            ("summary", self.summary.to_owned()),
            ("description", self.description.to_owned()),
            ("runbook_url", format!("{}/{}.md", scale.runbooks, self.name)),
            ("dashboard_url", format!("{}/{}", scale.dashboards, self.dashboard)),
        ]
    }
}

/// The scale's time in place of an own one; what has none keeps none.
fn scaled<'a>(own: Option<&'a str>, scale: Option<&'a str>) -> Option<&'a str> {
    own.map(|own| scale.unwrap_or(own))
}
