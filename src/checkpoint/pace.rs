//! The pace of writing a checkpoint: beside the counting, or as fast as possible.
//!
//! A checkpoint of a million tickets takes seconds of one core. With pauses, a worker that shares the core waits for one short piece of that work and
//! not for a whole time slice of the scheduler. Does not know the work.

use std::thread;
use std::time::{Duration, Instant};

/// The time that the writing thread works before it pauses, and the time that it pauses then: it takes at most half of a core.
const WORK: Duration = Duration::from_millis(1);
const PAUSE: Duration = Duration::from_millis(1);
/// Bytes that are compressed or summed up in about a millisecond at most.
pub(super) const PIECE_BYTES: usize = 128 * 1024;

/// The pace of writing one checkpoint.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// When the thread last paused; `None` if it never does.
    paused_at: Option<Instant>,
}

impl Pace {
    /// The pace beside workers that count events.
    #[must_use]
    pub fn beside_workers() -> Self {
        Self { paused_at: Some(Instant::now()) }
    }

    /// The pace of the last checkpoints before an end, for which others wait.
    #[must_use]
    pub const fn without_pauses() -> Self {
        Self { paused_at: None }
    }

    /// Ends a small piece of work: pauses if a pause is due.
    pub fn end_piece(&mut self) {
        if let Some(paused_at) = &mut self.paused_at
            && paused_at.elapsed() >= WORK
        {
            thread::sleep(PAUSE);
            *paused_at = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_pauses_after_a_millisecond_of_work_and_never_without_pauses() {
        let work = |mut pace: Pace| {
            let begun = Instant::now();
            for _ in 0..10 {
                thread::sleep(WORK);
                pace.end_piece();
            }
            begun.elapsed()
        };
        assert!(work(Pace::beside_workers()) >= 10 * (WORK + PAUSE));
        let mut pace = Pace::without_pauses();
        pace.end_piece();
        assert!(pace.paused_at.is_none());
    }
}
