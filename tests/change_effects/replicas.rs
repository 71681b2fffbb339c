//! The recording rules make of the day sums of two replicas what one process shows that reads all partitions, and nothing while one of them does not know its
//! days.

use std::fmt::Write as _;

use cxpulse::time::Span;

use crate::desk::{DAY, Desk, HOUR, MONDAY, Sent, configured, effects};
use crate::planted::{MARKED, desk_of};
use crate::support::promtool::{in_repository, run_tool};

const NOW: i64 = MONDAY + 52 * DAY + 3 * HOUR;
/// The partition groups that each replica reads.
const OWNED: [&[i32]; 2] = [&[0, 2], &[1]];

/// What a process shows that reads these groups.
fn shown(events: &[Sent], groups: &[i32]) -> Vec<(String, f64)> {
    let mut desk = Desk::new(configured(MARKED, Span::days(1)), 1, 0, false);
    groups.iter().for_each(|group| desk.assign(*group));
    for sent in events.iter().filter(|sent| sent.at <= NOW && groups.contains(&sent.group)) {
        desk.take(sent);
    }
    effects(&desk.look(NOW))
}

fn with_labels(series: &str, labels: &str) -> String {
    series.replacen('{', &format!("{{{labels},"), 1)
}

/// One test of `promtool`: the series of each replica, and the recorded series that must have these values.
fn case(out: &mut String, replicas: &[Vec<(String, f64)>], wanted: &[(String, Option<f64>)]) {
    out.push_str("  - interval: 1m\n    input_series:\n");
    for (at, series) in replicas.iter().enumerate() {
        let owned = if replicas.len() == 1 { 3 } else { OWNED[at].len() };
        let labels = format!("job=\"cxpulse\",instance=\"{at}\"");
        let partitions = [("cx_kafka_partitions", 3), ("cx_kafka_partitions_assigned", owned)];
        let partitions = partitions.map(|(name, n)| (format!("{name}{{topic=\"tickets\"}}"), n as f64));
        for (series, value) in series.iter().chain(&partitions) {
            writeln!(out, "      - {{series: '{}', values: '{value:?} {value:?}'}}", with_labels(series, &labels)).unwrap();
        }
    }
    out.push_str("    promql_expr_test:\n");
    for (series, value) in wanted {
        let (expression, samples) = match value {
            Some(value) => (format!("count(abs({series} - {value:?}) < 1e-9)"), "[{labels: '{}', value: 1}]"),
            None => (format!("count({series})"), "[]"),
        };
        writeln!(out, "      - {{expr: '{expression}', eval_time: 1m, exp_samples: {samples}}}").unwrap();
    }
}

#[test]
fn rules_make_of_two_replicas_what_one_process_shows() {
    let events = desk_of(70, 21, 0.25, 0.5);
    let whole = shown(&events, &[0, 1, 2]);
    let replicas = OWNED.map(|groups| shown(&events, groups));
    let wanted: Vec<(String, Option<f64>)> = whole
        .iter()
        .filter(|(series, _)| series.starts_with("cx_change_effect"))
        .map(|(series, value)| {
            let (name, labels) = series.split_once('{').unwrap();
            (format!("cx:{}:merged{{job=\"cxpulse\",{labels}", name.trim_start_matches("cx_")), Some(*value))
        })
        .collect();
    assert_eq!(wanted.len(), 4 * 3, "effect, bounds and placebo of three metrics: {wanted:?}");
    // An alert of the group reads it as a text.
    let csat = whole.iter().find(|(series, _)| series == "cx_change_effect{change=\"new macros\",metric=\"csat\"}").unwrap().1;
    let told = |ago: &str| format!("cx:change:last{{job=\"cxpulse\",change=\"new macros\",team=\"billing\",ago=\"0d ago{ago}\"}}");
    let with_effect = told(&format!("; effect on csat beyond chance: {:.1} points", 100.0 * csat));
    let marked = ("cx_change_marked_timestamp_seconds{change=\"new macros\",team=\"billing\"}".to_owned(), 0.0);
    let [whole, replicas] = [vec![whole], replicas.to_vec()].map(|mut replicas| {
        replicas.iter_mut().for_each(|series| series.push(marked.clone()));
        replicas
    });
    let absent: Vec<(String, Option<f64>)> = wanted.iter().map(|(series, _)| (series.clone(), None)).collect();
    let rules = in_repository("deploy/prometheus").join("cxpulse.rules.yml");
    let mut out = format!("rule_files: ['{}']\nevaluation_interval: 1m\ntests:\n", rules.display());
    let told_once = [(with_effect.clone(), Some(0.0)), (told(""), None)];
    case(&mut out, &whole, &[wanted.as_slice(), &told_once].concat());
    case(&mut out, &replicas, &[wanted.as_slice(), &told_once].concat());
    let mut unknown = replicas.clone();
    unknown[1] = vec![marked.clone()];
    for part in ["effect", "placebo"] {
        unknown[1].push((format!("cx_change_weeks{{change=\"new macros\",part=\"{part}\"}}"), 0.0));
    }
    case(&mut out, &unknown, &[absent.as_slice(), &[(with_effect, None), (told(""), Some(0.0))]].concat());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tests.yml"), out).unwrap();
    if let Some(said) = run_tool("promtool", &["test", "rules", "tests.yml"], folder.path()) {
        assert!(said.is_ok(), "{said:?}");
    }
}
