//! Alerts on response, resolution, chats and the backlog. Does not know how an alert is evaluated.

use super::kpi::{Kpi, Series, constant, run_all, series};
use super::surveys::trend;

const DAY: &str = "team=\"a\",window=\"24h\"";
const HOUR: &str = "team=\"a\",window=\"1h\"";
const WEEK: &str = "team=\"a\",window=\"7d\"";
const MOMENT: &str = "team=\"a\",window=\"5m\"";
const EMAILS_OF_DAY: &str = "team=\"a\",channel=\"email\",window=\"24h\"";
const EMAILS_OF_HOUR: &str = "team=\"a\",channel=\"email\",window=\"1h\"";
const ALL_EMAILS_OF_DAY: &str = "team=\"a\",channel=\"email\",window=\"24h\",le=\"+Inf\"";
const ALL_EMAILS_OF_HOUR: &str = "team=\"a\",channel=\"email\",window=\"1h\",le=\"+Inf\"";
const WAITS_TO_HALF_AN_HOUR: &str = "team=\"a\",channel=\"email\",window=\"1h\",age=\"30m\"";
const WAITS_TO_TWO_HOURS: &str = "team=\"a\",channel=\"email\",window=\"1h\",age=\"2h\"";
const LOGARITHMS_OF_DAY: &str = "cx_first_response_logarithms_by_team_channel{team=\"a\",channel=\"email\",window=\"24h\"}";
const LOGARITHMS_OF_HOUR: &str = "cx_first_response_logarithms_by_team_channel{team=\"a\",channel=\"email\",window=\"1h\"}";
const MONTH: &str = "team=\"a\",window=\"30d\"";

#[test]
fn slower_than_before() {
    run_all(&slower_kpis());
}

#[test]
fn targets_missed() {
    run_all(&target_kpis());
}

#[test]
fn more_falls_due_than_is_usually_done() {
    run_all(&due_kpis());
}

#[test]
fn chats_and_backlog() {
    run_all(&waiting_kpis());
}

pub(crate) fn kpis() -> Vec<Kpi> {
    slower_kpis().into_iter().chain(target_kpis()).chain(due_kpis()).chain(waiting_kpis()).collect()
}

/// The buckets of the durations of a measure: in the past, while bad, while good, and in a small sample.
macro_rules! buckets {
    ($name:expr, $window:literal, $values:expr) => {
        [
            series($name, concat!("team=\"a\",window=\"", $window, "\",le=\"600\""), $values[0]),
            series($name, concat!("team=\"a\",window=\"", $window, "\",le=\"3600\""), $values[1]),
            series($name, concat!("team=\"a\",window=\"", $window, "\",le=\"14400\""), $values[2]),
            series($name, concat!("team=\"a\",window=\"", $window, "\",le=\"+Inf\""), $values[2]),
        ]
    };
}

/// The day, the last hour, and the week, which contains the day and 600 further durations that were short.
macro_rules! durations {
    ($name:expr) => {{
        let day = [[50.0, 10.0, 50.0, 1.0], [95.0, 40.0, 95.0, 4.0], [100.0, 100.0, 100.0, 10.0]];
        let week = [day[0].map(|n| n + 300.0), day[1].map(|n| n + 570.0), day[2].map(|n| n + 600.0)];
        let hour = day.map(|values| values.map(|n| n / 10.0));
        let all: Vec<Series> =
            buckets!($name, "24h", day).into_iter().chain(buckets!($name, "1h", hour)).chain(buckets!($name, "7d", week)).collect();
        all
    }};
}

/// The durations of a measure as buckets, and the sums of their logarithms in one channel: 6.5 in the mean in the past and while good, 7.5 while bad, with a
/// variance of 0.8.
macro_rules! in_channel {
    ($stem:literal) => {{
        let of =
            |name, labels, values: [f64; 4], window| series(name, labels, if window == "1h" { values.map(|n| n / 10.0) } else { values });
        let mut all = durations!(concat!($stem, "_seconds_by_team_bucket"));
        for (window, labels, last_bucket) in [("24h", EMAILS_OF_DAY, ALL_EMAILS_OF_DAY), ("1h", EMAILS_OF_HOUR, ALL_EMAILS_OF_HOUR)] {
            all.push(of(concat!($stem, "_seconds_by_team_channel_bucket"), last_bucket, [100.0, 100.0, 100.0, 3.0], window));
            all.push(of(concat!($stem, "_logarithms_by_team_channel"), labels, [650.0, 750.0, 650.0, 22.5], window));
            all.push(of(concat!($stem, "_squared_logarithms_by_team_channel"), labels, [4305.0, 5705.0, 4305.0, 171.15], window));
        }
        all
    }};
}

