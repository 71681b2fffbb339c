//! From layers to the resolved configuration: every section read once, everything wrong in one report.

use std::path::Path;

use super::layers::{self, Node};
use super::problem::{ConfigError, Problem, ProblemKind, Report, complaint};
use super::secret;
use super::section::Section;
use super::{Configuration, ExportSettings, dimensions, grouping, journey, kafka, measures, schedules, service, targets, topics, windows};
use crate::engine::{EngineSettings, JOURNEY_STAGE};
use crate::event::DecodeSettings;

/// A configuration that can be used.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What file, environment and flags come to.
    pub configuration: Configuration,
    /// What may stay but should be looked at.
    pub warnings: Vec<Problem>,
}

/// Reads the built-in defaults, the file where one is named, the `CXPULSE_` variables and the flags (dotted key and value), each over the
/// one before.
///
/// # Errors
/// Every problem of the whole, not the first alone.
pub fn load(
    path: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    overrides: &[(String, String)],
) -> Result<Loaded, ConfigError> {
    let report = Report::default();
    let file = path.and_then(|path| read(path, &report));
    // With a file that cannot be read every further problem would be its echo.
    if path.is_some() && file.is_none() {
        let (problems, warnings) = report.into_parts();
        return Err(ConfigError { problems, warnings });
    }
    let mut root = file.unwrap_or_else(Node::root);
    layers::lay_environment(&mut root, environment, &report);
    layers::lay_flags(&mut root, overrides, &report);
    let folder = path.and_then(Path::parent).unwrap_or_else(|| Path::new(""));
    let configuration = configuration(root, folder, &report);
    let (problems, warnings) = report.into_parts();
    if problems.is_empty() { Ok(Loaded { configuration, warnings }) } else { Err(ConfigError { problems, warnings }) }
}

impl Default for Configuration {
    /// The built-in defaults, without file, environment and flags.
    fn default() -> Self {
        let report = Report::default();
        let configuration = configuration(Node::root(), Path::new(""), &report);
        let (problems, warnings) = report.into_parts();
        assert!(problems.is_empty() && warnings.is_empty(), "the built-in defaults keep every rule");
        configuration
    }
}

fn read(path: &Path, report: &Report) -> Option<Node> {
    let name = path.to_string_lossy();
    match std::fs::read_to_string(path) {
        Ok(text) => layers::of_file(&name, &text, report),
        Err(e) => {
            let place = layers::Place::new(&layers::Origin::File(name.as_ref().into()), "");
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

fn configuration(root: Node, folder: &Path, report: &Report) -> Configuration {
    let mut root = Section::new(root, "", report);
    let kafka = kafka::resolve(root.section("kafka"), folder);
    let topics = topics::resolve(&mut root);
    let dimensions = dimensions::resolve(root.section("dimensions"));
    let grouping = grouping::resolve(&mut root, &dimensions);
    let windows = windows::resolve(&mut root);
    let quantiles_percent = measures::quantiles(&mut root);
    let mut histograms = root.section("histograms");
    let mut duration_bounds = measures::duration_bounds(&mut histograms);
    let bucket_sets = grouping::bucket_sets(&mut histograms, &grouping.sets, &dimensions);
    histograms.finish();
    let surveys = measures::surveys(root.section("surveys"));
    let (call_channels, chat_abandon_min, chat_idle_end) = measures::chats(root.section("chats"));
    let health_weights = super::health::resolve(root.section("health"));
    let (repeat_contact_within, journey) = journey::resolve(root.section("journey"), dimensions.get(usize::from(JOURNEY_STAGE)));
    let trends = super::trend::resolve(root.section("trend"), &windows);
    let schedules = schedules::resolve(&mut root, &dimensions);
    let targets = targets::resolve(root.section("targets"), schedules, &dimensions);
    targets::add_bounds(&mut duration_bounds, &targets);
    let (ticket_retention, customer_retention) = service::retention(root.section("retention"), &windows);
    let limits = service::limits(root.section("limits"));
    let (identity_key, group_size_min) = service::privacy(root.section("privacy"), folder);
    let run = service::run(root.section("run"));
    let web = service::web(root.section("web"), group_size_min);
    let log = service::log(root.section("log"));
    root.finish();
    let engine = EngineSettings {
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
        health_weights,
        ticket_retention,
        customer_retention,
        targets,
        limits,
    };
    let decode = DecodeSettings {
        identity_key,
        dimensions,
        ces_ease: surveys.ces_ease,
        csat_scale: surveys.csat_scale,
        ces_scale: surveys.ces_scale,
    };
    Configuration { kafka, topics, decode, engine, run, web, log, export: ExportSettings { bucket_sets } }
}
