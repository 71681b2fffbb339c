//! The loop of the polling thread: follow the assignment, move now, publish when somebody asks, review readiness. Every round beats, so that a
//! loop that stands still is noticed. The records themselves are the workers' business.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::clock::{evaluation_instant, follow_limit, wall_now};
use super::crew::Crew;
use super::memory::MemoryBudget;
use super::pipeline::Pipeline;
use super::publisher::Publisher;
use super::service::Failure;
use super::shared::Shared;
use super::silence::Silence;
use crate::config::{Configuration, RunSettings};
use crate::engine::Engine;
use crate::kafka::{Feed, Session, Share, Stopped, stop_all, stop_all_settled};
use crate::metrics::telemetry::PartitionReading;
use crate::time::EventTime;

/// How long callbacks and the reports of the observer wait at most until a round comes to them. Whoever asks for a snapshot ends the wait.
const WAIT: Duration = Duration::from_millis(10);
/// Without a reader, windows still move: what now has reached is applied, and what is too old leaves.
const ADVANCE_EVERY: Duration = Duration::from_secs(1);
/// How often progress, readiness and the assignment's telemetry are brought up to date. Each time waits for a turn of each worker to end, and a
/// worker then for this thread to come to its turn, which takes long where there are more threads than cores.
const REVIEW_EVERY: Duration = Duration::from_millis(100);
/// Workers may stand still for snapshots for at most one part in this many of the time, whatever the configured interval.
const SNAPSHOT_SHARE: u32 = 8;

/// Consumes until `stopping` says so.
pub(super) struct Consuming<'a> {
    pub(super) session: &'a mut Session<Pipeline>,
    pub(super) shares: &'a Arc<[Share<Pipeline>]>,
    pub(super) publisher: &'a Publisher,
    pub(super) shared: &'a Shared,
    pub(super) settings: &'a RunSettings,
    pub(super) topics: &'a [String],
    budget: MemoryBudget,
    /// How far every topic partition had been read at the last review.
    feeds: Vec<Feed>,
    silence: Silence,
    /// Whether everything had been read once by then.
    is_caught_up: bool,
    published_at: Instant,
    /// How long the workers stood still for the newest snapshot.
    publish_cost: Duration,
    advanced_at: Instant,
    reviewed_at: Option<Instant>,
}

impl<'a> Consuming<'a> {
    pub(super) fn new(
        session: &'a mut Session<Pipeline>,
        shares: &'a Arc<[Share<Pipeline>]>,
        publisher: &'a Publisher,
        shared: &'a Shared,
        configuration: &'a Configuration,
        topics: &'a [String],
    ) -> Self {
        let begun = Instant::now();
        Self {
            session,
            shares,
            publisher,
            shared,
            settings: &configuration.run,
            topics,
            budget: MemoryBudget::of(configuration),
            feeds: Vec::new(),
            silence: Silence::default(),
            is_caught_up: false,
            published_at: begun,
            publish_cost: Duration::ZERO,
            advanced_at: begun,
            reviewed_at: None,
        }
    }

    pub(super) fn run(&mut self, crew: &Crew, stopping: impl Fn() -> bool) -> Result<(), Failure> {
        while !stopping() {
            self.shared.beat(Instant::now());
            if let Some(failure) = crew.failure() {
                return Err(failure);
            }
            self.session.poll(Duration::ZERO)?;
            self.review_if_due();
            let interval = self.settings.snapshot_interval.max(self.publish_cost * SNAPSHOT_SHARE);
            if self.shared.asked().wait_for_reader(self.published_at + interval, WAIT) {
                self.publish();
            } else if self.advanced_at.elapsed() >= ADVANCE_EVERY {
                self.advance();
            }
        }
        Ok(())
    }

