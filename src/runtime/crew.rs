//! The workers: threads that take the records of their shares, turn after turn, until all end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, Scope};
use std::time::{Duration, Instant};

use super::pipeline::Pipeline;
use super::service::Failure;
use super::shared::Shared;
use crate::kafka::Share;

/// How long a worker waits when nothing had arrived: an event waits at most this long to be taken.
const IDLE_WAIT: Duration = Duration::from_millis(10);

/// The workers and how they end.
pub(super) struct Crew {
    shares: Arc<[Share<Pipeline>]>,
    shared: Arc<Shared>,
    is_ending: AtomicBool,
    failure: Mutex<Option<Failure>>,
}

impl Crew {
    pub(super) fn new(shares: Arc<[Share<Pipeline>]>, shared: Arc<Shared>) -> Self {
        Self { shares, shared, is_ending: AtomicBool::new(false), failure: Mutex::new(None) }
    }

    /// Starts a thread for each share.
    pub(super) fn start<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) -> Result<(), Failure> {
        for number in 0..self.shares.len() {
            let worker = Builder::new().name(format!("cxpulse-worker-{number}"));
            worker
                .spawn_scoped(scope, move || self.work(number))
                .map_err(|error| Failure::Environment(format!("cannot start a worker's thread: {error}")))?;
        }
        Ok(())
    }

    /// Lets every worker end after its turn.
    pub(super) fn end(&self) {
        self.is_ending.store(true, Ordering::Relaxed);
    }

    /// Why a worker ended that was not told to.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn work(&self, number: usize) {
        let share = &self.shares[number];
        let beat = self.shared.heart(number);
        while !self.is_ending.load(Ordering::Relaxed) {
            beat.beat(Instant::now());
            match catch_unwind(AssertUnwindSafe(|| share.take())) {
                Ok(Ok(0)) => std::thread::sleep(IDLE_WAIT),
                Ok(Ok(_)) => {}
                Ok(Err(failure)) => return self.fail(failure.into()),
                Err(_) => {
                    // Leaving the group calls back into the pipeline, which holds whatever the panic left.
                    share.stop().sink().give_up();
                    return self.fail(Failure::Internal("a worker panicked".to_owned()));
                }
            }
        }
    }

    fn fail(&self, failure: Failure) {
        // The first reason is the telling one.
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
    }
}
