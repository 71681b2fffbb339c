//! The board on response and resolution times.

use super::board::{Board, Choice};
use super::family_lookup::{FamilyLookup, Suffix};
use super::panel::{Panel, PanelKind, Role};
use super::query::{merged, over};

/// The grouping sets by which times are shown. A time over chat and e-mail together describes neither of them.
const SETS: [(Suffix, &str, &str); 2] = [("_by_channel", "by channel", "{{channel}}"), ("_by_team", "by team", "{{team}}")];

pub(super) fn board(s: &FamilyLookup) -> Board {
    Board::new(
        "response",
        "Response and resolution",
        "How long customers wait. Times are shown by channel and by team, because a time over chat and e-mail together describes neither of them.",
        &[Choice::Window, Choice::Team, Choice::Channel],
    )
    .row("Targets", targets(s))
    .row("Due and past due", due(s))
    .row("Against the last weeks", against_past(s))
    .row("First response", times(s, "First response", "cx_first_response", &["p50", "p90"]))
    .row("Further replies", times(s, "Next response", "cx_next_response", &["p90"]))
    .row("Resolution", times(s, "Resolution", "cx_resolution", &["p50", "p90"]))
    .row("Distributions", spread(s))
    .row("In business hours", times(s, "First response in business hours", "cx_first_response_business", &["p90"]))
    .row("Automated responses", times(s, "Automated first response", "cx_automated_first_response", &["p50"]))
    .row("Outcomes of tickets", ends(s))
}

fn targets(s: &FamilyLookup) -> Vec<Panel> {
    let mut panels = Vec::new();
    for (title, name) in
        [("First response in time", "first_response"), ("Further replies in time", "next_response"), ("Resolution in time", "resolution")]
    {
        let family = format!("cx_{name}_attainment_ratio");
        panels.push(
            Panel::over_time(s, title, &family, "", "", "in time")
                .interval(s, &family, "")
                .target(s, &format!("{name}_attainment"))
                .count(s, &format!("cx_{name}_target_decided"), "", "decided")
                .range(0.0, 1.0),
        );
        for (suffix, by, legend) in SETS.into_iter().filter(|(suffix, ..)| s.has(&family, suffix)) {
            panels.push(Panel::over_time(s, &format!("{title}, {by}"), &family, suffix, "", legend).wide(6).range(0.0, 1.0));
        }
    }
    let (undecided, reopened) = ("cx_target_undecided", "cx_resolution_within_target_reopened");
    panels.push(Panel::over_time(s, "Ended without a verdict", undecided, "", "", "{{target}}, {{reason}}"));
    panels.push(Panel::over_time(s, "Resolved in time and reopened since", reopened, "", "", "reopened"));
    panels
}

fn due(s: &FamilyLookup) -> Vec<Panel> {
    let (due, past) = ("cx_backlog_due_tickets", "cx_backlog_past_target_tickets");
    let mut panels = vec![
        Panel::over_time(s, "Due soon", due, "", "", "{{target}} within {{within}}"),
        Panel::over_time(s, "Past their target", past, "", "", "{{target}}"),
    ];
    let within = s.due_hour().map(|hour| format!("within=\"{hour}\""));
    let due = within.as_ref().map(|within| ("Due within the hour", due, within.as_str()));
    for (suffix, by, legend) in SETS {
        for (title, family, matchers) in
            due.into_iter().chain([("Past their target", past, "")]).filter(|(_, family, _)| s.has(family, suffix))
        {
            panels.push(Panel::over_time(s, &format!("{title}, {by}"), family, suffix, matchers, &format!("{legend}, {{{{target}}}}")));
        }
    }
    panels
}

