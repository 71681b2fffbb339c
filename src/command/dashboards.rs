//! `cxpulse dashboards`: writes the dashboards for Grafana as files.
//!
//! Does not know the contents of a dashboard.

use std::path::{Path, PathBuf};

use super::failure::WithHint;
use super::options::ConfigurationArgs;
use super::printing::print_line;
use crate::monitoring;

const EXAMPLES: &str = "\
Examples:
  The files in deploy/grafana/dashboards:
    cxpulse dashboards --out deploy/grafana/dashboards
  With the windows and grouping sets of your own configuration:
    cxpulse dashboards --config cxpulse.toml --out /var/lib/grafana/dashboards/cxpulse";

/// Writes dashboards for Grafana. They query the series that the recording rules of `cxpulse rules` record in Prometheus.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct DashboardsArgs {
    /// The folder to write the files to. Files of the same names are replaced.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// The configuration, which decides on windows, grouping sets and quantiles.
    #[command(flatten)]
    pub configuration: ConfigurationArgs,
}

/// Runs the command; the names of the files go to stdout.
///
/// # Errors
/// A configuration that cannot be used, or a folder that cannot be written to.
pub fn run(args: &DashboardsArgs) -> anyhow::Result<()> {
    let configuration = args.configuration.load(&[])?;
    std::fs::create_dir_all(&args.out).map_err(|error| not_written(&args.out, error))?;
    for dashboard in monitoring::dashboards(&configuration) {
        let path = args.out.join(&dashboard.file);
        std::fs::write(&path, &dashboard.json).map_err(|error| not_written(&path, error))?;
        print_line(path.display())?;
    }
    Ok(())
}

fn not_written(path: &Path, error: std::io::Error) -> WithHint {
    let error = anyhow::Error::new(error).context(format!("`{}` cannot be written", path.display()));
    WithHint::new(error, "name a folder that this user may write to")
}
