//! A pane: what one slice of event time holds, by account. Counts and durations, which are nearly all of it, lie in sheets of eight and
//! twelve bytes a line; everything else in a map.
//!
//! What the totals have been told of and what they have not lies apart: what leaves a window before anybody looks need never be told.

use rustc_hash::FxHashMap;

use super::sheet::{Line, Sheet};
use crate::engine::accounts::AccountId;
use crate::engine::aggregate::{Partial, Value};

/// How many of an account, of one class where it has classes.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(2))]
pub(crate) struct Tally {
    account: AccountId,
    n: i16,
    class: u16,
}

/// The sum of an account's durations.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
pub(crate) struct Length {
    account: AccountId,
    ms: i64,
}

/// What one slice of event time holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pane {
    /// What is in the totals of its ring.
    pub(super) told: Content,
    /// What is not, since nobody has looked.
    pub(super) new: Content,
}

/// Facts, added up by account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content {
    tallies: Sheet<Tally>,
    lengths: Sheet<Length>,
    others: FxHashMap<AccountId, Partial>,
}

/// One entry of a pane.
#[derive(Debug)]
pub(crate) enum Entry<'a> {
    /// So many, of this class where the account keeps durations.
    Tally(u16, i64),
    /// Milliseconds.
    Length(i64),
    /// Anything else.
    Other(&'a Partial),
}

impl Pane {
    /// Takes in everything of a finer pane.
    pub(super) fn roll(&mut self, finer: Self) {
        self.told.roll(finer.told);
        self.new.roll(finer.new);
    }

    /// How many entries it holds.
    pub(super) fn len(&self) -> usize {
        self.told.len() + self.new.len()
    }
}

impl Content {
    /// Adds a value (`sign` 1) or takes it out again (`sign` -1).
    pub(crate) fn lift(&mut self, account: AccountId, value: &Value, sign: i64) {
        match *value {
            Value::Count(by) => self.count(account, 0, sign * by),
            Value::Duration(ms, class) => {
                self.count(account, class, sign);
                self.lengths.push(Length { account, ms: sign * ms });
            }
            Value::Vote(_) | Value::Pair(..) | Value::Since(_) => {
                let partial = self.others.entry(account).or_insert_with(|| Partial::zero_of(value));
                partial.lift(value, sign);
                if partial.is_zero() {
                    self.others.remove(&account);
                }
            }
        }
    }

    /// Adds what was kept as a partial.
    pub(crate) fn combine(&mut self, account: AccountId, partial: &Partial) {
        match partial {
            Partial::Count(n) => self.count(account, 0, *n),
            Partial::Durations(durations) => {
                durations.classes().for_each(|(class, n)| self.count(account, class, n));
                let sum = i64::try_from(durations.sum_ms).expect("what lay ahead at one instant is a handful of durations");
                self.lengths.push(Length { account, ms: sum });
            }
            Partial::Answers(_) | Partial::Pairs(_) | Partial::Since(_) => {
                let sum = self.others.entry(account).or_insert_with(|| partial.zero());
                sum.combine(partial, 1);
                if sum.is_zero() {
                    self.others.remove(&account);
                }
            }
        }
    }

    /// Takes in all of another.
    pub(super) fn roll(&mut self, finer: Self) {
        self.tallies.append(finer.tallies);
        self.lengths.append(finer.lengths);
        if self.others.is_empty() {
            self.others = finer.others;
        } else {
            finer.others.iter().for_each(|(account, partial)| self.combine(*account, partial));
        }
    }

    /// Merges what can be merged.
    pub(crate) fn settle(&mut self) {
        self.tallies.merge();
        self.lengths.merge();
    }

    /// Everything it holds; an account may come several times.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (AccountId, Entry<'_>)> {
        let tallies = self.tallies.lines().iter().map(|line| (line.account, Entry::Tally(line.class, i64::from(line.n))));
        let lengths = self.lengths.lines().iter().map(|line| (line.account, Entry::Length(line.ms)));
        let others = self.others.iter().map(|(account, partial)| (*account, Entry::Other(partial)));
        tallies.chain(lengths).chain(others)
    }

    /// Whether it holds nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries it holds.
    fn len(&self) -> usize {
        self.tallies.lines().len() + self.lengths.lines().len() + self.others.len()
    }

    fn count(&mut self, account: AccountId, class: u16, mut n: i64) {
        // Nearly always one; what does not fit a line takes several.
        while n != 0 {
            let of_line = n.clamp(i16::MIN.into(), i16::MAX.into());
            self.tallies.push(Tally { account, n: of_line as i16, class });
            n -= of_line;
        }
    }
}

impl Line for Tally {
    fn key(&self) -> u64 {
        u64::from(self.account.0) << 16 | u64::from(self.class)
    }

    fn absorb(&mut self, other: &Self) -> bool {
        let sum = { self.n }.checked_add(other.n);
        self.n = sum.unwrap_or(self.n);
        sum.is_some()
    }

    fn is_zero(&self) -> bool {
        self.n == 0
    }
}

impl Line for Length {
    fn key(&self) -> u64 {
        u64::from(self.account.0)
    }

    fn absorb(&mut self, other: &Self) -> bool {
        let sum = { self.ms }.checked_add(other.ms);
        self.ms = sum.unwrap_or(self.ms);
        sum.is_some()
    }

    fn is_zero(&self) -> bool {
        self.ms == 0
    }
}
