//! Accounts: what a fact is posted to. An account is one measure, label and bundle of group keys, so a fact is kept once however many grouping
//! sets there are; the cells that it feeds, one for the overall value and one for each key, are looked up when totals are brought up to date.

use rustc_hash::FxHashMap;

use super::aggregate::Value;
use super::cells::CellId;
use super::fact::{Label, Measure};
use super::names::BundleId;

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
    feeds_from: u32,
    feeds: u8,
    /// How many of its keys found no cell, because there are as many as the configuration allows.
    pub(crate) missing: u8,
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
    feeds: Vec<CellId>,
    /// The accounts of which the oldest member is asked for.
    oldest: Vec<AccountId>,
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

    /// Whether a further one may be opened.
    pub(crate) fn is_full(&self) -> bool {
        self.accounts.len() >= ACCOUNTS_MAX
    }

    /// Opens an account that feeds these cells; `None` stands for a key without one.
    pub(crate) fn open(&mut self, purpose: Purpose, keeping: Keeping, feeds: impl Iterator<Item = Option<CellId>>) -> AccountId {
        let feeds_from = self.feeds.len() as u32;
        let mut missing = 0;
        for cell in feeds {
            match cell {
                Some(cell) => self.feeds.push(cell),
                None => missing += 1,
            }
        }
        let id = AccountId(self.accounts.len() as u32);
        let feeds = (self.feeds.len() as u32 - feeds_from) as u8;
        self.accounts.push(Account { feeds_from, feeds, missing, is_state: purpose.measure.is_state(), is_named: false, keeping });
        self.name(purpose, id);
        if keeping == Keeping::Oldest {
            self.oldest.push(id);
        }
        id
    }

    fn name(&mut self, purpose: Purpose, id: AccountId) {
        if purpose.label != Label::default() {
            self.labelled.insert(purpose, id);
            return;
        }
        let row = purpose.bundle.0 as usize;
        if self.unlabelled.len() <= row {
            self.unlabelled.resize(row + 1, [0; Measure::COUNT]);
        }
        self.unlabelled[row][purpose.measure as usize] = id.0 + 1;
    }

    /// Notes that the cells of an account were seen.
    pub(crate) fn note_named(&mut self, id: AccountId) {
        self.accounts[id.0 as usize].is_named = true;
    }

    /// An account.
    pub(crate) fn of(&self, id: AccountId) -> Account {
        self.accounts[id.0 as usize]
    }

    /// The accounts of which the oldest member is asked for.
    pub(crate) fn oldest(&self) -> &[AccountId] {
        &self.oldest
    }

    /// The cells that an account feeds.
    pub(crate) fn feeds(&self, account: Account) -> &[CellId] {
        let from = account.feeds_from as usize;
        &self.feeds[from..from + usize::from(account.feeds)]
    }
}
