//! Hop 6 and the text of hop 7: snapshot to metric families to the Prometheus text format 0.0.4.
//!
//! Does not know Kafka, HTTP or how a value came about.

pub mod telemetry;

use crate::config::Configuration;
use crate::engine::Snapshot;

/// Renders snapshots; built once from the configuration.
#[derive(Debug)]
pub struct Exposition {}

impl Exposition {
    /// The exposition of a configuration.
    #[must_use]
    pub fn new(_configuration: &Configuration) -> Self {
        Self {}
    }

    /// Appends every family that has a value to `out`: the metrics, the ledger of the state and the windows' own families.
    pub fn render(&self, _snapshot: &Snapshot, _out: &mut String) {}

    /// The same as OpenMetrics samples with a timestamp each (no `# EOF`), for back-filling.
    pub fn render_at(&self, _snapshot: &Snapshot, _out: &mut String) {}
}
