//! Calendar periods: that facts fall into the period of their event time in the zone, and what each period comes to.

use std::process::Command;

use cxpulse::command::replay::{Explained, PeriodLength, Periods};
use cxpulse::config::Configuration;
use cxpulse::time::{EventTime, Span};
use indicatif::ProgressBar;

use super::small_inputs::Files;

/// Around the night of 2026-03-29, whose day has 23 hours in Rome.
const TICKETS: &str = r#"
{"id":"1","type":"ticket.created","time":"2026-03-28T23:30:00+01:00","ticket_id":"A","channel":"email"}
{"id":"2","type":"ticket.message","time":"2026-03-29T00:00:00+01:00","ticket_id":"A","author":"agent"}
{"id":"3","type":"ticket.status_changed","time":"2026-03-29T23:59:59+02:00","ticket_id":"A","status":"solved"}
{"id":"4","type":"ticket.created","time":"2026-03-30T00:00:00+02:00","ticket_id":"B"}
{"id":"5","type":"ticket.message","time":"2026-03-30T00:10:00+02:00","ticket_id":"B","author":"agent"}
{"id":"6","type":"ticket.status_changed","time":"2026-03-30T00:20:00+02:00","ticket_id":"A","status":"open"}
{"id":"7","type":"ticket.status_changed","time":"2026-03-31T00:00:00+02:00","ticket_id":"A","status":"solved"}
"#;
const CHATS: &str = r#"
{"id":"c1","type":"chat.started","time":"2026-03-29T12:00:00+02:00","chat_id":"X"}
{"id":"c2","type":"chat.accepted","time":"2026-03-29T12:00:40+02:00","chat_id":"X"}
{"id":"c3","type":"chat.message","time":"2026-03-29T12:00:50+02:00","chat_id":"X","author":"agent"}
{"id":"c4","type":"chat.started","time":"2026-03-29T12:01:00+02:00","chat_id":"Y"}
{"id":"c5","type":"chat.abandoned","time":"2026-03-29T12:02:00+02:00","chat_id":"Y"}
"#;
const SURVEYS: &str = r#"
{"id":"s1","type":"survey.responded","time":"2026-01-31T12:00:00Z","survey_id":"1","metric":"csat","score":5}
{"id":"s2","type":"survey.responded","time":"2026-02-10T12:00:00Z","survey_id":"2","metric":"nps","score":2,"customer_id":"K"}
{"id":"s3","type":"survey.responded","time":"2026-02-11T12:00:00Z","survey_id":"3","metric":"nps","score":10,"customer_id":"K"}
{"id":"s4","type":"survey.responded","time":"2026-02-12T12:00:00Z","survey_id":"4","metric":"nps","score":8,"customer_id":"L"}
{"id":"s5","type":"survey.responded","time":"2026-03-12T12:00:00Z","survey_id":"5","metric":"nps","score":0,"customer_id":"K"}
{"id":"s6","type":"survey.responded","time":"2026-03-12T12:00:00Z","survey_id":"6","metric":"nps","score":0,"ticket_id":"A"}
{"id":"s7","type":"survey.responded","time":"2026-03-28T12:00:00Z","survey_id":"7","metric":"csat","score":3,"ticket_id":"A"}
{"id":"s8","type":"survey.responded","time":"2026-03-29T12:00:00Z","survey_id":"7","metric":"csat","score":4,"ticket_id":"A"}
{"id":"s9","type":"survey.responded","time":"2026-03-30T12:00:00Z","survey_id":"9","metric":"ces","score":7,"direction":"ease","ticket_id":"A"}
"#;

fn files() -> Files {
    Files::new().with("tickets", TICKETS).with("chats", CHATS).with("surveys", SURVEYS)
}

