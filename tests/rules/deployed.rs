//! The files beside the rules: the configurations of Prometheus and Alertmanager, and a runbook for each alert.

use std::collections::{BTreeMap, BTreeSet};

use cxpulse::config::Configuration;
use cxpulse::metrics;
use cxpulse::monitoring::{self, Alert, RuleParameters};

use crate::support::promtool::{in_repository, run_tool};

#[test]
fn the_configuration_of_prometheus_loads_the_rules_and_scrapes_the_job_that_they_name() {
    let folder = in_repository("deploy/prometheus");
    if let Some(said) = run_tool("promtool", &["check", "config", "prometheus.yml"], &folder) {
        assert!(said.as_ref().is_ok_and(|said| said.contains("2 rule files found")), "{said:?}");
    }
    let text = std::fs::read_to_string(folder.join("prometheus.yml")).unwrap();
    assert!(text.contains("job_name: cxpulse\n"), "the rules on absent series name the job");
}

#[test]
fn alertmanager_takes_its_configuration() {
    let said = run_tool("amtool", &["check-config", "alertmanager.yml"], &in_repository("deploy/alertmanager"));
    assert!(said.is_none_or(|said| said.is_ok_and(|said| said.contains("3 inhibit rules"))));
}

/// The alerts on customers who wait right now.
const WAITING: [&str; 9] = [
    "CxChatAbandonmentRising",
    "CxChatWaitHigh",
    "CxChatsWaiting",
    "CxDueSoon",
    "CxFirstResponseSlower",
    "CxFirstResponseTargetMissed",
    "CxNextResponseTargetMissed",
    "CxUnansweredPastTarget",
    "CxUnansweredRising",
];

/// A critical alert on the pipeline calls a person at any hour. Waiting customers page the people at work, and anything else on the organisation is in the
/// message of the morning.
#[test]
fn every_alert_reaches_the_right_receiver() {
    for alert in all() {
        let about = if alert.is_of_organisation { "organisation" } else { "pipeline" };
        let receiver = match (alert.name, alert.severity.name(), about) {
            ("CxWatchdog", _, _) => "watchdog",
            ("CxEnded", _, _) => "support",
            (_, "info", _) => "nobody",
            (_, "critical", "pipeline") => "on-call",
            (name, _, _) if WAITING.contains(&name) => "support-leads",
            (_, _, "organisation") => "support",
            _ => "tickets",
        };
        let labels = [format!("alertname={}", alert.name), format!("severity={}", alert.severity.name()), format!("about={about}")];
        let mut arguments = vec!["config", "routes", "test", "--config.file=alertmanager.yml"];
        let verify = format!("--verify.receivers={receiver}");
        arguments.push(&verify);
        arguments.extend(labels.iter().map(String::as_str));
        match run_tool("amtool", &arguments, &in_repository("deploy/alertmanager")) {
            None => return,
            Some(said) => assert!(said.is_ok(), "{}: wanted {receiver}: {said:?}", alert.name),
        }
    }
}

#[test]
fn every_alert_says_what_is_wrong_and_where_to_read_on() {
    for alert in all() {
        let annotations = alert.annotations(&RuleParameters::default());
        assert!(annotations.iter().all(|(name, text)| !text.is_empty() && !name.is_empty()), "{annotations:?}");
        assert!(!alert.summary.contains("{{") && alert.summary.ends_with('.'), "{}: a constant sentence is wanted", alert.summary);
        assert!(alert.description.ends_with('.'), "{}", alert.description);
    }
}

#[test]
fn every_alert_has_a_runbook_and_every_runbook_an_alert() {
    let known = known_names();
    let names: BTreeSet<String> = all().iter().map(|alert| format!("{}.md", alert.name)).collect();
    let pages = std::fs::read_dir(in_repository("deploy/runbooks")).unwrap();
    let pages: BTreeSet<String> = pages.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names, pages);
    for page in &pages {
        let text = std::fs::read_to_string(in_repository("deploy/runbooks").join(page)).unwrap();
        let headings: Vec<&str> = text.lines().filter(|line| line.starts_with('#')).collect();
        let title = format!("# {}", page.trim_end_matches(".md"));
        assert_eq!(headings, [title.as_str(), "## Meaning", "## Impact", "## Diagnosis", "## Remedy"], "{page}");
        for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':') {
            let is_name = word.starts_with("cx_") || word.starts_with("cx:");
            assert!(!is_name || known.contains(word.trim_end_matches(':')), "{page}: there is no `{word}`");
        }
    }
}

/// The bench prints a row of its table for each alert: `| NAME | SEVERITY | EPISODES | ...`.
#[test]
fn a_runbook_says_how_often_the_alert_was_wrong_in_the_latest_run_of_the_bench() {
    let bench = std::fs::read_to_string(in_repository("benches/README.md")).unwrap();
    let months = bench
        .split_once("Quiet times: ")
        .and_then(|(_, rest)| rest.split_once(" organisation-months"))
        .expect("the length of the quiet times")
        .0;
    let rows = bench.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| Cx")?.split(" | ");
        Some((format!("Cx{}", cells.next()?), cells.nth(1)?.parse::<u32>().ok()?))
    });
    let episodes: BTreeMap<String, u32> = rows.collect();
    let mut told = 0;
    for alert in all().iter().filter(|alert| alert.is_of_organisation && alert.name != "CxEnded") {
        let text = std::fs::read_to_string(in_repository(&format!("deploy/runbooks/{}.md", alert.name))).unwrap();
        let count = episodes.get(alert.name).unwrap_or_else(|| panic!("{} is not in the table of the bench", alert.name));
        let of_bench = match count {
            1 => "it fired once.".to_owned(),
            count => format!("it fired {count} times."),
        };
        let sentence = format!("In {months} quiet months of the bench of pages (eight teams, see `benches/README.md`) {of_bench}");
        let is_told = text.contains(&sentence);
        told += u32::from(is_told);
        assert!(is_told || text.contains("How often it is wrong was not measured: "), "{}: {sentence}", alert.name);
    }
    assert!(told > 15, "{told} alerts");
}

fn all() -> Vec<Alert> {
    monitoring::alerts(&Configuration::default(), &RuleParameters::default())
}

fn known_names() -> BTreeSet<String> {
    let configuration = Configuration::default();
    let exported = metrics::series(&configuration).into_iter().map(|(name, _)| name);
    let families = metrics::operational_families(&configuration).into_iter().map(|own| own.name);
    let recorded = monitoring::recording_rules(&configuration, &RuleParameters::default()).into_iter().map(|rule| rule.record);
    exported.chain(families).chain(recorded).collect()
}
