//! How far durations and waiting tickets lie from those of the last weeks, against numbers that were computed by hand. Does not know the alerts.

use std::fmt::Write as _;

use cxpulse::config::Configuration;
use cxpulse::monitoring::{self, RuleParameters};

use crate::support::promtool::run_tool;

/// The rules that are looked at, by the beginning of their records, and those that they read. All rules would take a minute.
const RULES: [&str; 10] = [
    "cx:partitions_owned",
    "cx:window_complete",
    "cx:span",
    "cx:first_response_logarithms_by_team_channel",
    "cx:first_response_squared_logarithms_by_team_channel",
    "cx:first_response_seconds_by_team_channel",
    "cx:first_response_waits_by_team_channel:",
    "cx:first_response_waits_unanswered_by_team_channel:",
    "cx:tickets_created_by_team:",
    "cx:backlog_unanswered_tickets_by_team:",
];

/// The hours before the change, and those after it.
const BEFORE: usize = 11 * 24;
const AFTER: usize = 80;

/// A scraped series: name, own labels, and its values before and after the change.
type Series = (&'static str, &'static str, [f64; 2]);

/// The first responses of a team in the windows of a day and of an hour. Before, half of them come by e-mail, with logarithms of 6.5 in the mean and a variance
/// of 0.8, and half in chats, with 3.5 and 0.5. After, four of five come by e-mail, with 7.2, and chats are as quick as before. Then what waits, and how many
/// tickets come.
const SCRAPED: [Series; 20] = [
    ("cx_first_response_seconds_by_team_channel_bucket", "team=\"a\",channel=\"email\",window=\"24h\",le=\"+Inf\"", [50.0, 80.0]),
    ("cx_first_response_logarithms_by_team_channel", "team=\"a\",channel=\"email\",window=\"24h\"", [325.0, 576.0]),
    ("cx_first_response_squared_logarithms_by_team_channel", "team=\"a\",channel=\"email\",window=\"24h\"", [2152.5, 4211.2]),
    ("cx_first_response_seconds_by_team_channel_bucket", "team=\"a\",channel=\"chat\",window=\"24h\",le=\"+Inf\"", [50.0, 20.0]),
    ("cx_first_response_logarithms_by_team_channel", "team=\"a\",channel=\"chat\",window=\"24h\"", [175.0, 70.0]),
    ("cx_first_response_squared_logarithms_by_team_channel", "team=\"a\",channel=\"chat\",window=\"24h\"", [637.5, 255.0]),
    ("cx_first_response_seconds_by_team_channel_bucket", "team=\"a\",channel=\"email\",window=\"1h\",le=\"+Inf\"", [5.0, 8.0]),
    ("cx_first_response_logarithms_by_team_channel", "team=\"a\",channel=\"email\",window=\"1h\"", [32.5, 57.6]),
    ("cx_first_response_squared_logarithms_by_team_channel", "team=\"a\",channel=\"email\",window=\"1h\"", [215.25, 421.12]),
    ("cx_first_response_seconds_by_team_channel_bucket", "team=\"a\",channel=\"chat\",window=\"1h\",le=\"+Inf\"", [5.0, 2.0]),
    ("cx_first_response_logarithms_by_team_channel", "team=\"a\",channel=\"chat\",window=\"1h\"", [17.5, 7.0]),
    ("cx_first_response_squared_logarithms_by_team_channel", "team=\"a\",channel=\"chat\",window=\"1h\"", [63.75, 25.5]),
    ("cx_first_response_waits_by_team_channel", "team=\"a\",channel=\"email\",window=\"1h\",age=\"30m\"", [6.0, 6.0]),
    ("cx_first_response_waits_unanswered_by_team_channel", "team=\"a\",channel=\"email\",window=\"1h\",age=\"30m\"", [3.0, 5.0]),
    ("cx_first_response_waits_by_team_channel", "team=\"a\",channel=\"email\",window=\"1h\",age=\"2h\"", [3.0, 5.0]),
    ("cx_first_response_waits_unanswered_by_team_channel", "team=\"a\",channel=\"email\",window=\"1h\",age=\"2h\"", [1.0, 3.0]),
    ("cx_tickets_created_by_team", "team=\"a\",window=\"1h\"", [12.0, 24.0]),
    ("cx_backlog_unanswered_tickets_by_team", "team=\"a\"", [10.0, 40.0]),
    ("cx_kafka_partitions", "topic=\"tickets\"", [6.0, 6.0]),
    ("cx_kafka_partitions_assigned", "topic=\"tickets\"", [6.0, 6.0]),
];

