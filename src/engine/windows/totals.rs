//! Totals: what every cell holds in every ring, over all assigned partition groups, kept by adding and subtracting, so that a scrape does not merge
//! and its cost does not grow with panes or partitions.

use std::collections::BTreeMap;

use super::accumulator::Accumulator;
use super::cells::CellId;
use super::panes::PaneEntry;
use super::slots::SlotId;
use crate::engine::terms::Contribution;
use crate::time::EventTime;

/// Totals by cell and ring. A cell of state, which has no time, has its one total in ring 0.
#[derive(Debug)]
pub(crate) struct Totals {
    rings: usize,
    /// The rings of a cell lie side by side, because what leaves one enters another. `None` where a cell never had anything there.
    totals: Vec<Option<Accumulator>>,
}

/// Sums that a batch of facts comes to, by slot: facts of one slot that add up, or take each other back, reach the totals of their cells as one number.
#[derive(Debug, Default)]
pub(crate) struct SlotSums {
    sums: Vec<i64>,
    /// Where something was added, in no order and perhaps twice.
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

    /// Notes that a cell was seen, at 0 until something is added.
    pub(crate) fn name(&mut self, cell: CellId, zero: &impl Fn() -> Accumulator) {
        self.total(cell, 0, zero);
    }

    /// Adds to a count.
    pub(crate) fn count(&mut self, cell: CellId, ring: usize, by: i64) {
        self.total(cell, ring, || Accumulator::Count(0)).apply(&Contribution::Count(by), 1);
    }

    /// One more than the largest number of a cell that ever held anything.
    pub(crate) fn cells(&self) -> usize {
        self.totals.len() / self.rings
    }

    /// Forgets that a cell was seen; it must hold nothing.
    pub(crate) fn forget(&mut self, cell: CellId) {
        let at = cell.0 as usize * self.rings;
        self.totals.iter_mut().skip(at).take(self.rings).for_each(|total| *total = None);
    }

    /// Forgets the oldest member of a cell of state whose oldest is asked for.
    pub(crate) fn forget_oldest(&mut self, cell: CellId) {
        self.members(cell).clear();
    }

    /// Notes a member, of which the oldest is kept.
    pub(crate) fn note_oldest(&mut self, cell: CellId, time: EventTime) {
        let members = self.members(cell);
        if members.first_key_value().is_none_or(|(oldest, _)| time < *oldest) {
            members.clear();
            members.insert(time, 1);
        }
    }

    /// Adds an accumulator, or takes it out again.
    pub(crate) fn merge(&mut self, cell: CellId, ring: usize, accumulator: &Accumulator, sign: i64) {
        self.total(cell, ring, || accumulator.zero()).merge(accumulator, sign);
    }

    /// Adds an entry of a pane, or takes it out again; `keeps_counts` says what a tally is of.
    pub(crate) fn enter(&mut self, cell: CellId, ring: usize, entry: &PaneEntry<'_>, keeps_counts: bool, sign: i64) {
        let zero = || if keeps_counts { Accumulator::Count(0) } else { Accumulator::Durations(Box::default()) };
        match *entry {
            PaneEntry::Other(accumulator) => self.merge(cell, ring, accumulator, sign),
            PaneEntry::Count(bin, n) => match self.total(cell, ring, zero) {
                Accumulator::Count(count) => *count += sign * n,
                Accumulator::Durations(durations) => durations.count(bin, sign * n),
                total @ (Accumulator::Answers(_) | Accumulator::Pairs(_) | Accumulator::Since(_)) => {
                    unreachable!("no tallies are kept of {total:?}")
                }
            },
            PaneEntry::Sum(ms) => match self.total(cell, ring, zero) {
                Accumulator::Durations(durations) => durations.lengthen(sign * ms),
                total @ (Accumulator::Count(_) | Accumulator::Answers(_) | Accumulator::Pairs(_) | Accumulator::Since(_)) => {
                    unreachable!("no lengths are kept of {total:?}")
                }
            },
        }
    }

    fn members(&mut self, cell: CellId) -> &mut BTreeMap<EventTime, i64> {
        let total = self.total(cell, 0, || Accumulator::Since(Box::default()));
        let Accumulator::Since(members) = total else { unreachable!("a cell keeps one kind of aggregate for life: {total:?}") };
        members
    }

    fn total(&mut self, cell: CellId, ring: usize, zero: impl FnOnce() -> Accumulator) -> &mut Accumulator {
        let at = cell.0 as usize * self.rings + ring;
        if self.totals.len() <= at {
            self.totals.resize_with((cell.0 as usize + 1) * self.rings, || None);
        }
        self.totals[at].get_or_insert_with(zero)
    }
}

impl SlotSums {
    /// Adds to a slot.
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

    /// Takes out one of the sums, perhaps 0; a slot may come twice, the second time with 0.
    pub(crate) fn pop(&mut self) -> Option<(SlotId, i64)> {
        let slot = self.touched.pop()?;
        Some((slot, std::mem::take(&mut self.sums[slot.0 as usize])))
    }
}
