//! Timers: entries that come due at an instant, soonest first.
//!
//! The entries lie in slices of time, and a copy shares those slices that neither changes. Only the entries of the soonest slices lie in a heap. Does
//! not know what is due.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::engine::codec::{RestoreError, StateReader, StateWriter};
use crate::time::{EventTime, Span};

/// Entries beyond twice the number of keys that are always kept, so that few keys are not looked through often.
const SURPLUS: usize = 1_024;
/// The width of a slice.
const SLICE: Span = Span::hours(1);

/// An entry, ordered so that a heap gives the soonest first.
type Entry<K> = Reverse<(EventTime, K)>;

/// Entries by the instant at which each is due.
#[derive(Debug)]
pub(super) struct Timers<K> {
    /// The entries of all slices before `later_from`.
    soon: BinaryHeap<Entry<K>>,
    later_from: i64,
    /// The entries of each later slice, in no order.
    later: BTreeMap<i64, Arc<Vec<Entry<K>>>>,
    /// The number of all entries.
    len: usize,
}

impl<K: Ord> Default for Timers<K> {
    fn default() -> Self {
        Self { soon: BinaryHeap::new(), later_from: i64::MIN, later: BTreeMap::new(), len: 0 }
    }
}

impl<K: Ord + Copy + Serialize + DeserializeOwned + Send + Sync + 'static> Timers<K> {
    /// Stores all timers, soonest first.
    pub(super) fn store(&self, out: &mut StateWriter) {
        let len = self.len;
        let mut slices = vec![Arc::new(self.soon.as_slice().to_vec())];
        slices.extend(self.later.values().cloned());
        out.put_later(move |out| {
            out.put(&len);
            for slice in slices {
                let mut entries = Arc::unwrap_or_clone(slice);
                entries.sort_unstable_by_key(|entry| entry.0);
                entries.iter().for_each(|entry| out.put(&entry.0));
                out.end_long_piece();
            }
        });
    }

    /// Restores all timers.
    pub(super) fn restore(input: &mut StateReader<'_>) -> Result<Self, RestoreError> {
        let due: Vec<(EventTime, K)> = input.take()?;
        let slices = due.chunk_by(|a, b| a.0.slice(SLICE) == b.0.slice(SLICE));
        let mut timers = Self::default();
        for slice in slices {
            timers.slice(slice[0].0).extend(slice.iter().copied().map(Reverse));
        }
        timers.len = due.len();
        Ok(timers)
    }
}

impl<K: Ord + Copy> Timers<K> {
    /// Sets a timer for a key; timers that the key has already stay.
    pub(super) fn push(&mut self, at: EventTime, key: K) {
        self.len += 1;
        if at.slice(SLICE) < self.later_from {
            self.soon.push(Reverse((at, key)));
        } else {
            self.slice(at).push(Reverse((at, key)));
        }
    }

    /// Once there are far more entries than the number of keys that are `known`, drops the entries of keys that no longer are (of `is_known`), and of each
    /// other key all but the first. The handler of the first entry sets another timer where one is needed.
    pub(super) fn shed(&mut self, known: usize, is_known: impl Fn(&K) -> bool) {
        if self.len <= 2 * known + SURPLUS {
            return;
        }
        let Self { soon, later, .. } = std::mem::take(self);
        let mut entries: Vec<(EventTime, K)> =
            soon.iter().chain(later.values().flat_map(|slice| slice.iter())).map(|entry| entry.0).collect();
        drop((soon, later));
        entries.retain(|(_, key)| is_known(key));
        entries.sort_unstable_by(|a, b| (&a.1, a.0).cmp(&(&b.1, b.0)));
        entries.dedup_by(|later, first| later.1 == first.1);
        entries.into_iter().for_each(|(at, key)| self.push(at, key));
    }

    /// All keys that have a timer, in no order. A key with several timers comes several times.
    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        self.soon.iter().chain(self.later.values().flat_map(|slice| slice.iter())).map(|entry| &entry.0.1)
    }

    /// Removes the next entry that was due before `horizon`, and returns its key.
    pub(super) fn pop_before(&mut self, horizon: EventTime) -> Option<K> {
        while self.soon.is_empty() {
            let next = self.later.first_entry().filter(|next| next.key().saturating_mul(SLICE.0) < horizon.0)?;
            self.later_from = next.key() + 1;
            self.soon = Arc::unwrap_or_clone(next.remove()).into();
        }
        self.soon.peek().filter(|next| next.0.0 < horizon)?;
        self.len -= 1;
        self.soon.pop().map(|next| next.0.1)
    }

    /// The later slice of an instant.
    fn slice(&mut self, at: EventTime) -> &mut Vec<Entry<K>> {
        Arc::make_mut(self.later.entry(at.slice(SLICE)).or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn entries_come_as_from_one_heap_also_after_they_were_stored(steps in prop::collection::vec((0u8..4, 0i64..40_000_000, 0u8..20), 1..300)) {
            let (mut timers, mut heap, mut horizon) = (Timers::default(), BinaryHeap::new(), 0);
            for (kind, at, key) in steps {
                match kind {
                    0 => {
                        horizon += at / 20;
                        while heap.peek().is_some_and(|next: &Entry<u8>| next.0.0 < EventTime(horizon)) {
                            prop_assert_eq!(timers.pop_before(EventTime(horizon)), heap.pop().map(|next| next.0.1));
                        }
                        prop_assert_eq!(timers.pop_before(EventTime(horizon)), None);
                    }
                    1 => timers = stored_again(&timers),
                    _ => {
                        timers.push(EventTime(at), key);
                        heap.push(Reverse((EventTime(at), key)));
                    }
                }
                prop_assert_eq!(timers.len, heap.len());
                prop_assert_eq!(timers.keys().count(), heap.len());
            }
        }
    }

    #[test]
    fn entries_of_unknown_keys_leave_and_the_first_of_each_other_key_stays() {
        let mut timers = Timers::default();
        for n in 0..4_000_i64 {
            timers.push(EventTime(n * 10_000), n % 1_000);
        }
        timers.shed(1_500, |_| true);
        assert_eq!(timers.len, 4_000, "that is no surplus");
        timers.shed(1_000, |key| *key < 500);
        assert_eq!((timers.len, timers.keys().count()), (500, 500));
        let firsts: Vec<i64> = std::iter::from_fn(|| timers.pop_before(EventTime(10_000_000))).collect();
        assert_eq!(firsts, (0..500).collect::<Vec<_>>());
    }

    #[test]
    fn later_changes_do_not_reach_what_was_stored() {
        let mut timers = Timers::default();
        (0..50).for_each(|n| timers.push(EventTime(n * 1_000_000), n));
        let (mut out, mut same) = (StateWriter::default(), StateWriter::default());
        timers.store(&mut out);
        timers.store(&mut same);
        let before = same.into_state().into_bytes(Vec::new());
        while timers.pop_before(EventTime(30_000_000)).is_some() {}
        (0..50).for_each(|n| timers.push(EventTime(n * 1_500_000), n));
        assert_eq!(out.into_state().into_bytes(Vec::new()), before);
    }

    fn stored_again(timers: &Timers<u8>) -> Timers<u8> {
        let mut out = StateWriter::default();
        timers.store(&mut out);
        let bytes = out.into_state().into_bytes(Vec::new());
        Timers::restore(&mut StateReader::new(&bytes)).expect("it was just stored")
    }
}
