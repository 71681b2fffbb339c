//! Who reads asks for what is new: a snapshot is taken when somebody asks, and at most once in an interval.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a reader waits for a newer snapshot before it takes what is there: a loop that is busy with something else must not keep it. Whoever
/// answers a scraper asks again for as long as that one waits.
const PATIENCE: Duration = Duration::from_millis(500);

/// Whether a newer snapshot is wanted, and how old the newest is.
#[derive(Debug)]
pub(super) struct Asked {
    state: Mutex<State>,
    published: Condvar,
    wanted: Condvar,
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
        Self { state: Mutex::new(state), published: Condvar::new(), wanted: Condvar::new() }
    }

    /// Returns when the newest snapshot is fresh, or when waiting for it is of no use.
    pub(super) fn wait_for_fresh(&self) {
        let asked_at = Instant::now();
        let mut state = self.lock();
        while state.is_served && state.newest.is_none_or(|newest| newest + state.interval < asked_at) {
            if !std::mem::replace(&mut state.is_wanted, true) {
                self.wanted.notify_one();
            }
            let left = (asked_at + PATIENCE).saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.published.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Returns `true` when somebody waits for a newer snapshot and it may be begun, `false` when that was not so within `timeout`.
    pub(super) fn wait_for_reader(&self, not_before: Instant, timeout: Duration) -> bool {
        let ends_at = Instant::now() + timeout;
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            if state.is_wanted && now >= not_before {
                return true;
            }
            if now >= ends_at {
                return false;
            }
            let until = if state.is_wanted { not_before.min(ends_at) } else { ends_at };
            state = self.wanted.wait_timeout(state, until - now).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whether somebody takes snapshots.
    pub(super) fn is_served(&self) -> bool {
        self.lock().is_served
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

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_reader_waits_for_a_fresh_snapshot_and_only_while_somebody_takes_them() {
        let asked = Asked::new(Duration::from_millis(1));
        let now = Instant::now();
        asked.wait_for_fresh();
        assert!(!asked.wait_for_reader(now, Duration::ZERO), "nobody would take it");
        asked.set_served(true);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| asked.wait_for_fresh());
            assert!(asked.wait_for_reader(now, LONG), "the reader wakes whoever takes snapshots");
            asked.published(Instant::now() + LONG);
            reader.join().unwrap();
        });
        asked.wait_for_fresh();
        assert!(!asked.wait_for_reader(now, Duration::ZERO), "the newest is fresh enough");
    }

    #[test]
    fn a_snapshot_is_not_begun_before_its_time() {
        let asked = Asked::new(Duration::from_millis(1));
        asked.set_served(true);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| asked.wait_for_fresh());
            let begun = Instant::now();
            assert!(asked.wait_for_reader(begun + Duration::from_millis(50), LONG));
            assert!(begun.elapsed() >= Duration::from_millis(50));
            assert!(!asked.wait_for_reader(Instant::now() + LONG, Duration::from_millis(1)), "the loop has other things to do meanwhile");
            asked.set_served(false);
            reader.join().unwrap();
        });
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
