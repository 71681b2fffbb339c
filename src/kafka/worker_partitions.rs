//! The partition groups of one worker: their queues and the sink for their records, behind one lock that the worker holds for one turn.
//!
//! The polling thread stops a worker whenever it must read or change something there. The polling thread always comes before the worker's next turn:
//! a worker that takes turn after turn would otherwise keep it waiting for ever.
//!
//! Does not know which thread works, nor how a worker ends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rdkafka::consumer::BaseConsumer;
use rdkafka::consumer::base_consumer::PartitionQueue;

use super::failure::Failure;
use super::group_queues::GroupQueues;
use super::losses::{Loss, SkippedBatch};
use super::partition_progress::{PartitionProgress, TopicPartition};
use super::rebalance::{AssignmentListener, GroupContext, TopicSubscription};
use super::sink::{AssignmentChange, Sink};

/// The partition groups of one worker. Partition group *i* belongs to worker *i* modulo the number of workers.
pub struct WorkerPartitions<S: Sink> {
    /// Held by the thread that stops this worker, from before it waits for the turn to end.
    next_turn: Mutex<()>,
    /// The worker is to call [`Sink::settle`] at the end of its turn.
    is_to_settle: AtomicBool,
    /// A log went back, and it is to be decided whether it is another one.
    has_doubt: AtomicBool,
    /// Something could not be read, and it is to be looked at.
    has_undecodable: AtomicBool,
    contents: Mutex<Contents<S>>,
}

struct Contents<S: Sink> {
    groups: Vec<GroupQueues>,
    /// The assignment has changed and the session has not followed it yet: the queued records belong to no assignment.
    is_halted: bool,
    sink: S,
    last_group: usize,
}

/// The partition groups of a worker that is stopped as long as this value lives.
pub struct StoppedPartitions<'a, S: Sink> {
    // Dropped first, so that the worker finds the contents free when its next turn is allowed.
    contents: MutexGuard<'a, Contents<S>>,
    _next_turn: MutexGuard<'a, ()>,
}

impl<S: Sink> WorkerPartitions<S> {
    /// A worker's partitions, none so far.
    pub fn new(sink: S) -> Self {
        let contents = Contents { groups: Vec::new(), is_halted: false, sink, last_group: 0 };
        Self {
            next_turn: Mutex::default(),
            is_to_settle: AtomicBool::new(false),
            has_doubt: AtomicBool::new(false),
            has_undecodable: AtomicBool::new(false),
            contents: Mutex::new(contents),
        }
    }

    /// Waits for the worker's turn to end, and keeps the next one from beginning.
    pub fn stop(&self) -> StoppedPartitions<'_, S> {
        let next_turn = lock(&self.next_turn);
        StoppedPartitions { contents: lock(&self.contents), _next_turn: next_turn }
    }

    /// Takes one turn: the arrived records of the next partition group that has any. Gives their number, 0 when no group had any.
    ///
    /// # Errors
    /// When the client cannot go on.
    pub fn take_turn(&self) -> Result<usize, Failure> {
        drop(lock(&self.next_turn));
        let mut contents = lock(&self.contents);
        let count = contents.take_turn()?;
        if self.is_to_settle.swap(false, Ordering::Relaxed) {
            contents.sink.settle();
        }
        if contents.groups.iter().any(GroupQueues::is_in_doubt) {
            self.has_doubt.store(true, Ordering::Relaxed);
        }
        if contents.groups.iter().any(GroupQueues::is_searching) {
            self.has_undecodable.store(true, Ordering::Relaxed);
        }
        Ok(count)
    }

    /// Whether a log has gone back since the last call. The worker takes no turn of that group before the doubt is settled.
    pub(super) fn take_doubt(&self) -> bool {
        self.has_doubt.load(Ordering::Relaxed) && self.has_doubt.swap(false, Ordering::Relaxed)
    }

    /// Whether something could not be read since the last call, or before and it has not been looked at yet.
    pub(super) fn take_undecodable(&self) -> bool {
        self.has_undecodable.load(Ordering::Relaxed) && self.has_undecodable.swap(false, Ordering::Relaxed)
    }
}

impl<S: Sink> Contents<S> {
    fn take_turn(&mut self) -> Result<usize, Failure> {
        if self.is_halted {
            return Ok(0);
        }
        for _ in 0..self.groups.len() {
            self.last_group = (self.last_group + 1) % self.groups.len();
            let group = &mut self.groups[self.last_group];
            let count = group.take(&mut self.sink)?;
            group.progress().iter().for_each(|progress| self.sink.progressed(progress));
            if count > 0 {
                return Ok(count);
            }
        }
        Ok(0)
    }
}

