//! The way from the layers to the resolved configuration: every section is read once, and all problems go to one report.
//!
//! Does not know the keys of a section.

use std::path::Path;

use super::layers::{self, Node};
use super::place::{KeyPlace, Origin};
use super::problem::{ConfigError, Problem, ProblemKind, ProblemReport, complaint};
use super::secret;
use super::section::Section;
use super::written_keys::WrittenKeys;
use super::{Configuration, ExportSettings};
use super::{changes, checkpoint, customers, dead_letters, dimensions, grouping, health_and_trend, histograms, journey, kafka, privacy};
use super::{retention_and_limits, run_and_log, schedules, surveys_and_chats, targets, topics, web, windows};
use crate::engine::{EngineSettings, JOURNEY_STAGE};
use crate::event::DecodeSettings;

/// A configuration that can be used.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The resolved configuration.
    pub configuration: Configuration,
    /// Problems with which the configuration can be used; the user should look at them.
    pub warnings: Vec<Problem>,
    /// The keys that the layers give.
    pub written: WrittenKeys,
}

/// Reads the built-in defaults, the file where one is named, the `CXPULSE_` variables and the flags (each a dotted key and a value). Each
/// layer replaces the values of those before. The variable `STATE_DIRECTORY` replaces a default.
///
/// # Errors
/// [`ConfigError`] with all problems of all layers, where one of them is an error.
pub fn load(
    path: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    overrides: &[(String, String)],
) -> Result<Loaded, ConfigError> {
    let report = ProblemReport::default();
    let file = path.and_then(|path| read_file(path, &report));
    // Without the file, every further problem would only be a consequence of that.
    if path.is_some() && file.is_none() {
        let (problems, warnings) = report.into_parts();
        return Err(ConfigError { problems, warnings });
    }
    let mut root = file.unwrap_or_else(Node::root);
    let (of_system, variables): (Vec<_>, Vec<_>) = environment.into_iter().partition(|(name, _)| name == checkpoint::STATE_DIRECTORY);
    let state_directory = of_system.first().map(|(_, value)| value.as_str());
    layers::lay_environment(&mut root, variables, &report);
    layers::lay_flags(&mut root, overrides, &report);
    let written = WrittenKeys::of(&root);
    let folder = path.and_then(Path::parent).unwrap_or_else(|| Path::new(""));
    let configuration = configuration(root, folder, state_directory, &report);
    let (problems, warnings) = report.into_parts();
    if problems.is_empty() { Ok(Loaded { configuration, warnings, written }) } else { Err(ConfigError { problems, warnings }) }
}

impl Default for Configuration {
    /// The built-in defaults, without a file, environment or flags.
    fn default() -> Self {
        let report = ProblemReport::default();
        let configuration = configuration(Node::root(), Path::new(""), None, &report);
        let (problems, warnings) = report.into_parts();
        assert!(problems.is_empty() && warnings.is_empty(), "the built-in defaults keep every rule");
        configuration
    }
}

/// The tree of a file; `None` where it cannot be read, which is reported.
pub(super) fn read_file(path: &Path, report: &ProblemReport) -> Option<Node> {
    let name = path.to_string_lossy();
    match std::fs::read_to_string(path) {
        Ok(text) => layers::of_file(&name, &text, report),
        Err(e) => {
            let place = KeyPlace::new(&Origin::File(name.as_ref().into()), "");
            let what = format!("the configuration file cannot be read: {}", secret::reason(&e));
            report.add(
                &place,
                complaint(
                    ProblemKind::UnreadableFile,
                    what,
                    "name another with `--config FILE`; `cxpulse check --print-default` prints a template",
                ),
            );
            None
        }
    }
}

fn configuration(root: Node, folder: &Path, state_directory: Option<&str>, report: &ProblemReport) -> Configuration {
    let mut root = Section::new(root, "", report);
    let kafka = kafka::resolve(root.section("kafka"), folder);
    let topics = topics::resolve(&mut root);
    let dimensions = dimensions::resolve(root.section("dimensions"));
    let grouping = grouping::resolve(&mut root, &dimensions);
    let windows = windows::resolve(&mut root);
    let quantiles_percent = histograms::quantiles(&mut root);
    let mut histograms = root.section("histograms");
    let mut duration_bounds = histograms::duration_bounds(&mut histograms);
    let bucket_sets = grouping::bucket_sets(&mut histograms, &grouping.sets, &dimensions);
    histograms.finish();
    let surveys = surveys_and_chats::surveys(root.section("surveys"));
    let (call_channels, chat_abandon_min, chat_idle_end) = surveys_and_chats::chats(root.section("chats"));
    let new_matter_after = surveys_and_chats::tickets(root.section("tickets"));
    let (first_response_from_creation, wait_ages) = surveys_and_chats::first_response(root.section("first_response"));
    let health_weights = health_and_trend::health_weights(root.section("health"));
    let (repeat_contact_within, journey) = journey::resolve(root.section("journey"), dimensions.get(usize::from(JOURNEY_STAGE)));
    let currency = customers::currency(root.section("customers"));
    let trends = health_and_trend::trends(root.section("trend"), &windows);
    let schedules = schedules::resolve(&mut root, &dimensions);
    let targets = targets::resolve(root.section("targets"), schedules, &dimensions);
    targets::add_bounds(&mut duration_bounds, &targets);
    let (ticket_retention, customer_retention) = retention_and_limits::retention(root.section("retention"), &windows);
    let limits = retention_and_limits::limits(root.section("limits"));
    let (identity_key, group_size_min) = privacy::privacy(root.section("privacy"), folder);
    let run = run_and_log::run(root.section("run"));
    let checkpoint = checkpoint::checkpoint(root.section("checkpoint"), folder, state_directory);
    let dead_letters = dead_letters::dead_letters(root.section("dead_letters"), &topics);
    let web = web::web(root.section("web"), folder, group_size_min);
    let log = run_and_log::log(root.section("log"));
    let (changes, compared_changes) = changes::resolve(&mut root, &dimensions, &grouping.sets);
    root.finish();
    let engine = EngineSettings {
        new_matter_after,
        first_response_from_creation,
        wait_ages,
        team_dimension: dimensions.iter().position(|dimension| dimension.name == "team").map(|at| at as u8),
        topics: topics::for_engine(&topics),
        dimensions: dimensions::for_engine(&dimensions),
        windows,
        grouping_sets: grouping.sets,
        customer_grouping_sets: grouping.customer_sets,
        call_channels,
        csat_satisfied_from: surveys.csat_satisfied_from,
        duration_bounds,
        quantiles_percent,
        chat_abandon_min,
        chat_idle_end,
        repeat_contact_within,
        journey,
        trends,
        currency,
        health_weights,
        ticket_retention,
        customer_retention,
        targets,
        limits,
        changes: compared_changes,
    };
    let decode = DecodeSettings {
        identity_key,
        dimensions,
        ces_ease: surveys.ces_ease,
        csat_scale: surveys.csat_scale,
        ces_scale: surveys.ces_scale,
    };
    Configuration {
        kafka,
        topics,
        decode,
        engine,
        run,
        checkpoint,
        dead_letters,
        web,
        log,
        export: ExportSettings { bucket_sets },
        changes,
    }
}
