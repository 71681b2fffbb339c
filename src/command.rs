//! The command line of the binary: one module for each command.
//!
//! A command reads its arguments and the configuration, builds the parts it needs, runs them, and ends with an exit code. Does not know how any part works.

mod changed_settings;
pub mod check;
pub mod checkpoint;
pub mod dashboards;
pub mod dead_letters;
pub mod demo;
pub mod events;
mod failure;
pub mod feed;
pub mod generate;
mod hang_ups;
pub mod healthcheck;
mod json_lines;
mod late_records;
mod log_queue;
pub mod logging;
pub mod metrics;
pub mod options;
mod printing;
mod reload;
pub mod replay;
pub mod rules;
pub mod run;
mod sending;
mod systemd;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use failure::{Reported, Usage};

use crate::kafka;
use crate::metrics::telemetry::REVISION;

const EXAMPLES: &str = "\
Examples:
  See everything at once, without a Kafka cluster:
    cxpulse demo
  The service:
    cxpulse run --config cxpulse.toml
  Find every mistake of a configuration, and ask the cluster too:
    cxpulse check --config cxpulse.toml --connect
  Turn what a help desk sends into events, in front of the service:
    cxpulse feed --config feeds.toml
  Metrics of recorded events at an instant:
    cxpulse replay --input tickets=tickets.jsonl.gz --at 2026-03-02T12:00:00Z
  The versions of the program and of the C libraries in it:
    cxpulse --version --verbose
  Fill a cluster's topics with synthetic events:
    cxpulse generate --bootstrap-servers localhost:9092 --rate 50

Every setting can be given in the file, as a variable (CXPULSE_KAFKA__GROUP_ID) and with --set (--set kafka.group_id=cx). A variable overrides \
the file, and --set overrides both.

Exit codes:
  0 clean end
  1 failure, such as a port in use
  2 check --sample found what bends numbers
  3 the consumer did not stop in time
  4 the checkpoints cannot be used, and the log does not reach back far enough
  5 the cluster refused authentication, authorisation or this member
  64 wrong command line
  70 internal error of cxpulse; please report it
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
    Feed(feed::FeedArgs),
    Demo(demo::DemoArgs),
    Replay(replay::ReplayArgs),
    Generate(generate::GenerateArgs),
    Check(check::CheckArgs),
    Checkpoint(checkpoint::CheckpointArgs),
    DeadLetters(dead_letters::DeadLettersArgs),
    Metrics(metrics::MetricsArgs),
    Events(events::EventsArgs),
    Healthcheck(healthcheck::HealthcheckArgs),
    Rules(rules::RulesArgs),
    Dashboards(dashboards::DashboardsArgs),
}

/// Runs the command that the process's arguments name, and returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    if asks_for_versions(&std::env::args_os().skip(1).collect::<Vec<_>>()) {
        // Where the lines cannot be printed, no other way is left to report that.
        drop(print_versions());
        return ExitCode::SUCCESS;
    }
    let command = match CommandLine::try_parse() {
        Ok(line) => line.command,
        Err(answer) => return print_parser_answer(&answer),
    };
    let ended = match command {
        Command::Run(args) => run::run(&args),
        Command::Feed(args) => feed::run(&args),
        Command::Demo(args) => demo::demo(&args),
        Command::Replay(args) => replay::replay(&args),
        Command::Generate(args) => generate::generate(&args),
        Command::Check(args) => check::run(&args),
        Command::Checkpoint(args) => checkpoint::run(&args),
        Command::DeadLetters(args) => dead_letters::run(&args),
        Command::Metrics(args) => metrics::run(&args),
        Command::Events(args) => events::run(&args),
        Command::Healthcheck(args) => healthcheck::run(&args),
        Command::Rules(args) => rules::run(&args),
        Command::Dashboards(args) => dashboards::run(&args),
    };
    let code = match ended {
        Ok(()) => ExitCode::SUCCESS,
        // A reader of the output may stop early, as `head` does.
        Err(error) if printing::is_output_closed(&error) => ExitCode::SUCCESS,
        Err(error) => failure::report(&error),
    };
    log_queue::flush();
    code
}

/// Whether the arguments are `--version --verbose`, in either order. The parser ends at the first one alone.
fn asks_for_versions(arguments: &[std::ffi::OsString]) -> bool {
    let is_given = |names: &[&str]| arguments.iter().any(|argument| names.iter().any(|name| argument == name));
    arguments.len() == 2 && is_given(&["--version", "-V"]) && is_given(&["--verbose"])
}

fn print_versions() -> std::io::Result<()> {
    printing::print_line(concat!("cxpulse ", env!("CARGO_PKG_VERSION")))?;
    printing::print_line(format!("revision {REVISION}"))?;
    kafka::libraries().into_iter().try_for_each(|(name, version)| printing::print_line(format!("{name} {version}")))
}

/// Prints the parser's answer: help and version on stdout; mistakes on stderr, with the exit code of a wrong command line.
fn print_parser_answer(answer: &clap::Error) -> ExitCode {
    let code = if answer.use_stderr() { ExitCode::from(failure::EXIT_USAGE) } else { ExitCode::SUCCESS };
    // Where the message cannot be printed, no other way is left to report that.
    drop(answer.print());
    code
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::Failure;
    use crate::runtime::ServiceFailure;

    #[test]
    fn the_help_lists_the_exit_code_of_every_failure() {
        let text = String::new;
        let codes = [
            failure::EXIT_USAGE,
            failure::EXIT_STATE,
            Failure::Client(text()).exit_code(),
            Failure::Refused(text()).exit_code(),
            ServiceFailure::Environment(text()).exit_code(),
            ServiceFailure::Deadline.exit_code(),
            ServiceFailure::Internal(text()).exit_code(),
        ];
        for code in codes {
            assert!(EXAMPLES.lines().any(|line| line.trim_start().starts_with(&format!("{code} "))), "{code} is missing");
        }
    }
}