impl<S: Sink> StoppedPartitions<'_, S> {
    /// The receiver of the records.
    pub fn sink(&mut self) -> &mut S {
        &mut self.contents.sink
    }

    /// How far each topic partition has been read.
    pub fn progress(&self) -> impl Iterator<Item = &PartitionProgress> {
        self.contents.groups.iter().flat_map(GroupQueues::progress)
    }

    /// Tells the sink how far each topic partition has been read.
    pub fn report_progress(&mut self) {
        let Contents { groups, sink, .. } = &mut *self.contents;
        groups.iter().flat_map(GroupQueues::progress).for_each(|progress| sink.progressed(progress));
    }

    pub(super) fn progress_of(&mut self, at: TopicPartition) -> Option<&mut PartitionProgress> {
        self.contents.groups.iter_mut().flat_map(GroupQueues::progress_mut).find(|progress| progress.at() == at)
    }

    /// Adds a topic partition, as far as its sink has handled it. Partitions come sorted by number, then topic.
    pub(super) fn add(
        &mut self,
        at: TopicPartition,
        queue: PartitionQueue<GroupContext>,
        consumer: &Arc<BaseConsumer<GroupContext>>,
        subscription: &Arc<TopicSubscription>,
    ) {
        let Contents { groups, sink, .. } = &mut *self.contents;
        let progress = PartitionProgress::new(at, sink.next_offset(at)).of_log(sink.log_identity(at));
        match groups.last_mut() {
            Some(group) if group.partition() == at.partition => group.push(progress, queue),
            _ => groups.push(GroupQueues::new(Arc::clone(consumer), Arc::clone(subscription), progress, queue)),
        }
    }

    /// How far each topic partition has been read, to change it.
    pub(super) fn progress_mut(&mut self) -> impl Iterator<Item = &mut PartitionProgress> {
        self.contents.groups.iter_mut().flat_map(GroupQueues::progress_mut)
    }

    /// Takes a look at the log of a topic partition, and tells the sink what was lost. Gives the losses.
    pub(super) fn note_log(&mut self, at: TopicPartition, offsets: std::ops::Range<i64>, asked_at: std::time::Instant) -> Vec<Loss> {
        let Contents { groups, sink, .. } = &mut *self.contents;
        let Some(progress) = groups.iter_mut().flat_map(GroupQueues::progress_mut).find(|progress| progress.at() == at) else {
            return Vec::new();
        };
        let losses = progress.note_log(offsets, asked_at);
        losses.iter().for_each(|loss| sink.lost(at, loss));
        losses
    }

    /// Passes over batches of a topic partition that cannot be read, and tells the sink.
    pub(super) fn pass_over(&mut self, at: TopicPartition, batches: &[SkippedBatch]) {
        let Some(progress) = self.progress_of(at) else { return };
        batches.iter().for_each(|batch| progress.pass_over(batch.loss.offsets.end));
        batches.iter().for_each(|batch| self.sink().skipped(at, batch));
    }

    /// Drops all queues. The records in them are lost to this member.
    pub(super) fn clear(&mut self) {
        self.contents.groups.clear();
    }

    /// The session has followed every change of the assignment.
    pub(super) fn end_halt(&mut self) {
        self.contents.is_halted = false;
    }
}

impl<S: Sink> AssignmentListener for Arc<[WorkerPartitions<S>]> {
    /// Passes the change on to every sink. All workers are stopped until the last sink has heard of it, and take nothing until the session has followed.
    fn assignment_changed(&self, groups: &[i32], change: AssignmentChange) {
        // The polling thread holds no worker stopped while it polls, so this cannot wait for itself.
        let mut stopped = stop_all(self);
        for (number, worker) in stopped.iter_mut().enumerate() {
            worker.contents.is_halted = true;
            let own: Vec<i32> = groups.iter().copied().filter(|group| worker_of(*group, self.len()) == number).collect();
            match change {
                AssignmentChange::Assigned => worker.sink().assign(&own),
                AssignmentChange::Revoked | AssignmentChange::Lost => worker.sink().revoke(&own),
                AssignmentChange::Rebuilt => worker.sink().rebuild(&own),
            }
        }
        let mut sinks: Vec<&mut S> = stopped.iter_mut().map(StoppedPartitions::sink).collect();
        S::rebalanced(&mut sinks, groups, change);
    }

    fn take_safe_offsets(&self) -> Vec<(TopicPartition, i64)> {
        self.iter().flat_map(|worker| worker.stop().sink().take_safe_offsets()).collect()
    }
}

/// The number of the worker that reads a partition group.
#[must_use]
pub fn worker_of(group: i32, workers: usize) -> usize {
    usize::try_from(group).unwrap_or_default() % workers
}

/// Stops all workers as [`stop_all`] does. A worker in the middle of a turn settles its sink first: so all workers settle at the same time, and not
/// one after the other on the thread that reads them.
pub fn stop_all_settled<S: Sink>(workers: &[WorkerPartitions<S>]) -> Vec<StoppedPartitions<'_, S>> {
    workers.iter().for_each(|worker| worker.is_to_settle.store(true, Ordering::Relaxed));
    let stopped = stop_all(workers);
    // A worker that was between two turns has nothing to settle, and need not do it at its next turn.
    workers.iter().for_each(|worker| worker.is_to_settle.store(false, Ordering::Relaxed));
    stopped
}

/// Stops all workers, each at the end of its turn. No thread but the polling one ever stops more than one worker, so this cannot deadlock.
pub fn stop_all<S: Sink>(workers: &[WorkerPartitions<S>]) -> Vec<StoppedPartitions<'_, S>> {
    // The next turns of all workers are held back first: the last worker must not begin a turn while the first one ends its own.
    let next_turns: Vec<_> = workers.iter().map(|worker| lock(&worker.next_turn)).collect();
    let stopped = |(worker, next_turn)| {
        let worker: &WorkerPartitions<S> = worker;
        StoppedPartitions { contents: lock(&worker.contents), _next_turn: next_turn }
    };
    workers.iter().zip(next_turns).map(stopped).collect()
}

/// Locks, also after a panic during a turn: the caller of `take_turn` sees that panic, and tells the sink of it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
