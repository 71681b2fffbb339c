//! EVENTS.md says what the decoder does: each table is printed from the contract, each example is decoded, and the contract is held against
//! the decoder member by member.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/decode_settings.rs"]
mod decode_settings;
#[allow(dead_code, reason = "shared with tests that drive an engine in other ways")]
#[path = "support/engine_driver.rs"]
mod engine_driver;

use std::collections::BTreeSet;

use cxpulse::config::Configuration;
use cxpulse::engine::{Outcome, RecordPlace, TopicIndex};
use cxpulse::event::*;
use cxpulse::time::EventTime;
use decode_settings::{settings, topic};

/// 2026-03-02T12:00:00Z.
const RECORD_TIME: EventTime = EventTime(1_772_452_800_000);

fn page() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/EVENTS.md")).unwrap()
}

/// The fenced blocks of a language, each with the nearest heading above it.
fn blocks(page: &str, language: &str) -> Vec<(String, String)> {
    let (mut heading, mut open, mut blocks) = (String::new(), None, Vec::new());
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(found)) => open = Some((found.to_owned(), String::new())),
            (None, None) if line.starts_with('#') => heading = line.trim_start_matches(['#', ' ']).trim_matches('`').to_owned(),
            (None, None) => {}
            (Some((found, text)), Some(_)) => {
                if found == language {
                    blocks.push((heading.clone(), text.clone()));
                }
                open = None;
            }
            (Some((_, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    assert!(!blocks.is_empty(), "no block of {language}");
    blocks
}

/// The first cell of each row of the table behind a heading of a column.
fn rows<'p>(page: &'p str, column: &str) -> Vec<&'p str> {
    let (_, table) = page.split_once(&format!("\n| {column} | meaning |\n|---|---|\n")).unwrap();
    table.lines().map_while(|line| line.strip_prefix("| `")?.split('`').next()).collect()
}

