//! A program gives the same with its shortcuts and as it is written: for every example, and with each member of each example replaced by values of every
//! type; and for programs that use members as paths.

use cxpulse::feed::{Feed, Mapped, Payload, SHIPPED};
use cxpulse::time::EventTime;
use serde_json::{Value, json};

use super::shared::{compiled, examples, feed_of, with_stack};

fn both(feed: &Feed, payload: &Value) -> (Mapped, Mapped) {
    let text = payload.to_string();
    let payload =
        Payload { value: Some(text.as_bytes()), timestamp: Some(EventTime(1_772_443_530_000)), topic: "raw", ..Payload::default() };
    (feed.map(&payload, &|| false), feed.map_without_shortcuts(&payload, &|| false))
}

#[test]
fn every_feed_gives_the_same_with_shortcuts() {
    with_stack(|| {
        let mut compared = 0;
        for shipped in SHIPPED {
            let feed = compiled(shipped);
            for (path, example) in examples(shipped.name) {
                // Sets the tables of the example.
                let _mapped = example.map(&feed);
                let mut places = Vec::new();
                places_in(&example.payload, String::new(), &mut places);
                for place in places {
                    for value in [
                        json!(null),
                        json!("0"),
                        json!("Text"),
                        json!(7),
                        json!(-1.5),
                        json!(true),
                        json!([]),
                        json!([{"id": 1}]),
                        json!({"a": "b"}),
                    ] {
                        let mut payload = example.payload.clone();
                        *payload.pointer_mut(&place).expect("a place of the payload") = value;
                        let (quick, plain) = both(&feed, &payload);
                        assert_eq!(quick, plain, "{}: {place} of {payload}", path.display());
                        compared += 1;
                    }
                }
            }
        }
        assert!(compared > 5_000, "{compared}");
    });
}

/// What a program does with a member beside reading it: as a path, in an update, as a parameter, as a generator, with definitions of its own names.
const PROGRAMS: &[&str] = &[
    ".a.b = 5 | .a.b",
    ".a.b |= (. // 1) | .a",
    "(.a | .b) |= 3 | .a.b",
    "[paths] | length",
    "path(.a.b)",
    "[path(.c[0]?.d)]",
    "def get: .a.b; get |= 9 | .a.b",
    "def f(g): g |= 2; f(.a.b) | .a.b",
    "del(.a.b) | tojson",
    "[.c[] | .d]",
    "[.c[]?.d?, .none?.x?]",
    ".c[0].d",
    ".c.d",
    "[.c[0]?.d?, .c?.d?]",
    "(.a.b | present) |= 4 | .a.b",
    "try path(.x | present) catch \"none\"",
    "{a, \"b c\": 1, c: .c[].d}",
    "{a: 1, b: \"x\"} | .b = 2 | tojson",
    "{a: (1, 2), b: (3, 4)} | tojson",
    "{a: empty, b: 1}",
    "{$topic, t: $timestamp} | tojson",
    "def null: 5; {a: null, b: true} | tojson",
    "def type: \"own\"; {t: type} | tojson",
    "def IN(x): false; if .s | IN(\"x\") then 1 elif .s == \"x\" then 2 elif .s == \"y\" then 3 else 4 end",
    "if .s == \"w\" then 1 elif .s == \"x\" or .s == \"y\" then 2 elif .s == \"x\" then 3 elif .a then 4 else 5 end",
    "if .s == \"w\" then 1 elif .s == \"v\" then 2 elif .s == \"u\" then 3 end | tojson",
    ".s as $s | if $s == \"w\" then 1 elif $s == \"v\" then 2 elif $s | IN(\"u\", \"x\") then 3 else 4 end",
    "[.c[] | if .d == \"a\" then 1 elif .d == \"b\" then 2 elif .d == \"c\" then 3 else 4 end]",
    "[.. | select(type == \"number\")] | add",
    "[range(3)] | map(. * 2) | first",
    "reduce .c[] as $x (0; . + ($x.d | length))",
    "[limit(2; .c[] | .d)], [first(.c[].d)]",
    "[.c[] as {d: $d} | $d]",
    "label $out | .c[] | if .d == \"b\" then break $out else .d end",
    "(.a.missing.deeper // \"none\"), (.s.t? // \"none\")",
    ".s.t",
    "[digest(1, .s), digest(.c[])] | tojson",
    "\"\\(.s)-\\(.c[].d)\"",
    "[true, false, null | not]",
    "[1, \"a\", null, [], {}, true | type, isstring]",
    "[empty] | length",
    "(.c | map(.d) | any(. == \"b\")), (.c | all(.d != null))",
];

#[test]
fn programs_of_ones_own_give_the_same_with_shortcuts() {
    let payload = json!({"a": {"b": 1}, "c": [{"d": "a"}, {"d": "b"}], "s": "x", "b c": 1});
    with_stack(move || {
        for program in PROGRAMS {
            // Each value of the expression is the team of an event, whatever its type.
            let program = format!(
                "[{program}] | .[] | {{id: 1, type: \"ticket.created\", time: \"2026-03-02T09:00:00Z\", ticket_id: 1, team: (tojson | .[:100])}}"
            );
            let feed = feed_of(&program);
            let (quick, plain) = both(&feed, &payload);
            assert_eq!(quick, plain, "{program}");
            for other in [json!(null), json!([]), json!("s"), json!({"c": {"d": 1}, "s": 5, "a": []})] {
                let (quick, plain) = both(&feed, &other);
                assert_eq!(quick, plain, "{program} of {other}");
            }
        }
    });
}

fn places_in(value: &Value, place: String, places: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members
                .iter()
                .for_each(|(name, value)| places_in(value, format!("{place}/{}", name.replace('~', "~0").replace('/', "~1")), places));
        }
        Value::Array(values) => values.iter().enumerate().for_each(|(n, value)| places_in(value, format!("{place}/{n}"), places)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    places.push(place);
}
