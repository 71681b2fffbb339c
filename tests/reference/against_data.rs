//! The model against published data sets, alone: their expected values were computed by somebody else, from the same definitions.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use cxpulse::event::Kind;
use cxpulse::time::Span;
use flate2::read::GzDecoder;
use serde_json::Value as Json;

use super::instant::millis;
use super::model;
use super::outcome::{Arrival, judge};
use super::series::{Series, Value, near};
use super::setup::setup;
use super::sheet::Values;

/// The folder of a set, or `None` with a message when there are no sets.
pub(crate) fn folder(set: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("CXPULSE_DATA") else {
        eprintln!("left out: CXPULSE_DATA does not name the folder of the data sets");
        return None;
    };
    Some(Path::new(&root).join(set))
}

/// The records of a set in the order of its files, `raw` in that of the published files.
pub(crate) fn arrivals(folder: &Path, raw: bool) -> Vec<Arrival> {
    let mut out = Vec::new();
    let suffix = if raw { ".raw" } else { "" };
    for (topic, kind) in Kind::ALL.iter().enumerate() {
        let Ok(file) = File::open(folder.join(format!("{}{suffix}.jsonl.gz", kind.name()))) else { continue };
        for line in BufReader::new(GzDecoder::new(file)).split(b'\n') {
            let mut line = line.expect("a readable file");
            line.truncate(line.len() - usize::from(line.ends_with(b"\r")));
            out.push(Arrival { group: 0, topic, line, record_time: None });
        }
    }
    assert!(!out.is_empty(), "no events in {}", folder.display());
    out
}

/// A file of JSON.
pub(crate) fn json(path: &Path) -> Json {
    let mut text = String::new();
    File::open(path).and_then(|mut file| file.read_to_string(&mut text)).expect("a readable file");
    serde_json::from_str(&text).expect("JSON")
}

fn model_agrees_with(set: &str, raw: bool) {
    let Some(folder) = folder(set) else { return };
    let (arrivals, mut setup) = (arrivals(&folder, raw), setup());
    for topic in &mut setup.topics {
        // The raw files are far out of order.
        topic.allowed_lateness = if raw { Span::days(10_000) } else { topic.allowed_lateness };
    }
    let (mut compared, mut wrong) = (0, Vec::new());
    for (at, windows) in json(&folder.join("expected.json")).as_object().expect("times") {
        let now = millis(at).expect("a time");
        let judged = judge(&arrivals, &setup, now);
        let values = model::values_of(&judged.applied, &setup, now);
        let faults = faults(&values, windows, &mut compared);
        wrong.extend(faults.into_iter().map(|fault| format!("at {at} {fault}")));
    }
    println!("{set}: {} of {compared} values hold", compared - wrong.len());
    let shown: Vec<_> = wrong.iter().take(40).collect();
    assert!(wrong.is_empty(), "{set}: {} of {compared} differ, such as\n{shown:#?}", wrong.len());
    assert!(compared > 100, "{set}: only {compared} series compared");
}

pub(crate) fn faults(values: &Values, windows: &Json, compared: &mut usize) -> Vec<String> {
    let mut out = Vec::new();
    for (window, expected) in windows.as_object().expect("windows") {
        for (text, want) in expected.as_object().expect("series") {
            let with_window = text.replace('}', &format!(",window=\"{window}\"}}"));
            let text = if window == "now" { text } else { &with_window };
            let (series, _) = Series::parse(text).expect("a series");
            *compared += 1;
            let got = values.get(&series);
            if !agrees(got, want, &series) {
                out.push(format!("{series}: expected {want}, the model has {got:?}"));
            }
        }
    }
    out
}

/// Whether a value of the model is the expected one.
pub(crate) fn agrees(got: Option<&Value>, want: &Json, series: &Series) -> bool {
    match (got, want) {
        (None | Some(Value::Absent), Json::Null) => true,
        (None, _) => {
            want.as_f64() == Some(0.0) && (series.is_labelled() || series.name.ends_with("_count") || series.name.ends_with("_sum"))
        }
        (Some(&Value::Quantile { exact, below, above }), Json::Object(parts)) => {
            let part = |name: &str, ms: i64| parts.get(name).and_then(Json::as_f64).is_some_and(|x| (x * 1000.0).round() as i64 == ms);
            part("exact", exact) && part("below", below) && part("above", above)
        }
        // Equal efforts on different scales are ties here, and not always in floating point.
        (Some(Value::Correlation { exact, .. }), _) => want.as_f64().is_some_and(|want| (exact - want).abs() < 1e-4),
        (Some(value), _) => match (value.number(), want.as_f64()) {
            (Some(got), Some(want)) => near(got, want),
            _ => false,
        },
    }
}

#[test]
fn model_agrees_with_torture() {
    model_agrees_with("torture", false);
}

#[test]
fn model_agrees_with_support_day() {
    model_agrees_with("support_day", false);
}

#[test]
fn model_agrees_with_chat_rooms() {
    model_agrees_with("chat_rooms", false);
}

#[test]
fn model_agrees_with_chat_rooms_in_published_order() {
    model_agrees_with("chat_rooms", true);
}

#[test]
fn model_agrees_with_italian_helpdesk() {
    model_agrees_with("italian_helpdesk", false);
}

#[test]
fn model_agrees_with_italian_helpdesk_in_published_order() {
    model_agrees_with("italian_helpdesk", true);
}

#[test]
fn model_agrees_with_ecommerce_csat() {
    model_agrees_with("ecommerce_csat", false);
}

#[test]
fn model_agrees_with_subscriptions_maven() {
    model_agrees_with("subscriptions_maven", false);
}

#[test]
fn model_gives_every_record_of_torture_its_outcome() {
    let Some(folder) = folder("torture") else { return };
    let ledger = judge(&arrivals(&folder, false), &setup(), i64::MAX).ledger;
    let expected = json(&folder.join("expected_ledger.json"));
    let series = expected.as_object().and_then(|times| times.values().next()).and_then(|t| t.get("now")).and_then(Json::as_object);
    let mut refusals = 0;
    let series = series.expect("one time");
    for (text, want) in series {
        let (series, _) = Series::parse(text).expect("a series");
        let counts = if series.name == "cx_events_total" { &ledger.outcomes } else { &ledger.reasons };
        let what = series.label("outcome").or_else(|| series.label("reason")).expect("an outcome or a reason");
        let got = counts.iter().find(|((topic, name), _)| series.label("topic") == Some(topic) && *name == what).map_or(0, |(_, n)| *n);
        assert_eq!(Some(got), want.as_u64(), "{text}");
        refusals += usize::from(series.name == "cx_events_invalid_total");
    }
    println!("torture ledger: {0} of {0} values hold", series.len());
    assert_eq!(ledger.reasons.len(), refusals, "reasons that nobody expects: {:?}", ledger.reasons);
}
