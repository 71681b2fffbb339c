//! A snapshot: all values as of one instant, immutable, as a scrape reads them.
//!
//! Does not know which metric family shows which value; the catalogue decides that.

use rustc_hash::FxHashMap;

use super::cell_reading::Reading;
use super::change_days::ChangeDays;
use crate::engine::lives::{EverSeen, Ledger};
use crate::engine::terms::{Label, Measure, TimedTarget, TrendSettings, WindowSettings};
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
    /// The state of each topic over the assigned groups.
    pub topics: Vec<TopicSnapshot>,
    /// The number of entries in each store.
    pub entries: Vec<(&'static str, usize)>,
    /// The number of entries that each store evicted at its limit.
    pub evictions: Vec<(&'static str, u64)>,
    /// For each dimension, the number of times that events named a value that counts as `other`.
    pub overflows: Vec<(String, u64)>,
    /// The time from which the customer base is known; `None` if it is not known.
    pub customers_since: Option<EventTime>,
    /// Whether the backlog of every assigned group is complete; `None` without groups.
    pub is_backlog_complete: Option<bool>,
    /// What was ever seen by the assigned groups.
    pub(crate) ever_seen: EverSeen,
    /// What events have marked as changed up to now, the latest first; at most 64.
    pub changes: Vec<ChangeMark>,
    /// Whether the values of the support organisation are left out, because not everything has been read yet: then not even a count of 0 is known.
    pub is_withheld: bool,
    /// The number of label sets that are shown, and the limit of cells.
    pub cells: (usize, usize),
    /// The readings of each cell: one for each window, or a single one for a state.
    pub(crate) readings: FxHashMap<Cell, Vec<Reading>>,
    /// The group keys by grouping set and texts, in the order of their texts, after the overall key.
    pub(crate) keys: Vec<GroupKey>,
    /// The labels seen with each measure, ascending.
    pub(crate) labels: FxHashMap<Measure, Vec<Label>>,
    /// The scales seen, by [`crate::engine::terms::ScaleId`].
    pub(crate) scales: Vec<Scale>,
    /// The configured trends.
    pub(crate) trends: Vec<TrendSettings>,
    /// The times that have a target.
    pub(crate) timed_targets: Vec<TimedTarget>,
    /// How far ahead tickets are counted as due soon, as the label `within` says it.
    pub(crate) due_within: Vec<String>,
    /// The ages at which waits for the first response are counted, as the label `age` says it.
    pub(crate) wait_ages: Vec<String>,
    /// The currency of customers' values, if it is configured.
    pub(crate) currency: Option<String>,
    /// The medians that the trends compare.
    pub(crate) medians: Vec<TrendMedians>,
    /// The texts of the stage and the channel of each touchpoint label.
    pub(crate) touchpoints: Vec<(Label, String, String)>,
    /// The journey's stages: the configured ones in their order, followed by other stages that events named.
    pub(crate) stages: Vec<JourneyStage>,
    /// The texts of the two stages of each move.
    pub(crate) transitions: Vec<(Label, String, String)>,
    /// The days around each of the latest marked changes, the latest first.
    pub compared_changes: Vec<ChangeDays>,
    /// The course of each window, shortest window first; see [`Self::course`].
    pub(crate) courses: Vec<Self>,
}

/// A stage of the customer journey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JourneyStage {
    /// The label of measures by stage, and the first number in labels of stage and scale.
    pub(crate) label: Label,
    pub(crate) text: String,
    /// The index among the configured stages; `None` if it is not configured.
    pub(crate) place: Option<usize>,
}

/// One window at the snapshot's instant.
#[derive(Clone, Debug)]
pub struct WindowState {
    /// The configuration of the window.
    pub settings: WindowSettings,
    /// The first instant of the window.
    pub start: EventTime,
    /// The share of the window for which the data of every assigned partition has been seen, 0 to 1; `None` without partitions.
    pub coverage: Option<f64>,
    /// When the window is or was first covered completely: the first record's time plus the range.
    pub complete_at: Option<EventTime>,
}

/// A change that an event has marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeMark {
    /// What was changed.
    pub name: String,
    /// When.
    pub at: EventTime,
    /// The dimensions of the group that it was for with their values, by name; empty for the whole organisation.
    pub group: Vec<(String, String)>,
}

/// One topic over the assigned groups.
#[derive(Clone, Debug)]
pub struct TopicSnapshot {
    /// The name of the topic.
    pub name: String,
    /// The outcomes of all records of the topic.
    pub ledger: Ledger,
    /// The smallest watermark of the partitions that have lag; if none has lag, the largest watermark.
    pub watermark: Option<EventTime>,
    /// How far back copies are recognised, in the partition where that is least far.
    pub dedup_horizon: Span,
}

/// The overall medians of one measure that a trend compares.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrendMedians {
    pub(crate) measure: Measure,
    pub(crate) trend: TrendSettings,
    /// The median of the short window and of the baseline window without the short one, in seconds.
    pub(crate) seconds: (f64, f64),
}

/// A group key as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupKey {
    pub(crate) id: KeyId,
    /// The index of its grouping set, contact sets before customer sets; `None` for the overall key.
    pub(crate) set: Option<usize>,
    pub(crate) texts: Vec<String>,
}

impl Snapshot {
    /// The same snapshot without the values of the support organisation, as a process shows it that has not read everything yet: its windows cover
    /// nothing, and the rest is not known.
    #[must_use]
    pub fn without_values(self) -> Self {
        let windows = self.windows.into_iter().map(|window| WindowState { coverage: window.coverage.map(|_| 0.0), ..window }).collect();
        Self {
            windows,
            customers_since: None,
            is_backlog_complete: self.is_backlog_complete.map(|_| false),
            ever_seen: EverSeen::default(),
            changes: Vec::new(),
            is_withheld: true,
            cells: (0, self.cells.1),
            readings: FxHashMap::default(),
            keys: Vec::new(),
            labels: FxHashMap::default(),
            medians: Vec::new(),
            touchpoints: Vec::new(),
            stages: Vec::new(),
            transitions: Vec::new(),
            compared_changes: self.compared_changes.into_iter().map(ChangeDays::without_days).collect(),
            courses: Vec::new(),
            ..self
        }
    }

    /// The course of a window, by its index: a snapshot whose windows are equal slices of that window, the oldest first, with the overall values of the
    /// measures that have a course. The last slice is still running. `None` where there is no such window, or where values are withheld.
    #[must_use]
    pub fn course(&self, window: usize) -> Option<&Self> {
        self.courses.get(window)
    }

    /// The currency of customers' values, if it is configured.
    #[must_use]
    pub fn currency(&self) -> Option<&str> {
        self.currency.as_deref()
    }

    /// The readings of a cell.
    pub(crate) fn readings(&self, measure: Measure, label: Label, key: KeyId) -> Option<&[Reading]> {
        self.readings.get(&Cell { measure, label, key }).map(Vec::as_slice)
    }

    /// The labels seen with a measure.
    pub(crate) fn labels_of(&self, measure: Measure) -> &[Label] {
        self.labels.get(&measure).map_or(&[], Vec::as_slice)
    }
}
