//! The places of connections: how many there are, and which connection gives up its place when another client comes.
//!
//! A client that has the server wait (for its first byte, for the rest of a head, for its next request, or to take an answer) keeps its place only
//! while places are left. A client that has asked and that the server works for keeps its place. So clients that hold connections cannot lock out
//! a health check or a scraper, which ask as soon as they are connected. Does not know HTTP.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::sleep;

/// The most connections at once, over all addresses.
const PLACES_MAX: usize = 512;
/// There are always this many places.
const PLACES_MIN: usize = 16;
/// The server takes at most one in this many of the files that the process may open. Kafka and the process's own files need the others.
const SHARE_OF_FILES: usize = 2;
/// How long a client may always keep the server waiting, so that a client gets to its request when many come at once.
const GRACE: Duration = Duration::from_millis(250);

/// The places of one server.
pub(super) struct Places {
    places_max: usize,
    started_at: Instant,
    taken: Mutex<Vec<Arc<Seat>>>,
    freed: Notify,
}

/// A place that is taken; dropping it gives it back.
pub(super) struct Place {
    places: Arc<Places>,
    seat: Arc<Seat>,
}

/// What the connection at a place does.
pub(super) struct Seat {
    started_at: Instant,
    phase: AtomicU8,
    /// Since when the server has waited for a request. In milliseconds from the start of the server.
    waiting_since_ms: AtomicU64,
    /// Since when the client has taken nothing of what the server has to send; 0 if it does not have to take anything.
    stalled_since_ms: AtomicU64,
    leave: Notify,
}

/// The server waits for a request.
const WAITING: u8 = 0;
/// The server works for the client.
const ANSWERING: u8 = 1;
/// The answer is complete, but may not be sent as a whole yet.
const ANSWERED: u8 = 2;
/// The connection was told to end.
const LEAVING: u8 = 3;

impl Places {
    /// As many places as the process may have.
    pub(super) fn new() -> Arc<Self> {
        Self::with(places_of(&std::fs::read_to_string("/proc/self/limits").unwrap_or_default()))
    }

    fn with(places_max: usize) -> Arc<Self> {
        Arc::new(Self { places_max, started_at: Instant::now(), taken: Mutex::default(), freed: Notify::new() })
    }

    /// Takes a place. If none is free, the connection that has had the server wait for longest ends, and the new one takes its place.
    pub(super) async fn take(self: &Arc<Self>) -> Place {
        loop {
            let freed = self.freed.notified();
            let again_in = match self.try_take() {
                Ok(place) => return place,
                Err(again_in) => again_in,
            };
            tokio::select! {
                () = freed => {}
                () = sleep(again_in) => {}
            }
        }
    }

    /// Ends the connection that has had the server wait for longest, because the process can open no more files.
    pub(super) fn free_one(&self) {
        let taken = self.taken();
        if let Some((_, seat)) = longest_waiting(&taken) {
            seat.dismiss();
        }
    }

    /// A place, or how long it takes until another try can succeed.
    fn try_take(self: &Arc<Self>) -> Result<Place, Duration> {
        let mut taken = self.taken();
        if taken.len() < self.places_max {
            let seat = Arc::new(Seat::new(self.started_at));
            taken.push(Arc::clone(&seat));
            return Ok(Place { places: Arc::clone(self), seat });
        }
        let Some((since_ms, seat)) = longest_waiting(&taken) else { return Err(GRACE) };
        let waited = Duration::from_millis(seat.now_ms().saturating_sub(since_ms));
        if waited < GRACE {
            return Err(GRACE - waited);
        }
        seat.dismiss();
        Err(GRACE)
    }

    fn taken(&self) -> MutexGuard<'_, Vec<Arc<Seat>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// What the connection does, to be kept up to date by those who serve it.
    pub(super) fn seat(&self) -> Arc<Seat> {
        Arc::clone(&self.seat)
    }

    /// Completes when the connection must end.
    pub(super) async fn dismissed(&self) {
        self.seat.leave.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken().retain(|seat| !Arc::ptr_eq(seat, &self.seat));
        self.places.freed.notify_one();
    }
}

