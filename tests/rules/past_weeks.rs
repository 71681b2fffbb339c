//! How far durations and waiting tickets lie from those of the last weeks, against numbers that were computed by hand. Does not know the alerts.

use std::fmt::Write as _;

use cxpulse::config::Configuration;
use cxpulse::monitoring::{self, RuleParameters};

use crate::support::promtool::run_tool;

/// The rules that are looked at, by the beginning of their records, and those that they read. All rules would take a minute.
const RULES: [&str; 7] = [
    "cx:partitions_owned",
    "cx:window_complete",
    "cx:span",
    "cx:first_response_seconds:days_differ",
    "cx:first_response_seconds_by_team",
    "cx:tickets_created_by_team:",
    "cx:backlog_unanswered_tickets_by_team:",
];

/// The hours before the change, and those after it.
const BEFORE: usize = 11 * 24;
const AFTER: usize = 80;

/// A scraped series: name, own labels, and its values before and after the change.
type Series = (&'static str, &'static str, [f64; 2]);

/// The durations of a team in the windows of a day and of an hour: half of them come within 10 minutes before, and a tenth after. Then what waits, and how
/// many tickets come.
const SCRAPED: [Series; 12] = [
    ("cx_first_response_seconds_by_team_bucket", "team=\"a\",window=\"24h\",le=\"600\"", [50.0, 10.0]),
    ("cx_first_response_seconds_by_team_bucket", "team=\"a\",window=\"24h\",le=\"3600\"", [95.0, 40.0]),
    ("cx_first_response_seconds_by_team_bucket", "team=\"a\",window=\"24h\",le=\"14400\"", [100.0, 100.0]),
    ("cx_first_response_seconds_by_team_bucket", "team=\"a\",window=\"24h\",le=\"+Inf\"", [100.0, 100.0]),
    ("cx_first_response_seconds_by_team_bucket", "team=\"a\",window=\"1h\",le=\"600\"", [5.0, 1.0]),
    ("cx_first_response_seconds_by_team_bucket", "team=\"a\",window=\"1h\",le=\"3600\"", [9.5, 4.0]),
    ("cx_first_response_seconds_by_team_bucket", "team=\"a\",window=\"1h\",le=\"14400\"", [10.0, 10.0]),
    ("cx_first_response_seconds_by_team_bucket", "team=\"a\",window=\"1h\",le=\"+Inf\"", [10.0, 10.0]),
    ("cx_tickets_created_by_team", "team=\"a\",window=\"1h\"", [12.0, 24.0]),
    ("cx_backlog_unanswered_tickets_by_team", "team=\"a\"", [10.0, 40.0]),
    ("cx_kafka_partitions", "topic=\"tickets\"", [6.0, 6.0]),
    ("cx_kafka_partitions_assigned", "topic=\"tickets\"", [6.0, 6.0]),
];

