//! The panes of one partition group: disjoint slices of event time, fine for the short windows and coarser for the long ones.
//!
//! A fact is written once, to a list of pending facts. Before values are read, or when the list is long, it goes on to the one pane that it belongs in
//! by then, and panes that windows have left are rolled into the coarser tier of the next window. So while much time passes between two readings, as in
//! catching up, most facts never see the fine tiers, and writing costs the same whatever the number of windows.

mod pane;
mod sheet;

use std::collections::BTreeMap;

use pane::Pane;
pub(super) use pane::{PaneContent, PaneEntry};
use rustc_hash::FxHashMap;

use super::accumulator::Accumulator;
use super::geometry::{Geometry, PanePlace, Starts};
use super::keys::{BundleId, Keys};
use super::slots::SlotId;
use crate::engine::terms::{Contribution, DimensionsId, Names};
use crate::time::EventTime;

/// The number of pending facts at which they are sorted into panes without any reading.
const PENDING_MAX: usize = 1 << 14;

/// A fact as it was posted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlotFact {
    pub(crate) slot: SlotId,
    /// 1 where it is added, -1 where it is taken out again.
    pub(crate) sign: i8,
    pub(crate) time: EventTime,
    pub(crate) value: Contribution,
}

/// The panes of all tiers, and the state that has no time.
#[derive(Clone, Debug)]
pub(crate) struct Panes {
    tiers: Vec<BTreeMap<i64, Pane>>,
    starts: Starts,
    state: FxHashMap<SlotId, Accumulator>,
    pending: Vec<SlotFact>,
    pending_state: Vec<SlotFact>,
    /// Facts later than now, such as a deadline still to come: in no window yet.
    ahead: BTreeMap<(EventTime, SlotId), Accumulator>,
    /// The bundles of each tuple of the group's names: of its keys in the sets of contacts, and in those of customers.
    bundles: Vec<[BundleId; 2]>,
}

impl Panes {
    pub(crate) fn new(geometry: &Geometry, starts: Starts) -> Self {
        Self {
            tiers: vec![BTreeMap::new(); geometry.len()],
            starts,
            state: FxHashMap::default(),
            pending: Vec::new(),
            pending_state: Vec::new(),
            ahead: BTreeMap::new(),
            bundles: Vec::new(),
        }
    }

    /// The bundles of a tuple of the group's names.
    #[inline]
    pub(super) fn bundles(&mut self, of: DimensionsId, names: &Names, keys: &mut Keys) -> [BundleId; 2] {
        match self.bundles.get(of.index()) {
            Some(bundles) => *bundles,
            None => self.learn_bundles(of, names, keys),
        }
    }

    #[cold]
    fn learn_bundles(&mut self, of: DimensionsId, names: &Names, keys: &mut Keys) -> [BundleId; 2] {
        let known = self.bundles.len();
        self.bundles.extend(names.tuples().skip(known).map(|tuple| keys.bundles_of(&names.numbers_of(tuple))));
        self.bundles[of.index()]
    }

    /// Writes a fact down; gives whether there are so many now that they should be sorted into panes.
    pub(crate) fn write(&mut self, posted: SlotFact) -> bool {
        self.pending.push(posted);
        self.pending.len() >= PENDING_MAX
    }

    /// The same for a fact of the state.
    pub(crate) fn write_state(&mut self, posted: SlotFact) -> bool {
        self.pending_state.push(posted);
        self.pending_state.len() >= PENDING_MAX
    }

    /// Takes out the facts of the state that were written since they were last taken.
    pub(crate) fn take_pending_state(&mut self) -> Vec<SlotFact> {
        std::mem::take(&mut self.pending_state)
    }

    /// Gives the memory of the list back for what comes next.
    pub(crate) fn reuse_state(&mut self, mut emptied: Vec<SlotFact>) {
        emptied.clear();
        self.pending_state = emptied;
    }

    /// Sorts the other facts into the panes that they belong in by now.
    pub(crate) fn sort_pending(&mut self, geometry: &Geometry) {
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.iter().peekable();
        while let Some(first) = rest.peek() {
            let Some(place) = PanePlace::of(first.time, &self.starts, geometry) else {
                // Older than every window.
                rest.next();
                continue;
            };
            let content = self.pending_at(place);
            while let Some(SlotFact { slot, sign, value, .. }) = rest.next_if(|p| place.holds(p.time)) {
                content.apply(*slot, value, i64::from(*sign));
            }
        }
        self.pending = pending;
        self.pending.clear();
    }

    /// The starts of the windows that the panes are sorted by.
    pub(crate) fn starts(&self) -> &Starts {
        &self.starts
    }

