//! The loop of the polling thread: follows the assignment, moves `now`, publishes snapshots on request, and reviews progress and readiness.
//!
//! Every round beats, so that a stuck loop is noticed. Does not touch records; the workers take them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::allocator::memory_in_use;
use super::catch_up::CatchUp;
use super::catch_up_pace::{CatchUpPace, Pace};
use super::checkpoints::{Checkpoints, StoredGroup};
use super::clock::{evaluation_instant, wall_now};
use super::clock_step::{ClockReading, ClockSteps};
use super::failure::ServiceFailure;
use super::health;
use super::memory_budget::MemoryBudget;
use super::pipeline::Pipeline;
use super::service_view::ServiceView;
use super::snapshot_publisher::SnapshotPublisher;
use super::watchdog::Watchdog;
use super::workers::Workers;
use crate::config::{Configuration, RunSettings};
use crate::engine::Engine;
use crate::kafka::dead_letters::LetterBarrier;
use crate::kafka::{DeadLetters, PartitionProgress, Session, StoppedPartitions, WorkerPartitions, stop_all, stop_all_settled, worker_of};
use crate::kill_point::KillPoint;
use crate::metrics::telemetry::PartitionReading;
use crate::time::EventTime;

/// How long a round waits for a snapshot request, and so how long callbacks and answers of the cluster wait for the next round.
const WAIT: Duration = Duration::from_millis(10);
/// How often windows move without a snapshot request: due values are applied, and values that are too old leave.
const ADVANCE_EVERY: Duration = Duration::from_secs(1);
/// How often progress, readiness and the telemetry of the assignment are reviewed. Each review waits for every worker's turn to end, and each worker
/// then waits for this thread; both take long where there are more threads than cores.
const REVIEW_EVERY: Duration = Duration::from_millis(100);
/// How often the memory in use is counted, for which other threads may wait.
const MEMORY_COUNTED_EVERY: Duration = Duration::from_secs(10);
/// A state whose copies of refused records are not confirmed within this time is given up; a later one takes its place.
const CONFIRM_WITHIN: Duration = Duration::from_secs(30);
/// Workers are stopped for snapshots for at most one part in this many of the time, whatever the configured interval.
const SNAPSHOT_TIME_DIVISOR: u32 = 8;

/// The poll loop of one membership of the group.
pub(super) struct PollLoop<'a> {
    session: &'a mut Session<Pipeline>,
    worker_partitions: &'a Arc<[WorkerPartitions<Pipeline>]>,
    publisher: &'a SnapshotPublisher,
    view: &'a ServiceView,
    settings: &'a RunSettings,
    configuration: &'a Configuration,
    topics: &'a [String],
    budget: MemoryBudget,
    /// How far every topic partition had been read at the last review.
    progress: Vec<PartitionProgress>,
    /// The sum of the next offsets of each assigned group at the last review.
    offset_sums: BTreeMap<i32, u64>,
    catch_up: CatchUp,
    catch_up_pace: CatchUpPace,
    watchdog: Watchdog,
    checkpoints: Option<&'a Checkpoints>,
    dead_letters: Option<&'a DeadLetters>,
    /// A state that is written once the copies of refused records from before it are confirmed, and when it was taken.
    unconfirmed: Option<(StoredGroup, LetterBarrier, Instant)>,
    clock_steps: ClockSteps,
    /// Whether a step of the wall clock is held: its time is not used, and no state is stored meanwhile.
    is_clock_held: bool,
    published_at: Instant,
    /// How long the workers were stopped for the newest snapshot.
    publish_cost: Duration,
    advanced_at: Instant,
    reviewed_at: Option<Instant>,
    memory_counted_at: Option<Instant>,
}

impl<'a> PollLoop<'a> {
    pub(super) fn new(
        session: &'a mut Session<Pipeline>,
        worker_partitions: &'a Arc<[WorkerPartitions<Pipeline>]>,
        publisher: &'a SnapshotPublisher,
        view: &'a ServiceView,
        configuration: &'a Configuration,
        topics: &'a [String],
        checkpoints: Option<&'a Checkpoints>,
    ) -> Self {
        let begun = Instant::now();
        Self {
            session,
            worker_partitions,
            publisher,
            view,
            settings: &configuration.run,
            configuration,
            topics,
            budget: MemoryBudget::of(configuration),
            progress: Vec::new(),
            offset_sums: BTreeMap::new(),
            catch_up: CatchUp::default(),
            catch_up_pace: CatchUpPace::default(),
            watchdog: Watchdog::default(),
            checkpoints,
            dead_letters: None,
            unconfirmed: None,
            clock_steps: ClockSteps::default(),
            is_clock_held: false,
            published_at: begun,
            publish_cost: Duration::ZERO,
            advanced_at: begun,
            reviewed_at: None,
            memory_counted_at: None,
        }
    }

