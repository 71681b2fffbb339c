//! Alerts on the answers to surveys: CSAT, NPS, effort, and answers that stop arriving.

use super::comparisons::{Change, WatchedProportion};
use super::conditions::{Breakdown, Conditions, FAR_BELOW, OVERALL, complete, organisation_alert};
use super::evidence::{Evidence, Format, GROUP};
use crate::monitoring::alert::Alert;
use crate::monitoring::promql::INSTALLATION;

const SURVEYS: &str = "cx-surveys";

/// How long an alert on a share of answers is kept. A window of a day moves about its limit for hours, which would be an alert each time.
const ANSWERS_KEPT: &str = "8h";

pub(super) fn alerts(conditions: &Conditions<'_>) -> Vec<Alert> {
    let mut alerts = csat_below_target(conditions);
    for breakdown in conditions.overall_and_teams() {
        let csat = WatchedProportion {
            family: "cx:csat_ratio",
            count: "cx:csat_responses",
            noun: "answers",
            falls: true,
            count_min: 20,
            is_watched_overall_too: true,
        };
        alerts.extend(csat.changed(conditions, breakdown).into_iter().map(|Change { window, expression, evidence }| {
            organisation_alert("CxCsatDropped", expression, "15m")
                .kept(ANSWERS_KEPT)
                .apart_by("of", breakdown.name)
                .apart_by("window", window)
                .shown_by(evidence, Some(window))
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
            is_watched_overall_too: true,
        };
        alerts.extend(effort.changed(conditions, breakdown).into_iter().map(|Change { window, expression, evidence }| {
            organisation_alert("CxCesWorsened", expression, "1h")
                .kept(ANSWERS_KEPT)
                .apart_by("of", breakdown.name)
                .apart_by("window", window)
                .shown_by(evidence, Some(window))
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
            "cx:csat_ratio_upper{suffix}:merged{{window=\"{window}\"}} and cx:csat_ratio{suffix}:z_target{{window=\"{window}\"}} {FAR_BELOW} \
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
    let scopes = Breakdown { labels: ", scope", ..OVERALL };
    let alert = |(short, long): &(&str, &str)| {
        let pair = format!("{{window=\"{short}\",baseline=\"{long}\"}}");
        let of_pair = |name: &str| format!("cx:nps_{name}{{window=\"{short}\",baseline=\"{long}\",{GROUP}}}");
        let now = |name: &str| format!("cx:nps_{name}{{window=\"{short}\",{GROUP}}}");
        // The z is that of the adjusted scores, so the range is theirs too.
        let (rest, z) = (of_pair("score_adjusted:rest"), of_pair("score:z_rest"));
        let expression = format!(
            "cx:nps_score:z_rest{pair} < -{} and ignoring (baseline) cx:nps_answers:sum{{window=\"{short}\"}} >= 30 \
             and cx:nps_answers:rest{pair} >= 30 {}",
            scopes.z,
            complete(),
        );
        let evidence = Evidence::of(scopes).now(&now("score:merged"), Format::Score, &now("answers:sum"), "answers").expected(
            &rest,
            &now("score_adjusted:merged"),
            &z,
            "ignoring (baseline) ",
            Format::Score,
        );
        Change { window: short, expression, evidence }.alert("CxNpsDropped", "1h").on(SURVEYS).saying(
            "The net promoter score has clearly fallen.",
            "The net promoter score in the scope {{ $labels.scope }} has fallen by more than chance: z is {{ printf \"%.1f\" $value }}.",
        )
    };
    conditions.watched.iter().map(alert).collect()
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
