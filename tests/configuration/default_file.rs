//! The shipped default file has no unknown key, equals the built-in defaults, and its comments agree with the documentation of the types.

use std::path::Path;

use cxpulse::config::{self, Configuration};

const FILE: &str = "config/cxpulse.toml";

/// Keys whose comments begin with the first sentence of the documentation of a field: key, source file, type, field.
const DOCUMENTED: &[(&str, &str, &str, &str)] = &[
    ("kafka.bootstrap_servers", "src/config.rs", "KafkaSettings", "bootstrap_servers"),
    ("kafka.group_id", "src/config.rs", "KafkaSettings", "group_id"),
    ("kafka.queue_kbytes_per_partition", "src/config.rs", "KafkaSettings", "queue_kbytes_per_partition"),
    ("kafka.undecodable", "src/config.rs", "KafkaSettings", "undecodable"),
    ("kafka.allow_insecure", "src/config.rs", "KafkaSettings", "allow_insecure"),
    ("dead_letters.topic", "src/config.rs", "DeadLetterSettings", "topic"),
    ("dead_letters.on_failure", "src/config.rs", "DeadLetterSettings", "on_failure"),
    ("run.start", "src/config.rs", "RunSettings", "start"),
    ("run.clock", "src/config.rs", "RunSettings", "clock"),
    ("run.workers", "src/config.rs", "RunSettings", "workers"),
    ("run.snapshot_interval", "src/config.rs", "RunSettings", "snapshot_interval"),
    ("checkpoint.url", "src/config.rs", "CheckpointSettings", "url"),
    ("checkpoint.shared", "src/config.rs", "CheckpointSettings", "is_shared"),
    ("checkpoint.interval", "src/config.rs", "CheckpointSettings", "interval"),
    ("checkpoint.records", "src/config.rs", "CheckpointSettings", "records"),
    ("checkpoint.on_mismatch", "src/config.rs", "CheckpointSettings", "on_mismatch"),
    ("checkpoint.keep", "src/checkpoint/options.rs", "StoreOptions", "keep"),
    ("checkpoint.endpoint", "src/checkpoint/options.rs", "S3Options", "endpoint"),
    ("checkpoint.region", "src/checkpoint/options.rs", "S3Options", "region"),
    ("checkpoint.credentials_file", "src/checkpoint/options.rs", "S3Options", "credentials_file"),
    ("checkpoint.allow_insecure", "src/checkpoint/options.rs", "S3Options", "allow_insecure"),
    ("web.listen_addresses", "src/config.rs", "WebSettings", "listen_addresses"),
    ("web.hosts", "src/config.rs", "WebSettings", "hosts"),
    ("web.telemetry_path", "src/config.rs", "WebSettings", "telemetry_path"),
    ("web.config_file", "src/config.rs", "WebSettings", "config_file"),
    ("web.enable_lifecycle", "src/config.rs", "WebSettings", "enable_lifecycle"),
    ("web.page", "src/config.rs", "WebSettings", "page"),
    ("privacy.min_group_size", "src/config.rs", "WebSettings", "group_size_min"),
    ("log.filter", "src/config.rs", "LogSettings", "filter"),
    ("log.json", "src/config.rs", "LogSettings", "json"),
    ("quantiles", "src/engine/terms/settings.rs", "EngineSettings", "quantiles_percent"),
    ("customer_grouping_sets", "src/engine/terms/settings.rs", "EngineSettings", "customer_grouping_sets"),
    ("chats.call_channels", "src/engine/terms/settings.rs", "EngineSettings", "call_channels"),
    ("chats.abandon_min", "src/engine/terms/settings.rs", "EngineSettings", "chat_abandon_min"),
    ("journey.repeat_contact_within", "src/engine/terms/settings.rs", "EngineSettings", "repeat_contact_within"),
    ("journey.stages", "src/engine/terms/settings.rs", "JourneySettings", "stages"),
    ("journey.pain_weights.dropoff", "src/engine/terms/settings.rs", "PainWeights", "dropoff"),
    ("journey.pain_weights.csat", "src/engine/terms/settings.rs", "PainWeights", "csat"),
    ("journey.pain_weights.effort", "src/engine/terms/settings.rs", "PainWeights", "effort"),
    ("journey.pain_weights.repeat_contacts", "src/engine/terms/settings.rs", "PainWeights", "repeat_contacts"),
    ("journey.pain_weights.dwell", "src/engine/terms/settings.rs", "PainWeights", "dwell"),
    ("retention.tickets", "src/engine/terms/settings.rs", "EngineSettings", "ticket_retention"),
    ("retention.customers", "src/engine/terms/settings.rs", "EngineSettings", "customer_retention"),
    ("windows.name", "src/engine/terms/settings.rs", "WindowSettings", "name"),
    ("windows.range", "src/engine/terms/settings.rs", "WindowSettings", "range"),
    ("windows.hop", "src/engine/terms/settings.rs", "WindowSettings", "hop"),
    ("histograms.response", "src/engine/terms/settings.rs", "DurationBounds", "response"),
    ("histograms.resolution", "src/engine/terms/settings.rs", "DurationBounds", "resolution"),
    ("histograms.chat", "src/engine/terms/settings.rs", "DurationBounds", "chat"),
    ("limits.contacts_max", "src/engine/terms/settings.rs", "Limits", "contacts_max"),
    ("limits.customers_max", "src/engine/terms/settings.rs", "Limits", "customers_max"),
    ("limits.surveys_max", "src/engine/terms/settings.rs", "Limits", "surveys_max"),
    ("limits.identities_max", "src/engine/terms/settings.rs", "Limits", "identities_max"),
    ("limits.held_max", "src/engine/terms/settings.rs", "Limits", "held_max"),
    ("limits.history_max", "src/engine/terms/settings.rs", "Limits", "history_max"),
    ("limits.cells_max", "src/engine/terms/settings.rs", "Limits", "cells_max"),
    ("limits.cells_per_family_max", "src/engine/terms/settings.rs", "Limits", "cells_per_family_max"),
    ("limits.day_sums_max", "src/engine/terms/settings.rs", "Limits", "day_sums_max"),
    ("topics.name", "src/event/settings.rs", "TopicSettings", "name"),
    ("topics.kind", "src/event/settings.rs", "TopicSettings", "kind"),
    ("topics.allowed_lateness", "src/event/settings.rs", "TopicSettings", "allowed_lateness"),
    ("topics.identity_from_record", "src/event/settings.rs", "TopicSettings", "identity_from_record"),
    ("topics.time_from_record", "src/event/settings.rs", "TopicSettings", "time_from_record"),
    ("topics.ignored_types", "src/event/settings.rs", "TopicSettings", "ignored_types"),
    ("dimensions.channel.owner", "src/event/settings.rs", "DimensionSettings", "owner"),
    ("dimensions.channel.renames", "src/event/settings.rs", "DimensionSettings", "renames"),
    ("dimensions.channel.values_max", "src/event/settings.rs", "DimensionSettings", "values_max"),
    ("surveys.ces_direction", "src/event/settings.rs", "DecodeSettings", "ces_ease"),
];

