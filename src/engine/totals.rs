//! Totals: what every cell holds in every ring, over all assigned partition groups, kept by adding and subtracting, so that a scrape does not merge
//! and its cost does not grow with panes or partitions.

use std::collections::BTreeMap;

use super::aggregate::{Partial, Value};
use super::cells::CellId;
use super::panes::Entry;
use crate::time::EventTime;

/// Totals by cell and ring. A cell of state, which has no time, has its one total in ring 0.
#[derive(Debug)]
pub(crate) struct Totals {
    rings: usize,
    /// The rings of a cell lie side by side, because what leaves one enters another. `None` where a cell never had anything there.
    totals: Vec<Option<Partial>>,
}

impl Totals {
    pub(crate) fn new(rings: usize) -> Self {
        Self { rings, totals: Vec::new() }
    }

    /// The total of a cell in a ring.
    pub(crate) fn get(&self, cell: CellId, ring: usize) -> Option<&Partial> {
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
                (Some(sum), Some(total)) => sum.combine(total, 1),
                (sum, Some(total)) => *sum = Some(total.clone()),
            }
        }
    }

    /// Notes that a cell was seen, at 0 until something is added.
    pub(crate) fn name(&mut self, cell: CellId, zero: &impl Fn() -> Partial) {
        self.total(cell, 0, zero);
    }

    /// Adds to a count.
    pub(crate) fn count(&mut self, cell: CellId, ring: usize, by: i64) {
        self.total(cell, ring, || Partial::Count(0)).lift(&Value::Count(by), 1);
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

    /// Adds a partial, or takes it out again.
    pub(crate) fn combine(&mut self, cell: CellId, ring: usize, partial: &Partial, sign: i64) {
        self.total(cell, ring, || partial.zero()).combine(partial, sign);
    }

    /// Adds an entry of a pane, or takes it out again; `keeps_counts` says what a tally is of.
    pub(crate) fn enter(&mut self, cell: CellId, ring: usize, entry: &Entry<'_>, keeps_counts: bool, sign: i64) {
        let zero = || if keeps_counts { Partial::Count(0) } else { Partial::Durations(Box::default()) };
        match *entry {
            Entry::Other(partial) => self.combine(cell, ring, partial, sign),
            Entry::Tally(class, n) => match self.total(cell, ring, zero) {
                Partial::Count(count) => *count += sign * n,
                Partial::Durations(durations) => durations.tally(class, sign * n),
                total @ (Partial::Answers(_) | Partial::Pairs(_) | Partial::Since(_)) => unreachable!("no tallies are kept of {total:?}"),
            },
            Entry::Length(ms) => match self.total(cell, ring, zero) {
                Partial::Durations(durations) => durations.lengthen(sign * ms),
                total @ (Partial::Count(_) | Partial::Answers(_) | Partial::Pairs(_) | Partial::Since(_)) => {
                    unreachable!("no lengths are kept of {total:?}")
                }
            },
        }
    }

    fn members(&mut self, cell: CellId) -> &mut BTreeMap<EventTime, i64> {
        let total = self.total(cell, 0, || Partial::Since(Box::default()));
        let Partial::Since(members) = total else { unreachable!("a cell keeps one kind of aggregate for life: {total:?}") };
        members
    }

    fn total(&mut self, cell: CellId, ring: usize, zero: impl FnOnce() -> Partial) -> &mut Partial {
        let at = cell.0 as usize * self.rings + ring;
        if self.totals.len() <= at {
            self.totals.resize_with((cell.0 as usize + 1) * self.rings, || None);
        }
        self.totals[at].get_or_insert_with(zero)
    }
}
