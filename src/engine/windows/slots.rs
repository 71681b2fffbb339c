//! Fact slots: a slot is one measure, label and bundle of group keys, so a fact is kept once however many grouping sets there are.
//!
//! The cells of a slot, one for the overall value and one for each key, are looked up when totals are brought up to date.

use rustc_hash::FxHashMap;

use super::cells::{CellId, Refusal};
use super::keys::BundleId;
use crate::engine::terms::{Contribution, Label, Measure};
use crate::time::EventTime;

/// Slots kept apart at most; beyond, a fact counts in the overall value alone.
const SLOTS_MAX: usize = 1 << 20;

/// The number of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SlotId(pub(crate) u32);

/// How the facts of a slot are kept in panes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SlotKind {
    /// A number.
    Count,
    /// Counts by bin, and a sum.
    Durations,
    /// Members of which the oldest is asked for: a set that is kept once, and whose oldest is copied to the cells before values are read.
    Oldest,
    /// Any other aggregate.
    Other,
}

impl SlotKind {
    /// How values of this kind are kept.
    pub(crate) const fn of(value: &Contribution) -> Self {
        match value {
            Contribution::Count(_) => Self::Count,
            Contribution::Duration(..) => Self::Durations,
            Contribution::Since(_) => Self::Oldest,
            Contribution::Vote(_) | Contribution::Pair(..) => Self::Other,
        }
    }
}

/// The identity of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SlotKey {
    pub(crate) measure: Measure,
    pub(crate) label: Label,
    pub(crate) bundle: BundleId,
}

/// A slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    /// The latest event time of the facts posted to it.
    pub(crate) touched: EventTime,
    cells_from: u32,
    cells: u8,
    /// How many of its keys found no cell, by the limit that left them no place.
    pub(crate) refused: [u8; 2],
    pub(crate) is_state: bool,
    /// Whether its cells were seen, so that they are shown.
    pub(crate) is_named: bool,
    pub(crate) kind: SlotKind,
}

/// All slots of one engine.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    /// The slots of measures without a label, which are nearly all that is asked for: a row for each bundle, with one more than the number of
    /// the slot, so that the facts of one ticket find theirs side by side.
    unlabelled: Vec<[u32; Measure::COUNT]>,
    /// The slots of measures with a label.
    labelled: FxHashMap<SlotKey, SlotId>,
    slots: Vec<Slot>,
    /// The key of each; `None` where it is closed.
    slot_keys: Vec<Option<SlotKey>>,
    cells: Vec<CellId>,
    /// The slots of which the oldest member is asked for.
    oldest: Vec<SlotId>,
    closed: Vec<SlotId>,
    was_full: bool,
}

impl Slots {
    /// The slot of a key, where it is open.
    #[inline]
    pub(crate) fn find(&self, key: SlotKey) -> Option<SlotId> {
        if key.label != Label::default() {
            return self.labelled.get(&key).copied();
        }
        let row = self.unlabelled.get(key.bundle.0 as usize)?;
        row[key.measure as usize].checked_sub(1).map(SlotId)
    }

    /// Whether a further one may be opened. Once there were too many it never may: a fact that counted overall alone then may still be taken
    /// back, and must find the slot it was posted to.
    pub(crate) fn has_room(&mut self) -> bool {
        self.was_full |= self.slots.len() - self.closed.len() >= SLOTS_MAX;
        !self.was_full
    }

    /// Opens a slot with these cells, the overall one first; a key without a cell comes with the limit that left it none.
    pub(crate) fn open(&mut self, key: SlotKey, kind: SlotKind, cells: impl Iterator<Item = Result<CellId, Refusal>>) -> SlotId {
        let cells_from = self.cells.len() as u32;
        let mut refused = [0; 2];
        for cell in cells {
            match cell {
                Ok(cell) => self.cells.push(cell),
                Err(refusal) => refused[refusal as usize] += 1,
            }
        }
        let cells = (self.cells.len() as u32 - cells_from) as u8;
        let slot = Slot { touched: EventTime::MIN, cells_from, cells, refused, is_state: key.measure.is_state(), is_named: false, kind };
        let id = self.closed.pop().unwrap_or(SlotId(self.slots.len() as u32));
        if id.0 as usize == self.slots.len() {
            self.slots.push(slot);
            self.slot_keys.push(Some(key));
        } else {
            self.slots[id.0 as usize] = slot;
            self.slot_keys[id.0 as usize] = Some(key);
        }
        self.list(key, id.0 + 1);
        if kind == SlotKind::Oldest {
            self.oldest.push(id);
        }
        id
    }

    /// Lists the number of a key's slot and one, or none by 0.
    fn list(&mut self, key: SlotKey, number: u32) {
        if key.label != Label::default() {
            match number.checked_sub(1) {
                Some(id) => self.labelled.insert(key, SlotId(id)),
                None => self.labelled.remove(&key),
            };
            return;
        }
        let row = key.bundle.0 as usize;
        if self.unlabelled.len() <= row {
            self.unlabelled.resize(row + 1, [0; Measure::COUNT]);
        }
        self.unlabelled[row][key.measure as usize] = number;
    }

    /// Notes that the cells of a slot were seen, or that they have expired.
    pub(crate) fn set_named(&mut self, id: SlotId, is_named: bool) {
        self.slots[id.0 as usize].is_named = is_named;
    }

    /// Closes slots, whose numbers are then free; no fact may be kept under them any more.
    pub(crate) fn close(&mut self, leaving: impl Iterator<Item = SlotId>) {
        for id in leaving {
            if let Some(key) = self.slot_keys[id.0 as usize].take() {
                self.list(key, 0);
                self.closed.push(id);
            }
        }
        let slot_keys = &self.slot_keys;
        self.oldest.retain(|id| slot_keys[id.0 as usize].is_some());
        let before = std::mem::take(&mut self.cells);
        for (slot, _) in self.slots.iter_mut().zip(slot_keys).filter(|(_, key)| key.is_some()) {
            let from = slot.cells_from as usize;
            slot.cells_from = self.cells.len() as u32;
            self.cells.extend_from_slice(&before[from..from + usize::from(slot.cells)]);
        }
    }

    /// All open slots.
    pub(crate) fn all(&self) -> impl Iterator<Item = (SlotId, SlotKey, Slot)> {
        let slots = self.slot_keys.iter().zip(&self.slots).enumerate();
        slots.filter_map(|(at, (key, slot))| Some((SlotId(at as u32), (*key)?, *slot)))
    }

    /// One more than the largest number of a slot.
    pub(crate) fn numbers(&self) -> usize {
        self.slots.len()
    }

    /// A slot.
    pub(crate) fn of(&self, id: SlotId) -> Slot {
        self.slots[id.0 as usize]
    }

    /// The slot, after a fact of this event time was posted to it.
    pub(crate) fn touch(&mut self, id: SlotId, time: EventTime) -> Slot {
        let slot = &mut self.slots[id.0 as usize];
        slot.touched = slot.touched.max(time);
        *slot
    }

    /// The slots of which the oldest member is asked for.
    pub(crate) fn oldest(&self) -> &[SlotId] {
        &self.oldest
    }

    /// The cells of a slot; the overall one comes first.
    pub(crate) fn cells(&self, slot: Slot) -> &[CellId] {
        let from = slot.cells_from as usize;
        &self.cells[from..from + usize::from(slot.cells)]
    }
}
