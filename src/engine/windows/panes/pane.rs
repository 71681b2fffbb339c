//! A pane: the content of one slice of event time, by slot. Counts and durations, which make up nearly all of it, are kept in sheets with lines of
//! eight and twelve bytes; other accumulators are kept in a map.
//!
//! The flushed content is in the totals and the pending content is not. A fact that leaves a window before any reading therefore never enters the
//! totals of that window. A copy for a checkpoint shares the flushed content until it changes.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::sheet::{Line, Sheet};
use crate::engine::terms::Contribution;
use crate::engine::windows::accumulator::Accumulator;
use crate::engine::windows::slots::SlotId;

/// A count of a slot. For a slot of durations it is the count of one bin.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(2))]
pub(crate) struct CountLine {
    slot: SlotId,
    n: i16,
    bin: u16,
}

/// The sum of a slot's durations, in milliseconds.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
pub(crate) struct SumLine {
    slot: SlotId,
    ms: i64,
}

/// The content of one slice of event time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pane {
    /// The content that is in the totals of its ring.
    pub(super) flushed: Arc<PaneContent>,
    /// The content that is not yet in the totals.
    pub(super) pending: PaneContent,
}

/// Facts, added up by slot.
#[derive(Clone, Debug, Default)]
pub(crate) struct PaneContent {
    counts: Sheet<CountLine>,
    sums: Sheet<SumLine>,
    others: FxHashMap<SlotId, Accumulator>,
}

/// One entry of a pane.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PaneEntry<'a> {
    /// The bin (0 unless the slot keeps durations), and the count.
    Count(u16, i64),
    /// A sum of durations, in milliseconds.
    Sum(i64),
    /// Any other accumulator.
    Other(&'a Accumulator),
}

impl Pane {
    /// Adds the content of a finer pane.
    pub(super) fn roll(&mut self, finer: Self) {
        if self.flushed.is_empty() {
            self.flushed = finer.flushed;
        } else if !finer.flushed.is_empty() {
            Arc::make_mut(&mut self.flushed).roll(Arc::unwrap_or_clone(finer.flushed));
        }
        self.pending.roll(finer.pending);
    }

    /// Passes the pending content to `flush`, if there is any, and marks it as flushed.
    pub(super) fn flush(&mut self, flush: impl FnOnce(&PaneContent)) {
        if self.pending.is_empty() {
            return;
        }
        self.pending.settle();
        flush(&self.pending);
        Arc::make_mut(&mut self.flushed).roll(std::mem::take(&mut self.pending));
    }

    /// Merges the lines of the flushed content where possible.
    pub(super) fn settle_flushed(&mut self) {
        if !self.flushed.is_settled() {
            Arc::make_mut(&mut self.flushed).settle();
        }
    }

    /// The number of entries.
    pub(super) fn len(&self) -> usize {
        self.flushed.len() + self.pending.len()
    }
}

impl PaneContent {
    /// Adds a value (`sign` 1) or subtracts it (`sign` -1).
    pub(crate) fn apply(&mut self, slot: SlotId, value: &Contribution, sign: i64) {
        match *value {
            Contribution::Count(by) => self.count(slot, 0, sign * by),
            Contribution::Duration(ms, bin) => {
                self.count(slot, bin, sign);
                self.lengthen(slot, sign * ms);
            }
            Contribution::Vote(_) | Contribution::Pair(..) | Contribution::Since(_) | Contribution::Amount(..) => {
                let accumulator = self.others.entry(slot).or_insert_with(|| Accumulator::zero_of(value));
                accumulator.apply(value, sign);
                if accumulator.is_zero() {
                    self.others.remove(&slot);
                }
            }
        }
    }

