//! What bad input is refused for, and what looks bad and is not: one line a case, each between two good records, on every topic.

#[path = "support/decode_settings.rs"]
mod decode_settings;

use cxpulse::event::{Decoded, Event, Headers, Kind, Reason, Record, decode};
use decode_settings::{settings, topic};
use proptest::prelude::*;

/// What becomes of a record as far as decoding goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Applied,
    Ignored,
    Invalid(Reason),
}
use Fate::{Applied, Ignored};

const EMPTY: Fate = Fate::Invalid(Reason::Empty);
const TOO_LARGE: Fate = Fate::Invalid(Reason::TooLarge);
const ENCODING: Fate = Fate::Invalid(Reason::Encoding);
const SYNTAX: Fate = Fate::Invalid(Reason::Syntax);
const DEPTH: Fate = Fate::Invalid(Reason::Depth);
const NOT_OBJECT: Fate = Fate::Invalid(Reason::NotObject);
const DUPLICATE_KEY: Fate = Fate::Invalid(Reason::DuplicateKey);
const MISSING_FIELD: Fate = Fate::Invalid(Reason::MissingField);
const WRONG_TYPE: Fate = Fate::Invalid(Reason::WrongType);
const UNKNOWN_TYPE: Fate = Fate::Invalid(Reason::UnknownType);
const WRONG_TOPIC: Fate = Fate::Invalid(Reason::WrongTopic);
const BAD_TIME: Fate = Fate::Invalid(Reason::BadTime);
const SCORE_OUT_OF_RANGE: Fate = Fate::Invalid(Reason::ScoreOutOfRange);
const BAD_VALUE: Fate = Fate::Invalid(Reason::BadValue);