/// What is recorded some hours after the change: the hours, the series, and its value; `None` where there is none.
const RECORDED: [(usize, &str, Option<f64>); 19] = [
    // exp(7.2 - 6.5), and 0.7 / sqrt(0.8 (1/80 + 1/50) + 0.7^2 / (2 50) + 0.0144). That more come by e-mail has no part in it.
    (
        30,
        "cx:first_response_seconds_by_team_channel:ratio_past{job=\"cxpulse\",team=\"a\",channel=\"email\",window=\"24h\"}",
        Some(2.013_752_707),
    ),
    (
        30,
        "cx:first_response_seconds_by_team_channel:z_past{job=\"cxpulse\",team=\"a\",channel=\"email\",window=\"24h\"}",
        Some(3.288_886_900),
    ),
    (30, "cx:first_response_seconds_by_team_channel:ratio_past{job=\"cxpulse\",team=\"a\",channel=\"chat\",window=\"24h\"}", Some(1.0)),
    (30, "cx:first_response_seconds_by_team_channel:z_past{job=\"cxpulse\",team=\"a\",channel=\"chat\",window=\"24h\"}", Some(0.0)),
    // Two chats are too few to say.
    (30, "cx:first_response_seconds_by_team_channel:z_past{job=\"cxpulse\",team=\"a\",channel=\"chat\",window=\"1h\"}", None),
    // All eight hours: 0.7 / sqrt(0.8 (1/64 + 1/40) + 0.7^2 / (2 40) + 0.02). After four of them the mean is (4 57.6 + 4 32.5) / 52.
    (
        30,
        "cx:first_response_seconds_by_team_channel:z_past{job=\"cxpulse\",team=\"a\",channel=\"email\",window=\"8h\"}",
        Some(2.891_056_719),
    ),
    (
        3,
        "cx:first_response_seconds_by_team_channel:z_past{job=\"cxpulse\",team=\"a\",channel=\"email\",window=\"8h\"}",
        Some(1.793_251_409),
    ),
    // Three days: 0.7 / sqrt(0.8 (1/240 + 1/150) + 0.7^2 / (2 150) + 0.006). After one of them the mean is (576 + 2 325) / 180.
    (
        60,
        "cx:first_response_seconds_by_team_channel:z_past{job=\"cxpulse\",team=\"a\",channel=\"email\",window=\"3d\"}",
        Some(5.482_823_150),
    ),
    (
        10,
        "cx:first_response_seconds_by_team_channel:z_past{job=\"cxpulse\",team=\"a\",channel=\"email\",window=\"3d\"}",
        Some(2.451_867_706),
    ),
    (60, "cx:first_response_seconds_by_team_channel_count:span{job=\"cxpulse\",team=\"a\",channel=\"email\",window=\"3d\"}", Some(240.0)),
    (60, "cx:first_response_logarithms_by_team_channel:span{job=\"cxpulse\",team=\"a\",channel=\"email\",window=\"8h\"}", Some(460.8)),
    (60, "cx:first_response_seconds_by_team_channel_count:past{job=\"cxpulse\",team=\"a\",channel=\"chat\",window=\"8h\"}", Some(40.0)),
    // Of 24 waits that come to 30 minutes in four hours 20 go on, and usually (12 + 0.5) / (24 + 1) of them; of 20 that come to two hours 12, and usually
    // (4 + 0.5) / (12 + 1). Of both times together 32.5 of 49 and 16.5 of 33 go on, so the variance is 24 0.663 0.337 (1 + 24/24) + 20 0.5 0.5 (1 + 20/12) =
    // 24.05, and ((20 - 12) + (12 - 6.92)) / sqrt(24.05 + 0.01 24.05^2) the distance.
    (
        30,
        "cx:first_response_waits_by_team_channel:share_past{job=\"cxpulse\",team=\"a\",channel=\"email\",window=\"4h\",age=\"2h\"}",
        Some(0.346_153_846),
    ),
    (30, "cx:first_response_waits_by_team_channel:z_past{job=\"cxpulse\",team=\"a\",channel=\"email\",window=\"4h\"}", Some(2.393_910_828)),
    // In two hours of the past only six came to two hours, so 30 minutes alone count: 16.5 of 25 go on, and 12 0.66 0.34 (1 + 12/12) = 5.39;
    // (10 - 6) / sqrt(5.39 + 0.01 5.39^2).
    (30, "cx:first_response_waits_by_team_channel:z_past{job=\"cxpulse\",team=\"a\",channel=\"email\",window=\"2h\"}", Some(1.679_006_231)),
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
