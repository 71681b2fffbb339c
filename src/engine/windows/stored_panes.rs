//! Storing and restoring the panes of one partition group.
//!
//! Slots are numbered by engine, so a stored pane names them by their place in a list of its own, in which each slot is described in the numbers of the
//! group: its measure, its label, and a tuple of values that has its keys. Does not know lives or events.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::accumulator::Accumulator;
use super::cells::{Cell, CellId};
use super::day_sums::DaySums;
use super::keys::{BundleId, KeyId};
use super::panes::{Panes, SlotPlace};
use super::slots::{SlotId, SlotKey, SlotKind};
use super::{Starts, Windows};
use crate::engine::codec::{RestoreError, StateReader, StateWriter};
use crate::engine::terms::{DimensionsId, Grouping, LabelStore, Measure, Names, Scales, StoredLabel};
use crate::time::EventTime;

/// One slot, in the numbers of the group.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct StoredSlot {
    measure: Measure,
    label: StoredLabel,
    /// A tuple of values with the keys of the slot; `None` if the slot has the overall value alone.
    dimensions: Option<DimensionsId>,
    kind: SlotKind,
    /// The latest event time of the facts that were posted to the slot.
    touched: EventTime,
    /// The zero of its values, if the series of its cells are visible.
    shown: Option<Accumulator>,
}

impl Windows {
    /// Stores the panes of an assigned group, after adding its pending facts to the totals.
    pub(crate) fn store(&mut self, panes: &mut Panes, names: &Names, out: &mut StateWriter) {
        self.flush(panes);
        self.store_flushed(panes, names, out);
    }

    /// Stores panes that have no pending facts, such as those of a parked group.
    pub(crate) fn store_flushed(&mut self, panes: &mut Panes, names: &Names, out: &mut StateWriter) {
        self.scales.catch_up();
        panes.drop_empty_state();
        out.put(&self.slots.was_full());
        out.put(panes.starts().as_slice());
        let [tuples, _] = panes.tuples_by_bundle();
        let (mut slots, overall, panes) = (self.slots_known_to(panes, names), self.overall_series(names), panes.copy());
        out.put_later(move |out| {
            slots.sort_by_key(|(_, slot)| (slot.measure, slot.label, slot.dimensions));
            let places: FxHashMap<SlotId, SlotPlace> = (0u32..).zip(&slots).map(|(place, (id, _))| (*id, place)).collect();
            out.put_list(slots.iter().map(|(_, slot)| slot));
            out.put(&overall);
            panes.put(|id| places[&id], out);
            panes.put_days(|bundle| tuples[&bundle], out);
        });
    }

    /// Restores the panes of a group with these names. Opens the slots that they name.
    pub(crate) fn restore(&mut self, names: &Names, scales: &mut Scales, input: &mut StateReader<'_>) -> Result<Panes, RestoreError> {
        let was_full: bool = input.take()?;
        let starts: Starts = input.take()?;
        if starts.len() != self.geometry.len() {
            let windows = self.geometry.len();
            return Err(RestoreError::Unfitting(format!("it has {} windows, and {windows} are configured", starts.len())));
        }
        let mut panes = Panes::new(&self.geometry, starts);
        let slots: Vec<StoredSlot> = input.take()?;
        let ids: Vec<SlotId> = slots.iter().map(|slot| self.restore_slot(slot, &mut panes, names, scales)).collect();
        for (measure, label, zero) in input.take::<Vec<(Measure, StoredLabel, Accumulator)>>()? {
            let cell = Cell { measure, label: label.label(names, scales), key: KeyId::default() };
            if let Ok(cell) = self.cells.feed(cell, self.keys.set_of(KeyId::default())) {
                self.totals.name(cell, &|| zero.clone());
            }
        }
        if was_full {
            self.slots.note_full();
        }
        panes.restore(input, |place| {
            ids.get(place as usize).copied().ok_or_else(|| RestoreError::Malformed(format!("it has no slot {place}")))
        })?;
        panes.days = DaySums::restore(input, |of| panes.bundles(of, names, &mut self.keys)[0])?;
        Ok(panes)
    }

    /// The open slots that can be described in the numbers of a group, in the order of their numbers. All slots of its own facts are among them.
    fn slots_known_to(&mut self, panes: &Panes, names: &Names) -> Vec<(SlotId, StoredSlot)> {
        let labels = LabelStore::new(names, self.scales.all());
        let tuples = panes.tuples_by_bundle();
        let mut slots: Vec<(SlotId, StoredSlot)> = Vec::new();
        for (id, SlotKey { measure, label, bundle }, slot) in self.slots.all() {
            let of_customer = measure.grouping() == Grouping::Customer;
            let dimensions = if bundle == BundleId::default() { None } else { tuples[usize::from(of_customer)].get(&bundle).copied() };
            if dimensions.is_none() && bundle != BundleId::default() {
                continue;
            }
            let Some(label) = labels.of(measure, label) else { continue };
            let shown = self.slots.cells(slot).first().filter(|_| slot.is_named).and_then(|cell| self.zero_of(*cell));
            slots.push((id, StoredSlot { measure, label, dimensions, kind: slot.kind, touched: slot.touched, shown }));
        }
        slots
    }

    /// The overall series that are visible, with the zero of their values. They stay visible when no fact is left.
    fn overall_series(&mut self, names: &Names) -> Vec<(Measure, StoredLabel, Accumulator)> {
        self.cells.catch_up();
        let labels = LabelStore::new(names, self.scales.all());
        let overall = self.cells.all().filter(|(_, cell)| cell.key == KeyId::default());
        let series = |(id, Cell { measure, label, .. })| Some((measure, labels.of(measure, label)?, self.zero_of(id)?));
        let mut all: Vec<_> = overall.filter_map(series).collect();
        all.sort_by_key(|(measure, label, _)| (*measure, *label));
        all
    }

    /// The zero of a cell's values, if its series is visible.
    fn zero_of(&self, cell: CellId) -> Option<Accumulator> {
        (0..self.geometry.len()).find_map(|ring| self.totals.get(cell, ring)).map(Accumulator::zero)
    }

    fn restore_slot(&mut self, slot: &StoredSlot, panes: &mut Panes, names: &Names, scales: &mut Scales) -> SlotId {
        let StoredSlot { measure, label, dimensions, kind, touched, shown } = slot;
        let of_customer = measure.grouping() == Grouping::Customer;
        let bundle = dimensions.map_or_else(BundleId::default, |of| panes.bundles(of, names, &mut self.keys)[usize::from(of_customer)]);
        let key = SlotKey { measure: *measure, label: label.label(names, scales), bundle };
        let id = self.slots.find(key).unwrap_or_else(|| self.open_slot(key, *kind));
        let slot = self.touch(id, *touched);
        if let Some(zero) = shown.as_ref().filter(|_| !slot.is_named) {
            self.name(id, || zero.clone());
        }
        id
    }
}

impl Panes {
    /// For each of the two bundles of a tuple, the first tuple that has it.
    fn tuples_by_bundle(&self) -> [FxHashMap<BundleId, DimensionsId>; 2] {
        let mut tuples = [FxHashMap::default(), FxHashMap::default()];
        for (of, bundles) in self.bundles_by_tuple() {
            for (tuples, bundle) in tuples.iter_mut().zip(bundles) {
                tuples.entry(bundle).or_insert(of);
            }
        }
        tuples
    }
}
