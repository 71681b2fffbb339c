//! The panes of one partition group: disjoint slices of event time, which are fine for the short windows and coarser for the long ones.
//!
//! A fact is written once, to a list of posted facts. Before values are read, or when the list is long, each fact moves to the one pane that it
//! belongs to at that moment, and panes that a window has left are rolled into the coarser tier of the next window. If much time passes between two
//! readings, as during catch-up, most facts therefore never enter the fine tiers. The cost of writing a fact does not depend on the number of
//! windows.

mod ahead;
mod pane;
mod panes_copy;
mod sheet;
mod stored_content;

use std::collections::BTreeMap;
use std::sync::Arc;

use ahead::Ahead;
use pane::Pane;
pub(super) use pane::{PaneContent, PaneEntry};
pub(super) use panes_copy::PanesCopy;
pub(super) use stored_content::SlotPlace;
use stored_content::StoredContent;

use super::accumulator::Accumulator;
use super::day_sums::DaySums;
use super::geometry::{Geometry, PanePlace, Starts};
use super::keys::{BundleId, Keys};
use super::slots::SlotId;
use crate::engine::codec::{RestoreError, StateReader};
use crate::engine::shared_map::SharedMap;
use crate::engine::terms::{Contribution, DimensionsId, Names};
use crate::time::EventTime;

/// The number of posted facts at which they are sorted into panes even if no values are read.
const PENDING_MAX: usize = 1 << 14;

/// A posted fact, with the slot that was found for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlotFact {
    pub(crate) slot: SlotId,
    /// 1 if the fact is added, -1 if it is subtracted.
    pub(crate) sign: i8,
    pub(crate) time: EventTime,
    pub(crate) value: Contribution,
}

/// The panes of all tiers, and the states, which belong to no slice of time.
#[derive(Clone, Debug)]
pub(crate) struct Panes {
    /// The panes of each tier, by the number of their slice.
    tiers: Vec<BTreeMap<i64, Pane>>,
    starts: Starts,
    /// The present states of this group, by slot.
    state: SharedMap<SlotId, Accumulator>,
    /// Posted facts that are in no pane yet.
    pending: Vec<SlotFact>,
    /// Posted facts of states that are not added to `state` yet.
    pending_state: Vec<SlotFact>,
    /// Facts later than now, such as a deadline still to come. They are in no window yet.
    ahead: Ahead,
    /// For each tuple of dimension values that the group has named: the bundle of its keys in the grouping sets of contacts, and the bundle of its
    /// keys in those of customers.
    bundles: Vec<[BundleId; 2]>,
    /// The dated cases by the day of their opening.
    pub(super) days: DaySums,
}