    /// The same loop, which writes no state before the copies of its refused records are confirmed.
    pub(super) fn with_dead_letters(self, dead_letters: Option<&'a DeadLetters>) -> Self {
        Self { dead_letters, ..self }
    }

    /// Runs until `stopping` gives true.
    ///
    /// # Errors
    /// When the session or a worker fails.
    pub(super) fn run(&mut self, workers: &Workers, stopping: impl Fn() -> bool) -> Result<(), ServiceFailure> {
        while !stopping() {
            self.view.health().beat(Instant::now());
            if let Some(failure) = workers.failure() {
                return Err(failure);
            }
            self.session.poll(Duration::ZERO)?;
            self.review_if_due()?;
            let interval = self.settings.snapshot_interval.max(self.publish_cost * SNAPSHOT_TIME_DIVISOR);
            if self.view.requests().wait_for_request(self.published_at + interval, WAIT) {
                self.publish();
            } else if self.advanced_at.elapsed() >= ADVANCE_EVERY {
                self.advance();
            }
        }
        Ok(())
    }

    fn review_if_due(&mut self) -> Result<(), ServiceFailure> {
        let now = Instant::now();
        if self.reviewed_at.is_some_and(|at| now.duration_since(at) < REVIEW_EVERY) {
            return Ok(());
        }
        self.reviewed_at = Some(now);
        if let Some(settings) = self.view.take_settings() {
            stop_all(self.worker_partitions).iter_mut().for_each(|worker| worker.sink().change_settings(&settings));
            self.budget = MemoryBudget::with_limits(self.configuration, settings.limits);
            self.publish();
            self.view.begin_era();
        }
        self.follow_progress();
        let unanswered = self.session.unanswered(now);
        let telemetry = self.view.telemetry();
        telemetry.set_kafka_up(unanswered.is_none());
        for (topic, count) in self.session.partition_counts().iter().enumerate() {
            telemetry.set_partitions(topic, *count);
        }
        if self.session.is_assigned() {
            self.show_assignment();
        }
        self.count_memory_if_due(now);
        self.checkpoint_if_due(now);
        self.session.commit(&self.checkpoints.map(Checkpoints::take_safe_offsets).unwrap_or_default());
        self.watchdog.review(self.session.stuck(&self.progress, now), now)?;
        for (topic, counts) in self.dead_letters.map(DeadLetters::take_counts).into_iter().flatten().enumerate() {
            telemetry.count_dead_letters(topic, counts.confirmed, counts.failed);
        }
        let objection = self.session.objection(&self.progress, now).or_else(|| self.checkpoints.and_then(Checkpoints::objection));
        let pace = self.pace(now);
        let readiness = health::readiness(objection, self.session.is_assigned(), &self.progress, self.topics, pace);
        if readiness.is_ok() && self.view.ready().is_err() {
            // A reader that sees "ready" must find values that include everything that made the service ready.
            self.publish();
            self.view.begin_era();
        }
        self.view.set_readiness(readiness);
        Ok(())
    }

    /// The pace at which the records are read that were in the logs at the assignment; `None` when all have been.
    fn pace(&mut self, now: Instant) -> Option<Pace> {
        let read = self.offset_sums.values().sum();
        if !self.session.is_assigned() {
            self.catch_up_pace = CatchUpPace::default();
            return None;
        }
        if self.view.is_caught_up() {
            self.catch_up_pace.end(read, now);
            return None;
        }
        let left =
            self.progress.iter().filter(|progress| !progress.has_reached_assignment_end()).filter_map(|progress| progress.lag_records());
        self.catch_up_pace.observe(read, left.map(|records| records.max(0).unsigned_abs()).sum(), now)
    }

    /// Stops each worker only once, since every stop waits for a turn to end.
    fn follow_progress(&mut self) {
        self.progress.clear();
        self.offset_sums.clear();
        for worker in self.worker_partitions.iter() {
            let mut stopped = worker.stop();
            let from = self.progress.len();
            self.progress.extend(stopped.progress().cloned());
            for group in self.progress[from..].iter().map(|progress| progress.at().partition) {
                self.offset_sums.insert(group, stopped.sink().offset_sum(group).unwrap_or(0));
            }
        }
        let is_caught_up = self.session.is_assigned() && self.catch_up.is_caught_up(self.progress.iter(), self.topics, Instant::now());
        self.view.set_caught_up(is_caught_up);
    }

