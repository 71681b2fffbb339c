//! The board on chats and the backlog: the customers who are waiting now.

use super::board::{Board, Choice};
use super::family_lookup::FamilyLookup;
use super::panel::{Panel, PanelKind, Role};
use super::query::merged;

pub(super) fn board(s: &FamilyLookup) -> Board {
    Board::new(
        "chats",
        "Chats and backlog",
        "Chats and tickets that are waiting now, how long they have waited, and how many customers gave up.",
        &[Choice::Window, Choice::Team, Choice::Channel],
    )
    .row("Now", now(s))
    .row("Backlog", backlog(s))
    .row("Chats", chats(s))
}

fn now(s: &FamilyLookup) -> Vec<Panel> {
    let count =
        |title: &str, family: &str| Panel::about(s, PanelKind::Stat, title, family).query(Role::Value, &merged(s, family, "", ""), "now");
    // Grafana reads times in milliseconds.
    let since = |title: &str, family: &str| {
        Panel::about(s, PanelKind::Stat, title, family).query(Role::Value, &format!("{} * 1000", merged(s, family, "", "")), "began")
    };
    vec![
        count("Chats waiting", "cx_chats_waiting"),
        count("Chats with an agent", "cx_chats_active"),
        count("Open tickets", "cx_backlog_tickets"),
        count("Without a first response", "cx_backlog_unanswered_tickets"),
        count("Past their response target", "cx_backlog_unanswered_past_target_tickets"),
        count("Waiting for a further reply", "cx_backlog_awaiting_reply_tickets"),
        since("Longest wait for a first response", "cx_backlog_oldest_unanswered_timestamp_seconds").wide(8),
        since("Longest wait for a further reply", "cx_backlog_oldest_awaiting_reply_timestamp_seconds").wide(8),
        count("The backlog is complete", "cx_backlog_complete").unit("bool_yes_no").wide(8),
    ]
}

fn backlog(s: &FamilyLookup) -> Vec<Panel> {
    let mut panels = vec![
        Panel::about(s, PanelKind::Lines, "Backlog", "cx_backlog_tickets")
            .query(Role::Value, &merged(s, "cx_backlog_tickets", "", ""), "open")
            .query(Role::Value, &merged(s, "cx_backlog_unanswered_tickets", "", ""), "without a first response")
            .query(Role::Value, &merged(s, "cx_backlog_awaiting_reply_tickets", "", ""), "waiting for a further reply")
            .query(Role::Value, &merged(s, "cx_backlog_unanswered_past_target_tickets", "", ""), "past their response target")
            .query(Role::Value, &merged(s, "cx_backlog_without_team_tickets", "", ""), "without a team"),
        Panel::about(s, PanelKind::Stack, "By status", "cx_backlog_tickets_by_status").query(
            Role::Value,
            &merged(s, "cx_backlog_tickets_by_status", "", ""),
            "{{status}}",
        ),
    ];
    for (suffix, by) in [("_by_team", "team"), ("_by_channel", "channel")] {
        for (title, family) in [("Open tickets", "cx_backlog_tickets"), ("Without a first response", "cx_backlog_unanswered_tickets")] {
            if s.has(family, suffix) {
                panels.push(Panel::over_time(s, &format!("{title} by {by}"), family, suffix, "", &format!("{{{{{by}}}}}")));
            }
        }
    }
    panels
}

fn chats(s: &FamilyLookup) -> Vec<Panel> {
    let flow = [
        ("cx_chats_started", "started"),
        ("cx_chats_accepted", "accepted"),
        ("cx_chats_abandoned", "abandoned"),
        ("cx_chats_ended", "ended"),
    ];
    let chats = Panel::about(s, PanelKind::Lines, "Chats in the window", "cx_chats_started");
    let chats = flow.iter().fold(chats, |panel, (family, legend)| panel.query(Role::Value, &merged(s, family, "", ""), legend));
    let mut panels = vec![
        Panel::over_time(s, "Chat wait in time", "cx_chat_wait_attainment_ratio", "", "", "in time")
            .interval(s, "cx_chat_wait_attainment_ratio", "")
            .target(s, "chat_wait_attainment")
            .count(s, "cx_chat_wait_target_decided", "", "decided")
            .range(0.0, 1.0),
        Panel::over_time(s, "Abandoned", "cx_chat_abandonment_ratio", "", "", "share")
            .interval(s, "cx_chat_abandonment_ratio", "")
            .count(s, "cx_chats_started", "", "started")
            .range(0.0, 1.0),
    ];
    for (quantile, share) in [("p50", "median"), ("p90", "90 %")] {
        let family = format!("cx_chat_wait_{quantile}_seconds");
        if s.has(&family, "") {
            panels.push(Panel::over_time(s, &format!("Wait for an agent, {share}"), &family, "", "", share).target(s, "chat_wait"));
        }
    }
    panels.push(chats);
    panels.push(Panel::over_time(s, "Handed over by bots", "cx_handoffs", "", "", "handed over"));
    panels.push(
        Panel::about(s, PanelKind::Lines, "Chats now", "cx_chats_waiting")
            .query(Role::Value, &merged(s, "cx_chats_waiting", "", ""), "waiting")
            .query(Role::Value, &merged(s, "cx_chats_active", "", ""), "with an agent"),
    );
    if s.has("cx_chat_duration_p50_seconds", "") {
        panels.push(Panel::over_time(s, "Chat duration, median", "cx_chat_duration_p50_seconds", "", "", "median"));
    }
    let wait = merged(s, "cx_chat_wait_seconds_bucket", "", "");
    panels.push(Panel::about(s, PanelKind::Heatmap, "Waits for an agent", "cx_chat_wait_seconds").query(
        Role::Value,
        &format!("sum by (le) ({wait})"),
        "{{le}}",
    ));
    panels
}
