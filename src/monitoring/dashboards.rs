//! Dashboards for Grafana, generated from the catalogue: their names, units and definitions are its, and what they ask is what the rules record.
//!
//! Does not know any value, Grafana's API, or where the files lie.

mod board;
mod chats;

mod journey;
mod overview;
mod panel;
mod pipeline;
mod query;
mod response;
mod source;
mod surveys;

use crate::config::Configuration;
use source::Source;

/// A dashboard as a file of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dashboard {
    /// The name of the file.
    pub file: String,
    /// Grafana's classic JSON.
    pub json: String,
}

/// The dashboards of a configuration: of its windows, grouping sets and quantiles.
#[must_use]
pub fn dashboards(configuration: &Configuration) -> Vec<Dashboard> {
    let source = Source::new(configuration);
    let boards = [
        overview::board(&source),
        response::board(&source),
        surveys::board(&source),
        journey::board(&source),
        chats::board(&source),
        pipeline::board(&source),
    ];
    boards.iter().map(|board| Dashboard { file: format!("{}.json", board.name()), json: board.json(&source) }).collect()
}
