//! The rules for Prometheus, generated from the catalogue: recording rules that merge replicas, and the alerts on what they record.
//!
//! Takes the catalogue and the configuration, gives YAML. Does not know any value, Prometheus's API, or where the files lie.

mod alert;
mod alerts;
mod baseline;
mod composite;
mod dashboards;
mod formula;
mod promql;
mod recorded;
mod recording;
mod scale;
mod yaml;

pub use alert::{Alert, Severity};
pub use dashboards::{Dashboard, dashboards};
pub use recorded::UNMERGED;
pub use recording::Recording;
pub use scale::{Baseline, DASHBOARDS, RUNBOOKS, Scale, WINDOWS};

use crate::config::Configuration;

/// The recording rules of a configuration as a rule file.
#[must_use]
pub fn recording_file(configuration: &Configuration, scale: &Scale) -> String {
    yaml::recording_file(&recording_rules(configuration, scale))
}

/// The recording rules of a configuration, in the order in which they must be evaluated.
#[must_use]
pub fn recording_rules(configuration: &Configuration, scale: &Scale) -> Vec<Recording> {
    recording::rules(configuration, scale)
}

/// The alerts of a configuration as a rule file.
#[must_use]
pub fn alerts_file(configuration: &Configuration, scale: &Scale) -> String {
    yaml::alerts_file("cx.alerts", &alerts(configuration, scale), scale)
}

/// The alerts of a configuration.
#[must_use]
pub fn alerts(configuration: &Configuration, scale: &Scale) -> Vec<Alert> {
    alerts::of(configuration, scale)
}

/// The alerts on families that are planned, as a rule file.
#[must_use]
pub fn later_file(scale: &Scale) -> String {
    yaml::alerts_file("cx.later", &later_alerts(), scale)
}

/// The alerts on families that are planned: to be loaded once those are exported.
#[must_use]
pub fn later_alerts() -> Vec<Alert> {
    alerts::later()
}
