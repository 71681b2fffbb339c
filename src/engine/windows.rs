//! The windows: the values of all assigned partition groups, kept as running totals by cell and ring.
//!
//! A fact comes in through the door and is assigned to its slot. It then waits in a list of its group until it is sorted into a pane. There it is
//! pending until it is added to the totals of the slot's cells, before values are read. A new fact comes in through [`Windows::post`] alone;
//! [`Windows::merge`] adds or subtracts all values of a group. Does not know tickets, chats, surveys or customers, nor how a fact followed from an
//! event.

mod accumulator;
mod cells;
mod change_sums;
mod courses;
mod day_sums;
mod fact_posting;
mod geometry;
mod keys;
mod panes;
mod series_expiry;
mod slots;
mod standing_facts;
mod stored_panes;
mod totals;

use std::sync::Arc;

use smallvec::SmallVec;

pub(crate) use accumulator::{Accumulator, Amounts, AnswerSums, Durations};
pub(crate) use cells::{Cell, CellId, Refusal};
pub(crate) use change_sums::{CHANGE_WEEKS_MAX, ChangeSums, SumsOfChange};
pub(crate) use courses::Course;
pub(crate) use fact_posting::{Door, Outbox};
pub(crate) use geometry::{Geometry, Starts, ring_of};
pub(crate) use keys::{KeyId, Keys};
pub(crate) use panes::Panes;
pub(crate) use standing_facts::StandingFacts;
pub use standing_facts::{LoyaltyAnswer, Subject};

use self::cells::Cells;
use self::courses::Courses;
use self::fact_posting::PendingFact;
use self::geometry::PanePlace;
use self::keys::BundleId;
use self::panes::{PaneContent, PaneEntry, SlotFact};
use self::series_expiry::SeriesExpiry;
use self::slots::{Slot, SlotId, SlotKey, SlotKind, Slots};
use self::totals::{SlotSums, Totals};
use super::terms::{
    AgreedNames, AgreedNumbers, Contribution, DatedCase, DimensionsId, DurationBins, EngineSettings, Fact, Grouping, JOURNEY_STAGE, Names,
    ValueNumber,
};
use crate::event::Scale;
use crate::time::EventTime;

/// The running totals of one engine, and everything on a fact's way to them.
#[derive(Debug)]
pub(crate) struct Windows {
    pub(crate) settings: Arc<EngineSettings>,
    pub(crate) geometry: Geometry,
    pub(crate) keys: Keys,
    pub(crate) scales: AgreedNumbers<Scale>,
    pub(crate) cells: Cells,
    /// The configured journey stages in their order.
    pub(crate) stages: Vec<ValueNumber>,
    /// The instant at which the windows are evaluated.
    pub(crate) now: EventTime,
    agreed: AgreedNames,
    slots: Slots,
    totals: Totals,
    expiry: SeriesExpiry,
    starts: Starts,
    /// The instant at which the next window moves.
    next_move: EventTime,
    sums: SlotSums,
    courses: Courses,
    changes: ChangeSums,
}

impl Windows {
    pub(crate) fn new(settings: &Arc<EngineSettings>) -> Self {
        let agreed = AgreedNames::new(settings);
        Self::of(settings, Keys::new(settings, &agreed), Cells::new(&settings.limits), agreed)
    }

    /// The windows of another engine, whose keys and cells have the same numbers.
    pub(crate) fn beside(&self) -> Self {
        Self::of(&self.settings, self.keys.beside(&self.settings), self.cells.beside(), self.agreed.clone())
    }

