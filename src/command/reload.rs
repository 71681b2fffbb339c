//! Reads the configuration of a running service again, on SIGHUP and on `POST /-/reload`.
//!
//! All of a changed configuration is put into force, or nothing: a configuration that cannot be used, or that changes a key that needs a restart, leaves the one
//! before in force, and the answer says why. What is put into force is what a restart with the same file would give: targets hold for clocks that start
//! later, limits for what leaves from now on, and for a renamed team another service counts the logs once more, if they reach back far enough. While that
//! service takes its place, no further reload is taken: it would change the service that goes. Does not know which keys can change (see `changed_settings`), or how a part takes a new setting.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::changed_settings::ChangedSettings;
use super::logging;
use super::options::ConfigurationArgs;
use crate::config::{self, Configuration, Loaded, OnMismatch};
use crate::http::{Access, Lifecycle};
use crate::metrics::Exposition;
use crate::runtime::{CurrentView, recount_loss, wall_now};

/// Why a reload is refused while another service takes the place of the running one.
const BUSY: &str = "another service is about to take the place of the running one\nhint: reload once it is ready";

/// The sources of the configuration, and what runs with it.
pub(super) struct Reloader {
    arguments: ConfigurationArgs,
    flags: Vec<(String, String)>,
    /// The configuration in force.
    running: Mutex<Loaded>,
    parts: RunningParts,
    /// Its one permit is held by a reload, and beyond it until the service that the reload asks for is in its place.
    turn: Arc<Semaphore>,
}

/// The parts of a running service that can take other settings.
pub(super) struct RunningParts {
    /// The outside of the service.
    pub(super) view: Arc<CurrentView>,
    /// Asks for another service in the place of the running one.
    pub(super) successions: mpsc::Sender<Successor>,
    /// What turns values into text.
    pub(super) exposition: Arc<ArcSwap<Exposition>>,
    /// The web configuration.
    pub(super) access: Arc<Access>,
}

/// A service that is to take the place of the running one.
pub(super) struct Successor {
    pub(super) configuration: Configuration,
    /// Dropped once the service is in its place.
    pub(super) turn: OwnedSemaphorePermit,
}

impl Reloader {
    /// Reloads a service that was started with the configuration that these arguments and flags gave.
    pub(super) fn new(arguments: ConfigurationArgs, flags: Vec<(String, String)>, loaded: Loaded, parts: RunningParts) -> Self {
        Self { arguments, flags, running: Mutex::new(loaded), parts, turn: Arc::new(Semaphore::new(1)) }
    }

    /// Reads the configuration again, and puts it into force.
    fn try_reload(&self) -> anyhow::Result<String> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        // After the lock, so that two reloads of other keys still wait for each other.
        let turn = Arc::clone(&self.turn).try_acquire_owned().map_err(|_| anyhow::anyhow!(BUSY))?;
        let overrides = self.arguments.overrides(&self.flags);
        let new = config::load(self.arguments.config.as_deref(), config::environment(), &overrides)?;
        let changed = ChangedSettings::between(&running, &new);
        anyhow::ensure!(changed.waiting.is_empty(), "{}", needed_restart(&changed));
        if !changed.succeeding.is_empty() && new.configuration.checkpoint.on_mismatch == OnMismatch::Refuse {
            let loss = recount_loss(&new.configuration)?;
            anyhow::ensure!(loss.is_none(), "{}", lost_by(&changed, loss.as_deref().unwrap_or_default()));
        }
        // The files of the web configuration can be bad too, so they come before anything changes.
        let filter = logging::filter(&new.configuration.log)?;
        self.parts.access.reload()?;
        if new.configuration.log.filter != running.configuration.log.filter {
            logging::set_filter(filter);
        }
        if !changed.succeeding.is_empty() {
            let successor = Successor { configuration: new.configuration.clone(), turn };
            self.parts.successions.try_send(successor).map_err(|_| anyhow::anyhow!("the service is stopping"))?;
        } else if !changed.taken.is_empty() {
            self.parts.exposition.store(Arc::new(Exposition::new(&new.configuration)));
            self.parts.view.current().change_settings(new.configuration.engine.clone());
        }
        *running = new;
        Ok(answer(&changed))
    }
}

impl Lifecycle for Reloader {
    fn reload(&self) -> Result<String, String> {
        let reloaded = self.try_reload();
        let view = self.parts.view.current();
        match &reloaded {
            Ok(_) => view.telemetry().set_reloaded(wall_now()),
            Err(_) => view.telemetry().set_reload_refused(),
        }
        told(reloaded)
    }
}

/// The result of a reload in words, which are logged too.
pub(super) fn told(reloaded: anyhow::Result<String>) -> Result<String, String> {
    match reloaded {
        Ok(answer) => {
            tracing::info!("{answer}");
            Ok(answer)
        }
        Err(error) => {
            tracing::error!("the configuration was not reloaded, and the one before stays in force: {error:#}");
            Err(format!("not reloaded, and the configuration before stays in force:\n{error:#}"))
        }
    }
}

/// What was put into force.
pub(super) fn answer(changed: &ChangedSettings) -> String {
    let keys: Vec<&str> = changed.succeeding.iter().chain(&changed.taken).map(String::as_str).collect();
    if keys.is_empty() {
        return "reloaded".to_owned();
    }
    let succession = match (changed.succeeding.is_empty(), changed.counts_anew) {
        (true, _) => "",
        (false, false) => "; the partitions are assigned once more",
        (false, true) => "; the logs are counted anew, and until then no value is shown",
    };
    format!("reloaded: changed {}{succession}", keys.join(", "))
}

/// Why a state is not counted anew for changed keys.
fn lost_by(changed: &ChangedSettings, loss: &str) -> String {
    format!(
        "the state would have to be counted anew for {}, and {loss}\nhint: undo the change of these settings, or set `checkpoint.on_mismatch = \"rebuild\"` and \
         restart to count the rest of the log anew",
        changed.succeeding.join(", ")
    )
}

/// Why nothing was put into force.
pub(super) fn needed_restart(changed: &ChangedSettings) -> String {
    let anew = if changed.counts_anew { ", and a start counts the state anew from the logs" } else { "" };
    format!("a restart is needed for {}{anew}", changed.waiting.join(", "))
}
