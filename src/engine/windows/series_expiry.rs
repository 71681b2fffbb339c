//! Series expiry: a label set that has been empty for longer than the longest window is no longer shown, and later frees its place.
//!
//! When the latest fact of a label set has left the longest window, the label set reads 0. One longest window later it has expired, unless it holds
//! present state. That depends on event times and `now` only, not on when or how often values are read. So several engines together show the label
//! sets that one engine would show: a sum has a label set as long as any of them has it. Slots and cells are freed more rarely than label sets are
//! hidden, at instants that `now` alone decides. So under a limit, too, the order of events decides and no reading does. The overall values never
//! expire.

use super::geometry::{Geometry, Starts};
use super::keys::BundleId;
use super::panes::Panes;
use super::slots::{Slot, SlotId, SlotKey, SlotKind, Slots};
use super::totals::Totals;
use crate::time::{EventTime, Span};

/// How many times in a longest window expired slots are freed. If it were more, facts would be sorted into panes during catch-up earlier than
/// needed.
const FREED_PER_RANGE: i64 = 32;
/// The least time between two such instants, which applies if the longest window is short.
const FREED_EVERY_MIN: Span = Span::minutes(15);

/// The instants that decide whether a slot has expired.
#[derive(Clone, Copy, Debug)]
pub(super) struct SeriesExpiry {
    /// The range of the longest window.
    range: Span,
    /// The hop of the longest window.
    hop: Span,
    /// The interval at which slots are freed, a multiple of that hop.
    free_every: Span,
    /// Slots that were last touched before this instant have expired.
    before: EventTime,
    /// The value of `before` when label sets were last hidden.
    hidden_before: EventTime,
    /// The value of `before` when slots were last freed.
    freed_before: EventTime,
    /// Whether, since label sets were last hidden, a fact was posted to a slot that is expired nevertheless.
    has_old: bool,
}

impl SeriesExpiry {
    pub(super) fn new(geometry: &Geometry) -> Self {
        let longest = geometry.longest();
        let hop = longest.hop.0;
        let hops = (longest.range.0 / hop / FREED_PER_RANGE).max((FREED_EVERY_MIN.0 + hop - 1) / hop);
        Self {
            range: longest.range,
            hop: longest.hop,
            free_every: Span(hops * longest.hop.0),
            before: EventTime::MIN,
            hidden_before: EventTime::MIN,
            freed_before: EventTime::MIN,
            has_old: false,
        }
    }

    pub(super) fn advance_to(&mut self, starts: &Starts) {
        self.before = starts[starts.len() - 1] - self.range;
    }

    /// Notes the event time of a fact that was posted.
    pub(super) fn note_posted(&mut self, time: EventTime) {
        self.has_old |= time < self.before;
    }

    /// Notes that slots may have expired long ago.
    pub(super) fn note_old(&mut self) {
        self.has_old = true;
    }

    /// Whether a slot that was last touched at this time has expired.
    pub(super) fn has_passed(&self, touched: EventTime) -> bool {
        touched < self.before
    }

    /// Whether label sets may have expired since label sets were last hidden.
    pub(super) fn must_hide(&self) -> bool {
        self.has_old || self.before > self.hidden_before
    }

    /// The instant at which it is time to free the places of expired slots.
    pub(super) fn next_freeing(&self) -> EventTime {
        let Self { range, hop, freed_before, free_every, .. } = *self;
        let before = EventTime((freed_before.slice(free_every) + 1) * free_every.0);
        // The longest window starts a range before the end of the running hop, and an expired slot was last touched a range before that start.
        before + range + range - hop
    }

    /// Whether it is time to free the places of expired slots and some may have expired. The answer `true` is given once.
    pub(super) fn must_free(&mut self, slots: &Slots) -> bool {
        let Self { before, freed_before, free_every, .. } = *self;
        if before.slice(free_every) <= freed_before.slice(free_every) {
            return false;
        }
        self.freed_before = before;
        slots.all().any(|(_, key, slot)| slot.touched < before && key.bundle != BundleId::default())
    }

    /// Hides the label sets that have expired, given the flushed panes of all assigned groups and the panes of the parked ones. Returns the slots
    /// whose places are to be freed; none unless `frees`.
    pub(super) fn expire<'a>(
        &mut self,
        slots: &mut Slots,
        totals: &mut Totals,
        assigned: impl Iterator<Item = &'a mut Panes>,
        parked: impl Iterator<Item = &'a mut Panes>,
        frees: bool,
    ) -> Vec<(SlotId, SlotKey)> {
        let held = Held::by(slots.numbers(), assigned, parked);
        let before = self.before;
        let has_expired = |id: SlotId, slot: Slot| slot.touched < before && !held.holds_state[id.0 as usize];
        let mut is_shown = vec![false; totals.cells()];
        for (_, _, slot) in slots.all().filter(|(id, _, slot)| !has_expired(*id, *slot)) {
            let cells = slots.cells(slot).iter();
            cells.for_each(|cell| is_shown.get_mut(cell.0 as usize).into_iter().for_each(|is_shown| *is_shown = true));
        }
        let (mut leaving, mut unnamed) = (Vec::new(), Vec::new());
        for (id, key, slot) in slots.all().filter(|(id, _, slot)| has_expired(*id, *slot)) {
            // If a fact is posted before the places are freed, the series become visible again.
            unnamed.push(id);
            // The first cell is the overall value.
            for cell in slots.cells(slot).iter().skip(1) {
                if is_shown.get(cell.0 as usize) == Some(&false) {
                    totals.forget(*cell);
                }
            }
            if frees && !held.waits[id.0 as usize] && key.bundle != BundleId::default() {
                // The cells of an oldest wait are written before values are read, and the overall value is shown in any case.
                if let (SlotKind::Oldest, Some(overall)) = (slot.kind, slots.cells(slot).first()) {
                    totals.forget_oldest(*overall);
                }
                leaving.push((id, key));
            }
        }
        unnamed.into_iter().for_each(|id| slots.set_named(id, false));
        self.hidden_before = before;
        self.has_old = false;
        leaving
    }
}

/// For each slot number, whether groups hold values beside panes under it.
struct Held {
    /// Whether an assigned group holds present state.
    holds_state: Vec<bool>,
    /// Whether any group has facts ahead of now, or a parked group holds anything.
    waits: Vec<bool>,
}

impl Held {
    fn by<'a>(slots: usize, assigned: impl Iterator<Item = &'a mut Panes>, parked: impl Iterator<Item = &'a mut Panes>) -> Self {
        let mut held = Self { holds_state: vec![false; slots], waits: vec![false; slots] };
        for panes in assigned {
            panes.drop_empty_state();
            panes.states().for_each(|(id, _)| held.holds_state[id.0 as usize] = true);
            panes.slots_ahead().for_each(|id| held.waits[id.0 as usize] = true);
        }
        for panes in parked {
            panes.drop_empty_state();
            panes.states().map(|(id, _)| id).chain(panes.slots_ahead()).for_each(|id| held.waits[id.0 as usize] = true);
        }
        held
    }
}
