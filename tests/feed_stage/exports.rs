//! `cxpulse feed backfill --input`: the past of a help desk from its REST interface, through a real broker to the gauges.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use super::committed::committed_records;
use crate::support::broker::Broker;
use crate::support::exposition::Exposition;
use crate::support::service::cxpulse;
use crate::support::topics::create_topics;

/// When the examples were exported, as they say themselves.
const AS_OF: &str = "2026-03-02T10:00:00Z";
const FEEDS: [&str; 3] = ["zendesk", "intercom", "freshdesk"];

/// The objects that the examples of a feed export, one a line.
fn exported(feed: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/feeds").join(feed).join("examples");
    let mut lines = Vec::new();
    for file in std::fs::read_dir(folder).expect("the examples of the feed") {
        let path = file.expect("a file").path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("export-")) {
            let example: Value = serde_json::from_slice(&std::fs::read(path).expect("a readable file")).expect("JSON");
            lines.push(example["payload"].to_string());
        }
    }
    lines.sort();
    lines.join("\n") + "\n"
}

/// Runs a backfill of all exports, with these further arguments.
fn backfill(folder: &Path, more: &[&str]) -> Output {
    let inputs = FEEDS.iter().flat_map(|feed| ["--input".to_owned(), format!("{feed}={}", folder.join(feed).display())]);
    let mut command = cxpulse();
    command.args(["feed", "backfill", "--as-of", AS_OF, "--config"]).arg(folder.join("feeds.toml"));
    command.args(inputs).args(more).output().expect("the binary was built")
}

#[test]
fn objects_of_rest_interfaces_become_the_gauges_of_the_past() {
    let Some(broker) = Broker::shared() else { return };
    let servers = broker.servers();
    create_topics(&servers, &["past-tickets", "past-surveys", "past-rejected", "past-until", "past-elsewhere"], 1);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let feed = |name: &str| {
        std::fs::write(folder.path().join(name), exported(name)).expect("the folder is writable");
        format!(
            "[[feeds]]\nname = \"{name}\"\npath = \"/{name}\"\n[feeds.tables.groups]\n9 = \"Billing\"\n10 = \"Shipping\"\n42 = \"Billing\"\n[feeds.tables.teams]\n5 = \"Billing\"\n[feeds.tables.bots]\n77 = \"bot\"\n"
        )
    };
    let topics = "[topics]\ntickets = \"past-tickets\"\nsurveys = \"past-surveys\"\nrejected = \"past-rejected\"\n";
    let text = format!("{topics}{}\n[kafka]\nbootstrap_servers = \"{servers}\"\n", FEEDS.map(feed).concat());
    std::fs::write(folder.path().join("feeds.toml"), text).expect("the folder is writable");

    let done = backfill(folder.path(), &["--complete"]);
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success() && told.contains("payloads: 6 mapped, 0 that mean nothing, 0 rejected"), "{told}");
    let gauges = gauges(&servers, folder.path());
    let within = |family: &str| gauges.with_labels(family, &[("window", "30d")]);
    assert_eq!(within("cx_tickets_created"), Some(5.0));
    // Neither a bot nor a note is an answer, and what an agent began waits for nobody.
    assert_eq!((within("cx_tickets_first_responded"), within("cx_first_response_mean_seconds")), (Some(3.0), Some(3_600.0)));
    assert_eq!((within("cx_tickets_reopened"), within("cx_csat_responses")), (Some(1.0), Some(3.0)));
    assert_eq!(gauges.with_labels("cx_tickets_created_by_team", &[("window", "30d"), ("team", "Billing")]), Some(4.0));
    assert_eq!((gauges.value("cx_backlog_tickets"), gauges.value("cx_backlog_complete")), (Some(3.0), Some(1.0)));

    // What the webhooks have said since a time comes from them alone; how things stand at the export is still said.
    let until = "2026-02-20T10:45:00Z";
    let elsewhere = ["--set", "topics.tickets=past-until", "--set", "topics.surveys=past-elsewhere", "--until", until];
    assert!(backfill(folder.path(), &elsewhere).status.success());
    let times: Vec<String> = committed_records(&servers, "past-until").iter().map(|record| time_of(&record.value)).collect();
    assert!(times.iter().any(|time| time.as_str() < until) && times.iter().any(|time| time == AS_OF), "{times:?}");
    assert!(times.iter().all(|time| time.as_str() < until || time == AS_OF), "{times:?}");
}

#[test]
fn inputs_that_cannot_be_used_are_named_before_anything_is_sent() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = "[[feeds]]\nname = \"zendesk\"\npath = \"/zendesk\"\n[kafka]\nbootstrap_servers = \"127.0.0.1:1\"\n";
    std::fs::write(folder.path().join("feeds.toml"), text).expect("the folder is writable");
    let run = |arguments: &[&str]| {
        let done = cxpulse().args(["feed", "backfill", "--config", "feeds.toml"]).args(arguments).current_dir(folder.path()).output();
        let done = done.expect("the binary was built");
        (done.status.code(), String::from_utf8_lossy(&done.stderr).into_owned())
    };
    let (code, told) = run(&["--input", "zendesk=missing.jsonl"]);
    assert!(code == Some(1) && told.contains("missing.jsonl") && told.contains("--as-of"), "{code:?} {told}");
    let (code, told) = run(&["--input", "zendesk=missing.jsonl", "--as-of", AS_OF]);
    assert!(code == Some(1) && told.contains("missing.jsonl") && told.contains("hint: an input is FEED=FILE"), "{code:?} {told}");
    let (code, told) = run(&["--input", "help=x", "--as-of", AS_OF]);
    assert!(code == Some(64) && told.contains("no feed of the configuration has the name `help`"), "{code:?} {told}");
    let (code, told) = run(&["--complete"]);
    assert!(code == Some(64) && told.contains("--input"), "{code:?} {told}");
}

/// The gauges of what was sent, two hours after the export.
fn gauges(servers: &str, folder: &Path) -> Exposition {
    let input = |name: &str| {
        let lines: Vec<String> = committed_records(servers, &format!("past-{name}")).into_iter().map(|record| record.value).collect();
        let times: Vec<String> = lines.iter().map(|line| time_of(line)).collect();
        assert!(times.is_sorted(), "{name} in the order of time: {times:?}");
        let path = folder.join(name);
        std::fs::write(&path, lines.join("\n")).expect("the folder is writable");
        format!("{name}={}", path.display())
    };
    let inputs = ["--input".to_owned(), input("tickets"), "--input".to_owned(), input("surveys")];
    let output = cxpulse().arg("replay").args(inputs).args(["--at", "2026-03-02T12:00:00Z"]).output().expect("the binary was built");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Exposition::parse(&String::from_utf8_lossy(&output.stdout))
}

fn time_of(event: &str) -> String {
    let event: Value = serde_json::from_str(event).expect("an event is JSON");
    let time: jiff::Timestamp = event["time"].as_str().expect("a time").parse().expect("RFC 3339");
    time.to_string()
}
