//! An alert names the last marked change that applies to its group, and none that is older than two weeks. Two replicas export the same changes.
//!
//! Does not know how an alert comes to fire.

use std::fmt::Write as _;

use cxpulse::config::Configuration;
use cxpulse::monitoring::{self, Alert, RuleParameters};

use super::shipped::Shipped;
use crate::support::promtool::run_tool;

/// The changes with their own labels and the hour at which each was made, which is when its series begins.
const CHANGES: [(&str, &str, u32); 5] = [
    ("new site", "", 33),
    ("new macros", "team=\"a\"", 57),
    ("new shifts", "team=\"b\"", 81),
    ("chat at night", "channel=\"live chat\",segment=\"gold\"", 105),
    ("trial calls", "journey_stage=\"trial\",team=\"b\"", 130),
];

/// Series that make some alerts fire from the first hours on.
const SCRAPED: [(&str, &str, f64); 10] = [
    ("cx_window_coverage_ratio", "window=\"5m\"", 1.0),
    ("cx_window_coverage_ratio", "window=\"24h\"", 1.0),
    ("cx_kafka_partitions", "topic=\"tickets\"", 6.0),
    ("cx_kafka_partitions_assigned", "topic=\"tickets\"", 3.0),
    ("cx_chats_waiting_by_team", "team=\"a\"", 4.0),
    ("cx_chats_waiting_by_team", "team=\"b\"", 4.0),
    ("cx_chats_accepted_by_team", "team=\"a\",window=\"5m\"", 0.0),
    ("cx_chats_accepted_by_team", "team=\"b\",window=\"5m\"", 0.0),
    ("cx_csat_responses", "window=\"24h\"", 0.0),
    ("cx_surveys_sent", "metric=\"csat\",window=\"24h\"", 30.0),
];

/// What the alerts show at an hour: that of team a, that of team b, and that of the whole.
const SHOWN: [(u32, [&str; 3]); 8] = [
    (20, ["", "", ""]),
    (56, [r#""new site" at 1970-01-02 09:00 (0d ago)"#; 3]),
    (
        60,
        [
            r#""new macros" at 1970-01-03 09:00 (0d ago)"#,
            r#""new site" at 1970-01-02 09:00 (1d ago)"#,
            r#""new site" at 1970-01-02 09:00 (1d ago)"#,
        ],
    ),
    (
        104,
        [
            r#""new macros" at 1970-01-03 09:00 (1d ago)"#,
            r#""new shifts" at 1970-01-04 09:00 (0d ago)"#,
            r#""new site" at 1970-01-02 09:00 (2d ago)"#,
        ],
    ),
    (110, [r#""chat at night" at 1970-01-05 09:00 (0d ago, live chat, gold)"#; 3]),
    (
        440,
        [
            r#""chat at night" at 1970-01-05 09:00 (13d ago, live chat, gold)"#,
            r#""trial calls" at 1970-01-06 10:00 (12d ago, trial)"#,
            r#""chat at night" at 1970-01-05 09:00 (13d ago, live chat, gold)"#,
        ],
    ),
    (442, ["", r#""trial calls" at 1970-01-06 10:00 (13d ago, trial)"#, ""]),
    (470, ["", "", ""]),
];

#[test]
fn an_alert_names_the_last_change_of_its_group_or_of_all() {
    let alerts = monitoring::alerts(&Configuration::default(), &RuleParameters::default());
    for name in ["CxChatsWaiting", "CxNoSurveyAnswers"] {
        let place = alerts.iter().position(|alert| alert.name == name).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("rules.yml"), Shipped::read("cxpulse.alerts.yml").cut_down_to(place)).unwrap();
        std::fs::write(folder.path().join("tests.yml"), file(&alerts[place])).unwrap();
        if let Some(said) = run_tool("promtool", &["test", "rules", "tests.yml"], folder.path()) {
            assert!(said.is_ok(), "{}", said.unwrap_err());
        }
    }
}

/// The test file of an alert.
fn file(alert: &Alert) -> String {
    let mut out =
        "rule_files: [rules.yml]\nevaluation_interval: 1h\ngroup_eval_order: [cx.merge, cx.alerts]\ntests:\n  - interval: 1h\n".to_owned();
    out.push_str("    input_series:\n");
    let mut series = |name: &str, labels: &str, values: &str| {
        for replica in ["0", "1"] {
            let comma = if labels.is_empty() { "" } else { "," };
            writeln!(out, "      - {{series: '{name}{{job=\"cxpulse\",instance=\"{replica}\"{comma}{labels}}}', values: '{values}'}}")
                .unwrap();
        }
    };
    for (name, labels, value) in SCRAPED {
        series(name, labels, &format!("{value}+0x500"));
    }
    for (name, labels, hour) in CHANGES {
        let comma = if labels.is_empty() { "" } else { "," };
        let at = 3_600 * hour;
        series("cx_change_marked_timestamp_seconds", &format!("change=\"{name}\"{comma}{labels}"), &format!("_x{hour} {at}+0x500"));
    }
    out.push_str("    alert_rule_test:\n");
    for (hour, [a, b, all]) in SHOWN {
        writeln!(out, "      - eval_time: {hour}h\n        alertname: {}\n        exp_alerts:", alert.name).unwrap();
        if alert.name == "CxChatsWaiting" {
            expected(&mut out, alert, "team: a", "8 chats of team a are waiting, and none was accepted in the last minutes.", &sentence(a));
            expected(&mut out, alert, "team: b", "8 chats of team b are waiting, and none was accepted in the last minutes.", &sentence(b));
        } else {
            let says = "More than 50 satisfaction surveys were sent within 24h, and not one answer has arrived.";
            let evidence = format!("Now 0 (60 surveys sent). {}The window is counted to 100%. ", sentence(all));
            expected(&mut out, alert, "window: 24h", says, &evidence);
        }
    }
    out
}

fn sentence(change: &str) -> String {
    if change.is_empty() { String::new() } else { format!("Last marked change: {change}. ") }
}

/// Appends an alert that must fire with these texts.
fn expected(out: &mut String, alert: &Alert, label: &str, says: &str, evidence: &str) {
    write!(out, "          - exp_labels:\n              job: cxpulse\n              {label}\n").unwrap();
    alert.labels().for_each(|(name, value)| writeln!(out, "              {name}: '{value}'").unwrap());
    out.push_str("            exp_annotations:\n");
    for (name, text) in alert.annotations(&RuleParameters::default()) {
        let text = match name {
            "description" => says,
            "evidence" => evidence,
            _ => &text,
        };
        writeln!(out, "              {name}: '{}'", text.replace('\'', "''")).unwrap();
    }
}
