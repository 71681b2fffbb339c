//! Dashboards for Grafana. Names, units and definitions come from the catalogue, and the panels query the series that the recording rules
//! record.
//!
//! Does not know any value, the API of Grafana, or where the files lie.

mod board;
mod chats;
mod family_lookup;
mod journey;
mod overview;
mod panel;
mod pipeline;
mod query;
mod response;
mod surveys;

use self::family_lookup::FamilyLookup;
use crate::config::Configuration;

/// A dashboard as the content of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dashboard {
    /// The name of the file, such as `overview.json`.
    pub file: String,
    /// The dashboard in Grafana's classic JSON format.
    pub json: String,
}

/// The dashboards of a configuration, for its windows, grouping sets and quantiles.
#[must_use]
pub fn dashboards(configuration: &Configuration) -> Vec<Dashboard> {
    let families = FamilyLookup::new(configuration);
    let boards = [
        overview::board(&families),
        response::board(&families),
        surveys::board(&families),
        journey::board(&families),
        chats::board(&families),
        pipeline::board(&families),
    ];
    boards.iter().map(|board| Dashboard { file: format!("{}.json", board.name()), json: board.json(&families) }).collect()
}
