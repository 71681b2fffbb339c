//! The model against cases made after public reports, alone: small inputs with the values that must come out and why.

use std::fs;
use std::path::{Path, PathBuf};

use cxpulse::engine::{EngineTopic, Rule, TimeTarget};
use cxpulse::event::{Kind, Status};
use cxpulse::time::Span;
use serde_json::Value as Json;

use super::against_data::{agrees, json};
use super::instant::millis;
use super::model::values_of;
use super::outcome::{Arrival, Ledger, judge};
use super::reader::read;
use super::series::{Series, Value};
use super::setup::{Setup, setup, status};

/// Families about the product itself, of which the model knows nothing.
const NOT_THE_MODELS: [&str; 3] = ["cx_series_overflow_total", "cx_events_orphaned_total", "cx_backlog_complete"];

/// The folder of the cases, or `None` with a message when there is none.
fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("CXPULSE_CASES_DIR").map(PathBuf::from);
    let beside = || Some(Path::new(&std::env::var_os("CXPULSE_DATA")?).join("../cases"));
    let found = named.or_else(beside).filter(|folder| folder.is_dir());
    if found.is_none() {
        eprintln!("left out: neither CXPULSE_CASES_DIR nor a folder `cases` beside CXPULSE_DATA");
    }
    found
}

