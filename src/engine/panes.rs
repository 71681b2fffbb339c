//! The panes of one partition group: disjoint slices of event time, fine for the short windows and coarser for the long ones.
//!
//! A fact is written to one pane. When a window moves on, the pane that it leaves is rolled into the coarser tier of the next window.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::aggregate::{Partial, Value};
use super::cells::CellId;
use super::standing::Standing;
use super::window::{Geometry, Starts, ring_of};
use crate::time::EventTime;

/// What one slice of event time holds, by cell.
pub(crate) type Pane = FxHashMap<CellId, Partial>;

/// The panes of all tiers, and the state that has no time.
#[derive(Clone, Debug)]
pub(crate) struct Panes {
    tiers: Vec<BTreeMap<i64, Pane>>,
    starts: Starts,
    now: Pane,
    /// What lies later than now, such as a deadline still to come: in no window yet.
    ahead: BTreeMap<(EventTime, CellId), Partial>,
    /// The facts behind all of it, where they are asked for.
    pub(super) standing: Option<Box<Standing>>,
}

impl Panes {
    pub(crate) fn new(geometry: &Geometry, starts: Starts) -> Self {
        Self { tiers: vec![BTreeMap::new(); geometry.len()], starts, now: Pane::default(), ahead: BTreeMap::new(), standing: None }
    }

    /// Adds a value at an instant, in the tier of the ring that it lies in; nothing when it is older than every window.
    pub(crate) fn lift(&mut self, geometry: &Geometry, cell: CellId, time: EventTime, value: &Value, sign: i64) {
        if let Some(tier) = ring_of(&self.starts, time) {
            lift_into(self.tiers[tier].entry(time.slice(geometry.width(tier))).or_default(), cell, value, sign);
        }
    }

    /// Adds a value to the state that has no time.
    pub(crate) fn lift_now(&mut self, cell: CellId, value: &Value, sign: i64) {
        lift_into(&mut self.now, cell, value, sign);
    }

    /// Adds a value at an instant later than now.
    pub(crate) fn lift_ahead(&mut self, cell: CellId, time: EventTime, value: &Value, sign: i64) {
        let partial = self.ahead.entry((time, cell)).or_insert_with(|| Partial::zero_of(value));
        partial.lift(value, sign);
        if partial.is_zero() {
            self.ahead.remove(&(time, cell));
        }
    }

    /// Takes out the first of what now has reached.
    pub(crate) fn pop_reached(&mut self, now: EventTime) -> Option<(CellId, EventTime, Partial)> {
        let entry = self.ahead.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((time, cell), partial) = entry.remove_entry();
        Some((cell, time, partial))
    }

    /// Adds what was ahead to its pane, or to the state that has no time; gives the ring, `None` for state or where it is older than every window.
    pub(crate) fn settle_reached(
        &mut self,
        geometry: &Geometry,
        cell: CellId,
        time: EventTime,
        partial: &Partial,
        is_state: bool,
    ) -> Option<usize> {
        let ring = ring_of(&self.starts, time).filter(|_| !is_state);
        let pane = match ring {
            Some(tier) => self.tiers[tier].entry(time.slice(geometry.width(tier))).or_default(),
            None if is_state => &mut self.now,
            None => return None,
        };
        combine_into(pane, cell, partial);
        ring
    }

    /// Moves to new window starts and tells `left` each pane's content with the ring that it leaves.
    pub(crate) fn advance_to(&mut self, geometry: &Geometry, starts: &Starts, mut left: impl FnMut(usize, CellId, &Partial)) {
        for tier in 0..self.tiers.len() {
            let first_kept = starts[tier].slice(geometry.width(tier));
            let mut gone = self.tiers[tier].split_off(&first_kept);
            std::mem::swap(&mut gone, &mut self.tiers[tier]);
            for (slice, pane) in gone {
                pane.iter().for_each(|(cell, partial)| left(tier, *cell, partial));
                if tier + 1 < self.tiers.len() {
                    let into = EventTime(slice * geometry.width(tier).0).slice(geometry.width(tier + 1));
                    roll(self.tiers[tier + 1].entry(into).or_default(), pane);
                }
            }
        }
        self.starts.clone_from(starts);
    }

    /// Everything that is in some ring, with the ring.
    pub(crate) fn contents(&self) -> impl Iterator<Item = (usize, CellId, &Partial)> {
        let panes = self.tiers.iter().enumerate().flat_map(|(ring, tier)| tier.values().map(move |pane| (ring, pane)));
        panes.flat_map(|(ring, pane)| pane.iter().map(move |(cell, partial)| (ring, *cell, partial)))
    }

    /// The state that has no time.
    pub(crate) fn contents_now(&self) -> impl Iterator<Item = (CellId, &Partial)> {
        self.now.iter().map(|(cell, partial)| (*cell, partial))
    }

    /// How many panes and how many entries in them.
    pub(crate) fn size(&self) -> (usize, usize) {
        let panes = || self.tiers.iter().flat_map(BTreeMap::values);
        (panes().count(), panes().map(Pane::len).sum())
    }
}

fn lift_into(pane: &mut Pane, cell: CellId, value: &Value, sign: i64) {
    let partial = pane.entry(cell).or_insert_with(|| Partial::zero_of(value));
    partial.lift(value, sign);
    if partial.is_zero() {
        pane.remove(&cell);
    }
}

fn roll(into: &mut Pane, pane: Pane) {
    if into.is_empty() {
        *into = pane;
        return;
    }
    pane.iter().for_each(|(cell, partial)| combine_into(into, *cell, partial));
}

fn combine_into(pane: &mut Pane, cell: CellId, partial: &Partial) {
    let sum = pane.entry(cell).or_insert_with(|| partial.zero());
    sum.combine(partial, 1);
    if sum.is_zero() {
        pane.remove(&cell);
    }
}
