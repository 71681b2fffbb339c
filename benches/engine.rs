//! Decode and engine over a week of the synthetic organisation, compared with decoding alone: events per second on one core, and the cost of snapshot
//! and exposition. Run it with `cargo bench --bench engine`.
#![expect(missing_docs, reason = "criterion's macros make a public function without one")]

#[allow(dead_code, reason = "shared with tests that drive an engine in other ways")]
#[path = "../tests/support/engine_driver.rs"]
mod engine_driver;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use cxpulse::config::Configuration;
use cxpulse::engine::Engine;
use cxpulse::event::{Record, decode};
use cxpulse::metrics::Exposition;
use cxpulse::organisation::{GeneratedEvent, Organisation, Profile};
use cxpulse::time::{EventTime, Span};
use engine_driver::EngineDriver;

/// Tuesday, 2026-03-03, 10:15 UTC.
const NOW: EventTime = EventTime(1_772_532_900_000);

fn events() -> Vec<GeneratedEvent> {
    Organisation::new(Profile::medium().busy_at(NOW), 1, NOW - Span::days(7)).take_while(|emitted| emitted.time < NOW).collect()
}

fn configuration(windows: usize) -> Configuration {
    let mut configuration = Configuration::default();
    configuration.engine.windows.truncate(windows);
    configuration.engine.trends.clear();
    configuration
}

fn decode_all(events: &[GeneratedEvent], configuration: &Configuration) {
    for (line, emitted) in events.iter().enumerate() {
        let topic = &configuration.topics[emitted.kind as usize];
        let record = Record { payload: Some(&emitted.payload), offset: line as i64, ..Record::default() };
        black_box(decode(record, topic, &configuration.decode));
    }
}

fn handle_all(events: &[GeneratedEvent], configuration: &Configuration) -> Engine {
    let mut driver = EngineDriver::at_end(configuration.clone(), NOW);
    for emitted in events {
        black_box(driver.take(emitted.kind as u8, &emitted.payload));
    }
    driver.engine
}

fn engine(criterion: &mut Criterion) {
    let events = events();
    let mut group = criterion.benchmark_group("week");
    group.sample_size(10).throughput(Throughput::Elements(events.len() as u64));
    let default = configuration(5);
    group.bench_function("decode", |bencher| bencher.iter(|| decode_all(&events, &default)));
    for windows in [1, 5] {
        let configuration = configuration(windows);
        group
            .bench_function(format!("decode_and_engine/{windows}_windows"), |bencher| bencher.iter(|| handle_all(&events, &configuration)));
    }
    group.finish();

    let mut loaded = handle_all(&events, &default);
    let exposition = Exposition::new(&default);
    let mut text = String::new();
    exposition.render(&loaded.snapshot(), &mut text);
    eprintln!("the exposition has {} lines", text.lines().count());
    let mut group = criterion.benchmark_group("scrape");
    group.sample_size(20);
    group.bench_function("snapshot", |bencher| bencher.iter(|| black_box(loaded.snapshot())));
    let snapshot = loaded.snapshot();
    group.bench_function("render", |bencher| {
        bencher.iter(|| {
            text.clear();
            exposition.render(black_box(&snapshot), &mut text);
        });
    });
    group.finish();
}

criterion_group!(benches, engine);
criterion_main!(benches);
