//! Checks that every panel of the dashboards has data in a Prometheus that has seen every kind of event.

use std::collections::BTreeMap;

use cxpulse::config::Configuration;
use cxpulse::monitoring;

use crate::support::panels::{all_expressions, is_partial, substituted};
use crate::support::prometheus::Prometheus;

/// The windows for which the panels are queried: one with a trend, and one that is long enough for the health index.
const WINDOWS: [&str; 2] = ["5m", "24h"];

/// The panels about windows of a day and longer. These are never complete here, so the queries for incomplete windows are checked.
const OF_DAYS: [&str; 2] = ["cxpulse / Overview / Health index", "cxpulse / Overview / Parts of the health index"];

/// The expressions that have returned nothing yet, each with its dashboard and panel.
pub(crate) struct Silent(BTreeMap<String, String>);

impl Silent {
    /// All expressions except those that return something only when something is wrong: values of incomplete windows, and annotations.
    pub(crate) fn of(configuration: &Configuration) -> Self {
        let boards = monitoring::dashboards(configuration);
        let boards: Vec<serde_json::Value> = boards.iter().map(|board| serde_json::from_str(&board.json).expect("JSON")).collect();
        let expressions = boards.iter().flat_map(all_expressions);
        let always = expressions.filter(|(place, expression)| {
            let is_guarded = expression.contains(" and on (cluster, namespace, job, window) (cx:window_complete:bool");
            let is_left_out = if OF_DAYS.contains(&place.as_str()) { is_guarded } else { is_partial(expression) };
            // What a change did is known only days after it, and what is usual only after weeks.
            let is_later = ["cx:change_effect", ":expected{", ":ratio_past{"].iter().any(|part| expression.contains(part));
            !is_left_out && !place.contains(" / annotation ") && !is_later
        });
        let silent: BTreeMap<String, String> = always.map(|(place, expression)| (expression, place)).collect();
        assert!(silent.len() > 150, "{} expressions", silent.len());
        Self(silent)
    }

    /// Queries the remaining expressions, and removes those that return finite values.
    pub(crate) fn ask(&mut self, prometheus: &Prometheus) {
        self.0.retain(|expression, _| {
            !WINDOWS.iter().any(|window| {
                let samples = prometheus.query(&substituted(expression, "cxpulse", window));
                !samples.is_empty() && samples.iter().all(|(_, value)| value.is_finite())
            })
        });
    }

    /// The remaining expressions, each with its dashboard and panel.
    pub(crate) fn left(&self) -> Vec<String> {
        self.0.iter().map(|(expression, place)| format!("{place}: {expression}")).collect()
    }
}
