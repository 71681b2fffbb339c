//! The published data sets (`CXPULSE_DATA`) against the values that an independent calculation got from them.
//!
//! `compare.py`, which comes with the data, holds the rules of comparison.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use cxpulse::command::replay::{Replayed, TopicFile, replay_until};
use cxpulse::config::Configuration;
use cxpulse::time::{EventTime, Span};
use indicatif::ProgressBar;

use crate::support::left_out::{leave_out, variable};

/// Wider than any set is long.
const ALL_THE_TIME: Span = Span::days(3_650);

/// Families (without the suffix of a grouping set) that the expected values have and the product does not have yet.
const NOT_YET: &[&str] = &[];

#[test]
fn support_day() {
    Set::named("support_day", "").check(None);
}

#[test]
fn ecommerce_csat() {
    Set::named("ecommerce_csat", "").check(None);
}

#[test]
fn chat_rooms() {
    Set::named("chat_rooms", "").check(None);
}

#[test]
fn chat_rooms_in_arrival_order() {
    Set::named("chat_rooms", ".raw").check(Some(ALL_THE_TIME));
}

#[test]
fn italian_helpdesk() {
    Set::named("italian_helpdesk", "").check(None);
}

#[test]
fn italian_helpdesk_in_arrival_order() {
    let set = Set::named("italian_helpdesk", ".raw");
    set.check(Some(ALL_THE_TIME));
    set.repeated_rows_are_duplicates(120);
}

#[test]
fn arrival_order_beyond_the_lateness_is_counted_as_late() {
    for name in ["chat_rooms", "italian_helpdesk"] {
        Set::named(name, ".raw").every_record_is_applied_duplicate_or_late();
    }
}

#[test]
fn subscriptions_maven() {
    Set::named("subscriptions_maven", "").check(None);
}

#[test]
fn torture() {
    Set::named("torture", "").check(None);
}

#[test]
fn torture_outcomes() {
    Set::named("torture", "").check_against("expected_ledger.json", None);
}

/// One set in one order, where it is there.
struct Set(Option<Found>);

struct Found {
    folder: PathBuf,
    comparer: PathBuf,
    inputs: Vec<TopicFile>,
}

impl Set {
    /// The set of a name; `order` is what stands between topic and file ending.
    fn named(name: &str, order: &str) -> Self {
        let Some(data) = variable("CXPULSE_DATA").map(PathBuf::from) else {
            leave_out("no data sets: CXPULSE_DATA does not name their folder");
            return Self(None);
        };
        let folder = data.join(name);
        let inputs: Vec<_> = Configuration::default()
            .topics
            .iter()
            .map(|topic| TopicFile { topic: topic.name.clone(), path: folder.join(format!("{}{order}.jsonl.gz", topic.name)) })
            .filter(|input| input.path.is_file())
            .collect();
        if inputs.is_empty() {
            leave_out(&format!("no data set `{name}` below CXPULSE_DATA"));
            return Self(None);
        }
        if Command::new("python3").arg("--version").output().is_err() {
            leave_out("no python3 to run the comparison that comes with the data");
            return Self(None);
        }
        Self(Some(Found { folder, comparer: data.join("compare.py"), inputs }))
    }

    /// Replays to each instant of the expected values and compares.
    fn check(&self, lateness: Option<Span>) {
        self.check_against("expected.json", lateness);
    }

    fn check_against(&self, expected: &str, lateness: Option<Span>) {
        let Self(Some(found)) = self else { return };
        let expected = Expected::read(&found.folder.join(expected));
        let mismatches: Vec<_> = expected
            .instants()
            .filter_map(|instant| {
                let replayed = found.replay(lateness, Some(instant_of(instant)));
                expected.compare(&found.comparer, &replayed, instant).err()
            })
            .collect();
        assert!(mismatches.is_empty(), "{}", mismatches.join("\n"));
    }

    fn repeated_rows_are_duplicates(&self, count: u64) {
        let Self(Some(found)) = self else { return };
        assert_eq!(found.count(&found.replay(Some(ALL_THE_TIME), None), "duplicate"), count);
    }

    fn every_record_is_applied_duplicate_or_late(&self) {
        let Self(Some(found)) = self else { return };
        let (wide, narrow) = (found.replay(Some(ALL_THE_TIME), None), found.replay(Some(Span::hours(1)), None));
        let all = |replayed: &Replayed| ["applied", "duplicate", "late"].map(|outcome| found.count(replayed, outcome));
        let ([applied_wide, duplicate_wide, late_wide], [applied, duplicate, late]) = (all(&wide), all(&narrow));
        assert_eq!(late_wide, 0);
        assert!(late > 0 && applied < applied_wide);
        assert_eq!(applied + duplicate + late, applied_wide + duplicate_wide);
    }
}

impl Found {
    fn replay(&self, lateness: Option<Span>, until: Option<EventTime>) -> Replayed {
        let mut configuration = Configuration::default();
        if let Some(lateness) = lateness {
            configuration.topics.iter_mut().for_each(|topic| topic.allowed_lateness = lateness);
            configuration.engine.topics.iter_mut().for_each(|topic| topic.allowed_lateness = lateness);
        }
        replay_until(&configuration, &self.inputs, until, &ProgressBar::hidden()).unwrap()
    }

    fn count(&self, replayed: &Replayed, outcome: &str) -> u64 {
        self.inputs.iter().map(|input| replayed.ledger.records(&input.topic, outcome)).sum()
    }
}

/// Expected values: instant, window, series, value.
struct Expected(BTreeMap<String, BTreeMap<String, BTreeMap<String, serde_json::Value>>>);

impl Expected {
    fn read(path: &Path) -> Self {
        let mut values: BTreeMap<String, BTreeMap<String, BTreeMap<String, serde_json::Value>>> =
            serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        for windows in values.values_mut() {
            for series in windows.values_mut() {
                series.retain(|series, _| !NOT_YET.iter().any(|family| of_family(series, family)));
            }
        }
        Self(values)
    }

    fn instants(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Runs the comparison of one instant; the error is what it said.
    fn compare(&self, comparer: &Path, replayed: &Replayed, instant: &str) -> Result<(), String> {
        let folder = tempfile::tempdir().unwrap();
        let (exposition, expected) = (folder.path().join("exposition"), folder.path().join("expected.json"));
        std::fs::write(&exposition, &replayed.exposition).unwrap();
        std::fs::write(&expected, serde_json::to_vec(&self.0).unwrap()).unwrap();
        let output = Command::new("python3").arg(comparer).args([&exposition, &expected]).arg(instant).output().unwrap();
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stdout);
        let (first, last) = (said.lines().take(25).collect::<Vec<_>>().join("\n  "), said.lines().last().unwrap_or_default());
        Err(format!("at {instant}: {last}\n  {first}\n{}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// Whether a series is of a family, in any grouping set and with any suffix of a histogram.
fn of_family(series: &str, family: &str) -> bool {
    let name = series.split('{').next().unwrap_or(series);
    name.strip_prefix(family)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("_by_") || ["_bucket", "_sum", "_count"].contains(&rest))
}

fn instant_of(text: &str) -> EventTime {
    EventTime(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}
