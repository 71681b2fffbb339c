//! Alerts on what customers say: CSAT, NPS, effort, and that they say nothing any more.

use super::{Compared, HISTORY, INSTALLATION, TREND, Terms, Whom, complete, complete_then, kpi};
use crate::monitoring::alert::Alert;

const SURVEYS: &str = "cx-surveys";

pub(super) fn alerts(terms: &Terms<'_>) -> Vec<Alert> {
    let mut alerts = csat_below_target(terms);
    for whom in terms.everyone() {
        let csat = Watched { family: "cx:csat_ratio", count: "cx:csat_responses", falls: true, count_min: 20 };
        alerts.extend(csat.changed(terms, whom).into_iter().map(|(against, expression)| {
            kpi("CxCsatDropped", expression, "15m").apart_by("of", whom.name).apart_by("against", against).on(SURVEYS).saying(
                "Customers are clearly less satisfied than before.",
                "Satisfaction{{ with $labels.team }} of team {{ . }}{{ end }} has fallen by more than chance: z is {{ printf \
                 \"%.1f\" $value }}.",
            )
        }));
        let effort = Watched { family: "cx:ces_high_effort_ratio", count: "cx:ces_responses", falls: false, count_min: 30 };
        alerts.extend(effort.changed(terms, whom).into_iter().map(|(against, expression)| {
            kpi("CxCesWorsened", expression, "1h").apart_by("of", whom.name).apart_by("against", against).on(SURVEYS).saying(
                "More customers than before find it hard to get help.",
                "The share of answers with high effort{{ with $labels.team }} for team {{ . }}{{ end }} has risen by more than \
                 chance: z is {{ printf \"%.1f\" $value }}.",
            )
        }));
    }
    alerts.extend(nps_below_target(terms));
    alerts.extend(nps_dropped(terms));
    alerts.push(no_answers(terms));
    alerts
}

/// A proportion that is watched for a change.
pub(super) struct Watched {
    /// The stem of its recorded names.
    pub(super) family: &'static str,
    /// The stem of the count of its cases; its recorded name ends in `:sum` and `:rest`.
    pub(super) count: &'static str,
    /// Whether it is bad when it falls; else when it rises.
    pub(super) falls: bool,
    /// The least number of cases, now and then.
    pub(super) count_min: u32,
}

impl Watched {
    /// The conditions of a change over 24 hours: against a week ago, and where there is no such history against the trend's longer window.
    pub(super) fn changed(&self, terms: &Terms<'_>, whom: Whom) -> Vec<Compared> {
        let day = terms.window("24h");
        let (Self { family, count, count_min, .. }, Whom { suffix, labels, z, .. }) = (self, whom);
        let out = if self.falls { format!("< -{z}") } else { format!("> {z}") };
        let cases = format!("{count}{suffix}:sum{{window=\"{day}\"}}");
        let mut conditions = Vec::new();
        if terms.scale.baseline.has_offset() {
            conditions.push((HISTORY, format!(
                "{family}{suffix}:z_7d{{window=\"{day}\"}} {out} and {cases} >= {count_min} and ({cases} offset 7d) >= {count_min} {} {}",
                complete(),
                complete_then("7d"),
            )));
        }
        if let Some((short, long)) = terms.trend(day) {
            let pair = format!("{{window=\"{short}\",baseline=\"{long}\"}}");
            let unless = if terms.scale.baseline.has_offset() {
                format!(" unless on ({INSTALLATION}{labels}) {family}{suffix}:z_7d{{window=\"{day}\"}}")
            } else {
                String::new()
            };
            conditions.push((
                TREND,
                format!(
                    "{family}{suffix}:z_trend{pair} {out} and ignoring (baseline) {cases} >= {count_min} and {count}{suffix}:rest{pair} \
                 >= {count_min} {}{unless}",
                    complete(),
                ),
            ));
        }
        conditions
    }
}

