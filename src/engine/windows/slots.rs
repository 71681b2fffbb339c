//! Fact slots. A slot is the combination of a measure, a label and a bundle of group keys, so a fact is kept once however many grouping sets there
//! are.
//!
//! A slot has one cell for the overall value and one for each key. These cells are looked up when totals are brought up to date.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::cells::{CellId, Refusal};
use super::keys::BundleId;
use crate::engine::terms::{Contribution, Label, Measure};
use crate::time::EventTime;

/// The largest number of slots that are kept apart. Beyond it, a fact counts in the overall value only.
const SLOTS_MAX: usize = 1 << 20;

/// The number of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SlotId(pub(crate) u32);

/// How panes keep the facts of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SlotKind {
    /// As a number.
    Count,
    /// As counts by bin, and a sum.
    Durations,
    /// As a set of starts, of which the oldest is shown. The set is kept once, and its oldest start is copied to the cells before values are read.
    Oldest,
    /// As any other accumulator.
    Other,
}

impl SlotKind {
    /// How values of this kind are kept.
    pub(crate) const fn of(value: &Contribution) -> Self {
        match value {
            Contribution::Count(_) => Self::Count,
            Contribution::Duration(..) => Self::Durations,
            Contribution::Since(_) => Self::Oldest,
            Contribution::Vote(_) | Contribution::Pair(..) | Contribution::Amount(..) => Self::Other,
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

/// One slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    /// The latest event time of the facts that were posted to the slot.
    pub(crate) touched: EventTime,
    /// The index of the slot's first cell in the list of all cells.
    cells_from: u32,
    /// The number of the slot's cells.
    cells: u8,
    /// The number of keys that were refused a cell, by [`Refusal`].
    pub(crate) refused: [u8; 2],
    /// Whether the measure is a state.
    pub(crate) is_state: bool,
    /// Whether the series of its cells are visible.
    pub(crate) is_named: bool,
    pub(crate) kind: SlotKind,
}

/// All slots of one engine.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    /// The slots of measures without a label, which are nearly all that are looked up. There is a row for each bundle, so that the slots of one
    /// ticket's facts are neighbours. An entry is the slot's number plus one, or 0 for none.
    unlabelled: Vec<[u32; Measure::COUNT]>,
    /// The slots of measures with a label.
    labelled: FxHashMap<SlotKey, SlotId>,
    slots: Vec<Slot>,
    /// The key of each slot; `None` if the slot is closed.
    slot_keys: Vec<Option<SlotKey>>,
    /// The cells of all slots, one slot after another.
    cells: Vec<CellId>,
    /// The slots of kind [`SlotKind::Oldest`].
    oldest: Vec<SlotId>,
    /// The numbers of closed slots, for reuse.
    closed: Vec<SlotId>,
    /// Whether there ever were too many slots.
    was_full: bool,
}

impl Slots {
    /// The slot of a key, if it is open.
    #[inline]
    pub(crate) fn find(&self, key: SlotKey) -> Option<SlotId> {
        if key.label != Label::default() {
            return self.labelled.get(&key).copied();
        }
        let row = self.unlabelled.get(key.bundle.0 as usize)?;
        row[key.measure as usize].checked_sub(1).map(SlotId)
    }

    /// Whether a further slot may be opened. Once there have been too many, none may be opened again: a fact that then counted in the overall value
    /// only may still be withdrawn, and must be subtracted from the slot to which it was added.
    pub(crate) fn has_room(&mut self) -> bool {
        self.was_full |= self.slots.len() - self.closed.len() >= SLOTS_MAX;
        !self.was_full
    }

    /// Whether there ever were too many slots.
    pub(crate) fn was_full(&self) -> bool {
        self.was_full
    }

    /// Notes that there were too many slots in the process from which a state comes: its facts that counted in the overall value only must be
    /// withdrawn from there.
    pub(crate) fn note_full(&mut self) {
        self.was_full = true;
    }

    /// Opens a slot with these cells, the overall cell first. For a key without a cell, the limit that refused it is given instead.
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

    /// Sets the entry of a key's slot: its number plus one, or 0 for none.
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

    /// Sets whether the series of a slot's cells are visible.
    pub(crate) fn set_named(&mut self, id: SlotId, is_named: bool) {
        self.slots[id.0 as usize].is_named = is_named;
    }

    /// Closes slots, whose numbers may then be reused. No fact may be kept under these numbers any more.
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

    /// The slot with a number.
    pub(crate) fn of(&self, id: SlotId) -> Slot {
        self.slots[id.0 as usize]
    }

    /// The key of an open slot.
    pub(crate) fn key(&self, id: SlotId) -> Option<SlotKey> {
        self.slot_keys[id.0 as usize]
    }

    /// Notes the event time of a fact that is posted to a slot, and returns the slot.
    pub(crate) fn touch(&mut self, id: SlotId, time: EventTime) -> Slot {
        let slot = &mut self.slots[id.0 as usize];
        slot.touched = slot.touched.max(time);
        *slot
    }

    /// The open slots of kind [`SlotKind::Oldest`].
    pub(crate) fn oldest(&self) -> &[SlotId] {
        &self.oldest
    }

    /// The cells of a slot; the overall cell comes first.
    pub(crate) fn cells(&self, slot: Slot) -> &[CellId] {
        let from = slot.cells_from as usize;
        &self.cells[from..from + usize::from(slot.cells)]
    }
}
