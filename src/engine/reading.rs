//! Reading: derives the values of one instant from the running totals, over one engine or several.
//!
//! Does not know how a total came about, nor the names of metric families.

mod cell_reading;
mod change_days;
mod merged_engines;
mod snapshot;
mod standing_fact;
mod take_snapshot;

pub(crate) use cell_reading::{DurationsReading, Reading, bounds_of};
pub use change_days::{ChangeDays, ChangePeriod, ComparedDay};
pub use merged_engines::MergedEngines;
pub use snapshot::{ChangeMark, Snapshot, TopicSnapshot, WindowState};
pub(crate) use snapshot::{GroupKey, JourneyStage};
pub(crate) use standing_fact::standing_fact;
pub use standing_fact::{FactValue, StandingFact};
pub(crate) use take_snapshot::{GroupsReport, take};
