//! Stage 6 of the way of an event: from a snapshot to metric families, and from those to the Prometheus text format 0.0.4.
//!
//! Does not know Kafka, HTTP, or how the engine came to a value.

mod catalogue;
pub mod change_effects;
mod change_families;
mod decomposition;
mod explain;
mod exposition;
mod family;
pub mod feed_telemetry;
mod listing;
mod marked_changes;
mod reader;
mod readings;
mod reference;
mod registration;
mod reload_gauges;
mod selection;
mod state_families;
pub mod statistics;
pub mod telemetry;
mod text;
mod thresholds;
mod values;

pub use catalogue::catalogue;
pub(crate) use catalogue::contribution::{MOVING, Moving};
pub(crate) use catalogue::health_parts;
pub(crate) use change_families::change_sample;
pub use explain::Explainer;
pub use exposition::Exposition;
pub use family::{Family, GroupingSets, Merge, OperationalFamily, OwnLabels};
pub use listing::{ListedFamily, operational_families, series};
pub use reference::reference;
pub use selection::FamilySelection;
pub use text::Sample;
pub use thresholds::{COMPLETE_COVERAGE_RATIO_MIN, DAYS_DIFFER, DAYS_DIFFER_IN_TIME, INDEX_WEIGHT_RATIO_MIN, percent};
pub use values::{Group, GroupLabels, Values};
