//! The runner: what a program can see and do, and where it is stopped.

use std::time::{Duration, Instant};

use cxpulse::feed::{Feed, FeedSettings, Mapped, Payload, RecordKey, RejectionReason, without_registry_framing};
use cxpulse::time::EventTime;
use serde_json::{Value, json};

use super::shared::{feed_of, with_stack};
use crate::support::decode_settings::settings as decode_settings;

/// Maps a payload within 100 ms, as the stage does.
fn map(program: &str, payload: &Payload<'_>) -> Mapped {
    let feed = feed_of(program);
    let end = Instant::now() + Duration::from_millis(100);
    feed.map(payload, &move || Instant::now() >= end)
}

fn map_value(program: &str, value: &Value) -> Mapped {
    map(program, &Payload { value: Some(value.to_string().as_bytes()), ..Payload::default() })
}

/// The members of the only event of a program.
fn only(program: &str, value: &Value) -> Value {
    let mapped = map_value(program, value);
    assert_eq!(mapped.rejection, None, "{program}");
    assert_eq!(mapped.events.len(), 1, "{program}");
    serde_json::from_slice(&mapped.events[0].json).expect("JSON")
}

fn reason(program: &str, value: &Value) -> RejectionReason {
    let mapped = map_value(program, value);
    assert!(mapped.events.is_empty(), "a rejected payload has no events");
    mapped.rejection.unwrap_or_else(|| panic!("not rejected: {program}")).reason
}

const TICKET: &str = r#"{id: "e", type: "ticket.assigned", time: "2026-03-02T09:00:00Z", ticket_id: 7}"#;

#[test]
fn ids_carry_the_name_of_the_feed_by_kind() {
    with_stack(|| {
        let program =
            r#"{id: 1, type: "ticket.created", time: "2026-03-02T09:00:00Z", ticket_id: 4711, customer_id: "c", channel: null, team: ""}"#;
        let wanted = json!({"id": 1, "type": "ticket.created", "time": "2026-03-02T09:00:00Z", "ticket_id": "desk:4711", "customer_id": "c", "team": "",
                            "source": "desk"});
        assert_eq!(only(program, &json!({})), wanted);

        let program = r#"{id: 1, type: "survey.responded", time: 1772451600000, metric: "nps", score: 9, ticket_id: 5, survey_id: 6, customer_id: 7}"#;
        let settings = FeedSettings {
            desk: Some("desk".to_owned()),
            owns_customers: true,
            ..FeedSettings::new("surveys", program, "test", RecordKey::Customer)
        };
        let mapped = Feed::new(settings, decode_settings())
            .expect("a program")
            .map(&Payload { value: Some(b"{}"), ..Payload::default() }, &|| false);
        let event: Value = serde_json::from_slice(&mapped.events[0].json).expect("JSON");
        assert_eq!(
            (&event["ticket_id"], &event["survey_id"], &event["customer_id"]),
            (&json!("desk:5"), &json!("surveys:6"), &json!("surveys:7"))
        );
        assert_eq!(mapped.events[0].target, cxpulse::feed::RecordTarget::Key("surveys:7".to_owned()));
    });
}

#[test]
fn a_change_is_keyed_by_its_name() {
    with_stack(|| {
        let program = r#"{id: 1, type: "change.marked", time: "2026-03-02T09:00:00Z", name: " new macros", team: "a", customer_id: "c"}"#;
        let mapped = map_value(program, &json!({}));
        assert_eq!(mapped.rejection, None);
        assert_eq!(mapped.events[0].event_type, "change.marked");
        assert_eq!(mapped.events[0].target, cxpulse::feed::RecordTarget::Key("new macros".to_owned()));
        let nameless = r#"{id: 1, type: "change.marked", time: "2026-03-02T09:00:00Z", name: " "}"#;
        assert_eq!(reason(nameless, &json!({})), RejectionReason::InvalidEvent);
    });
}

#[test]
fn headers_key_topic_and_timestamp_are_bound() {
    with_stack(|| {
        let program =
            r#"{id: $headers.delivery, type: "ticket.assigned", time: ($timestamp | epoch("ms")), ticket_id: $key, team: $topic}"#;
        let payload = Payload {
            value: Some(b"{}"),
            headers: &[("delivery", "d1")],
            key: Some("k"),
            topic: "raw",
            timestamp: Some(EventTime(1_772_451_600_000)),
        };
        let event: Value = serde_json::from_slice(&map(program, &payload).events[0].json).expect("JSON");
        let wanted = json!({"id": "d1", "type": "ticket.assigned", "time": "2026-03-02T11:40:00Z", "ticket_id": "desk:k", "team": "raw", "source": "desk"});
        assert_eq!(event, wanted);
        assert!(map("if . == null then empty else error end", &Payload::default()).rejection.is_none(), "a tombstone is null");
    });
}

