//! The merged view over all assigned partition groups: names, accounts, cells, and their totals by ring.

use std::sync::Arc;

use smallvec::SmallVec;

use super::EngineSettings;
use super::accounts::{Account, AccountId, Accounts, Keeping, Purpose};
use super::aggregate::{DurationClasses, Partial, Value};
use super::cells::{Cell, CellId, Cells};
use super::expiry::Expiry;
use super::fact::{Fact, Grouping};
use super::names::{BundleId, KeyId, Names};
use super::panes::{Content, Entry, Noted, Panes, Posted};
use super::scales::Scales;
use super::sums::Sums;
use super::totals::Totals;
use super::window::{Geometry, Place, Starts};
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
    pub(super) accounts: Accounts,
    pub(super) totals: Totals,
    pub(super) expiry: Expiry,
    starts: Starts,
    /// When the next window moves.
    next_move: EventTime,
    sums: Sums,
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
            cells: Cells::new(&settings.limits),
            now: EventTime::MIN,
            accounts: Accounts::default(),
            starts: geometry.starts(EventTime::MIN),
            next_move: EventTime::MIN,
            totals: Totals::new(geometry.len()),
            expiry: Expiry::new(&geometry),
            sums: Sums::default(),
            keeps_standing: false,
            geometry,
            settings,
        }
    }

    /// A view for another engine, whose names and cells have the same numbers.
    pub(crate) fn beside(&self) -> Self {
        Self {
            names: self.names.beside(&self.settings),
            scales: self.scales.beside(),
            cells: self.cells.beside(),
            ..Self::new(Arc::clone(&self.settings))
        }
    }

    /// Takes over the sums of several settled views that stand at one instant.
    pub(crate) fn hold_sums_of<'a>(&mut self, views: impl Iterator<Item = &'a Self>) {
        self.totals = Totals::new(self.geometry.len());
        for view in views {
            self.advance_to(view.now);
            self.totals.add(&view.totals);
        }
        self.names.catch_up();
        self.scales.catch_up();
        self.cells.catch_up();
    }

    /// Empty panes at the present window starts.
    pub(crate) fn panes(&self) -> Panes {
        let mut panes = Panes::new(&self.geometry, self.starts.clone());
        if self.keeps_standing {
            panes.keep_standing();
        }
        panes
    }

    /// Finds the accounts of the facts that were noted, and adds each to its own or takes it out again: by one entry, whatever the number of grouping
    /// sets and windows.
    pub(crate) fn post_noted(&mut self, panes: &mut Panes) {
        if panes.noted().is_empty() {
            return;
        }
        let noted = panes.take_noted();
        let mut is_long = false;
        for Noted { fact, sign, applied_at } in &noted {
            let id = self.account_of(fact);
            if fact.time > self.now {
                panes.lift_ahead(id, fact.time, &fact.value, i64::from(*sign));
                continue;
            }
            // State has no time of its own, but for what counts from a deadline on.
            let time = if fact.measure.is_state() { fact.time.max(*applied_at) } else { fact.time };
            let account = self.touch(id, time);
            if account.refused != [0; 2] {
                self.cells.note_refused(account.refused);
            }
            if !account.is_named {
                self.name(id, || Partial::zero_of(&fact.value));
            }
            let posted = Posted { account: id, sign: *sign, time: fact.time, value: fact.value };
            is_long |= if account.is_state { panes.write_state(posted) } else { panes.write(posted) };
        }
        panes.reuse_noted(noted);
        if is_long {
            self.settle(panes);
        }
    }

    /// Moves `now`; `false` when no window moved by it.
    pub(crate) fn advance_to(&mut self, now: EventTime) -> bool {
        self.now = now;
        if now < self.next_move {
            return false;
        }
        self.starts = self.geometry.starts(now);
        self.next_move = self.geometry.next_move(now);
        self.expiry.advance_to(&self.starts);
        true
    }

    /// Brings a group's panes to the present windows, and sorts into them all that was posted.
    pub(crate) fn settle(&mut self, panes: &mut Panes) {
        self.post_noted(panes);
        let (accounts, totals) = (&self.accounts, &mut self.totals);
        panes.advance_to(&self.geometry, &self.starts, |content, from, to| {
            enter_all(content, accounts, |cell, entry, keeps_counts| {
                totals.enter(cell, from, entry, keeps_counts, -1);
                if let Some(to) = to {
                    totals.enter(cell, to, entry, keeps_counts, 1);
                }
            });
        });
        let state = panes.take_new_state();
        for Posted { account, sign, value, .. } in &state {
            if let Value::Count(by) = value {
                self.sums.add(*account, i64::from(*sign) * by);
            } else {
                panes.lift_state(*account, value, i64::from(*sign));
            }
        }
        while let Some((account, sum)) = self.sums.pop() {
            panes.add_state(account, sum);
            let feeds = self.accounts.feeds(self.accounts.of(account));
            feeds.iter().for_each(|cell| self.totals.count(*cell, 0, sum));
        }
        panes.reuse_state(state);
        panes.sort_new(&self.geometry);
    }

    /// Brings the totals up to date with all that was posted to a group.
    pub(crate) fn tell(&mut self, panes: &mut Panes) {
        self.settle(panes);
        let (accounts, totals) = (&self.accounts, &mut self.totals);
        panes.tell(|content, ring| {
            enter_all(content, accounts, |cell, entry, keeps_counts| totals.enter(cell, ring, entry, keeps_counts, 1));
        });
    }

    /// Tells the cells whose oldest is asked for which it is now, over these groups.
    pub(crate) fn find_oldest<'a>(&mut self, groups: impl Iterator<Item = &'a Panes>) {
        for id in self.accounts.oldest() {
            let account = self.accounts.of(*id);
            let has_expired = account.touched < self.expiry.before;
            let feeds = self.accounts.feeds(account).iter().enumerate();
            // What has expired is not named anew; the overall value never does.
            let named = feeds.filter(|(nth, cell)| *nth == 0 || !has_expired || self.totals.get(**cell, 0).is_some());
            named.map(|(_, cell)| *cell).collect::<SmallVec<[CellId; 8]>>().into_iter().for_each(|cell| self.totals.forget_oldest(cell));
        }
        for panes in groups {
            for id in self.accounts.oldest() {
                if let Some(time) = panes.oldest(*id) {
                    let feeds = self.accounts.feeds(self.accounts.of(*id));
                    feeds.iter().for_each(|cell| self.totals.note_oldest(*cell, time));
                }
            }
        }
    }

    fn touch(&mut self, id: AccountId, time: EventTime) -> Account {
        self.expiry.has_old |= time < self.expiry.before;
        self.accounts.touch(id, time)
    }

    /// Names the series of an account to which something is posted that now has reached: seen from then on, at 0 until it is told.
    #[cold]
    fn name(&mut self, id: AccountId, zero: impl Fn() -> Partial) {
        self.accounts.set_named(id, true);
        let feeds = self.accounts.feeds(self.accounts.of(id));
        feeds.iter().for_each(|cell| self.totals.name(*cell, &zero));
    }

    /// Adds what lay ahead of now and has been reached.
    pub(crate) fn reach(&mut self, panes: &mut Panes) {
        while let Some((id, time, partial)) = panes.pop_reached(self.now) {
            let account = self.touch(id, time);
            if !account.is_named {
                self.name(id, || partial.zero());
            }
            if account.is_state {
                panes.combine_state(id, &partial);
                self.accounts.feeds(account).iter().for_each(|cell| self.totals.combine(*cell, 0, &partial, 1));
            } else if let Some(place) = Place::of(time, panes.starts(), &self.geometry) {
                panes.new_at(place).combine(id, &partial);
            }
        }
    }

    /// Adds everything that a settled group holds (`sign` 1, at assignment) or takes it out (`sign` -1, at revocation).
    pub(crate) fn merge(&mut self, panes: &Panes, sign: i64) {
        for (ring, content) in panes.told() {
            let totals = &mut self.totals;
            enter_all(content, &self.accounts, |cell, entry, keeps_counts| totals.enter(cell, ring, entry, keeps_counts, sign));
        }
        for (id, partial) in panes.states() {
            let account = self.accounts.of(id);
            if account.keeping != Keeping::Oldest && !partial.is_zero() {
                self.accounts.feeds(account).iter().for_each(|cell| self.totals.combine(*cell, 0, partial, sign));
            }
        }
    }

    /// Brings the panes of a group that was parked to the present window starts, without telling any total.
    pub(crate) fn catch_up(&self, panes: &mut Panes) {
        panes.advance_to(&self.geometry, &self.starts, |_, _, _| ());
    }

    /// The total of a cell in a ring.
    pub(crate) fn total(&self, ring: usize, cell: CellId) -> Option<&Partial> {
        self.totals.get(cell, ring)
    }

    /// The state of a cell.
    pub(crate) fn state(&self, cell: CellId) -> Option<&Partial> {
        self.totals.get(cell, 0)
    }

    /// The starts of the windows, shortest first.
    pub(crate) fn starts(&self) -> &Starts {
        &self.starts
    }

    fn account_of(&mut self, fact: &Fact) -> AccountId {
        let bundle = match fact.measure.grouping() {
            Grouping::Overall => BundleId::default(),
            Grouping::All | Grouping::OneDimension => self.names.contact_keys(fact.dimensions),
            Grouping::Customer => self.names.customer_keys(fact.dimensions),
        };
        let purpose = Purpose { measure: fact.measure, label: fact.label, bundle };
        self.accounts.find(purpose).unwrap_or_else(|| self.open_account(purpose, Keeping::of(&fact.value)))
    }

    fn open_account(&mut self, purpose: Purpose, keeping: Keeping) -> AccountId {
        let Purpose { measure, label, .. } = purpose;
        let purpose = if self.accounts.has_room() { purpose } else { Purpose { bundle: BundleId::default(), ..purpose } };
        if let Some(known) = self.accounts.find(purpose) {
            return known;
        }
        let keys = std::iter::once(KeyId::default()).chain(grouped_keys(&self.names, purpose));
        let cells = keys.map(|key| self.cells.feed(Cell { measure, label, key }, self.names.set_of(key)));
        self.accounts.open(purpose, keeping, cells)
    }
}

/// Hands out every entry once for each cell that its account feeds, with whether that keeps counts.
fn enter_all(content: &Content, accounts: &Accounts, mut enter: impl FnMut(CellId, &Entry<'_>, bool)) {
    // The entries of an account come one after another.
    let (mut at, mut feeds, mut keeps_counts) = (None, [].as_slice(), false);
    for (id, entry) in content.entries() {
        if at != Some(id) {
            let account = accounts.of(id);
            (at, feeds, keeps_counts) = (Some(id), accounts.feeds(account), account.keeping == Keeping::Count);
        }
        feeds.iter().for_each(|cell| enter(*cell, &entry, keeps_counts));
    }
}

/// The keys of what an account is for, beside the overall one.
pub(super) fn grouped_keys(names: &Names, purpose: Purpose) -> impl Iterator<Item = KeyId> {
    let is_kept = move |key: &KeyId| purpose.measure.grouping() != Grouping::OneDimension || names.key_len(*key) == 1;
    names.keys_of(purpose.bundle).iter().copied().filter(is_kept)
}