    /// Each share is stopped once, since that waits for a turn to end; so the limit is that of the review before.
    fn follow_progress(&mut self) {
        let limit = follow_limit(self.settings.clock, self.is_caught_up, wall_now());
        self.feeds.clear();
        for share in self.shares.iter() {
            let mut share = share.stop();
            self.feeds.extend(share.feeds().cloned());
            share.sink().engine().follow_events_until(limit);
        }
        self.is_caught_up = self.session.is_assigned() && self.silence.is_caught_up(self.feeds.iter(), self.topics, Instant::now());
    }

    fn advance(&mut self) {
        let mut stopped = stop_all(self.shares);
        if let Some(now) = self.now(&mut stopped) {
            stopped.iter_mut().for_each(|share| share.sink().engine().advance_to(now));
        }
        self.advanced_at = Instant::now();
    }

    fn publish(&mut self) {
        let mut stopped = stop_all_settled(self.shares);
        // Until here the workers were busy with their own.
        let begun = Instant::now();
        let now = self.now(&mut stopped);
        // A worker whose turn panicked leaves nothing that could be shown.
        if stopped.iter_mut().all(|share| !share.sink().is_broken()) {
            stopped.iter_mut().for_each(|share| share.report_progress());
            let mut engines: Vec<&mut Engine> = stopped.iter_mut().map(|share| share.sink().engine()).collect();
            let gathered = self.publisher.gather(&mut engines, now);
            drop(engines);
            drop(stopped);
            self.publish_cost = begun.elapsed();
            gathered.show();
        }
        self.published_at = Instant::now();
        self.advanced_at = self.published_at;
    }

    /// The instant at which windows are evaluated. Without an assignment there is nothing to evaluate, and an instant that was reached cannot be
    /// taken back.
    fn now(&self, stopped: &mut [Stopped<'_, Pipeline>]) -> Option<EventTime> {
        if !self.session.is_assigned() {
            return None;
        }
        let largest = stopped.iter_mut().filter_map(|share| share.sink().engine().largest_event_time()).max();
        evaluation_instant(self.settings.clock, self.is_caught_up, wall_now(), largest)
    }

    fn review_if_due(&mut self) {
        let now = Instant::now();
        if self.reviewed_at.is_some_and(|at| now.duration_since(at) < REVIEW_EVERY) {
            return;
        }
        self.reviewed_at = Some(now);
        self.follow_progress();
        let unanswered = self.session.unanswered(now);
        let telemetry = self.shared.telemetry();
        telemetry.set_kafka_up(unanswered.is_none());
        for (topic, count) in self.session.partition_counts().iter().enumerate() {
            telemetry.set_partitions(topic, *count);
        }
        let readings: Vec<PartitionReading> = self
            .feeds
            .iter()
            .map(|feed| PartitionReading { topic: feed.at().topic, partition: feed.at().partition, lag_records: feed.lag_records() })
            .collect();
        if self.session.is_assigned() {
            telemetry.set_assignment(&readings);
            let groups: BTreeSet<i32> = readings.iter().map(|reading| reading.partition).collect();
            telemetry.set_memory_budget(self.budget.bytes(groups.len()));
        }
        let readiness = self.readiness(unanswered);
        if readiness.is_ok() && self.shared.ready().is_err() {
            // Whoever sees "ready" must find values that include everything that made it so.
            self.publish();
            self.shared.begin_era();
        }
        self.shared.set_readiness(readiness);
    }

    fn readiness(&self, unanswered: Option<String>) -> Result<(), String> {
        if let Some(why) = unanswered {
            return Err(why);
        }
        if !self.session.is_assigned() {
            return Err("waiting for the group to assign partitions".to_owned());
        }
        let behind: Vec<&Feed> = self.feeds.iter().filter(|feed| !feed.has_reached_assignment_end()).collect();
        let Some(first) = behind.first() else { return Ok(()) };
        let records: i64 = behind.iter().filter_map(|feed| feed.lag_records()).sum();
        let at = first.at();
        Err(format!(
            "catching up: {} of {} partitions, {records} records to read, the first is {}/{}",
            behind.len(),
            self.feeds.len(),
            self.topics[at.topic],
            at.partition
        ))
    }
}
