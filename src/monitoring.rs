//! What Prometheus and Grafana load, generated from the catalogue of metrics: recording rules that merge replicas, the alerts on what they
//! record, and dashboards.
//!
//! Takes the catalogue and the configuration, and gives YAML and JSON. Does not know any value, the API of Prometheus or Grafana, or where
//! the files lie.

mod alert;
mod alerts;
mod dashboards;
mod formulas;
mod promql;
mod recorded_names;
mod recording_rule;
mod recording_rules;
mod rule_parameters;
mod yaml;

pub use alert::{Alert, AlertSeverity};
pub use dashboards::{Dashboard, dashboards};
pub use recorded_names::UNMERGED;
pub use recording_rule::RecordingRule;
pub use rule_parameters::{Baseline, DASHBOARDS, PAGE, RUNBOOKS, RuleParameters, WINDOWS};

use crate::config::Configuration;

/// The recording rules of a configuration as a rule file.
#[must_use]
pub fn recording_file(configuration: &Configuration, parameters: &RuleParameters) -> String {
    yaml::recording_file(&recording_rules(configuration, parameters))
}

/// The recording rules of a configuration, each after the rules that it reads.
#[must_use]
pub fn recording_rules(configuration: &Configuration, parameters: &RuleParameters) -> Vec<RecordingRule> {
    recording_rules::rules(configuration, parameters)
}

/// The alerts of a configuration as a rule file.
#[must_use]
pub fn alerts_file(configuration: &Configuration, parameters: &RuleParameters) -> String {
    yaml::alerts_file("cx.alerts", &alerts(configuration, parameters), parameters)
}

/// The alerts of a configuration.
#[must_use]
pub fn alerts(configuration: &Configuration, parameters: &RuleParameters) -> Vec<Alert> {
    alerts::of(configuration, parameters)
}
