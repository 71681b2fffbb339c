//! An incident of the organisation makes alerts fire in Prometheus, and they resolve after it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use cxpulse::config::{self, Configuration};
use cxpulse::monitoring::{self, Baseline, RuleParameters};

use super::panels::Silent;
use crate::support::live::Live;

/// The recorded series that have no data while nothing is wrong, each with the reason.
const EMPTY_WHEN_HEALTHY: [(&str, &str); 7] = [
    ("cx:chats_idle_ended_by_channel:sum", NO_IDLE_CHATS),
    ("cx:chats_idle_ended_by_team:sum", NO_IDLE_CHATS),
    ("cx:chats_idle_ended_by_team_channel:sum", NO_IDLE_CHATS),
    ("cx:events:usual", NO_LAST_WEEK),
    ("cx:resolution_within_target_reopened_by_channel:sum", NOT_REOPENED_YET),
    ("cx:resolution_within_target_reopened_by_team:sum", NOT_REOPENED_YET),
    ("cx:resolution_within_target_reopened_by_team_channel:sum", NOT_REOPENED_YET),
];
const NO_IDLE_CHATS: &str = "a group is counted from its first such chat on, and the organisation ends every chat";
const NO_LAST_WEEK: &str = "it needs a week of history, and this Prometheus has some minutes";
const NOT_REOPENED_YET: &str =
    "a group is counted from its first such ticket on, and only after its deadline a reopening takes no verdict back";

/// The alerts that the incident must make fire and that must resolve after it, each with the word for its comparison.
const WATCHED: [(&str, &str); 2] = [("CxFirstResponseTargetMissed", "Target "), ("CxCsatDropped", "Expected ")];

/// The time during which the recorded series are collected.
const LOOK_AT_RECORDS: Duration = Duration::from_secs(60);

/// The longest time to wait for: it covers the incident, its after-effects, and a machine that is busy with other work.
const LIMIT: Duration = Duration::from_secs(540);

#[test]
fn an_incident_makes_the_alerts_fire_and_they_resolve_after_it() {
    let Some(live) = Live::start() else { return };
    let begun = Instant::now();
    let say = |what: &str| println!("{:>4} s  {what}", begun.elapsed().as_secs());
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut now: BTreeSet<String> = BTreeSet::new();
    let mut missing = expected_records();
    let mut silent = Silent::of(&configuration());
    let mut is_told = false;
    let mut evidence: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let has = |names: &BTreeSet<String>, alert: &str| names.iter().any(|name| name.starts_with(alert));
    while !WATCHED.iter().all(|(alert, _)| has(&seen, alert) && !has(&now, alert)) {
        let with_evidence = live.prometheus.firing();
        let firing: BTreeSet<String> = with_evidence.iter().map(|(labels, _)| described(labels)).collect();
        for (labels, text) in with_evidence {
            evidence.entry(labels["alertname"].clone()).or_default().insert(text);
        }
        firing.difference(&now).for_each(|alert| say(&format!("fires: {alert}")));
        now.difference(&firing).for_each(|alert| say(&format!("resolved: {alert}")));
        seen.extend(firing.iter().cloned());
        now = firing;
        if begun.elapsed() < LOOK_AT_RECORDS {
            for (labels, _) in live.prometheus.query("count by (__name__) ({__name__=~\"cx:.+\"})") {
                missing.remove(&labels["__name__"]);
            }
        }
        silent.ask(&live.prometheus);
        if begun.elapsed() >= LOOK_AT_RECORDS && !is_told {
            is_told = true;
            say(&format!("recorded without data: {missing:?}"));
        }
        assert!(begun.elapsed() < LIMIT, "missing {missing:?}; seen: {seen:?}; firing still: {now:?}");
        std::thread::sleep(Duration::from_secs(1));
    }
    say("the alerts on first response and satisfaction fired and resolved");
    for (alert, compared) in WATCHED {
        let parts = [
            "Now ",
            compared,
            "What moved in all against the rest of 15m, by channel: ",
            "mix ",
            "The window is counted to 100%. ",
            "Since 2",
        ];
        // The texts of the last seconds before an alert ends may lack what no longer differs.
        let is_whole = |text: &&String| parts.iter().all(|part| text.contains(part));
        let shown = evidence[alert].iter().find(is_whole).unwrap_or_else(|| panic!("{alert}: {:?}", evidence[alert]));
        say(&format!("{alert} showed: {shown}"));
    }
    assert_eq!(silent.left(), Vec::<String>::new(), "these panels had nothing to show");
    assert_eq!(live.prometheus.faulty_rules(), Vec::<String>::new());
    // A busy machine may miss the one second that a scrape has here, and may not have read all of the last ten seconds.
    let may_fire = ["CxWatchdog", "CxReplicaDown", "CxWindowIncomplete"];
    let is_wrong = |alert: &&String| alert.contains("about=pipeline") && !may_fire.iter().any(|name| alert.starts_with(name));
    assert_eq!(seen.iter().filter(is_wrong).collect::<Vec<_>>(), Vec::<&String>::new(), "nothing was wrong with the pipeline");
    let excused: BTreeMap<&str, &str> = EMPTY_WHEN_HEALTHY.into_iter().collect();
    // The configuration marks no change, and one would be compared only days later.
    let is_excused = |name: &str| excused.contains_key(name) || name.starts_with("cx:change");
    let without_reason: Vec<&String> = missing.iter().filter(|name| !is_excused(name)).collect();
    assert!(without_reason.is_empty(), "these recording rules gave nothing: {without_reason:?}");
}

/// The names of the series that the rules of this configuration record.
fn expected_records() -> BTreeSet<String> {
    let scale = RuleParameters { baseline: Baseline::Trend, ..RuleParameters::default() };
    monitoring::recording_rules(&configuration(), &scale).into_iter().map(|rule| rule.record).collect()
}

/// The configuration of the replicas.
fn configuration() -> Configuration {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/config/examples/minutes.toml");
    config::load(Some(file.as_ref()), Vec::new(), &[]).unwrap_or_else(|why| panic!("{why}")).configuration
}

fn described(labels: &BTreeMap<String, String>) -> String {
    let others = labels.iter().filter(|(name, _)| *name != "alertname").map(|(name, value)| format!(" {name}={value}"));
    format!("{}{}", labels["alertname"], others.collect::<String>())
}
