//! `cxpulse checkpoint`, and the store in `cxpulse check`: what they print, and how they end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cxpulse::checkpoint::{CheckpointHeader, CheckpointKey, CheckpointStore, Fingerprint, StoreLocation, StoreOptions};
use cxpulse::time::EventTime;

use super::{code, cxpulse, run, stderr, stdout};

/// A store with four checkpoints: three of partition 3, and one of partition 4.
fn store() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = CheckpointStore::open(&StoreLocation::Folder(folder.path().into()), StoreOptions::default()).expect("a store");
    for (partition, sequence) in [(3, 1), (3, 2), (3, 3), (4, 1)] {
        let header = CheckpointHeader {
            key: CheckpointKey { group: "desk".into(), fingerprint: Fingerprint([0x5a; 32]), partition },
            next_offsets: BTreeMap::from([("tickets".into(), 1_000 * sequence as i64)]),
            sequence,
            created: EventTime(1_772_000_000_000),
            event_time_max: None,
            settings: BTreeMap::from([("chats.idle_end".into(), "off".into())]),
        };
        store.put(&header, b"IDCANARY in the state").expect("written");
    }
    folder
}

fn path(folder: &tempfile::TempDir) -> &str {
    folder.path().to_str().expect("text")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn a_list_has_a_line_for_each_checkpoint_and_no_id() {
    let store = store();
    let output = run(&["checkpoint", "list", path(&store)]);
    assert_eq!((code(&output), stderr(&output)), (0, ""));
    let lines: Vec<Vec<&str>> = stdout(&output).lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["GROUP", "SETTINGS", "PARTITION", "RECORDS", "NUMBER", "SIZE", "STORED"]);
    let shown: Vec<_> = lines[1..].iter().map(|line| line[..5].join(" ")).collect();
    assert_eq!(shown, ["desk 5a5a5a5a 3 1000 1", "desk 5a5a5a5a 3 2000 2", "desk 5a5a5a5a 3 3000 3", "desk 5a5a5a5a 4 1000 1"]);
    assert!(!stdout(&output).contains("CANARY"));
    let of_one = run(&["checkpoint", "list", path(&store), "--partition", "4"]);
    assert_eq!(stdout(&of_one).lines().count(), 2);
}

#[test]
fn the_newest_of_each_partition_is_shown_with_offsets_and_settings() {
    let store = store();
    let output = run(&["checkpoint", "show", path(&store)]);
    assert_eq!((code(&output), stderr(&output)), (0, ""));
    let text = stdout(&output);
    for wanted in [
        "next offset         tickets 3000",
        "next offset         tickets 1000",
        "setting             chats.idle_end = off",
        "taken               2026-02-25T06:13:20.000Z",
    ] {
        assert!(text.contains(wanted), "{wanted} is missing in\n{text}");
    }
    assert!(!text.contains("tickets 2000") && !text.contains("CANARY"), "{text}");
}

#[test]
fn verify_reads_every_checkpoint_and_ends_with_4_where_one_cannot_be_used() {
    let store = store();
    let output = run(&["checkpoint", "verify", path(&store)]);
    assert_eq!((code(&output), stdout(&output).lines().last()), (0, Some("4 can be used, 0 cannot")));
    let paths = files(store.path());
    let whole = std::fs::read(&paths[1]).expect("a file");
    std::fs::write(&paths[1], &whole[..whole.len() - 1]).expect("written");
    let other = std::fs::read(&paths[3]).expect("a file");
    std::fs::write(&paths[2], other).expect("written");
    let output = run(&["checkpoint", "verify", path(&store)]);
    assert_eq!((code(&output), stderr(&output)), (4, ""));
    let errors: Vec<_> = stdout(&output).lines().filter_map(|line| Some(line.strip_prefix("error: ")?.split_once(": ")?.1)).collect();
    assert_eq!(errors, ["it is not as long as it was written", "it belongs to partition 4"]);
    assert_eq!(files(store.path()).len(), 4, "nothing was removed");
}

#[test]
fn a_store_that_is_not_there_is_not_made() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let missing = folder.path().join("no-store");
    let output = run(&["checkpoint", "list", missing.to_str().expect("text")]);
    assert_eq!((code(&output), stdout(&output)), (1, ""));
    assert!(stderr(&output).contains("no-store` cannot be opened: ") && stderr(&output).contains("\nhint: "), "{}", stderr(&output));
    assert!(!missing.exists());
    let empty = run(&["checkpoint", "verify", path(&folder)]);
    assert_eq!(code(&empty), 0);
    assert!(stdout(&empty).starts_with("no checkpoint lies in "), "{}", stdout(&empty));
}

#[test]
fn a_url_that_names_no_store_is_64_and_is_not_repeated() {
    for url in ["gs://bucket", "s3://key:hunter2@bucket/x"] {
        let output = run(&["checkpoint", "list", url]);
        assert_eq!(code(&output), 64, "{}", stderr(&output));
        assert!(!stderr(&output).contains("hunter2") && stderr(&output).contains("the URL names no store: "), "{}", stderr(&output));
    }
    assert_eq!(code(&run(&["checkpoint", "list", "--set", "checkpoint.url=off"])), 64);
    assert_eq!(code(&run(&["checkpoint", "fly"])), 64);
}

#[test]
fn without_a_url_the_store_is_that_of_the_configuration_or_of_systemd() {
    let store = store();
    let of_setting = run(&["checkpoint", "list", "--set", &format!("checkpoint.url={}", path(&store))]);
    let of_systemd = cxpulse(&["checkpoint", "list"]).env("STATE_DIRECTORY", format!("{}:/other", path(&store))).output().expect("it runs");
    for output in [of_setting, of_systemd] {
        assert_eq!((code(&output), stdout(&output).lines().count()), (0, 5), "{}", stderr(&output));
    }
}

#[test]
fn several_replicas_with_a_folder_of_their_own_are_refused_by_check() {
    let code_of = |arguments: &[&str]| code(&run(&[&["check"], arguments].concat()));
    let output = run(&["check", "--replicas", "3"]);
    assert_eq!(code(&output), 1);
    assert!(stdout(&output).contains("error: checkpoint.url: 3 replicas with the folder `cxpulse-state`"), "{}", stdout(&output));
    assert_eq!(code_of(&["--replicas", "1"]), 0);
    assert_eq!(code_of(&["--replicas", "3", "--set", "checkpoint.shared=true"]), 0);
    assert_eq!(code_of(&["--replicas", "3", "--set", "checkpoint.url=s3://bucket"]), 0);
    assert_eq!(code_of(&["--replicas", "3", "--set", "checkpoint.url=off"]), 0);
    assert_eq!(code_of(&["--replicas", "0"]), 64);
}
