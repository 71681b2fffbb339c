//! Requests for snapshots: a snapshot is taken only when a reader asks for one, and at most once in an interval.
//!
//! Does not know the contents of a snapshot.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a reader waits for a newer snapshot before it takes the newest one: a poll loop that is busy otherwise must not keep it waiting. The HTTP
/// server asks again for as long as its scraper waits.
const PATIENCE: Duration = Duration::from_millis(500);

/// Whether a newer snapshot is requested, and how old the newest one is.
#[derive(Debug)]
pub(super) struct SnapshotRequests {
    state: Mutex<RequestState>,
    /// Signalled when a snapshot is published, or no snapshots are taken any more.
    published: Condvar,
    /// Signalled when a snapshot is requested.
    requested: Condvar,
}

#[derive(Debug)]
struct RequestState {
    is_requested: bool,
    /// A poll loop takes snapshots.
    is_served: bool,
    /// When the newest snapshot was begun.
    newest: Option<Instant>,
    /// How old the newest snapshot may be.
    interval: Duration,
}

impl SnapshotRequests {
    pub(super) fn new(interval: Duration) -> Self {
        let state = RequestState { is_requested: false, is_served: false, newest: None, interval };
        Self { state: Mutex::new(state), published: Condvar::new(), requested: Condvar::new() }
    }

    /// Returns when the newest snapshot is fresh, after half a second, or at once where no poll loop takes snapshots.
    pub(super) fn wait_for_fresh(&self) {
        let asked_at = Instant::now();
        let mut state = self.lock();
        while state.is_served && state.newest.is_none_or(|newest| newest + state.interval < asked_at) {
            if !std::mem::replace(&mut state.is_requested, true) {
                self.requested.notify_one();
            }
            let left = (asked_at + PATIENCE).saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.published.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for a request, and gives `true` when a snapshot is requested and the instant `not_before` has come; `false` after `timeout`.
    pub(super) fn wait_for_request(&self, not_before: Instant, timeout: Duration) -> bool {
        let ends_at = Instant::now() + timeout;
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            if state.is_requested && now >= not_before {
                return true;
            }
            if now >= ends_at {
                return false;
            }
            let until = if state.is_requested { not_before.min(ends_at) } else { ends_at };
            state = self.requested.wait_timeout(state, until - now).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whether a poll loop takes snapshots.
    pub(super) fn is_served(&self) -> bool {
        self.lock().is_served
    }

    /// A poll loop takes snapshots from now on, or no longer.
    pub(super) fn set_served(&self, is_served: bool) {
        self.lock().is_served = is_served;
        self.published.notify_all();
    }

    /// A snapshot that was begun at this instant has been published.
    pub(super) fn note_published(&self, as_of: Instant) {
        let mut state = self.lock();
        state.newest = Some(as_of);
        state.is_requested = false;
        drop(state);
        self.published.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, RequestState> {
        // A panic of another holder leaves plain data behind that is never half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_reader_waits_for_a_fresh_snapshot_and_only_while_somebody_takes_them() {
        let requests = SnapshotRequests::new(Duration::from_millis(1));
        let now = Instant::now();
        requests.wait_for_fresh();
        assert!(!requests.wait_for_request(now, Duration::ZERO), "nobody would take it");
        requests.set_served(true);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| requests.wait_for_fresh());
            assert!(requests.wait_for_request(now, LONG), "the reader wakes the poll loop");
            requests.note_published(Instant::now() + LONG);
            reader.join().unwrap();
        });
        requests.wait_for_fresh();
        assert!(!requests.wait_for_request(now, Duration::ZERO), "the newest is fresh enough");
    }

    #[test]
    fn a_snapshot_is_not_begun_before_its_time() {
        let requests = SnapshotRequests::new(Duration::from_millis(1));
        requests.set_served(true);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| requests.wait_for_fresh());
            let begun = Instant::now();
            assert!(requests.wait_for_request(begun + Duration::from_millis(50), LONG));
            assert!(begun.elapsed() >= Duration::from_millis(50));
            assert!(
                !requests.wait_for_request(Instant::now() + LONG, Duration::from_millis(1)),
                "the loop has other things to do meanwhile"
            );
            requests.set_served(false);
            reader.join().unwrap();
        });
    }

    #[test]
    fn a_reader_takes_what_is_there_when_snapshots_end_or_take_too_long() {
        let requests = SnapshotRequests::new(Duration::from_millis(1));
        requests.set_served(true);
        let begun = Instant::now();
        requests.wait_for_fresh();
        assert!(begun.elapsed() >= PATIENCE);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| requests.wait_for_fresh());
            requests.set_served(false);
            reader.join().unwrap();
        });
    }
}
