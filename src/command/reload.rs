//! Reads the configuration of a running service again, on SIGHUP and on `POST /-/reload`.
//!
//! What can change without losing state changes at once: the filter of the log, the limits of entries, and the web configuration file with the files that
//! it names. Everything else needs a restart, and the answer says which sections. A configuration that cannot be used changes nothing. Does not know
//! how a part takes a new setting.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use super::logging;
use super::options::ConfigurationArgs;
use crate::config::{self, Configuration};
use crate::http::{Access, Lifecycle};
use crate::runtime::ServiceView;

/// The sources of the configuration, and what runs with it.
pub(super) struct Reloader {
    arguments: ConfigurationArgs,
    flags: Vec<(String, String)>,
    /// The configuration in force.
    running: Mutex<Configuration>,
    view: Arc<ServiceView>,
    access: Arc<Access>,
}

impl Reloader {
    /// Reloads a service that was started with `configuration`, which these arguments and flags gave.
    pub(super) fn new(
        arguments: ConfigurationArgs,
        flags: Vec<(String, String)>,
        configuration: Configuration,
        view: Arc<ServiceView>,
        access: Arc<Access>,
    ) -> Self {
        Self { arguments, flags, running: Mutex::new(configuration), view, access }
    }

    /// Reads the configuration again, and puts into force what can change.
    fn try_reload(&self) -> anyhow::Result<String> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let overrides = self.arguments.overrides(&self.flags);
        let new = config::load(self.arguments.config.as_deref(), config::environment(), &overrides)?.configuration;
        // The files of the web configuration can be bad too, so they come before anything changes.
        self.access.reload()?;
        let mut changed = Vec::new();
        if new.log.filter != running.log.filter {
            logging::set_filter(&new.log)?;
            running.log.filter.clone_from(&new.log.filter);
            changed.push("log.filter");
        }
        let mut limits = new.engine.limits.clone();
        // Tables of label sets are as large as their limit from the start.
        (limits.cells_max, limits.cells_per_family_max) = (running.engine.limits.cells_max, running.engine.limits.cells_per_family_max);
        if differ(&limits, &running.engine.limits) {
            self.view.change_limits(limits.clone());
            running.engine.limits = limits;
            changed.push("limits");
        }
        let waiting = sections_that_differ(&running, &new);
        let mut answer = if changed.is_empty() { "reloaded".to_owned() } else { format!("reloaded: changed {}", changed.join(", ")) };
        if !waiting.is_empty() {
            answer.push_str(&format!("; a restart is needed for what changed in {}", waiting.join(", ")));
        }
        Ok(answer)
    }
}

impl Lifecycle for Reloader {
    fn reload(&self) -> Result<String, String> {
        let reloaded = self.try_reload();
        self.view.telemetry().set_reload(reloaded.is_ok());
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
}

/// The sections in which two configurations differ. Their `Debug` text shows no secret, so secrets are compared apart.
fn sections_that_differ(a: &Configuration, b: &Configuration) -> Vec<&'static str> {
    let sections = [
        ("[kafka]", differ(&a.kafka, &b.kafka) || a.kafka.properties != b.kafka.properties),
        ("[[topics]]", differ(&a.topics, &b.topics)),
        ("[privacy]", a.decode.identity_key != b.decode.identity_key),
        ("[dimensions] and [surveys]", differ(&a.decode, &b.decode)),
        ("[targets] and the schedules", differ(&a.engine.targets, &b.engine.targets)),
        ("[limits] of label sets", differ(&a.engine.limits, &b.engine.limits)),
        ("[[windows]], grouping sets and what else shapes values", shape(a) != shape(b)),
        ("[run]", differ(&a.run, &b.run)),
        ("[checkpoint]", differ(&a.checkpoint, &b.checkpoint)),
        ("[web]", differ(&a.web, &b.web)),
        ("[log]", differ(&a.log, &b.log)),
        ("[histograms]", differ(&a.export, &b.export)),
    ];
    sections.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

/// The settings of the engine that have no place of their own among the sections.
fn shape(configuration: &Configuration) -> String {
    let mut engine = configuration.engine.clone();
    (engine.targets, engine.limits, engine.topics) = (Default::default(), Default::default(), Vec::new());
    format!("{engine:?}")
}

fn differ<T: Debug>(a: &T, b: &T) -> bool {
    format!("{a:?}") != format!("{b:?}")
}