const CREATED: &[(&str, &str)] = &[("id", r#""e1""#), ("type", r#""ticket.created""#), ("time", "1772442000000"), ("ticket_id", r#""T1""#)];
const STATUS: &[(&str, &str)] = &[
    ("id", r#""e1""#),
    ("type", r#""ticket.status_changed""#),
    ("time", "1772442000000"),
    ("ticket_id", r#""T1""#),
    ("status", r#""open""#),
];
const CHAT: &[(&str, &str)] =
    &[("id", r#""e1""#), ("type", r#""chat.message""#), ("time", "1772442000000"), ("chat_id", r#""R1""#), ("author", r#""bot""#)];
const NPS: &[(&str, &str)] =
    &[("id", r#""e1""#), ("type", r#""survey.responded""#), ("time", "1772442000000"), ("metric", r#""nps""#), ("score", "9")];
const CSAT: &[(&str, &str)] =
    &[("id", r#""e1""#), ("type", r#""survey.responded""#), ("time", "1772442000000"), ("metric", r#""csat""#), ("score", "4")];
const CES: &[(&str, &str)] = &[
    ("id", r#""e1""#),
    ("type", r#""survey.responded""#),
    ("time", "1772442000000"),
    ("metric", r#""ces""#),
    ("score", "4"),
    ("direction", r#""ease""#),
];
const TOUCHPOINT: &[(&str, &str)] = &[
    ("id", r#""e1""#),
    ("type", r#""customer.touchpoint""#),
    ("time", "1772442000000"),
    ("customer_id", r#""C1""#),
    ("journey_stage", r#""use""#),
];

/// A good event of every kind.
const GOOD: [(Kind, &[(&str, &str)]); 4] =
    [(Kind::Tickets, CREATED), (Kind::Chats, CHAT), (Kind::Surveys, NPS), (Kind::Customers, TOUCHPOINT)];

/// The text of an event with some members set or added (`""` as the value takes the member away), in their order.
fn text(members: &[(&str, &str)], changes: &[(&str, &str)]) -> String {
    let mut all: Vec<_> = members.to_vec();
    for &(name, value) in changes {
        match all.iter_mut().find(|(other, _)| *other == name) {
            Some(member) => member.1 = value,
            None => all.push((name, value)),
        }
    }
    let members: Vec<_> = all.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

fn fate(kind: Kind, payload: Option<&[u8]>, headers: Option<Headers<'_>>) -> Fate {
    match decode(Record { payload, headers, ..Record::default() }, &topic(kind), &settings()) {
        Decoded::Event(_) => Applied,
        Decoded::Ignored => Ignored,
        Decoded::Invalid(reason) => Fate::Invalid(reason),
    }
}

/// Decodes a record of one topic between two good ones, twice.
#[track_caller]
fn check_on(kind: Kind, payload: impl AsRef<[u8]>, expected: Fate) {
    let payload = payload.as_ref();
    let (_, good) = GOOD.into_iter().find(|(other, _)| *other == kind).expect("every kind has a good event");
    let good = text(good, &[]);
    for record in [good.as_bytes(), payload, good.as_bytes(), payload, good.as_bytes()] {
        let expected = if record == good.as_bytes() { Applied } else { expected };
        let shown = String::from_utf8_lossy(&record[..record.len().min(300)]);
        assert_eq!(fate(kind, Some(record), None), expected, "{shown}");
    }
}

/// Decodes the same bytes on every topic.
#[track_caller]
fn check(payload: impl AsRef<[u8]>, expected: Fate) {
    for kind in Kind::ALL {
        check_on(kind, payload.as_ref(), expected);
    }
}

/// Decodes the good event of every topic with some members set, added or (`""`) taken away.
#[track_caller]
fn check_with(changes: &[(&str, &str)], expected: Fate) {
    for (kind, good) in GOOD {
        check_on(kind, text(good, changes), expected);
    }
}

/// Decodes the good event of every topic with something done to its text.
#[track_caller]
fn check_edited(edit: impl Fn(&str) -> Vec<u8>, expected: Fate) {
    for (kind, good) in GOOD {
        check_on(kind, edit(&text(good, &[])), expected);
    }
}

#[test]
fn a_syntax() {
    check("", EMPTY);
    check("   ", EMPTY);
    check(" \t\r\n", EMPTY);
    for kind in Kind::ALL {
        assert_eq!(fate(kind, None, None), Ignored);
    }
    check("{", SYNTAX);
    check("{}", MISSING_FIELD);
    check(" { } ", MISSING_FIELD);
    check("[]", NOT_OBJECT);
    check(r#""x""#, NOT_OBJECT);
    check("null", NOT_OBJECT);
    check("true", NOT_OBJECT);
    check("1", NOT_OBJECT);
    check("-1.5e3", NOT_OBJECT);
    check_edited(|good| good.replace('}', ",}").into(), SYNTAX);
    check_edited(|good| good.replace('{', "{,").into(), SYNTAX);
    check_edited(|good| good.replacen(',', ",,", 1).into(), SYNTAX);
    check_edited(|good| good.replacen(',', " ", 1).into(), SYNTAX);
    check_edited(|good| good.replacen(':', " ", 1).into(), SYNTAX);
    check_edited(|good| good.replacen(':', "::", 1).into(), SYNTAX);
    check_edited(|good| good.repeat(2).into(), SYNTAX);
    check_edited(|good| format!("{good},").into(), SYNTAX);
    check_edited(|good| format!("{good}\0").into(), SYNTAX);
    check_edited(|good| format!("{good}x").into(), SYNTAX);
    check_edited(|good| good.replace('"', "'").into(), SYNTAX);
    check_edited(|good| good.replacen("\"id\"", "id", 1).into(), SYNTAX);
    check_edited(|good| format!("/* */{good}").into(), SYNTAX);
    check_edited(|good| format!("{good}// end").into(), SYNTAX);
    check_edited(|good| good.replacen('{', "[", 1).into(), SYNTAX);
    check_edited(|good| good.replace('}', "]").into(), SYNTAX);
    for number in [
        "NaN",
        "Infinity",
        "-Infinity",
        "01",
        "-01",
        "+1",
        ".5",
        "-.5",
        "1.",
        "1.e3",
        "1e",
        "1e+",
        "-",
        "0x1F",
        "1_000",
        "--1",
        "1,",
        "0b1",
    ] {
        check_with(&[("x", number)], SYNTAX);
        check_with(&[("time", number)], SYNTAX);
    }
    for literal in [
        "True",
        "nul",
        "nulll",
        "tru",
        "falsee",
        "undefined",
        "'x'",
        "x",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[",
        "]",
        "{1:2}",
        "{\"a\"}",
        "{\"a\":}",
    ] {
        check_with(&[("x", literal)], SYNTAX);
    }
    for string in [
        "\"\t\"",
        "\"\n\"",
        "\"\r\"",
        "\"\u{1F}\"",
        "\"\u{0}\"",
        r#""\x41""#,
        r#""\'""#,
        r#""\u12""#,
        r#""\u12G4""#,
        r#""\""#,
        r#""\U0041""#,
    ] {
        check_with(&[("x", string)], SYNTAX);
        check_with(&[("team", string)], SYNTAX);
    }
    check_edited(|good| format!("{good}\n").into(), Applied);
    check_edited(|good| format!(" \r\n\t{good}\r\n").into(), Applied);
    check_edited(|good| good.replace(':', " :\n").replace(',', "\t, ").into(), Applied);
    check("[".repeat(200 * 1024), DEPTH);
    check("{\"a\":".repeat(40 * 1024), DEPTH);
}

#[test]
fn a_valid_event_cut_at_any_byte_is_no_json() {
    let whole =
        text(CREATED, &[("note", r#""caf\u00e9 żółw 中 \ud83d\ude00 😀""#), ("x", r#"[true,-1.5e3,{"y":null}]"#), ("team", r#""a\\b""#)]);
    check_on(Kind::Tickets, &whole, Applied);
    for cut in 0..whole.len() {
        let expected = match cut {
            0 => EMPTY,
            _ if whole.is_char_boundary(cut) => SYNTAX,
            _ => ENCODING,
        };
        check_on(Kind::Tickets, &whole.as_bytes()[..cut], expected);
    }
}

#[test]
fn b_encoding() {
    check_edited(|good| [b"\xEF\xBB\xBF", good.as_bytes()].concat(), ENCODING);
    check("\u{FEFF}", ENCODING);
    check_edited(|good| good.encode_utf16().flat_map(u16::to_le_bytes).collect(), ENCODING);
    check_edited(|good| good.encode_utf16().flat_map(u16::to_be_bytes).collect(), ENCODING);
    check_edited(|good| [0xFEFF].into_iter().chain(good.encode_utf16()).flat_map(u16::to_le_bytes).collect(), ENCODING);
    check_edited(|good| [0xFEFF].into_iter().chain(good.encode_utf16()).flat_map(u16::to_be_bytes).collect(), ENCODING);
    check(b"\0", ENCODING);
    for bad in
        [&b"caf\xE9"[..], b"\xC0\x80", b"\xED\xA0\x80", b"\xE4\xB8", b"\xF0\x9F\x98", b"\xFF", b"\x80", b"\xF4\x90\x80\x80", b"\xC1\xBF"]
    {
        let place = |good: &str, around: &str| {
            let text = good.replacen('{', &format!("{{{around}"), 1);
            let (before, after) = text.split_once('@').unwrap();
            [before.as_bytes(), bad, after.as_bytes()].concat()
        };
        check_edited(|good| place(good, r#""note":"@","#), ENCODING);
        check_edited(|good| place(good, r#""@":1,"#), ENCODING);
        check_edited(|good| place(good, "@"), ENCODING);
        // What is wrong as a whole goes before what is wrong at one place.
        check_edited(|good| place(good, r#""a":1,"a":01,"note":"@","#), ENCODING);
    }
    for escape in
        [r"\uD800", r"\uDC00", r"\uDBFF", r"\uDFFF", r"\uDC00\uD800", r"\uD800\uD800", r"\uD800x", r"\uD800\n", r"\ud83d\u0041", r"x\uD800"]
    {
        check_with(&[("x", &format!("\"{escape}\""))], ENCODING);
        check_with(&[("x", &format!("[{{\"{escape}\":1}}]"))], ENCODING);
        check_with(&[("team", &format!("\"{escape}\""))], ENCODING);
        check(format!("[\"{escape}\"]"), ENCODING);
    }
    check_with(&[("note", r#""\ud83d\ude00\uD83D\uDE00""#)], Applied);
    check_with(&[("note", "\"\u{FFFF}\u{10FFFF}\u{FFFE}\"")], Applied);
    check_with(&[("note", r#""\uFFFF\u0000\u001f\"\\\/\b\f\n\r\t""#)], Applied);
    check_with(&[("note", "\"\u{7F}\u{80}\u{2028}\"")], Applied);
    check_with(&[("id", r#""a\u0000b""#)], BAD_VALUE);
    check_on(Kind::Tickets, text(CREATED, &[("ticket_id", r#""\u0000""#)]), BAD_VALUE);
    check_with(&[("agent_id", r#""\u0000""#)], BAD_VALUE);
}

#[test]
fn c_size_and_depth() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    check_with(&[("x", &nested(31))], Applied);
    check_with(&[("x", &nested(32))], DEPTH);
    check_with(&[("x", &objects(31))], Applied);
    check_with(&[("x", &objects(32))], DEPTH);
    check_with(&[("x", &nested(100_000))], DEPTH);
    check(nested(32), NOT_OBJECT);
    check(nested(33), DEPTH);

    let sized =
        |good: &str, bytes: usize| good.replacen('}', &format!(",\"x\":\"{}\"}}", "y".repeat(bytes - good.len() - 7)), 1).into_bytes();
    check_edited(|good| sized(good, 256 * 1024), Applied);
    check_edited(|good| sized(good, 256 * 1024 + 1), TOO_LARGE);
    check_edited(|good| sized(good, 1024 * 1024), TOO_LARGE);
    check(" ".repeat(256 * 1024), EMPTY);
    check(" ".repeat(256 * 1024 + 1), TOO_LARGE);
    check(vec![0xFF; 300 * 1024], TOO_LARGE);

    let crowd = |count: usize| (0..count).map(|n| format!("\"m{n}\":{n}")).collect::<Vec<_>>().join(",");
    for (kind, good) in GOOD {
        let with = |count: usize| text(good, &[]).replacen('{', &format!("{{{},", crowd(count)), 1);
        check_on(kind, with(256 - good.len()), Applied);
        check_on(kind, with(257 - good.len()), TOO_LARGE);
    }
    check_with(&[("x", &format!("{{{}}}", crowd(256)))], Applied);
    check_with(&[("x", &format!("{{{}}}", crowd(257)))], TOO_LARGE);
    check_with(&[("x", &format!("{{{},}}", crowd(256)))], SYNTAX);
    check_with(&[("n".repeat(128).as_str(), "1")], Applied);
    check_with(&[("n".repeat(129).as_str(), "1")], TOO_LARGE);
    check_with(&[("n".repeat(200 * 1024).as_str(), "1")], TOO_LARGE);
    check_with(&[("x", &format!("{{\"{}\":1}}", "n".repeat(129)))], TOO_LARGE);
    check_with(&[("x", &"9".repeat(128))], Applied);
    check_with(&[("x", &"9".repeat(129))], TOO_LARGE);
    check_with(&[("x", &"9".repeat(100_000))], TOO_LARGE);
    check_with(&[("x", &format!("0.{}", "0".repeat(100_000)))], TOO_LARGE);
    check_with(&[("x", &format!("[{}]", vec!["1"; 10_000].join(",")))], Applied);
    check_with(&[("x", &format!("[{}]", vec!["[]"; 10_000].join(",")))], Applied);

    for (kind, id) in
        [(Kind::Tickets, "ticket_id"), (Kind::Chats, "chat_id"), (Kind::Surveys, "survey_id"), (Kind::Customers, "customer_id")]
    {
        let (_, good) = GOOD.into_iter().find(|(other, _)| *other == kind).unwrap();
        for member in ["id", id, "source", "agent_id", "into_ticket_id"] {
            let quoted = |text: String| format!("\"{text}\"");
            check_on(kind, text(good, &[(member, &quoted("x".repeat(128)))]), Applied);
            check_on(kind, text(good, &[(member, &quoted("x".repeat(129)))]), BAD_VALUE);
            check_on(kind, text(good, &[(member, &quoted("é".repeat(64)))]), Applied);
            check_on(kind, text(good, &[(member, &quoted("é".repeat(65)))]), BAD_VALUE);
            check_on(kind, text(good, &[(member, &quoted(r"\u0041".repeat(128)))]), Applied);
            check_on(kind, text(good, &[(member, &quoted(r"\u0041".repeat(129)))]), BAD_VALUE);
            check_on(kind, text(good, &[(member, &quoted(r"\u0041".repeat(30_000)))]), BAD_VALUE);
            check_on(kind, text(good, &[(member, &quoted("x".repeat(200_000)))]), BAD_VALUE);
            check_on(kind, text(good, &[(member, "\"\"")]), BAD_VALUE);
        }
    }
}

#[test]
fn d_names_and_types() {
    check_edited(|good| good.replace('}', r#","id":"again"}"#).into(), DUPLICATE_KEY);
    check_edited(|good| good.replace('}', r#","id":null}"#).into(), DUPLICATE_KEY);
    check_edited(|good| good.replace('}', r#","x":1,"x":2}"#).into(), DUPLICATE_KEY);
    check_edited(|good| good.replace('}', r#","":1,"":2}"#).into(), DUPLICATE_KEY);
    check_edited(|good| good.replace('}', r#","\u0069d":"again"}"#).into(), DUPLICATE_KEY);
    check_edited(|good| good.replace('{', r#"{"\u0069d":"first","#).into(), DUPLICATE_KEY);
    check_edited(|good| good.replace('}', r#","xy":1,"\u0078y":2}"#).into(), DUPLICATE_KEY);
    check_edited(|good| good.replace('}', r#","\u0078y":1,"xy":2}"#).into(), DUPLICATE_KEY);
    check_with(&[("x", r#"{"a":1,"b":2,"a":3}"#)], DUPLICATE_KEY);
    check_with(&[("x", r#"[[{"a":{"id":1},"id":2,"id":3}]]"#)], DUPLICATE_KEY);
    check_with(&[("x", r#"{"a":{"a":{"a":1}},"id":2,"b":[{"a":1},{"a":1}]}"#)], Applied);
    for member in ["id", "type", "time"] {
        check_with(&[(member, "")], MISSING_FIELD);
        check_with(&[(member, "null")], MISSING_FIELD);
        check_with(&[(member, "true")], WRONG_TYPE);
        check_with(&[(member, "1.5")], WRONG_TYPE);
        check_with(&[(member, "{}")], WRONG_TYPE);
        check_with(&[(member, r#"["x"]"#)], WRONG_TYPE);
    }
    check_edited(|good| good.replace("\"id\"", "\"Id\"").into(), MISSING_FIELD);
    for id in ["17", "0", "false", "{}", "[]"] {
        check_with(&[("id", id)], WRONG_TYPE);
        check_with(&[("source", id)], WRONG_TYPE);
        check_with(&[("agent_id", id)], WRONG_TYPE);
        check_with(&[("customer_id", id)], WRONG_TYPE);
        check_with(&[("ticket_id", id)], WRONG_TYPE);
    }
    for name in ["ticket.exploded", "", "ticket.created ", "Ticket.created", "ticket", "ticket.created\\u0000"] {
        check_with(&[("type", &format!("\"{name}\""))], UNKNOWN_TYPE);
    }
    for (kind, good) in GOOD {
        for other in Kind::ALL {
            check_on(other, text(good, &[]), if other == kind { Applied } else { WRONG_TOPIC });
        }
    }
    check_with(&[("unknown", "1"), ("__proto__", "{}"), ("$ref", "\"#\""), ("", "[]")], Applied);
    check_with(
        &[("team", "null"), ("agent_id", "null"), ("source", "null"), ("public", "null"), ("specversion", "null"), ("tier", "null")],
        Applied,
    );
    check_edited(
        |good| {
            format!("{{{},{}}}", &good[good.find(",\"time").unwrap() + 1..good.len() - 1], &good[1..good.find(",\"time").unwrap()]).into()
        },
        Applied,
    );
    check_edited(|good| good.replace("\"type\"", r#""\u0074ype""#).into(), Applied);
    check_edited(|good| good.replacen('.', r"\u002e", 1).into(), Applied);
    for member in ["channel", "team", "priority", "segment", "tier", "brand"] {
        check_with(&[(member, "3")], WRONG_TYPE);
        check_with(&[(member, "[]")], WRONG_TYPE);
        check_with(&[(member, "\"\"")], Applied);
    }
    for member in ["public", "automated"] {
        check_with(&[(member, "\"true\"")], WRONG_TYPE);
        check_with(&[(member, "1")], WRONG_TYPE);
        check_with(&[(member, "false")], Applied);
    }
}

#[test]
fn d_members_of_one_type() {
    let ticket = |changes: &[(&str, &str)], expected| check_on(Kind::Tickets, text(CREATED, changes), expected);
    ticket(&[("ticket_id", "")], MISSING_FIELD);
    ticket(&[("ticket_id", "null")], MISSING_FIELD);
    ticket(&[("created_by", r#""agent""#)], Applied);
    ticket(&[("created_by", r#""bot""#)], BAD_VALUE);
    ticket(&[("created_by", "1")], WRONG_TYPE);
    ticket(&[("reason", "1"), ("scope", "1"), ("outcome", "1"), ("direction", "{}"), ("score", "\"x\""), ("author", "1")], Applied);
    let status = |changes: &[(&str, &str)], expected| check_on(Kind::Tickets, text(STATUS, changes), expected);
    status(&[("status", "")], MISSING_FIELD);
    status(&[("status", "null")], MISSING_FIELD);
    status(&[("status", "1")], WRONG_TYPE);
    status(&[("status", r#""SOLVED""#)], BAD_VALUE);
    status(&[("status", r#""""#)], BAD_VALUE);
    status(&[("status", &format!("\"{}\"", r"\u0041".repeat(10_000)))], BAD_VALUE);
    let assigned = |changes: &[(&str, &str)], expected| {
        check_on(Kind::Tickets, text(CREATED, &[&[("type", r#""ticket.assigned""#)], changes].concat()), expected);
    };
    assigned(&[("reason", r#""auto""#)], Applied);
    assigned(&[("reason", r#""whim""#)], BAD_VALUE);
    assigned(&[("reason", "1")], WRONG_TYPE);
    let merged = |changes: &[(&str, &str)], expected| {
        check_on(Kind::Tickets, text(CREATED, &[&[("type", r#""ticket.merged""#)], changes].concat()), expected);
    };
    merged(&[], MISSING_FIELD);
    merged(&[("into_ticket_id", r#""T2""#)], Applied);
    merged(&[("into_ticket_id", "2")], WRONG_TYPE);
    let snapshot = |changes: &[(&str, &str)], expected| {
        let base = [("type", r#""ticket.snapshot""#), ("created_time", "1772442000000"), ("status", r#""open""#)];
        check_on(Kind::Tickets, text(CREATED, &[&base[..], changes].concat()), expected);
    };
    snapshot(
        &[("solved_time", r#""2026-03-02T09:00:00Z""#), ("first_response_time", "1772442000000"), ("awaiting_reply_since", "null")],
        Applied,
    );
    snapshot(&[("created_time", "")], MISSING_FIELD);
    snapshot(&[("status", "")], MISSING_FIELD);
    for member in ["created_time", "first_response_time", "solved_time", "awaiting_reply_since"] {
        snapshot(&[(member, "\"yesterday\"")], BAD_TIME);
        snapshot(&[(member, "1772442000")], BAD_TIME);
        snapshot(&[(member, "1.5")], WRONG_TYPE);
        snapshot(&[(member, "true")], WRONG_TYPE);
    }
    let completed = |changes: &[(&str, &str)], expected| {
        let base = [("type", r#""ticket.snapshot_completed""#), ("ticket_id", ""), ("started_time", "1772442000000")];
        check_on(Kind::Tickets, text(CREATED, &[&base[..], changes].concat()), expected);
    };
    completed(&[], Applied);
    completed(&[("started_time", "")], MISSING_FIELD);
    completed(&[("started_time", "-1")], BAD_TIME);
    let chat = |changes: &[(&str, &str)], expected| check_on(Kind::Chats, text(CHAT, changes), expected);
    chat(&[("author", r#""parrot""#)], BAD_VALUE);
    chat(&[("author", "")], MISSING_FIELD);
    chat(&[("chat_id", "")], MISSING_FIELD);
    let nps = |changes: &[(&str, &str)], expected| check_on(Kind::Surveys, text(NPS, changes), expected);
    nps(&[("metric", r#""mood""#)], BAD_VALUE);
    nps(&[("metric", "")], MISSING_FIELD);
    nps(&[("scope", r#""cosmos""#)], BAD_VALUE);
    nps(&[("scope", "1")], WRONG_TYPE);
    nps(&[("direction", r#""sideways""#)], BAD_VALUE);
    nps(&[("score", "")], MISSING_FIELD);
    nps(&[("score", "null")], MISSING_FIELD);
    let sent = |changes: &[(&str, &str)], expected| {
        check_on(Kind::Surveys, text(NPS, &[&[("type", r#""survey.sent""#), ("survey_id", r#""S1""#)], changes].concat()), expected);
    };
    sent(&[("score", "99")], Applied);
    sent(&[("survey_id", "")], MISSING_FIELD);
    sent(&[("metric", r#""mood""#)], BAD_VALUE);
    let ces = |changes: &[(&str, &str)], expected| check_on(Kind::Surveys, text(CES, changes), expected);
    ces(&[], Applied);
    ces(&[("direction", "")], MISSING_FIELD);
    ces(&[("direction", "null")], MISSING_FIELD);
    ces(&[("direction", ""), ("score", "\"4\"")], MISSING_FIELD);
    let touchpoint = |changes: &[(&str, &str)], expected| check_on(Kind::Customers, text(TOUCHPOINT, changes), expected);
    touchpoint(&[("journey_stage", "")], MISSING_FIELD);
    touchpoint(&[("journey_stage", r#""""#)], BAD_VALUE);
    touchpoint(&[("journey_stage", "1")], WRONG_TYPE);
    touchpoint(&[("outcome", r#""meh""#)], BAD_VALUE);
    touchpoint(&[("customer_id", "")], MISSING_FIELD);
    touchpoint(&[("type", r#""customer.cancelled""#), ("reason", "17")], Applied);
}

#[test]
fn d_forms() {
    let structured = |envelope: &str, payload: &str| format!(r#"{{"specversion":"1.0",{envelope}"data":{payload}}}"#);
    let envelope = r#""id":"e1","type":"ticket.created","time":1772442000000,"#;
    let check = |text: String, expected| check_on(Kind::Tickets, text, expected);
    check(structured(envelope, r#"{"ticket_id":"T1"}"#), Applied);
    check(structured(envelope, "null"), MISSING_FIELD);
    check(format!("{{\"specversion\":\"1.0\",{}}}", envelope.trim_end_matches(',')), MISSING_FIELD);
    check(structured(envelope, "[]"), WRONG_TYPE);
    check(structured(envelope, r#""{}""#), WRONG_TYPE);
    check(structured(envelope, "{}"), MISSING_FIELD);
    check(structured(envelope, r#"{"ticket_id":"T1","ticket_id":"T1"}"#), DUPLICATE_KEY);
    check(structured(envelope, r#"{"ticket_id":"T1"},"data":{}"#.trim_end_matches('}')), DUPLICATE_KEY);
    check(structured(&format!("{envelope}\"ticket_id\":\"T1\","), "{}"), MISSING_FIELD);
    for (version, expected) in [("\"1.0\"", Applied), ("\"0.3\"", BAD_VALUE), ("\"\"", BAD_VALUE), ("1.0", WRONG_TYPE), ("[]", WRONG_TYPE)]
    {
        check(structured(envelope, r#"{"ticket_id":"T1"}"#).replace("\"1.0\"", version), expected);
    }
    // The payload may come first, and fills in what the envelope leaves out; but a null outside is an answer.
    check(format!(r#"{{"data":{{"ticket_id":"T1","team":"a"}},{envelope}"specversion":"1.0"}}"#), Applied);
    check(structured("", &text(CREATED, &[])), Applied);
    check(structured("\"id\":null,", &text(CREATED, &[])), MISSING_FIELD);
    check(structured("\"type\":\"chat.ended\",", &text(CREATED, &[])), WRONG_TOPIC);
    // Without `specversion`, `data` is a member like any other.
    check(text(CREATED, &[("data", "{\"ticket_id\":1}")]), Applied);
    check(text(CREATED, &[("data", "{\"x\":1,\"x\":2}")]), DUPLICATE_KEY);
}

#[test]
fn d_headers() {
    let headers = Headers { id: Some(b"e1"), kind: Some(b"ticket.created"), time: Some(b"2026-03-02T09:00:00Z"), source: Some(b"desk") };
    let check = |headers: Headers<'_>, payload: &str, expected| {
        assert_eq!(fate(Kind::Tickets, Some(payload.as_bytes()), Some(headers)), expected, "{payload}")
    };
    let payload = r#"{"ticket_id":"T1"}"#;
    check(headers, payload, Applied);
    check(Headers { source: None, ..headers }, payload, Applied);
    check(Headers { time: Some(b"1772442000000"), ..headers }, payload, Applied);
    check(Headers { time: Some(b"1772442000"), ..headers }, payload, BAD_TIME);
    check(Headers { time: Some(b"-"), ..headers }, payload, BAD_TIME);
    check(Headers { id: None, ..headers }, payload, MISSING_FIELD);
    check(Headers { id: Some(b""), ..headers }, payload, BAD_VALUE);
    check(Headers { id: Some(&[b'x'; 129]), ..headers }, payload, BAD_VALUE);
    check(Headers { id: Some(&[b'x'; 64 * 1024]), ..headers }, payload, BAD_VALUE);
    check(Headers { id: Some(b"caf\xE9"), ..headers }, payload, ENCODING);
    check(Headers { source: Some(b"\xFF"), ..headers }, payload, ENCODING);
    check(Headers { kind: Some(b"ticket.exploded"), ..headers }, payload, UNKNOWN_TYPE);
    check(Headers { kind: Some(b"chat.ended"), ..headers }, payload, WRONG_TOPIC);
    check(headers, "", EMPTY);
    check(headers, "[]", NOT_OBJECT);
    check(headers, "{}", MISSING_FIELD);
    assert_eq!(fate(Kind::Tickets, None, Some(headers)), Ignored);
    // Headers win over the envelope of a flat event, which fills in what they leave out; the value is the payload as it stands.
    check(Headers { kind: Some(b"chat.ended"), ..headers }, &text(CREATED, &[]), WRONG_TOPIC);
    check(headers, &text(CREATED, &[("type", r#""chat.ended""#), ("id", "17"), ("time", "true")]), Applied);
    check(Headers { kind: None, time: None, ..headers }, &text(CREATED, &[]), Applied);
    check(headers, r#"{"specversion":"1.0","ticket_id":"T1"}"#, Applied);
    check(headers, r#"{"specversion":"1.0","data":{"ticket_id":"T1"}}"#, MISSING_FIELD);
}

#[test]
fn e_numbers() {
    check_with(&[("x", "1e309")], Applied);
    check_with(&[("x", "-1E+999999")], Applied);
    check_with(&[("time", "1.772e12")], WRONG_TYPE);
    check_with(&[("time", "1772442000000.0")], WRONG_TYPE);
    for time in ["9007199254740993", "9223372036854775808", "18446744073709551616", "-9223372036854775809", "-0"] {
        check_with(&[("time", time)], BAD_TIME);
    }
    check_with(&[("time", &"1".repeat(128))], BAD_TIME);
    let nps = |score: &str, expected| check_on(Kind::Surveys, text(NPS, &[("score", score)]), expected);
    let csat = |score: &str, expected| check_on(Kind::Surveys, text(CSAT, &[("score", score)]), expected);
    let ces = |score: &str, expected| check_on(Kind::Surveys, text(CES, &[("score", score)]), expected);
    for score in [nps, csat, ces] {
        score("1e309", BAD_VALUE);
        score("-1e309", BAD_VALUE);
        score("\"5\"", WRONG_TYPE);
        score("true", WRONG_TYPE);
        score("[5]", WRONG_TYPE);
        score("5.0", Applied);
        score("0.5e1", Applied);
        score("-1", SCORE_OUT_OF_RANGE);
        score("11", SCORE_OUT_OF_RANGE);
        score("99999999999999999999999", SCORE_OUT_OF_RANGE);
    }
    nps("-0", Applied);
    nps("-0.0", Applied);
    nps("0", Applied);
    nps("10", Applied);
    nps("8.5", BAD_VALUE);
    nps("11.5", BAD_VALUE);
    nps("5e-324", BAD_VALUE);
    csat("0", SCORE_OUT_OF_RANGE);
    csat("6", SCORE_OUT_OF_RANGE);
    csat("4.5", Applied);
    csat("4.333333", Applied);
    csat("4.3333333", BAD_VALUE);
    csat("5.0000001", SCORE_OUT_OF_RANGE);
    ces("0", SCORE_OUT_OF_RANGE);
    ces("7", Applied);
    ces("8", SCORE_OUT_OF_RANGE);
}

#[test]
fn e_scales() {
    let scale = |event: &[(&str, &str)], min: &str, max: &str, score: &str, expected| {
        check_on(Kind::Surveys, text(event, &[("scale_min", min), ("scale_max", max), ("score", score)]), expected);
    };
    scale(CSAT, "0", "100", "87.5", Applied);
    scale(CSAT, "0", "100", "101", SCORE_OUT_OF_RANGE);
    scale(CSAT, "0", "10", "5e-324", BAD_VALUE);
    scale(CSAT, "-1000", "1000", "-1000", Applied);
    scale(CSAT, "-1000", "1000", "-1000.5", SCORE_OUT_OF_RANGE);
    scale(CSAT, "-0.5", "0.5", "0.25", Applied);
    scale(CSAT, "null", "null", "5", Applied);
    scale(CSAT, "7", "1", "5", BAD_VALUE);
    scale(CSAT, "5", "5", "5", BAD_VALUE);
    scale(CSAT, "1", "", "5", BAD_VALUE);
    scale(CSAT, "", "5", "5", BAD_VALUE);
    scale(CSAT, "", "null", "5", Applied);
    scale(CSAT, "1", "1000.5", "5", BAD_VALUE);
    scale(CSAT, "-1001", "5", "5", BAD_VALUE);
    scale(CSAT, "1", "1e309", "5", BAD_VALUE);
    scale(CSAT, "1", "5.0000001", "5", BAD_VALUE);
    scale(CSAT, "\"1\"", "5", "5", WRONG_TYPE);
    scale(CSAT, "1", "true", "5", WRONG_TYPE);
    scale(NPS, "0", "10", "9", Applied);
    scale(NPS, "0.0", "1e1", "9", Applied);
    scale(NPS, "1", "10", "9", BAD_VALUE);
    scale(NPS, "0", "100", "90", BAD_VALUE);
}

#[test]
fn f_times() {
    for time in [
        "0",
        "-1",
        "1772442000",
        "1772442000000000",
        "946684799999",
        "4133980800000",
        r#""2026-03-02T09:00:60Z""#,
        r#""2026-02-30T09:00:00Z""#,
        r#""2026-03-02T09:00:00+25:00""#,
        r#""2026-03-02T09:00:00""#,
        r#""2026-03-02""#,
        r#""2026-03-02 09:00""#,
        r#""1772442000000""#,
        r#""yesterday""#,
        r#""""#,
    ] {
        check_with(&[("time", time)], BAD_TIME);
    }
    for time in [
        "946684800000",
        "4133980799999",
        r#""2026-03-02T14:30:00+05:30""#,
        r#""2026-03-02T09:00:00.123456789Z""#,
        r#""2026-10-25T02:30:00+02:00""#,
        r#""2026-10-25T02:30:00+01:00""#,
        r#""2026-03-02T09:00:00\u005a""#,
    ] {
        check_with(&[("time", time)], Applied);
    }
}

#[test]
fn g_identity_and_abuse() {
    let event =
        |payload: &str| match decode(Record { payload: Some(payload.as_bytes()), ..Record::default() }, &topic(Kind::Tickets), &settings())
        {
            Decoded::Event(event) => (event.identity, event.dimensions.first().map(|(index, value)| (*index, value.to_string()))),
            decoded @ (Decoded::Ignored | Decoded::Invalid(_)) => panic!("{decoded:?} for {payload}"),
        };
    let identity = |changes: &[(&str, &str)]| event(&text(CREATED, changes)).0;
    assert_eq!(identity(&[]), identity(&[("team", r#""b""#), ("type", r#""ticket.escalated""#)]));
    assert_eq!(identity(&[]), identity(&[("source", r#""tickets""#)]));
    assert_ne!(identity(&[]), identity(&[("source", r#""desk""#)]));
    assert_ne!(identity(&[]), identity(&[("id", r#""e2""#)]));
    assert_ne!(identity(&[("source", r#""ab""#), ("id", r#""c""#)]), identity(&[("source", r#""a""#), ("id", r#""bc""#)]));

    let team = |value: &str, expected: &str| {
        let payload = text(CREATED, &[("team", &serde_json::to_string(value).unwrap())]);
        assert_eq!(event(&payload).1, (!expected.is_empty()).then(|| (2, expected.to_string())), "{value:?}");
    };
    team("billing", "billing");
    team("9", "Billing");
    team("", "");
    team("a\u{202E}b", "other");
    team("a\u{200D}b", "other");
    team("\u{1B}[31mred\r\n", "other");
    team("\"\\{\n# HELP evil", "\"\\{\n# HELP evil");
    team("é", "é");
    team("e\u{301}", "e\u{301}");
    team(&"x".repeat(64), &"x".repeat(64));
    team(&"x".repeat(65), "other");
    team(&"\u{1}".repeat(30_000), "other");

    // Many like names cost no more than linear work beyond a small factor; the caps hold the rest. This only shows that they pass.
    let objects: Vec<_> =
        (0..60).map(|o| format!("{{{}}}", (0..256).map(|n| format!("\"{o}{n:03}\":1")).collect::<Vec<_>>().join(","))).collect();
    check_with(&[("x", &format!("[{}]", objects.join(",")))], Applied);
}

#[test]
fn turned_off_types_and_records_without_envelope() {
    let mut desk = topic(Kind::Tickets);
    desk.ignored_types.push("ticket.created".into());
    let fate_of = |payload: &str, topic: &_, timestamp: Option<i64>| {
        let record = Record {
            payload: Some(payload.as_bytes()),
            timestamp: timestamp.map(cxpulse::time::EventTime),
            partition: 3,
            offset: 17,
            headers: None,
        };
        match decode(record, topic, &settings()) {
            Decoded::Event(Event { identity, time, .. }) => Ok(Some((identity, time.0))),
            Decoded::Ignored => Ok(None),
            Decoded::Invalid(reason) => Err(reason),
        }
    };
    // Turned off comes after the topic and before the time.
    assert_eq!(fate_of(&text(CREATED, &[("time", "1")]), &desk, None), Ok(None));
    assert_eq!(fate_of(&text(CREATED, &[("time", "true")]), &desk, None), Err(Reason::WrongType));
    assert_eq!(fate_of(&text(CREATED, &[("type", r#""chat.ended""#)]), &desk, None), Err(Reason::WrongTopic));
    assert!(matches!(fate_of(&text(STATUS, &[]), &desk, None), Ok(Some(_))));

    let mut webhook = topic(Kind::Tickets);
    (webhook.identity_from_record, webhook.time_from_record) = (true, true);
    let bare = text(CREATED, &[("id", ""), ("time", "null")]);
    let key = settings().identity_key.of_event("tickets", "tickets/3/17");
    assert_eq!(fate_of(&bare, &webhook, Some(1_772_442_000_001)), Ok(Some((key, 1_772_442_000_001))));
    assert_eq!(fate_of(&bare, &webhook, None), Err(Reason::MissingField));
    assert_eq!(fate_of(&bare, &webhook, Some(-1)), Err(Reason::BadTime));
    assert_eq!(fate_of(&bare, &topic(Kind::Tickets), Some(1_772_442_000_001)), Err(Reason::MissingField));
    let own = settings().identity_key.of_event("tickets", "e1");
    assert_eq!(fate_of(&text(CREATED, &[]), &webhook, Some(1_772_442_000_001)), Ok(Some((own, 1_772_442_000_000))));
}

#[test]
fn every_reason_is_reached() {
    for reason in Reason::ALL {
        let payload = match reason {
            Reason::Empty => " ".into(),
            Reason::TooLarge => " ".repeat(300_000),
            Reason::Encoding => "\u{FEFF}{}".into(),
            Reason::Syntax => "{".into(),
            Reason::Depth => "[".repeat(33),
            Reason::NotObject => "7".into(),
            Reason::DuplicateKey => r#"{"a":1,"a":2}"#.into(),
            Reason::MissingField => "{}".into(),
            Reason::WrongType => r#"{"id":1}"#.into(),
            Reason::UnknownType => text(CSAT, &[("type", r#""x""#)]),
            Reason::WrongTopic => text(CREATED, &[]),
            Reason::BadTime => text(CSAT, &[("time", "1")]),
            Reason::ScoreOutOfRange => text(CSAT, &[("score", "6")]),
            Reason::BadValue => text(CSAT, &[("metric", "\"x\"")]),
        };
        check_on(Kind::Surveys, payload, Fate::Invalid(reason));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_048))]

    #[test]
    fn any_bytes_have_a_fate(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for kind in Kind::ALL {
            let _fate = fate(kind, Some(&bytes), None);
        }
    }

    #[test]
    fn a_damaged_event_has_a_fate(n in 0..6usize, at in any::<prop::sample::Index>(), with in proptest::collection::vec(any::<u8>(), 0..4), cut in 0..4usize) {
        let mut bytes = text([CREATED, STATUS, CHAT, NPS, CES, TOUCHPOINT][n], &[("team", r#""\u0041\ud83d\ude00""#)]).into_bytes();
        let at = at.index(bytes.len());
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, with);
        for kind in Kind::ALL {
            let _fate = fate(kind, Some(&bytes), Some(Headers { id: Some(&bytes), ..Headers::default() }));
            let _fate = fate(kind, Some(&bytes), None);
        }
    }
}