/// Below target for certain. The upper bound of a few bad answers would be too, hence the least number; teams that never have so many in a day
/// are watched over a week.
fn csat_below_target(terms: &Terms<'_>) -> Vec<Alert> {
    let Whom { suffix, labels, .. } = terms.teams();
    let (day, week) = (terms.window("24h"), terms.window("7d"));
    let below = |window: &str| {
        format!(
            "cx:csat_ratio_upper{suffix}:merged{{window=\"{window}\"}} < ignoring (window, metric) group_left () \
             cx:target{suffix}:max{{metric=\"csat\"}} \
             and cx:csat_responses{suffix}:sum{{window=\"{window}\"}} >= 20 {}",
            complete(),
        )
    };
    let few = format!("{} unless on ({INSTALLATION}{labels}) cx:csat_responses{suffix}:sum{{window=\"{day}\"}} >= 20", below(week));
    [(day, below(day)), (week, few)]
        .map(|(window, expression)| {
            kpi("CxCsatBelowTarget", expression, "5m").apart_by("window", window).on(SURVEYS).saying(
                "Customer satisfaction is below its target.",
                "Over {{ $labels.window }} satisfaction{{ with $labels.team }} with team {{ . }}{{ end }} is at best {{ $value | \
                 humanizePercentage }}.",
            )
        })
        .to_vec()
}

fn nps_below_target(terms: &Terms<'_>) -> Vec<Alert> {
    let month = terms.window("30d");
    let below = |scope: &str| {
        format!(
            "cx:nps_score_upper:merged{{window=\"{month}\",scope=\"{scope}\"}} < ignoring (window, scope, metric) group_left () \
             cx:target:max{{metric=\"nps_{scope}\"}} and cx:nps_answers:sum{{window=\"{month}\"}} >= 20 {}",
            complete(),
        )
    };
    ["service", "experience"]
        .map(|scope| {
            kpi("CxNpsBelowTarget", below(scope), "1h").apart_by("scope", scope).on(SURVEYS).saying(
                "The net promoter score is below its target.",
                "Over {{ $labels.window }} the net promoter score of the {{ $labels.scope }} is at best {{ printf \"%.0f\" $value }}.",
            )
        })
        .to_vec()
}

/// The scopes apart: the score of the service says nothing of that of the relationship.
fn nps_dropped(terms: &Terms<'_>) -> Vec<Alert> {
    let (day, week) = (terms.window("24h"), terms.window("7d"));
    let mut conditions = Vec::new();
    if terms.scale.baseline.has_offset() {
        let answers = format!("cx:nps_answers:sum{{window=\"{week}\"}}");
        conditions.push((
            HISTORY,
            format!(
                "cx:nps_score:z_7d{{window=\"{week}\"}} < -2.33 and {answers} >= 30 and ({answers} offset 7d) >= 30 {} {}",
                complete(),
                complete_then("7d"),
            ),
        ));
    }
    if let Some((short, long)) = terms.trend(day) {
        let pair = format!("{{window=\"{short}\",baseline=\"{long}\"}}");
        let unless = if terms.scale.baseline.has_offset() {
            format!(" unless on ({INSTALLATION}, scope) cx:nps_score:z_7d{{window=\"{week}\"}}")
        } else {
            String::new()
        };
        conditions.push((
            TREND,
            format!(
                "cx:nps_score:z_trend{pair} < -2.33 and ignoring (baseline) cx:nps_answers:sum{{window=\"{short}\"}} >= 30 \
             and cx:nps_answers:rest{pair} >= 30 {}{unless}",
                complete(),
            ),
        ));
    }
    let alert = |(against, expression): Compared| {
        kpi("CxNpsDropped", expression, "1h").apart_by("against", against).on(SURVEYS).saying(
            "The net promoter score has clearly fallen.",
            "The net promoter score of the {{ $labels.scope }} has fallen by more than chance: z is {{ printf \"%.1f\" $value }}.",
        )
    };
    conditions.into_iter().map(alert).collect()
}

/// Needs the exported 0: absent answers would be silent.
fn no_answers(terms: &Terms<'_>) -> Alert {
    let day = terms.window("24h");
    let expression = format!(
        "cx:csat_responses:sum{{window=\"{day}\"}} == 0 and ignoring (metric) \
         cx:surveys_sent:sum{{metric=\"csat\",window=\"{day}\"}} > 50 {}",
        complete(),
    );
    kpi("CxNoSurveyAnswers", expression, "1h").on(SURVEYS).saying(
        "Surveys are sent and nobody answers.",
        "More than 50 satisfaction surveys were sent within {{ $labels.window }}, and not one was answered: the answers do not arrive.",
    )
}