    fn of(settings: &Arc<EngineSettings>, keys: Keys, cells: Cells, agreed: AgreedNames) -> Self {
        let geometry = Geometry::new(&settings.windows);
        Self {
            keys,
            scales: AgreedNumbers::of(&agreed.scales),
            cells,
            stages: settings.journey.stages.iter().map(|stage| agreed.value(settings, JOURNEY_STAGE, &stage.name)).collect(),
            now: EventTime::MIN,
            agreed,
            slots: Slots::default(),
            courses: Courses::new(&settings.windows, &geometry.starts(EventTime::MIN)),
            starts: geometry.starts(EventTime::MIN),
            next_move: EventTime::MIN,
            totals: Totals::new(geometry.len()),
            expiry: SeriesExpiry::new(&geometry),
            sums: SlotSums::default(),
            changes: ChangeSums::default(),
            geometry,
            settings: Arc::clone(settings),
        }
    }

    /// Replaces the totals by the sums of several flushed engines, whose windows must be at the same instant.
    pub(crate) fn hold_sums_of<'a>(&mut self, others: impl Iterator<Item = &'a Self>) {
        self.totals = Totals::new(self.geometry.len());
        self.courses = Courses::new(&self.settings.windows, &self.starts);
        let others: Vec<&Self> = others.collect();
        for other in &others {
            self.advance_to(other.now);
            self.totals.add(&other.totals);
            self.courses.add(&other.courses);
        }
        self.changes.hold_sums_of(others.iter().map(|other| &other.changes));
        self.catch_up_numbers();
    }

    /// The names that all partition groups of the process agree on.
    pub(crate) fn agreed_names(&self) -> &AgreedNames {
        &self.agreed
    }

    /// Empty panes for the present window starts.
    pub(crate) fn panes(&self) -> Panes {
        Panes::new(&self.geometry, self.starts.clone())
    }

    /// Finds the slots of the facts in a group's outbox, and writes one entry for each fact: an addition to its slot or a subtraction from it. The
    /// cost does not depend on the number of grouping sets and windows.
    pub(crate) fn post(&mut self, outbox: &mut Outbox, panes: &mut Panes, names: &Names, bins: &DurationBins) {
        if outbox.is_empty() {
            return;
        }
        let pending = outbox.take();
        let mut is_long = false;
        for PendingFact { fact, sign, applied_at } in &pending {
            if let Some(case) = fact.dated_case(bins) {
                self.note_case(case, fact.dimensions, i64::from(*sign), panes, names);
            }
            let id = self.slot_of(fact, panes, names);
            let (is_ahead, is_state) = (fact.time > self.now, fact.measure.is_state());
            // The series of a window shows 0 until now reaches its first fact, so that it does not matter how soon the events were read.
            if !(is_ahead && is_state) {
                // A state counts from the time of the event that set it, unless it counts from a later deadline.
                let time = if is_state { fact.time.max(*applied_at) } else { fact.time };
                let slot = self.touch(id, time);
                if slot.refused != [0; 2] {
                    self.cells.note_refused(slot.refused);
                }
                if !slot.is_named {
                    self.name(id, || Accumulator::zero_of(&fact.value));
                }
            }
            if is_ahead {
                panes.apply_ahead(id, fact.time, &fact.value, i64::from(*sign));
                continue;
            }
            let fact = SlotFact { slot: id, sign: *sign, time: fact.time, value: fact.value };
            is_long |= if is_state { panes.write_state(fact) } else { panes.write(fact) };
        }
        outbox.reuse(pending);
        if is_long {
            self.sort(panes);
        }
    }

    /// Moves `now`; returns whether a window moved.
    pub(crate) fn advance_to(&mut self, now: EventTime) -> bool {
        self.now = now;
        self.changes.advance_to(now, &self.settings);
        if now < self.next_move {
            return false;
        }
        self.starts = self.geometry.starts(now);
        self.next_move = self.geometry.next_move(now);
        self.expiry.advance_to(&self.starts);
        self.courses.advance_to(&self.starts);
        true
    }

    /// Adds a case to the sums of its day, or subtracts it.
    fn note_case(&mut self, case: DatedCase, of: DimensionsId, sign: i64, panes: &mut Panes, names: &Names) {
        let bundle = panes.bundles(of, names, &mut self.keys)[0];
        if panes.days.apply(case, bundle, sign, self.changes.oldest(), self.settings.limits.day_sums_max) {
            self.changes.apply(case, bundle, sign, &mut self.keys, &self.settings);
        }
    }

    /// Brings the sums around the marked changes up to date with those of all assigned groups.
    pub(crate) fn settle_changes<'a>(&mut self, groups: impl Iterator<Item = &'a mut Panes>) {
        self.changes.settle(groups.map(|panes| &mut panes.days), &mut self.keys, &self.settings);
    }

    /// Uses other settings, of which the marked changes may differ.
    pub(crate) fn set_settings(&mut self, settings: Arc<EngineSettings>) {
        self.settings = settings;
        self.changes.note_stale();
    }

    /// The sums around the marked changes.
    pub(crate) fn changes(&self) -> &ChangeSums {
        &self.changes
    }

    /// Moves a group's panes, and its share of the totals, to the present windows. Sorts the posted facts into panes. Adds up the posted states,
    /// whose counts enter the totals at once.
    pub(crate) fn sort(&mut self, panes: &mut Panes) {
        let (slots, totals) = (&self.slots, &mut self.totals);
        panes.advance_to(&self.geometry, &self.starts, |content, from, to| {
            for_each_cell(content, slots, |cell, entry, keeps_counts| {
                totals.enter(cell, from, entry, keeps_counts, -1);
                if let Some(to) = to {
                    totals.enter(cell, to, entry, keeps_counts, 1);
                }
            });
        });
        let state = panes.take_pending_state();
        for SlotFact { slot, sign, value, .. } in &state {
            if let Contribution::Count(by) = value {
                self.sums.add(*slot, i64::from(*sign) * by);
            } else {
                let sign = i64::from(*sign);
                panes.apply_state(*slot, value, sign);
                let slot = self.slots.of(*slot);
                // The oldest start is found among the states themselves.
                let cells = if slot.kind == SlotKind::Oldest { &[] } else { self.slots.cells(slot) };
                cells.iter().for_each(|cell| self.totals.apply(*cell, 0, value, sign));
            }
        }
        while let Some((slot, sum)) = self.sums.pop() {
            panes.apply_state(slot, &Contribution::Count(sum), 1);
            let cells = self.slots.cells(self.slots.of(slot));
            cells.iter().for_each(|cell| self.totals.count(*cell, 0, sum));
        }
        panes.reuse_state(state);
        panes.sort_pending(&self.geometry);
    }

    /// Adds all pending facts of a group to the totals.
    pub(crate) fn flush(&mut self, panes: &mut Panes) {
        self.sort(panes);
        let (slots, totals, courses) = (&self.slots, &mut self.totals, &mut self.courses);
        panes.flush(&self.geometry, |content, place| {
            for_each_cell(content, slots, |cell, entry, keeps_counts| totals.enter(cell, place.0, entry, keeps_counts, 1));
            enter_courses(content, slots, place, courses, 1);
        });
    }

    /// For each measure of the oldest wait, finds the oldest start over these groups.
    pub(crate) fn find_oldest<'a>(&mut self, groups: impl Iterator<Item = &'a Panes>) {
        for id in self.slots.oldest() {
            let slot = self.slots.of(*id);
            let has_expired = self.expiry.has_passed(slot.touched);
            let cells = self.slots.cells(slot).iter().enumerate();
            // An expired series does not reappear; the overall value never expires.
            let named = cells.filter(|(nth, cell)| *nth == 0 || !has_expired || self.totals.get(**cell, 0).is_some());
            named.map(|(_, cell)| *cell).collect::<SmallVec<[CellId; 8]>>().into_iter().for_each(|cell| self.totals.forget_oldest(cell));
        }
        for panes in groups {
            for id in self.slots.oldest() {
                if let Some(time) = panes.oldest(*id) {
                    let cells = self.slots.cells(self.slots.of(*id));
                    cells.iter().for_each(|cell| self.totals.note_oldest(*cell, time));
                }
            }
        }
    }

    /// Adds the facts that lay ahead of now and that now has reached.
    pub(crate) fn reach(&mut self, panes: &mut Panes) {
        while let Some((id, time, accumulator)) = panes.pop_reached(self.now) {
            let slot = self.touch(id, time);
            if !slot.is_named {
                self.name(id, || accumulator.zero());
            }
            if slot.is_state {
                panes.merge_state(id, &accumulator);
                self.slots.cells(slot).iter().for_each(|cell| self.totals.merge(*cell, 0, &accumulator, 1));
            } else if let Some(place) = PanePlace::of(time, panes.starts(), &self.geometry) {
                panes.pending_at(place).merge(id, &accumulator);
            }
        }
    }

    /// Adds all flushed values of a group (`sign` 1, at assignment) or subtracts them (`sign` -1, at revocation).
    pub(crate) fn merge(&mut self, panes: &Panes, sign: i64) {
        self.changes.note_stale();
        for (place, content) in panes.flushed(&self.geometry) {
            let totals = &mut self.totals;
            for_each_cell(content, &self.slots, |cell, entry, keeps_counts| totals.enter(cell, place.0, entry, keeps_counts, sign));
            enter_courses(content, &self.slots, place, &mut self.courses, sign);
        }
        for (id, accumulator) in panes.states() {
            let slot = self.slots.of(id);
            if slot.kind != SlotKind::Oldest && !accumulator.is_zero() {
                self.slots.cells(slot).iter().for_each(|cell| self.totals.merge(*cell, 0, accumulator, sign));
            }
        }
    }

    /// Moves the panes of a parked group to the present window starts, without changing any total.
    pub(crate) fn catch_up(&self, panes: &mut Panes) {
        panes.advance_to(&self.geometry, &self.starts, |_, _, _| ());
    }

    /// Copies the numbers of names, scales and cells that other engines and groups have added.
    pub(crate) fn catch_up_numbers(&mut self) {
        self.keys.catch_up();
        self.scales.catch_up();
        self.cells.catch_up();
    }

    /// Whether series may have expired since series were last hidden.
    pub(crate) fn must_hide_series(&self) -> bool {
        self.expiry.must_hide()
    }

    /// The instant at which it is time to free the places of expired series.
    pub(crate) fn next_freeing(&self) -> EventTime {
        self.expiry.next_freeing()
    }

    /// Whether it is time to free the places of expired series and some may have expired. The answer `true` is given once.
    pub(crate) fn must_free_series(&mut self) -> bool {
        self.expiry.must_free(&self.slots)
    }

    /// Notes that a group was revoked: series that only its state kept alive may have expired long ago.
    pub(crate) fn note_revoked(&mut self) {
        self.expiry.note_old();
    }

    /// Hides the series that have expired, given the sorted panes of all assigned groups and the panes of the parked ones. If `frees`, the places of
    /// their slots are freed as well.
    pub(crate) fn expire<'a>(
        &mut self,
        assigned: impl Iterator<Item = &'a mut Panes>,
        parked: impl Iterator<Item = &'a mut Panes>,
        frees: bool,
    ) {
        let expired = self.expiry.expire(&mut self.slots, &mut self.totals, assigned, parked, frees);
        if expired.is_empty() {
            return;
        }
        let keys = &self.keys;
        let cells = expired.iter().flat_map(|(_, key)| {
            let cell = |group_key| Cell { measure: key.measure, label: key.label, key: group_key };
            grouped_keys(keys, *key).map(move |group_key| (cell(group_key), keys.set_of(group_key)))
        });
        self.cells.leave(cells);
        self.slots.close(expired.iter().map(|(id, _)| *id));
    }

    /// The total of a cell in a ring.
    pub(crate) fn total(&self, ring: usize, cell: CellId) -> Option<&Accumulator> {
        self.totals.get(cell, ring)
    }

    /// The present value of a state cell.
    pub(crate) fn state(&self, cell: CellId) -> Option<&Accumulator> {
        self.totals.get(cell, 0)
    }

    /// The courses of the windows, shortest window first.
    pub(crate) fn courses(&self) -> &[Course] {
        self.courses.all()
    }

    /// The starts of the windows, shortest window first.
    pub(crate) fn starts(&self) -> &Starts {
        &self.starts
    }

    /// Notes the time of a fact that is posted to a slot.
    fn touch(&mut self, id: SlotId, time: EventTime) -> Slot {
        self.expiry.note_posted(time);
        self.slots.touch(id, time)
    }

    /// Makes the series of a slot visible, when now has reached a first fact. They show 0 until the totals are flushed.
    #[cold]
    fn name(&mut self, id: SlotId, zero: impl Fn() -> Accumulator) {
        self.slots.set_named(id, true);
        let cells = self.slots.cells(self.slots.of(id));
        cells.iter().for_each(|cell| self.totals.name(*cell, &zero));
    }

    /// The slot of a fact, which is opened if it is new.
    fn slot_of(&mut self, fact: &Fact, panes: &mut Panes, names: &Names) -> SlotId {
        let bundle = match fact.measure.grouping() {
            Grouping::Overall => BundleId::default(),
            Grouping::All | Grouping::OneDimension => panes.bundles(fact.dimensions, names, &mut self.keys)[0],
            Grouping::Customer => panes.bundles(fact.dimensions, names, &mut self.keys)[1],
        };
        let key = SlotKey { measure: fact.measure, label: fact.label.number(names), bundle };
        self.slots.find(key).unwrap_or_else(|| self.open_slot(key, SlotKind::of(&fact.value)))
    }

    /// Opens a slot; when there are too many slots, the fact counts in the overall value only.
    fn open_slot(&mut self, key: SlotKey, kind: SlotKind) -> SlotId {
        let SlotKey { measure, label, .. } = key;
        let key = if self.slots.has_room() { key } else { SlotKey { bundle: BundleId::default(), ..key } };
        if let Some(known) = self.slots.find(key) {
            return known;
        }
        let keys = std::iter::once(KeyId::default()).chain(grouped_keys(&self.keys, key));
        let cells = keys.map(|group_key| self.cells.feed(Cell { measure, label, key: group_key }, self.keys.set_of(group_key)));
        self.slots.open(key, kind, cells)
    }
}

