//! `cxpulse check`: every problem of a configuration at once, or what it comes to.
//!
//! Asks no broker: what a cluster has to say about a good configuration is for the caller to ask with the one given back.

use std::io::{self, Write};
use std::path::Path;

use crate::config::{self, Configuration};
use crate::engine::EngineSettings;

/// Writes the report and gives the configuration where it can be used; `None` means exit code 78.
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

/// What the configuration comes to, a line a subject. Of librdkafka properties the names alone.
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
    line("metrics", joined(addresses))
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

fn sets(sets: &[Vec<u8>], engine: &EngineSettings) -> String {
    let name = |d: &u8| engine.dimensions[usize::from(*d)].name.clone();
    joined(sets.iter().map(|set| format!("[{}]", joined(set.iter().map(name)))))
}
