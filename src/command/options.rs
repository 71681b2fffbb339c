//! The options that commands share. Each option becomes an override of a configuration key.
//!
//! Does not know the effect of a setting.

use std::path::PathBuf;

use crate::config::{self, Configuration, Loaded};

use super::logging;
use crate::time::EventTime;

/// The sources of the configuration.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ConfigurationArgs {
    /// The configuration file (TOML). Without a file every setting has its default.
    #[arg(long, value_name = "FILE", env = "CXPULSE_CONFIG")]
    pub config: Option<PathBuf>,

    /// Override one setting by its key, such as `--set kafka.group_id=cx`. Repeatable.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = assignment)]
    pub set: Vec<(String, String)>,
}

/// The settings of the service that have a flag of their own. They override the file and the environment; `--set` overrides them.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ServiceArgs {
    /// Kafka brokers as `host:port`, separated by commas.
    #[arg(long, value_name = "HOSTS")]
    pub bootstrap_servers: Option<String>,

    /// The consumer group.
    #[arg(long, value_name = "NAME")]
    pub group_id: Option<String>,

    #[command(flatten)]
    /// The HTTP server.
    pub web: WebArgs,

    #[command(flatten)]
    /// Logs.
    pub log: LogArgs,
}

/// Flags of the HTTP server, spelled as in other exporters.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct WebArgs {
    /// An address to listen on, such as 0.0.0.0:19270. Repeatable. Default 127.0.0.1:19270.
    #[arg(long = "web.listen-address", value_name = "ADDRESS")]
    pub listen_addresses: Vec<String>,

    /// The path of the metrics. Default /metrics.
    #[arg(long = "web.telemetry-path", value_name = "PATH")]
    pub telemetry_path: Option<String>,

    /// Whether the path / shows the live page: on or off. Default on.
    #[arg(long = "web.page", value_name = "ON", value_parser = clap::builder::BoolishValueParser::new())]
    pub page: Option<bool>,

    /// The web configuration file: TLS, client certificates and passwords, in the form that Prometheus's exporters share.
    #[arg(long = "web.config.file", value_name = "FILE")]
    pub config_file: Option<PathBuf>,

    /// Let `POST /-/reload` read the configuration again, as SIGHUP does.
    #[arg(long = "web.enable-lifecycle")]
    pub enable_lifecycle: bool,
}

/// Flags of the log.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct LogArgs {
    /// The log level (error, warn, info, debug or trace), or a filter such as cxpulse=debug,rdkafka=warn. Default info.
    #[arg(long = "log.level", value_name = "LEVEL")]
    pub level: Option<String>,

    /// Log JSON lines instead of text.
    #[arg(long = "log.json", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub json: Option<bool>,
}

impl ConfigurationArgs {
    /// The overrides of the configuration in their order: `flags` first, then `--set`, which overrides them.
    #[must_use]
    pub fn overrides(&self, flags: &[(String, String)]) -> Vec<(String, String)> {
        flags.iter().chain(&self.set).cloned().collect()
    }

    /// Reads the configuration, and starts logging as configured. `flags` override the file and the environment; `--set` overrides all of them.
    ///
    /// # Errors
    /// Every problem of the configuration at once.
    pub fn load(&self, flags: &[(String, String)]) -> anyhow::Result<Configuration> {
        Ok(self.load_with_keys(flags)?.configuration)
    }

    /// As [`Self::load`], with the keys that the file, the environment and the flags give.
    ///
    /// # Errors
    /// Every problem of the configuration at once.
    pub(super) fn load_with_keys(&self, flags: &[(String, String)]) -> anyhow::Result<Loaded> {
        let loaded = config::load(self.config.as_deref(), config::environment(), &self.overrides(flags))?;
        logging::start(&loaded.configuration.log)?;
        for warning in &loaded.warnings {
            tracing::warn!(place = warning.place, hint = warning.hint, "{}", warning.what);
        }
        Ok(loaded)
    }
}

impl ServiceArgs {
    /// The overrides that follow from the flags.
    #[must_use]
    pub fn overrides(&self) -> Vec<(String, String)> {
        let mut overrides = Vec::new();
        let mut set = |key: &str, value: Option<String>| overrides.extend(value.map(|value| (key.to_owned(), value)));
        set("kafka.bootstrap_servers", self.bootstrap_servers.clone());
        set("kafka.group_id", self.group_id.clone());
        set("log.filter", self.log.level.clone());
        set("log.json", self.log.json.map(|json| json.to_string()));
        overrides.extend(self.web.overrides());
        overrides
    }
}

/// The name and the file of `NAME=FILE`; `None` where one of them is missing.
pub(super) fn named_file(text: &str) -> Option<(String, PathBuf)> {
    let (name, path) = text.split_once('=').filter(|(name, path)| !name.is_empty() && !path.is_empty())?;
    Some((name.to_owned(), PathBuf::from(path)))
}

/// An instant: RFC 3339 with an offset, or epoch milliseconds. Fractions of a millisecond are cut off.
///
/// # Errors
/// What is wanted, where the text is neither.
pub(super) fn instant(text: &str) -> Result<EventTime, String> {
    if let Ok(ms) = text.parse::<i64>() {
        return Ok(EventTime(ms));
    }
    match text.parse::<jiff::Timestamp>() {
        Ok(instant) => Ok(EventTime(instant.as_millisecond())),
        Err(_) => Err("wanted is an RFC 3339 time such as 2026-03-02T12:00:00Z, or epoch milliseconds".to_owned()),
    }
}

impl WebArgs {
    /// The overrides that follow from the flags.
    #[must_use]
    pub fn overrides(&self) -> Vec<(String, String)> {
        let mut overrides = Vec::new();
        let mut set = |key: &str, value: Option<String>| overrides.extend(value.map(|value| (key.to_owned(), value)));
        // As a list in TOML, because an address may begin with a bracket itself.
        let addresses = self.listen_addresses.iter().map(|address| format!("{address:?}"));
        let addresses: Vec<String> = addresses.collect();
        set("web.listen_addresses", (!addresses.is_empty()).then(|| format!("[{}]", addresses.join(", "))));
        set("web.telemetry_path", self.telemetry_path.clone());
        set("web.page", self.page.map(|page| page.to_string()));
        // A path on the command line starts from the working folder, and one in the file from the folder of the file.
        let absolute = self.config_file.as_ref().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone()));
        set("web.config_file", absolute.map(|path| path.to_string_lossy().into_owned()));
        set("web.enable_lifecycle", self.enable_lifecycle.then(|| true.to_string()));
        overrides
    }
}

pub(super) fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err("wanted is KEY=VALUE, such as kafka.group_id=cx".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_rfc_3339_or_milliseconds() {
        assert_eq!(instant("2023-08-15T12:00:00.250Z"), Ok(EventTime(1_692_100_800_250)));
        assert_eq!(instant("2023-08-15T14:00:00+02:00"), Ok(EventTime(1_692_100_800_000)));
        assert_eq!(instant("1692100800250"), Ok(EventTime(1_692_100_800_250)));
        for text in ["", "yesterday", "2023-08-15", "2023-08-15T12:00:00"] {
            assert!(instant(text).is_err(), "{text}");
        }
    }
}
