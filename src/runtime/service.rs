//! The running service: a polling thread that waits for the topics, joins the group and follows it, and the workers; how they start and end.
//!
//! Does not know the work of a round of the poll loop or of a turn of a worker.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::checkpoints::Checkpoints;
use super::clock::{follow_limit, wall_now};
use super::failure::{STOP_WITHIN, ServiceFailure};
use super::memory_budget::MemoryBudget;
use super::pipeline::Pipeline;
use super::poll_loop::PollLoop;
use super::record_log::RecordLog;
use super::service_view::ServiceView;
use super::settings_change::{longest_reach, loss_of};
use super::snapshot_publisher::SnapshotPublisher;
use super::workers::Workers;
use crate::config::{ClockSource, Configuration, Start};
use crate::engine::{Engine, MergedEngines};
use crate::event::Kind;
use crate::kafka::{self, Cluster, DeadLetters, Session, SessionSettings, StartAt, WorkerPartitions, stop_all, wait_for_topics};
use crate::kill_point::KillPoint;
use crate::metrics::telemetry::Telemetry;
use crate::time::{EventTime, Span};

/// How far a start by time goes back beyond the longest window and the allowed lateness.
const START_MARGIN: Span = Span::days(7);

/// A running service. Dropping it does not stop it; call [`Service::stop`].
pub struct Service {
    view: Arc<ServiceView>,
    stopping: Arc<AtomicBool>,
    ended: watch::Receiver<Option<Result<(), ServiceFailure>>>,
    thread: JoinHandle<()>,
}

