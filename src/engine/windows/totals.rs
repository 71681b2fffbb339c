//! Totals: the sum of every cell in every ring, over all assigned partition groups. They are kept up to date by adding and subtracting, so a scrape
//! need not merge anything, and its cost does not grow with the number of panes or partitions.

use std::collections::BTreeMap;

use super::accumulator::Accumulator;
use super::cells::CellId;
use super::panes::PaneEntry;
use super::slots::SlotId;
use crate::engine::terms::Contribution;
use crate::time::EventTime;

/// The totals by cell and ring. A state, which belongs to no slice of time, has its only total in ring 0.
#[derive(Debug)]
pub(crate) struct Totals {
    rings: usize,
    /// The rings of a cell are neighbours, because a value that leaves one ring enters another. `None` if the cell has had no value in the ring since
    /// it last became visible.
    totals: Vec<Option<Accumulator>>,
}

/// The sums of a batch of counts, by slot. Facts of one slot that add up or cancel out reach the totals of its cells as one number.
#[derive(Debug, Default)]
pub(crate) struct SlotSums {
    sums: Vec<i64>,
    /// The slots to whose sums something was added, in no order; a slot may occur several times.
    touched: Vec<SlotId>,
}

impl Totals {
    pub(crate) fn new(rings: usize) -> Self {
        Self { rings, totals: Vec::new() }
    }

    /// The total of a cell in a ring.
    pub(crate) fn get(&self, cell: CellId, ring: usize) -> Option<&Accumulator> {
        self.totals.get(cell.0 as usize * self.rings + ring)?.as_ref()
    }

    /// Adds the totals of another engine, whose cells have the same numbers.
    pub(crate) fn add(&mut self, other: &Self) {
        if self.totals.len() < other.totals.len() {
            self.totals.resize_with(other.totals.len(), || None);
        }
        for (sum, total) in self.totals.iter_mut().zip(&other.totals) {
            match (sum, total) {
                (_, None) => {}
                (Some(sum), Some(total)) => sum.merge(total, 1),
                (sum, Some(total)) => *sum = Some(total.clone()),
            }
        }
    }

    /// Makes a cell visible; it shows 0 until something is added.
    pub(crate) fn name(&mut self, cell: CellId, zero: &impl Fn() -> Accumulator) {
        self.total(cell, 0, zero);
    }

    /// Adds to a count.
    pub(crate) fn count(&mut self, cell: CellId, ring: usize, by: i64) {
        self.total(cell, ring, || Accumulator::Count(0)).apply(&Contribution::Count(by), 1);
    }

    /// Adds a value to a total, or subtracts it.
    pub(crate) fn apply(&mut self, cell: CellId, ring: usize, value: &Contribution, sign: i64) {
        self.total(cell, ring, || Accumulator::zero_of(value)).apply(value, sign);
    }

    /// One more than the largest number of a cell that was ever visible.
    pub(crate) fn cells(&self) -> usize {
        self.totals.len() / self.rings
    }

    /// Makes a cell invisible; its totals must be zero.
    pub(crate) fn forget(&mut self, cell: CellId) {
        let at = cell.0 as usize * self.rings;
        self.totals.iter_mut().skip(at).take(self.rings).for_each(|total| *total = None);
    }

    /// Forgets the oldest start of a cell of kind [`super::slots::SlotKind::Oldest`].
    pub(crate) fn forget_oldest(&mut self, cell: CellId) {
        self.members(cell).clear();
    }

    /// Notes a start; only the oldest is kept.
    pub(crate) fn note_oldest(&mut self, cell: CellId, time: EventTime) {
        let members = self.members(cell);
        if members.first_key_value().is_none_or(|(oldest, _)| time < *oldest) {
            members.clear();
            members.insert(time, 1);
        }
    }

    /// Adds an accumulator or subtracts it.
    pub(crate) fn merge(&mut self, cell: CellId, ring: usize, accumulator: &Accumulator, sign: i64) {
        self.total(cell, ring, || accumulator.zero()).merge(accumulator, sign);
    }

    /// Adds an entry of a pane or subtracts it. `keeps_counts` distinguishes cells that are counts from cells that are distributions of durations.
    pub(crate) fn enter(&mut self, cell: CellId, ring: usize, entry: &PaneEntry<'_>, keeps_counts: bool, sign: i64) {
        enter(self.total(cell, ring, || zero_of(entry, keeps_counts)), entry, sign);
    }

    /// The starts that a cell of an oldest wait holds: the oldest one only.
    fn members(&mut self, cell: CellId) -> &mut BTreeMap<EventTime, i64> {
        let total = self.total(cell, 0, || Accumulator::Since(Box::default()));
        let Accumulator::Since(members) = total else { unreachable!("a cell keeps one kind of accumulator for life: {total:?}") };
        members
    }

    /// The total of a cell in a ring, which becomes visible if it was not.
    fn total(&mut self, cell: CellId, ring: usize, zero: impl FnOnce() -> Accumulator) -> &mut Accumulator {
        let at = cell.0 as usize * self.rings + ring;
        if self.totals.len() <= at {
            self.totals.resize_with((cell.0 as usize + 1) * self.rings, || None);
        }
        self.totals[at].get_or_insert_with(zero)
    }
}

impl SlotSums {
    /// Adds to the sum of a slot.
    pub(crate) fn add(&mut self, slot: SlotId, by: i64) {
        let at = slot.0 as usize;
        if self.sums.len() <= at {
            self.sums.resize(at + 1, 0);
        }
        if self.sums[at] == 0 {
            self.touched.push(slot);
        }
        self.sums[at] += by;
    }

    /// Removes one of the sums and returns it. It may be 0, and a slot that occurs twice comes the second time with 0.
    pub(crate) fn pop(&mut self) -> Option<(SlotId, i64)> {
        let slot = self.touched.pop()?;
        Some((slot, std::mem::take(&mut self.sums[slot.0 as usize])))
    }
}

/// The zero of the sum of such entries. `keeps_counts` distinguishes counts from distributions of durations.
pub(super) fn zero_of(entry: &PaneEntry<'_>, keeps_counts: bool) -> Accumulator {
    match entry {
        PaneEntry::Other(accumulator) => accumulator.zero(),
        PaneEntry::Count(..) | PaneEntry::Sum(_) if keeps_counts => Accumulator::Count(0),
        PaneEntry::Count(..) | PaneEntry::Sum(_) => Accumulator::Durations(Box::default()),
    }
}

/// Adds an entry of a pane to a sum, or subtracts it.
pub(super) fn enter(sum: &mut Accumulator, entry: &PaneEntry<'_>, sign: i64) {
    match (*entry, sum) {
        (PaneEntry::Other(accumulator), sum) => sum.merge(accumulator, sign),
        (PaneEntry::Count(_, n), Accumulator::Count(count)) => *count += sign * n,
        (PaneEntry::Count(bin, n), Accumulator::Durations(durations)) => durations.count(bin, sign * n),
        (PaneEntry::Sum(ms), Accumulator::Durations(durations)) => durations.lengthen(sign * ms),
        (entry, sum) => unreachable!("a sum keeps one kind of accumulator for life: {entry:?} into {sum:?}"),
    }
}
