//! Whether every panel of the dashboards has something to show, in a Prometheus that has seen everything.

use std::collections::BTreeMap;

use cxpulse::config::Configuration;
use cxpulse::monitoring;

use crate::support::panels::{all_expressions, is_partial, substituted};
use crate::support::prometheus::Prometheus;

/// The windows that are looked through: one with a trend, and the one that is long enough for the health index.
const WINDOWS: [&str; 2] = ["5m", "24h"];

/// Panels about windows of a day and longer, which are never complete here: asked is for what they show meanwhile.
const OF_DAYS: [&str; 2] = ["cxpulse / Overview / Health index", "cxpulse / Overview / Parts of the health index"];

/// The expressions that have not given anything yet, each with where it stands.
pub(crate) struct Silent(BTreeMap<String, String>);

impl Silent {
    /// All but those that give something only when something is wrong: values of incomplete windows, and annotations.
    pub(crate) fn of(configuration: &Configuration) -> Self {
        let boards = monitoring::dashboards(configuration);
        let boards: Vec<serde_json::Value> = boards.iter().map(|board| serde_json::from_str(&board.json).expect("JSON")).collect();
        let expressions = boards.iter().flat_map(all_expressions);
        let always = expressions.filter(|(place, expression)| {
            let is_guarded = expression.contains(" and on (cluster, namespace, job, window) (cx:window_complete:bool");
            let is_left_out = if OF_DAYS.contains(&place.as_str()) { is_guarded } else { is_partial(expression) };
            !is_left_out && !place.contains(" / annotation ")
        });
        let silent: BTreeMap<String, String> = always.map(|(place, expression)| (expression, place)).collect();
        assert!(silent.len() > 150, "{} expressions", silent.len());
        Self(silent)
    }

    /// Asks for those that are left, and strikes those that give finite values.
    pub(crate) fn ask(&mut self, prometheus: &Prometheus) {
        self.0.retain(|expression, _| {
            !WINDOWS.iter().any(|window| {
                let samples = prometheus.query(&substituted(expression, "cxpulse", window));
                !samples.is_empty() && samples.iter().all(|(_, value)| value.is_finite())
            })
        });
    }

    /// What is left, with where it stands.
    pub(crate) fn left(&self) -> Vec<String> {
        self.0.iter().map(|(expression, place)| format!("{place}: {expression}")).collect()
    }
}