impl Service {
    /// Starts a service, and returns at once. Its polling thread waits for brokers that are away and topics that are missing.
    ///
    /// # Errors
    /// When the configuration is refused, or the system gives no thread.
    pub fn start(configuration: &Configuration) -> Result<Self, ServiceFailure> {
        let names = configuration.topics.iter().map(|topic| topic.name.clone()).collect();
        let cluster = Cluster::new(&configuration.kafka, names)?;
        let telemetry = Telemetry::new(&configuration.topics.iter().map(|topic| (topic.name.clone(), topic.kind)).collect::<Vec<_>>());
        let [(_, librdkafka), (_, openssl)] = kafka::libraries();
        telemetry.set_reloaded(wall_now());
        telemetry.set_libraries(&librdkafka, &openssl);
        telemetry.set_memory_budget(MemoryBudget::of(configuration).bytes(0));
        let workers = configuration.run.workers;
        let mut engine = Engine::new(Arc::new(configuration.engine.clone()));
        let record_log = Arc::new(RecordLog::new(configuration.topics.iter().map(|topic| topic.name.clone()).collect()));
        let interval = configuration.run.snapshot_interval;
        // Before the group has read anything, a count of 0 would be a statement about an organisation that nobody has looked at.
        let unread = engine.snapshot().without_values();
        let view = Arc::new(ServiceView::new(unread, telemetry, Arc::clone(&record_log), interval, workers));
        let publisher = Arc::new(SnapshotPublisher::new(MergedEngines::of(&engine), Arc::clone(&view)));
        // The store waits for its own answers, which a thread of the caller's runtime must not do.
        let opened = std::thread::scope(|scope| scope.spawn(|| Checkpoints::open(configuration, &view)).join());
        let checkpoints = opened.map_err(|_| ServiceFailure::Internal("opening the checkpoints panicked".to_owned()))??.map(Arc::new);
        let beside: Vec<Engine> = (1..workers).map(|_| engine.beside()).collect();
        let names: Vec<String> = configuration.topics.iter().map(|topic| topic.name.clone()).collect();
        let new_letters = |settings| DeadLetters::new(&configuration.kafka, settings, names).map(Arc::new);
        let dead_letters = configuration.dead_letters.as_ref().map(new_letters).transpose()?;
        let partitions_of_worker = |mut engine: Engine| {
            engine.follow_events_until(follow_limit(configuration.run.clock));
            let (view, publisher, record_log) = (Arc::clone(&view), Arc::clone(&publisher), Arc::clone(&record_log));
            WorkerPartitions::new(Pipeline::new(
                configuration,
                engine,
                view,
                publisher,
                record_log,
                checkpoints.clone(),
                dead_letters.clone(),
            ))
        };
        let worker_partitions = std::iter::once(engine).chain(beside).map(partitions_of_worker).collect();
        let stopping = Arc::new(AtomicBool::new(false));
        let (report, ended) = watch::channel(None);
        let polling = PollingThread {
            configuration: configuration.clone(),
            worker_partitions,
            publisher: Arc::clone(&publisher),
            view: Arc::clone(&view),
            stopping: Arc::clone(&stopping),
            checkpoints: checkpoints.clone(),
            dead_letters: dead_letters.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("cxpulse-consumer".to_owned())
            .spawn(move || {
                let result = catch_unwind(AssertUnwindSafe(|| polling.run(cluster)))
                    .unwrap_or_else(|_| Err(ServiceFailure::Internal("the consuming thread panicked".to_owned())));
                polling.view.requests().set_served(false);
                polling.view.set_readiness(Err(result.as_ref().err().map_or_else(|| "stopped".to_owned(), ToString::to_string)));
                polling.view.telemetry().set_kafka_up(false);
                report.send_replace(Some(result));
            })
            .map_err(|error| ServiceFailure::Environment(format!("cannot start the consuming thread: {error}")))?;
        Ok(Self { view, stopping, ended, thread })
    }

    /// The outside of the service: its values, telemetry and health.
    #[must_use]
    pub fn view(&self) -> Arc<ServiceView> {
        Arc::clone(&self.view)
    }

    /// Waits until the service ends by itself. It does so only when it cannot go on.
    ///
    /// # Errors
    /// The reason why it ended.
    pub async fn ended(&mut self) -> Result<(), ServiceFailure> {
        match self.ended.wait_for(Option::is_some).await {
            Ok(ended) => ended.clone().unwrap_or(Ok(())),
            Err(_) => Err(ServiceFailure::Internal("the consuming thread vanished".to_owned())),
        }
    }

    /// Stops consuming and leaves the group, so that other members take over at once. Blocks for up to six seconds.
    ///
    /// # Errors
    /// When the service had already ended by itself, or does not end in time.
    pub fn stop(self) -> Result<(), ServiceFailure> {
        self.stopping.store(true, Ordering::Relaxed);
        let deadline = Instant::now() + STOP_WITHIN;
        while !self.thread.is_finished() {
            if Instant::now() >= deadline {
                return Err(ServiceFailure::Deadline);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        if self.thread.join().is_err() {
            return Err(ServiceFailure::Internal("the consuming thread panicked while it stopped".to_owned()));
        }
        self.ended.borrow().clone().unwrap_or(Ok(()))
    }
}

/// Everything that the polling thread works with.
struct PollingThread {
    configuration: Configuration,
    worker_partitions: Arc<[WorkerPartitions<Pipeline>]>,
    publisher: Arc<SnapshotPublisher>,
    view: Arc<ServiceView>,
    stopping: Arc<AtomicBool>,
    checkpoints: Option<Arc<Checkpoints>>,
    dead_letters: Option<Arc<DeadLetters>>,
}

impl PollingThread {
    fn run(&self, cluster: Cluster) -> Result<(), ServiceFailure> {
        let Some(counts) = self.wait_for_topics(&cluster)? else { return Ok(()) };
        for (topic, count) in counts.iter().enumerate() {
            self.view.telemetry().set_partitions(topic, *count);
        }
        if let Some(checkpoints) = &self.checkpoints {
            let loss = |partition| loss_of(&cluster, &self.configuration, partition).ok().flatten();
            checkpoints.check_settings(counts.first().copied().unwrap_or(0), loss)?;
        }
        self.view.set_readiness(Err("waiting for the group to assign partitions".to_owned()));
        let names: Vec<String> = self.configuration.topics.iter().map(|topic| topic.name.clone()).collect();
        let settings = SessionSettings {
            kafka: self.configuration.kafka.clone(),
            topics: names.iter().cloned().zip(self.starts()).collect(),
            dead_letters: self.dead_letters.clone(),
        };
        let mut session = Session::join(&settings, Box::new(cluster), Arc::clone(&self.worker_partitions))?;
        let ended = self.consume(&mut session, &names);
        // Leaving the group takes the values of its partitions out. A reader that comes meanwhile is given the newest snapshot without waiting.
        self.view.requests().set_served(false);
        KillPoint::StopBegun.pass();
        drop(session);
        ended
    }

    /// Runs the workers and the poll loop until the service is stopped or one of them fails. All workers have ended when it returns.
    fn consume(&self, session: &mut Session<Pipeline>, names: &[String]) -> Result<(), ServiceFailure> {
        let stopping = || self.stopping.load(Ordering::Relaxed);
        let workers = Workers::new(Arc::clone(&self.worker_partitions), Arc::clone(&self.view));
        std::thread::scope(|scope| {
            let consumed = catch_unwind(AssertUnwindSafe(|| {
                workers.start(scope)?;
                if let Some(checkpoints) = self.checkpoints.clone() {
                    // Not joined: a store that hangs must not keep the service from stopping, and a write that is cut off leaves no checkpoint.
                    std::thread::Builder::new()
                        .name("cxpulse-checkpoints".to_owned())
                        .spawn(move || checkpoints.write_all())
                        .map_err(|error| ServiceFailure::Environment(format!("cannot start the thread of checkpoints: {error}")))?;
                }
                self.view.requests().set_served(true);
                let (partitions, publisher, view) = (&self.worker_partitions, self.publisher.as_ref(), self.view.as_ref());
                let checkpoints = self.checkpoints.as_deref();
                PollLoop::new(session, partitions, publisher, view, &self.configuration, names, checkpoints)
                    .with_dead_letters(self.dead_letters.as_deref())
                    .run(&workers, stopping)
            }));
            workers.end();
            self.checkpoints.iter().for_each(|checkpoints| checkpoints.end_writes());
            consumed.unwrap_or_else(|_| {
                // Leaving the group calls back into the pipelines, whose engines the panic may have left half changed.
                stop_all(&self.worker_partitions).iter_mut().for_each(|worker| worker.sink().give_up());
                Err(ServiceFailure::Internal("the consuming loop panicked".to_owned()))
            })
        })
    }

    /// Waits until every topic exists, and logs once which are missing. Gives the partition counts, or `None` when the service is stopped meanwhile.
    fn wait_for_topics(&self, cluster: &Cluster) -> Result<Option<Vec<usize>>, kafka::Failure> {
        let mut logged: Option<String> = None;
        wait_for_topics(cluster, |waiting_for| {
            self.view.health().beat(Instant::now());
            if let Some(waiting_for) = waiting_for {
                self.view.set_readiness(Err(format!("waiting: {waiting_for}")));
                if logged.as_ref() != Some(&waiting_for.what) {
                    tracing::warn!(target: "cxpulse::kafka", "waiting: {waiting_for}");
                    logged = Some(waiting_for.what.clone());
                }
            }
            !self.stopping.load(Ordering::Relaxed)
        })
    }

    /// The place where reading begins in each topic. Topics of customers are read from their beginning, because the engine needs a customer's first event.
    /// A run by event time reads every topic from its beginning, because its `now` may be years in the past.
    fn starts(&self) -> Vec<StartAt> {
        let configuration = &self.configuration;
        let since = match (configuration.run.start, configuration.run.clock) {
            (Start::Beginning, _) | (_, ClockSource::Event) => return vec![StartAt::Beginning; configuration.topics.len()],
            (Start::Time, ClockSource::Wall) => start_time(configuration, wall_now()),
        };
        let start = |kind| if kind == Kind::Customers { StartAt::Beginning } else { StartAt::Time(since) };
        configuration.topics.iter().map(|topic| start(topic.kind)).collect()
    }
}

/// The instant from which a start by time reads: the longest window, the longest allowed lateness and a margin before `now`.
fn start_time(configuration: &Configuration, now: EventTime) -> EventTime {
    longest_reach(configuration, now) - START_MARGIN
}
