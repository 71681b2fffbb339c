//! `cxpulse check`: reports every problem of a configuration at once, or its summary; with `--connect` also the cluster's fit to it, and what would become of its
//! newest records.
//!
//! Does not know which problems there are.

mod habits;
mod newest_records;

use std::io::{self, Write};
use std::path::Path;

use super::failure::Reported;
use super::options::{ConfigurationArgs, ServiceArgs};
use crate::config::{self, CheckpointSettings, Configuration};
use crate::engine::EngineSettings;
use crate::http::Access;
use crate::kafka::{Finding, FindingSeverity, check_client, inspect, inspect_dead_letters};
use crate::runtime::{MemoryBudget, predict_settings_change};
use crate::time::Span;

const EXAMPLES: &str = "\
Examples:
  cxpulse check --config cxpulse.toml
  cxpulse check --config cxpulse.toml --connect
  cxpulse check --config cxpulse.toml --replicas 3
  cxpulse check --config cxpulse.toml --connect --sample 10000
  cxpulse check --print-default > cxpulse.toml

Exit codes:
  0 the configuration can be used, with warnings or without
  1 with --connect: the service would wait or end on this cluster; with --replicas: they would not find each other's checkpoints
  2 with --sample: something in the newest records bends numbers
  78 the configuration cannot be used";

/// So many of the newest records of each topic are read without `--sample`.
const SAMPLE_RECORDS: u32 = 10_000;

/// Reports every problem of a configuration at once: its place, the problem, the allowed values and a hint.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct CheckArgs {
    /// Also ask the cluster about topics, partition counts, retention and timestamp types, and see whether its newest records are late or refused.
    #[arg(long)]
    pub connect: bool,

    /// Say how many replicas will run: more than one need a store of checkpoints that all of them see.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub replicas: Option<u32>,
    /// With --connect: look at so many of the newest records of each topic, and end with exit code 2 where something in them bends numbers.
    #[arg(long, value_name = "RECORDS", requires = "connect", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub sample: Option<u32>,

    /// Print the commented default configuration, which can serve as a template, and do nothing else.
    #[arg(long, conflicts_with_all = ["connect", "replicas", "set"])]
    pub print_default: bool,

    /// The configuration file and overrides.
    #[command(flatten)]
    pub configuration: ConfigurationArgs,

    /// The settings that have flags.
    #[command(flatten)]
    pub service: ServiceArgs,
}

/// Runs the command; the report goes to stdout.
///
/// # Errors
/// A configuration that cannot be used, or a cluster on which the service would not run. Both have been reported by then.
pub fn run(args: &CheckArgs) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    if args.print_default {
        return Ok(output.write_all(config::default_file().as_bytes())?);
    }
    let overrides = args.configuration.overrides(&args.service.overrides());
    let Some(configuration) = check(args.configuration.config.as_deref(), config::environment(), &overrides, &mut output)? else {
        return Err(Reported::CONFIGURATION.into());
    };
    let mut findings: Vec<Finding> =
        args.replicas.and_then(|replicas| unshared_store(&configuration.checkpoint, replicas)).into_iter().collect();
    let mut sampled = Vec::new();
    if args.connect {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut of_cluster = runtime.block_on(inspect(&configuration));
        // A cluster that does not answer is not asked again.
        let is_heard = of_cluster.iter().all(|finding| finding.place != configuration.kafka.bootstrap_servers);
        if is_heard {
            of_cluster.extend(runtime.block_on(inspect_dead_letters(&configuration)));
        }
        let is_usable = of_cluster.iter().all(|finding| finding.severity != FindingSeverity::Error);
        findings.extend(of_cluster);
        if is_usable {
            findings.extend(predict_settings_change(&configuration));
            sampled = newest_records::findings(&configuration, args.sample.unwrap_or(SAMPLE_RECORDS));
        }
    }
    for finding in findings.iter().chain(&sampled) {
        report(finding, &mut output)?;
    }
    if args.sample.is_some() && sampled.iter().any(|finding| finding.severity == FindingSeverity::Warning) {
        return Err(Reported::BENT.into());
    }
    if findings.iter().any(|finding| finding.severity == FindingSeverity::Error) { Err(Reported::FAILURE.into()) } else { Ok(()) }
}

/// A partition group that moves to another replica must find its checkpoint there.
fn unshared_store(settings: &CheckpointSettings, replicas: u32) -> Option<Finding> {
    let folder = settings.url.as_ref().filter(|_| replicas > 1 && !settings.is_shared)?;
    Some(Finding {
        severity: FindingSeverity::Error,
        place: "checkpoint.url".to_owned(),
        what: format!(
            "{replicas} replicas with the folder `{folder}`: each would have its own, and a partition that moves would begin anew"
        ),
        hint: "name a bucket such as `s3://bucket/prefix`, or set `checkpoint.shared = true` where all replicas mount this folder"
            .to_owned(),
    })
}