/// What is recorded some hours after the change: the hours, the series, and its value; `None` where there is none.
///
/// Counted in bounds, the mean logarithm is larger by (0.5 - 0.1) + (0.95 - 0.4) = 0.95 where all durations are of after the change. One has a variance of
/// pi (0.5 0.5 + 0.95 0.05)^2 = 0.27805 there. Neighbouring bounds lie ln(604,800 / 30) / 14 = 0.70801 apart, so that the variance of days is
/// 0.0144 / 0.50128 = 0.02873 over a day, 0.0399 over 8 hours and 0.01197 over 3 days.
const RECORDED: [(usize, &str, Option<f64>); 12] = [
    // 0.95 / sqrt(0.27805 (1/100 + 1/100) + 0.0287)
    (30, "cx:first_response_seconds_by_team:z_past{job=\"cxpulse\",team=\"a\",window=\"24h\"}", Some(5.132_434_685)),
    // All eight hours: 0.95 / sqrt(0.27805 (1/80 + 1/80) + 0.0399)
    (30, "cx:first_response_seconds_by_team:z_past{job=\"cxpulse\",team=\"a\",window=\"8h\"}", Some(4.388_972_614)),
    // Four of eight hours: half of that.
    (3, "cx:first_response_seconds_by_team:z_past{job=\"cxpulse\",team=\"a\",window=\"8h\"}", Some(2.194_486_307)),
    // Three days: 0.95 / sqrt(0.27805 (1/300 + 1/300) + 0.0120); a third and two thirds of it after one and two.
    (60, "cx:first_response_seconds_by_team:z_past{job=\"cxpulse\",team=\"a\",window=\"3d\"}", Some(8.071_255_759)),
    (10, "cx:first_response_seconds_by_team:z_past{job=\"cxpulse\",team=\"a\",window=\"3d\"}", Some(2.690_418_586)),
    (60, "cx:first_response_seconds_by_team_count:span{job=\"cxpulse\",team=\"a\",window=\"3d\"}", Some(300.0)),
    (60, "cx:first_response_seconds_by_team_bucket:span{job=\"cxpulse\",team=\"a\",window=\"8h\",le=\"600\"}", Some(8.0)),
    (60, "cx:first_response_seconds_by_team_count:past{job=\"cxpulse\",team=\"a\",window=\"8h\"}", Some(80.0)),
    // Twice as many tickets come: (8 24 + 3) / (8 12 + 3) times the 10 that usually wait.
    (20, "cx:backlog_unanswered_tickets_by_team:expected{job=\"cxpulse\",team=\"a\"}", Some(19.696_969_697)),
    (20, "cx:backlog_unanswered_tickets_by_team:weeks{job=\"cxpulse\",team=\"a\"}", Some(1.0)),
    // sqrt(2 (40 ln(40 / 19.697) - 20.303) / (1.25 (1 + 1) + 0.02 19.697))
    (20, "cx:backlog_unanswered_tickets_by_team:z_usual{job=\"cxpulse\",team=\"a\"}", Some(2.356_265_310)),
    // A team without such a past has no distance from it.
    (20, "cx:backlog_unanswered_tickets_by_team:z_usual{job=\"cxpulse\",team=\"b\"}", None),
];

#[test]
fn the_distance_from_the_last_weeks_is_what_was_computed_by_hand() {
    let mut test = "rule_files: [rules.yml]\nevaluation_interval: 1h\ntests:\n  - interval: 1h\n    input_series:\n".to_owned();
    let complete = ["1h", "24h"].map(|window| format!("cx_window_coverage_ratio{{job=\"cxpulse\",instance=\"0\",window=\"{window}\"}}"));
    for series in complete {
        writeln!(test, "      - series: '{series}'\n        values: '1x{}'", BEFORE + AFTER - 1).unwrap();
    }
    for (name, labels, [before, after]) in SCRAPED {
        let values = format!("{before}x{} {after}x{}", BEFORE - 1, AFTER - 1);
        writeln!(test, "      - series: '{name}{{job=\"cxpulse\",instance=\"0\",{labels}}}'\n        values: '{values}'").unwrap();
    }
    test.push_str("    promql_expr_test:\n");
    for (hours, series, value) in RECORDED {
        let (expression, samples) = match value {
            Some(value) => (format!("count(abs({series} - {value}) < 1e-6)"), "[{labels: '{}', value: 1}]"),
            None => (format!("count({series})"), "[]"),
        };
        writeln!(test, "      - {{expr: '{expression}', eval_time: {}h, exp_samples: {samples}}}", BEFORE + hours).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rules.yml"), rules()).unwrap();
    std::fs::write(folder.path().join("tests.yml"), test).unwrap();
    let Some(told) = run_tool("promtool", &["test", "rules", "tests.yml"], folder.path()) else { return };
    assert!(told.is_ok(), "{}", told.unwrap_err());
}

/// The rules that are looked at, as a file of Prometheus.
fn rules() -> String {
    let mut file = "groups:\n  - name: cx.past\n    rules:\n".to_owned();
    let all = monitoring::recording_rules(&Configuration::default(), &RuleParameters::default());
    for rule in all.iter().filter(|rule| RULES.iter().any(|beginning| rule.record.starts_with(beginning))) {
        let expression = serde_json::Value::from(rule.expression.as_str());
        writeln!(file, "      - record: {}\n        expr: {expression}", rule.record).unwrap();
        let labels: Vec<String> = rule.labels.iter().map(|(name, value)| format!("{name}: '{value}'")).collect();
        if !labels.is_empty() {
            writeln!(file, "        labels: {{{}}}", labels.join(", ")).unwrap();
        }
    }
    file
}
