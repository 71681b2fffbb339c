//! A snapshot: all values as of one instant, immutable, as a scrape reads them.
//!
//! Does not know which family shows which value: that is the catalogue's business.

use rustc_hash::FxHashMap;

use super::cell_reading::Reading;
use crate::engine::lives::Ledger;
use crate::engine::terms::{Label, Measure, TrendSettings, WindowSettings};
use crate::engine::windows::{Cell, KeyId};
use crate::event::Scale;
use crate::time::{EventTime, Span};

/// All values as of one instant.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The instant at which the windows were evaluated.
    pub now: EventTime,
    /// The windows, shortest first, with their coverage.
    pub windows: Vec<WindowState>,
    /// What is known of each topic over the assigned groups.
    pub topics: Vec<TopicSnapshot>,
    /// How many entries each store holds.
    pub entries: Vec<(&'static str, usize)>,
    /// How many entries each store lost at its limit.
    pub evictions: Vec<(&'static str, u64)>,
    /// How many events named a value beyond the limit of each dimension.
    pub overflows: Vec<(String, u64)>,
    /// Since when the customer base is known; `None` where it is not.
    pub customers_since: Option<EventTime>,
    /// Whether the backlog of every assigned group is whole; `None` without groups.
    pub is_backlog_complete: Option<bool>,
    /// Label sets that are shown, and the limit of cells.
    pub cells: (usize, usize),
    /// Readings of each cell: one a window, or one in all for state.
    pub(crate) readings: FxHashMap<Cell, Vec<Reading>>,
    /// The group keys by grouping set and texts, in order of their texts; the overall key stands first.
    pub(crate) keys: Vec<GroupKey>,
    /// The labels that each measure has been seen with, ascending.
    pub(crate) labels: FxHashMap<Measure, Vec<Label>>,
    pub(crate) scales: Vec<Scale>,
    /// The configured trends, and the medians that they compare.
    pub(crate) trends: Vec<TrendSettings>,
    pub(crate) medians: Vec<TrendMedians>,
    /// The texts of stage and channel of each touchpoint label.
    pub(crate) touchpoints: Vec<(Label, String, String)>,
    /// The journey's stages: those configured, in their order, and then those seen beside them.
    pub(crate) stages: Vec<JourneyStage>,
    /// The texts of the stages of each move.
    pub(crate) transitions: Vec<(Label, String, String)>,
}

/// A stage of the customer journey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JourneyStage {
    /// The label of measures by stage alone, and the first part of those of stage and scale.
    pub(crate) label: Label,
    pub(crate) text: String,
    /// Its place among those configured.
    pub(crate) place: Option<usize>,
}

/// One window at the snapshot's instant.
#[derive(Clone, Debug)]
pub struct WindowState {
    /// Its configuration.
    pub settings: WindowSettings,
    /// Its first instant.
    pub start: EventTime,
    /// The share of it for which every assigned partition's data has been seen; `None` without partitions.
    pub coverage: Option<f64>,
    /// When it will be, or was, filled: the first record's time and its range.
    pub complete_at: Option<EventTime>,
}

/// One topic over the assigned groups.
#[derive(Clone, Debug)]
pub struct TopicSnapshot {
    /// Its name.
    pub name: String,
    /// The outcomes of all its records.
    pub ledger: Ledger,
    /// The smallest watermark over the partitions that have lag, else the largest.
    pub watermark: Option<EventTime>,
    /// How far back copies are recognised, at the least.
    pub dedup_horizon: Span,
}

/// The overall medians of one measure that a trend compares.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrendMedians {
    pub(crate) measure: Measure,
    pub(crate) trend: TrendSettings,
    /// Of the short window, and of the baseline window without it, in seconds.
    pub(crate) seconds: (f64, f64),
}

/// A group key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupKey {
    pub(crate) id: KeyId,
    /// The number of its grouping set, contact sets before customer sets; `None` for the overall key.
    pub(crate) set: Option<usize>,
    pub(crate) texts: Vec<String>,
}

impl Snapshot {
    /// The readings of a cell.
    pub(crate) fn readings(&self, measure: Measure, label: Label, key: KeyId) -> Option<&[Reading]> {
        self.readings.get(&Cell { measure, label, key }).map(Vec::as_slice)
    }

    /// The labels that a measure has been seen with.
    pub(crate) fn labels_of(&self, measure: Measure) -> &[Label] {
        self.labels.get(&measure).map_or(&[], Vec::as_slice)
    }
}
