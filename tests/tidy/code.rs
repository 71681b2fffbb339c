//! Where code may use a library or a clock, and what it must not contain at all.

use super::repository::{Source, assert_none, files_below, product_sources, read};

/// The libraries that belong to some modules only, each with those modules.
const HOMES: &[(&str, &[&str])] = &[
    ("rdkafka", &["kafka"]),
    ("prometheus", &["metrics"]),
    ("postcard", &["engine", "runtime"]),
    ("serde_json", &["event", "feed", "intake", "kafka", "monitoring"]),
    ("jaq_core", &["feed"]),
    ("hyper", &["http"]),
    ("hyper_util", &["http"]),
    ("toml", &["config"]),
    ("clap", &["command"]),
    ("indicatif", &["command"]),
    ("rand", &["simulator"]),
    ("object_store", &["checkpoint"]),
    ("ring", &["checkpoint", "http"]),
    ("zstd", &["checkpoint"]),
    ("tokio", &["checkpoint", "kafka", "http", "intake", "runtime", "command"]),
    ("tracing", &["kafka", "http", "intake", "runtime", "command"]),
    ("anyhow", &["command"]),
];

/// The only modules that may read a clock.
const SHELL: &[&str] = &["checkpoint", "kafka", "http", "intake", "runtime", "command"];

#[test]
fn libraries_are_used_only_in_their_homes() {
    let mut faults = Vec::new();
    for source in product_sources() {
        for (number, line) in source.code() {
            for (library, homes) in HOMES {
                if uses_library(line, library) && !homes.contains(&source.module.as_str()) {
                    faults.push(source.fault(number, &format!("`{library}` belongs in {homes:?}")));
                }
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn only_the_shell_reads_a_clock() {
    let clocks = ["SystemTime::now", "Instant::now", "Timestamp::now", "Zoned::now"];
    let faults: Vec<_> = product_sources()
        .iter()
        .filter(|source| !SHELL.contains(&source.module.as_str()))
        .flat_map(|source| faults_in(source, &clocks, "the core takes `now` as an argument"))
        .collect();
    assert_none(&faults);
}

#[test]
fn nothing_is_left_unfinished_or_unwrapped() {
    let banned = ["todo!(", "unimplemented!(", "dbg!(", ".unwrap()"];
    let mut faults: Vec<_> =
        product_sources().iter().flat_map(|source| faults_in(source, &banned, "finish it, or say in words what holds")).collect();
    // The text is put together here, so that this file does not find itself.
    let ignored = concat!("#[", "ignore");
    for path in files_below("", "rs") {
        let text = read(&path);
        faults.extend(
            text.lines().filter(|line| line.trim_start().starts_with(ignored)).map(|_| format!("{}: an ignored test", path.display())),
        );
    }
    assert_none(&faults);
}

#[test]
fn a_library_is_found_by_its_name_alone() {
    assert!(
        uses_library("use rdkafka::consumer;", "rdkafka") && uses_library("(rand::random)", "rand") && uses_library("use toml;", "toml")
    );
    assert!(!uses_library("my_rdkafka::consumer", "rdkafka") && !uses_library("\"rdkafka\"", "rdkafka"));
}

fn uses_library(line: &str, library: &str) -> bool {
    line.trim() == format!("use {library};")
        || line
            .match_indices(&format!("{library}::"))
            .any(|(at, _)| !line[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':'))
}

fn faults_in(source: &Source, banned: &[&str], why: &str) -> Vec<String> {
    let found = |line: &str| banned.iter().find(|word| line.contains(**word)).copied();
    source.code().iter().filter_map(|(number, line)| Some(source.fault(*number, &format!("`{}`: {why}", found(line)?)))).collect()
}
