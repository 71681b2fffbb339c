//! Cells: one number for each (measure, label, group key), so that panes and totals are indexed by a small integer.

use rustc_hash::FxHashMap;

use super::fact::{Label, Measure};
use super::names::KeyId;

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

/// All cells of this process.
#[derive(Debug)]
pub(crate) struct Cells {
    cells: Vec<Cell>,
    ids: FxHashMap<Cell, CellId>,
    cells_max: usize,
    overflows: u64,
}

impl Cells {
    pub(crate) fn new(cells_max: usize) -> Self {
        Self { cells: Vec::new(), ids: FxHashMap::default(), cells_max, overflows: 0 }
    }

    /// The number of a cell; `None` when there are as many as the configuration allows.
    pub(crate) fn intern(&mut self, cell: Cell) -> Option<CellId> {
        if let Some(id) = self.ids.get(&cell) {
            return Some(*id);
        }
        // The overall values are few and known in advance; without one of them a 0 would stand where nothing is known.
        if cell.key != KeyId::default() && self.cells.len() >= self.cells_max {
            return None;
        }
        let id = CellId(self.cells.len() as u32);
        self.cells.push(cell);
        self.ids.insert(cell, id);
        Some(id)
    }

    /// The number of a cell, where it has one.
    pub(crate) fn find(&self, cell: Cell) -> Option<CellId> {
        self.ids.get(&cell).copied()
    }

    /// All cells in the order of their numbers.
    pub(crate) fn all(&self) -> &[Cell] {
        &self.cells
    }

    /// Counts facts that found no cell.
    pub(crate) fn note_overflows(&mut self, facts: u64) {
        self.overflows += facts;
    }

    /// How many facts found no cell.
    pub(crate) fn overflows(&self) -> u64 {
        self.overflows
    }
}
