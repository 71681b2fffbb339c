//! The first board to open: every headline value with its target and its interval, and the contacts that are waiting.

use super::board::{Board, Choice};
use super::family_lookup::FamilyLookup;
use super::panel::{Panel, PanelKind, Role};
use super::query::{guarded, merged, partial};
use crate::metrics::{COMPLETE_COVERAGE_RATIO_MIN, percent};

pub(super) fn board(s: &FamilyLookup) -> Board {
    Board::new(
        "overview",
        "Overview",
        "The headline values with their targets and intervals. The values of a window that is not complete are pale.",
        &[Choice::Window, Choice::Team, Choice::Channel],
    )
    .row("Now", headlines(s))
    .row("Intervals, targets and baselines", courses(s))
    .row("By channel and team", places(s))
    .row("What marked changes did", changed(s))
    .row("Completeness and health", trust(s))
}

fn headlines(s: &FamilyLookup) -> Vec<Panel> {
    let attainment = |title: &str, name: &str| {
        Panel::now(s, title, &format!("cx_{name}_attainment_ratio"), "", "in time").target(s, &format!("{name}_attainment")).count(
            s,
            &format!("cx_{name}_target_decided"),
            "",
            "decided",
        )
    };
    let nps = |title: &str, scope: &str| {
        let matcher = format!("scope=\"{scope}\"");
        Panel::now(s, title, "cx_nps_score", &matcher, "score").target(s, &format!("nps_{scope}")).count(
            s,
            "cx_nps_answers",
            &matcher,
            "answers",
        )
    };
    let waiting =
        |title: &str, family: &str| Panel::about(s, PanelKind::Stat, title, family).query(Role::Value, &merged(s, family, "", ""), "now");
    vec![
        Panel::now(s, "CSAT", "cx_csat_ratio", "", "satisfied").target(s, "csat").count(s, "cx_csat_responses", "", "answers"),
        nps("NPS after service", "service"),
        nps("NPS of customers", "experience"),
        Panel::now(s, "Effort", "cx_ces_effort_score", "", "1 to 5").target(s, "ces").count(s, "cx_ces_responses", "", "answers"),
        attainment("First response in time", "first_response"),
        attainment("Resolution in time", "resolution"),
        attainment("Chat wait in time", "chat_wait"),
        Panel::now(s, "Churn", "cx_churn_ratio", "", "churned").target(s, "churn").count(
            s,
            "cx_customers_active_at_start",
            "",
            "customers",
        ),
        Panel::now(s, "Health index", "cx_health_index", "", "0 to 100")
            .count(s, "cx_health_weight_present_ratio", "", "weight present")
            .range(0.0, 100.0),
        waiting("Without a first response", "cx_backlog_unanswered_tickets").query(
            Role::Target,
            &merged(s, "cx_backlog_unanswered_past_target_tickets", "", ""),
            "past target",
        ),
        waiting("Open tickets", "cx_backlog_tickets"),
        waiting("Chats waiting", "cx_chats_waiting"),
    ]
}

fn courses(s: &FamilyLookup) -> Vec<Panel> {
    vec![
        Panel::over_time(s, "CSAT over time", "cx_csat_ratio", "", "", "satisfied")
            .rest(s, "cx_csat_ratio")
            .interval(s, "cx_csat_ratio", "")
            .target(s, "csat")
            .count(s, "cx_csat_responses", "", "answers")
            .range(0.0, 1.0),
        Panel::over_time(s, "First response in time, over time", "cx_first_response_attainment_ratio", "", "", "in time")
            .interval(s, "cx_first_response_attainment_ratio", "")
            .target(s, "first_response_attainment")
            .count(s, "cx_first_response_target_decided", "", "decided")
            .range(0.0, 1.0),
        Panel::over_time(s, "Distance to target", "cx_target_gap", "", "metric!~\"nps_.*|ces\"", "{{metric}}")
            .unit("percentunit")
            .saying("NPS and effort are left out here because they have other scales."),
        Panel::over_time(s, "Against the baseline", "cx_trend", "", "metric=\"csat\"", "{{metric}} against {{baseline}}")
            .unit("percentunit")
            .saying("It exists only for windows that the configuration compares with a longer one."),
    ]
}

