//! The messages about wrong configurations, and the agreement of the shipped default file with the built-in defaults.
//!
//! Each `configuration/conf.<kind>.toml` has the problem that it is named after and no problem of another kind. Comments `# environment: K=V` and
//! `# flag: K=V` at its beginning add the other layers. The messages are snapshots.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "configuration/default_file.rs"]
mod default_file;
#[path = "configuration/labels.rs"]
mod labels;
#[path = "configuration/state_settings.rs"]
mod state_settings;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cxpulse::command::check::check;
use cxpulse::config::{self, Configuration, Loaded, MarkedChange, Problem, ProblemKind};
use cxpulse::event::{FeedSettings, Kind, Status};
use cxpulse::time::{EventTime, Span};

const FOLDER: &str = "tests/configuration";

type Pairs = Vec<(String, String)>;

/// The variables and flags that a case file names.
fn layers(path: &Path) -> (Pairs, Pairs) {
    let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    let pairs = |what: &str| {
        let lines = text.lines().filter_map(|l| l.strip_prefix(&format!("# {what}: ")));
        lines.map(|l| l.split_once('=').unwrap()).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
    };
    (pairs("environment"), pairs("flag"))
}

fn load_case(path: &Path) -> Result<Loaded, config::ConfigError> {
    let (environment, flags) = layers(path);
    config::load(Some(path), environment, &flags)
}

fn cases() -> Vec<(String, PathBuf)> {
    let mut cases: Vec<(String, PathBuf)> = std::fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_prefix("conf.")?.strip_suffix(".toml")?.to_owned();
            Some((name, path))
        })
        .collect();
    cases.sort();
    cases
}

/// Makes the open secret readable for everyone, because Git stores no permissions except the executable bit.
fn open_the_open_secret() {
    #[cfg(unix)]
    {
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        std::fs::set_permissions(format!("{FOLDER}/open-secret"), open).unwrap();
    }
}

#[test]
fn every_kind_of_problem_has_a_case_that_shows_it_alone() {
    open_the_open_secret();
    let cases = cases();
    let named: BTreeSet<&str> = cases.iter().map(|(name, _)| name.as_str()).collect();
    let known: BTreeSet<&str> = ProblemKind::ALL.iter().map(|k| k.name()).collect();
    assert_eq!(named, known, "a file for each kind, and no other");
    for (name, path) in &cases {
        let found: Vec<Problem> = match load_case(path) {
            Ok(loaded) => loaded.warnings,
            Err(error) => error.problems.into_iter().chain(error.warnings).collect(),
        };
        let kinds: BTreeSet<&str> = found.iter().map(|p| p.kind.name()).collect();
        assert_eq!(kinds, BTreeSet::from([name.as_str()]), "{name}: {found:#?}");
    }
}

#[test]
fn messages_say_where_what_and_what_to_do() {
    open_the_open_secret();
    for (name, path) in cases() {
        let text = match load_case(&path) {
            Ok(loaded) => loaded.warnings.iter().map(|w| format!("{w}\n")).collect(),
            Err(error) => format!("{error}\n"),
        };
        assert!(!text.contains("secret stands here"), "{name} prints a secret:\n{text}");
        snapshot(&name, &text);
    }
}

#[test]
fn all_problems_of_a_file_come_at_once_and_each_with_a_hint() {
    let error = load_case(Path::new("tests/configuration/conf.wrong-type.toml")).unwrap_err();
    assert_eq!(error.problems.len(), 12, "{error}");
    assert!(error.problems.iter().all(|p| !p.hint.is_empty() && !p.place.is_empty()));
    assert_eq!(error.to_string().matches("error: ").count(), 12);
}