/// Passes every entry to `enter` once for each cell of its slot, and whether the cell is a count.
fn for_each_cell(content: &PaneContent, slots: &Slots, mut enter: impl FnMut(CellId, &PaneEntry<'_>, bool)) {
    // The entries of a slot are usually neighbours.
    let (mut at, mut cells, mut keeps_counts) = (None, [].as_slice(), false);
    for (id, entry) in content.entries() {
        if at != Some(id) {
            let slot = slots.of(id);
            (at, cells, keeps_counts) = (Some(id), slots.cells(slot), slot.kind == SlotKind::Count);
        }
        cells.iter().for_each(|cell| enter(*cell, &entry, keeps_counts));
    }
}

/// Adds the entries of measures that have a course to the slices of their pane, or subtracts them.
fn enter_courses(content: &PaneContent, slots: &Slots, place: (usize, EventTime), courses: &mut Courses, sign: i64) {
    let (mut at, mut of) = (None, None);
    for (id, entry) in content.entries() {
        if at != Some(id) {
            let key = slots.key(id).filter(|key| key.measure.has_course());
            (at, of) = (Some(id), key.map(|key| ((key.measure, key.label), slots.of(id).kind == SlotKind::Count)));
        }
        if let Some((key, keeps_counts)) = of {
            courses.enter(place, key, &entry, keeps_counts, sign);
        }
    }
}

/// The group keys of a slot, without the overall key.
fn grouped_keys(keys: &Keys, slot: SlotKey) -> impl Iterator<Item = KeyId> {
    let is_kept = move |key: &KeyId| slot.measure.grouping() != Grouping::OneDimension || keys.key_len(*key) == 1;
    keys.keys_of(slot.bundle).iter().copied().filter(is_kept)
}
