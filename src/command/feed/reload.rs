//! Reads the configuration of a running `cxpulse feed` again, on SIGHUP: what the feeds map by, the filter of the log, and the web configuration.
//!
//! All of a changed file is put into force, or nothing. Payloads that are being mapped meanwhile are mapped by the feeds of before. Does not know how a
//! payload is mapped.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::{decode_settings, on_deep_stack};
use crate::command::changed_settings::{ChangedSettings, differ};
use crate::command::logging;
use crate::command::reload::{answer, needed_restart, told};
use crate::config::{ConfiguredFeed, FeedsConfiguration, LoadedFeeds, load_feeds};
use crate::http::{Access, Lifecycle};
use crate::intake::FeedMapper;
use crate::metrics::feed_telemetry::FeedTelemetry;
use crate::runtime::wall_now;

/// Where the configuration comes from.
pub(super) struct FeedSources {
    pub(super) path: PathBuf,
    pub(super) overrides: Vec<(String, String)>,
}

/// The parts of a running stage that can take other settings.
pub(super) struct FeedParts {
    pub(super) mapper: Arc<FeedMapper>,
    pub(super) access: Arc<Access>,
    pub(super) telemetry: Arc<FeedTelemetry>,
}

/// Reloads one running stage.
pub(super) struct FeedReloader {
    sources: FeedSources,
    /// The configuration in force.
    running: Mutex<LoadedFeeds>,
    parts: FeedParts,
}

impl FeedReloader {
    /// Reloads a stage that was started with the configuration that these sources gave.
    pub(super) fn new(sources: FeedSources, loaded: LoadedFeeds, parts: FeedParts) -> Self {
        Self { sources, running: Mutex::new(loaded), parts }
    }

    fn try_reload(&self) -> anyhow::Result<String> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let new = load_feeds(&self.sources.path, &self.sources.overrides)?;
        let changed = changes(&running, &new);
        anyhow::ensure!(changed.waiting.is_empty(), "{}", needed_restart(&changed));
        let filter = logging::filter(&new.configuration.log)?;
        self.parts.access.reload()?;
        let (mapper, configuration) = (Arc::clone(&self.parts.mapper), new.configuration.clone());
        on_deep_stack(move || mapper.replace(&configuration, &decode_settings()))?;
        if new.configuration.log.filter != running.configuration.log.filter {
            logging::set_filter(filter);
        }
        *running = new;
        Ok(answer(&changed))
    }
}

impl Lifecycle for FeedReloader {
    fn reload(&self) -> Result<String, String> {
        let reloaded = self.try_reload();
        match &reloaded {
            Ok(_) => self.parts.telemetry.set_reloaded(wall_now()),
            Err(_) => self.parts.telemetry.set_reload_refused(),
        }
        told(reloaded)
    }
}

/// What differs. The names of feeds stand in their keys, because the file has a list.
fn changes(before: &LoadedFeeds, after: &LoadedFeeds) -> ChangedSettings {
    let mut changed = ChangedSettings::default();
    let (old, new) = (&before.configuration, &after.configuration);
    let names = |of: &FeedsConfiguration| of.feeds.iter().map(|feed| feed.settings.name.clone()).collect::<Vec<_>>();
    if names(old) == names(new) {
        old.feeds.iter().zip(&new.feeds).for_each(|(old, new)| add_changes_of_feed(&mut changed, old, new));
    } else {
        changed.waiting.push("the list of feeds".to_owned());
    }
    if old.log.filter != new.log.filter {
        changed.taken.push("log.filter".to_owned());
    }
    if without_feeds(old) != without_feeds(new) || old.kafka.properties != new.kafka.properties {
        let keys: Vec<String> =
            before.written.differences(&after.written).into_iter().filter(|key| key != "feeds" && key != "log.filter").collect();
        changed.waiting.extend(if keys.is_empty() { vec!["[kafka] (a file that it names)".to_owned()] } else { keys });
    }
    changed
}

fn add_changes_of_feed(changed: &mut ChangedSettings, old: &ConfiguredFeed, new: &ConfiguredFeed) {
    let name = &old.settings.name;
    let waits = [
        ("topics", old.topics != new.topics),
        ("framing", old.has_registry_framing != new.has_registry_framing),
        ("path", old.path != new.path),
        ("table_topics", old.settings.table_topics != new.settings.table_topics),
        // The sides of the topics and of the webhooks have it since their start.
        ("signature, secret, token, user or password", old.credential != new.credential),
    ];
    let takes = [
        ("program", old.settings.program != new.settings.program || old.settings.origin != new.settings.origin),
        ("desk", old.settings.desk != new.settings.desk),
        ("customer_ids", old.settings.owns_customers != new.settings.owns_customers),
        ("key", old.settings.key != new.settings.key),
        ("tables", differ(&old.settings.tables, &new.settings.tables)),
    ];
    let named = |keys: &[(&str, bool)]| {
        keys.iter().filter(|(_, is_changed)| *is_changed).map(|(key, _)| format!("feeds.{name}.{key}")).collect::<Vec<_>>()
    };
    changed.waiting.extend(named(&waits));
    changed.taken.extend(named(&takes));
}

/// Everything but the feeds and the filter of the log, as text. It shows no secret.
fn without_feeds(configuration: &FeedsConfiguration) -> String {
    let mut configuration = configuration.clone();
    configuration.feeds.clear();
    configuration.log.filter.clear();
    format!("{configuration:?}")
}