#[test]
fn the_functions_of_the_stage_give_what_the_page_says() {
    with_stack(|| {
        let value = |expression: &str, input: Value| {
            only(&format!("({expression}) as $v | {TICKET} + {{team: ($v | tostring)}}"), &input)["team"].as_str().map(str::to_owned)
        };
        let of = |expression: &str, input: Value| value(expression, input).unwrap_or_default();
        assert_eq!(of(r#"1772451600123456 | epoch("us")"#, json!(null)), "2026-03-02T11:40:00.123456Z");
        assert_eq!(of(r#"1772451600.25 | epoch("s")"#, json!(null)), "2026-03-02T11:40:00.25Z");
        assert_eq!(of(r#""1772451600" | epoch("s")"#, json!(null)), "2026-03-02T11:40:00Z");
        assert_eq!(of(r#""2026-03-02 12:40:00" | zoned("Europe/Berlin")"#, json!(null)), "2026-03-02T11:40:00Z");
        assert_eq!(of(r#""2026-07-02T13:40:00.5" | zoned("Europe/Berlin")"#, json!(null)), "2026-07-02T11:40:00.5Z");
        assert_eq!(of(r#""2026-03-02T12:40:00+01:00" | zoned("Asia/Tokyo")"#, json!(null)), "2026-03-02T11:40:00Z");
        assert_eq!(of("digest(1, \"a\")", json!(null)), of("[1, \"a\"] | digest", json!(null)));
        assert_ne!(of("digest(1, \"a\")", json!(null)), of("digest(\"1\", \"a\")", json!(null)));
        assert_eq!(of("digest(1)", json!(null)).len(), 32);
        assert_eq!(of(r#""7" | lookup("none")"#, json!(null)), "null");
        assert_eq!(of("[.a, .b, .c, .d] | map(id_text)", json!({"a": 0, "b": "", "c": "0", "d": 5})), r#"[null,null,null,"5"]"#);
        assert_eq!(of("[null | epoch(\"s\"), zoned(\"UTC\")]", json!(null)), "[null,null]");
        for faulty in [r#""x" | epoch("s")"#, r#"1 | epoch("minutes")"#, r#""yesterday" | zoned("UTC")"#, r#""2026-03-02" | zoned("Mars")"#]
        {
            assert_eq!(reason(faulty, &json!(null)), RejectionReason::Program, "{faulty}");
        }
    });
}

#[test]
fn values_without_a_meaning_are_counted_by_name_and_cut_off() {
    with_stack(|| {
        let program = format!(r#"(.status | meaning("status"; {{"open": "open"}})) as $s | {TICKET} + {{team: $s}}"#);
        let mapped = map_value(&program, &json!({"status": "Weird"}));
        assert_eq!(mapped.unknown, [("status".to_owned(), "Weird".to_owned())]);
        assert_eq!(only(&program, &json!({"status": "OPEN"}))["team"], "open");
        assert_eq!(map_value(&program, &json!({})).unknown, []);
        let many = map_value(r#"[range(1000)] | map(tostring | ("x" * 100 + .) | unknown("n")) | empty"#, &json!(null));
        assert_eq!(many.unknown.len(), 64);
        assert_eq!(many.unknown[0].1.len(), 40);
    });
}

#[test]
fn functions_that_see_or_change_the_world_are_not_there() {
    with_stack(|| {
        let gone = [
            "env",
            "$ENV",
            "now",
            "input",
            "inputs",
            "halt",
            "halt(1)",
            "halt_error",
            "debug",
            "debug(1)",
            "stderr",
            "input_line_number",
            "localtime",
            "strflocaltime(\"%Z\")",
            "$__loc__",
            "import \"a\" as a; .",
            "include \"a\"; .",
            "get_search_list",
            "input_filename",
            "$__prog_args",
        ];
        for program in gone {
            let settings = FeedSettings::new("desk", program, "own.jq", RecordKey::Contact);
            let Err(error) = Feed::new(settings, decode_settings()) else { panic!("`{program}` is a program") };
            assert!(error.to_string().starts_with("own.jq: line 1: "), "{error}");
        }
    });
}

#[test]
fn a_faulty_program_is_named_by_its_line() {
    let settings = |program: &str| FeedSettings::new("desk", program, "own.jq", RecordKey::Contact);
    with_stack(move || {
        for (program, wanted) in [
            ("# a\n.a |\n bad(1)", "line 3: no"),
            ("# a\n{a: ", "line 2"),
            ("\n\nif . then 1", "line 3"),
            (". as [$a] | \n$b", "line 2: no"),
        ] {
            let Err(error) = Feed::new(settings(program), decode_settings()) else { panic!("`{program}` is a program") };
            assert!(error.to_string().contains(wanted), "{program}: {error}");
        }
    });
}

#[test]
fn no_program_runs_on() {
    with_stack(|| {
        let endless = [
            "def f: f; f",
            "def f: 1 + f; f",
            "def f: [f]; f",
            "[range(1e18)]",
            "[repeat(1)]",
            "first(range(1e18) | select(. < 0))",
            "[recurse(. + 1; true)] | length",
            "until(false; . + 1)",
            "[limit(1e12; repeat(1))]",
            "def f: try f catch f; f",
            "try (def f: f; f) catch 1",
            "reduce range(1e12) as $i (0; . + $i)",
            "[.[] as $a | .[] as $b | .[] as $c | .[] as $d | .[] as $e | $a] | length",
            "path(def f: f; f)",
            "(def f: f; f) |= 1",
            "[while(true; .)]",
        ];
        let input = Value::Array((0..100).map(Value::from).collect());
        for program in endless {
            let begun = Instant::now();
            assert_eq!(
                reason(program, if program.contains("$e") { &input } else { &Value::Null }),
                RejectionReason::OutOfTime,
                "{program}"
            );
            assert!(begun.elapsed() < Duration::from_secs(5), "{program} took {:?}", begun.elapsed());
        }
    });
}

#[test]
fn outputs_are_bounded_and_checked() {
    with_stack(|| {
        let many = |n: usize| format!("range({n}) as $n | {TICKET} + {{id: $n}}");
        assert_eq!(map_value(&many(64), &json!(null)).events.len(), 64);
        assert_eq!(reason(&many(65), &json!(null)), RejectionReason::TooManyOutputs);
        for output in ["1", "null", "[]", "{a: [1]}", "{a: {}}", r#"{id: 1, type: "ticket.assigned", time: 1, ticket_id: true}"#] {
            let wanted = if output == "{a: {}}" || output == "{a: [1]}" || !output.starts_with('{') || output.contains("true") {
                RejectionReason::NotAnEvent
            } else {
                RejectionReason::InvalidEvent
            };
            assert_eq!(reason(output, &json!(null)), wanted, "{output}");
        }
        assert_eq!(reason(&format!("{TICKET} + {{type: \"ticket.lost\"}}"), &json!(null)), RejectionReason::InvalidEvent);
        assert_eq!(reason(&format!("{TICKET} + {{time: \"yesterday\"}}"), &json!(null)), RejectionReason::InvalidEvent);
        assert_eq!(
            reason(&format!("{TICKET}, error"), &json!(null)),
            RejectionReason::Program,
            "no event of a payload is sent where one cannot be"
        );
        let long = format!("{TICKET} + {{ticket_id: (\"x\" * 125)}}");
        assert_eq!(reason(&long, &json!(null)), RejectionReason::InvalidEvent, "with the name of the feed the id is too long");
    });
}

#[test]
fn payloads_that_are_not_json_are_rejected() {
    with_stack(|| {
        for bytes in [&b"{"[..], b"", b"NaN", b"{a: 1}", b"b\"x\"", b"1 2", b"\xff", b"# comment\n1"] {
            let mapped = map("empty", &Payload { value: Some(bytes), ..Payload::default() });
            assert_eq!(mapped.rejection.map(|rejection| rejection.reason), Some(RejectionReason::NotJson), "{bytes:?}");
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let mapped = map("empty", &Payload { value: Some(deep.as_bytes()), ..Payload::default() });
        assert_eq!(mapped.rejection.map(|rejection| rejection.reason), Some(RejectionReason::NotJson));
        let large = format!("\"{}\"", "x".repeat(1024 * 1024));
        let mapped = map("empty", &Payload { value: Some(large.as_bytes()), ..Payload::default() });
        assert_eq!(mapped.rejection.map(|rejection| rejection.reason), Some(RejectionReason::TooLarge));
        assert_eq!(without_registry_framing(b"\0\0\0\0\x07{}"), b"{}");
        assert_eq!(without_registry_framing(b"{}"), b"{}");
    });
}

#[test]
fn a_rejection_names_the_line_and_no_value() {
    with_stack(|| {
        let program = "def inner:\n  .secret | .x\n;\n\nif true\nthen inner else 1 end";
        let rejection = map_value(program, &json!({"secret": "hunter2"})).rejection.expect("a text has no members");
        assert_eq!((rejection.reason, rejection.line), (RejectionReason::Program, 2));
        assert!(!rejection.to_string().contains("hunter2"), "{rejection}");
    });
}
