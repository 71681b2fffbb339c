//! Cells: each combination of measure, label and group key has one number, so that totals are indexed by a small integer.
//!
//! All engines of a process agree on the numbers. Each engine states the cells that it feeds. When no engine feeds a cell any more, its number is
//! free again, and so is its place under the limits. A cell that was refused a place has none until the cell itself has expired. If it were admitted
//! earlier, it would show only the facts from then on instead of all facts in its windows.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustc_hash::FxHashMap;

use super::keys::KeyId;
use crate::engine::terms::{Label, Limits, Measure};

/// The number of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CellId(pub(crate) u32);

/// The identity of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Cell {
    /// The measure that the cell accumulates.
    pub(crate) measure: Measure,
    /// The measure's label; 0 if it has none.
    pub(crate) label: Label,
    /// The group key.
    pub(crate) key: KeyId,
}

/// The limit that refused a cell its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The limit of all cells.
    Total,
    /// The limit of one family: the cells of one measure in one grouping set.
    Family,
}

/// The cells of this process, as one engine sees them.
#[derive(Debug)]
pub(crate) struct Cells {
    agreed: Arc<Mutex<SharedCells>>,
    /// The cells that slots of this engine feed, each with the number of these slots.
    fed: FxHashMap<Cell, (Result<CellId, Refusal>, u32)>,
    /// All cells by their numbers, as copied last.
    listed: Vec<Option<Cell>>,
    /// The version of that copy.
    version: u64,
    limits: Limits,
    /// The number of refused cells that facts met, by [`Refusal`].
    refused_facts: [u64; 2],
}

/// The part that all engines share.
#[derive(Debug, Default)]
struct SharedCells {
    entries: FxHashMap<Cell, SharedCell>,
    /// All cells by their numbers; `None` for a free number.
    listed: Vec<Option<Cell>>,
    /// The free numbers.
    vacant: Vec<CellId>,
    /// The number of cells that have a place, by family: measure and grouping set.
    families: FxHashMap<(Measure, u8), usize>,
    /// Increases with every change of the list.
    version: u64,
}

#[derive(Debug)]
struct SharedCell {
    place: Result<CellId, Refusal>,
    /// The number of engines that feed the cell.
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

    /// Copies the list of cells, if other engines have changed it.
    pub(crate) fn catch_up(&mut self) {
        let agreed = lock(&self.agreed);
        if self.version != agreed.version {
            self.listed.clone_from(&agreed.listed);
            self.version = agreed.version;
        }
    }

    /// The number of a cell, for one more slot that feeds it, or the limit that refuses it a place. `set` is the grouping set of its key.
    pub(crate) fn feed(&mut self, cell: Cell, set: u8) -> Result<CellId, Refusal> {
        let (place, slots) = self.fed.entry(cell).or_insert_with(|| (lock(&self.agreed).enter(cell, set, &self.limits), 0));
        *slots += 1;
        *place
    }

    /// Notes that one slot fewer feeds each of these cells, which come with the grouping set of their key.
    pub(crate) fn leave(&mut self, cells: impl Iterator<Item = (Cell, u8)>) {
        let mut agreed = lock(&self.agreed);
        for (cell, set) in cells {
            let Some((_, slots)) = self.fed.get_mut(&cell) else { unreachable!("a slot leaves a cell that it feeds, and only once") };
            *slots -= 1;
            if *slots == 0 {
                self.fed.remove(&cell);
                agreed.leave(cell, set);
            }
        }
    }

    /// The number of a cell, if it has one.
    pub(crate) fn find(&self, cell: Cell) -> Option<CellId> {
        lock(&self.agreed).entries.get(&cell)?.place.ok()
    }

    /// All cells that have a number, in the order of their numbers.
    pub(crate) fn all(&self) -> impl Iterator<Item = (CellId, Cell)> {
        self.listed.iter().enumerate().filter_map(|(at, cell)| Some((CellId(at as u32), (*cell)?)))
    }

    /// Counts the cells without a place that a fact met, by the limit that refused them.
    pub(crate) fn note_refused(&mut self, cells: [u8; 2]) {
        self.refused_facts.iter_mut().zip(cells).for_each(|(sum, cells)| *sum += u64::from(cells));
    }

    /// The number of times that a fact met a cell without a place.
    pub(crate) fn refused_facts(&self, refusal: Refusal) -> u64 {
        self.refused_facts[refusal as usize]
    }
}

impl SharedCells {
    /// Notes one more engine that feeds a cell. A new cell gets a number if there is a place.
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
        // Overall values have no limit. They are few and known in advance, and a missing one would read as 0.
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
        let Some(entry) = self.entries.get_mut(&cell) else { unreachable!("an engine leaves a cell that it feeds, and only once") };
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

/// The shared cells are valid after each change, so they are valid even if another thread panicked while it held the lock.
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
            "a slot of the second engine still feeds the old cell"
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
        assert_eq!(two.feed(refused, 0), Err(Refusal::Total), "the facts that the first engine saw are in no total");
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
