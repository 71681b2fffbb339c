//! What the rules are scaled by: the shipped ones are for days and weeks, a test's for minutes.

/// The windows that the shipped alerts name.
pub const WINDOWS: [&str; 5] = ["5m", "1h", "24h", "7d", "30d"];

/// Where the pages on the alerts lie in this repository.
pub const RUNBOOKS: &str = "deploy/runbooks";

/// Where Grafana is when it runs on this machine.
pub const DASHBOARDS: &str = "http://localhost:3000/d";

/// What a value of now is held against to say that it fell or rose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baseline {
    /// What Prometheus recorded a week ago, and where it has no such history the product's own longer window.
    Either,
    /// Only what Prometheus recorded a week ago.
    Offset,
    /// Only the product's own longer window without the shorter one.
    Trend,
}

/// Windows, times and baseline of a set of rules.
#[derive(Clone, Debug)]
pub struct Scale {
    /// Other names for windows, such as `24h` as `5m`; those not named stand for themselves.
    pub windows: Vec<(String, String)>,
    /// How long every alert's condition must hold, in place of each alert's own time.
    pub hold: Option<String>,
    /// How long every alert goes on firing after its condition ended, in place of each alert's own time.
    pub keep: Option<String>,
    /// What drops and rises are held against.
    pub baseline: Baseline,
    /// Where the pages on the alerts lie.
    pub runbooks: String,
    /// Where the dashboards are.
    pub dashboards: String,
}

impl Scale {
    /// The name that a window of the shipped rules has here.
    #[must_use]
    pub fn window<'a>(&'a self, shipped: &'a str) -> &'a str {
        self.windows.iter().find(|(from, _)| from == shipped).map_or(shipped, |(_, to)| to)
    }
}

impl Default for Scale {
    fn default() -> Self {
        Self {
            windows: Vec::new(),
            hold: None,
            keep: None,
            baseline: Baseline::Either,
            runbooks: RUNBOOKS.to_owned(),
            dashboards: DASHBOARDS.to_owned(),
        }
    }
}

impl Baseline {
    /// Whether rules read what Prometheus recorded a week ago.
    #[must_use]
    pub const fn has_offset(self) -> bool {
        matches!(self, Self::Either | Self::Offset)
    }

    /// Whether rules read the product's own longer window.
    #[must_use]
    pub const fn has_trend(self) -> bool {
        matches!(self, Self::Either | Self::Trend)
    }
}
