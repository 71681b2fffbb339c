//! The conditions that several alerts share, and the two kinds of alerts.
//!
//! A condition on the organisation holds only while its window is complete and has enough cases: the interval of a single bad answer must
//! not alert.

use super::evidence::{Evidence, Format, GROUP};
use crate::config::Configuration;
use crate::monitoring::alert::{Alert, AlertSeverity};
use crate::monitoring::promql::INSTALLATION;
use crate::monitoring::rule_parameters::RuleParameters;
use crate::time::Span;

/// The label value `against` of a comparison with the values that Prometheus recorded earlier.
pub(super) const HISTORY: &str = "history";
/// The label value `against` of a comparison with the longer window of the product.
pub(super) const TREND: &str = "trend";

/// The dashboard of an alert that names no other.
const OVERVIEW: &str = "cx-overview";

/// Everything that the expressions of alerts depend on.
pub(super) struct Conditions<'a> {
    pub(super) parameters: &'a RuleParameters,
    /// Whether teams are a grouping set.
    has_teams: bool,
    /// The trends as short and long window.
    trends: Vec<(&'a str, &'a str)>,
    /// The grouping sets of one dimension: the end of the families' names, and the dimension.
    pub(super) dimensions: Vec<(String, String)>,
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
    /// The least z that counts as a change. Many groups at many evaluations produce chance findings, so more groups need a larger one.
    pub(super) z: &'static str,
}

/// The organisation as a whole: one-sided 1 %.
pub(super) const OVERALL: Breakdown = Breakdown { suffix: "", labels: "", name: "all", z: "2.33" };
/// Each team: one-sided 0.1 %.
const TEAM: Breakdown = Breakdown { suffix: "_by_team", labels: ", team", name: "team", z: "3.09" };

/// A condition with the label value `against` of its baseline, and the numbers that show it.
pub(super) struct Comparison {
    pub(super) against: &'static str,
    pub(super) expression: String,
    pub(super) evidence: Evidence,
}

/// A proportion that is watched for a change.
pub(super) struct WatchedProportion {
    /// The start of its recorded names.
    pub(super) family: &'static str,
    /// The start of the recorded names of the count of its cases, which end in `:sum` and `:rest`.
    pub(super) count: &'static str,
    /// The noun of these cases.
    pub(super) noun: &'static str,
    /// Whether a fall is bad; otherwise a rise is.
    pub(super) falls: bool,
    /// The least number of cases, now and in the baseline.
    pub(super) count_min: u32,
}

