//! Logs as text or JSON lines on stderr, filtered as configured. stdout belongs to the commands' results.
//!
//! Does not know any log line.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::LogSettings;

/// A log filter that does not parse.
#[derive(Debug, thiserror::Error)]
#[error("log.filter: `{filter}` is no log filter")]
pub struct FilterError {
    /// The filter as configured.
    pub filter: String,
    /// The mistake in it.
    pub source: tracing_subscriber::filter::ParseError,
}

impl FilterError {
    /// The advice to the user.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        "use error, warn, info, debug or trace, or a list such as `cxpulse=debug,rdkafka=warn`"
    }
}

/// Starts logging for the rest of the process. A second call changes nothing.
///
/// # Errors
/// When the filter does not parse.
pub fn start(settings: &LogSettings) -> Result<(), FilterError> {
    let filter = EnvFilter::try_new(&settings.filter).map_err(|source| FilterError { filter: settings.filter.clone(), source })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let started = if settings.json { builder.json().flatten_event(true).with_ansi(false).try_init() } else { builder.try_init() };
    if started.is_err() {
        tracing::debug!("logging runs already");
    }
    Ok(())
}
