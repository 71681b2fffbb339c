//! Full sets of ticket snapshots beside very many open tickets: a set costs no more than what it changes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

#[allow(dead_code, reason = "shared with tests that drive an engine in other ways")]
#[path = "support/engine_driver.rs"]
mod engine_driver;
#[path = "support/measured.rs"]
mod measured;

use std::time::Duration;

use cpu_time::ThreadTime;
use cxpulse::config::Configuration;
use cxpulse::engine::Outcome;
use cxpulse::metrics::Exposition;
use cxpulse::time::{EventTime, Span};
use engine_driver::EngineDriver;
use measured::measured;

const START: EventTime = EventTime(1_772_323_200_000);
const TICKETS: i64 = 700_000;
const SETS: i64 = 300;
/// Sets that come late: each has to look at every ticket.
const LATE_SETS: i64 = 20;
/// The tickets that the last set leaves out.
const LEFT_OUT: i64 = 1_000;

fn take(driver: &mut EngineDriver, time: EventTime, kind: &str, members: &str) {
    let text = format!(r#"{{"id":"e{}","type":"{kind}","time":{},{members}}}"#, driver.offset, time.0);
    assert_eq!(driver.take(0, text.as_bytes()), Outcome::Applied, "{text}");
}

/// The CPU time of one full set that began at `started`, until all that it changes is applied.
fn complete(driver: &mut EngineDriver, time: EventTime, started: EventTime) -> Duration {
    let begun = ThreadTime::now();
    take(driver, time, "ticket.snapshot_completed", &format!(r#""started_time":{}"#, started.0));
    driver.engine.advance_to(time);
    begun.elapsed()
}

fn backlog(driver: &mut EngineDriver) -> String {
    let mut text = String::new();
    Exposition::new(&driver.configuration).render(&driver.engine.snapshot(), &mut text);
    text.lines().find_map(|line| line.strip_prefix("cx_backlog_tickets ")).unwrap().to_owned()
}

#[test]
fn a_full_set_costs_what_it_changes_beside_700_000_open_tickets() {
    let mut driver = EngineDriver::at_end(Configuration::default(), START);
    for n in 0..TICKETS {
        let members = format!(r#""ticket_id":"T{n}","status":"open","created_time":{}"#, START.0 - 1_000);
        take(&mut driver, START + Span(n / 1_000), "ticket.snapshot", &members);
    }
    let end = START + Span::seconds(10);
    let first = complete(&mut driver, end, START);
    let mut costs: Vec<Duration> = (1..=SETS).map(|n| complete(&mut driver, end + Span::seconds(n), START)).collect();
    costs.sort_unstable();
    assert_eq!(backlog(&mut driver), TICKETS.to_string());

    // Sets that come late, behind events of every ticket.
    let mut late: Vec<Duration> =
        (1..=LATE_SETS).map(|n| complete(&mut driver, START - Span::seconds(5 * n), START - Span::minutes(10))).collect();
    late.sort_unstable();
    assert_eq!(backlog(&mut driver), TICKETS.to_string());

    let named = end + Span::minutes(10);
    for n in LEFT_OUT..TICKETS {
        take(&mut driver, named + Span(n / 1_000), "ticket.message", &format!(r#""ticket_id":"T{n}","author":"agent","public":false"#));
    }
    let last = complete(&mut driver, named + Span::seconds(10), named);
    assert_eq!(backlog(&mut driver), (TICKETS - LEFT_OUT).to_string());

    let [median, slowest, late] = [costs[costs.len() / 2], costs[costs.len() - 1], late[late.len() / 2]];
    measured(&format!(
        "beside {TICKETS} open tickets the first full set took {first:?}, the median of {SETS} more {median:?}, the slowest {slowest:?}"
    ));
    measured(&format!("the median of {LATE_SETS} sets that came late {late:?}, a set that ended {LEFT_OUT} tickets {last:?}"));
    assert!(median < Duration::from_millis(2), "{median:?}");
    assert!(last < Duration::from_micros(200) * u32::try_from(LEFT_OUT).unwrap(), "{last:?}");
    assert!(late < Duration::from_secs(1), "{late:?}");
}
