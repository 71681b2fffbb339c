//! Expiry: a label set that has been empty for longer than the longest window is not shown any more, and later gives its place back.
//!
//! When the latest fact of a label set has left the longest window it stands at 0; one longest window later it has expired, unless it holds state
//! of now. That is a function of event times and `now`, whoever looks and however often, so several engines show together what one shows: a sum
//! has a label set as long as any of them has it. Accounts and cells are freed more rarely than they are hidden, at instants that `now` alone
//! decides, so that under a limit, too, the order of events decides and no look. The overall values never expire.

use super::accounts::{Account, AccountId, Keeping, Purpose};
use super::cells::Cell;
use super::names::BundleId;
use super::panes::Panes;
use super::view::{View, grouped_keys};
use super::window::{Geometry, Starts};
use crate::time::{EventTime, Span};

/// So many times in a longest window expired accounts are freed: more often, catching up would sort facts into panes before it must.
const FREED_PER_RANGE: i64 = 32;
/// Nor more often than this where the longest window is short.
const FREED_EVERY_MIN: Span = Span::minutes(15);

/// Which instants decide what has expired.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expiry {
    /// The longest range, and after how many of its hops accounts are freed.
    range: Span,
    hop: Span,
    free_every: Span,
    /// What was last touched before this has expired.
    pub(super) before: EventTime,
    /// That of the last time that label sets were hidden, and accounts freed.
    hidden_before: EventTime,
    freed_before: EventTime,
    /// Whether something was posted since to what has expired all the same.
    pub(super) has_old: bool,
}

impl Expiry {
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
}

impl View {
    /// Whether label sets may have expired since they were last hidden.
    pub(crate) fn must_hide(&self) -> bool {
        self.expiry.has_old || self.expiry.before > self.expiry.hidden_before
    }

    /// From when on it is time to free what has expired.
    pub(crate) fn next_freeing(&self) -> EventTime {
        let Expiry { range, hop, freed_before, free_every, .. } = self.expiry;
        let before = EventTime((freed_before.slice(free_every) + 1) * free_every.0);
        // The longest window starts a range before the end of the running hop, and what has expired was last touched a range before that.
        before + range + range - hop
    }

    /// Whether it is time to free what has expired, and something may have; asked again it is not.
    pub(crate) fn must_free(&mut self) -> bool {
        let Expiry { before, freed_before, free_every, .. } = self.expiry;
        if before.slice(free_every) <= freed_before.slice(free_every) {
            return false;
        }
        self.expiry.freed_before = before;
        self.accounts.all().any(|(_, purpose, account)| account.touched < before && purpose.bundle != BundleId::default())
    }

    /// Hides the label sets that have expired, given the settled panes of all assigned groups and those of the parked ones; `frees` gives the
    /// places of their accounts back as well.
    pub(crate) fn expire<'a>(
        &mut self,
        assigned: impl Iterator<Item = &'a mut Panes>,
        parked: impl Iterator<Item = &'a mut Panes>,
        frees: bool,
    ) {
        let mut stands = vec![false; self.accounts.numbers()];
        // What is kept under an account's number beside its panes.
        let mut waits = stands.clone();
        for panes in assigned {
            panes.drop_empty_state();
            panes.states().for_each(|(id, _)| stands[id.0 as usize] = true);
            panes.accounts_ahead().for_each(|id| waits[id.0 as usize] = true);
        }
        for panes in parked {
            panes.drop_empty_state();
            panes.states().map(|(id, _)| id).chain(panes.accounts_ahead()).for_each(|id| waits[id.0 as usize] = true);
        }
        let before = self.expiry.before;
        let has_expired = |id: AccountId, account: Account| account.touched < before && !stands[id.0 as usize];
        let mut is_fed = vec![false; self.totals.cells()];
        for (_, _, account) in self.accounts.all().filter(|(id, _, account)| !has_expired(*id, *account)) {
            let feeds = self.accounts.feeds(account).iter();
            feeds.for_each(|cell| is_fed.get_mut(cell.0 as usize).into_iter().for_each(|is_fed| *is_fed = true));
        }
        let (mut leaving, mut unnamed) = (Vec::new(), Vec::new());
        for (id, purpose, account) in self.accounts.all().filter(|(id, _, account)| has_expired(*id, *account)) {
            // Should it come back before its places are given back, its series are named anew.
            unnamed.push(id);
            // The first is the overall value.
            for cell in self.accounts.feeds(account).iter().skip(1) {
                if is_fed.get(cell.0 as usize) == Some(&false) {
                    self.totals.forget(*cell);
                }
            }
            if frees && !waits[id.0 as usize] && purpose.bundle != BundleId::default() {
                // Of sets whose oldest is asked for, cells are told when somebody looks; the overall value was seen, looked at or not.
                if let (Keeping::Oldest, Some(overall)) = (account.keeping, self.accounts.feeds(account).first()) {
                    self.totals.forget_oldest(*overall);
                }
                leaving.push((id, purpose));
            }
        }
        unnamed.into_iter().for_each(|id| self.accounts.set_named(id, false));
        self.expiry.hidden_before = before;
        self.expiry.has_old = false;
        self.free(&leaving);
    }

    fn free(&mut self, leaving: &[(AccountId, Purpose)]) {
        if leaving.is_empty() {
            return;
        }
        let names = &self.names;
        let cells = leaving.iter().flat_map(|(_, purpose)| {
            let cell = |key| Cell { measure: purpose.measure, label: purpose.label, key };
            grouped_keys(names, *purpose).map(move |key| (cell(key), names.set_of(key)))
        });
        self.cells.leave(cells);
        self.accounts.close(leaving.iter().map(|(id, _)| *id));
    }
}
