//! Lines that were changed at random: the product's decoder and the second reader agree on every one, down to the reason of a refusal.

use cxpulse::event::{Decoded, Kind, Record, decode};
use proptest::prelude::*;

use super::config::config;
use super::product::configuration;
use super::reader::read;
use super::setup::setup;

/// Good lines with all that a line may hold.
const LINES: [(usize, &str); 13] = [
    (
        0,
        r#"{"id":"e","type":"ticket.created","time":"2025-03-03T10:00:00Z","ticket_id":"T","customer_id":"C","created_by":"agent","team":"a"}"#,
    ),
    (
        0,
        r#"{"id":"e","type":"ticket.message","time":1741000000000,"source":"s","ticket_id":"T","author":"agent","public":false,"automated":true}"#,
    ),
    (
        0,
        r#"{"id":"e","type":"ticket.status_changed","time":"2025-03-03T10:00:00.123456+05:30","ticket_id":"T","status":"on_hold","x":[1,{"y":null}]}"#,
    ),
    (0, r#"{"specversion":"1.0","id":"e","type":"ticket.assigned","time":1741000000000,"data":{"ticket_id":"T","reason":"transfer"}}"#),
    (0, r#"{"id":"e","type":"ticket.merged","time":1741000000000,"ticket_id":"T","into_ticket_id":"U"}"#),
    (1, r#"{"id":"e","type":"chat.message","time":1741000000000,"chat_id":"R","author":"customer"}"#),
    (2, r#"{"id":"e","type":"survey.sent","time":1741000000000,"survey_id":"S","metric":"ces","ticket_id":"T","channel":"email"}"#),
    (
        2,
        r#"{"id":"e","type":"survey.responded","time":1741000000000,"metric":"ces","score":3.5,"direction":"ease","scale_min":1,"scale_max":5}"#,
    ),
    (2, r#"{"id":"e","type":"survey.responded","time":1741000000000,"metric":"nps","score":9,"scope":"service","chat_id":"R"}"#),
    (3, r#"{"id":"e","type":"customer.touchpoint","time":1741000000000,"customer_id":"C","journey_stage":"use","outcome":"failed"}"#),
    (3, r#"{"id":"e","type":"customer.active","time":1741000000000,"customer_id":"C","value":49.9,"segment":"a"}"#),
    (1, r#"{"id":"e","type":"change.marked","time":1741000000000,"name":"new macros","team":"a","withdrawn":true}"#),
    (3, r#"{"specversion":"1.0","id":"e","type":"change.marked","time":1741000000000,"data":{"name":" Zu\u0308rich "}}"#),
];

/// Pieces that break a line, or nearly.
const PIECES: [&str; 44] = [
    "",
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    " ",
    "\n",
    "null",
    "true",
    "false",
    "0",
    "1",
    "-",
    ".",
    "5.0",
    "-1",
    "11",
    "\\",
    "\\u0041",
    "é",
    "\"id\":\"f\",",
    "\"score\":4,",
    "\"value\":1000000000001,",
    "\"value\":\"\",",
    "\"type\":\"chat.ended\",",
    "\"time\":\"2025-02-30T00:00:00Z\",",
    "\"ticket_id\":null,",
    "\"name\":\" \",",
    "\"type\":\"change.marked\",",
    "\\u202e",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "\"specversion\":\"1.0\",",
    "\"data\":{},",
    "\"\"",
    "{}",
    "[]",
    "agent",
    "spam",
    "2025-03-03T10:00:00",
    "Z",
    "+24:00",
];

fn changed() -> impl Strategy<Value = (usize, String)> {
    let change = (any::<prop::sample::Index>(), 0..12usize, prop::sample::select(PIECES.to_vec()));
    (prop::sample::select(LINES.to_vec()), prop::collection::vec(change, 0..3)).prop_map(|((topic, line), changes)| {
        let mut chars: Vec<char> = line.chars().collect();
        for (at, removed, piece) in changes {
            let from = at.index(chars.len() + 1);
            let to = (from + removed).min(chars.len());
            chars.splice(from..to, piece.chars());
        }
        (topic, chars.into_iter().collect())
    })
}

proptest! {
    #![proptest_config(config("bad_lines"))]

    #[test]
    fn decoder_and_second_reader_agree_on_changed_lines((topic, line) in changed()) {
        let configuration = configuration(&setup());
        let kind = Kind::ALL[topic];
        let record = Record { payload: Some(line.as_bytes()), ..Record::default() };
        let decoded = match decode(record, &configuration.topics[topic], &configuration.decode) {
            Decoded::Event(event) => Ok(event.time.0),
            Decoded::Invalid(reason) => Err(reason.name()),
            Decoded::Ignored => Err("ignored"),
        };
        let read = read(line.as_bytes(), kind.name(), kind).map(|event| event.time);
        prop_assert_eq!(decoded, read, "{}", line);
    }
}
