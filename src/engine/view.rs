//! The merged view over all assigned partition groups: totals of every cell by ring, kept by adding and subtracting, so that a scrape does not
//! merge and its cost does not grow with panes or partitions.

use std::sync::Arc;

use super::EngineSettings;
use super::aggregate::{DurationClasses, Partial};
use super::cells::{Cell, CellId, Cells};
use super::fact::{Fact, Grouping};
use super::names::{KeyId, Names};
use super::panes::Panes;
use super::scales::Scales;
use super::window::{Geometry, Starts, ring_of};
use crate::time::EventTime;

/// Names, cells and totals.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) settings: Arc<EngineSettings>,
    pub(crate) names: Names,
    pub(crate) scales: Scales,
    pub(crate) classes: Arc<DurationClasses>,
    pub(crate) geometry: Geometry,
    pub(crate) cells: Cells,
    pub(crate) now: EventTime,
    starts: Starts,
    /// Totals by ring and cell; `None` where a cell never had anything there.
    rings: Vec<Vec<Option<Partial>>>,
    state: Vec<Option<Partial>>,
    /// Whether the facts themselves are kept too.
    pub(super) keeps_standing: bool,
}

impl View {
    pub(crate) fn new(settings: Arc<EngineSettings>) -> Self {
        let bounds = &settings.duration_bounds;
        let bounds_ms = bounds.response.iter().chain(&bounds.resolution).chain(&bounds.chat).map(|b| b.0);
        let geometry = Geometry::new(&settings.windows);
        Self {
            names: Names::new(&settings),
            scales: Scales::default(),
            classes: Arc::new(DurationClasses::new(bounds_ms)),
            cells: Cells::new(settings.limits.cells_max),
            now: EventTime::MIN,
            starts: geometry.starts(EventTime::MIN),
            rings: vec![Vec::new(); geometry.len()],
            state: Vec::new(),
            keeps_standing: false,
            geometry,
            settings,
        }
    }

    /// Empty panes at the present window starts.
    pub(crate) fn panes(&self) -> Panes {
        let mut panes = Panes::new(&self.geometry, self.starts.clone());
        if self.keeps_standing {
            panes.keep_standing();
        }
        panes
    }

    /// Adds a fact (`sign` 1) or takes it out again (`sign` -1): one pane and one ring for each grouping set, whatever the number of windows.
    pub(crate) fn post(&mut self, panes: &mut Panes, fact: &Fact, sign: i64) {
        self.post_to(panes, fact, KeyId::default(), sign);
        let contact_sets = self.settings.grouping_sets.len();
        let (from, to) = match fact.measure.grouping() {
            Grouping::Overall => (0, 0),
            Grouping::All | Grouping::OneDimension => (0, contact_sets),
            Grouping::Customer => (contact_sets, contact_sets + self.settings.customer_grouping_sets.len()),
        };
        for set in from..to {
            if fact.measure.grouping() == Grouping::OneDimension && self.settings.grouping_sets[set].len() != 1 {
                continue;
            }
            let key = self.names.key(fact.dimensions, set);
            self.post_to(panes, fact, key, sign);
        }
    }

    fn post_to(&mut self, panes: &mut Panes, fact: &Fact, key: KeyId, sign: i64) {
        let Some(cell) = self.cells.intern(Cell { measure: fact.measure, label: fact.label, key }) else { return };
        if fact.time > self.now {
            panes.lift_ahead(cell, fact.time, &fact.value, sign);
            return;
        }
        if fact.measure.is_state() {
            panes.lift_now(cell, &fact.value, sign);
            total_of(&mut self.state, cell, || Partial::zero_of(&fact.value)).lift(&fact.value, sign);
            return;
        }
        // A fact older than every window still names its series, as one that was seen, at 0.
        let ring = ring_of(&self.starts, fact.time);
        let total = total_of(&mut self.rings[ring.unwrap_or_default()], cell, || Partial::zero_of(&fact.value));
        if ring.is_some() {
            total.lift(&fact.value, sign);
            panes.lift(&self.geometry, cell, fact.time, &fact.value, sign);
        }
    }

    /// Adds what lay ahead of now and has been reached; after the windows have moved there.
    pub(crate) fn reach(&mut self, panes: &mut Panes) {
        while let Some((cell, time, partial)) = panes.pop_reached(self.now) {
            let is_state = self.cells.all()[cell.0 as usize].measure.is_state();
            let ring = panes.settle_reached(&self.geometry, cell, time, &partial, is_state);
            let totals = if is_state { Some(&mut self.state) } else { ring.map(|ring| &mut self.rings[ring]) };
            if let Some(totals) = totals {
                total_of(totals, cell, || partial.zero()).combine(&partial, 1);
            }
        }
    }

    /// Moves the windows to `now`, taking out of each ring what leaves it; `false` when no window moved.
    pub(crate) fn advance_to<'a>(&mut self, now: EventTime, groups: impl Iterator<Item = &'a mut Panes>) -> bool {
        self.now = now;
        let starts = self.geometry.starts(now);
        if starts == self.starts {
            return false;
        }
        for panes in groups {
            let rings = &mut self.rings;
            panes.advance_to(&self.geometry, &starts, |ring, cell, partial| {
                total_of(&mut rings[ring], cell, || partial.zero()).combine(partial, -1);
                if let Some(next) = rings.get_mut(ring + 1) {
                    total_of(next, cell, || partial.zero()).combine(partial, 1);
                }
            });
        }
        self.starts = starts;
        true
    }

    /// Adds everything that a group holds (`sign` 1, at assignment) or takes it out (`sign` -1, at revocation).
    pub(crate) fn merge(&mut self, panes: &Panes, sign: i64) {
        for (ring, cell, partial) in panes.contents() {
            total_of(&mut self.rings[ring], cell, || partial.zero()).combine(partial, sign);
        }
        for (cell, partial) in panes.contents_now() {
            total_of(&mut self.state, cell, || partial.zero()).combine(partial, sign);
        }
    }

    /// Brings the panes of a group that was parked to the present window starts, without telling any ring.
    pub(crate) fn catch_up(&self, panes: &mut Panes) {
        panes.advance_to(&self.geometry, &self.starts, |_, _, _| ());
    }

    /// The total of a cell in a ring.
    pub(crate) fn total(&self, ring: usize, cell: CellId) -> Option<&Partial> {
        self.rings[ring].get(cell.0 as usize)?.as_ref()
    }

    /// The state of a cell.
    pub(crate) fn state(&self, cell: CellId) -> Option<&Partial> {
        self.state.get(cell.0 as usize)?.as_ref()
    }

    /// The starts of the windows, shortest first.
    pub(crate) fn starts(&self) -> &Starts {
        &self.starts
    }
}

fn total_of(totals: &mut Vec<Option<Partial>>, cell: CellId, zero: impl FnOnce() -> Partial) -> &mut Partial {
    let at = cell.0 as usize;
    if totals.len() <= at {
        totals.resize_with(at + 1, || None);
    }
    totals[at].get_or_insert_with(zero)
}
