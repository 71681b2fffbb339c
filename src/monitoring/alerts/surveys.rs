//! Alerts on the answers to surveys: CSAT, NPS, effort, and answers that stop arriving.

use super::comparisons::{Comparison, HISTORY, TREND, WatchedProportion};
use super::conditions::{Breakdown, Conditions, OVERALL, complete, complete_then, organisation_alert};
use super::evidence::{Evidence, Format, GROUP};
use crate::monitoring::alert::Alert;
use crate::monitoring::promql::INSTALLATION;

const SURVEYS: &str = "cx-surveys";

pub(super) fn alerts(conditions: &Conditions<'_>) -> Vec<Alert> {
    let mut alerts = csat_below_target(conditions);
    for breakdown in conditions.overall_and_teams() {
        let day = Some(conditions.window("24h"));
        let csat = WatchedProportion { family: "cx:csat_ratio", count: "cx:csat_responses", noun: "answers", falls: true, count_min: 20 };
        alerts.extend(csat.changed(conditions, breakdown).into_iter().map(|Comparison { against, expression, evidence }| {
            organisation_alert("CxCsatDropped", expression, "15m")
                .apart_by("of", breakdown.name)
                .apart_by("against", against)
                .shown_by(evidence, day)
                .on(SURVEYS)
                .saying(
                    "Customers are clearly less satisfied than before.",
                    "Satisfaction{{ with $labels.team }} of team {{ . }}{{ end }} has fallen by more than chance: z is {{ printf \
                 \"%.1f\" $value }}.",
                )
        }));
        let effort = WatchedProportion {
            family: "cx:ces_high_effort_ratio",
            count: "cx:ces_responses",
            noun: "answers",
            falls: false,
            count_min: 30,
        };
        alerts.extend(effort.changed(conditions, breakdown).into_iter().map(|Comparison { against, expression, evidence }| {
            organisation_alert("CxCesWorsened", expression, "1h")
                .apart_by("of", breakdown.name)
                .apart_by("against", against)
                .shown_by(evidence, day)
                .on(SURVEYS)
                .saying(
                    "More customers than before find it hard to get help.",
                    "The share of answers with high effort{{ with $labels.team }} for team {{ . }}{{ end }} has risen by more than \
                 chance: z is {{ printf \"%.1f\" $value }}.",
                )
        }));
    }
    alerts.extend(nps_below_target(conditions));
    alerts.extend(nps_dropped(conditions));
    alerts.push(no_answers(conditions));
    alerts
}

/// CSAT is certainly below its target. The upper bound of a few bad answers would be so too, hence the least number of answers; a team that
/// does not have so many in a day is watched over a week.
fn csat_below_target(conditions: &Conditions<'_>) -> Vec<Alert> {
    let Breakdown { suffix, labels, .. } = conditions.teams();
    let (day, week) = (conditions.window("24h"), conditions.window("7d"));
    let below = |window: &str| {
        format!(
            "cx:csat_ratio_upper{suffix}:merged{{window=\"{window}\"}} < ignoring (window, metric) group_left () \
             cx:target{suffix}:max{{metric=\"csat\"}} \
             and cx:csat_responses{suffix}:sum{{window=\"{window}\"}} >= 20 {}",
            complete(),
        )
    };
    let few = format!("{} unless on ({INSTALLATION}{labels}) cx:csat_responses{suffix}:sum{{window=\"{day}\"}} >= 20", below(week));
    let evidence = |window: &str| {
        let of_group = |name: &str| format!("cx:csat_{name}{{window=\"{window}\",{GROUP}}}");
        let (value, cases) = (of_group(&format!("ratio{suffix}:merged")), of_group(&format!("responses{suffix}:sum")));
        Evidence::of(conditions.teams())
            .now(&value, Format::Share, &cases, "answers")
            .target(&format!("cx:target{suffix}:max{{metric=\"csat\",{GROUP}}}"), Format::Share)
            .moved(conditions, "csat", true)
    };
    [(day, below(day)), (week, few)]
        .map(|(window, expression)| {
            let alert = organisation_alert("CxCsatBelowTarget", expression, "5m").apart_by("window", window);
            alert.shown_by(evidence(window), Some(window)).on(SURVEYS).saying(
                "Customer satisfaction is below its target.",
                "Over {{ $labels.window }} satisfaction{{ with $labels.team }} with team {{ . }}{{ end }} is at best {{ $value | \
                 humanizePercentage }}.",
            )
        })
        .to_vec()
}

