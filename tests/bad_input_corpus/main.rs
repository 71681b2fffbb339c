//! Bad input and the reason for which each is refused, and input that looks bad and is accepted. One line a case, each between two good records, on
//! every topic.

#[path = "../support/decode_settings.rs"]
mod decode_settings;
mod forms;
mod members;
mod text;
mod values;

use cxpulse::event::{Decoded, Event, Headers, Kind, Reason, Record, decode};
use decode_settings::{settings, topic};
use proptest::prelude::*;

/// The result of decoding a record, without the event.
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

const CHANGE: &[(&str, &str)] =
    &[("id", r#""e1""#), ("type", r#""change.marked""#), ("time", "1772442000000"), ("name", r#""new macros""#)];

/// A good event of every kind.
const GOOD: [(Kind, &[(&str, &str)]); 4] =
    [(Kind::Tickets, CREATED), (Kind::Chats, CHAT), (Kind::Surveys, NPS), (Kind::Customers, TOUCHPOINT)];

/// The text of an event with some members set or added, in their order. The value `""` removes a member.
fn event_text(members: &[(&str, &str)], changes: &[(&str, &str)]) -> String {
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
    let good = event_text(good, &[]);
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

/// Decodes the good event of every topic with some members set, added, or removed by the value `""`.
#[track_caller]
fn check_with(changes: &[(&str, &str)], expected: Fate) {
    for (kind, good) in GOOD {
        check_on(kind, event_text(good, changes), expected);
    }
}

/// Decodes the good event of every topic after a change of its text.
#[track_caller]
fn check_edited(edit: impl Fn(&str) -> Vec<u8>, expected: Fate) {
    for (kind, good) in GOOD {
        check_on(kind, edit(&event_text(good, &[])), expected);
    }
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
            Reason::WrongType => r#"{"id":1.5}"#.into(),
            Reason::UnknownType => event_text(CSAT, &[("type", r#""x""#)]),
            Reason::WrongTopic => event_text(CREATED, &[]),
            Reason::BadTime => event_text(CSAT, &[("time", "1")]),
            Reason::ScoreOutOfRange => event_text(CSAT, &[("score", "6")]),
            Reason::BadValue => event_text(CSAT, &[("metric", "\"x\"")]),
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
    fn a_damaged_event_has_a_fate(n in 0..7usize, at in any::<prop::sample::Index>(), with in proptest::collection::vec(any::<u8>(), 0..4), cut in 0..4usize) {
        let mut bytes = event_text([CREATED, STATUS, CHAT, NPS, CES, TOUCHPOINT, CHANGE][n], &[("team", r#""\u0041\ud83d\ude00""#)]).into_bytes();
        let at = at.index(bytes.len());
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, with);
        for kind in Kind::ALL {
            let _fate = fate(kind, Some(&bytes), Some(Headers { id: Some(&bytes), ..Headers::default() }));
            let _fate = fate(kind, Some(&bytes), None);
        }
    }
}