/// The overrides that make the durations of a window short: its buckets le="600" and le="3600".
macro_rules! fast {
    ($name:literal, $window:literal, $values:expr) => {
        vec![
            (concat!($name, "{team=\"a\",window=\"", $window, "\",le=\"600\"}"), $values[0]),
            (concat!($name, "{team=\"a\",window=\"", $window, "\",le=\"3600\"}"), $values[1]),
        ]
    };
}

/// Durations that never change, and waits of which more go on while bad.
fn more_waits() -> Vec<Series> {
    let days = durations!("cx_first_response_seconds_by_team_bucket").into_iter().map(Series::unchanged);
    let waits = [
        series("cx_first_response_waits_by_team_channel", WAITS_TO_HALF_AN_HOUR, [20.0, 20.0, 20.0, 1.0]),
        series("cx_first_response_waits_unanswered_by_team_channel", WAITS_TO_HALF_AN_HOUR, [10.0, 19.0, 10.0, 1.0]),
        series("cx_first_response_waits_by_team_channel", WAITS_TO_TWO_HOURS, [10.0, 19.0, 10.0, 0.0]),
        series("cx_first_response_waits_unanswered_by_team_channel", WAITS_TO_TWO_HOURS, [3.0, 14.0, 3.0, 0.0]),
    ];
    days.chain(waits).collect()
}

fn slower_kpis() -> Vec<Kpi> {
    let kpi = |alert, apart, labels, says, series, silent| Kpi { alert, apart, labels, says, series, silent };
    let response = "Nine of ten first responses of team a come within 3h 30m 0s; that they take longer than before is more than chance.";
    let resolution = "Nine of ten resolutions of team a come within 3h 30m 0s; that they take longer than before is more than chance.";
    // z is 1.5 over eight hours, and 0 over the day.
    let logarithms = |day: f64, hour: f64| vec![(LOGARITHMS_OF_DAY, day), (LOGARITHMS_OF_HOUR, hour)];
    let little = || ("hours that are a little slower", logarithms(650.0, 68.0));
    let hour_over = || ("the last hour is as fast as in the past again", logarithms(750.0, 65.0));
    let hour_fast = || ("the last hour is fast again", fast!("cx_first_response_seconds_by_team_bucket", "1h", [5.0, 9.5]));
    let quick = "Nine of ten first responses of team a come within 54m 26s; that they take longer than before is more than chance.";
    let more_come = || {
        let waits = |count: f64| {
            [("cx_first_response_waits_by_team_channel", count), ("cx_first_response_waits_unanswered_by_team_channel", count / 2.0)]
        };
        ("twice as many tickets, of which as many as usual wait on", waits(40.0).to_vec())
    };
    let (history, trend) = ("against=\"history\"", "against=\"trend\"");
    vec![
        kpi("CxFirstResponseSlower", history, DAY, response, in_channel!("cx_first_response"), vec![little(), hour_over()]),
        kpi("CxFirstResponseSlower", "against=\"history\",by=\"waits\"", DAY, quick, more_waits(), vec![more_come()]),
        kpi("CxFirstResponseSlower", trend, DAY, response, durations!("cx_first_response_seconds_by_team_bucket"), vec![hour_fast()]),
        kpi("CxResolutionSlower", history, DAY, resolution, in_channel!("cx_resolution"), Vec::new()),
        kpi("CxResolutionSlower", trend, DAY, resolution, durations!("cx_resolution_seconds_by_team_bucket"), Vec::new()),
    ]
}

