//! Cells: one number for each (measure, label, group key), so that panes and totals are indexed by a small integer.

use super::fact::{Label, Measure};
use super::names::KeyId;
use super::numbers::Numbers;

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
    cells: Numbers<Cell>,
    cells_max: usize,
    overflows: u64,
}

impl Cells {
    pub(crate) fn new(cells_max: usize) -> Self {
        Self { cells: Numbers::default(), cells_max, overflows: 0 }
    }

    /// The same cells for another engine.
    pub(crate) fn beside(&self) -> Self {
        Self { cells: self.cells.beside(), cells_max: self.cells_max, overflows: 0 }
    }

    /// Learns of the cells that other engines have opened.
    pub(crate) fn catch_up(&mut self) {
        self.cells.catch_up();
    }

    /// The number of a cell; `None` when there are as many as the configuration allows.
    pub(crate) fn intern(&mut self, cell: Cell) -> Option<CellId> {
        // The overall values are few and known in advance; without one of them a 0 would stand where nothing is known.
        let max = if cell.key == KeyId::default() { usize::MAX } else { self.cells_max };
        self.cells.number(&cell, max, || cell).map(CellId)
    }

    /// The number of a cell, where it has one.
    pub(crate) fn find(&self, cell: Cell) -> Option<CellId> {
        self.cells.find(&cell).map(CellId)
    }

    /// All cells in the order of their numbers.
    pub(crate) fn all(&self) -> &[Cell] {
        self.cells.all()
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
