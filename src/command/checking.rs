//! The command line of `check`, and what the cluster has to say with `--connect`.

use std::io::{self, Write};

use super::check::check;
use super::failure::Silent;
use super::options::{ConfigurationArgs, ServiceArgs};
use crate::config;

const EXAMPLES: &str = "\
Examples:
  cxpulse check --config cxpulse.toml
  cxpulse check --config cxpulse.toml --connect
  cxpulse check --print-default > cxpulse.toml

Exit codes: 0 when the configuration can be used, warnings or not; 78 when it cannot; 1 when the cluster, asked with --connect, says that the
service would wait or end.";

/// Reports every problem of a configuration at once, each with where, what, what is allowed and a hint.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct CheckArgs {
    /// Also ask the cluster: topics, partition counts, retention, timestamp type.
    #[arg(long)]
    pub connect: bool,

    /// Print the commented default configuration, which may be used as a template, and do nothing else.
    #[arg(long, conflicts_with_all = ["connect", "config", "set"])]
    pub print_default: bool,

    /// Where the configuration is.
    #[command(flatten)]
    pub configuration: ConfigurationArgs,
    /// The settings that have flags.
    #[command(flatten)]
    pub service: ServiceArgs,
}

/// Runs the command.
///
/// # Errors
/// A configuration that cannot be used, or a cluster on which the service would not run; both have been reported then.
pub fn check_command(args: &CheckArgs) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if args.print_default {
        out.write_all(config::default_file().as_bytes())?;
        return Ok(());
    }
    let overrides = args.configuration.overrides(&args.service.overrides());
    let Some(configuration) = check(args.configuration.config.as_deref(), config::environment(), &overrides, &mut out)? else {
        return Err(Silent::configuration().into());
    };
    if args.connect && !super::cluster_is_fit(&configuration, &mut out)? {
        return Err(Silent::failure().into());
    }
    Ok(())
}
