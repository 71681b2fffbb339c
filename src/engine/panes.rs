//! The panes of one partition group: disjoint slices of event time, fine for the short windows and coarser for the long ones.
//!
//! A fact is written once, to a list of what is new. When somebody looks, or the list is long, it goes on to the one pane it belongs in by then, and
//! panes that windows have left are rolled into the coarser tier of the next window. So while much time passes between two looks, as in catching
//! up, most facts never see the fine tiers, and writing costs the same whatever the number of windows.

mod pane;
mod sheet;

use std::collections::BTreeMap;

use pane::Pane;
pub(crate) use pane::{Content, Entry};
use rustc_hash::FxHashMap;

use super::accounts::AccountId;
use super::aggregate::{Partial, Value};
use super::fact::Fact;
use super::standing::Standing;
use super::window::{Geometry, Place, Starts};
use crate::time::EventTime;

/// So many facts are written before they are sorted into panes without anybody looking.
const NEW_MAX: usize = 1 << 14;

/// A fact as it follows from an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Noted {
    pub(crate) fact: Fact,
    /// 1 where it is added, -1 where it is taken out again.
    pub(crate) sign: i8,
    /// The time of the event: what is state has none of its own.
    pub(crate) applied_at: EventTime,
}

/// A fact as it was posted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Posted {
    pub(crate) account: AccountId,
    /// 1 where it is added, -1 where it is taken out again.
    pub(crate) sign: i8,
    pub(crate) time: EventTime,
    pub(crate) value: Value,
}

/// The panes of all tiers, and the state that has no time.
#[derive(Clone, Debug)]
pub(crate) struct Panes {
    tiers: Vec<BTreeMap<i64, Pane>>,
    starts: Starts,
    state: FxHashMap<AccountId, Partial>,
    /// Facts as they follow from events, with their signs; their accounts are looked up for many at once.
    noted: Vec<Noted>,
    applied_at: EventTime,
    new: Vec<Posted>,
    new_state: Vec<Posted>,
    /// What lies later than now, such as a deadline still to come: in no window yet.
    ahead: BTreeMap<(EventTime, AccountId), Partial>,
    /// The facts behind all of it, where they are asked for.
    pub(super) standing: Option<Box<Standing>>,
}

impl Panes {
    pub(crate) fn new(geometry: &Geometry, starts: Starts) -> Self {
        Self {
            tiers: vec![BTreeMap::new(); geometry.len()],
            starts,
            state: FxHashMap::default(),
            noted: Vec::new(),
            applied_at: EventTime::MIN,
            new: Vec::new(),
            new_state: Vec::new(),
            ahead: BTreeMap::new(),
            standing: None,
        }
    }

    /// Notes facts that are to be added (`sign` 1) or taken out again (`sign` -1).
    pub(crate) fn note(&mut self, facts: &[Fact], sign: i8) {
        let applied_at = self.applied_at;
        self.noted.extend(facts.iter().map(|fact| Noted { fact: *fact, sign, applied_at }));
    }

    /// Says at which event time what is noted from now on is applied.
    pub(crate) fn set_applied_at(&mut self, time: EventTime) {
        self.applied_at = time;
    }

    /// What was noted and is not posted yet.
    pub(crate) fn noted(&self) -> &[Noted] {
        &self.noted
    }

    /// Takes out what was noted.
    pub(crate) fn take_noted(&mut self) -> Vec<Noted> {
        std::mem::take(&mut self.noted)
    }

    /// Gives the memory of the list back for what comes next.
    pub(crate) fn reuse_noted(&mut self, mut emptied: Vec<Noted>) {
        emptied.clear();
        self.noted = emptied;
    }

    /// Writes a fact down; gives whether there are so many now that they should be sorted into panes.
    pub(crate) fn write(&mut self, posted: Posted) -> bool {
        self.new.push(posted);
        self.new.len() >= NEW_MAX
    }

    /// The same for a fact of the state.
    pub(crate) fn write_state(&mut self, posted: Posted) -> bool {
        self.new_state.push(posted);
        self.new_state.len() >= NEW_MAX
    }

    /// Takes out the facts of the state that were written since they were last taken.
    pub(crate) fn take_new_state(&mut self) -> Vec<Posted> {
        std::mem::take(&mut self.new_state)
    }

    /// Gives the memory of the list back for what comes next.
    pub(crate) fn reuse_state(&mut self, mut emptied: Vec<Posted>) {
        emptied.clear();
        self.new_state = emptied;
    }

    /// Sorts the other facts into the panes that they belong in by now.
    pub(crate) fn sort_new(&mut self, geometry: &Geometry) {
        let new = std::mem::take(&mut self.new);
        let mut rest = new.iter().peekable();
        while let Some(first) = rest.peek() {
            let Some(place) = Place::of(first.time, &self.starts, geometry) else {
                // Older than every window.
                rest.next();
                continue;
            };
            let content = self.new_at(place);
            while let Some(Posted { account, sign, value, .. }) = rest.next_if(|p| place.holds(p.time)) {
                content.lift(*account, value, i64::from(*sign));
            }
        }
        self.new = new;
        self.new.clear();
    }

