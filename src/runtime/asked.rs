//! Who reads asks for what is new: a snapshot is taken when somebody asks, and at most once in an interval.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a reader waits for a newer snapshot before it takes what is there: a loop that is busy with something else must not keep it.
const PATIENCE: Duration = Duration::from_millis(500);

/// Whether a newer snapshot is wanted, and how old the newest is.
#[derive(Debug)]
pub(super) struct Asked {
    state: Mutex<State>,
    published: Condvar,
}

#[derive(Debug)]
struct State {
    is_wanted: bool,
    /// Somebody is there who takes snapshots.
    is_served: bool,
    /// The instant that the newest snapshot tells of.
    newest: Option<Instant>,
    /// How old the newest may be.
    interval: Duration,
}

impl Asked {
    pub(super) fn new(interval: Duration) -> Self {
        let state = State { is_wanted: false, is_served: false, newest: None, interval };
        Self { state: Mutex::new(state), published: Condvar::new() }
    }

    /// Returns when the newest snapshot is fresh, or when waiting for it is of no use.
    pub(super) fn wait_for_fresh(&self) {
        let asked_at = Instant::now();
        let mut state = self.lock();
        while state.is_served && state.newest.is_none_or(|newest| newest + state.interval < asked_at) {
            state.is_wanted = true;
            let left = (asked_at + PATIENCE).saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.published.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whether somebody waits for a newer snapshot.
    pub(super) fn is_wanted(&self) -> bool {
        self.lock().is_wanted
    }

    /// Says that somebody takes snapshots from now on, or no longer.
    pub(super) fn set_served(&self, is_served: bool) {
        self.lock().is_served = is_served;
        self.published.notify_all();
    }

    /// There is a snapshot that tells of this instant.
    pub(super) fn published(&self, as_of: Instant) {
        let mut state = self.lock();
        state.newest = Some(as_of);
        state.is_wanted = false;
        drop(state);
        self.published.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // It is plain data that every holder leaves whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_waits_for_a_fresh_snapshot_and_only_while_somebody_takes_them() {
        let asked = Asked::new(Duration::from_millis(1));
        asked.wait_for_fresh();
        assert!(!asked.is_wanted(), "nobody would take it");
        asked.set_served(true);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| asked.wait_for_fresh());
            while !asked.is_wanted() {
                std::thread::yield_now();
            }
            asked.published(Instant::now() + Duration::from_secs(60));
            reader.join().unwrap();
        });
        asked.wait_for_fresh();
        assert!(!asked.is_wanted(), "the newest is fresh enough");
    }

    #[test]
    fn a_reader_takes_what_is_there_when_snapshots_end_or_take_too_long() {
        let asked = Asked::new(Duration::from_millis(1));
        asked.set_served(true);
        let begun = Instant::now();
        asked.wait_for_fresh();
        assert!(begun.elapsed() >= PATIENCE);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| asked.wait_for_fresh());
            asked.set_served(false);
            reader.join().unwrap();
        });
    }
}
