//! `cxpulse dashboards`: the dashboards for Grafana, as files.

use std::path::PathBuf;

use anyhow::Context;

use super::options::ConfigurationArgs;
use crate::monitoring;

const EXAMPLES: &str = "\
Examples:
  What lies in deploy/grafana/dashboards:
    cxpulse dashboards --out deploy/grafana/dashboards
  With the windows and grouping sets of a configuration of one's own:
    cxpulse dashboards --config cxpulse.toml --out /var/lib/grafana/dashboards/cxpulse";

/// Writes dashboards for Grafana, which ask Prometheus for what the recording rules of `cxpulse rules` make.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct DashboardsArgs {
    /// The folder to write them to; files of the same names are replaced.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// Where the configuration is, which decides on windows, grouping sets and quantiles.
    #[command(flatten)]
    pub configuration: ConfigurationArgs,
}

/// Runs the command; the names of the files go to stdout.
///
/// # Errors
/// A configuration that cannot be used, or a folder that cannot be written to.
pub fn run(args: &DashboardsArgs) -> anyhow::Result<()> {
    let configuration = args.configuration.load(&[])?;
    let failed =
        |path: &std::path::Path| format!("`{}` cannot be written\nhint: name a folder that this user may write to", path.display());
    std::fs::create_dir_all(&args.out).with_context(|| failed(&args.out))?;
    for dashboard in monitoring::dashboards(&configuration) {
        let path = args.out.join(&dashboard.file);
        std::fs::write(&path, &dashboard.json).with_context(|| failed(&path))?;
        println!("{}", path.display());
    }
    Ok(())
}