/// How many times as long durations are as in the same hours of the last four weeks, by team and channel: the numbers on which the alerts decide.
fn against_past(s: &FamilyLookup) -> Vec<Panel> {
    let suffix = "_by_team_channel";
    let of_measure = |(title, measure): &(&str, &str)| {
        let family = format!("cx_{measure}_seconds{suffix}");
        let past = |panel: Panel, span: &str| {
            let expression = over(&format!("cx:{measure}_seconds{suffix}:ratio_past"), Some(span), suffix, "");
            panel.query(Role::Value, &expression, &format!("{{{{team}}}}, {{{{channel}}}}: {span}"))
        };
        let panel = Panel::about(s, PanelKind::Lines, title, &family).unit("none").saying(
            "Shown is how many times as long their geometric mean is as in the same hours of the last four weeks; 1 is as usual. An alert also needs \
             that this is more than chance.",
        );
        ["8h", "24h", "3d"].into_iter().fold(panel, past)
    };
    let measures = [("First responses, times as long as usual", "first_response"), ("Resolutions, times as long as usual", "resolution")];
    measures.iter().filter(|(_, measure)| s.has(&format!("cx_{measure}_seconds"), suffix)).map(of_measure).collect()
}

fn times(s: &FamilyLookup, title: &str, stem: &str, quantiles: &[&str]) -> Vec<Panel> {
    let mut panels = Vec::new();
    for quantile in quantiles {
        let family = format!("{stem}_{quantile}_seconds");
        for (suffix, by, legend) in SETS.into_iter().filter(|(suffix, ..)| s.has(&family, suffix)) {
            let share = if *quantile == "p50" { "median" } else { "90 %" };
            panels.push(Panel::over_time(s, &format!("{title} {by}, {share}"), &family, suffix, "", legend).saying(
                "It is interpolated between the bounds of the histogram, so it can differ from the value of a replica by up to one bucket.",
            ));
        }
    }
    panels
}

fn spread(s: &FamilyLookup) -> Vec<Panel> {
    let heatmap = |title: &str, family: &str| {
        let buckets = merged(s, &format!("{family}_bucket"), "", "");
        Panel::about(s, PanelKind::Heatmap, title, family).query(Role::Value, &format!("sum by (le) ({buckets})"), "{{le}}")
    };
    let wait = "cx_requester_wait_p90_seconds";
    let mut panels = vec![heatmap("First responses", "cx_first_response_seconds"), heatmap("Resolutions", "cx_resolution_seconds")];
    if s.has(wait, "") {
        panels.push(Panel::over_time(s, "Time that customers waited until solved, 90 %", wait, "", "", "90 %"));
    }
    if s.has("cx_first_resolution_p50_seconds", "") {
        panels.push(Panel::over_time(s, "First resolution, median", "cx_first_resolution_p50_seconds", "", "", "median"));
    }
    panels
}

fn ends(s: &FamilyLookup) -> Vec<Panel> {
    let share = |title: &str, family: &str| {
        Panel::over_time(s, title, family, "", "", "share")
            .interval(s, family, "")
            .count(s, "cx_tickets_resolved", "", "resolved")
            .range(0.0, 1.0)
    };
    let flow = [
        ("cx_tickets_created", "created"),
        ("cx_tickets_first_responded", "answered"),
        ("cx_tickets_resolved", "resolved"),
        ("cx_tickets_reopened", "reopened"),
    ];
    let tickets = Panel::about(s, PanelKind::Lines, "Tickets in the window", "cx_tickets_created");
    let tickets = flow.iter().fold(tickets, |panel, (family, legend)| panel.query(Role::Value, &merged(s, family, "", ""), legend));
    vec![
        share("Solved with one reply", "cx_first_contact_resolution_ratio"),
        share("Reopened", "cx_reopen_ratio"),
        share("Escalated", "cx_escalation_ratio"),
        share("Transferred", "cx_transfer_ratio"),
        tickets,
        Panel::about(s, PanelKind::Lines, "Solved without a person's reply", "cx_tickets_solved_without_response")
            .query(Role::Value, &merged(s, "cx_tickets_solved_without_response", "", ""), "solved without a person's reply")
            .query(Role::Value, &merged(s, "cx_tickets_solved_by_automation", "", ""), "of these answered by a bot or a rule"),
    ]
}
