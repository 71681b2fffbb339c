//! What the binary does: the command line, and one module per command.
//!
//! Knows every part and owns none of their workings: a command reads arguments and configuration, builds, runs, and ends with an exit code.

pub mod check;
pub mod dashboards;
pub mod demo;
mod failure;
mod feeding;
pub mod generate;
pub mod healthcheck;
pub mod logging;
pub mod metrics;
pub mod options;
pub mod replay;
pub mod rules;
pub mod run;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use failure::{Told, Usage};

const EXAMPLES: &str = "\
Examples:
  See everything at once, without a Kafka cluster:
    cxpulse demo
  The service:
    cxpulse run --config cxpulse.toml
  Find every mistake of a configuration, and ask the cluster too:
    cxpulse check --config cxpulse.toml --connect
  Metrics of recorded events at an instant:
    cxpulse replay --input tickets=tickets.jsonl.gz --at 2026-03-02T12:00:00Z
  Fill a cluster's topics with made events:
    cxpulse generate --bootstrap-servers localhost:9092 --rate 50

Every setting can be given in the file, as a variable (CXPULSE_KAFKA__GROUP_ID) and with --set (--set kafka.group_id=cx); the later wins.

Exit codes:
  0 clean end
  1 failure, such as a port in use
  3 the consumer did not stop in time
  5 the cluster refused authentication, authorisation or this member
  64 wrong command line
  78 wrong configuration
  130 second signal";

/// Live customer service and customer experience metrics: Kafka events in, rolling windows in memory, Prometheus gauges out.
#[derive(Debug, Parser)]
#[command(name = "cxpulse", version, after_help = EXAMPLES, arg_required_else_help = true, max_term_width = 120)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::RunArgs),
    Demo(demo::DemoArgs),
    Replay(replay::ReplayArgs),
    Generate(generate::GenerateArgs),
    Check(check::CheckArgs),
    Metrics(metrics::MetricsArgs),
    Healthcheck(healthcheck::HealthcheckArgs),
    Rules(rules::RulesArgs),
    Dashboards(dashboards::DashboardsArgs),
}

/// Runs the command that the process's arguments name, and gives its exit code.
#[must_use]
pub fn main() -> ExitCode {
    let command = match CommandLine::try_parse() {
        Ok(line) => line.command,
        Err(answer) => return told(&answer),
    };
    let ended = match command {
        Command::Run(args) => run::run(&args),
        Command::Demo(args) => demo::demo(&args),
        Command::Replay(args) => replay::replay(&args),
        Command::Generate(args) => generate::generate(&args),
        Command::Check(args) => check::run(&args),
        Command::Metrics(args) => metrics::run(&args),
        Command::Healthcheck(args) => healthcheck::run(&args),
        Command::Rules(args) => rules::run(&args),
        Command::Dashboards(args) => dashboards::run(&args),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::tell(&error),
    }
}

/// Prints what the parser has to say: help and version on stdout, mistakes on stderr with the exit code of a wrong command line.
fn told(answer: &clap::Error) -> ExitCode {
    let code = if answer.use_stderr() { ExitCode::from(failure::EXIT_USAGE) } else { ExitCode::SUCCESS };
    // Nobody is left to be told that the message could not be printed.
    drop(answer.print());
    code
}