    /// Adds an accumulator.
    pub(crate) fn merge(&mut self, slot: SlotId, accumulator: &Accumulator) {
        match accumulator {
            Accumulator::Count(n) => self.count(slot, 0, *n),
            Accumulator::Durations(durations) => {
                durations.bins().for_each(|(bin, n)| self.count(slot, bin, n));
                let sum = i64::try_from(durations.sum_ms).expect("the facts ahead at one instant are only a few durations");
                self.lengthen(slot, sum);
            }
            Accumulator::Answers(_) | Accumulator::Pairs(_) | Accumulator::Since(_) | Accumulator::Amounts(_) => {
                let sum = self.others.entry(slot).or_insert_with(|| accumulator.zero());
                sum.merge(accumulator, 1);
                if sum.is_zero() {
                    self.others.remove(&slot);
                }
            }
        }
    }

    /// Adds the content of a finer pane.
    pub(super) fn roll(&mut self, finer: Self) {
        self.counts.append(finer.counts);
        self.sums.append(finer.sums);
        if self.others.is_empty() {
            self.others = finer.others;
        } else {
            finer.others.iter().for_each(|(slot, accumulator)| self.merge(*slot, accumulator));
        }
    }

    /// Merges the lines of each slot where possible.
    pub(crate) fn settle(&mut self) {
        self.counts.merge();
        self.sums.merge();
    }

    /// Whether [`Self::settle`] would change nothing.
    fn is_settled(&self) -> bool {
        self.counts.is_merged() && self.sums.is_merged()
    }

    /// All entries; a slot may occur several times.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (SlotId, PaneEntry<'_>)> {
        let counts = self.counts.lines().iter().map(|line| (line.slot, PaneEntry::Count(line.bin, i64::from(line.n))));
        let sums = self.sums.lines().iter().map(|line| (line.slot, PaneEntry::Sum(line.ms)));
        let others = self.others.iter().map(|(slot, accumulator)| (*slot, PaneEntry::Other(accumulator)));
        counts.chain(sums).chain(others)
    }

    /// Passes the count of each slot and bin to `count`, and the sum of each slot's durations to `sum`, once and in no order; those that are 0 are
    /// left out.
    pub(crate) fn for_each_sum(&self, mut count: impl FnMut(SlotId, u16, i64), mut sum: impl FnMut(SlotId, i64)) {
        let (mut counts, mut sums) = (FxHashMap::<(SlotId, u16), i64>::default(), FxHashMap::<SlotId, i64>::default());
        self.counts.lines().iter().for_each(|line| *counts.entry((line.slot, line.bin)).or_default() += i64::from(line.n));
        self.sums.lines().iter().for_each(|line| *sums.entry(line.slot).or_default() += line.ms);
        counts.into_iter().filter(|(_, n)| *n != 0).for_each(|((slot, bin), n)| count(slot, bin, n));
        sums.into_iter().filter(|(_, ms)| *ms != 0).for_each(|(slot, ms)| sum(slot, ms));
    }

    /// The entries that are neither counts nor sums of durations.
    pub(crate) fn others(&self) -> impl Iterator<Item = (SlotId, &Accumulator)> {
        self.others.iter().map(|(slot, accumulator)| (*slot, accumulator))
    }

    /// Adds to the sum of a slot's durations, in milliseconds.
    pub(crate) fn lengthen(&mut self, slot: SlotId, ms: i64) {
        self.sums.push(SumLine { slot, ms });
    }

    /// Whether there are no entries.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of entries.
    fn len(&self) -> usize {
        self.counts.lines().len() + self.sums.lines().len() + self.others.len()
    }

    /// Adds to the count of a slot, and of its bin if it keeps durations.
    pub(crate) fn count(&mut self, slot: SlotId, bin: u16, mut n: i64) {
        // The number nearly always is 1. A number that does not fit into one line takes several lines.
        while n != 0 {
            let of_line = n.clamp(i16::MIN.into(), i16::MAX.into());
            self.counts.push(CountLine { slot, n: of_line as i16, bin });
            n -= of_line;
        }
    }
}

impl Line for CountLine {
    fn key(&self) -> u64 {
        u64::from(self.slot.0) << 16 | u64::from(self.bin)
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

impl Line for SumLine {
    fn key(&self) -> u64 {
        u64::from(self.slot.0)
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