impl Panes {
    pub(crate) fn new(geometry: &Geometry, starts: Starts) -> Self {
        Self {
            tiers: vec![BTreeMap::new(); geometry.len()],
            starts,
            state: SharedMap::default(),
            pending: Vec::new(),
            pending_state: Vec::new(),
            ahead: Ahead::default(),
            bundles: Vec::new(),
            days: DaySums::default(),
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

    /// The bundles of each tuple that the group has named.
    pub(super) fn bundles_by_tuple(&self) -> impl Iterator<Item = (DimensionsId, [BundleId; 2])> {
        self.bundles.iter().enumerate().map(|(at, bundles)| (DimensionsId::of_index(at), *bundles))
    }

    /// A copy of the panes, the states and the facts ahead, to be stored. There must be no pending facts.
    pub(super) fn copy(&self) -> PanesCopy {
        let Self { tiers, starts: _, state, pending, pending_state, ahead, bundles: _, days } = self;
        assert!(pending.is_empty() && pending_state.is_empty(), "panes are stored after their pending facts were added to the totals");
        let pane = |(slice, pane): (&i64, &Pane)| {
            assert!(pane.pending.is_empty(), "panes are stored after their pending content was added to the totals");
            (*slice, Arc::clone(&pane.flushed))
        };
        let tiers = tiers.iter().map(|tier| tier.iter().map(pane).collect()).collect();
        PanesCopy { tiers, state: state.clone(), ahead: ahead.clone(), days: days.clone() }
    }

    /// Restores what [`PanesCopy::put`] has put into empty panes; `slot_at` gives the slot of each place.
    pub(super) fn restore(
        &mut self,
        input: &mut StateReader<'_>,
        slot_at: impl Fn(SlotPlace) -> Result<SlotId, RestoreError>,
    ) -> Result<(), RestoreError> {
        for tier in &mut self.tiers {
            for (slice, StoredContent { counts, sums, others }) in input.take::<Vec<(i64, StoredContent)>>()? {
                let content = Arc::make_mut(&mut tier.entry(slice).or_default().flushed);
                for (place, bin, n) in counts {
                    content.count(slot_at(place)?, bin, n);
                }
                for (place, ms) in sums {
                    content.lengthen(slot_at(place)?, ms);
                }
                for (place, accumulator) in others {
                    content.merge(slot_at(place)?, &accumulator);
                }
                content.settle();
            }
        }
        for (place, accumulator) in input.take::<Vec<(u32, Accumulator)>>()? {
            self.merge_state(slot_at(place)?, &accumulator);
        }
        for (time, place, accumulator) in input.take::<Vec<(EventTime, u32, Accumulator)>>()? {
            self.ahead.merge(slot_at(place)?, time, &accumulator);
        }
        Ok(())
    }

    /// Writes a fact to the list of posted facts; returns whether the list is so long that it should be sorted into panes.
    pub(crate) fn write(&mut self, posted: SlotFact) -> bool {
        self.pending.push(posted);
        self.pending.len() >= PENDING_MAX
    }

    /// Writes a fact of a state to the list of posted states; returns whether the list is so long that it should be sorted.
    pub(crate) fn write_state(&mut self, posted: SlotFact) -> bool {
        self.pending_state.push(posted);
        self.pending_state.len() >= PENDING_MAX
    }

    /// Removes the posted facts of states and returns them.
    pub(crate) fn take_pending_state(&mut self) -> Vec<SlotFact> {
        std::mem::take(&mut self.pending_state)
    }

    /// Returns the memory of an emptied list, for the next facts of states.
    pub(crate) fn reuse_state(&mut self, mut emptied: Vec<SlotFact>) {
        emptied.clear();
        self.pending_state = emptied;
    }

    /// Sorts the posted facts, except those of states, into the panes that they belong to now.
    pub(crate) fn sort_pending(&mut self, geometry: &Geometry) {
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.iter().peekable();
        while let Some(first) = rest.peek() {
            let Some(place) = PanePlace::of(first.time, &self.starts, geometry) else {
                // The fact is older than every window.
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

    /// The window starts by which the panes are sorted.
    pub(crate) fn starts(&self) -> &Starts {
        &self.starts
    }

    /// The pending content of the pane at a place.
    pub(crate) fn pending_at(&mut self, place: PanePlace) -> &mut PaneContent {
        &mut self.tiers[place.ring].entry(place.slice).or_default().pending
    }

    /// Adds a value to a state or subtracts it.
    pub(crate) fn apply_state(&mut self, slot: SlotId, value: &Contribution, sign: i64) {
        self.state.get_or_insert_with(slot, || Accumulator::zero_of(value)).apply(value, sign);
    }

    /// The oldest start in a state that consists of starts; `None` if there is none.
    pub(crate) fn oldest(&self, slot: SlotId) -> Option<EventTime> {
        let Accumulator::Since(members) = self.state.get(&slot)? else { unreachable!("a slot keeps one kind of accumulator for life") };
        Some(*members.first_key_value()?.0)
    }

    /// Adds facts that lay ahead of now to a state.
    pub(crate) fn merge_state(&mut self, slot: SlotId, accumulator: &Accumulator) {
        self.state.get_or_insert_with(slot, || accumulator.zero()).merge(accumulator, 1);
    }

    /// Adds a value at an instant later than now, or subtracts it.
    pub(crate) fn apply_ahead(&mut self, slot: SlotId, time: EventTime, value: &Contribution, sign: i64) {
        self.ahead.apply(slot, time, value, sign);
    }

    /// Removes the earliest facts ahead that now has reached, and returns them.
    pub(crate) fn pop_reached(&mut self, now: EventTime) -> Option<(SlotId, EventTime, Accumulator)> {
        self.ahead.pop_reached(now)
    }

    /// Moves to new window starts. Flushed content that leaves its ring is passed to `left`, with that ring and the ring that it enters, if any.
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
                    pane.settle_flushed();
                    left(&pane.flushed, tier, next.map(|place| place.ring));
                }
                if let Some(next) = next {
                    self.tiers[next.ring].entry(next.slice).or_default().roll(pane);
                }
            }
        }
        self.starts.clone_from(starts);
    }

    /// Passes all pending content to `flush`, with its ring and the instant at which its pane begins, and marks it as flushed.
    pub(crate) fn flush(&mut self, geometry: &Geometry, mut flush: impl FnMut(&PaneContent, (usize, EventTime))) {
        for (ring, tier) in self.tiers.iter_mut().enumerate() {
            let width = geometry.width(ring);
            tier.iter_mut().for_each(|(slice, pane)| pane.flush(|content| flush(content, (ring, EventTime(slice * width.0)))));
        }
    }

    /// All flushed content, with its ring and the instant at which its pane begins.
    pub(crate) fn flushed(&self, geometry: &Geometry) -> impl Iterator<Item = ((usize, EventTime), &PaneContent)> {
        let tiers = self.tiers.iter().enumerate().map(|(ring, tier)| (ring, geometry.width(ring), tier));
        tiers.flat_map(|(ring, width, tier)| tier.iter().map(move |(slice, pane)| ((ring, EventTime(slice * width.0)), &*pane.flushed)))
    }

    fn panes(&self) -> impl Iterator<Item = (usize, &Pane)> {
        self.tiers.iter().enumerate().flat_map(|(ring, tier)| tier.values().map(move |pane| (ring, pane)))
    }

    /// The states of this group.
    pub(crate) fn states(&self) -> impl Iterator<Item = (SlotId, &Accumulator)> {
        self.state.iter().map(|(slot, accumulator)| (*slot, accumulator))
    }

    /// Drops states that are zero.
    pub(crate) fn drop_empty_state(&mut self) {
        self.state.retain(|_, accumulator| !accumulator.is_zero());
    }

    /// The dated cases by the day of their opening.
    pub(crate) fn days(&self) -> &DaySums {
        &self.days
    }

    /// The slots of the facts later than now.
    pub(crate) fn slots_ahead(&self) -> impl Iterator<Item = SlotId> {
        self.ahead.iter().map(|(_, slot, _)| slot)
    }

    /// The number of panes, and the number of entries in them.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.panes().count(), self.panes().map(|(_, pane)| pane.len()).sum())
    }
}
