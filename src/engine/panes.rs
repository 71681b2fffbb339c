//! The panes of one partition group: disjoint slices of event time, fine for the short windows and coarser for the long ones.
//!
//! A fact is written once, to a list of what is new. When somebody looks, or the list is long, it goes on to the one pane it belongs in by then, and
//! panes that windows have left are rolled into the coarser tier of the next window. So while much time passes between two looks, as in catching
//! up, most facts never see the fine tiers, and writing costs the same whatever the number of windows.

mod pane;
mod sheet;

use std::collections::BTreeMap;

pub(crate) use pane::{Entry, Pane};
use rustc_hash::FxHashMap;

use super::accounts::AccountId;
use super::aggregate::{Partial, Value};
use super::standing::Standing;
use super::window::{Geometry, Place, Starts};
use crate::time::EventTime;

/// So many facts are written before they are sorted into panes without anybody looking.
const NEW_MAX: usize = 1 << 16;

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
    new: Vec<Posted>,
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
            new: Vec::new(),
            ahead: BTreeMap::new(),
            standing: None,
        }
    }

    /// Writes a fact down; gives whether there are so many now that they should be sorted into panes.
    pub(crate) fn write(&mut self, posted: Posted) -> bool {
        self.new.push(posted);
        self.new.len() >= NEW_MAX
    }

    /// Takes out what was written since it was last taken.
    pub(crate) fn take_new(&mut self) -> Vec<Posted> {
        std::mem::take(&mut self.new)
    }

    /// Gives the memory of the list back for what comes next.
    pub(crate) fn reuse(&mut self, mut emptied: Vec<Posted>) {
        emptied.clear();
        self.new = emptied;
    }

    /// The starts of the windows that the panes are sorted by.
    pub(crate) fn starts(&self) -> &Starts {
        &self.starts
    }

    /// The pane of a place.
    pub(crate) fn pane(&mut self, place: Place) -> &mut Pane {
        self.tiers[place.ring].entry(place.slice).or_default()
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

    /// Moves to new window starts and tells `left` each pane that leaves its ring, with that ring and the one it goes to.
    pub(crate) fn advance_to(&mut self, geometry: &Geometry, starts: &Starts, mut left: impl FnMut(&Pane, usize, Option<usize>)) {
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
                pane.settle();
                left(&pane, tier, next.map(|place| place.ring));
                if let Some(next) = next {
                    self.pane(next).roll(pane);
                }
            }
        }
        self.starts.clone_from(starts);
    }

    /// Every pane with its ring.
    pub(crate) fn panes(&self) -> impl Iterator<Item = (usize, &Pane)> {
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