/// The dotted name of each key of the file, with the comment directly above it.
pub(super) fn keys() -> Vec<(String, String)> {
    let (mut section, mut comment, mut keys) = (String::new(), Vec::new(), Vec::new());
    for line in config::default_file().lines() {
        if let Some(text) = line.strip_prefix('#') {
            comment.push(text.trim().to_owned());
        } else if line.starts_with('[') {
            section = line.trim_matches(['[', ']']).to_owned();
            comment.clear();
        } else if let Some((key, _)) = line.split_once(" = ") {
            let dotted = if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") };
            keys.push((dotted, comment.join(" ")));
            comment.clear();
        } else {
            comment.clear();
        }
    }
    keys
}

/// The documentation of a field, as one text.
fn documentation(file: &str, type_name: &str, field: &str) -> String {
    let source = std::fs::read_to_string(file).unwrap();
    let start = source.find(&format!("pub struct {type_name} {{")).unwrap_or_else(|| panic!("{file} has no `{type_name}`"));
    let mut docs = Vec::new();
    for line in source[start..].lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            docs.push(text.trim());
        } else if line.starts_with(&format!("pub {field}:")) {
            return docs.join(" ");
        } else {
            docs.clear();
        }
    }
    panic!("{file}: `{type_name}` has no field `{field}`");
}

