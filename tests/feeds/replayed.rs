//! `cxpulse replay --feed`: a dump of payloads becomes gauges without a broker.

use std::process::{Command, Stdio};

use super::shared::examples;

fn replay(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_cxpulse"))
        .arg("replay")
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .expect("the binary was built");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_dump_gives_the_gauges_of_its_events_whatever_its_order() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dump = folder.path().join("dump.jsonl");
    let names = ["csat-received", "csat-requested", "status-changed", "comment-agent", "ticket-created"];
    let of = |name: &str| {
        examples("zendesk").into_iter().find(|(path, _)| path.file_stem().is_some_and(|stem| stem == name)).expect("an example").1
    };
    // Everything of one ticket, the newest first, and a line that is no payload.
    let mut lines: Vec<String> = names.iter().map(|name| of(name).payload.to_string()).collect();
    lines.push("{broken".to_owned());
    std::fs::write(&dump, lines.join("\n")).expect("the folder is writable");
    let input = format!("raw={}", dump.display());
    let (code, text, notes) = replay(&["--feed", "zendesk", "--input", &input, "--at", "2026-03-02T12:00:00Z"]);
    assert_eq!(code, Some(0), "{notes}");
    assert!(notes.contains("6 payloads became 5 events, 1 were rejected; the first in line 6: not_json"), "{notes}");
    for wanted in [
        "cx_tickets_created{window=\"24h\"} 1",
        "cx_tickets_resolved{window=\"24h\"} 1",
        "cx_csat_responses{window=\"24h\"} 1",
        "cx_csat_satisfied_responses{window=\"24h\"} 1",
    ] {
        assert!(text.lines().any(|line| line == wanted), "{wanted} is missing");
    }
}

#[test]
fn a_feed_that_is_none_and_a_missing_dump_are_named() {
    let (code, _, notes) = replay(&["--feed", "zendsk", "--input", "raw=x.jsonl"]);
    assert!(code == Some(64) && notes.contains("no feed `zendsk` is part of cxpulse"), "{notes}");
    let (code, _, notes) = replay(&["--feed", "zendesk", "--input", "tickets=x.jsonl"]);
    assert!(code == Some(64) && notes.contains("--input raw="), "{notes}");
    let (code, _, notes) = replay(&["--feed", "zendesk", "--input", "raw=not-there.jsonl"]);
    assert!(code == Some(1) && notes.contains("not-there.jsonl"), "{notes}");
}