fn nps_below_target(conditions: &Conditions<'_>) -> Vec<Alert> {
    let month = conditions.window("30d");
    let below = |scope: &str| {
        format!(
            "cx:nps_score_upper:merged{{window=\"{month}\",scope=\"{scope}\"}} < ignoring (window, scope, metric) group_left () \
             cx:target:max{{metric=\"nps_{scope}\"}} and cx:nps_answers:sum{{window=\"{month}\"}} >= 20 {}",
            complete(),
        )
    };
    let evidence = |scope: &str| {
        let of_scope = |name: &str| format!("cx:nps_{name}{{window=\"{month}\",scope=\"{scope}\",{GROUP}}}");
        Evidence::of(OVERALL)
            .now(&of_scope("score:merged"), Format::Score, &of_scope("answers:sum"), "answers")
            .target(&format!("cx:target:max{{metric=\"nps_{scope}\",{GROUP}}}"), Format::Score)
            .moved(conditions, &format!("nps_{scope}"), true)
    };
    ["service", "experience"]
        .map(|scope| {
            let alert = organisation_alert("CxNpsBelowTarget", below(scope), "1h").apart_by("scope", scope);
            alert.shown_by(evidence(scope), Some(month)).on(SURVEYS).saying(
                "The net promoter score is below its target.",
                "Over {{ $labels.window }} the net promoter score in the scope {{ $labels.scope }} is at best {{ printf \"%.0f\" $value }}.",
            )
        })
        .to_vec()
}

/// The scopes are compared one by one: the score of the service says nothing about the score of the relationship.
fn nps_dropped(conditions: &Conditions<'_>) -> Vec<Alert> {
    let (day, week) = (conditions.window("24h"), conditions.window("7d"));
    let scopes = Breakdown { labels: ", scope", ..OVERALL };
    let now = |window: &str| {
        let of_scope = |name: &str| format!("cx:nps_{name}{{window=\"{window}\",{GROUP}}}");
        Evidence::of(scopes).now(&of_scope("score:merged"), Format::Score, &of_scope("answers:sum"), "answers")
    };
    // The z is that of the adjusted scores, so the range is theirs too.
    let adjusted = |window: &str| format!("cx:nps_score_adjusted:merged{{window=\"{window}\",{GROUP}}}");
    let mut comparisons = Vec::new();
    if conditions.parameters.baseline.has_offset() {
        let answers = format!("cx:nps_answers:sum{{window=\"{week}\"}}");
        let then = format!("({} offset 7d)", adjusted(week));
        let z = format!("cx:nps_score:z_7d{{window=\"{week}\",{GROUP}}}");
        let expression = format!(
            "cx:nps_score:z_7d{{window=\"{week}\"}} < -2.33 and {answers} >= 30 and ({answers} offset 7d) >= 30 {} {}",
            complete(),
            complete_then("7d"),
        );
        let evidence = now(week).expected(&then, &adjusted(week), &z, "", Format::Score);
        comparisons.push((week, Comparison { against: HISTORY, expression, evidence }));
    }
    if let Some((short, long)) = conditions.trend(day) {
        let pair = format!("{{window=\"{short}\",baseline=\"{long}\"}}");
        let unless = if conditions.parameters.baseline.has_offset() {
            format!(" unless on ({INSTALLATION}, scope) cx:nps_score:z_7d{{window=\"{week}\"}}")
        } else {
            String::new()
        };
        let of_pair = |name: &str| format!("cx:nps_{name}{{window=\"{short}\",baseline=\"{long}\",{GROUP}}}");
        let (rest, z) = (of_pair("score_adjusted:rest"), of_pair("score:z_trend"));
        let expression = format!(
            "cx:nps_score:z_trend{pair} < -2.33 and ignoring (baseline) cx:nps_answers:sum{{window=\"{short}\"}} >= 30 \
             and cx:nps_answers:rest{pair} >= 30 {}{unless}",
            complete(),
        );
        let evidence = now(short).expected(&rest, &adjusted(short), &z, "ignoring (baseline) ", Format::Score);
        comparisons.push((short, Comparison { against: TREND, expression, evidence }));
    }
    let alert = |(window, comparison): (&str, Comparison)| {
        comparison.alert("CxNpsDropped", "1h", Some(window)).on(SURVEYS).saying(
            "The net promoter score has clearly fallen.",
            "The net promoter score in the scope {{ $labels.scope }} has fallen by more than chance: z is {{ printf \"%.1f\" $value }}.",
        )
    };
    comparisons.into_iter().map(alert).collect()
}

/// Surveys are sent and none is answered. This relies on counts being exported as 0: an absent series would not alert.
fn no_answers(conditions: &Conditions<'_>) -> Alert {
    let day = conditions.window("24h");
    let expression = format!(
        "cx:csat_responses:sum{{window=\"{day}\"}} == 0 and ignoring (metric) \
         cx:surveys_sent:sum{{metric=\"csat\",window=\"{day}\"}} > 50 {}",
        complete(),
    );
    let sent = format!("cx:surveys_sent:sum{{metric=\"csat\",window=\"{day}\",{GROUP}}}");
    let answers = format!("cx:csat_responses:sum{{window=\"{day}\",{GROUP}}}");
    let evidence = Evidence::of(OVERALL).now(&answers, Format::Count, &sent, "surveys sent");
    organisation_alert("CxNoSurveyAnswers", expression, "1h").shown_by(evidence, Some(day)).on(SURVEYS).saying(
        "Surveys are sent, but no answers arrive.",
        "More than 50 satisfaction surveys were sent within {{ $labels.window }}, and not one answer has arrived.",
    )
}
