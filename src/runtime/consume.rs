//! The loop: poll, take, note progress, publish. Every round beats, so that a loop that stands still is noticed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::clock::{evaluation_instant, follow_limit, wall_now};
use super::pipeline::Pipeline;
use super::shared::Shared;
use crate::config::RunSettings;
use crate::engine::Progress;
use crate::kafka::{Failure, Feed, Session};
use crate::metrics::telemetry::PartitionReading;
use crate::time::{EventTime, Span};

/// How long a round waits for callbacks when there was nothing to take: an event waits at most this long to be seen.
const IDLE_WAIT: Duration = Duration::from_millis(20);
/// Without traffic, windows still drain: a snapshot at least this often.
const PUBLISH_EVERY: Duration = Duration::from_secs(1);
/// How often readiness and the assignment's telemetry are brought up to date.
const REVIEW_EVERY: Duration = Duration::from_millis(100);
/// A snapshot may cost at most one part in this many of the time, whatever the configured interval.
const SNAPSHOT_SHARE: u32 = 8;

/// Consumes until `stopping` says so.
pub(super) struct Consuming<'a> {
    pub(super) session: &'a mut Session<Pipeline>,
    pub(super) pipeline: &'a Arc<Mutex<Pipeline>>,
    pub(super) shared: &'a Shared,
    pub(super) settings: &'a RunSettings,
    pub(super) topics: &'a [String],
    published_at: Instant,
    publish_cost: Duration,
    reviewed_at: Option<Instant>,
}

impl<'a> Consuming<'a> {
    pub(super) fn new(
        session: &'a mut Session<Pipeline>,
        pipeline: &'a Arc<Mutex<Pipeline>>,
        shared: &'a Shared,
        settings: &'a RunSettings,
        topics: &'a [String],
    ) -> Self {
        Self { session, pipeline, shared, settings, topics, published_at: Instant::now(), publish_cost: Duration::ZERO, reviewed_at: None }
    }

    pub(super) fn run(&mut self, stopping: impl Fn() -> bool) -> Result<(), Failure> {
        let mut wait = Duration::ZERO;
        self.note_progress();
        while !stopping() {
            self.shared.beat(Instant::now());
            self.session.poll(wait)?;
            let taken = self.session.take()?;
            self.note_progress();
            self.publish_if_due();
            self.review_if_due();
            wait = if taken == 0 { IDLE_WAIT } else { Duration::ZERO };
        }
        Ok(())
    }

    fn pipeline(&self) -> MutexGuard<'_, Pipeline> {
        self.pipeline.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_progress(&self) {
        let (now, wall) = (Instant::now(), wall_now());
        let mut pipeline = self.pipeline();
        pipeline.follow_events_until(follow_limit(self.settings.clock, self.is_caught_up(), wall));
        for feed in self.session.feeds() {
            pipeline.set_progress(feed.at(), progress_of(feed, now, wall));
        }
    }

    /// Whether everything was read once since the assignment: from then on windows follow the wall clock.
    fn is_caught_up(&self) -> bool {
        self.session.is_assigned() && self.session.feeds().all(Feed::has_reached_end)
    }

    fn publish_if_due(&mut self) {
        let since = self.published_at.elapsed();
        let interval = self.settings.snapshot_interval.max(self.publish_cost * SNAPSHOT_SHARE);
        let due = since >= PUBLISH_EVERY.max(interval) || (since >= interval && self.pipeline().is_changed());
        if due {
            self.publish();
        }
    }

    fn publish(&mut self) {
        let started_at = Instant::now();
        {
            let mut pipeline = self.pipeline();
            // Without an assignment there is nothing to evaluate, and an instant that was reached cannot be taken back.
            let now = self
                .session
                .is_assigned()
                .then(|| evaluation_instant(self.settings.clock, self.is_caught_up(), wall_now(), pipeline.largest_event_time()));
            pipeline.publish(now.flatten());
        }
        self.published_at = Instant::now();
        self.publish_cost = self.published_at - started_at;
    }

    fn review_if_due(&mut self) {
        let now = Instant::now();
        if self.reviewed_at.is_some_and(|at| now.duration_since(at) < REVIEW_EVERY) {
            return;
        }
        self.reviewed_at = Some(now);
        let unanswered = self.session.unanswered(now);
        let telemetry = self.shared.telemetry();
        telemetry.set_kafka_up(unanswered.is_none());
        for (topic, count) in self.session.partition_counts().iter().enumerate() {
            telemetry.set_partitions(topic, *count);
        }
        let readings: Vec<PartitionReading> = self
            .session
            .feeds()
            .map(|feed| PartitionReading { topic: feed.at().topic, partition: feed.at().partition, lag_records: feed.lag_records() })
            .collect();
        if self.session.is_assigned() {
            telemetry.set_assignment(&readings);
        }
        let readiness = self.readiness(unanswered);
        if readiness.is_ok() && self.shared.ready().is_err() {
            // Whoever sees "ready" must find values that include everything that made it so.
            self.publish();
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
        let behind: Vec<&Feed> = self.session.feeds().filter(|feed| !feed.has_reached_assignment_end()).collect();
        let Some(first) = behind.first() else { return Ok(()) };
        let records: i64 = behind.iter().filter_map(|feed| feed.lag_records()).sum();
        let at = first.at();
        Err(format!(
            "catching up: {} of {} partitions, {records} records to read, the first is {}/{}",
            behind.len(),
            self.session.feeds().count(),
            self.topics[at.topic],
            at.partition
        ))
    }
}

/// Everything sent has been read up to the latest look whose log end was reached, or the last record's timestamp where that is later.
fn progress_of(feed: &Feed, now: Instant, wall: EventTime) -> Progress {
    let looked = feed.seen_through(now).map(|instant| {
        let age_ms = now.saturating_duration_since(instant).as_millis();
        wall - Span(i64::try_from(age_ms).unwrap_or(i64::MAX))
    });
    // A producer's clock may be ahead of ours.
    let last = feed.last_timestamp().map(|timestamp| EventTime(timestamp).min(wall));
    Progress { at_end: feed.is_at_end(), seen_through: looked.max(last).unwrap_or(EventTime::MIN) }
}
