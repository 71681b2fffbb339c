//! Accounts: what a fact is posted to. An account is one measure, label and bundle of group keys, so a fact is kept once however many grouping
//! sets there are; the cells that it feeds, one for the overall value and one for each key, are looked up when totals are brought up to date.

use rustc_hash::FxHashMap;

use super::aggregate::Value;
use super::cells::{CellId, Refusal};
use super::fact::{Label, Measure};
use super::names::BundleId;
use crate::time::EventTime;

/// Accounts kept apart at most; beyond, a fact counts in the overall value alone.
const ACCOUNTS_MAX: usize = 1 << 20;

/// The number of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct AccountId(pub(crate) u32);

/// How what is posted to an account is kept in panes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// A number.
    Count,
    /// Numbers by class, and a sum.
    Durations,
    /// Members of whom the oldest is asked for: a set that is kept once, and of which the cells are told the oldest when somebody looks.
    Oldest,
    /// Any other aggregate.
    Other,
}

impl Keeping {
    /// How values of this kind are kept.
    pub(crate) const fn of(value: &Value) -> Self {
        match value {
            Value::Count(_) => Self::Count,
            Value::Duration(..) => Self::Durations,
            Value::Since(_) => Self::Oldest,
            Value::Vote(_) | Value::Pair(..) => Self::Other,
        }
    }
}

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Purpose {
    pub(crate) measure: Measure,
    pub(crate) label: Label,
    pub(crate) bundle: BundleId,
}

/// An account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    /// The latest event time of what was posted to it.
    pub(crate) touched: EventTime,
    feeds_from: u32,
    feeds: u8,
    /// How many of its keys found no cell, by the limit that left them no place.
    pub(crate) refused: [u8; 2],
    pub(crate) is_state: bool,
    /// Whether its cells were seen, so that they are shown.
    pub(crate) is_named: bool,
    pub(crate) keeping: Keeping,
}

/// All accounts of this process.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    /// The accounts of measures without a label, which are nearly all that is asked for: a row for each bundle, with one more than the number of
    /// the account, so that the facts of one ticket find theirs side by side.
    unlabelled: Vec<[u32; Measure::COUNT]>,
    /// The accounts of measures with a label.
    labelled: FxHashMap<Purpose, AccountId>,
    accounts: Vec<Account>,
    /// What each is for; `None` where it is closed.
    purposes: Vec<Option<Purpose>>,
    feeds: Vec<CellId>,
    /// The accounts of which the oldest member is asked for.
    oldest: Vec<AccountId>,
    closed: Vec<AccountId>,
    was_full: bool,
}

impl Accounts {
    /// The account of a purpose, where it is open.
    #[inline]
    pub(crate) fn find(&self, purpose: Purpose) -> Option<AccountId> {
        if purpose.label != Label::default() {
            return self.labelled.get(&purpose).copied();
        }
        let row = self.unlabelled.get(purpose.bundle.0 as usize)?;
        row[purpose.measure as usize].checked_sub(1).map(AccountId)
    }

    /// Whether a further one may be opened. Once there were too many it never may: what counted overall alone then may still be taken back,
    /// and must find the account it was posted to.
    pub(crate) fn has_room(&mut self) -> bool {
        self.was_full |= self.accounts.len() - self.closed.len() >= ACCOUNTS_MAX;
        !self.was_full
    }

    /// Opens an account that feeds these cells, the overall one first; a key without a cell comes with the limit that left it none.
    pub(crate) fn open(&mut self, purpose: Purpose, keeping: Keeping, feeds: impl Iterator<Item = Result<CellId, Refusal>>) -> AccountId {
        let feeds_from = self.feeds.len() as u32;
        let mut refused = [0; 2];
        for cell in feeds {
            match cell {
                Ok(cell) => self.feeds.push(cell),
                Err(refusal) => refused[refusal as usize] += 1,
            }
        }
        let feeds = (self.feeds.len() as u32 - feeds_from) as u8;
        let account =
            Account { touched: EventTime::MIN, feeds_from, feeds, refused, is_state: purpose.measure.is_state(), is_named: false, keeping };
        let id = self.closed.pop().unwrap_or(AccountId(self.accounts.len() as u32));
        if id.0 as usize == self.accounts.len() {
            self.accounts.push(account);
            self.purposes.push(Some(purpose));
        } else {
            self.accounts[id.0 as usize] = account;
            self.purposes[id.0 as usize] = Some(purpose);
        }
        self.list(purpose, id.0 + 1);
        if keeping == Keeping::Oldest {
            self.oldest.push(id);
        }
        id
    }

    /// Lists the number of a purpose's account and one, or none by 0.
    fn list(&mut self, purpose: Purpose, number: u32) {
        if purpose.label != Label::default() {
            match number.checked_sub(1) {
                Some(id) => self.labelled.insert(purpose, AccountId(id)),
                None => self.labelled.remove(&purpose),
            };
            return;
        }
        let row = purpose.bundle.0 as usize;
        if self.unlabelled.len() <= row {
            self.unlabelled.resize(row + 1, [0; Measure::COUNT]);
        }
        self.unlabelled[row][purpose.measure as usize] = number;
    }

    /// Notes that the cells of an account were seen, or that they have expired.
    pub(crate) fn set_named(&mut self, id: AccountId, is_named: bool) {
        self.accounts[id.0 as usize].is_named = is_named;
    }

    /// Closes accounts, whose numbers are then free; nothing may be kept under them any more.
    pub(crate) fn close(&mut self, leaving: impl Iterator<Item = AccountId>) {
        for id in leaving {
            if let Some(purpose) = self.purposes[id.0 as usize].take() {
                self.list(purpose, 0);
                self.closed.push(id);
            }
        }
        let purposes = &self.purposes;
        self.oldest.retain(|id| purposes[id.0 as usize].is_some());
        let before = std::mem::take(&mut self.feeds);
        for (account, _) in self.accounts.iter_mut().zip(purposes).filter(|(_, purpose)| purpose.is_some()) {
            let from = account.feeds_from as usize;
            account.feeds_from = self.feeds.len() as u32;
            self.feeds.extend_from_slice(&before[from..from + usize::from(account.feeds)]);
        }
    }

    /// All open accounts.
    pub(crate) fn all(&self) -> impl Iterator<Item = (AccountId, Purpose, Account)> {
        let accounts = self.purposes.iter().zip(&self.accounts).enumerate();
        accounts.filter_map(|(at, (purpose, account))| Some((AccountId(at as u32), (*purpose)?, *account)))
    }

    /// One more than the largest number of an account.
    pub(crate) fn numbers(&self) -> usize {
        self.accounts.len()
    }

    /// An account.
    pub(crate) fn of(&self, id: AccountId) -> Account {
        self.accounts[id.0 as usize]
    }

    /// An account to which something of this event time was posted.
    pub(crate) fn touch(&mut self, id: AccountId, time: EventTime) -> Account {
        let account = &mut self.accounts[id.0 as usize];
        account.touched = account.touched.max(time);
        *account
    }

    /// The accounts of which the oldest member is asked for.
    pub(crate) fn oldest(&self) -> &[AccountId] {
        &self.oldest
    }

    /// The cells that an account feeds; the overall one comes first.
    pub(crate) fn feeds(&self, account: Account) -> &[CellId] {
        let from = account.feeds_from as usize;
        &self.feeds[from..from + usize::from(account.feeds)]
    }
}
