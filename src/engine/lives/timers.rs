//! Timers: entries that come due at an instant, soonest first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::engine::codec::{RestoreError, StateReader, StateWriter};
use crate::time::EventTime;

/// Entries beyond twice the number of keys that are always kept, so that few keys are not looked through often.
const SURPLUS: usize = 1_024;

/// Entries by the instant at which each is due.
#[derive(Debug)]
pub(super) struct Timers<K> {
    due: BinaryHeap<Reverse<(EventTime, K)>>,
}

impl<K: Ord> Default for Timers<K> {
    fn default() -> Self {
        Self { due: BinaryHeap::new() }
    }
}

impl<K: Ord + Copy + Serialize + DeserializeOwned + Send + 'static> Timers<K> {
    /// Stores all timers, soonest first.
    pub(super) fn store(&self, out: &mut StateWriter) {
        let mut due = self.due.as_slice().to_vec();
        out.put_later(move |out| {
            due.sort_unstable_by_key(|entry| entry.0);
            out.put(&due.iter().map(|entry| entry.0).collect::<Vec<_>>());
        });
    }

    /// Restores all timers.
    pub(super) fn restore(input: &mut StateReader<'_>) -> Result<Self, RestoreError> {
        let due: Vec<(EventTime, K)> = input.take()?;
        Ok(Self { due: due.into_iter().map(Reverse).collect() })
    }
}

impl<K: Ord> Timers<K> {
    /// Sets a timer for a key; timers that the key has already stay.
    pub(super) fn push(&mut self, at: EventTime, key: K) {
        self.due.push(Reverse((at, key)));
    }

    /// Once there are far more entries than the number of keys that are `known`, drops the entries of keys that no longer are (of `is_known`), and of each
    /// other key all but the first. The handler of the first entry sets another timer where one is needed.
    pub(super) fn shed(&mut self, known: usize, is_known: impl Fn(&K) -> bool) {
        if self.due.len() <= 2 * known + SURPLUS {
            return;
        }
        let mut entries = std::mem::take(&mut self.due).into_vec();
        entries.retain(|entry| is_known(&entry.0.1));
        entries.sort_unstable_by(|a, b| (&a.0.1, a.0.0).cmp(&(&b.0.1, b.0.0)));
        entries.dedup_by(|later, first| later.0.1 == first.0.1);
        entries.shrink_to(2 * entries.len());
        self.due = BinaryHeap::from(entries);
    }

    /// All keys that have a timer. A key with several timers comes several times.
    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        self.due.iter().map(|entry| &entry.0.1)
    }

    /// Removes the next entry that was due before `horizon`, and returns its key.
    pub(super) fn pop_before(&mut self, horizon: EventTime) -> Option<K> {
        self.due.peek().filter(|next| next.0.0 < horizon)?;
        self.due.pop().map(|next| next.0.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_unknown_keys_leave_and_the_first_of_each_other_key_stays() {
        let mut timers = Timers::default();
        for n in 0..4_000_i64 {
            timers.push(EventTime(n), n % 1_000);
        }
        timers.shed(1_500, |_| true);
        assert_eq!(timers.due.len(), 4_000, "that is no surplus");
        timers.shed(1_000, |key| *key < 500);
        assert_eq!(timers.due.len(), 500);
        let firsts: Vec<i64> = std::iter::from_fn(|| timers.pop_before(EventTime(10_000))).collect();
        assert_eq!(firsts, (0..500).collect::<Vec<_>>());
    }
}
