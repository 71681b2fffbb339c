//! Logs as text or JSON lines on stderr, filtered as configured. stdout belongs to the commands' results.
//!
//! Does not know any log line.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use super::failure::WithHint;
use crate::config::LogSettings;

/// Starts logging for the rest of the process. A second call changes nothing.
///
/// # Errors
/// When the filter does not parse.
pub fn start(settings: &LogSettings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.filter)
        .with_context(|| format!("log.filter: `{}` is no log filter", settings.filter))
        .map_err(|error| WithHint::new(error, "use error, warn, info, debug or trace, or a list such as `cxpulse=debug,rdkafka=warn`"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    // Where stderr cannot be written, a message about that cannot be either.
    let builder = builder.log_internal_errors(false);
    let started = if settings.json { builder.json().flatten_event(true).with_ansi(false).try_init() } else { builder.try_init() };
    if started.is_err() {
        tracing::debug!("logging runs already");
    }
    Ok(())
}
