//! Decode and engine together over a week of the made organisation, beside decoding alone: events per second on one core, and what snapshot and
//! exposition cost. Run it with `cargo bench --bench engine`.
#![expect(missing_docs, reason = "criterion's macros make a public function without one")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use cxpulse::config::Configuration;
use cxpulse::engine::{Engine, PartitionGroup, Progress, RecordPlace, TopicIndex};
use cxpulse::event::{Record, decode};
use cxpulse::metrics::Exposition;
use cxpulse::organisation::{Emitted, Organisation, Profile};
use cxpulse::time::{EventTime, Span};

/// Tuesday, 2026-03-03, 10:15 UTC.
const NOW: EventTime = EventTime(1_772_532_900_000);
const GROUP: PartitionGroup = PartitionGroup(0);

fn events() -> Vec<Emitted> {
    Organisation::new(Profile::medium().busy_at(NOW), 1, NOW - Span::days(7)).take_while(|emitted| emitted.time < NOW).collect()
}

fn configuration(windows: usize) -> Configuration {
    let mut configuration = Configuration::default();
    configuration.engine.windows.truncate(windows);
    configuration.engine.trends.clear();
    configuration
}

fn decode_all(events: &[Emitted], configuration: &Configuration) {
    for (line, emitted) in events.iter().enumerate() {
        let topic = &configuration.topics[emitted.kind as usize];
        let record = Record { payload: Some(&emitted.payload), offset: line as i64, ..Record::default() };
        black_box(decode(record, topic, &configuration.decode));
    }
}

fn handle_all(events: &[Emitted], configuration: &Configuration) -> Engine {
    let mut engine = Engine::new(Arc::new(configuration.engine.clone()));
    engine.assign(GROUP);
    engine.follow_events_until(Some(EventTime::MAX));
    for topic in 0..configuration.topics.len() as u8 {
        engine.set_progress(GROUP, TopicIndex(topic), Progress { at_end: true, seen_through: NOW });
    }
    for (line, emitted) in events.iter().enumerate() {
        let topic = &configuration.topics[emitted.kind as usize];
        let record = Record { payload: Some(&emitted.payload), offset: line as i64, ..Record::default() };
        let decoded = decode(record, topic, &configuration.decode);
        let place = RecordPlace { group: GROUP, topic: TopicIndex(emitted.kind as u8), offset: line as i64, record_time: None };
        black_box(engine.handle(place, &decoded));
    }
    engine
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
