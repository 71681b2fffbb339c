//! The stored form of a pane's content: sums by slot, with each slot by its place in a list that is stored beside.
//!
//! Does not know the list.

use serde::{Deserialize, Serialize};

use super::pane::PaneContent;
use crate::engine::windows::accumulator::Accumulator;
use crate::engine::windows::slots::SlotId;

/// The place of a slot in the list of stored slots.
pub(crate) type SlotPlace = u32;

/// The content of one pane, by slot.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct StoredContent {
    /// The counts by slot and bin.
    pub(super) counts: Vec<(SlotPlace, u16, i64)>,
    /// The sums of durations, in milliseconds.
    pub(super) sums: Vec<(SlotPlace, i64)>,
    pub(super) others: Vec<(SlotPlace, Accumulator)>,
}

impl StoredContent {
    /// The content of a pane, with its slots by their places.
    pub(super) fn of(content: &PaneContent, place_of: impl Fn(SlotId) -> SlotPlace) -> Self {
        let mut stored = Self::default();
        content
            .for_each_sum(|slot, bin, n| stored.counts.push((place_of(slot), bin, n)), |slot, ms| stored.sums.push((place_of(slot), ms)));
        stored.others = content.others().map(|(slot, accumulator)| (place_of(slot), accumulator.clone())).collect();
        stored.counts.sort_unstable();
        stored.sums.sort_unstable();
        stored.others.sort_unstable_by_key(|(place, _)| *place);
        stored
    }

    /// Whether nothing is left of the pane.
    pub(super) fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.sums.is_empty() && self.others.is_empty()
    }
}
