//! What moved, as recorded from the parts of one replica and of two: the same, and what a slow computation gives.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::support::contributions::{Key, Question, Sums, recomputed, uses};
use crate::support::promtool::{in_repository, run_tool};

/// A team with a number of a family over a day, and over the week that holds it. `None` is the whole, which also has what no team has.
type Row = (&'static str, &'static str, Option<&'static str>, [f64; 2]);

const FAMILIES: [(&str, &str); 9] = [
    ("cx_csat_satisfied_responses", ""),
    ("cx_csat_responses", ""),
    ("cx_tickets_resolved_reopened", ""),
    ("cx_tickets_resolved", ""),
    ("cx_nps_responses", "scope=service,group=promoter"),
    ("cx_nps_responses", "scope=service,group=passive"),
    ("cx_nps_responses", "scope=service,group=detractor"),
    ("cx_surveys_answered", "metric=csat"),
    ("cx_surveys_sent", "metric=csat"),
];

/// The teams with their share of the numbers: one that falls, one that stays, one that is small on one side, one that is new, and one that is gone.
const TEAMS: [(&str, [f64; 2]); 5] =
    [("billing", [40.0, 290.0]), ("orders", [60.0, 460.0]), ("small", [3.0, 30.0]), ("new", [17.0, 17.0]), ("gone", [0.0, 45.0])];

/// What no team has: label sets beyond the limit.
const UNNAMED: [f64; 2] = [2.0, 9.0];

#[test]
fn what_moved_is_recorded_the_same_of_one_replica_and_of_two() {
    let rows = rows();
    let sums: Sums = rows.iter().flat_map(sums_of).collect();
    assert!(sums.keys().all(|(family, _)| uses(family)));
    // Nothing says that any ticket was ever escalated or transferred, nor on which scale the answers are.
    let is_known = |metric: &str, _: &str| !["escalation", "transfer", "csat_mean_score"].contains(&metric);
    let question = Question { pairs: vec![("24h", "7d")], dimensions: vec!["team"], cases_min: 5.0, is_known: &is_known };
    let expected = recomputed(&sums, &question);
    assert!(expected.len() > 30, "{expected:?}");
    let metrics: std::collections::BTreeSet<&str> = expected.keys().map(|(_, labels)| labels["metric"].as_str()).collect();
    assert_eq!(
        metrics.into_iter().collect::<Vec<_>>(),
        ["csat", "first_contact_resolution", "nps_service", "reopen", "survey_response_csat"]
    );
    check(&rows, &expected);
}

/// The numbers of each family: of a team, of its cases, the share that lies in a family falls with the place of the family.
fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (at, (family, own)) in FAMILIES.into_iter().enumerate() {
        let is_whole = ["cx_csat_responses", "cx_tickets_resolved", "cx_surveys_sent"].contains(&family);
        let mut whole = UNNAMED;
        for (nth, (team, [day, week])) in TEAMS.into_iter().enumerate() {
            // Billing is worse within the day than in the rest of the week.
            let share = |is_day: bool| {
                if is_whole { 1.0 } else { 0.2 + 0.03 * (at + 2 * nth) as f64 - if is_day && nth == 0 { 0.15 } else { 0.0 } }
            };
            let day_value = (day * share(true)).round();
            let values = [day_value, day_value + ((week - day) * share(false)).round()];
            whole = [whole[0] + values[0], whole[1] + values[1]];
            rows.push((family, own, Some(team), values));
        }
        rows.push((family, own, None, whole));
    }
    rows
}

fn labels_of(own: &str, team: Option<&str>, window: &str) -> BTreeMap<String, String> {
    let own = own.split(',').filter_map(|pair| pair.split_once('='));
    let team = team.map(|team| ("team", team));
    own.chain(team).chain([("window", window)]).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn sums_of((family, own, team, values): &Row) -> Vec<(Key, f64)> {
    ["24h", "7d"].iter().zip(values).map(|(window, value)| (((*family).to_owned(), labels_of(own, *team, window)), *value)).collect()
}

/// The series of one job of one replica, and of one whose two replicas share each number.
fn check(rows: &[Row], expected: &BTreeMap<Key, f64>) {
    let rules = in_repository("deploy/prometheus").join("cxpulse.rules.yml");
    let mut out = format!("rule_files: ['{}']\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n", rules.display());
    let mut put = |series: &str, job: &str, replica: usize, labels: &str, value: f64| {
        writeln!(out, "      - {{series: '{series}{{job=\"{job}\",instance=\"{replica}\",{labels}}}', values: '{value} {value}'}}")
            .unwrap();
    };
    let seen = "metric=\"csat\"";
    put("cx_survey_answer_ever_seen", "one", 0, seen, 1.0);
    put("cx_survey_answer_ever_seen", "two", 0, seen, 0.0);
    put("cx_survey_answer_ever_seen", "two", 1, seen, 1.0);
    for row in rows {
        for ((family, labels), value) in sums_of(row) {
            let name = if labels.contains_key("team") { format!("{family}_by_team") } else { family };
            let labels = matchers(&labels);
            let first = (value * 0.4).floor();
            put(&name, "one", 0, &labels, value);
            put(&name, "two", 0, &labels, first);
            put(&name, "two", 1, &labels, value - first);
        }
    }
    out.push_str("    promql_expr_test:\n");
    for job in ["one", "two"] {
        let by_team = expected.keys().filter(|(_, labels)| labels.contains_key("team")).count();
        let count = format!("count(cx:contribution_by_team:merged{{job=\"{job}\"}})");
        writeln!(out, "      - {{expr: '{count}', eval_time: 1m, exp_samples: [{{labels: '{{}}', value: {by_team}}}]}}").unwrap();
        for ((_, labels), value) in expected {
            let name = if labels.contains_key("team") { "cx:contribution_by_team:merged" } else { "cx:contribution:merged" };
            let series = format!("{name}{{job=\"{job}\",{}}}", matchers(labels));
            let expression = format!("count(abs({series} - ({value})) < 1e-9)");
            writeln!(out, "      - {{expr: '{expression}', eval_time: 1m, exp_samples: [{{labels: '{{}}', value: 1}}]}}").unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tests.yml"), out).unwrap();
    if let Some(said) = run_tool("promtool", &["test", "rules", "tests.yml"], folder.path()) {
        assert!(said.is_ok(), "{said:?}");
    }
}

fn matchers(labels: &BTreeMap<String, String>) -> String {
    labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect::<Vec<_>>().join(",")
}
