//! Timers: entries that come due at an instant, soonest first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::engine::codec::{RestoreError, StateReader, StateWriter};
use crate::time::EventTime;

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

impl<K: Ord + Copy + Serialize + DeserializeOwned> Timers<K> {
    /// Stores all timers, soonest first.
    pub(super) fn store(&self, out: &mut StateWriter) {
        let mut due: Vec<(EventTime, K)> = self.due.iter().map(|entry| entry.0).collect();
        due.sort_unstable();
        out.put(&due);
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
