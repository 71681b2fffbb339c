//! The decoder and its pass over the text, against a second reader of JSON.

use std::cell::Cell;

use cxpulse::event::{DecodeSettings, Decoded, Headers, Kind, Reason, Record, Refusal, decode, source_in_clear};
use serde::de::IgnoredAny;

use super::script::{Tried, changed};
use super::support::corpus::cases;
use super::support::decode_settings::{settings, topic};

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = cases().into_iter().filter_map(|case| case.record.value).filter(|value| value.len() < 4_096).collect();
    seeds.dedup();
    seeds
}

/// Decodes bytes on the topic of each kind, with headers and without.
fn judge(bytes: &[u8], settings: &DecodeSettings) {
    let is_json = serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
    let headers = Headers { id: Some(bytes), kind: Some(b"ticket.created"), ..Headers::default() };
    for kind in Kind::ALL {
        for headers in [None, Some(headers)] {
            let record = Record { payload: Some(bytes), headers, ..Record::default() };
            match decode(record, &topic(kind), settings) {
                Decoded::Event(event) => {
                    assert!(is_json, "what is no JSON is no event");
                    assert!(event.time.0 >= 946_684_800_000 && event.time.0 < 4_133_980_800_000);
                }
                Decoded::Ignored => panic!("only a tombstone is ignored"),
                Decoded::Invalid(reason) => {
                    assert!(reason != Reason::Syntax || !is_json, "a fault of the grammar is one for every reader");
                    let refusal = Refusal::of(reason, record, &topic(kind), settings);
                    assert_eq!(refusal.reason, reason);
                }
            }
            let _source = source_in_clear(record, settings);
        }
    }
}

#[test]
fn decoder() {
    let (settings, seeds) = (settings(), seeds());
    let tried = Tried::by("decoder");
    bolero::check!(name = "decoder").for_each(|input: &[u8]| {
        tried.one_more();
        judge(input, &settings);
        judge(&changed(&seeds, input), &settings);
    });
}

/// Makes JSON of the bytes of an input, within all bounds. At the place of the input's first byte it repeats a name of the same object.
struct JsonWriter<'a> {
    input: &'a [u8],
    text: String,
    names: u32,
    repeats_at: u32,
    has_repeated: Cell<bool>,
}

impl JsonWriter<'_> {
    fn next(&mut self) -> u8 {
        let [first, rest @ ..] = self.input else { return 0 };
        self.input = rest;
        *first
    }

    fn value(&mut self, depth: u32) {
        match self.next() % if depth < 28 { 10 } else { 8 } {
            0 => self.text.push_str("null"),
            1 => self.text.push_str("true"),
            2 => {
                let number = self.next();
                self.text.push_str(&format!("-{number}.{number}e{number}"));
            }
            3 => {
                let byte = self.next();
                self.text.push_str(&format!("\"\\u{:04x}\\\\\\\"\"", 0x20 + u32::from(byte)));
            }
            4 => self.text.push_str("\"\u{e9}\u{4e2d}\u{1f600}\""),
            5 => self.text.push_str("[ ]"),
            6 => self.text.push_str("{\t}"),
            7 => self.text.push('0'),
            8 => {
                self.text.push('[');
                for at in 0..1 + self.next() % 5 {
                    if at > 0 {
                        self.text.push(',');
                    }
                    self.value(depth + 1);
                }
                self.text.push(']');
            }
            _ => self.object(depth),
        }
    }

    fn object(&mut self, depth: u32) {
        self.text.push('{');
        for at in 0..1 + self.next() % 9 {
            if at > 0 {
                self.text.push(',');
            }
            self.names += 1;
            let is_repeated = at > 0 && !self.has_repeated.get() && self.names >= self.repeats_at;
            if is_repeated {
                self.has_repeated.set(true);
                // The same name, spelled in another way.
                self.text.push_str("\"\\u006e0\":");
            } else {
                self.text.push_str(&format!("\"n{at}\" : "));
            }
            self.value(depth + 1);
        }
        self.text.push('}');
    }
}

#[test]
fn scan() {
    let settings = settings();
    let tried = Tried::by("scan");
    bolero::check!(name = "scan").for_each(|input: &[u8]| {
        tried.one_more();
        let repeats_at = input.first().map_or(u32::MAX, |first| if *first < 128 { u32::from(*first) } else { u32::MAX });
        let input = &input[input.len().min(1)..input.len().min(400)];
        let mut writer = JsonWriter { input, text: String::new(), names: 0, repeats_at, has_repeated: Cell::new(false) };
        writer.value(2);
        let text = format!(r#"{{"x":{},"id":"e1","type":"ticket.created","time":1772442000000,"ticket_id":"T1"}}"#, writer.text);
        let record = Record { payload: Some(text.as_bytes()), ..Record::default() };
        let decoded = decode(record, &topic(Kind::Tickets), &settings);
        if writer.has_repeated.get() {
            assert!(matches!(decoded, Decoded::Invalid(Reason::DuplicateKey)), "{text}");
        } else {
            assert!(matches!(decoded, Decoded::Event(_)), "{text}");
        }
    });
}