fn target_kpis() -> Vec<Kpi> {
    let decided = [100.0, 100.0, 100.0, 5.0];
    let within = [95.0, 75.0, 95.0, 3.0];
    vec![
        Kpi {
            alert: "CxFirstResponseTargetMissed",
            apart: "",
            labels: DAY,
            says: "Over 24h at best 82.45% of the first responses of team a met their target.",
            series: vec![
                series("cx_first_response_target_decided_by_team", DAY, decided),
                series("cx_first_response_within_target_by_team", DAY, within),
                constant("cx_target_by_team", "team=\"a\",metric=\"first_response_attainment\"", 0.9),
            ],
            silent: vec![
                ("86 of 100, which may be chance", vec![("cx_first_response_within_target_by_team", 86.0)]),
                ("a team without a target", vec![("cx_target_by_team", f64::NAN)]),
            ],
        },
        Kpi {
            alert: "CxNextResponseTargetMissed",
            apart: "",
            labels: DAY,
            says: "Over 24h at best 82.45% of the further replies of team a met their target.",
            series: vec![
                series("cx_next_response_target_decided_by_team", DAY, decided),
                series("cx_next_response_within_target_by_team", DAY, within),
                constant("cx_target_by_team", "team=\"a\",metric=\"next_response_attainment\"", 0.9),
            ],
            silent: vec![
                ("86 of 100, which may be chance", vec![("cx_next_response_within_target_by_team", 86.0)]),
                ("a team without a target", vec![("cx_target_by_team", f64::NAN)]),
            ],
        },
        Kpi {
            alert: "CxResolutionTargetMissed",
            apart: "",
            labels: DAY,
            says: "Over 24h at best 82.45% of the resolutions of team a met their target.",
            series: vec![
                series("cx_resolution_target_decided_by_team", DAY, decided),
                series("cx_resolution_within_target_by_team", DAY, within),
                constant("cx_target_by_team", "team=\"a\",metric=\"resolution_attainment\"", 0.9),
            ],
            silent: Vec::new(),
        },
        Kpi {
            alert: "CxUnansweredPastTarget",
            apart: "against=\"history\"",
            labels: "team=\"a\"",
            says: "20 tickets of team a have no first response and are past the target.",
            series: vec![
                series("cx_backlog_unanswered_past_target_tickets_by_team", "team=\"a\"", [1.0, 20.0, 1.0, 4.0]),
                series("cx_backlog_unanswered_tickets_by_team", "team=\"a\"", [40.0, 40.0, 40.0, 8.0]),
                constant("cx_tickets_created_by_team", HOUR, 97.0),
                constant("cx_backlog_complete", "", 1.0),
            ],
            silent: vec![
                ("a backlog that may lack tickets", vec![("cx_backlog_complete", 0.0)]),
                // z is 2.1.
                ("6, where 1 is usual", vec![("cx_backlog_unanswered_past_target_tickets_by_team", 6.0)]),
            ],
        },
        Kpi {
            alert: "CxUnansweredPastTarget",
            apart: "against=\"trend\"",
            labels: "team=\"a\"",
            says: "6 tickets of team a have no first response and are past the target.",
            series: vec![
                series("cx_backlog_unanswered_past_target_tickets_by_team", "team=\"a\"", [0.0, 6.0, 0.0, 1.0]),
                series("cx_backlog_unanswered_tickets_by_team", "team=\"a\"", [40.0, 40.0, 40.0, 1.0]),
                constant("cx_backlog_complete", "", 1.0),
            ],
            silent: vec![
                ("a backlog that may lack tickets", vec![("cx_backlog_complete", 0.0)]),
                ("4 of 40", vec![("cx_backlog_unanswered_past_target_tickets_by_team", 4.0)]),
            ],
        },
        Kpi {
            alert: "CxUnansweredRising",
            apart: "",
            labels: "team=\"a\"",
            says: "40 tickets of team a have no first response, more than usual at this hour of the week.",
            series: vec![
                series("cx_backlog_unanswered_tickets_by_team", "team=\"a\"", [10.0, 40.0, 10.0, 4.0]),
                constant("cx_tickets_created_by_team", HOUR, 97.0),
                constant("cx_backlog_complete", "", 1.0),
            ],
            silent: vec![
                ("a backlog that may lack tickets", vec![("cx_backlog_complete", 0.0)]),
                ("four times as many new tickets", vec![("cx_tickets_created_by_team", 397.0)]),
            ],
        },
        Kpi {
            alert: "CxChatWaitHigh",
            apart: "",
            labels: MOMENT,
            says: "Over 5m at best 51.22% of the chats of team a were accepted in time.",
            series: vec![
                series("cx_chat_wait_target_decided_by_team", MOMENT, [30.0, 30.0, 30.0, 4.0]),
                series("cx_chat_wait_within_target_by_team", MOMENT, [28.0, 10.0, 28.0, 1.0]),
                constant("cx_target_by_team", "team=\"a\",metric=\"chat_wait_attainment\"", 0.8),
            ],
            silent: Vec::new(),
        },
    ]
}

