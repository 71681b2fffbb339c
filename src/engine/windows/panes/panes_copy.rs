//! A copy of a group's panes, which costs next to nothing, to be put into bytes on another thread.
//!
//! Does not know which slot stands at a place.

use std::sync::Arc;

use super::ahead::Ahead;
use super::pane::PaneContent;
use super::stored_content::{SlotPlace, StoredContent};
use crate::engine::codec::StateWriter;
use crate::engine::shared_map::SharedMap;
use crate::engine::terms::DimensionsId;
use crate::engine::windows::accumulator::Accumulator;
use crate::engine::windows::day_sums::DaySums;
use crate::engine::windows::keys::BundleId;
use crate::engine::windows::slots::SlotId;

/// All that panes keep, shared with the panes until they change it.
#[derive(Debug)]
pub(crate) struct PanesCopy {
    /// The content of the panes of each tier, by the number of their slice.
    pub(super) tiers: Vec<Vec<(i64, Arc<PaneContent>)>>,
    pub(super) state: SharedMap<SlotId, Accumulator>,
    pub(super) ahead: Ahead,
    pub(super) days: DaySums,
}

impl PanesCopy {
    /// Puts the day sums, each with the tuple of values that `tuple_of` gives for its bundle.
    pub(crate) fn put_days(&self, tuple_of: impl Fn(BundleId) -> DimensionsId, out: &mut StateWriter) {
        self.days.put(tuple_of, out);
    }

    /// Puts the panes, the states and the facts ahead, with the place that `place_of` gives to each slot.
    pub(crate) fn put(&self, place_of: impl Fn(SlotId) -> SlotPlace, out: &mut StateWriter) {
        for tier in &self.tiers {
            let mut stored: Vec<(i64, StoredContent)> = Vec::new();
            for (slice, content) in tier {
                stored.push((*slice, StoredContent::of(content, &place_of)));
                out.end_long_piece();
            }
            stored.retain(|(_, content)| !content.is_empty());
            out.put(&stored.len());
            for pane in &stored {
                out.put(pane);
                out.end_long_piece();
            }
        }
        let mut states: Vec<_> = self.state.iter().map(|(slot, accumulator)| (place_of(*slot), accumulator)).collect();
        states.sort_unstable_by_key(|(place, _)| *place);
        out.put_list(states.iter());
        let mut later: Vec<_> = self.ahead.iter().map(|(time, slot, accumulator)| (time, place_of(slot), accumulator)).collect();
        later.sort_unstable_by_key(|(time, place, _)| (*time, *place));
        out.put_list(later.iter());
    }
}
