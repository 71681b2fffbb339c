//! Cells: one number for each (measure, label, group key), so that panes and totals are indexed by a small integer.
//!
//! All engines of a process agree on the numbers. Each says which cells it feeds, so that a number is free again, and with it a place under the
//! limits, once nobody feeds its cell any more. A cell that found no place has none until it has expired itself: were it let in earlier, it would
//! show what comes from then on and not what its windows hold.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustc_hash::FxHashMap;

use super::keys::KeyId;
use crate::engine::terms::{Label, Limits, Measure};

/// The number of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CellId(pub(crate) u32);

/// What a cell counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Cell {
    /// The measure.
    pub(crate) measure: Measure,
    /// Its label, where the measure has one.
    pub(crate) label: Label,
    /// The group key.
    pub(crate) key: KeyId,
}

/// Which limit left no place for a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// That of all cells.
    Total,
    /// That of one measure in one grouping set, which is a family.
    Family,
}

/// The cells of this process, as one engine sees them.
#[derive(Debug)]
pub(crate) struct Cells {
    agreed: Arc<Mutex<SharedCells>>,
    /// The cells that slots of this engine feed, and how many of them.
    fed: FxHashMap<Cell, (Result<CellId, Refusal>, u32)>,
    /// All cells by their numbers when this engine last looked, and which version of them that was.
    listed: Vec<Option<Cell>>,
    version: u64,
    limits: Limits,
    refused_facts: [u64; 2],
}

/// What the engines agree on.
#[derive(Debug, Default)]
struct SharedCells {
    entries: FxHashMap<Cell, SharedCell>,
    listed: Vec<Option<Cell>>,
    vacant: Vec<CellId>,
    /// How many cells of a measure have a place, by grouping set.
    families: FxHashMap<(Measure, u8), usize>,
    /// Grows with every change of the list.
    version: u64,
}

#[derive(Debug)]
struct SharedCell {
    place: Result<CellId, Refusal>,
    /// How many engines feed it.
    engines: u32,
}

impl Cells {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self::of(Arc::default(), limits)
    }

    /// The same cells for another engine.
    pub(crate) fn beside(&self) -> Self {
        Self::of(Arc::clone(&self.agreed), &self.limits)
    }

    fn of(agreed: Arc<Mutex<SharedCells>>, limits: &Limits) -> Self {
        Self { agreed, fed: FxHashMap::default(), listed: Vec::new(), version: 0, limits: limits.clone(), refused_facts: [0; 2] }
    }

    /// Learns of the cells that engines have opened and left.
    pub(crate) fn catch_up(&mut self) {
        let agreed = lock(&self.agreed);
        if self.version != agreed.version {
            self.listed.clone_from(&agreed.listed);
            self.version = agreed.version;
        }
    }

    /// The number of a cell for one more slot that feeds it, or which limit leaves it no place. `set` is the grouping set of its key.
    pub(crate) fn feed(&mut self, cell: Cell, set: u8) -> Result<CellId, Refusal> {
        let (place, slots) = self.fed.entry(cell).or_insert_with(|| (lock(&self.agreed).enter(cell, set, &self.limits), 0));
        *slots += 1;
        *place
    }

    /// Takes back that slots feed these cells, each with the grouping set of its key.
    pub(crate) fn leave(&mut self, cells: impl Iterator<Item = (Cell, u8)>) {
        let mut agreed = lock(&self.agreed);
        for (cell, set) in cells {
            let Some((_, slots)) = self.fed.get_mut(&cell) else { unreachable!("a slot leaves what it feeds, once") };
            *slots -= 1;
            if *slots == 0 {
                self.fed.remove(&cell);
                agreed.leave(cell, set);
            }
        }
    }

    /// The number of a cell, where it has one.
    pub(crate) fn find(&self, cell: Cell) -> Option<CellId> {
        lock(&self.agreed).entries.get(&cell)?.place.ok()
    }

    /// All cells that have a number, in the order of their numbers.
    pub(crate) fn all(&self) -> impl Iterator<Item = (CellId, Cell)> {
        self.listed.iter().enumerate().filter_map(|(at, cell)| Some((CellId(at as u32), (*cell)?)))
    }

    /// Counts that a fact found so many of its cells without a place, by the limit that left none.
    pub(crate) fn note_refused(&mut self, cells: [u8; 2]) {
        self.refused_facts.iter_mut().zip(cells).for_each(|(sum, cells)| *sum += u64::from(cells));
    }

    /// How many times a fact found a cell without a place.
    pub(crate) fn refused_facts(&self, refusal: Refusal) -> u64 {
        self.refused_facts[refusal as usize]
    }
}

impl SharedCells {
    /// Notes one more engine that feeds a cell, and gives it a number where it is new and there is a place.
    fn enter(&mut self, cell: Cell, set: u8, limits: &Limits) -> Result<CellId, Refusal> {
        if let Some(entry) = self.entries.get_mut(&cell) {
            entry.engines += 1;
            return entry.place;
        }
        let place = self.place_for(cell, set, limits);
        self.entries.insert(cell, SharedCell { place, engines: 1 });
        place
    }

