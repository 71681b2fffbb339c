//! The workers: threads that take the records of their partitions, turn after turn, until all of them end.
//!
//! Does not know the way of a record, nor when snapshots are taken.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, Scope};
use std::time::{Duration, Instant};

use super::failure::ServiceFailure;
use super::pipeline::Pipeline;
use super::service_view::ServiceView;
use crate::kafka::WorkerPartitions;

/// How long a worker sleeps when no record had arrived: an event waits at most this long to be taken.
const IDLE_SLEEP: Duration = Duration::from_millis(10);

/// The threads of all workers.
pub(super) struct Workers {
    partitions: Arc<[WorkerPartitions<Pipeline>]>,
    view: Arc<ServiceView>,
    is_ending: AtomicBool,
    failure: Mutex<Option<ServiceFailure>>,
}

impl Workers {
    pub(super) fn new(partitions: Arc<[WorkerPartitions<Pipeline>]>, view: Arc<ServiceView>) -> Self {
        Self { partitions, view, is_ending: AtomicBool::new(false), failure: Mutex::new(None) }
    }

    /// Starts a thread for each worker.
    pub(super) fn start<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) -> Result<(), ServiceFailure> {
        for number in 0..self.partitions.len() {
            let worker = Builder::new().name(format!("cxpulse-worker-{number}"));
            worker
                .spawn_scoped(scope, move || self.work(number))
                .map_err(|error| ServiceFailure::Environment(format!("cannot start a worker's thread: {error}")))?;
        }
        Ok(())
    }

    /// Lets every worker end after its turn.
    pub(super) fn end(&self) {
        self.is_ending.store(true, Ordering::Relaxed);
    }

    /// Why the first worker failed; `None` while all of them run.
    pub(super) fn failure(&self) -> Option<ServiceFailure> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn work(&self, number: usize) {
        let partitions = &self.partitions[number];
        let beat = self.view.health().worker_beat(number);
        while !self.is_ending.load(Ordering::Relaxed) {
            beat.beat(Instant::now());
            match catch_unwind(AssertUnwindSafe(|| partitions.take_turn())) {
                Ok(Ok(0)) => std::thread::sleep(IDLE_SLEEP),
                Ok(Ok(_)) => {}
                Ok(Err(failure)) => return self.fail(failure.into()),
                Err(_) => {
                    // Leaving the group calls back into the pipeline, whose engine the panic may have left half changed.
                    partitions.stop().sink().give_up();
                    return self.fail(ServiceFailure::Internal("a worker panicked".to_owned()));
                }
            }
        }
    }

    fn fail(&self, failure: ServiceFailure) {
        // Later failures often follow from the first one.
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
    }
}