#[test]
fn model_agrees_with_every_case() {
    let Some(root) = folder() else { return };
    let mut cases: Vec<PathBuf> = fs::read_dir(root).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    cases.retain(|case| case.join("check.json").is_file());
    cases.sort();
    let mut wrong = Vec::new();
    for case in &cases {
        let name = case.file_name().expect("a name").to_string_lossy().into_owned();
        let (mut held, mut all, mut others) = (0, 0, 0);
        let checks = json(&case.join("check.json"));
        for check in checks["checks"].as_array().expect("checks") {
            let Some(expected) = check["expect"].as_object().filter(|_| check["command"].is_null()) else { continue };
            let run = Run::of(case, check);
            for (text, want) in expected {
                let (series, _) = Series::parse(text).expect("a series");
                if NOT_THE_MODELS.contains(&series.name.as_str()) {
                    others += 1;
                    continue;
                }
                all += 1;
                let got = run.value(&series);
                // The decimals of a case are written to nine places.
                let number = got.as_ref().and_then(Value::number).zip(want.as_f64());
                let is_near = number.is_some_and(|(got, want)| want.fract() != 0.0 && (got - want).abs() <= 1e-6 * want.abs());
                if is_near || agrees(got.as_ref(), want, &series) || (got.is_none() && want == 0) {
                    held += 1;
                } else {
                    wrong.push(format!("{name}, {}: {series}: expected {want}, the model has {got:?}", check["name"]));
                }
            }
        }
        println!("{name}: {held} of {all} values hold; {others} are about the product itself");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(cases.len() >= 17, "only {} cases", cases.len());
}

/// What the model makes of one run.
struct Run {
    values: super::sheet::Values,
    ledger: Ledger,
}

impl Run {
    fn of(case: &Path, check: &Json) -> Self {
        let mut setup = setup();
        if let Some(file) = check["config"].as_str() {
            configure(&mut setup, &fs::read_to_string(case.join(file)).expect("a configuration"));
        }
        let args: Vec<&str> = check["args"].as_array().expect("arguments").iter().filter_map(Json::as_str).collect();
        let mut arrivals: Vec<(i64, Arrival)> = Vec::new();
        let mut now = 0;
        for pair in args.chunks(2) {
            match pair {
                ["--input", input] => {
                    let (topic, file) = input.split_once('=').expect("a topic and a file");
                    let topic = setup.topics.iter().position(|t| t.name == topic).expect("a configured topic");
                    let text = fs::read(case.join(file)).expect("an input");
                    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
                    arrivals.extend(lines.map(|line| (0, Arrival { group: 0, topic, line: line.to_vec(), record_time: None })));
                }
                ["--at", at] => now = millis(at).expect("a time"),
                _ => panic!("an argument that nobody knows: {pair:?}"),
            }
        }
        // Several files of one topic are merged by event time; what cannot be read stays where it is.
        let mut latest = vec![i64::MIN; setup.topics.len()];
        let has_several = |topic: usize| args.iter().filter(|arg| arg.starts_with(&format!("{}=", setup.topics[topic].name))).count() > 1;
        for (time, arrival) in &mut arrivals {
            let topic = &setup.topics[arrival.topic];
            if has_several(arrival.topic) {
                latest[arrival.topic] = read(&arrival.line, &topic.name, topic.kind).map_or(latest[arrival.topic], |event| event.time);
                *time = latest[arrival.topic];
            }
        }
        arrivals.sort_by_key(|(time, arrival)| (arrival.topic, *time));
        let arrivals: Vec<Arrival> = arrivals.into_iter().map(|(_, arrival)| arrival).collect();
        let judged = judge(&arrivals, &setup, now);
        Self { values: values_of(&judged.applied, &setup, now), ledger: judged.ledger }
    }

    fn value(&self, series: &Series) -> Option<Value> {
        let topic = || series.label("topic").unwrap_or_default().to_owned();
        let count = |counts: &std::collections::BTreeMap<(String, &'static str), u64>, what: &str| {
            let found = counts.iter().find(|((of, name), _)| *of == topic() && Some(*name) == series.label(what));
            Some(Value::Count(found.map_or(0, |(_, n)| *n as i64)))
        };
        match series.name.as_str() {
            "cx_events_total" => count(&self.ledger.outcomes, "outcome"),
            "cx_events_invalid_total" => count(&self.ledger.reasons, "reason"),
            _ => self.values.get(series).cloned(),
        }
    }
}

/// Takes over what a configuration says of topics, targets, renames and matters.
fn configure(setup: &mut Setup, text: &str) {
    let file: toml::Table = text.parse().expect("TOML");
    if let Some(topics) = file.get("topics").and_then(|topics| topics.as_array()) {
        setup.topics.clear();
        for topic in topics {
            let member = |name: &str| topic.get(name).and_then(|value| value.as_str());
            let kind = Kind::ALL.into_iter().find(|kind| Some(kind.name()) == member("kind")).expect("a kind");
            let allowed_lateness = member("allowed_lateness").map_or(Span::hours(1), span);
            let feed_name = member("feed").unwrap_or_default();
            let feed = setup.feeds.iter().position(|known| known == feed_name).unwrap_or(setup.feeds.len()) as u8;
            setup.topics.push(EngineTopic {
                name: member("name").expect("a name").to_owned(),
                kind,
                feed,
                allowed_lateness,
                feed_began: None,
            });
            setup.feeds.push(feed_name.to_owned());
        }
    }
    let tables = |name: &str| file.get(name).and_then(|table| table.as_table()).cloned().unwrap_or_default();
    for (feed, table) in tables("feeds") {
        if table.get("customer_ids").and_then(|value| value.as_str()) == Some("own") {
            setup.own_customers.push(feed);
        }
    }
    for (target, table) in tables("targets") {
        let within = span(table.get("within").and_then(|value| value.as_str()).expect("within"));
        let value = TimeTarget { within, share: 0.9, is_business: false };
        let rules = vec![Rule { conditions: Vec::new(), value }];
        let pauses = table.get("pauses").and_then(|value| value.as_array()).into_iter().flatten();
        let pauses: Vec<Status> = pauses.filter_map(|value| value.as_str().and_then(status)).collect();
        match target.as_str() {
            "first_response" => (setup.targets.first_response.rules, setup.targets.pauses.first_response) = (rules, pauses),
            "next_response" => (setup.targets.next_response.rules, setup.targets.pauses.next_response) = (rules, pauses),
            "resolution" => (setup.targets.resolution.rules, setup.targets.pauses.resolution) = (rules, pauses),
            _ => setup.targets.chat_wait.rules = rules,
        }
    }
    for (dimension, table) in tables("dimensions") {
        let renames = table.get("renames").and_then(|value| value.as_table()).cloned().unwrap_or_default();
        let renames = renames.into_iter().map(|(from, to)| (from, to.as_str().expect("a name").to_owned()));
        setup.renames.insert(dimension, renames.collect());
    }
    let setting = |table: &str, name: &str| tables(table).get(name).and_then(|value| value.as_str()).map(str::to_owned);
    setup.new_matter_after = setting("tickets", "new_matter_after").map(|text| span(&text));
    setup.first_response_from_creation = setting("first_response", "from").as_deref() == Some("creation");
}

/// A length of time such as `30h`.
fn span(text: &str) -> Span {
    let (number, unit) = text.split_at(text.len() - 1);
    let number: i64 = number.parse().expect("a number");
    match unit {
        "s" => Span::seconds(number),
        "m" => Span::minutes(number),
        "h" => Span::hours(number),
        _ => Span::days(number),
    }
}