fn report(finding: &Finding, output: &mut impl Write) -> io::Result<()> {
    let severity = match finding.severity {
        FindingSeverity::Fine => "fine",
        FindingSeverity::Warning => "warning",
        FindingSeverity::Error => "error",
    };
    writeln!(output, "{severity}: {}: {}", finding.place, finding.what)?;
    if finding.hint.is_empty() { Ok(()) } else { writeln!(output, "hint: {}", finding.hint) }
}

/// Writes the report, and gives the configuration if it can be used; `None` means exit code 78.
///
/// # Errors
/// When the output cannot be written.
pub fn check(
    path: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    overrides: &[(String, String)],
    output: &mut impl Write,
) -> io::Result<Option<Configuration>> {
    let name = path.map_or_else(|| "built-in defaults".into(), |p| p.display().to_string());
    match config::load(path, environment, overrides) {
        Err(error) => {
            writeln!(output, "{error}")?;
            let (errors, warnings) = (counted(error.problems.len(), "error"), counted(error.warnings.len(), "warning"));
            writeln!(output, "{name}: {errors}, {warnings}")?;
            Ok(None)
        }
        Ok(loaded) => {
            for warning in &loaded.warnings {
                writeln!(output, "{warning}")?;
            }
            // Only librdkafka knows the ranges of its properties, and whether it can read their files.
            if let Err(failure) = check_client(&loaded.configuration.kafka) {
                writeln!(output, "error: {failure}")?;
                writeln!(output, "{name}: 1 error, {}", counted(loaded.warnings.len(), "warning"))?;
                return Ok(None);
            }
            if let Err(failure) = Access::open(loaded.configuration.web.config_file.as_deref()) {
                writeln!(output, "error: {failure}")?;
                writeln!(output, "{name}: 1 error, {}", counted(loaded.warnings.len(), "warning"))?;
                return Ok(None);
            }
            writeln!(output, "{name}: no errors, {}", counted(loaded.warnings.len(), "warning"))?;
            summary(&loaded.configuration, output)?;
            Ok(Some(loaded.configuration))
        }
    }
}

fn counted(n: usize, what: &str) -> String {
    match n {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}

/// Writes a summary of the configuration, one line for each subject. librdkafka's properties appear by their names alone, since values may be secret.
fn summary(c: &Configuration, output: &mut impl Write) -> io::Result<()> {
    let topics = c.topics.iter().map(|t| format!("{} ({}, {} late)", t.name, t.kind.name(), t.allowed_lateness));
    let windows = c.engine.windows.iter().map(|w| format!("{} by {}", w.name, w.hop));
    let addresses = c.web.listen_addresses.iter().map(|a| format!("http://{a}{}", c.web.telemetry_path));
    let properties = c.kafka.properties.keys().cloned();
    let mut line = |subject: &str, text: String| writeln!(output, "  {subject:<20} {}", if text.is_empty() { "none" } else { &text });
    line("brokers", format!("{} as group {}", c.kafka.bootstrap_servers, c.kafka.group_id))?;
    line("librdkafka", joined(properties))?;
    line("topics", joined(topics))?;
    line("windows", joined(windows))?;
    line("dimensions", joined(c.engine.dimensions.iter().map(|d| d.name.clone())))?;
    line("grouping sets", sets(&c.engine.grouping_sets, &c.engine))?;
    line("customers' sets", sets(&c.engine.customer_grouping_sets, &c.engine))?;
    line("memory", MemoryBudget::of(c).summary())?;
    line("checkpoints", checkpoints(&c.checkpoint))?;
    if let Some(letters) = &c.dead_letters {
        line("dead letters", format!("to the topic {}", letters.topic))?;
    }
    line("metrics", joined(addresses))
}

fn checkpoints(settings: &CheckpointSettings) -> String {
    let Some(location) = &settings.url else { return "off: a start reads the log as far back as the windows reach".to_owned() };
    let CheckpointSettings { interval, records, store, .. } = settings;
    format!("{location}, after {} or {records} records, {} kept", Span(interval.as_millis() as i64), store.keep)
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

fn sets(sets: &[Vec<u8>], engine: &EngineSettings) -> String {
    let name = |d: &u8| engine.dimensions[usize::from(*d)].name.clone();
    joined(sets.iter().map(|set| format!("[{}]", joined(set.iter().map(name)))))
}
