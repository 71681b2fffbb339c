//! The comparisons that several alerts share: a proportion that is watched for a change, durations that have become longer, and a share of contacts that
//! misses its target. Each is a condition with the numbers that show it.
//!
//! Does not know the alerts.

use super::conditions::{Breakdown, Conditions, FAR_BELOW, complete, organisation_alert};
use super::evidence::{Evidence, Format, GROUP};
use crate::monitoring::alert::Alert;
use crate::monitoring::promql::INSTALLATION;
use crate::monitoring::recording_rules::waits::SPANS as WAITS_OVER;

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

/// A condition on a change over a window, and the numbers that show it.
pub(super) struct Change<'a> {
    pub(super) window: &'a str,
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
    /// Whether the whole is watched beside the teams.
    pub(super) is_watched_overall_too: bool,
}

impl Comparison {
    /// The alert with this condition on a window; `None` where it is on the state of now.
    pub(super) fn alert(self, name: &'static str, hold: &'static str, window: Option<&str>) -> Alert {
        organisation_alert(name, self.expression, hold).apart_by("against", self.against).shown_by(self.evidence, window)
    }
}

impl Change<'_> {
    /// The alert with this condition.
    pub(super) fn alert(self, name: &'static str, hold: &'static str) -> Alert {
        organisation_alert(name, self.expression, hold).apart_by("window", self.window).shown_by(self.evidence, Some(self.window))
    }
}

impl WatchedProportion {
    /// The conditions of a change, each with its window: over a day and over a week, against the rest of the longest window. They need no history in
    /// Prometheus.
    pub(super) fn changed<'a>(&self, conditions: &Conditions<'a>, breakdown: Breakdown) -> Vec<Change<'a>> {
        let (Self { family, count, count_min, .. }, suffix) = (self, breakdown.suffix);
        let metric = family.trim_start_matches("cx:").trim_end_matches("_ratio");
        let of_pair = |(short, long): &(&'a str, &'a str)| {
            let pair = format!("{{window=\"{short}\",baseline=\"{long}\"}}");
            let of_group = |end: &str| format!("{family}{suffix}:{end}{{window=\"{short}\",baseline=\"{long}\",{GROUP}}}");
            let value = format!("{family}{suffix}:merged{{window=\"{short}\",{GROUP}}}");
            let cases = format!("{count}{suffix}:sum{{window=\"{short}\",{GROUP}}}");
            let now = Evidence::of(breakdown).now(&value, Format::Share, &cases, self.noun);
            let mut evidence = now.expected(&of_group("rest"), &value, &of_group("z_rest"), "ignoring (baseline) ", Format::Share);
            if let Some(channels) = conditions.channels.as_ref().filter(|_| self.is_watched_overall_too && !suffix.is_empty()) {
                let beyond = format!("{family}{channels}:beyond_rest{{window=\"{short}\",baseline=\"{long}\",{GROUP}}}");
                evidence = evidence.mostly_in_channel(&beyond, self.falls, self.noun);
            }
            let expression = format!(
                "{} and ignoring (baseline) {count}{suffix}:sum{{window=\"{short}\"}} >= {count_min} \
                 and {count}{suffix}:rest{pair} >= {count_min} {}{}",
                self.beyond(breakdown, &pair),
                complete(),
                self.told_elsewhere(conditions, breakdown, &pair),
            );
            Change { window: short, expression, evidence: evidence.moved(conditions, metric, self.falls) }
        };
        conditions.watched.iter().map(of_pair).collect()
    }

    /// The end of a condition by which one cause alerts once: a team that has more than half of the change of the whole alerts for it, and otherwise the
    /// whole does. Empty where only one of the two is watched.
    fn told_elsewhere(&self, conditions: &Conditions<'_>, breakdown: Breakdown, pair: &str) -> String {
        let [all, teams] = match conditions.overall_and_teams()[..] {
            [all, teams] if self.is_watched_overall_too => [all, teams],
            _ => return String::new(),
        };
        let share = format!("{}{}:share_of_change{pair}", self.family, teams.suffix);
        if breakdown.suffix == all.suffix {
            format!(" unless on ({INSTALLATION}, window) ({share} > 0.5 and {})", self.beyond(teams, pair))
        } else {
            format!(" unless ({share} <= 0.5 and on ({INSTALLATION}, window) {})", self.beyond(all, pair))
        }
    }

    /// The condition that the change of the groups of a breakdown is more than chance.
    fn beyond(&self, breakdown: Breakdown, pair: &str) -> String {
        let sign = if self.falls { "< -" } else { "> " };
        format!("{}{}:z_rest{pair} {sign}{}", self.family, breakdown.suffix, breakdown.z)
    }
}

/// Durations that are watched for a rise.
pub(super) struct WatchedDurations {
    /// The start of the names of their families, such as `first_response`.
    pub(super) measure: &'static str,
    /// The noun of their cases.
    pub(super) noun: &'static str,
    /// By how many standard deviations they must be longer than usual.
    pub(super) z_min: &'static str,
    /// By how many standard deviations more tickets must still wait than usual, where the waits are watched too.
    pub(super) waits_z_min: Option<&'static str>,
}

