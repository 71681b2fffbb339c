//! The comparisons that several alerts share: a proportion that is watched for a change, and a share of contacts that misses its target. Each is a condition
//! with the numbers that show it.
//!
//! Does not know the alerts.

use super::conditions::{Breakdown, Conditions, complete, complete_then};
use super::evidence::{Evidence, Format, GROUP};
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