/// The alert on what falls due, of one target; `done` is the series of what is usually done.
macro_rules! due {
    ($target:literal, $done:expr, $done_labels:expr, $says:literal) => {
        Kpi {
            alert: "CxDueSoon",
            apart: concat!("target=\"", $target, "\""),
            labels: concat!("team=\"a\",target=\"", $target, "\",within=\"1h\""),
            says: $says,
            series: vec![
                series(
                    "cx_backlog_due_tickets_by_team",
                    concat!("team=\"a\",target=\"", $target, "\",within=\"1h\""),
                    [2.0, 30.0, 2.0, 4.0],
                ),
                series($done, $done_labels, [6.0, 0.0, 6.0, 0.0]),
                constant("cx_backlog_complete", "", 1.0),
            ],
            silent: vec![
                ("not far more than usual", vec![("cx_backlog_due_tickets_by_team", 12.0)]),
                ("a backlog that may lack tickets", vec![("cx_backlog_complete", 0.0)]),
            ],
        }
    };
}

fn due_kpis() -> Vec<Kpi> {
    vec![
        due!(
            "first_response",
            "cx_tickets_first_responded_by_team",
            HOUR,
            "30 tickets of team a reach their first_response target within the hour, more than are usually done in this hour of the week."
        ),
        due!(
            "next_response",
            "cx_next_response_seconds_by_team_bucket",
            "team=\"a\",window=\"1h\",le=\"+Inf\"",
            "30 tickets of team a reach their next_response target within the hour, more than are usually done in this hour of the week."
        ),
        due!(
            "resolution",
            "cx_tickets_resolved_by_team",
            HOUR,
            "30 tickets of team a reach their resolution target within the hour, more than are usually done in this hour of the week."
        ),
    ]
}

fn waiting_kpis() -> Vec<Kpi> {
    let abandoned = ["cx_chats_accepted_by_team", "cx_chats_abandoned_counted_by_team"];
    vec![
        Kpi {
            alert: "CxChatsWaiting",
            apart: "",
            labels: "team=\"a\"",
            says: "8 chats of team a are waiting, and none was accepted in the last minutes.",
            series: vec![
                series("cx_chats_waiting_by_team", "team=\"a\"", [0.0, 8.0, 0.0, 2.0]),
                series(abandoned[0], MOMENT, [5.0, 0.0, 5.0, 0.0]),
            ],
            silent: vec![("one is accepted now and then", vec![(abandoned[0], 1.0)])],
        },
        Kpi {
            alert: "CxChatAbandonmentRising",
            apart: "window=\"24h\"",
            labels: "team=\"a\",window=\"24h\",baseline=\"30d\"",
            says: "The share of abandoned chats of team a has risen by more than chance: z is 5.4.",
            series: trend(abandoned, [DAY, MONTH], [360.0, 100.0, 40.0], [2_400.0, 240.0], [5.0, 5.0]),
            silent: vec![("fewer", vec![("cx_chats_abandoned_counted_by_team{team=\"a\",window=\"24h\"}", 5.0)])],
        },
        Kpi {
            alert: "CxChatAbandonmentRising",
            apart: "window=\"7d\"",
            labels: "team=\"a\",window=\"7d\",baseline=\"30d\"",
            says: "The share of abandoned chats of team a has risen by more than chance: z is 7.1.",
            series: trend(abandoned, [WEEK, MONTH], [360.0, 100.0, 40.0], [2_400.0, 240.0], [5.0, 5.0]),
            silent: Vec::new(),
        },
        Kpi {
            alert: "CxBacklogGrowing",
            apart: "against=\"history\"",
            labels: "",
            says: "161 tickets are open, and their number is growing.",
            series: vec![series("cx_backlog_tickets", "", [60.0, 150.0, 60.0, 10.0]).growing(1.0)],
            silent: vec![("high and steady", vec![("cx_backlog_tickets", 150.0)])],
        },
        Kpi {
            alert: "CxBacklogGrowing",
            apart: "against=\"trend\"",
            labels: "",
            says: "90 tickets are open, and their number is growing.",
            series: vec![
                series("cx_backlog_tickets", "", [90.0, 90.0, 90.0, 10.0]),
                series("cx_tickets_created", "window=\"7d\"", [500.0, 500.0, 500.0, 5.0]),
                series("cx_tickets_resolved", "window=\"7d\"", [490.0, 300.0, 490.0, 3.0]),
            ],
            silent: Vec::new(),
        },
    ]
}
