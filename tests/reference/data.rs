//! The model against published data sets: their expected values were computed by somebody else, from the same definitions.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use cxpulse::event::{Decoded, Kind, Record, decode};
use flate2::read::GzDecoder;
use serde_json::Value as Json;

use super::model;
use super::outcome::{Arrival, judge};
use super::product::configuration;
use super::reader::{self, millis};
use super::series::{Series, Value, near};
use super::setup::settings;
use super::sheet::Values;

/// The folder of a set, or `None` with a message when there are no sets.
fn folder(set: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("CXPULSE_DATA") else {
        eprintln!("left out: CXPULSE_DATA does not name the folder of the data sets");
        return None;
    };
    Some(Path::new(&root).join(set))
}

fn arrivals(folder: &Path) -> Vec<Arrival> {
    let mut out = Vec::new();
    for (topic, kind) in Kind::ALL.iter().enumerate() {
        let Ok(file) = File::open(folder.join(format!("{}.jsonl.gz", kind.name()))) else { continue };
        for line in BufReader::new(GzDecoder::new(file)).split(b'\n') {
            let mut line = line.expect("a readable file");
            line.truncate(line.len() - usize::from(line.ends_with(b"\r")));
            out.push(Arrival { group: 0, topic, line, record_time: None });
        }
    }
    assert!(!out.is_empty(), "no events in {}", folder.display());
    out
}

fn json(path: &Path) -> Json {
    let mut text = String::new();
    File::open(path).and_then(|mut file| file.read_to_string(&mut text)).expect("a readable file");
    serde_json::from_str(&text).expect("JSON")
}

fn model_agrees_with(set: &str) {
    let Some(folder) = folder(set) else { return };
    let (arrivals, settings) = (arrivals(&folder), settings());
    let mut compared = 0;
    for (at, windows) in json(&folder.join("expected.json")).as_object().expect("times") {
        let now = millis(at).expect("a time");
        let judged = judge(&arrivals, &settings, now);
        let values = model::values_of(&judged.applied, &settings, now);
        let faults = faults(&values, windows, &mut compared);
        let shown: Vec<_> = faults.iter().take(20).collect();
        assert!(faults.is_empty(), "{set} at {at}: {} differ, such as\n{shown:#?}", faults.len());
    }
    assert!(compared > 100, "{set}: only {compared} series compared");
}

fn faults(values: &Values, windows: &Json, compared: &mut usize) -> Vec<String> {
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

fn agrees(got: Option<&Value>, want: &Json, series: &Series) -> bool {
    match (got, want) {
        (None | Some(Value::Absent), Json::Null) => true,
        (None, _) => want.as_f64() == Some(0.0) && series.is_labelled(),
        (Some(&Value::Quantile { exact, below, above }), Json::Object(parts)) => {
            let part = |name: &str, ms: i64| parts.get(name).and_then(Json::as_f64).is_some_and(|x| (x * 1000.0).round() as i64 == ms);
            part("exact", exact) && part("below", below) && part("above", above)
        }
        (Some(value), _) => match (value.number(), want.as_f64()) {
            (Some(got), Some(want)) => near(got, want),
            _ => false,
        },
    }
}

#[test]
fn model_agrees_with_torture() {
    model_agrees_with("torture");
}

#[test]
fn model_agrees_with_support_day() {
    model_agrees_with("support_day");
}

#[test]
fn model_agrees_with_chat_rooms() {
    model_agrees_with("chat_rooms");
}

#[test]
fn model_agrees_with_italian_helpdesk() {
    model_agrees_with("italian_helpdesk");
}

#[test]
fn model_agrees_with_ecommerce_csat() {
    model_agrees_with("ecommerce_csat");
}

#[test]
fn model_agrees_with_subscriptions_maven() {
    model_agrees_with("subscriptions_maven");
}

#[test]
fn decoder_and_second_reader_agree_on_every_record() {
    let configuration = configuration(&settings());
    for set in ["torture", "support_day", "italian_helpdesk", "subscriptions_maven"] {
        let Some(folder) = folder(set) else { return };
        for Arrival { topic, line, .. } in arrivals(&folder) {
            let record = Record { payload: Some(&line), ..Record::default() };
            let topic = &configuration.topics[topic];
            let decoded = match decode(record, topic, &configuration.decode) {
                Decoded::Event(event) => Ok(event.time.0),
                Decoded::Invalid(reason) => Err(reason.name()),
                Decoded::Ignored => Err("ignored"),
            };
            let read = reader::read(&line, &topic.name, topic.kind).map(|event| event.time);
            assert_eq!(decoded, read, "{set} {}: {}", topic.name, String::from_utf8_lossy(&line));
        }
    }
}

#[test]
fn model_gives_every_record_of_torture_its_outcome() {
    let Some(folder) = folder("torture") else { return };
    let ledger = judge(&arrivals(&folder), &settings(), i64::MAX).ledger;
    let expected = json(&folder.join("expected_ledger.json"));
    let series = expected.as_object().and_then(|times| times.values().next()).and_then(|t| t.get("now")).and_then(Json::as_object);
    let mut refusals = 0;
    for (text, want) in series.expect("one time") {
        let (series, _) = Series::parse(text).expect("a series");
        let counts = if series.name == "cx_events_total" { &ledger.outcomes } else { &ledger.reasons };
        let what = series.label("outcome").or_else(|| series.label("reason")).expect("an outcome or a reason");
        let got = counts.iter().find(|((topic, name), _)| series.label("topic") == Some(topic) && *name == what).map_or(0, |(_, n)| *n);
        assert_eq!(Some(got), want.as_u64(), "{text}");
        refusals += usize::from(series.name == "cx_events_invalid_total");
    }
    assert_eq!(ledger.reasons.len(), refusals, "reasons that nobody expects: {:?}", ledger.reasons);
}