/// The text up to the first full stop, or up to a code example.
fn first_sentence(text: &str) -> &str {
    let end = [". ", ": `"].into_iter().filter_map(|mark| text.find(mark)).min().unwrap_or(text.len());
    text[..end].trim_end_matches('.')
}

#[test]
fn it_equals_the_built_in_defaults() {
    let loaded = config::load(Some(Path::new(FILE)), [], &[]).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(loaded.warnings, []);
    let built_in = Configuration::default();
    assert_eq!(format!("{:#?}", loaded.configuration), format!("{built_in:#?}"));
    // `Debug` does not show these two.
    assert_eq!(loaded.configuration.decode.identity_key, built_in.decode.identity_key);
    assert!(loaded.configuration.kafka.properties.is_empty());
}

#[test]
fn every_key_has_a_comment_where_it_stands_first() {
    let mut commented = std::collections::BTreeSet::new();
    for (key, comment) in keys() {
        // The first of the six dimensions, and the first entry of a list, explains the others.
        let general = match key.split('.').collect::<Vec<_>>()[..] {
            ["dimensions", _, last] => format!("dimensions.{last}"),
            _ => key.clone(),
        };
        assert!(!comment.is_empty() || commented.contains(&general), "`{key}` has no comment");
        commented.insert(general);
    }
}

#[test]
fn its_comments_say_what_the_types_say() {
    let keys = keys();
    for (key, file, type_name, field) in DOCUMENTED {
        let (_, comment) = keys.iter().find(|(k, _)| k == key).unwrap_or_else(|| panic!("{FILE} has no `{key}`"));
        let documentation = documentation(file, type_name, field);
        let sentence = first_sentence(&documentation);
        assert!(comment.starts_with(sentence), "{FILE}: `{key}` says `{comment}`, and {file} says `{sentence}` of `{type_name}::{field}`");
    }
}

#[test]
fn every_key_that_is_read_stands_in_it() {
    // The message about an unknown key names the known keys of the section; all of them must be in the file.
    let file = config::default_file();
    let sections = [
        "",
        "kafka",
        "dimensions.team",
        "histograms",
        "surveys",
        "chats",
        "journey",
        "journey.pain_weights",
        "retention",
        "limits",
        "privacy",
        "run",
        "checkpoint",
        "web",
        "log",
    ];
    for section in sections {
        let prefix = if section.is_empty() { String::new() } else { format!("{section}.") };
        let flags = [(format!("{prefix}zzzzzzzzzzzzzzz"), "1".to_owned())];
        let error = config::load(None, [], &flags).unwrap_err();
        let hint = &error.problems[0].hint;
        let known: Vec<&str> = hint.strip_prefix("known here: ").unwrap().split(", ").map(|k| k.trim_matches('`')).collect();
        assert!(!known.is_empty());
        for key in known {
            let header = format!("{prefix}{key}");
            let is_there =
                keys().iter().any(|(k, _)| *k == header) || file.contains(&format!("[{header}")) || file.contains(&format!("[[{header}]]"));
            assert!(is_there, "`{header}` is read but does not stand in {FILE}");
        }
    }
}

#[test]
fn the_examples_are_good() {
    let examples: Vec<_> = std::fs::read_dir("config/examples").unwrap().map(|e| e.unwrap().path()).collect();
    assert!(examples.len() >= 3);
    for path in examples {
        let loaded = config::load(Some(&path), [], &[]).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(loaded.warnings, [], "{}", path.display());
    }
}