    fn place_for(&mut self, cell: Cell, set: u8, limits: &Limits) -> Result<CellId, Refusal> {
        // The overall values are few and known in advance; without one of them a 0 would stand where nothing is known.
        if cell.key != KeyId::default() {
            let family = self.families.entry((cell.measure, set)).or_default();
            if *family >= limits.cells_per_family_max {
                return Err(Refusal::Family);
            }
            if self.listed.len() - self.vacant.len() >= limits.cells_max {
                return Err(Refusal::Total);
            }
            *family += 1;
        }
        self.version += 1;
        let id = self.vacant.pop().unwrap_or(CellId(self.listed.len() as u32));
        if id.0 as usize == self.listed.len() {
            self.listed.push(Some(cell));
        } else {
            self.listed[id.0 as usize] = Some(cell);
        }
        Ok(id)
    }

    fn leave(&mut self, cell: Cell, set: u8) {
        let Some(entry) = self.entries.get_mut(&cell) else { unreachable!("an engine leaves what it feeds, once") };
        entry.engines -= 1;
        if entry.engines > 0 {
            return;
        }
        if let Ok(id) = entry.place {
            self.listed[id.0 as usize] = None;
            self.vacant.push(id);
            self.version += 1;
            if let Some(family) = self.families.get_mut(&(cell.measure, set)) {
                *family -= 1;
            }
        }
        self.entries.remove(&cell);
    }
}

/// What is agreed on is whole after each of its changes, so a panic elsewhere leaves it good.
fn lock(agreed: &Mutex<SharedCells>) -> MutexGuard<'_, SharedCells> {
    agreed.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(measure: Measure, key: u32) -> Cell {
        Cell { measure, label: Label::default(), key: KeyId(key) }
    }

    fn limited(cells_max: usize, cells_per_family_max: usize) -> Cells {
        Cells::new(&Limits { cells_max, cells_per_family_max, ..Limits::default() })
    }

    #[test]
    fn a_number_is_free_again_when_the_last_engine_has_left_its_cell() {
        let mut one = limited(2, 10);
        let mut two = one.beside();
        let (old, new) = (cell(Measure::Contacts, 1), cell(Measure::Contacts, 2));
        assert_eq!(one.feed(cell(Measure::Contacts, 0), u8::MAX), Ok(CellId(0)));
        assert_eq!((one.feed(old, 0), two.feed(old, 0), two.feed(old, 0)), (Ok(CellId(1)), Ok(CellId(1)), Ok(CellId(1))));
        assert_eq!(one.feed(new, 0), Err(Refusal::Total));
        one.leave([(old, 0), (new, 0)].into_iter());
        two.leave([(old, 0)].into_iter());
        assert_eq!(
            (two.feed(new, 0), one.find(old)),
            (Err(Refusal::Total), Some(CellId(1))),
            "a slot of the second still feeds the old one"
        );
        two.leave([(old, 0), (new, 0)].into_iter());
        assert_eq!((one.feed(new, 0), one.find(old)), (Ok(CellId(1)), None));
        two.catch_up();
        assert_eq!(two.all().collect::<Vec<_>>(), [(CellId(0), cell(Measure::Contacts, 0)), (CellId(1), new)]);
    }

    #[test]
    fn a_cell_without_a_place_has_none_until_everybody_has_left_it() {
        let mut one = limited(1, 10);
        let mut two = one.beside();
        let (kept, refused) = (cell(Measure::Contacts, 1), cell(Measure::Contacts, 2));
        assert_eq!((one.feed(kept, 0), one.feed(refused, 0)), (Ok(CellId(0)), Err(Refusal::Total)));
        one.leave([(kept, 0)].into_iter());
        assert_eq!(two.feed(refused, 0), Err(Refusal::Total), "what the first engine counted of it is in no total");
        one.leave([(refused, 0)].into_iter());
        two.leave([(refused, 0)].into_iter());
        assert_eq!(two.feed(refused, 0), Ok(CellId(0)));
    }

    #[test]
    fn a_family_is_a_measure_in_a_grouping_set_and_overall_values_are_in_none() {
        let mut cells = limited(100, 2);
        let feed = |cells: &mut Cells, measure, key, set| cells.feed(cell(measure, key), set).map(|_| ());
        assert_eq!([1, 2, 3].map(|key| feed(&mut cells, Measure::Contacts, key, 0)), [Ok(()), Ok(()), Err(Refusal::Family)]);
        assert_eq!(feed(&mut cells, Measure::Contacts, 4, 1), Ok(()));
        assert_eq!(feed(&mut cells, Measure::TicketsCreated, 3, 0), Ok(()));
        assert_eq!(feed(&mut cells, Measure::Contacts, 0, u8::MAX), Ok(()));
        cells.leave([(cell(Measure::Contacts, 1), 0)].into_iter());
        assert_eq!(feed(&mut cells, Measure::Contacts, 5, 0), Ok(()));
    }
}