impl<'a> Conditions<'a> {
    pub(super) fn new(configuration: &'a Configuration, parameters: &'a RuleParameters) -> Self {
        let engine = &configuration.engine;
        let is_team = |set: &Vec<u8>| matches!(set.as_slice(), [one] if engine.dimensions[usize::from(*one)].name == "team");
        let window = |at: usize| engine.windows[at].name.as_str();
        let dimensions = engine.grouping_sets.iter().filter_map(|set| match set.as_slice() {
            [one] => Some(engine.dimensions[usize::from(*one)].name.clone()),
            _ => None,
        });
        let trends = engine.trends.iter().map(|trend| (window(trend.short), window(trend.baseline))).collect();
        Self {
            parameters,
            has_teams: engine.grouping_sets.iter().any(is_team),
            trends,
            dimensions: dimensions.map(|name| (format!("_by_{name}"), name)).collect(),
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

impl WatchedProportion {
    /// The conditions of a change over 24 hours: against a week ago and, where there is no such history, against the longer window of the
    /// trend.
    pub(super) fn changed(&self, conditions: &Conditions<'_>, breakdown: Breakdown) -> Vec<Comparison> {
        let day = conditions.window("24h");
        let (Self { family, count, count_min, .. }, Breakdown { suffix, labels, z, .. }) = (self, breakdown);
        let beyond = if self.falls { format!("< -{z}") } else { format!("> {z}") };
        let cases = format!("{count}{suffix}:sum{{window=\"{day}\"}}");
        let has_offset = conditions.parameters.baseline.has_offset();
        let value = format!("{family}{suffix}:merged{{window=\"{day}\",{GROUP}}}");
        let now =
            || Evidence::of(breakdown).now(&value, Format::Share, &format!("{count}{suffix}:sum{{window=\"{day}\",{GROUP}}}"), self.noun);
        let metric = family.trim_start_matches("cx:").trim_end_matches("_ratio");
        let mut comparisons = Vec::new();
        if has_offset {
            let (then, z) = (format!("({value} offset 7d)"), format!("{family}{suffix}:z_7d{{window=\"{day}\",{GROUP}}}"));
            let evidence = now().expected(&then, &value, &z, "", Format::Share).moved(conditions, metric, self.falls);
            let expression = format!(
                "{family}{suffix}:z_7d{{window=\"{day}\"}} {beyond} and {cases} >= {count_min} and ({cases} offset 7d) >= {count_min} {} {}",
                complete(),
                complete_then("7d"),
            );
            comparisons.push(Comparison { against: HISTORY, expression, evidence });
        }
        if let Some((short, long)) = conditions.trend(day) {
            let pair = format!("{{window=\"{short}\",baseline=\"{long}\"}}");
            let of_pair = |end: &str| format!("{family}{suffix}:{end}{{window=\"{short}\",baseline=\"{long}\",{GROUP}}}");
            let evidence = now().expected(&of_pair("rest"), &value, &of_pair("z_trend"), "ignoring (baseline) ", Format::Share);
            let evidence = evidence.moved(conditions, metric, self.falls);
            let unless = if has_offset {
                format!(" unless on ({INSTALLATION}{labels}) {family}{suffix}:z_7d{{window=\"{day}\"}}")
            } else {
                String::new()
            };
            let expression = format!(
                "{family}{suffix}:z_trend{pair} {beyond} and ignoring (baseline) {cases} >= {count_min} and {count}{suffix}:rest{pair} \
                 >= {count_min} {}{unless}",
                complete(),
            );
            comparisons.push(Comparison { against: TREND, expression, evidence });
        }
        comparisons
    }
}

/// The condition that the share of contacts within a target is certainly below the required share. A contact that is still waiting past its
/// deadline is already decided as missed.
pub(super) fn target_missed(conditions: &Conditions<'_>, measure: &str, window: &'static str, count_min: u32) -> String {
    let Breakdown { suffix, .. } = conditions.teams();
    let window = conditions.window(window);
    format!(
        "cx:{measure}_attainment_ratio_upper{suffix}:merged{{window=\"{window}\"}} < ignoring (window, metric) group_left () \
         cx:target{suffix}:max{{metric=\"{measure}_attainment\"}} and cx:{measure}_target_decided{suffix}:sum{{window=\"{window}\"}} >= {count_min} {}",
        complete(),
    )
}

/// The numbers behind [`target_missed`].
pub(super) fn missed_share(conditions: &Conditions<'_>, measure: &str, window: &'static str) -> Evidence {
    let (teams, window) = (conditions.teams(), conditions.window(window));
    let of_group = |name: &str, end: &str| format!("cx:{measure}_{name}{}:{end}{{window=\"{window}\",{GROUP}}}", teams.suffix);
    let target = format!("cx:target{}:max{{metric=\"{measure}_attainment\",{GROUP}}}", teams.suffix);
    Evidence::of(teams)
        .now(&of_group("attainment_ratio", "merged"), Format::Share, &of_group("target_decided", "sum"), "decided")
        .target(&target, Format::Share)
        .moved(conditions, &format!("{measure}_attainment"), true)
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

    /// Adds the numbers behind it. The labels that tell it from others must be there already.
    pub(super) fn shown_by(mut self, evidence: Evidence, window: Option<&str>) -> Self {
        self.evidence = evidence.text(self.name, window, &self.apart);
        self.window = window.map(str::to_owned);
        self
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