    /// The pending content of the pane at a place.
    pub(crate) fn pending_at(&mut self, place: PanePlace) -> &mut PaneContent {
        &mut self.tiers[place.ring].entry(place.slice).or_default().pending
    }

    /// Adds a value to the state, or takes it out again.
    pub(crate) fn apply_state(&mut self, slot: SlotId, value: &Contribution, sign: i64) {
        self.state.entry(slot).or_insert_with(|| Accumulator::zero_of(value)).apply(value, sign);
    }

    /// The oldest member of a set of the state.
    pub(crate) fn oldest(&self, slot: SlotId) -> Option<EventTime> {
        let Accumulator::Since(members) = self.state.get(&slot)? else { unreachable!("a slot keeps one kind of aggregate for life") };
        Some(*members.first_key_value()?.0)
    }

    /// Adds facts that lay ahead to the state.
    pub(crate) fn merge_state(&mut self, slot: SlotId, accumulator: &Accumulator) {
        self.state.entry(slot).or_insert_with(|| accumulator.zero()).merge(accumulator, 1);
    }

    /// Adds a value at an instant later than now.
    pub(crate) fn apply_ahead(&mut self, slot: SlotId, time: EventTime, value: &Contribution, sign: i64) {
        let accumulator = self.ahead.entry((time, slot)).or_insert_with(|| Accumulator::zero_of(value));
        accumulator.apply(value, sign);
        if accumulator.is_zero() {
            self.ahead.remove(&(time, slot));
        }
    }

    /// Takes out the first facts that now has reached.
    pub(crate) fn pop_reached(&mut self, now: EventTime) -> Option<(SlotId, EventTime, Accumulator)> {
        let entry = self.ahead.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((time, slot), accumulator) = entry.remove_entry();
        Some((slot, time, accumulator))
    }

    /// Moves to new window starts, and hands to `left` the flushed content that leaves its ring, with that ring and the one it goes to.
    pub(crate) fn advance_to(&mut self, geometry: &Geometry, starts: &Starts, mut left: impl FnMut(&PaneContent, usize, Option<usize>)) {
        for tier in 0..self.tiers.len() {
            let width = geometry.width(tier);
            let first_kept = starts[tier].slice(width);
            if self.tiers[tier].first_key_value().is_none_or(|(slice, _)| *slice >= first_kept) {
                continue;
            }
            let mut gone = self.tiers[tier].split_off(&first_kept);
            std::mem::swap(&mut gone, &mut self.tiers[tier]);
            for (slice, mut pane) in gone {
                let next = PanePlace::of(EventTime(slice * width.0), starts, geometry);
                if !pane.flushed.is_empty() {
                    pane.flushed.settle();
                    left(&pane.flushed, tier, next.map(|place| place.ring));
                }
                if let Some(next) = next {
                    self.tiers[next.ring].entry(next.slice).or_default().roll(pane);
                }
            }
        }
        self.starts.clone_from(starts);
    }

    /// Hands to `flush` everything that is pending, with its ring.
    pub(crate) fn flush(&mut self, mut flush: impl FnMut(&PaneContent, usize)) {
        for (ring, tier) in self.tiers.iter_mut().enumerate() {
            for pane in tier.values_mut().filter(|pane| !pane.pending.is_empty()) {
                pane.pending.settle();
                flush(&pane.pending, ring);
                pane.flushed.roll(std::mem::take(&mut pane.pending));
            }
        }
    }

    /// Everything that was flushed, with its ring.
    pub(crate) fn flushed(&self) -> impl Iterator<Item = (usize, &PaneContent)> {
        self.panes().map(|(ring, pane)| (ring, &pane.flushed))
    }

    fn panes(&self) -> impl Iterator<Item = (usize, &Pane)> {
        self.tiers.iter().enumerate().flat_map(|(ring, tier)| tier.values().map(move |pane| (ring, pane)))
    }

    /// The state that has no time.
    pub(crate) fn states(&self) -> impl Iterator<Item = (SlotId, &Accumulator)> {
        self.state.iter().map(|(slot, accumulator)| (*slot, accumulator))
    }

    /// Drops state that is empty.
    pub(crate) fn drop_empty_state(&mut self) {
        self.state.retain(|_, accumulator| !accumulator.is_zero());
    }

    /// The slots of the facts later than now.
    pub(crate) fn slots_ahead(&self) -> impl Iterator<Item = SlotId> {
        self.ahead.keys().map(|(_, slot)| *slot)
    }

    /// How many panes and how many entries in them.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.panes().count(), self.panes().map(|(_, pane)| pane.len()).sum())
    }
}