/// The CSV of a report: rows of fields, the names first; and the tables.
fn reported(length: PeriodLength, from: Option<&str>, to: Option<&str>) -> (Vec<Vec<String>>, String) {
    let mut configuration = Configuration::default();
    configuration.engine.topics.iter_mut().for_each(|topic| topic.allowed_lateness = Span::days(1));
    let files = files();
    let mut explained = Explained::until(&configuration, &files.inputs, None, &ProgressBar::hidden()).unwrap();
    let instant = |text: &str| EventTime(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
    let zone = jiff::tz::TimeZone::get("Europe/Rome").unwrap();
    let report = explained.report(Periods { length, zone, from: from.map(instant), to: to.map(instant) });
    let mut csv = Vec::new();
    report.write_csv(&mut csv).unwrap();
    let rows = String::from_utf8(csv).unwrap().lines().map(|line| line.split(',').map(str::to_owned).collect()).collect();
    (rows, report.to_string())
}

/// The values of a column by period.
fn column(rows: &[Vec<String>], name: &str) -> Vec<String> {
    let at = rows[0].iter().position(|n| n == name).unwrap_or_else(|| panic!("no column {name} in {:?}", rows[0]));
    rows[1..].iter().map(|row| row[at].clone()).collect()
}

#[test]
fn days_have_the_facts_of_their_zone_and_the_length_that_the_clock_gives_them() {
    let (rows, text) = reported(PeriodLength::Day, Some("2026-03-28T12:00:00Z"), None);
    let expected: [(&str, [&str; 4]); 14] = [
        ("start", ["2026-03-28T00:00:00+01:00", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", "2026-03-31T00:00:00+02:00"]),
        ("end", ["2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", "2026-03-31T00:00:00+02:00", "2026-04-01T00:00:00+02:00"]),
        ("tickets_created", ["1", "0", "1", "0"]),
        ("tickets_first_responded", ["0", "1", "1", "0"]),
        ("tickets_resolved", ["0", "0", "0", "1"]),
        ("tickets_reopened", ["0", "0", "1", "0"]),
        ("first_response_median_seconds", ["", "1800", "600", ""]),
        ("resolution_mean_seconds", ["", "", "", "171000"]),
        ("csat_responses", ["0", "1", "0", "0"]),
        ("csat_ratio", ["", "1", "", ""]),
        ("ces_effort_score", ["", "", "1", ""]),
        ("chats_started", ["0", "2", "0", "0"]),
        ("chats_abandoned", ["0", "1", "0", "0"]),
        ("chat_wait_mean_seconds", ["", "40", "", ""]),
    ];
    for (name, values) in expected {
        assert_eq!(column(&rows, name), values, "{name}\n{text}");
    }
    assert!(text.contains("2026-03-31 Tue*") && text.contains("2026-03-29 Sun "), "{text}");
    assert!(text.contains("0:30:00") && text.contains("100.0 %"), "{text}");
}

#[test]
fn of_each_customer_the_latest_relationship_answer_of_the_period_counts() {
    let (rows, text) = reported(PeriodLength::Month, None, None);
    assert_eq!(column(&rows, "start").len(), 3, "{text}");
    assert_eq!(column(&rows, "nps_experience_responses"), ["0", "2", "1"], "{text}");
    assert_eq!(column(&rows, "nps_experience_score"), ["", "50", "-100"], "{text}");
    assert_eq!(column(&rows, "nps_service_responses"), ["0", "0", "1"], "{text}");
    assert_eq!(column(&rows, "csat_responses"), ["1", "0", "1"], "what every window has left is in its month\n{text}");
}

#[test]
fn weeks_begin_on_monday_and_quiet_ones_are_not_left_out() {
    let (rows, text) = reported(PeriodLength::Week, Some("2026-02-04T00:00:00Z"), Some("2026-02-25T00:00:00Z"));
    let starts: Vec<String> = column(&rows, "start").iter().map(|start| start[..10].to_owned()).collect();
    assert_eq!(starts, ["2026-02-02", "2026-02-09", "2026-02-16", "2026-02-23"], "{text}");
    assert_eq!(column(&rows, "nps_experience_responses"), ["0", "2", "0", "0"], "{text}");
    assert!(text.contains("2026-W07 Feb 09") && !text.contains("Feb 23*"), "the log goes on after the last week: {text}");
}

#[test]
fn the_command_prints_the_tables_and_knows_its_zones() {
    let (files, folder) = (files(), tempfile::tempdir().unwrap());
    let csv = folder.path().join("report.csv");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cxpulse"));
        command.arg("replay").args(arguments);
        files.inputs.iter().for_each(|input| _ = command.arg("--input").arg(format!("{}={}", input.topic, input.path.display())));
        command.output().unwrap()
    };
    let path = csv.to_str().unwrap();
    let output = run(&["--report", "month", "--zone", "Europe/Rome", "--from", "2026-02-01T00:00:00Z", "--report-csv", path]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.starts_with("Calendar months in Europe/Rome"), "{said}");
    assert!(!said.contains("cx_"), "the report takes the place of the exposition: {said}");
    assert_eq!(std::fs::read_to_string(&csv).unwrap().lines().count(), 3);
    for wrong in [&["--report", "month", "--zone", "Nowhere/City"][..], &["--report", "year"], &["--report-csv", "x"], &["--zone", "UTC"]] {
        assert_eq!(run(wrong).status.code(), Some(64), "{wrong:?}");
    }
}
