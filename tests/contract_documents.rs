//! The documents in `contract/` are those that the binary prints, and the schema takes what the decoder takes: every event of the feeds' examples, and
//! none of a list of refused ones.

mod support {
    pub(crate) mod left_out;
    pub(crate) mod tools;
}

use std::path::{Path, PathBuf};
use std::process::Command;

use cxpulse::event::{EventType, async_api, json_schema};
use serde_json::{Value, json};
use support::left_out::variable;
use support::tools::leave_out_without_tool;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn printed(option: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_cxpulse")).args(["events", option]).env_clear().output().expect("the binary was built");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_committed_documents_are_those_that_are_printed() {
    for (option, name) in [("--json-schema", "events.schema.json"), ("--asyncapi", "asyncapi.json")] {
        let committed = std::fs::read_to_string(root().join("contract").join(name)).expect("the document is committed");
        assert_eq!(committed, printed(option), "write it again: cargo run -- events {option} > contract/{name}");
    }
}

#[test]
fn every_event_type_is_in_both_documents() {
    let (schema, api) = (json_schema(), async_api());
    for event_type in EventType::ALL {
        let name = event_type.name();
        assert!(schema["$defs"][name].is_object(), "{name}");
        assert!(schema["properties"]["type"]["enum"].as_array().expect("a list").contains(&json!(name)));
        assert!(api["components"]["messages"][name].is_object(), "{name}");
        for kind in event_type.contract().kinds {
            assert!(api["channels"][kind.name()]["messages"][name].is_object(), "{name}");
        }
    }
    assert_eq!(api["channels"].as_object().expect("channels").len(), 4);
}

/// The events of all examples of feeds.
fn good_events() -> Vec<Value> {
    let mut events = Vec::new();
    for feed in std::fs::read_dir(root().join("config/feeds")).expect("the feeds").flatten().filter(|entry| entry.path().is_dir()) {
        for example in std::fs::read_dir(feed.path().join("examples")).expect("its examples").flatten() {
            let example: Value = serde_json::from_slice(&std::fs::read(example.path()).expect("a file")).expect("JSON");
            events.extend(example["events"].as_array().expect("a list").iter().cloned());
        }
    }
    events
}

fn bad_events() -> Vec<Value> {
    let good = json!({"id": "e", "type": "ticket.message", "time": "2026-03-02T09:00:00Z", "ticket_id": "T", "author": "agent"});
    let with = |member: &str, value: Value| {
        let mut event = good.clone();
        event[member] = value;
        event
    };
    let without = |member: &str| {
        let mut event = good.clone();
        event.as_object_mut().expect("an object").remove(member);
        event
    };
    vec![
        without("id"),
        without("type"),
        without("time"),
        without("ticket_id"),
        without("author"),
        with("author", json!("teammate")),
        with("author", Value::Null),
        with("type", json!("ticket.lost")),
        with("public", json!("yes")),
        with("id", json!(true)),
        with("id", json!("x".repeat(129))),
        with("time", json!(true)),
        json!([]),
        json!({"id": "e", "type": "change.marked", "time": 1_772_442_000_000_i64}),
        json!({"id": "e", "type": "change.marked", "time": 1_772_442_000_000_i64, "name": ["new macros"]}),
        json!({"id": "e", "type": "change.marked", "time": 1_772_442_000_000_i64, "name": "new macros", "withdrawn": "yes"}),
        json!({"id": "e", "type": "survey.responded", "time": 1_772_442_000_000_i64, "metric": "csat", "score": "5"}),
    ]
}

#[test]
fn the_schema_takes_what_the_decoder_takes() {
    let Some(tools) = variable("TESTS_DEPLOY_TOOLS") else {
        return leave_out_without_tool("no checker of schemas: TESTS_DEPLOY_TOOLS does not name the folder of check-jsonschema");
    };
    let checker = PathBuf::from(tools).join("bin/check-jsonschema");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let schema = folder.path().join("schema.json");
    std::fs::write(&schema, json_schema().to_string()).expect("the folder is writable");
    let check = |events: &[Value], prefix: &str| {
        let files: Vec<PathBuf> = (0..events.len()).map(|n| folder.path().join(format!("{prefix}{n}.json"))).collect();
        for (file, event) in files.iter().zip(events) {
            std::fs::write(file, event.to_string()).expect("the folder is writable");
        }
        let output =
            Command::new(&checker).args(["-o", "json", "--schemafile"]).arg(&schema).args(&files).output().expect("the checker runs");
        let report: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        let faulty: Vec<String> = report["errors"].as_array().map_or_else(Vec::new, |errors| {
            let name = |error: &Value| error["filename"].as_str().and_then(|name| name.rsplit('/').next()).unwrap_or_default().to_owned();
            errors.iter().map(name).collect()
        });
        (faulty, report)
    };
    let good = good_events();
    assert!(good.len() > 80, "the examples were not found");
    let (faulty, report) = check(&good, "good");
    assert!(faulty.is_empty(), "{report:#}");
    let bad = bad_events();
    let (faulty, _) = check(&bad, "bad");
    for (n, event) in bad.iter().enumerate() {
        assert!(faulty.contains(&format!("bad{n}.json")), "taken: {event}");
    }
}