impl Seat {
    fn new(started_at: Instant) -> Self {
        let seat = Self {
            started_at,
            phase: AtomicU8::new(WAITING),
            waiting_since_ms: AtomicU64::new(0),
            stalled_since_ms: AtomicU64::new(0),
            leave: Notify::new(),
        };
        seat.waiting_since_ms.store(seat.now_ms(), Ordering::Relaxed);
        seat
    }

    /// The client has asked, and the server works for it.
    pub(super) fn answering(&self) {
        self.enter(ANSWERING);
    }

    /// The answer is complete.
    pub(super) fn answered(&self) {
        self.enter(ANSWERED);
    }

    /// The client has taken everything that the server had to send so far.
    pub(super) fn took_all(&self) {
        if self.phase.load(Ordering::Relaxed) == ANSWERED {
            self.waiting_since_ms.store(self.now_ms(), Ordering::Relaxed);
            self.enter(WAITING);
        }
    }

    /// Whether the client leaves what the server has to send where it is.
    pub(super) fn set_stalled(&self, is_stalled: bool) {
        if !is_stalled {
            self.stalled_since_ms.store(0, Ordering::Relaxed);
        } else if self.stalled_since_ms.load(Ordering::Relaxed) == 0 {
            self.stalled_since_ms.store(self.now_ms().max(1), Ordering::Relaxed);
        }
    }

    fn enter(&self, phase: u8) {
        if self.phase.load(Ordering::Relaxed) != LEAVING {
            self.phase.store(phase, Ordering::Relaxed);
        }
    }

    fn dismiss(&self) {
        self.phase.store(LEAVING, Ordering::Relaxed);
        self.leave.notify_one();
    }

    /// Since when the client has had the server wait; `None` if the server does not wait, or if the connection ends already.
    fn keeps_waiting_since_ms(&self) -> Option<u64> {
        match self.phase.load(Ordering::Relaxed) {
            WAITING => Some(self.waiting_since_ms.load(Ordering::Relaxed)),
            LEAVING => None,
            _ => Some(self.stalled_since_ms.load(Ordering::Relaxed)).filter(|since| *since != 0),
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started_at.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

fn longest_waiting(taken: &[Arc<Seat>]) -> Option<(u64, &Arc<Seat>)> {
    taken.iter().filter_map(|seat| Some((seat.keeps_waiting_since_ms()?, seat))).min_by_key(|(since, _)| *since)
}

/// The number of places of a process with these limits, the text of `/proc/self/limits`.
fn places_of(limits: &str) -> usize {
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().next()?.parse::<usize>().ok());
    files.map_or(PLACES_MAX, |files| (files / SHARE_OF_FILES).clamp(PLACES_MIN, PLACES_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_leave_files_for_others() {
        let limits = |files: &str| {
            format!("Limit   Soft Limit   Hard Limit   Units\nMax open files            {files}                 4096    files\n")
        };
        assert_eq!([places_of(&limits("1024")), places_of(&limits("256")), places_of(&limits("8"))], [512, 128, PLACES_MIN]);
        assert_eq!([places_of(&limits("unlimited")), places_of("")], [PLACES_MAX; 2]);
    }

    #[tokio::test]
    async fn the_longest_waiting_gives_up_its_place_and_who_is_served_keeps_it() {
        let (places, begun) = (Places::with(3), Instant::now());
        let (served, oldest, newer) = (places.take().await, places.take().await, places.take().await);
        served.seat().answering();
        sleep(Duration::from_millis(20)).await;
        newer.seat().answering();
        newer.seat().answered();
        newer.seat().took_all();
        let dismissed = async {
            oldest.dismissed().await;
            drop(oldest);
        };
        let ((), _place) = tokio::join!(dismissed, places.take());
        assert!(begun.elapsed() >= GRACE, "a client has a moment to ask");
        assert_eq!(served.seat.phase.load(Ordering::Relaxed), ANSWERING);
        assert_eq!(newer.seat.phase.load(Ordering::Relaxed), WAITING);
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_gives_up_its_place_too() {
        let places = Places::with(1);
        let place = places.take().await;
        place.seat().answering();
        assert!(tokio::time::timeout(Duration::from_millis(400), places.take()).await.is_err(), "nobody waits");
        place.seat().set_stalled(true);
        let dismissed = async {
            place.dismissed().await;
            drop(place);
        };
        let ((), _place) = tokio::join!(dismissed, places.take());
    }
}