#[test]
fn the_message_has_the_promised_form() {
    let error = load_case(Path::new("tests/configuration/conf.hop-not-dividing.toml")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "error: tests/configuration/conf.hop-not-dividing.toml: windows.`5m`.hop: `45s` does not divide the range `5m`\n\
         hint: use a hop that divides 5m, such as `30s` or `1m`"
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = config::load(Some(Path::new("no-such.toml")), [], &[]).unwrap_err();
    assert_eq!(error.problems.len(), 1);
    assert_eq!(error.problems[0].kind, ProblemKind::UnreadableFile);
    assert!(error.to_string().contains("no-such.toml: the configuration file cannot be read: it is not there"), "{error}");
}

#[test]
fn flags_lie_over_the_environment_over_the_file_over_the_defaults() {
    open_the_open_secret();
    let Loaded { configuration: c, warnings, .. } = load_case(Path::new("tests/configuration/good.every-layer.toml")).unwrap();
    assert_eq!(c.kafka.group_id, "from-environment");
    assert_eq!(c.kafka.queue_kbytes_per_partition, 512);
    let property = |name: &str| c.kafka.properties.get(name).map(|s| s.0.as_str());
    assert_eq!(property("sasl.username"), Some("from-environment"));
    assert_eq!(property("client.id"), Some("from-flag"));
    assert_eq!(property("sasl.password"), Some("not a secret: a test reads it"), "without the line end");
    assert_eq!(property("session.timeout.ms"), Some("30000"));
    assert!(c.log.json);
    assert_eq!(c.log.filter, "info", "a default under a section that a flag made");
    assert_eq!(c.engine.quantiles_percent, [50, 99]);
    let kinds: Vec<ProblemKind> = warnings.iter().map(|w| w.kind).collect();
    assert_eq!(kinds, [ProblemKind::SecretFileOpen]);
}

#[test]
fn decoder_and_engine_are_told_the_same_topics_and_dimensions() {
    let Loaded { configuration: c, .. } = load_case(Path::new("tests/configuration/good.every-layer.toml")).unwrap();
    let topics: Vec<_> = c.engine.topics.iter().map(|t| (t.name.as_str(), t.kind, t.allowed_lateness)).collect();
    assert_eq!(topics, [("desk-a.tickets", Kind::Tickets, Span::hours(2)), ("desk-b.tickets", Kind::Tickets, Span::hours(1))]);
    assert!(c.topics[1].time_from_record && !c.topics[0].time_from_record);
    assert_eq!(c.topics[1].feed, Some(FeedSettings { name: "b".into(), owns_customers: true }));
    assert_eq!(c.topics[0].feed, None);
    let midnight = EventTime(1_714_521_600_000);
    assert_eq!(c.engine.topics.iter().map(|topic| topic.feed_began).collect::<Vec<_>>(), [None, Some(midnight)]);
    assert_eq!(c.engine.new_matter_after, Some(Span::days(14)));
    let groups = [("plan", vec!["gold"]), ("team", vec!["Sales", "Billing"])];
    let groups = groups.map(|(name, values)| (name.to_owned(), values.into_iter().map(str::to_owned).collect())).to_vec();
    assert_eq!(c.changes, [MarkedChange { name: "new macros".to_owned(), at: midnight, groups }]);
    assert!(c.engine.first_response_from_creation);
    assert_eq!(c.engine.targets.due_within, [("30m".to_owned(), Span::minutes(30)), ("2h".to_owned(), Span::hours(2))]);
    assert_eq!(c.engine.targets.pauses.next_response, [Status::Pending, Status::OnHold]);
    assert!(c.engine.targets.next_response.is_configured() && c.engine.targets.pauses.resolution.is_empty());
    assert_eq!(c.topics[1].ignored_types, ["ticket.escalated"]);
    let decoder: Vec<&str> = c.decode.dimensions.iter().map(|d| d.name.as_str()).collect();
    let engine: Vec<&str> = c.engine.dimensions.iter().map(|d| d.name.as_str()).collect();
    assert_eq!(decoder, ["channel", "journey_stage", "team", "priority", "segment", "plan"]);
    assert_eq!(decoder, engine);
    assert_eq!(c.engine.dimensions[5].values_max, 10);
    assert!(c.engine.dimensions[5].of_customer && c.engine.dimensions[1].of_customer && !c.engine.dimensions[2].of_customer);
    assert_eq!(c.decode.dimensions[2].renames.len(), 2, "the environment's renames beside the file's");
    assert_eq!(c.engine.grouping_sets, [vec![5], vec![2]]);
    assert_eq!(c.export.bucket_sets, [0, 1]);
    assert_eq!(c.decode.ces_ease, Some(true));
    assert_eq!(c.engine.csat_satisfied_from.len(), 1);
    assert_eq!((c.engine.csat_satisfied_from[0].0.max, c.engine.csat_satisfied_from[0].1), (10_000_000, 7_500_000));
    assert_eq!(c.decode.identity_key.0, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
}

#[test]
fn at_most_sixty_four_changes_are_marked() {
    let load = |count: usize| {
        let changes: Vec<String> = (1..=count).map(|n| format!("{{ name = \"{n}\", at = \"2026-03-02T09:00:00+01:00\" }}")).collect();
        config::load(None, [], &[("changes".to_owned(), format!("[{}]", changes.join(", ")))])
    };
    assert_eq!(load(64).unwrap().configuration.changes.len(), 64);
    let error = load(65).unwrap_err();
    assert_eq!(error.to_string(), "error: flags: changes: 65 entries, where 0 to 64 are allowed\nhint: list 0 to 64 entries");
}

#[test]
fn a_dimension_that_is_off_takes_its_default_grouping_sets_along() {
    let flags = [("dimensions.team.enabled".to_owned(), "false".to_owned())];
    let configuration = config::load(None, [], &flags).unwrap().configuration;
    assert_eq!(configuration.engine.grouping_sets, [vec![0]]);
    assert_eq!(configuration.export.bucket_sets, [0]);
}

#[test]
fn check_prints_a_summary_without_values_of_properties() {
    open_the_open_secret();
    let path = Path::new("tests/configuration/good.every-layer.toml");
    let (environment, flags) = layers(path);
    let mut output = Vec::new();
    assert!(check(Some(path), environment, &flags, &mut output).unwrap().is_some());
    let text = String::from_utf8(output).unwrap();
    assert!(!text.contains("not a secret"), "{text}");
    snapshot("check.good", &text);
}

#[test]
fn check_prints_every_problem_and_gives_no_configuration() {
    let path = Path::new("tests/configuration/conf.missing-key.toml");
    let mut output = Vec::new();
    assert!(check(Some(path), [], &[], &mut output).unwrap().is_none());
    snapshot("check.bad", &String::from_utf8(output).unwrap());
}

#[test]
fn debug_of_a_configuration_shows_no_secret() {
    let flags = [("kafka.properties.sasl.password".to_owned(), "hunter2".to_owned()), ("privacy.identity_key".to_owned(), "aa".repeat(16))];
    let configuration: Configuration = config::load(None, [], &flags).unwrap().configuration;
    let text = format!("{configuration:?}");
    assert!(text.contains("sasl.password") && !text.contains("hunter2") && !text.contains("170"), "{text}");
}

#[test]
fn librdkafka_knows_every_listed_property() {
    const NO_SUCH: &str = "No such configuration property";
    let made_up = rdkafka::ClientConfig::new().set("made.up", "1").create_native_config().err().unwrap();
    assert!(made_up.to_string().contains(NO_SUCH), "{made_up}");
    let owned = config::OWNED.iter().map(|owned| (owned.name, owned.reason));
    let refused = config::REFUSED.iter().map(|r| (r.name, r.reason));
    let settable = config::SETTABLE.iter().map(|name| (*name, "settable"));
    let mut seen = BTreeSet::new();
    for (name, reason) in owned.chain(refused).chain(settable) {
        assert!(seen.insert(name), "`{name}` stands in two lists");
        assert!(!reason.is_empty(), "`{name}` has no reason");
        // The value may be refused, the name may not.
        if let Err(error) = rdkafka::ClientConfig::new().set(name, "1").create_native_config() {
            assert!(!error.to_string().contains(NO_SUCH), "`{name}`: {error}");
        }
    }
}

/// Compares with the committed text. With the variable `CI` set, or `INSTA_UPDATE=no`, nothing is written.
fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("configuration/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}
