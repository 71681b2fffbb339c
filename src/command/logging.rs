//! Logs as text or JSON lines on stderr, filtered as configured. stdout belongs to the commands' results.
//!
//! Does not know any log line, nor how lines reach stderr (see `log_queue`).

use std::io::IsTerminal;
use std::sync::OnceLock;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use super::failure::WithHint;
use super::log_queue::LogQueue;
use crate::config::LogSettings;

/// Replaces the filter; returns whether that was possible.
type SetFilter = Box<dyn Fn(EnvFilter) -> bool + Send + Sync>;

/// Replaces the filter of this process, once it logs.
static SET_FILTER: OnceLock<SetFilter> = OnceLock::new();

/// Starts logging for the rest of the process. A second call changes nothing.
///
/// # Errors
/// When the filter does not parse, or the system gives no thread.
pub fn start(settings: &LogSettings) -> anyhow::Result<()> {
    let filter = filter(settings)?;
    if SET_FILTER.get().is_some() {
        tracing::debug!("logging runs already");
        return Ok(());
    }
    let queue = LogQueue::start().context("cannot start the thread that writes the log")?;
    let is_terminal = std::io::stderr().is_terminal();
    // Where a line cannot be logged, a message about that cannot be either.
    let builder = tracing_subscriber::fmt().with_writer(queue.clone()).with_ansi(is_terminal && !settings.json).log_internal_errors(false);
    let (set_filter, started): (SetFilter, _) = if settings.json {
        let builder = builder.json().flatten_event(true).with_env_filter(filter).with_filter_reloading();
        let handle = builder.reload_handle();
        (Box::new(move |filter| handle.reload(filter).is_ok()), builder.try_init())
    } else {
        let builder = builder.with_env_filter(filter).with_filter_reloading();
        let handle = builder.reload_handle();
        (Box::new(move |filter| handle.reload(filter).is_ok()), builder.try_init())
    };
    // A test or an embedder may have a subscriber of its own.
    if started.is_err() {
        return Ok(());
    }
    if SET_FILTER.set(set_filter).is_ok() && queue.keep() {
        log_panics();
    }
    Ok(())
}

/// Replaces the filter of the running log. Where this process has no log of its own, nothing changes.
pub(super) fn set_filter(filter: EnvFilter) {
    if !SET_FILTER.get().is_some_and(|set_filter| set_filter(filter)) {
        tracing::warn!("log.filter: this process has no log whose filter could change");
    }
}

/// The filter that the settings say.
///
/// # Errors
/// When it does not parse.
pub(super) fn filter(settings: &LogSettings) -> anyhow::Result<EnvFilter> {
    let filter = EnvFilter::try_new(&settings.filter)
        .with_context(|| format!("log.filter: `{}` is no log filter", settings.filter))
        .map_err(|error| WithHint::new(error, "use error, warn, info, debug or trace, or a list such as `cxpulse=debug,rdkafka=warn`"))?;
    Ok(filter)
}

/// Lets a panic be logged as any other line. The standard library's own message would wait for stderr.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let text = panic.payload().downcast_ref::<&str>().copied();
        let what = text.or_else(|| panic.payload().downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
        tracing::error!(place, what, "internal error: a thread panicked; please report it");
    }));
}