fn places(s: &FamilyLookup) -> Vec<Panel> {
    let mut panels = Vec::new();
    if s.has("cx_first_response_p90_seconds", "_by_channel") {
        panels.push(Panel::over_time(
            s,
            "First response by channel, 90 %",
            "cx_first_response_p90_seconds",
            "_by_channel",
            "",
            "{{channel}}",
        ));
    }
    if s.has("cx_csat_ratio", "_by_team") {
        panels.push(Panel::over_time(s, "CSAT by team", "cx_csat_ratio", "_by_team", "", "{{team}}").range(0.0, 1.0));
    }
    for (suffix, by) in
        [("_by_team", "team"), ("_by_channel", "channel")].into_iter().filter(|(suffix, _)| s.has("cx_contribution", suffix))
    {
        let legend = format!("{{{{{by}}}}}, {{{{part}}}} against {{{{baseline}}}}");
        let title = format!("CSAT: what moved, by {by}");
        panels.push(Panel::over_time(s, &title, "cx_contribution", suffix, "metric=\"csat\"", &legend).unit("percentunit"));
    }
    if s.has("cx_contacts", "_by_channel") {
        panels.push(Panel::over_time(s, "Contacts by channel", "cx_contacts", "_by_channel", "", "{{channel}}"));
    }
    if s.has("cx_backlog_unanswered_tickets", "_by_team") {
        let (title, family) = ("Without a first response, by team", "cx_backlog_unanswered_tickets");
        let usual = "as many as usually wait at this hour of the week when so many tickets have come, by the last four weeks";
        let panel = Panel::over_time(s, title, family, "_by_team", "", "{{team}}");
        panels.push(panel.expected(s, family, "_by_team", "expected", "{{team}}, usual", usual));
    }
    panels
}

/// The effects of the marked changes, with their bounds and the same one span earlier. Numbers of one unit share a panel.
fn changed(s: &FamilyLookup) -> Vec<Panel> {
    let effects = |title: &str, metrics: &str, of: &dyn Fn(String) -> String| {
        let matcher = format!("metric=~\"{metrics}\"");
        let series = |end: &str| of(merged(s, &format!("cx_change_effect{end}"), "", &matcher));
        let legend = |what: &str| format!("{{{{change}}}}, {{{{metric}}}}{what}");
        Panel::about(s, PanelKind::Bars, title, "cx_change_effect")
            .query(Role::Value, &series(""), &legend(""))
            .query(Role::Value, &series("_lower"), &legend(": at least"))
            .query(Role::Value, &series("_upper"), &legend(": at most"))
            .query(Role::Value, &series("_placebo"), &legend(": one span earlier"))
            .wide(8)
    };
    let as_it_is = |series: String| series;
    let relative = |series: String| format!("exp({series}) - 1");
    vec![
        effects("Effect on the shares of answers", "csat|high_effort", &as_it_is).unit("percentunit"),
        effects("Effect on NPS, in points", "nps", &as_it_is).unit("none"),
        effects("Effect on times, in per cent of them", "first_response|resolution", &relative).unit("percentunit"),
    ]
}

fn trust(s: &FamilyLookup) -> Vec<Panel> {
    let part = merged(s, "cx_health_part", "", "");
    vec![
        // Every window is a series of its own; windows are never combined.
        Panel::about(s, PanelKind::States, "Windows that are complete", "cx_window_coverage_ratio")
            .query(Role::Value, "cx:window_complete:bool{job=\"$job\"}", "{{window}}")
            .unit("bool")
            .saying(&format!(
                "Complete: at least {} is covered, and every partition has exactly one owner.",
                percent(COMPLETE_COVERAGE_RATIO_MIN)
            ))
            .wide(12)
            .high(8),
        Panel::about(s, PanelKind::Bars, "Parts of the health index", "cx_health_part")
            .query(Role::Partial, &partial(&part), "{{part}} (window incomplete)")
            .query(Role::Value, &guarded(&part), "{{part}}")
            .unit("percentunit")
            .saying("It exists only for windows of a day and longer.")
            .range(0.0, 1.0),
    ]
}
