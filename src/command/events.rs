//! `cxpulse events`: the input contract as a document for other programs, so that producers can test their events in their own pipelines.
//!
//! Does not know the contract.

use super::printing::print_line;
use crate::event::{async_api, json_schema};

const EXAMPLES: &str = "\
Examples:
  The JSON Schema of one event:
    cxpulse events --json-schema > events.schema.json
  The topics with their messages, which refer to that schema beside it:
    cxpulse events --asyncapi > asyncapi.json";

/// Print the input contract: a JSON Schema of an event, or an AsyncAPI description of the topics.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[group(required = true, multiple = false)]
pub struct EventsArgs {
    /// Print the JSON Schema (draft 2020-12) of one event.
    #[arg(long)]
    json_schema: bool,

    /// Print the AsyncAPI 3.0 description of the topics.
    #[arg(long = "asyncapi")]
    async_api: bool,
}

/// Runs the command; the document goes to stdout.
///
/// # Errors
/// When it cannot be printed.
pub fn run(args: &EventsArgs) -> anyhow::Result<()> {
    let document = if args.json_schema { json_schema() } else { async_api() };
    Ok(print_line(format!("{document:#}"))?)
}
