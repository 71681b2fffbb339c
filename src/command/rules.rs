//! `cxpulse rules`: prints the rules for Prometheus, made for the configured windows and grouping sets.
//!
//! Does not know any rule.

use std::io::{self, Write};

use clap::ValueEnum;

use super::failure::Usage;
use super::options::ConfigurationArgs;
use crate::config::{Configuration, parse_span};
use crate::monitoring::{self, Baseline, RuleParameters};

const EXAMPLES: &str = "\
Examples:
  The files in deploy/prometheus:
    cxpulse rules recording > cxpulse.rules.yml
    cxpulse rules alerts > cxpulse.alerts.yml
  With the windows and grouping sets of your own configuration, in which a working day is the longest window:
    cxpulse rules alerts --config cxpulse.toml --window 24h=8h --baseline trend
  Scaled down, to see alerts fire within minutes:
    cxpulse rules alerts --config minutes.toml --window 24h=5m --window 1h=1m --for 15s --keep 30s --baseline trend";

/// Prints rules for Prometheus: recording rules that merge replicas, or alerts on the recorded series.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct RulesArgs {
    /// Which rules to print.
    #[arg(value_enum, value_name = "KIND")]
    pub kind: RuleKind,

    /// A window of the shipped alerts (5m, 1h, 24h, 7d, 30d), and the configured window to use in its place. Repeatable.
    #[arg(long = "window", value_name = "SHIPPED=NAME", value_parser = window)]
    pub windows: Vec<(String, String)>,

    /// How long the condition of every alert must hold before it fires, in place of each alert's own time.
    #[arg(long = "for", value_name = "SPAN", value_parser = span)]
    pub hold: Option<String>,

    /// How long alerts that bridge a missed scrape keep firing, in place of each alert's own time.
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub keep: Option<String>,

    /// The baseline of what follows the rhythm of the week: durations, the backlog, churn. Shares are always held against the rest of the month.
    #[arg(long, value_enum, value_name = "BASELINE", default_value_t = BaselineArg::Either)]
    pub baseline: BaselineArg,

    /// The URL of the folder of the runbooks: the start of every `runbook_url`.
    #[arg(long, value_name = "URL", default_value = monitoring::RUNBOOKS)]
    pub runbooks: String,

    /// The URL of the dashboards: the start of every `dashboard_url`.
    #[arg(long, value_name = "URL", default_value = monitoring::DASHBOARDS)]
    pub dashboards: String,

    /// The URL of the live page: the start of every `page_url`.
    #[arg(long, value_name = "URL", default_value = monitoring::PAGE)]
    pub page: String,

    /// The configuration, which decides on windows, grouping sets and quantiles.
    #[command(flatten)]
    pub configuration: ConfigurationArgs,
}

/// Which rules are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RuleKind {
    /// Recording rules, which merge replicas. Alerts and dashboards read the series that they record.
    Recording,
    /// Alerts on the recorded series.
    Alerts,
}

/// The baseline of what follows the rhythm of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BaselineArg {
    /// The weeks before in Prometheus; where Prometheus has no such history, the configured trend.
    Either,
    /// The weeks before in Prometheus.
    Offset,
    /// The configured trend, which compares a short window with the rest of a longer one.
    Trend,
}

/// Runs the command; the rules go to stdout.
///
/// # Errors
/// A configuration that cannot be used, a window that is not configured, or an output that is closed.
pub fn run(args: &RulesArgs) -> anyhow::Result<()> {
    let configuration = args.configuration.load(&[])?;
    let scale = args.scale();
    check(&configuration, &scale)?;
    let text = match args.kind {
        RuleKind::Recording => monitoring::recording_file(&configuration, &scale),
        RuleKind::Alerts => monitoring::alerts_file(&configuration, &scale),
    };
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}

impl RulesArgs {
    fn scale(&self) -> RuleParameters {
        let baseline = match self.baseline {
            BaselineArg::Either => Baseline::Either,
            BaselineArg::Offset => Baseline::Offset,
            BaselineArg::Trend => Baseline::Trend,
        };
        RuleParameters {
            windows: self.windows.clone(),
            hold: self.hold.clone(),
            keep: self.keep.clone(),
            baseline,
            runbooks: self.runbooks.clone(),
            dashboards: self.dashboards.clone(),
            page: self.page.clone(),
        }
    }
}

fn check(configuration: &Configuration, scale: &RuleParameters) -> Result<(), Usage> {
    let configured: Vec<&str> = configuration.engine.windows.iter().map(|window| window.name.as_str()).collect();
    let absent = monitoring::WINDOWS.iter().map(|shipped| (shipped, scale.window(shipped))).find(|(_, name)| !configured.contains(name));
    match absent {
        None => Ok(()),
        Some((shipped, name)) => Err(Usage(format!(
            "`--window {shipped}={name}`: there is no window `{name}`; configured are {}\nhint: name a configured window for each of {}",
            configured.join(", "),
            monitoring::WINDOWS.join(", "),
        ))),
    }
}

fn window(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((shipped, name)) if monitoring::WINDOWS.contains(&shipped) && !name.is_empty() => Ok((shipped.to_owned(), name.to_owned())),
        _ => Err(format!("wanted is SHIPPED=NAME, such as 24h=8h, with one of {}", monitoring::WINDOWS.join(", "))),
    }
}

fn span(text: &str) -> Result<String, String> {
    parse_span(text).map(|_| text.to_owned()).ok_or_else(|| "wanted is a number and a unit, such as `15s` or `5m`".to_owned())
}
