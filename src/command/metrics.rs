//! `cxpulse metrics`: prints the reference page of every metric family.
//!
//! Does not know any family.

use std::io::{self, Write};

use super::options::ConfigurationArgs;
use crate::metrics;

const EXAMPLES: &str = "\
Examples:
  cxpulse metrics > METRICS.md
  cxpulse metrics --config cxpulse.toml";

/// Prints every metric family as Markdown: its labels, its definition, and how values of replicas are merged.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct MetricsArgs {
    /// The configuration, which decides on quantiles, targets and schedules.
    #[command(flatten)]
    pub configuration: ConfigurationArgs,
}

/// Runs the command; the page goes to stdout.
///
/// # Errors
/// A configuration that cannot be used, or an output that is closed.
pub fn run(args: &MetricsArgs) -> anyhow::Result<()> {
    let configuration = args.configuration.load(&[])?;
    Ok(io::stdout().lock().write_all(metrics::reference(&configuration).as_bytes())?)
}
