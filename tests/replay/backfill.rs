//! The past for dashboards: timestamped values that a Prometheus takes, equal to what a replay to each instant gives.

use std::collections::BTreeMap;
use std::process::Command;

use cxpulse::command::replay::{Steps, backfill, replay_until};
use cxpulse::config::Configuration;
use cxpulse::metrics::FamilySelection;
use cxpulse::time::{EventTime, Span};
use indicatif::ProgressBar;

use super::small_inputs::{Files, MINUTE, NINE, SURVEYS, TICKETS};
use crate::support::left_out::leave_out;

/// Families that count records: a back-fill applies events in another order than they were judged in, so these are not part of it.
const LEDGER: [&str; 3] = ["cx_events_", "cx_ledger_", "cx_state_"];

/// Out of order within the lateness, and a copy.
const DISORDER: &str = r#"
{"id":"t0","type":"ticket.created","time":1777885300000,"ticket_id":"Z","channel":"web"}
{"id":"t3","type":"ticket.message","time":1777885500000,"ticket_id":"A","author":"agent"}
"#;

fn files() -> Files {
    Files::new().with("tickets", &one_file(DISORDER)).with("surveys", SURVEYS)
}

/// The tickets and more lines behind them; several files would be merged by event time.
fn one_file(more: &str) -> String {
    format!("{}\n{}", TICKETS.trim(), more.trim())
}

fn steps() -> Steps {
    Steps { from: EventTime(NINE - 30 * MINUTE), to: EventTime(NINE + 90 * MINUTE), every: Span::minutes(15) }
}

fn written(files: &Files) -> String {
    written_of(files, &FamilySelection::default())
}

fn written_of(files: &Files, families: &FamilySelection) -> String {
    let mut out = Vec::new();
    backfill(&Configuration::default(), &files.inputs, families, steps(), &mut out, &ProgressBar::hidden()).unwrap();
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
    let files = files();
    let filled = samples(&written(&files));
    let mut compared = 0;
    for step in 0..steps().count() as i64 {
        let now = steps().from + Span(steps().every.0 * step);
        let replayed = replay_until(&Configuration::default(), &files.inputs, Some(now), &ProgressBar::hidden()).unwrap();
        for line in replayed.exposition.lines().filter(|line| !line.starts_with('#') && !LEDGER.iter().any(|l| line.starts_with(l))) {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let value: f64 = value.parse().unwrap();
            assert_eq!(filled.get(&(now.0, series.to_owned())), Some(&value), "{series} at {now}");
            compared += 1;
        }
    }
    assert!(compared > 500, "only {compared} values were compared");
}

#[test]
fn chosen_families_are_those_of_the_whole_and_the_process_is_among_them() {
    let files = Files::new().with("tickets", &one_file(&format!("{}\nno event\n", DISORDER.trim())));
    let all = samples(&written(&files));
    let chosen = samples(&written_of(
        &files,
        &FamilySelection::of(["cx_tickets_created_by_channel", "cx_kafka_*", "cx_events_total", "cx_build_info"]),
    ));
    let is_of = |series: &str, name: &str| series.split(['{', ' ']).next() == Some(name);
    let (process, organisation): (BTreeMap<_, _>, BTreeMap<_, _>) =
        chosen.into_iter().partition(|((_, series), _)| !is_of(series, "cx_tickets_created_by_channel"));
    let wanted: BTreeMap<_, _> = all.into_iter().filter(|((_, series), _)| is_of(series, "cx_tickets_created_by_channel")).collect();
    assert!(!wanted.is_empty());
    assert_eq!(organisation, wanted);
    let last = steps().to.0;
    let at_end = |series: &str| process.get(&(last, series.to_owned())).copied();
    let (mut outcomes, mut judged) = (0.0, 0.0);
    for outcome in ["applied", "duplicate", "late", "future", "invalid", "ignored"] {
        outcomes += at_end(&format!("cx_events_total{{outcome=\"{outcome}\",topic=\"tickets\"}}")).unwrap();
        judged += f64::from(u8::from(outcome == "invalid"));
    }
    assert_eq!(at_end("cx_events_total{outcome=\"invalid\",topic=\"tickets\"}"), Some(judged));
    let lines = one_file(&format!("{}\nno event\n", DISORDER.trim())).lines().filter(|line| !line.is_empty()).count();
    assert_eq!(outcomes, lines as f64);
    assert_eq!(at_end("cx_kafka_partitions{topic=\"tickets\"}"), Some(1.0));
    assert_eq!(at_end("cx_kafka_partitions_assigned{topic=\"tickets\"}"), Some(1.0));
    assert!(process.keys().any(|(_, series)| is_of(series, "cx_build_info")));
}

#[test]
fn what_came_too_late_is_in_no_step() {
    let late = r#"{"id":"t6","type":"ticket.created","time":1777884000000,"ticket_id":"Y"}"#;
    let (with, without) = (Files::new().with("tickets", &one_file(late)), Files::new().with("tickets", TICKETS));
    let created = |files: &Files| -> Vec<_> {
        samples(&written(files)).into_iter().filter(|((_, series), _)| series.starts_with("cx_tickets_created{")).collect()
    };
    assert_eq!(created(&with), created(&without));
    assert!(created(&with).iter().any(|(_, value)| *value == 2.0));
}

#[test]
fn an_id_that_came_again_after_the_horizon_counts_again() {
    // Ids are remembered for an hour behind the watermark, which stood two hours on when the id came again. In the order of events it did not.
    let records = r#"
{"id":"a","type":"ticket.created","time":1777880000000,"ticket_id":"A"}
{"id":"b","type":"ticket.created","time":1777885200000,"ticket_id":"B"}
{"id":"a","type":"ticket.created","time":1777882000000,"ticket_id":"C"}
"#;
    let files = Files::new().with("tickets", records);
    let text = written(&files);
    let last = text.lines().rfind(|line| line.starts_with("cx_tickets_created{window=\"24h\"}")).unwrap();
    assert!(last.contains("} 3 "), "{last}");
}

#[test]
fn promtool_makes_blocks_of_it() {
    if Command::new("promtool").arg("--version").output().is_err() {
        leave_out("no promtool (Debian has it in the package prometheus)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (text, blocks) = (folder.path().join("past.om"), folder.path().join("blocks"));
    std::fs::write(&text, written(&files())).unwrap();
    let output = Command::new("promtool").args(["tsdb", "create-blocks-from", "openmetrics"]).args([&text, &blocks]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // The dump also asks for a log of what is not in blocks yet.
    std::fs::create_dir(blocks.join("wal")).unwrap();
    let dump = Command::new("promtool").args(["tsdb", "dump"]).arg(&blocks).output().unwrap();
    let dump = String::from_utf8(dump.stdout).unwrap();
    let wanted = format!("{{__name__=\"cx_backlog_tickets\"}} 1 {}", NINE);
    assert!(
        dump.lines().any(|line| line == wanted),
        "`{wanted}` is not in the blocks:\n{}",
        dump.lines().take(20).collect::<Vec<_>>().join("\n")
    );
}