    /// Stores the state of one partition group, if a checkpoint of it is due. Only its own worker stops for that.
    fn checkpoint_if_due(&mut self, now: Instant) {
        let wall = self.wall();
        let Some(checkpoints) = self.checkpoints.filter(|_| self.session.is_assigned() && !self.is_clock_held) else { return };
        if let Some((stored, barrier, since)) = self.unconfirmed.take() {
            let has_passed = self.dead_letters.is_none_or(|letters| letters.has_passed(&barrier));
            if !has_passed && now.duration_since(since) < CONFIRM_WITHIN {
                self.unconfirmed = Some((stored, barrier, since));
            } else {
                checkpoints.write_later(has_passed.then_some(stored));
            }
            return;
        }
        let Some(due) = checkpoints.due(&self.offset_sums, now) else { return };
        let mut stopped = self.worker_partitions[worker_of(due, self.worker_partitions.len())].stop();
        let stored = stopped.sink().stored(checkpoints, due, wall);
        let barrier = self.dead_letters.map(|letters| letters.barrier(due)).unwrap_or_default();
        drop(stopped);
        KillPoint::StateTaken.pass();
        match stored {
            Some(stored) if !barrier.is_empty() => self.unconfirmed = Some((stored, barrier, now)),
            stored => checkpoints.write_later(stored),
        }
    }

    /// The wall clock. A step of it against the monotonic clock is held for a while: an instant that the windows have reached cannot be taken back.
    fn wall(&mut self) -> EventTime {
        let reading = self.clock_steps.read(Instant::now(), wall_now());
        let was_held = std::mem::replace(&mut self.is_clock_held, reading.is_held());
        match reading {
            ClockReading::Held { step, .. } if !was_held => {
                tracing::warn!(target: "cxpulse::runtime", step_seconds = step.as_seconds(), "the wall clock stepped; the step is not followed yet");
            }
            ClockReading::Believed { step, .. } => {
                tracing::warn!(target: "cxpulse::runtime", step_seconds = step.as_seconds(), "the wall clock stayed at its step and is followed again");
            }
            ClockReading::Held { .. } | ClockReading::Steady(_) => {}
        }
        reading.now()
    }

    fn count_memory_if_due(&mut self, now: Instant) {
        if self.memory_counted_at.is_none_or(|at| now.duration_since(at) >= MEMORY_COUNTED_EVERY) {
            self.memory_counted_at = Some(now);
            memory_in_use().into_iter().for_each(|bytes| self.view.telemetry().set_memory_in_use(bytes));
        }
    }

    /// Puts the assignment and its memory budget into the telemetry.
    fn show_assignment(&self) {
        let reading = |progress: &PartitionProgress| PartitionReading {
            topic: progress.at().topic,
            partition: progress.at().partition,
            lag_records: progress.lag_records(),
            is_paused: progress.hold().is_some() || self.dead_letters.is_some_and(|letters| letters.is_holding(progress.at())),
        };
        let readings: Vec<PartitionReading> = self.progress.iter().map(reading).collect();
        self.view.telemetry().set_assignment(&readings);
        let groups: BTreeSet<i32> = readings.iter().map(|reading| reading.partition).collect();
        self.view.telemetry().set_memory_budget(self.budget.bytes(groups.len()));
    }

    fn publish(&mut self) {
        let mut stopped = stop_all_settled(self.worker_partitions);
        // The cost begins here: before, the workers still took records.
        let begun = Instant::now();
        let now = self.now(&mut stopped);
        // An engine that a panic left half changed is not read.
        if stopped.iter_mut().all(|worker| !worker.sink().is_broken()) {
            stopped.iter_mut().for_each(|worker| worker.report_progress());
            let mut engines: Vec<&mut Engine> = stopped.iter_mut().map(|worker| worker.sink().engine()).collect();
            let gathered = self.publisher.gather(&mut engines, now);
            drop(engines);
            drop(stopped);
            self.publish_cost = begun.elapsed();
            gathered.publish();
            KillPoint::SnapshotPublished.pass();
        }
        self.published_at = Instant::now();
        self.advanced_at = self.published_at;
    }

    fn advance(&mut self) {
        let mut stopped = stop_all(self.worker_partitions);
        if let Some(now) = self.now(&mut stopped) {
            stopped.iter_mut().for_each(|worker| worker.sink().engine().advance_to(now));
        }
        self.advanced_at = Instant::now();
    }

    /// The instant at which windows are evaluated. Without an assignment there is none: no partition has values, and an instant that engines have
    /// reached cannot be taken back.
    fn now(&mut self, stopped: &mut [StoppedPartitions<'_, Pipeline>]) -> Option<EventTime> {
        if !self.session.is_assigned() {
            return None;
        }
        let largest = stopped.iter_mut().filter_map(|worker| worker.sink().engine().largest_event_time()).max();
        let wall = self.wall();
        evaluation_instant(self.settings.clock, wall, largest)
    }
}
