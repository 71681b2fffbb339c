//! Which settings a checkpoint depends on: every key of the default file is on one side, and a change says so.

use std::collections::{BTreeMap, BTreeSet};

use cxpulse::checkpoint::{StateSettings, StateVersions};
use cxpulse::config::{self, Configuration};

const VERSIONS: StateVersions = StateVersions { layout: 1, meaning: 1 };

/// Keys with another value than the default one, and the keys that a checkpoint names then. Each is an override as on the command line.
const SHAPING: &[(&str, &str, &[&str])] = &[
    ("privacy.identity_key", "00112233445566778899aabbccddeeff", &["privacy.identity_key"]),
    ("surveys.ces_direction", "ease", &["surveys.ces_direction"]),
    ("surveys.csat_scale", "1,7", &["surveys.csat_scale"]),
    ("surveys.ces_scale", "1,5", &["surveys.ces_scale"]),
    ("surveys.csat_satisfied", "[{ scale = [1, 5], from = 5 }]", &["surveys.csat_satisfied_from"]),
    ("dimensions.team.owner", "customer", &["dimensions.team.owner"]),
    ("dimensions.team.renames", "{ \"9\" = \"Billing\" }", &["dimensions.team.renames"]),
    ("dimensions.brand.enabled", "false", &["dimensions", "dimensions.brand.owner", "dimensions.brand.renames"]),
    ("grouping_sets", "[[\"team\"]]", &["grouping_sets"]),
    ("customer_grouping_sets", "[]", &["customer_grouping_sets"]),
    ("histograms.response", "1m,1h", &["histograms.response"]),
    ("histograms.resolution", "1h,24h", &["histograms.resolution"]),
    ("histograms.chat", "10s,60s", &["histograms.chat"]),
    ("tickets.new_matter_after", "14d", &["tickets.new_matter_after"]),
    ("first_response.from", "creation", &["first_response.from"]),
    ("first_response.wait_ages", "15m,1h", &["first_response.wait_ages"]),
    ("chats.call_channels", "phone,callback", &["chats.call_channels"]),
    ("chats.abandon_min", "10s", &["chats.abandon_min"]),
    ("chats.idle_end", "1h", &["chats.idle_end"]),
    ("trend.pairs", "[[\"1h\", \"7d\"]]", &["trend"]),
    ("journey.repeat_contact_within", "3d", &["journey.repeat_contact_within"]),
    ("journey.stages", "[{ name = \"trial\", idle_timeout = \"30d\" }]", &["journey.stages"]),
    ("targets.due_within", "15m,2h", &["targets.due_within"]),
    ("retention.tickets", "90d", &["retention.tickets"]),
    ("retention.customers", "100d", &["retention.customers"]),
    (
        "windows",
        "[{ name = \"1h\", range = \"1h\", hop = \"5m\" }, { name = \"24h\", range = \"24h\", hop = \"15m\" }]",
        &["trend", "windows"],
    ),
    (
        "topics",
        "[{ name = \"tickets\", kind = \"tickets\", allowed_lateness = \"2h\", identity_from_record = true, time_from_record = true, \
          ignored_types = [\"ticket.escalated\"], feed = \"us\" }]",
        &["topics", "topics.`tickets`.allowed_lateness", "topics.`tickets`.feed", "topics.`tickets`.ignored_types"],
    ),
];

/// Keys that a change of leaves every checkpoint usable: they hold for what comes, or for what is shown.
const FREE: &[(&str, &str)] = &[
    ("quantiles", "50,99"),
    ("histograms.bucket_sets", "[]"),
    ("dimensions.team.values_max", "500"),
    ("customers.currency", "EUR"),
    ("health.speed", "0.5"),
    ("health.quality", "0.1"),
    ("health.perception", "0.1"),
    ("health.outcome", "0.3"),
    ("journey.pain_weights.dropoff", "1"),
    ("journey.pain_weights.csat", "1"),
    ("journey.pain_weights.effort", "1"),
    ("journey.pain_weights.repeat_contacts", "3"),
    ("journey.pain_weights.dwell", "3"),
    ("limits.contacts_max", "1000"),
    ("limits.customers_max", "1000"),
    ("limits.surveys_max", "1000"),
    ("limits.identities_max", "1000"),
    ("limits.held_max", "1000"),
    ("limits.history_max", "1000"),
    ("limits.cells_max", "1000"),
    ("limits.cells_per_family_max", "1000"),
    ("limits.day_sums_max", "1000"),
    ("kafka.bootstrap_servers", "127.0.0.1:9093"),
    ("kafka.group_id", "another"),
    ("run.workers", "3"),
    ("checkpoint.url", "off"),
    ("web.page", "false"),
    ("log.json", "true"),
    ("privacy.min_group_size", "10"),
    ("changes", "[{ name = \"new macros\", at = \"2026-03-02T09:00:00Z\", where = { team = \"billing\" } }]"),
    ("targets.csat.value", "0.9"),
    ("targets.first_response.within", "1h"),
];

/// Sections that decoder and engine never see.
const OF_THE_SHELL: [&str; 6] = ["kafka.", "run.", "checkpoint.", "dead_letters.", "web.", "log."];

fn load(flags: &[(&str, &str)]) -> Configuration {
    let flags: Vec<_> = flags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    config::load(None, [], &flags).unwrap_or_else(|error| panic!("{flags:?}: {error}")).configuration
}

fn settings(configuration: &Configuration) -> StateSettings {
    StateSettings::new(VERSIONS, &configuration.decode, &configuration.topics, &configuration.engine)
}

