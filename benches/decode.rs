//! Decoding compared with a bare typed `serde_json` deserialisation of the same bytes, which decoding can hardly beat.
#![expect(missing_docs, reason = "criterion's macros make a public function without one")]

#[path = "support/bare.rs"]
mod bare;
#[path = "../tests/support/decode_settings.rs"]
mod decode_settings;

use std::fmt::Write;
use std::hint::black_box;

use bare::Bare;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use cxpulse::event::{Decoded, Kind, Record, decode};
use decode_settings::{settings, topic};
use rand::{Rng, SeedableRng, seq::IndexedRandom};

const EVENTS: usize = 2_000;

/// Events as a help desk sends them, of about 250 bytes each: the envelope, ids of realistic length, four to six dimensions, and one unknown member.
fn events() -> Vec<(Kind, String)> {
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    (0..EVENTS).map(|n| event(n, &mut random)).collect()
}

fn event(n: usize, random: &mut impl Rng) -> (Kind, String) {
    let mut pick = |choices: &[&'static str]| *choices.choose(random).expect("there are choices");
    let (kind, event_type, body) = match n % 10 {
        0 => (Kind::Tickets, "ticket.created", r#""created_by":"customer","segment":"business","customer_id":"C-@","ticket_id":"T-@""#),
        1 | 2 => (Kind::Tickets, "ticket.message", r#""author":"agent","public":true,"agent_id":"A-117","ticket_id":"T-@""#),
        3 => (Kind::Tickets, "ticket.message", r#""author":"customer","ticket_id":"T-@""#),
        4 => (Kind::Tickets, "ticket.status_changed", r#""status":"solved","agent_id":"A-117","ticket_id":"T-@""#),
        5 => (Kind::Chats, "chat.started", r#""customer_id":"C-@","chat_id":"R-@""#),
        6 => (Kind::Chats, "chat.message", r#""author":"bot","chat_id":"R-@""#),
        7 => (Kind::Surveys, "survey.responded", r#""metric":"csat","score":4,"survey_id":"S-@","ticket_id":"T-@","customer_id":"C-@""#),
        8 => (Kind::Surveys, "survey.responded", r#""metric":"nps","score":9,"survey_id":"S-@","customer_id":"C-@","scope":"experience""#),
        _ => (Kind::Customers, "customer.touchpoint", r#""customer_id":"C-@","journey_stage":"onboarding","outcome":"completed""#),
    };
    let (channel, team, priority) =
        (pick(&["email", "web", "phone"]), pick(&["billing", "technical", "returns"]), pick(&["low", "normal", "urgent"]));
    let mut text = String::new();
    write!(
        text,
        r#"{{"id":"5f2c9a7e-{n:08x}-41d0","type":"{event_type}","time":"2026-03-02T{:02}:{:02}:{:02}.{:03}Z","source":"helpdesk-eu",{},"#,
        n % 24,
        n % 60,
        n * 7 % 60,
        n * 13 % 1000,
        body.replace('@', &format!("2026-{n:07}")),
    )
    .expect("writing to memory does not fail");
    write!(text, r#""channel":"{channel}","team":"{team}","priority":"{priority}","brand":"acme","trace":"{n:012x}"}}"#).expect("as above");
    (kind, text)
}

fn decoding(criterion: &mut Criterion) {
    let events = events();
    let bytes: usize = events.iter().map(|(_, text)| text.len()).sum();
    eprintln!("{EVENTS} events of {} bytes on average", bytes / EVENTS);
    let settings = settings();
    let topics = Kind::ALL.map(topic);
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Elements(EVENTS as u64));
    group.bench_function("bare_serde_json", |bencher| {
        bencher.iter(|| {
            for (_, text) in &events {
                black_box(serde_json::from_slice::<Bare<'_, &str>>(black_box(text.as_bytes())).expect("the events are valid"));
            }
        });
    });
    group.bench_function("decode", |bencher| {
        bencher.iter(|| {
            for (kind, text) in &events {
                let record = Record { payload: Some(black_box(text.as_bytes())), ..Record::default() };
                let decoded = decode(record, &topics[*kind as usize], &settings);
                assert!(matches!(black_box(&decoded), Decoded::Event(_)));
            }
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(std::time::Duration::from_secs(4));
    targets = decoding
}
criterion_main!(benches);