    /// The starts of the windows that the panes are sorted by.
    pub(crate) fn starts(&self) -> &Starts {
        &self.starts
    }

    /// What is new in the pane of a place.
    pub(crate) fn new_at(&mut self, place: Place) -> &mut Content {
        &mut self.tiers[place.ring].entry(place.slice).or_default().new
    }

    /// Adds to a count of the state.
    pub(crate) fn add_state(&mut self, account: AccountId, by: i64) {
        self.lift_state(account, &Value::Count(by), 1);
    }

    /// Adds a value to the state, or takes it out again.
    pub(crate) fn lift_state(&mut self, account: AccountId, value: &Value, sign: i64) {
        self.state.entry(account).or_insert_with(|| Partial::zero_of(value)).lift(value, sign);
    }

    /// The oldest member of a set of the state.
    pub(crate) fn oldest(&self, account: AccountId) -> Option<EventTime> {
        let Partial::Since(members) = self.state.get(&account)? else { unreachable!("an account keeps one kind of aggregate for life") };
        Some(*members.first_key_value()?.0)
    }

    /// Adds what lay ahead to the state.
    pub(crate) fn combine_state(&mut self, account: AccountId, partial: &Partial) {
        self.state.entry(account).or_insert_with(|| partial.zero()).combine(partial, 1);
    }

    /// Adds a value at an instant later than now.
    pub(crate) fn lift_ahead(&mut self, account: AccountId, time: EventTime, value: &Value, sign: i64) {
        let partial = self.ahead.entry((time, account)).or_insert_with(|| Partial::zero_of(value));
        partial.lift(value, sign);
        if partial.is_zero() {
            self.ahead.remove(&(time, account));
        }
    }

    /// Takes out the first of what now has reached.
    pub(crate) fn pop_reached(&mut self, now: EventTime) -> Option<(AccountId, EventTime, Partial)> {
        let entry = self.ahead.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((time, account), partial) = entry.remove_entry();
        Some((account, time, partial))
    }

    /// Moves to new window starts, and tells `left` of what leaves its ring and was told before, with that ring and the one it goes to.
    pub(crate) fn advance_to(&mut self, geometry: &Geometry, starts: &Starts, mut left: impl FnMut(&Content, usize, Option<usize>)) {
        for tier in 0..self.tiers.len() {
            let width = geometry.width(tier);
            let first_kept = starts[tier].slice(width);
            if self.tiers[tier].first_key_value().is_none_or(|(slice, _)| *slice >= first_kept) {
                continue;
            }
            let mut gone = self.tiers[tier].split_off(&first_kept);
            std::mem::swap(&mut gone, &mut self.tiers[tier]);
            for (slice, mut pane) in gone {
                let next = Place::of(EventTime(slice * width.0), starts, geometry);
                if !pane.told.is_empty() {
                    pane.told.settle();
                    left(&pane.told, tier, next.map(|place| place.ring));
                }
                if let Some(next) = next {
                    self.tiers[next.ring].entry(next.slice).or_default().roll(pane);
                }
            }
        }
        self.starts.clone_from(starts);
    }

    /// Tells of everything that is new, with its ring.
    pub(crate) fn tell(&mut self, mut tell: impl FnMut(&Content, usize)) {
        for (ring, tier) in self.tiers.iter_mut().enumerate() {
            for pane in tier.values_mut().filter(|pane| !pane.new.is_empty()) {
                pane.new.settle();
                tell(&pane.new, ring);
                pane.told.roll(std::mem::take(&mut pane.new));
            }
        }
    }

    /// Everything that was told, with its ring.
    pub(crate) fn told(&self) -> impl Iterator<Item = (usize, &Content)> {
        self.panes().map(|(ring, pane)| (ring, &pane.told))
    }

    fn panes(&self) -> impl Iterator<Item = (usize, &Pane)> {
        self.tiers.iter().enumerate().flat_map(|(ring, tier)| tier.values().map(move |pane| (ring, pane)))
    }

    /// The state that has no time.
    pub(crate) fn states(&self) -> impl Iterator<Item = (AccountId, &Partial)> {
        self.state.iter().map(|(account, partial)| (*account, partial))
    }

    /// Lets go of state that is empty.
    pub(crate) fn drop_empty_state(&mut self) {
        self.state.retain(|_, partial| !partial.is_zero());
    }

    /// The accounts of what lies later than now.
    pub(crate) fn accounts_ahead(&self) -> impl Iterator<Item = AccountId> {
        self.ahead.keys().map(|(_, account)| *account)
    }

    /// How many panes and how many entries in them.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.panes().count(), self.panes().map(|(_, pane)| pane.len()).sum())
    }
}
