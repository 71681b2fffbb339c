//! The bench of the alerts: its parts, so that its figures mean what they say, and a small run of it, which rules that are worse would fail.

#[allow(dead_code, reason = "the bench uses the rest")]
#[path = "../benches/support/pages/mod.rs"]
mod pages;
#[path = "support"]
mod support {
    pub(crate) mod left_out;
    pub(crate) mod promtool;
    pub(crate) mod tools;
}

use cxpulse::time::EventTime;
use pages::evaluation::{Fired, evaluate};
use pages::incidents::{Incident, Kind};
use pages::judgement::judge;
use pages::organisation::{DAY, HOUR, START, lines};
use pages::shipped::Shipped;
use support::promtool::{in_repository, run_tool};

/// The days that fill the windows and the history, and all days with those that are judged.
const WARM_DAYS: i64 = 29;
const DAYS: i64 = 34;
/// Not one of the seeds of the bench.
const SEED: u64 = 7;
/// The alerts that are judged. All of them need half an hour.
const ALERTS: [&str; 3] = ["CxCsatDropped", "CxUnansweredPastTarget", "CxUnansweredRising"];

/// Two teams have an incident and six have none. A z of 2.3 in place of 3.8, or five late tickets in place of far more than usual, fires in the six.
#[test]
fn a_large_incident_is_found_and_quiet_teams_are_quiet() {
    if ["promtool", "prometheus"].iter().any(|tool| run_tool(tool, &["--version"], &in_repository(".")).is_none()) {
        return;
    }
    let mut shipped = Shipped::read(&in_repository("deploy/prometheus"));
    shipped.keep_alerts(&ALERTS);
    let incident = |kind, team, hours| {
        let from = START.0 + WARM_DAYS * DAY + 9 * HOUR;
        Incident { kind, team: Some(team), from: EventTime(from), to: EventTime(from + hours * HOUR) }
    };
    let incidents = [incident(Kind::Csat(0.3), 7, 96), incident(Kind::Response(4.0), 6, 72)];
    let fired = evaluate(&shipped, &[], &lines(SEED, DAYS, &incidents), WARM_DAYS, DAYS, None).fired;
    let delays = incidents.each_ref().map(|incident| judge(incident, &fired).delay_hours);
    // The bound is 8 hours for the one and 2 for the other; answers come hours after the contact.
    assert!(delays[0].is_some_and(|hours| hours <= 30.0) && delays[1].is_some_and(|hours| hours <= 12.0), "{delays:?}");
    let in_quiet_teams: Vec<&Fired> = fired.iter().filter(|one| !matches!(one.team.as_deref(), Some("general" | "mobile"))).collect();
    assert!(in_quiet_teams.is_empty(), "{in_quiet_teams:?}");
}
