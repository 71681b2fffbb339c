//! Whether the service is healthy (its threads make progress) and ready (its values speak for all assigned partitions), and why not.
//!
//! Does not know HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use super::catch_up_pace::Pace;
use crate::kafka::PartitionProgress;

/// A loop that has not come round for this long is stuck.
const STUCK_AFTER: Duration = Duration::from_secs(30);
/// A loop that has not come round for this long makes the service not ready: what it said of readiness may no longer hold.
const UNREADY_AFTER: Duration = Duration::from_secs(10);
/// The beat of a loop that is not running.
const AT_REST: u64 = u64::MAX;

/// Health and readiness of one service.
pub(super) struct ServiceHealth {
    readiness: ArcSwap<Result<(), String>>,
    started_at: Instant,
    /// Milliseconds from the start to the last round of the poll loop.
    poll_loop_beat_ms: AtomicU64,
    /// Milliseconds from the start to the last turn of each worker.
    worker_beats_ms: Vec<AtomicU64>,
}

/// The beat of one worker. Dropping it means that the worker has ended.
pub(super) struct WorkerBeat<'a> {
    health: &'a ServiceHealth,
    beat_ms: &'a AtomicU64,
}

impl WorkerBeat<'_> {
    /// The worker begins a turn.
    pub(super) fn beat(&self, now: Instant) {
        self.beat_ms.store(self.health.millis_at(now), Ordering::Relaxed);
    }
}

impl Drop for WorkerBeat<'_> {
    fn drop(&mut self) {
        self.beat_ms.store(AT_REST, Ordering::Relaxed);
    }
}

impl ServiceHealth {
    pub(super) fn new(workers: usize) -> Self {
        Self {
            readiness: ArcSwap::from_pointee(Err("starting".to_owned())),
            started_at: Instant::now(),
            poll_loop_beat_ms: AtomicU64::new(0),
            worker_beats_ms: (0..workers).map(|_| AtomicU64::new(AT_REST)).collect(),
        }
    }

    /// The readiness that was last set, if the loop that sets it still comes round at `now`; the reason why not is a sentence for an operator.
    pub(super) fn ready(&self, now: Instant) -> Result<(), String> {
        (**self.readiness.load()).clone()?;
        let silent = self.longest_silence(now);
        if silent < UNREADY_AFTER { Ok(()) } else { Err(format!("the processing loop has not come round for {} s", silent.as_secs())) }
    }

    /// Sets the readiness, and logs it where it changes.
    pub(super) fn set_readiness(&self, readiness: Result<(), String>) {
        if **self.readiness.load() != readiness {
            match &readiness {
                Ok(()) => tracing::info!(target: "cxpulse::runtime", "ready"),
                Err(why) => tracing::debug!(target: "cxpulse::runtime", why, "not ready"),
            }
            self.readiness.store(Arc::new(readiness));
        }
    }

    /// The poll loop begins a round.
    pub(super) fn beat(&self, now: Instant) {
        self.poll_loop_beat_ms.store(self.millis_at(now), Ordering::Relaxed);
    }

    /// The beat of a worker, by its number.
    pub(super) fn worker_beat(&self, worker: usize) -> WorkerBeat<'_> {
        WorkerBeat { health: self, beat_ms: &self.worker_beats_ms[worker] }
    }

    /// Whether no running loop is stuck at `now`.
    pub(super) fn is_healthy(&self, now: Instant) -> bool {
        self.longest_silence(now) < STUCK_AFTER
    }

    /// The time at `now` since the last round of the running loop that has not come round for longest.
    fn longest_silence(&self, now: Instant) -> Duration {
        let now = self.millis_at(now);
        let beats = std::iter::once(&self.poll_loop_beat_ms).chain(&self.worker_beats_ms).map(|beat| beat.load(Ordering::Relaxed));
        let silences = beats.filter(|beat| *beat != AT_REST).map(|beat| now.saturating_sub(beat));
        Duration::from_millis(silences.max().unwrap_or_default())
    }

    fn millis_at(&self, now: Instant) -> u64 {
        millis(now.saturating_duration_since(self.started_at))
    }
}

/// The service is ready when nothing speaks against the session (see [`crate::kafka::Session::objection`]), the group is stable, and everything that was in the logs at the assignment has been read.
///
/// # Errors
/// The first of these conditions that is not met, as a sentence for an operator.
pub(super) fn readiness(
    objection: Option<String>,
    is_assigned: bool,
    progress: &[PartitionProgress],
    topics: &[String],
    pace: Option<Pace>,
) -> Result<(), String> {
    if let Some(why) = objection {
        return Err(why);
    }
    if !is_assigned {
        return Err("waiting for the group to assign partitions".to_owned());
    }
    let behind: Vec<&PartitionProgress> = progress.iter().filter(|progress| !progress.has_reached_assignment_end()).collect();
    let Some(first) = behind.first() else { return Ok(()) };
    let records: i64 = behind.iter().filter_map(|progress| progress.lag_records()).sum();
    let at = first.at();
    let pace = pace.map(|pace| format!(" ({pace})")).unwrap_or_default();
    Err(format!(
        "catching up: {} of {} partitions, {records} records to read{pace}, the first is {}/{}",
        behind.len(),
        progress.len(),
        topics[at.topic],
        at.partition
    ))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_stuck_loop_is_unhealthy() {
        let health = ServiceHealth::new(2);
        let start = Instant::now();
        assert!(health.ready(start).is_err());
        assert!(health.is_healthy(start));
        let later = start + STUCK_AFTER * 2;
        assert!(!health.is_healthy(later));
        health.beat(later);
        assert!(health.is_healthy(later), "workers that do not run are not waited for");
        let beat = health.worker_beat(1);
        beat.beat(start);
        assert!(!health.is_healthy(later), "one of two workers is stuck");
        drop(beat);
        assert!(health.is_healthy(later));
    }

    #[test]
    fn readiness_ends_when_the_loop_that_said_it_no_longer_comes_round() {
        let health = ServiceHealth::new(1);
        let start = Instant::now();
        health.beat(start);
        health.set_readiness(Ok(()));
        assert_eq!(health.ready(start + UNREADY_AFTER / 2), Ok(()));
        let why = health.ready(start + UNREADY_AFTER * 2).unwrap_err();
        assert!(why.contains("20 s") || why.contains("19 s"), "{why}");
        health.beat(start + UNREADY_AFTER * 2);
        assert_eq!(health.ready(start + UNREADY_AFTER * 2), Ok(()));
    }
}
