//! Mapping compared with parsing alone: each shipped feed over its own examples, in CPU time of one thread.
//!
//! `cargo bench --bench feed` prints a table; the ratio of a feed says how many times parsing its payloads costs.

use std::hint::black_box;
use std::time::Duration;

use cpu_time::ThreadTime;
use cxpulse::event::DecodeSettings;
use cxpulse::feed::{Example, Feed, FeedSettings, Payload, SHIPPED, STACK_BYTES, ShippedFeed, Tables};
use cxpulse::time::EventTime;

/// How long each measurement takes, at least.
const MEASURED: Duration = Duration::from_millis(400);
/// So many measurements of each are made in turn; their median counts.
const ROUNDS: usize = 5;

fn main() {
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(measure_all).expect("a thread");
    thread.join().expect("the measurement ends");
}

fn measure_all() {
    println!("{:<18} {:>8} {:>10} {:>12} {:>12} {:>7}", "feed", "bytes", "events", "parsed/s", "mapped/s", "ratio");
    for shipped in SHIPPED {
        measure(shipped);
    }
}

/// Prints the line of one feed.
fn measure(shipped: &ShippedFeed) {
    let examples = examples(shipped.name);
    let mut tables = Tables::default();
    for example in &examples {
        for (table, entries) in &example.tables {
            entries.iter().for_each(|(key, value)| tables.set(table, key, value));
        }
    }
    let settings = FeedSettings { tables, ..FeedSettings::new(shipped.name, shipped.program, shipped.name, shipped.key) };
    let feed = Feed::new(settings, decode_settings()).expect("a shipped feed compiles");
    let payloads: Vec<String> =
        examples.iter().filter(|example| !example.payload.is_null()).map(|example| example.payload.to_string()).collect();
    let map = |text: &String| {
        let payload =
            Payload { value: Some(text.as_bytes()), timestamp: Some(EventTime(1_772_443_530_000)), topic: "bench", ..Payload::default() };
        feed.map(&payload, &|| false)
    };
    let events: usize = payloads.iter().map(|text| map(text).events.len()).sum();
    let bytes: usize = payloads.iter().map(String::len).sum();
    let (mut parsing, mut mapping) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        parsing.push(seconds_of(&payloads, |text| drop(black_box(serde_json::from_slice::<serde_json::Value>(text.as_bytes())))));
        mapping.push(seconds_of(&payloads, |text| drop(black_box(map(text)))));
    }
    let (parsing, mapping) = (median(&mut parsing), median(&mut mapping));
    println!(
        "{:<18} {:>8} {:>10.2} {:>12.0} {:>12.0} {:>7.1}",
        shipped.name,
        bytes / payloads.len(),
        events as f64 / payloads.len() as f64,
        1.0 / parsing,
        1.0 / mapping,
        mapping / parsing
    );
}

/// The CPU time of one call, in seconds.
fn seconds_of(payloads: &[String], mut call: impl FnMut(&String)) -> f64 {
    let begun = ThreadTime::now();
    let mut calls = 0_u32;
    while begun.elapsed() < MEASURED {
        payloads.iter().for_each(&mut call);
        calls += u32::try_from(payloads.len()).expect("a few payloads");
    }
    begun.elapsed().as_secs_f64() / f64::from(calls)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn examples(feed: &str) -> Vec<Example> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/feeds").join(feed).join("examples");
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a text");
        Example::parse(&text).expect("an example")
    };
    std::fs::read_dir(folder).expect("the examples").map(read).collect()
}

fn decode_settings() -> DecodeSettings {
    let mut decode = cxpulse::config::Configuration::default().decode;
    decode.ces_ease = Some(true);
    decode
}
