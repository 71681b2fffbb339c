//! Inputs of a few lines, whose numbers can be checked by eye.

use std::io::Write;
use std::path::PathBuf;

use cxpulse::command::replay::{ReplayError, Replayed, TopicFile, replay_until};
use cxpulse::config::Configuration;
use cxpulse::event::Reason;
use cxpulse::time::EventTime;
use indicatif::ProgressBar;
use tempfile::TempDir;

/// 2026-05-04T09:00:00Z, a Monday.
pub(super) const NINE: i64 = 1_777_885_200_000;
pub(super) const MINUTE: i64 = 60_000;

pub(super) const TICKETS: &str = r#"
{"id":"t1","type":"ticket.created","time":1777885200000,"ticket_id":"A","channel":"email","team":"orders"}
{"id":"t2","type":"ticket.message","time":1777885260000,"ticket_id":"A","author":"bot"}
{"id":"t3","type":"ticket.message","time":1777885500000,"ticket_id":"A","author":"agent"}
{"id":"t4","type":"ticket.status_changed","time":1777887000000,"ticket_id":"A","status":"solved"}
{"id":"t5","type":"ticket.created","time":1777888800000,"ticket_id":"B","channel":"web"}
"#;

pub(super) const SURVEYS: &str = r#"
{"id":"s1","type":"survey.responded","time":1777887600000,"survey_id":"1","metric":"csat","score":5,"ticket_id":"A"}
{"id":"s2","type":"survey.responded","time":1777887660000,"survey_id":"2","metric":"csat","score":2}
"#;

/// A folder with files of records.
pub(super) struct Files {
    folder: TempDir,
    pub(super) inputs: Vec<TopicFile>,
}

impl Files {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), inputs: Vec::new() }
    }

    /// Adds a file with this content, without the line break that makes the constants above readable.
    pub(super) fn with(mut self, topic: &str, content: &str) -> Self {
        let path = self.path();
        std::fs::write(&path, content.trim_start_matches('\n')).unwrap();
        self.inputs.push(TopicFile { topic: topic.to_owned(), path });
        self
    }

    fn packed(mut self, topic: &str, content: &str) -> Self {
        let path = self.path();
        let mut file = flate2::write::GzEncoder::new(std::fs::File::create(&path).unwrap(), flate2::Compression::fast());
        file.write_all(content.trim_start_matches('\n').as_bytes()).unwrap();
        file.finish().unwrap();
        self.inputs.push(TopicFile { topic: topic.to_owned(), path });
        self
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(format!("file-{}", self.inputs.len()))
    }

    pub(super) fn replay(&self, until: Option<i64>) -> Replayed {
        replay_until(&Configuration::default(), &self.inputs, until.map(EventTime), &ProgressBar::hidden()).unwrap()
    }
}

/// The value of a series as it is written.
pub(super) fn value(replayed: &Replayed, series: &str) -> Option<f64> {
    let mut found = replayed.exposition.lines().filter_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok());
    let first = found.next();
    assert!(found.next().is_none(), "{series} is given twice");
    first
}

#[test]
fn two_topics_meet_in_the_metrics() {
    let replayed = Files::new().with("tickets", TICKETS).with("surveys", SURVEYS).replay(None);
    assert_eq!(replayed.now, Some(EventTime(NINE + 60 * MINUTE)));
    let expected = [
        ("cx_first_response_mean_seconds{window=\"24h\"}", Some(300.0)),
        ("cx_resolution_mean_seconds{window=\"24h\"}", Some(1800.0)),
        ("cx_tickets_created{window=\"24h\"}", Some(2.0)),
        ("cx_tickets_created{window=\"5m\"}", Some(1.0)),
        ("cx_backlog_tickets", Some(1.0)),
        ("cx_csat_responses{window=\"24h\"}", Some(2.0)),
        ("cx_csat_ratio{window=\"24h\"}", Some(0.5)),
        ("cx_csat_ratio_by_team{team=\"orders\",window=\"24h\"}", Some(1.0)),
        ("cx_csat_ratio{window=\"5m\"}", None),
    ];
    for (series, value_wanted) in expected {
        assert_eq!(value(&replayed, series), value_wanted, "{series} in\n{}", replayed.exposition);
    }
}

#[test]
fn what_happened_after_the_end_is_left_out_before_it_is_judged() {
    let files = Files::new().with("tickets", TICKETS).with("surveys", SURVEYS);
    let replayed = files.replay(Some(NINE + 30 * MINUTE));
    assert_eq!(value(&replayed, "cx_tickets_created{window=\"24h\"}"), Some(1.0));
    assert_eq!(value(&replayed, "cx_csat_ratio{window=\"24h\"}"), None);
    assert_eq!((replayed.ledger.records("tickets", "applied"), replayed.ledger.records("surveys", "applied")), (4, 0));
}

#[test]
fn windows_empty_themselves_up_to_the_end() {
    let files = Files::new().with("tickets", TICKETS);
    let replayed = files.replay(Some(NINE + 3 * 24 * 60 * MINUTE));
    assert_eq!(value(&replayed, "cx_tickets_created{window=\"24h\"}"), Some(0.0));
    assert_eq!(value(&replayed, "cx_tickets_created{window=\"7d\"}"), Some(2.0));
    assert_eq!(value(&replayed, "cx_first_response_mean_seconds{window=\"24h\"}"), None);
}

#[test]
fn packed_and_split_files_give_what_one_plain_file_gives() {
    let (first, second) = TICKETS.trim_start().split_at(TICKETS.find("{\"id\":\"t3\"").unwrap() - 1);
    let whole = Files::new().with("tickets", TICKETS).replay(None);
    assert_eq!(Files::new().packed("tickets", TICKETS).replay(None).exposition, whole.exposition);
    assert_eq!(Files::new().packed("tickets", first).with("tickets", second).replay(None).exposition, whole.exposition);
}

#[test]
fn every_line_has_one_outcome_and_bad_ones_stop_nothing() {
    let overlong = format!("{{\"id\":\"{}\"}}", "x".repeat(3 << 20));
    let lines = [
        r#"{"id":"1","type":"ticket.created","time":1777885200000,"ticket_id":"A"}"#,
        "   ",
        "",
        "{",
        overlong.as_str(),
        r#"{"id":"1","type":"ticket.created","time":1777885200000,"ticket_id":"A"}"#,
        r#"{"id":"2","type":"ticket.created","time":1777799000000,"ticket_id":"B"}"#,
        r#"{"id":"3","type":"ticket.created","time":1777885200001,"ticket_id":"C"}"#,
    ];
    let ledger = Files::new().with("tickets", &lines.join("\n")).replay(None).ledger;
    let count = |outcome| ledger.records("tickets", outcome);
    assert_eq!([count("applied"), count("duplicate"), count("late"), count("invalid")], [2, 1, 1, 4], "{ledger}");
    let refused = [Reason::Empty, Reason::Syntax, Reason::TooLarge].map(|reason| ledger.refused("tickets", reason));
    assert_eq!(refused, [2, 1, 1], "{ledger}");
    assert!(ledger.to_string().contains("tickets: 2 refused as empty, first at line 2"), "{ledger}");
}

#[test]
fn a_topic_that_is_not_configured_is_named_with_those_that_are() {
    let files = Files::new().with("emails", TICKETS);
    let error = replay_until(&Configuration::default(), &files.inputs, None, &ProgressBar::hidden()).unwrap_err();
    assert!(matches!(error, ReplayError::UnknownTopic { .. }));
    assert!(error.to_string().contains("`emails`") && error.to_string().contains("`tickets`, `chats`"), "{error}");
}
