//! The comparisons that several alerts share: a proportion that is watched for a change, and a share of contacts that misses its target. Each is a condition
//! with the numbers that show it.
//!
//! Does not know the alerts.

use super::conditions::{Breakdown, Conditions, complete, complete_then, organisation_alert};
use super::evidence::{Evidence, Format, GROUP};
use crate::monitoring::alert::Alert;
use crate::monitoring::promql::INSTALLATION;

/// The label value `against` of a comparison with the values that Prometheus recorded earlier.
pub(super) const HISTORY: &str = "history";
/// The label value `against` of a comparison with the longer window of the product.
pub(super) const TREND: &str = "trend";

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

impl Comparison {
    /// The alert with this condition on a window; `None` where it is on the state of now.
    pub(super) fn alert(self, name: &'static str, hold: &'static str, window: Option<&str>) -> Alert {
        organisation_alert(name, self.expression, hold).apart_by("against", self.against).shown_by(self.evidence, window)
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

/// An alert on the share of contacts within a target, which is certainly below the required share. A contact that is still waiting past its deadline is
/// already decided as missed.
pub(super) fn target_missed_alert(
    conditions: &Conditions<'_>,
    name: &'static str,
    measure: &str,
    window: &'static str,
    count_min: u32,
    hold: &'static str,
) -> Alert {
    let teams = conditions.teams();
    let (Breakdown { suffix, .. }, window) = (teams, conditions.window(window));
    let of_group = |name: &str, end: &str, group: &str| format!("cx:{measure}_{name}{suffix}:{end}{{window=\"{window}\"{group}}}");
    let of_target = |group: &str| format!("cx:target{suffix}:max{{metric=\"{measure}_attainment\"{group}}}");
    let condition = format!(
        "{} < ignoring (window, metric) group_left () {} and {} >= {count_min} {}",
        of_group("attainment_ratio_upper", "merged", ""),
        of_target(""),
        of_group("target_decided", "sum", ""),
        complete(),
    );
    let own = format!(",{GROUP}");
    let (value, decided) = (of_group("attainment_ratio", "merged", &own), of_group("target_decided", "sum", &own));
    let evidence = Evidence::of(teams).now(&value, Format::Share, &decided, "decided").target(&of_target(&own), Format::Share).moved(
        conditions,
        &format!("{measure}_attainment"),
        true,
    );
    organisation_alert(name, condition, hold).shown_by(evidence, Some(window))
}
