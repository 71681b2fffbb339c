//! The board on surveys: CSAT, NPS in both scopes, effort, and the correlation of answers with response times.

use super::board::{Board, Choice};
use super::family_lookup::FamilyLookup;
use super::panel::{Panel, PanelKind, Role};
use super::query::merged;

pub(super) fn board(s: &FamilyLookup) -> Board {
    Board::new(
        "surveys",
        "Surveys",
        "The answers to surveys, their number, and the interval that follows for each score.",
        &[Choice::Window, Choice::Team, Choice::Channel],
    )
    .row("CSAT", csat(s))
    .row("NPS", nps(s))
    .row("Effort (CES)", effort(s))
    .row("Response rate", response(s))
    .row("Correlations and trends", relations(s))
}

fn by_set(s: &FamilyLookup, title: &str, family: &str, matchers: &str, range: (f64, f64)) -> Vec<Panel> {
    [("_by_team", "team"), ("_by_channel", "channel")]
        .into_iter()
        .filter(|(suffix, _)| s.has(family, suffix))
        .map(|(suffix, by)| {
            Panel::over_time(s, &format!("{title} by {by}"), family, suffix, matchers, &format!("{{{{{by}}}}}")).range(range.0, range.1)
        })
        .collect()
}

fn csat(s: &FamilyLookup) -> Vec<Panel> {
    let mut panels = vec![
        Panel::over_time(s, "CSAT", "cx_csat_ratio", "", "", "satisfied")
            .interval(s, "cx_csat_ratio", "")
            .rest(s, "cx_csat_ratio")
            .target(s, "csat")
            .count(s, "cx_csat_responses", "", "answers")
            .range(0.0, 1.0),
        Panel::about(s, PanelKind::Bars, "Answers by score", "cx_csat_score_responses").query(
            Role::Value,
            &merged(s, "cx_csat_score_responses", "", ""),
            "{{score}}",
        ),
    ];
    panels.extend(by_set(s, "CSAT", "cx_csat_ratio", "", (0.0, 1.0)));
    panels.extend(by_set(s, "CSAT answers", "cx_csat_responses", "", (0.0, 0.0)).into_iter().map(|panel| Panel { range: None, ..panel }));
    panels
}

fn nps(s: &FamilyLookup) -> Vec<Panel> {
    let mut panels = Vec::new();
    for (title, scope) in [("NPS after service", "service"), ("NPS of customers", "experience")] {
        let matcher = format!("scope=\"{scope}\"");
        panels.push(
            Panel::over_time(s, title, "cx_nps_score", "", &matcher, "score")
                .interval(s, "cx_nps_score", &matcher)
                .target(s, &format!("nps_{scope}"))
                .count(s, "cx_nps_answers", &matcher, "answers")
                .range(-100.0, 100.0),
        );
        panels.push(Panel::about(s, PanelKind::Stack, &format!("{title}: answers"), "cx_nps_responses").query(
            Role::Value,
            &merged(s, "cx_nps_responses", "", &matcher),
            "{{group}}",
        ));
    }
    panels.extend(by_set(s, "NPS after service", "cx_nps_score", "scope=\"service\"", (-100.0, 100.0)));
    panels
}

fn effort(s: &FamilyLookup) -> Vec<Panel> {
    let mut panels = vec![
        Panel::over_time(s, "Effort", "cx_ces_effort_score", "", "", "effort")
            .target(s, "ces")
            .count(s, "cx_ces_responses", "", "answers")
            .range(1.0, 5.0),
        Panel::over_time(s, "Answers of high effort", "cx_ces_high_effort_ratio", "", "", "share")
            .interval(s, "cx_ces_high_effort_ratio", "")
            .rest(s, "cx_ces_high_effort_ratio")
            .count(s, "cx_ces_responses", "", "answers")
            .range(0.0, 1.0),
    ];
    panels.extend(by_set(s, "Effort", "cx_ces_effort_score", "", (1.0, 5.0)));
    panels
}

fn response(s: &FamilyLookup) -> Vec<Panel> {
    vec![
        Panel::over_time(s, "Answered share of surveys sent", "cx_survey_response_ratio", "", "", "{{metric}}").range(0.0, 1.0),
        Panel::over_time(s, "Surveys sent", "cx_surveys_sent", "", "", "{{metric}}"),
    ]
}

fn relations(s: &FamilyLookup) -> Vec<Panel> {
    let side = |panel: Panel, side: &str| {
        let family = format!("cx_csat_ratio_{side}_first_response_target");
        let merged = merged(s, &family, "", "");
        panel.query(Role::Value, &super::query::guarded(&merged), &format!("answered {side} the target"))
    };
    let split =
        Panel::about(s, PanelKind::Lines, "CSAT within and beyond the response target", "cx_csat_ratio_within_first_response_target")
            .saying("The second line is the same share for contacts that were answered beyond the target.")
            .range(0.0, 1.0);
    let trend = |title: &str, matcher: &str, unit: &'static str| {
        Panel::over_time(s, title, "cx_trend", "", matcher, "{{metric}} against {{baseline}}").unit(unit).wide(8)
    };
    vec![
        side(side(split, "within"), "beyond"),
        Panel::over_time(s, "Correlation", "cx_correlation", "", "", "{{x}} and {{y}}")
            .range(-1.0, 1.0)
            .saying("It is pooled over the replicas, which assumes that they have comparable customers."),
        trend("CSAT against the baseline", "metric=\"csat\"", "percentunit"),
        trend("NPS against the baseline", "metric=~\"nps_.*\"", "none"),
        trend("Effort against the baseline", "metric=\"ces\"", "none"),
    ]
}
