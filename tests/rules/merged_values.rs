//! Values that replicas' parts become: absent where no replica knows them, and within what values can be. The recording rules repeat what the catalogue
//! does for one replica.

use std::fmt::Write as _;

use crate::support::promtool::{in_repository, run_tool};

/// The labels of two replicas.
const REPLICAS: [&str; 2] = ["job=\"cxpulse\",instance=\"0\"", "job=\"cxpulse\",instance=\"1\""];

/// Scraped series, and what is recorded from them.
struct Case {
    title: &'static str,
    /// Name, own labels, and the values of the two replicas.
    series: Vec<(&'static str, &'static str, [f64; 2])>,
    /// A recorded series with its value; `None` where there is none.
    recorded: Vec<(&'static str, Option<f64>)>,
}

#[test]
fn what_no_replica_has_seen_has_no_share() {
    let tickets = |seen: [f64; 2]| {
        vec![
            ("cx_tickets_resolved", "window=\"1h\"", [10.0, 30.0]),
            ("cx_tickets_resolved_escalated", "window=\"1h\"", [0.0, 2.0]),
            ("cx_escalation_ever_seen", "", seen),
        ]
    };
    let surveys = |name, csat, nps| [(name, "metric=\"csat\",window=\"1h\"", csat), (name, "metric=\"nps\",window=\"1h\"", nps)];
    let seen =
        [("cx_survey_answer_ever_seen", "metric=\"csat\"", [0.0, 1.0]), ("cx_survey_answer_ever_seen", "metric=\"nps\"", [0.0, 0.0])];
    let mut answers = surveys("cx_surveys_sent", [4.0, 4.0], [5.0, 5.0]).to_vec();
    answers.extend(surveys("cx_surveys_answered", [0.0, 2.0], [0.0, 0.0]));
    answers.extend(seen);
    let ratio = |value| vec![("cx:escalation_ratio:merged{job=\"cxpulse\",window=\"1h\"}", value)];
    let bounds = [
        "cx:escalation_ratio_lower:merged{job=\"cxpulse\",window=\"1h\"}",
        "cx:escalation_ratio_upper:merged{job=\"cxpulse\",window=\"1h\"}",
    ];
    check(&[
        Case {
            title: "no replica has seen an escalation",
            series: tickets([0.0, 0.0]),
            recorded: ratio(None).into_iter().chain(bounds.map(|bound| (bound, None))).collect(),
        },
        Case { title: "one replica has", series: tickets([0.0, 1.0]), recorded: ratio(Some(0.05)) },
        Case {
            title: "each metric of surveys by itself",
            series: answers,
            recorded: vec![
                ("cx:survey_response_ratio:merged{job=\"cxpulse\",metric=\"csat\",window=\"1h\"}", Some(0.25)),
                ("cx:survey_response_ratio:merged{job=\"cxpulse\",metric=\"nps\",window=\"1h\"}", None),
            ],
        },
    ]);
}

#[test]
fn what_customers_are_worth_adds_up_over_replicas_and_not_over_metrics() {
    check(&[Case {
        title: "two replicas, and customers in two metrics",
        series: vec![
            ("cx_customers_value", "", [100.25, 50.5]),
            ("cx_customers_value_by_segment", "segment=\"business\"", [100.25, 0.0]),
            ("cx_customers_value_churned", "window=\"24h\"", [10.0, 5.5]),
            ("cx_customers_value_at_risk", "metric=\"csat\",window=\"24h\"", [20.25, 50.5]),
            ("cx_customers_value_at_risk", "metric=\"ces\",window=\"24h\"", [20.25, 0.0]),
            ("cx_customers_value_info", "currency=\"EUR\"", [1.0, 1.0]),
        ],
        recorded: vec![
            ("cx:customers_value:sum{job=\"cxpulse\"}", Some(150.75)),
            ("cx:customers_value_by_segment:sum{job=\"cxpulse\",segment=\"business\"}", Some(100.25)),
            ("cx:customers_value_churned:sum{job=\"cxpulse\",window=\"24h\"}", Some(15.5)),
            ("cx:customers_value_at_risk:sum{job=\"cxpulse\",metric=\"csat\",window=\"24h\"}", Some(70.75)),
            ("cx:customers_value_at_risk:sum{job=\"cxpulse\",metric=\"ces\",window=\"24h\"}", Some(20.25)),
            ("cx:customers_value_info:max{job=\"cxpulse\",currency=\"EUR\"}", Some(1.0)),
        ],
    }]);
}

#[test]
fn trends_and_shares_of_targets_lie_where_they_can_be() {
    let day = |promoters, detractors| {
        [
            ("cx_nps_responses", "scope=\"service\",group=\"promoter\",window=\"24h\"", promoters),
            ("cx_nps_responses", "scope=\"service\",group=\"passive\",window=\"24h\"", [0.0; 2]),
            ("cx_nps_responses", "scope=\"service\",group=\"detractor\",window=\"24h\"", detractors),
        ]
    };
    let week = [
        ("cx_nps_responses", "scope=\"service\",group=\"promoter\",window=\"7d\"", [1.0, 0.0]),
        ("cx_nps_responses", "scope=\"service\",group=\"passive\",window=\"7d\"", [0.0; 2]),
        ("cx_nps_responses", "scope=\"service\",group=\"detractor\",window=\"7d\"", [0.0, 1.0]),
    ];
    let risen = day([1.0, 0.0], [0.0; 2]).into_iter().chain(week).collect();
    let trend = "cx:trend:merged{job=\"cxpulse\",baseline=\"7d\",metric=\"nps_service\",window=\"24h\"}";
    let upper = "cx:trend_upper:merged{job=\"cxpulse\",baseline=\"7d\",metric=\"nps_service\",window=\"24h\"}";
    let against_target = |target| {
        let mut series = day([1.0; 2], [1.0; 2]).to_vec();
        series.push(("cx_target", "metric=\"nps_service\"", [target, target]));
        series.push(("cx_window_range_seconds", "window=\"24h\"", [86_400.0; 2]));
        series
    };
    let share = "cx:target_share:merged{job=\"cxpulse\",metric=\"nps_service\",window=\"24h\"}";
    check(&[
        Case { title: "all detractors, then all promoters", series: risen, recorded: vec![(trend, Some(200.0)), (upper, Some(200.0))] },
        Case { title: "half a hundred below the target", series: against_target(50.0), recorded: vec![(share, Some(0.5))] },
        Case { title: "at a target of 0", series: against_target(0.0), recorded: vec![(share, Some(1.0))] },
        Case { title: "a point below the target", series: against_target(1.0), recorded: vec![(share, Some(0.99))] },
    ]);
}

/// Runs the cases against the committed rules.
fn check(cases: &[Case]) {
    let rules = in_repository("deploy/prometheus").join("cxpulse.rules.yml");
    let mut out = format!("rule_files: ['{}']\nevaluation_interval: 1m\ntests:\n", rules.display());
    for case in cases {
        write!(out, "  # {}\n  - interval: 1m\n    input_series:\n", case.title).unwrap();
        for (name, labels, values) in &case.series {
            let comma = if labels.is_empty() { "" } else { "," };
            for (replica, value) in REPLICAS.iter().zip(values) {
                writeln!(out, "      - {{series: '{name}{{{replica}{comma}{labels}}}', values: '{value} {value}'}}").unwrap();
            }
        }
        out.push_str("    promql_expr_test:\n");
        for (series, value) in &case.recorded {
            let (expression, samples) = match value {
                Some(value) => (format!("count(abs({series} - {value}) < 1e-9)"), "[{labels: '{}', value: 1}]"),
                None => (format!("count({series})"), "[]"),
            };
            writeln!(out, "      - {{expr: '{expression}', eval_time: 1m, exp_samples: {samples}}}").unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tests.yml"), out).unwrap();
    if let Some(said) = run_tool("promtool", &["test", "rules", "tests.yml"], folder.path()) {
        assert!(said.is_ok(), "{said:?}");
    }
}