/// The keys in which the settings of a configuration differ from the default ones.
fn changed_keys(flags: &[(&str, &str)]) -> Vec<String> {
    let (before, now) = (settings(&Configuration::default()), settings(&load(flags)));
    let differences = now.differences_from(&before);
    assert_eq!(before.fingerprint() == now.fingerprint(), differences.is_empty());
    differences.into_iter().map(|difference| difference.key).collect()
}

#[test]
fn a_setting_that_shapes_the_state_changes_the_fingerprint_and_is_named() {
    for (key, value, expected) in SHAPING {
        let changed = changed_keys(&[(key, value)]);
        let named: Vec<_> = changed.iter().map(String::as_str).collect();
        for wanted in *expected {
            assert!(named.contains(wanted), "`{key}` = {value}: {named:?} lacks `{wanted}`");
        }
        let is_of_key = |named: &&str| expected.contains(named) || named.starts_with(&format!("{key}."));
        assert!(named.iter().all(is_of_key) || *key == "topics", "`{key}` = {value}: {named:?}");
    }
}

#[test]
fn a_setting_that_is_only_shown_or_holds_from_now_on_leaves_the_state_usable() {
    for (key, value) in FREE.iter().filter(|(key, _)| *key != "targets.first_response.within") {
        assert_eq!(changed_keys(&[(key, value)]), [""; 0], "`{key}` = {value}");
    }
    // A target is a bound of the histogram unless one is there already, and bins are cut at each bound.
    assert_eq!(changed_keys(&[("targets.first_response.within", "1h")]), [""; 0]);
    assert_eq!(changed_keys(&[("targets.first_response.within", "61m")]), ["histograms.response"]);
}

#[test]
fn every_key_of_the_default_file_is_on_one_side() {
    let known: BTreeSet<&str> = SHAPING.iter().map(|(key, ..)| *key).chain(FREE.iter().map(|(key, _)| *key)).collect();
    for (key, _) in super::default_file::keys() {
        let parts: Vec<_> = key.split('.').collect();
        let is_known = match parts[..] {
            // One dimension stands for all; whether a person may be in it is checked at the start alone.
            ["dimensions", _, "allow_person"] => true,
            ["dimensions", _, "enabled"] => known.contains("dimensions.brand.enabled"),
            ["dimensions", _, last] => known.contains(format!("dimensions.team.{last}").as_str()),
            ["topics" | "windows", _] => known.contains(parts[0]),
            // Rules hold for clocks that start later.
            ["schedule_rules"] => true,
            _ => known.contains(key.as_str()) || OF_THE_SHELL.iter().any(|section| key.starts_with(section)),
        };
        assert!(is_known, "decide on which side `{key}` is");
    }
}

#[test]
fn schedules_count_by_their_hours_and_not_by_their_name_or_rule() {
    let with = |name: &str, hours: &str, rule: &str| {
        let schedule = format!("{{ {name} = {{ zone = \"Europe/Berlin\", monday = [\"{hours}\"] }} }}");
        let rules = format!("[{{ schedule = \"{name}\"{rule} }}]");
        settings(&load(&[("schedules", schedule.as_str()), ("schedule_rules", rules.as_str())]))
    };
    let office = with("office", "09:00-17:00", "");
    assert_eq!(with("desk", "09:00-17:00", ", where = { team = \"a\" }").fingerprint(), office.fingerprint());
    let differences = with("office", "09:00-18:00", "").differences_from(&office);
    assert_eq!(differences.len(), 1);
    assert!(differences[0].to_string().starts_with("`schedules.1` was `5"), "{}", differences[0]);
}

#[test]
fn a_difference_names_both_values_and_versions_count() {
    let (before, now) = (settings(&Configuration::default()), settings(&load(&[("chats.idle_end", "1h")])));
    let said: Vec<_> = now.differences_from(&before).iter().map(ToString::to_string).collect();
    assert_eq!(said, ["`chats.idle_end` was `off`, and is `1h`"]);
    let c = Configuration::default();
    let later = StateSettings::new(StateVersions { layout: 2, meaning: 1 }, &c.decode, &c.topics, &c.engine);
    let said: Vec<_> = later.differences_from(&before).iter().map(ToString::to_string).collect();
    assert_eq!(said, ["`version.layout` was `1`, and is `2`"]);
    assert_ne!(later.fingerprint(), before.fingerprint());
}

#[test]
fn other_direction_of_effort_is_another_setting() {
    let with = |direction| settings(&load(&[("surveys.ces_direction", direction)]));
    let said: Vec<_> = with("effort").differences_from(&with("ease")).iter().map(ToString::to_string).collect();
    assert_eq!(said, ["`surveys.ces_direction` was `ease`, and is `effort`"]);
}

#[test]
fn no_secret_and_no_unbounded_text_stands_in_the_settings() {
    let renames: BTreeMap<String, String> = (0..2_000).map(|n| (format!("{n}"), format!("Team {n}"))).collect();
    let renames = format!("{{ {} }}", renames.iter().map(|(from, to)| format!("\"{from}\" = \"{to}\"")).collect::<Vec<_>>().join(", "));
    let key = "deadbeef33445566778899aabbccddee";
    let settings = settings(&load(&[("dimensions.team.renames", renames.as_str()), ("privacy.identity_key", key)]));
    for (name, value) in settings.pairs() {
        assert!(value.len() < 500, "{name}: {} bytes", value.len());
        assert!(!value.contains("deadbeef"), "{name}: {value}");
    }
    let other = renames.replace("Team 1999", "Team two thousand");
    let other =
        StateSettings::of_header(super::state_settings::settings(&load(&[("dimensions.team.renames", other.as_str())])).pairs().clone());
    let differing: Vec<_> = other.differences_from(&settings).into_iter().map(|difference| difference.key).collect();
    assert_eq!(differing, ["dimensions.team.renames", "privacy.identity_key"], "the end of a long text counts too");
}
