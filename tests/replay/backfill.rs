//! The past for dashboards: timestamped values that a Prometheus takes, equal to what a replay to each instant gives.

use std::collections::BTreeMap;
use std::process::Command;

use cxpulse::command::replay::{Steps, backfill, replay_until};
use cxpulse::config::Configuration;
use cxpulse::time::{EventTime, Span};
use indicatif::ProgressBar;

use super::small_inputs::{Files, MINUTE, NINE, SURVEYS, TICKETS};
use crate::support::left_out::leave_out;

/// Families that count records: a back-fill applies events in another order than they were judged in, so these are not part of it.
const LEDGER: [&str; 3] = ["cx_events_", "cx_ledger_", "cx_state_"];

fn files() -> Files {
    // Out of order within the lateness, a copy, and one that is too late.
    let late = r#"{"id":"t0","type":"ticket.created","time":1777885100000,"ticket_id":"Z","channel":"web"}
{"id":"t3","type":"ticket.message","time":1777885500000,"ticket_id":"A","author":"agent"}
{"id":"t6","type":"ticket.created","time":1777800000000,"ticket_id":"Y"}
"#;
    Files::new().with("tickets", TICKETS).with("tickets", late).with("surveys", SURVEYS)
}

fn steps() -> Steps {
    Steps { from: EventTime(NINE - 30 * MINUTE), to: EventTime(NINE + 90 * MINUTE), every: Span::minutes(15) }
}

fn written() -> String {
    let mut out = Vec::new();
    backfill(&Configuration::default(), &files().inputs, steps(), &mut out, &ProgressBar::hidden()).unwrap();
    String::from_utf8(out).unwrap()
}

/// Values by timestamp in milliseconds and series.
fn samples(text: &str) -> BTreeMap<(i64, String), f64> {
    let mut samples = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.rsplitn(3, ' ');
        let (time, value, series) = (fields.next().unwrap(), fields.next().unwrap(), fields.next().unwrap());
        let seconds: f64 = time.parse().unwrap();
        let key = ((seconds * 1000.0).round() as i64, series.to_owned());
        assert!(samples.insert(key, value.parse().unwrap()).is_none(), "twice: {line}");
    }
    samples
}

#[test]
fn every_step_has_the_values_of_a_log_that_ended_there() {
    let filled = samples(&written());
    let files = files();
    let mut compared = 0;
    for step in 0..steps().count() as i64 {
        let now = steps().from + Span(steps().every.0 * step);
        let replayed = replay_until(&Configuration::default(), &files.inputs, Some(now), &ProgressBar::hidden()).unwrap();
        for line in replayed.exposition.lines().filter(|line| !line.starts_with('#') && !LEDGER.iter().any(|l| line.starts_with(l))) {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let value: f64 = value.parse().unwrap();
            let Some(at_step) = filled.iter().find(|((time, of), _)| *time == now.0 && same_series(of, series)) else {
                panic!("{series} is missing at {now}");
            };
            assert_eq!(*at_step.1, value, "{series} at {now}");
            compared += 1;
        }
    }
    assert!(compared > 500, "only {compared} values were compared");
}

/// OpenMetrics wants whole bounds with a decimal point.
fn same_series(filled: &str, replayed: &str) -> bool {
    filled == replayed || filled.replace(".0\"", "\"") == replayed
}

#[test]
fn promtool_makes_blocks_of_it() {
    if Command::new("promtool").arg("--version").output().is_err() {
        leave_out("no promtool (Debian has it in the package prometheus)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (text, blocks) = (folder.path().join("past.om"), folder.path().join("blocks"));
    std::fs::write(&text, written()).unwrap();
    let output = Command::new("promtool").args(["tsdb", "create-blocks-from", "openmetrics"]).args([&text, &blocks]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let dump = Command::new("promtool").args(["tsdb", "dump"]).arg(&blocks).output().unwrap();
    let dump = String::from_utf8(dump.stdout).unwrap();
    let wanted = format!("{{__name__=\"cx_backlog_tickets\"}} 1 {}", NINE);
    assert!(
        dump.lines().any(|line| line == wanted),
        "`{wanted}` is not in the blocks:\n{}",
        dump.lines().take(20).collect::<Vec<_>>().join("\n")
    );
}