/// Slower in a channel over eight hours, a day or three days than in the same spans of the last weeks by more than chance, or more waits that go on. It ends
/// when the last hour is not slower at all, so that a cause that has ended does not alert for another day. Without such history: one and a half times as slow
/// over the day and over the hour as the rest of the week.
pub(super) fn slower(conditions: &Conditions<'_>, watched: &WatchedDurations) -> Vec<Comparison> {
    let WatchedDurations { measure, noun, z_min, waits_z_min } = *watched;
    let Breakdown { suffix, labels, .. } = conditions.teams();
    let (hour, day) = (conditions.window("1h"), conditions.window("24h"));
    let p90 = |window: &str| format!("cx:{measure}_p90_seconds{suffix}:merged{{window=\"{window}\"}}");
    let count = format!("cx:{measure}_seconds{suffix}_count:sum{{window=\"{day}\"}}");
    let of_group = |name: &str, end: &str, window: &str| format!("cx:{measure}_{name}:{end}{{window=\"{window}\",{GROUP}}}");
    let now = || {
        let value = of_group(&format!("p90_seconds{suffix}"), "merged", day);
        Evidence::of(conditions.teams()).now(&value, Format::Duration, &of_group(&format!("seconds{suffix}_count"), "sum", day), noun)
    };
    let metric = format!("{measure}_mean");
    let mut comparisons = Vec::new();
    if conditions.parameters.baseline.has_offset() {
        let channels = conditions.channels.as_deref().unwrap_or(suffix);
        let z = |window: &str| format!("cx:{measure}_seconds{channels}:z_past{{window{window}}}");
        let watched = format!("=~\"8h|{day}|3d\"");
        let by_channel = if conditions.channels.is_some() { ", channel" } else { "" };
        let longer =
            format!("{} > {z_min} unless on ({INSTALLATION}{labels}{by_channel}) {} <= 0", z(&watched), z(&format!("=\"{hour}\"")));
        let ratio = format!("cx:{measure}_seconds{channels}:ratio_past{{{GROUP}}}");
        let mut evidence = now().times_as_usual(&ratio, &z(&format!("{watched},{GROUP}")));
        let mut slow = format!("({longer})");
        if let Some(waits_z_min) = waits_z_min.filter(|_| hour == "1h") {
            let waits = format!("cx:{measure}_waits{channels}");
            let of_waits = format!("window=~\"{}\"", WAITS_OVER.join("|"));
            slow = format!("({longer} or {waits}:z_past{{{of_waits}}} > {waits_z_min})");
            evidence = evidence.still_waiting(&waits, &format!("cx:{measure}_waits_unanswered{channels}"), &of_waits);
        }
        let evidence = evidence.moved(conditions, &metric, false);
        let expression = format!("{} and on ({INSTALLATION}{labels}) {slow} {}", p90(day), complete());
        comparisons.push(Comparison { against: HISTORY, expression, evidence });
    }
    if let Some((short, long)) = conditions.trend(day) {
        let pair = format!("{{window=\"{short}\",baseline=\"{long}\"}}");
        let before = format!("1.5 * cx:{measure}_p90_seconds{suffix}:rest{pair}");
        let unless = if conditions.parameters.baseline.has_offset() {
            format!(" unless on ({INSTALLATION}{labels}) ({} offset 7d)", p90(day))
        } else {
            String::new()
        };
        let rest = format!("cx:{measure}_p90_seconds{suffix}:rest{{window=\"{short}\",baseline=\"{long}\",{GROUP}}}");
        let evidence = now().usual(&rest, Format::Duration).moved(conditions, &metric, false);
        let expression = format!(
            "{} > ignoring (baseline) group_left () {before} and on ({INSTALLATION}{labels}) {} > ignoring (window, baseline) \
             group_left () {before} \
             and {count} >= 30 and ignoring (baseline) cx:{measure}_seconds{suffix}_count:rest{pair} >= 30 {}{unless}",
            p90(day),
            p90(hour),
            complete(),
        );
        comparisons.push(Comparison { against: TREND, expression, evidence });
    }
    comparisons
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
    let condition = format!(
        "{} and {} {FAR_BELOW} and {} >= {count_min} {}",
        of_group("attainment_ratio_upper", "merged", ""),
        of_group("attainment_ratio", "z_target", ""),
        of_group("target_decided", "sum", ""),
        complete(),
    );
    let own = format!(",{GROUP}");
    let target = format!("cx:target{suffix}:max{{metric=\"{measure}_attainment\"{own}}}");
    let (value, decided) = (of_group("attainment_ratio", "merged", &own), of_group("target_decided", "sum", &own));
    let evidence = Evidence::of(teams).now(&value, Format::Share, &decided, "decided").target(&target, Format::Share).moved(
        conditions,
        &format!("{measure}_attainment"),
        true,
    );
    organisation_alert(name, condition, hold).shown_by(evidence, Some(window))
}
