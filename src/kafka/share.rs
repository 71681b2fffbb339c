//! A worker's share of the partition groups: their queues and the sink that their records go to, behind one lock that a worker holds for one turn.
//!
//! The polling thread stops a share whenever it must see or change something in it. It always comes before the worker's next turn: a worker that
//! takes turn after turn would else keep it waiting for ever.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};

use super::context::lock;
use super::group::Group;
use super::{Failure, Feed, Sink};

/// One worker's share. Partition group *i* belongs to share *i* modulo the number of shares.
pub struct Share<S: Sink> {
    /// Held by whoever stops the share, from before it waits for the turn to end.
    gate: Mutex<()>,
    /// The worker is to let its sink settle at the end of its turn.
    is_to_settle: AtomicBool,
    held: Mutex<Held<S>>,
}

/// What lies in a share.
pub struct Held<S: Sink> {
    pub(super) groups: Vec<Group<S>>,
    /// The assignment has changed and the session has not followed yet: what is still queued belongs to nobody.
    pub(super) is_halted: bool,
    sink: S,
    next_group: usize,
}

/// A share that stands still as long as this is held.
pub struct Stopped<'a, S: Sink> {
    // Dropped first, so that the worker finds the share free when the gate opens.
    held: MutexGuard<'a, Held<S>>,
    _gate: MutexGuard<'a, ()>,
}

impl<S: Sink> Share<S> {
    /// A share without groups.
    pub fn new(sink: S) -> Self {
        let held = Held { groups: Vec::new(), is_halted: false, sink, next_group: 0 };
        Self { gate: Mutex::default(), is_to_settle: AtomicBool::new(false), held: Mutex::new(held) }
    }

    /// Waits for the worker's turn to end, and keeps the next one from beginning.
    pub fn stop(&self) -> Stopped<'_, S> {
        let gate = lock(&self.gate);
        Stopped { held: lock(&self.held), _gate: gate }
    }

    /// One turn of the worker: takes what has arrived for the next of its groups that has something. Gives the number of records, 0 when nothing had
    /// arrived for any.
    ///
    /// # Errors
    /// When the client cannot go on.
    pub fn take(&self) -> Result<usize, Failure> {
        drop(lock(&self.gate));
        let mut held = lock(&self.held);
        let count = held.take()?;
        if self.is_to_settle.swap(false, Ordering::Relaxed) {
            held.sink.settle();
        }
        Ok(count)
    }
}

impl<S: Sink> Held<S> {
    /// The sink.
    pub fn sink(&mut self) -> &mut S {
        &mut self.sink
    }

    /// How far each of its topic partitions has been read.
    pub fn feeds(&self) -> impl Iterator<Item = &Feed> {
        self.groups.iter().flat_map(Group::feeds)
    }

    /// Tells the sink how far each has been read.
    pub fn report_progress(&mut self) {
        for group in &self.groups {
            group.feeds().iter().for_each(|feed| self.sink.progressed(feed));
        }
    }

    pub(super) fn feeds_mut(&mut self) -> impl Iterator<Item = &mut Feed> {
        self.groups.iter_mut().flat_map(Group::feeds_mut)
    }

    fn take(&mut self) -> Result<usize, Failure> {
        if self.is_halted {
            return Ok(0);
        }
        for _ in 0..self.groups.len() {
            self.next_group = (self.next_group + 1) % self.groups.len();
            let group = &mut self.groups[self.next_group];
            let count = group.take(&mut self.sink)?;
            group.feeds().iter().for_each(|feed| self.sink.progressed(feed));
            if count > 0 {
                return Ok(count);
            }
        }
        Ok(0)
    }
}

impl<S: Sink> std::ops::Deref for Stopped<'_, S> {
    type Target = Held<S>;

    fn deref(&self) -> &Held<S> {
        &self.held
    }
}

impl<S: Sink> std::ops::DerefMut for Stopped<'_, S> {
    fn deref_mut(&mut self) -> &mut Held<S> {
        &mut self.held
    }
}

/// Stops all shares, those that are in the middle of a turn with their sinks settled, so that workers do this at one time and not whoever looks
/// for one after the other.
pub fn stop_all_settled<S: Sink>(shares: &[Share<S>]) -> Vec<Stopped<'_, S>> {
    shares.iter().for_each(|share| share.is_to_settle.store(true, Ordering::Relaxed));
    let stopped = stop_all(shares);
    // A worker at rest has nothing to settle, and need not do it at its next turn.
    shares.iter().for_each(|share| share.is_to_settle.store(false, Ordering::Relaxed));
    stopped
}

/// Stops all shares, at the end of the turns that they are in; no two threads but the polling one ever hold more than one, so this cannot wait for
/// itself.
pub fn stop_all<S: Sink>(shares: &[Share<S>]) -> Vec<Stopped<'_, S>> {
    // All gates first: the worker of the last share must not begin a turn while the first one is waited for.
    let gates: Vec<_> = shares.iter().map(|share| lock(&share.gate)).collect();
    shares.iter().zip(gates).map(|(share, gate)| Stopped { held: lock(&share.held), _gate: gate }).collect()
}
