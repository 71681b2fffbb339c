//! Heap memory of decoding: none for the events of the contract, and never more than four times the size of the input.
#![expect(unsafe_code, reason = "an allocator that counts can only be put in by an unsafe implementation")]

#[path = "support/decode_settings.rs"]
mod decode_settings;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use cxpulse::event::{Decoded, Kind, Record, decode};
use decode_settings::{settings, topic};
use proptest::prelude::*;

/// The system's allocator, with counters for each thread.
struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        LIVE.set(LIVE.get() + layout.size());
        PEAK.set(PEAK.get().max(LIVE.get()));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get().saturating_sub(layout.size()));
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The number of allocations of decoding, and the largest number of bytes that were allocated at once.
fn allocations(kind: Kind, payload: &[u8]) -> (usize, usize) {
    let (settings, topic) = (settings(), topic(kind));
    let record = Record { payload: Some(payload), ..Record::default() };
    let (count, live) = (COUNT.get(), LIVE.get());
    PEAK.set(live);
    let decoded = decode(record, &topic, &settings);
    let made = (COUNT.get() - count, PEAK.get() - live);
    drop(decoded);
    made
}

#[test]
fn events_of_the_contract_are_decoded_without_allocating() {
    for (kind, text) in [
        (
            Kind::Tickets,
            r#"{"id":"e1","type":"ticket.created","time":"2026-03-02T09:00:00Z","source":"desk","ticket_id":"T1","customer_id":"C9","agent_id":"A1",
                "channel":"email","team":"9","priority":"high","segment":"vip","created_by":"agent","note":{"free":["text",{"n":1}]},"x":1.5}"#,
        ),
        (
            Kind::Surveys,
            r#"{"specversion":"1.0","id":"e1","type":"survey.responded","time":1772442000000,"data":{"metric":"ces","score":4.25,"scale_min":1,
                "scale_max":5,"direction":"ease","ticket_id":"T1","chat_id":"R1","customer_id":"C9","survey_id":"S1"}}"#,
        ),
        (Kind::Tickets, r#"{"id":"e1","id":"e2"}"#),
        (Kind::Tickets, "{"),
    ] {
        assert_eq!(allocations(kind, text.as_bytes()), (0, 0), "{text}");
    }
    let (count, _) = allocations(Kind::Chats, br#"{"id":"e\u0031","type":"chat.ended","time":1772442000000,"chat_id":"R1"}"#);
    assert!(count > 0, "the count counts");
}

#[test]
fn hostile_input_takes_at_most_four_times_its_size() {
    let names = |count: usize, escape: &str| (0..count).map(|n| format!("\"{escape}{n:x}\":1")).collect::<Vec<_>>().join(",");
    let nested = (0..30).fold(format!("{{{}}}", names(250, "")), |inner, _| format!("{{{},\"x\":{inner}}}", names(250, "")));
    for text in [
        nested,
        format!("{{{}}}", names(65, "")),
        format!("{{{}}}", names(129, "")),
        format!("{{{}}}", names(256, "\\n")),
        format!("{{\"team\":\"{}\"}}", "\\n".repeat(120_000)),
        format!("{{\"id\":\"a\",\"type\":\"{}\"}}", "\\u0061".repeat(40_000)),
        format!("{{\"id\":\"{}\"}}", "\\\\".repeat(120_000)),
        format!("{{\"id\":\"a\",\"type\":\"ticket.created\",\"time\":\"{}\"}}", "\\n1".repeat(80_000)),
    ] {
        let (_, peak) = allocations(Kind::Tickets, text.as_bytes());
        assert!(peak <= 4 * text.len(), "{peak} bytes for {} of {}", text.len(), &text[..60]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_048))]

    #[test]
    fn any_bytes_take_at_most_four_times_their_size(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "\\{(\"[a-z\\\\nu0-9]{0,9}\":(1|\"\\\\n\"),?){0,30}\\}") {
        for input in [bytes.as_slice(), text.as_bytes()] {
            prop_assert!(allocations(Kind::Tickets, input).1 <= 4 * input.len());
        }
    }

    #[test]
    fn an_event_with_escapes_takes_at_most_four_times_its_size(id in "(\\\\n|\\\\u00e9|x){1,60}", team in "(\\\\n|\\\\u00e9|x){1,60}") {
        let text = format!(r#"{{"id":"{id}","type":"ticket.cr\u0065ated","time":"2026-03-02T09:00:00\u005a","ticket_id":"{id}","team":"{team}"}}"#);
        prop_assert!(allocations(Kind::Tickets, text.as_bytes()).1 <= 4 * text.len());
        let record = Record { payload: Some(text.as_bytes()), ..Record::default() };
        prop_assert!(!matches!(decode(record, &topic(Kind::Tickets), &settings()), Decoded::Ignored));
    }
}