fn value(value: MemberValue) -> String {
    match value {
        MemberValue::Id => "id".into(),
        MemberValue::Text => "string".into(),
        MemberValue::Label => "label".into(),
        MemberValue::Choice(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        MemberValue::Boolean => "boolean".into(),
        MemberValue::Number => "number".into(),
        MemberValue::Amount => "amount".into(),
        MemberValue::Time => "time".into(),
    }
}

fn member_rows(members: &[MemberContract], need: &str) -> String {
    members.iter().map(|member| format!("| `{}` |{need} {} | {} |\n", member.name(), value(member.value), member.meaning)).collect()
}

/// Decodes a value on the topic of a kind.
fn decoded<'a>(kind: Kind, payload: &'a [u8], settings: &'a DecodeSettings) -> Decoded<'a> {
    decode(Record { payload: Some(payload), ..Record::default() }, &topic(kind), settings)
}

/// The kind of topic that an example belongs on: that of its type, else tickets.
fn kind_of(text: &str) -> Kind {
    let is_of = |kind: &Kind| text.contains(&format!("\"type\":\"{}.", kind.name().trim_end_matches('s')));
    Kind::ALL.into_iter().find(is_of).unwrap_or(Kind::Tickets)
}

#[test]
fn the_tables_are_those_of_the_contract() {
    let page = page();
    let columns = "| member | | value | meaning |\n|---|---|---|---|\n";
    let members = |required, optional| member_rows(required, " required |") + &member_rows(optional, " optional |");
    let mut expected = vec![format!("{columns}{}\n", members(ENVELOPE_REQUIRED, ENVELOPE_OPTIONAL))];
    for event_type in EventType::ALL {
        let EventContract { name, meaning, required, optional, .. } = event_type.contract();
        expected.push(format!("### `{name}`\n\n{meaning}\n\n{columns}{}\n", members(required, optional)));
    }
    for block in &expected {
        assert!(page.contains(block.as_str()), "EVENTS.md lacks:\n{block}");
    }
    assert_eq!(page.matches("| member |").count(), expected.len(), "a table that the contract does not have");
    assert_eq!(page.matches("\n### ").count(), EventType::ALL.len(), "an event type that the contract does not have");
    let on_any = EventType::ALL.iter().filter(|event_type| event_type.contract().kinds.len() > 1);
    let on_any: Vec<&str> = on_any.map(|event_type| event_type.name()).collect();
    for kind in Kind::ALL {
        let (_, section) = page.split_once(&format!("\n## `{}`\n", kind.name())).unwrap();
        let section = section.split("\n## ").next().unwrap();
        let listed: Vec<&str> = section.split("\n### `").skip(1).map(|part| part.split('`').next().unwrap()).collect();
        let own: Vec<&str> = kind.event_types().iter().copied().filter(|name| !on_any.contains(name)).collect();
        assert_eq!(listed, own, "{}", kind.name());
    }
    let (_, section) = page.split_once("\n## Changes\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    assert!(on_any.iter().all(|name| section.contains(&format!("\n### `{name}`\n"))), "{on_any:?}");
}

#[test]
fn every_example_is_an_event_of_the_type_that_it_stands_under() {
    let settings = settings();
    let mut shown = BTreeSet::new();
    for (heading, text) in blocks(&page(), "json") {
        for line in text.lines() {
            let Decoded::Event(event) = decoded(kind_of(line), line.as_bytes(), &settings) else { panic!("no event: {line}") };
            let name = event.body.event_type().name();
            assert!(line.contains(&format!("\"{name}\"")), "{name}: {line}");
            if heading.contains('.') {
                assert_eq!(heading, name, "{line}");
                shown.insert(name);
            }
        }
    }
    assert_eq!(shown.len(), EventType::ALL.len(), "each type has an example: {shown:?}");
}

#[test]
fn the_three_forms_are_one_event() {
    let page = page();
    let settings = settings();
    let texts: Vec<String> =
        blocks(&page, "json").into_iter().filter(|(heading, _)| heading == "Three forms").map(|(_, text)| text).collect();
    let binary = blocks(&page, "headers");
    let (headers, payload) = binary[0].1.split_once("\n\n").unwrap();
    let header = |name: &str| headers.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).map(str::as_bytes);
    let headers = Headers { id: header("ce_id"), kind: header("ce_type"), time: header("ce_time"), source: header("ce_source") };
    let record = Record { payload: Some(payload.as_bytes()), headers: Some(headers), ..Record::default() };
    let expected = decode(record, &topic(Kind::Tickets), &settings);
    assert!(matches!(expected, Decoded::Event(_)), "{expected:?}");
    assert_eq!(texts.len(), 2);
    for text in &texts {
        assert_eq!(decoded(Kind::Tickets, text.as_bytes(), &settings), expected, "{text}");
    }
}

#[test]
fn every_reason_has_a_meaning_and_an_example_that_is_refused_for_it() {
    let page = page();
    let reasons = Reason::ALL.map(Reason::name);
    assert_eq!(rows(&page, "reason"), reasons);
    let settings = settings();
    let examples = blocks(&page, "reasons");
    let named: Vec<&str> = examples[0].1.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(named, reasons);
    for line in examples[0].1.lines() {
        let (name, text) = line.split_once(' ').unwrap_or((line, ""));
        let kind = if name == Reason::WrongTopic.name() { Kind::Tickets } else { kind_of(text) };
        let decoded = decoded(kind, text.trim().as_bytes(), &settings);
        assert!(matches!(decoded, Decoded::Invalid(reason) if reason.name() == name), "{decoded:?}: {line}");
    }
}

#[test]
fn every_outcome_has_a_meaning_and_an_example_that_gets_it() {
    let page = page();
    let outcomes = Outcome::NAMES;
    assert_eq!(rows(&page, "outcome"), outcomes);
    let configuration = Configuration::default();
    let mut engine = engine_driver::engine_of(&configuration, [engine_driver::GROUP], None);
    let examples = blocks(&page, "outcomes");
    let mut got = Vec::new();
    for (offset, line) in (0..).zip(examples[0].1.lines()) {
        let (name, text) = line.split_once(' ').unwrap_or((line, ""));
        let payload = Some(text.trim().as_bytes()).filter(|bytes| !bytes.is_empty());
        let place = RecordPlace { group: engine_driver::GROUP, topic: TopicIndex(0), offset, record_time: Some(RECORD_TIME) };
        let outcome = engine_driver::take(&mut engine, &configuration, place, payload);
        assert_eq!(outcome.name(), name, "{line}");
        got.push(outcome.name());
    }
    assert_eq!(got, outcomes, "an example for each");
}

/// A value that a member may have. Scales are those of NPS, so that they suit every metric.
fn sample(member: &MemberContract) -> String {
    match (member.name(), member.value) {
        ("scale_min", _) => "0".into(),
        ("scale_max", _) => "10".into(),
        (_, MemberValue::Id | MemberValue::Text | MemberValue::Label) => "\"x1\"".into(),
        (_, MemberValue::Choice(words)) => format!("\"{}\"", words[0]),
        (_, MemberValue::Boolean) => "true".into(),
        (_, MemberValue::Number | MemberValue::Amount) => "5".into(),
        (_, MemberValue::Time) => "1772442000000".into(),
    }
}

/// An event of a type with these members, one of them exchanged or added.
fn event_with(contract: &EventContract, members: &[&MemberContract], exchanged: &str, with: &str) -> String {
    let mut text = format!(r#"{{"id":"e1","type":"{}","time":1772442000000"#, contract.name);
    let mut is_there = false;
    for member in members {
        let is_it = member.name() == exchanged;
        is_there |= is_it;
        let value = if is_it { with.to_owned() } else { sample(member) };
        text += &format!(",\"{}\":{value}", member.name());
    }
    if !is_there && !exchanged.is_empty() {
        text += &format!(",\"{exchanged}\":{with}");
    }
    text + "}"
}

#[test]
fn the_decoder_reads_the_members_of_the_contract_and_no_others() {
    let settings = settings();
    let everything: BTreeSet<&str> = EventType::ALL
        .iter()
        .flat_map(|event_type| event_type.contract().required.iter().chain(event_type.contract().optional))
        .map(MemberContract::name)
        .collect();
    for event_type in EventType::ALL {
        let contract = event_type.contract();
        let all: Vec<&MemberContract> = contract.required.iter().chain(contract.optional).collect();
        let required: Vec<&MemberContract> = contract.required.iter().collect();
        let outcome = |text: &str| match decoded(contract.kinds[0], text.as_bytes(), &settings) {
            Decoded::Event(event) => Ok((event.body.clone(), event.customer)),
            Decoded::Ignored => panic!("ignored: {text}"),
            Decoded::Invalid(reason) => Err(reason),
        };
        let check = |text: String, expected: Reason| assert_eq!(outcome(&text).err(), Some(expected), "{text}");
        for members in [&required, &all] {
            let (body, _) = outcome(&event_with(contract, members, "", "")).unwrap_or_else(|reason| panic!("{}: {reason}", contract.name));
            assert_eq!(body.event_type(), *event_type);
        }
        for member in &required {
            for blank in ["null", "\"\""] {
                check(event_with(contract, &required, member.name(), blank), Reason::MissingField);
            }
            let others: Vec<&MemberContract> = required.iter().copied().filter(|other| other.name() != member.name()).collect();
            check(event_with(contract, &others, "", ""), Reason::MissingField);
        }
        for member in &all {
            let with = |value: &str| event_with(contract, &all, member.name(), value);
            check(with("{}"), Reason::WrongType);
            match member.value {
                MemberValue::Id => check(with(&format!("\"{}\"", "x".repeat(129))), Reason::BadValue),
                MemberValue::Time => check(with("\"yesterday\""), Reason::BadTime),
                MemberValue::Choice(words) => {
                    check(with("\"no such word\""), Reason::BadValue);
                    for word in words {
                        assert!(outcome(&with(&format!("\"{word}\""))).is_ok(), "{}: {} = {word}", contract.name, member.name());
                    }
                }
                MemberValue::Amount => {
                    check(with("-0.01"), Reason::BadValue);
                    check(with("1000000000001"), Reason::BadValue);
                    check(with("\"5\""), Reason::WrongType);
                    assert!(outcome(&with("0")).is_ok() && outcome(&with("1e12")).is_ok(), "{}: {}", contract.name, member.name());
                }
                MemberValue::Label => {
                    check(with(&format!("\"{}\"", "x".repeat(65))), Reason::BadValue);
                    check(with("\" \""), Reason::BadValue);
                    check(with("5"), Reason::WrongType);
                }
                MemberValue::Text | MemberValue::Boolean | MemberValue::Number => {}
            }
        }
        // A member that the type does not list is not looked at, whatever it is. Dimensions are members of every type.
        let whole = outcome(&event_with(contract, &all, "", "")).unwrap();
        for name in everything.iter().filter(|name| !all.iter().any(|member| member.name() == **name)) {
            let is_dimension = settings.dimensions.iter().any(|dimension| dimension.name == **name);
            let value = if is_dimension { "\"x1\"" } else { "{}" };
            assert_eq!(outcome(&event_with(contract, &all, name, value)).as_ref(), Ok(&whole), "{}: {name}", contract.name);
        }
    }
}
