//! The running whole: one thread that waits for the topics, joins the group and follows it, workers that consume, and how they end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::clock::wall_now;
use super::consume::Consuming;
use super::crew::Crew;
use super::journal::Journal;
use super::memory::MemoryBudget;
use super::pipeline::Pipeline;
use super::publisher::Publisher;
use super::shared::Shared;
use crate::config::{Clock, Configuration, Start};
use crate::engine::{Engine, MergedEngines};
use crate::event::Kind;
use crate::kafka::{self, Cluster, Session, SessionSettings, Share, StartAt, stop_all, wait_for_topics};
use crate::metrics::telemetry::Telemetry;
use crate::time::{EventTime, Span};

/// How long a stop may take: leaving the group and the questions that are being asked.
const STOP_WITHIN: Duration = Duration::from_secs(6);
/// How far `start = "time"` goes back beyond the longest window and the lateness.
const START_MARGIN: Span = Span::days(7);

/// Why a service ended that was not told to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Kafka will not have it, or the configuration of it is wrong.
    #[error(transparent)]
    Kafka(#[from] kafka::Failure),
    /// The machine refuses something.
    #[error("{0}")]
    Environment(String),
    /// It did not stop in time.
    #[error("the consumer did not stop within {} s", STOP_WITHIN.as_secs())]
    Deadline,
    /// A mistake in cxpulse itself.
    #[error("internal error: {0}; please report it")]
    Internal(String),
}

impl Failure {
    /// The exit code: 1 environment, 3 stop deadline, 5 client, 70 internal, 78 configuration.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Kafka(failure) => failure.exit_code(),
            Self::Environment(_) => 1,
            Self::Deadline => 3,
            Self::Internal(_) => 70,
        }
    }
}

/// A running consumer and what it shows.
pub struct Service {
    shared: Arc<Shared>,
    stopping: Arc<AtomicBool>,
    ended: watch::Receiver<Option<Result<(), Failure>>>,
    thread: JoinHandle<()>,
}

impl Service {
    /// Starts consuming on a thread of its own. Brokers and topics need not be there yet: they are waited for.
    ///
    /// # Errors
    /// When the configuration is refused, or no thread can be started.
    pub fn start(configuration: &Configuration) -> Result<Self, Failure> {
        let names = configuration.topics.iter().map(|topic| topic.name.clone()).collect();
        let cluster = Cluster::new(&configuration.kafka, names)?;
        let telemetry = Telemetry::new(&configuration.topics.iter().map(|topic| (topic.name.clone(), topic.kind)).collect::<Vec<_>>());
        telemetry.set_memory_budget(MemoryBudget::of(configuration).bytes(0));
        let workers = configuration.run.workers;
        let mut engine = Engine::new(Arc::new(configuration.engine.clone()));
        let shared = Arc::new(Shared::new(engine.snapshot(), telemetry, configuration.run.snapshot_interval, workers));
        let publisher = Arc::new(Publisher::new(MergedEngines::of(&engine), Arc::clone(&shared)));
        let journal = Arc::new(Journal::new(configuration.topics.iter().map(|topic| topic.name.clone()).collect()));
        let beside: Vec<Engine> = (1..workers).map(|_| engine.beside()).collect();
        let share = |engine| {
            let (shared, publisher, journal) = (Arc::clone(&shared), Arc::clone(&publisher), Arc::clone(&journal));
            Share::new(Pipeline::new(configuration, engine, shared, publisher, journal))
        };
        let shares = std::iter::once(engine).chain(beside).map(share).collect();
        let stopping = Arc::new(AtomicBool::new(false));
        let (report, ended) = watch::channel(None);
        let consumer = Consumer {
            configuration: configuration.clone(),
            shares,
            publisher: Arc::clone(&publisher),
            shared: Arc::clone(&shared),
            stopping: Arc::clone(&stopping),
        };
        let thread = std::thread::Builder::new()
            .name("cxpulse-consumer".to_owned())
            .spawn(move || {
                let result = catch_unwind(AssertUnwindSafe(|| consumer.run(cluster)))
                    .unwrap_or_else(|_| Err(Failure::Internal("the consuming thread panicked".to_owned())));
                consumer.shared.asked().set_served(false);
                consumer.shared.set_readiness(Err(result.as_ref().err().map_or_else(|| "stopped".to_owned(), ToString::to_string)));
                consumer.shared.telemetry().set_kafka_up(false);
                report.send_replace(Some(result));
            })
            .map_err(|error| Failure::Environment(format!("cannot start the consuming thread: {error}")))?;
        Ok(Self { shared, stopping, ended, thread })
    }

    /// What it shows.
    #[must_use]
    pub fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Waits until it ends by itself, which it only does when it cannot go on.
    ///
    /// # Errors
    /// Why it ended.
    pub async fn ended(&mut self) -> Result<(), Failure> {
        match self.ended.wait_for(Option::is_some).await {
            Ok(ended) => ended.clone().unwrap_or(Ok(())),
            Err(_) => Err(Failure::Internal("the consuming thread vanished".to_owned())),
        }
    }

    /// Stops consuming and leaves the group, so that others take over at once. Blocks for up to six seconds.
    ///
    /// # Errors
    /// When it ended before for a reason of its own, or does not end in time.
    pub fn stop(self) -> Result<(), Failure> {
        self.stopping.store(true, Ordering::Relaxed);
        let deadline = Instant::now() + STOP_WITHIN;
        while !self.thread.is_finished() {
            if Instant::now() >= deadline {
                return Err(Failure::Deadline);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        if self.thread.join().is_err() {
            return Err(Failure::Internal("the consuming thread panicked while it stopped".to_owned()));
        }
        self.ended.borrow().clone().unwrap_or(Ok(()))
    }
}

/// What the polling thread works with.
struct Consumer {
    configuration: Configuration,
    shares: Arc<[Share<Pipeline>]>,
    publisher: Arc<Publisher>,
    shared: Arc<Shared>,
    stopping: Arc<AtomicBool>,
}

impl Consumer {
    fn run(&self, cluster: Cluster) -> Result<(), Failure> {
        let Some(counts) = self.wait(&cluster)? else { return Ok(()) };
        for (topic, count) in counts.iter().enumerate() {
            self.shared.telemetry().set_partitions(topic, *count);
        }
        self.shared.set_readiness(Err("waiting for the group to assign partitions".to_owned()));
        let names: Vec<String> = self.configuration.topics.iter().map(|topic| topic.name.clone()).collect();
        let settings =
            SessionSettings { kafka: self.configuration.kafka.clone(), topics: names.iter().cloned().zip(self.starts()).collect() };
        let mut session = Session::join(&settings, Box::new(cluster), Arc::clone(&self.shares))?;
        let ended = self.consume(&mut session, &names);
        // Leaving the group takes the contribution of its partitions out, so whoever reads meanwhile takes what is there.
        self.shared.asked().set_served(false);
        drop(session);
        ended
    }

    /// Lets the workers consume until this is to stop or one of them fails; they have ended when it returns.
    fn consume(&self, session: &mut Session<Pipeline>, names: &[String]) -> Result<(), Failure> {
        let stopping = || self.stopping.load(Ordering::Relaxed);
        let crew = Crew::new(Arc::clone(&self.shares), Arc::clone(&self.shared));
        std::thread::scope(|scope| {
            let consumed = catch_unwind(AssertUnwindSafe(|| {
                crew.start(scope)?;
                self.shared.asked().set_served(true);
                let (shares, publisher, shared) = (&self.shares, self.publisher.as_ref(), self.shared.as_ref());
                Consuming::new(session, shares, publisher, shared, &self.configuration, names).run(&crew, stopping)
            }));
            crew.end();
            consumed.unwrap_or_else(|_| {
                // Leaving the group calls back into the pipelines, which hold whatever the panic left.
                stop_all(&self.shares).iter_mut().for_each(|share| share.sink().give_up());
                Err(Failure::Internal("the consuming loop panicked".to_owned()))
            })
        })
    }

    /// Waits for the topics, saying once what for.
    fn wait(&self, cluster: &Cluster) -> Result<Option<Vec<usize>>, kafka::Failure> {
        let mut said: Option<String> = None;
        wait_for_topics(cluster, |waiting_for| {
            self.shared.beat(Instant::now());
            if let Some(waiting_for) = waiting_for {
                self.shared.set_readiness(Err(format!("waiting: {waiting_for}")));
                if said.as_ref() != Some(&waiting_for.what) {
                    tracing::warn!(target: "cxpulse::kafka", "waiting: {waiting_for}");
                    said = Some(waiting_for.what.clone());
                }
            }
            !self.stopping.load(Ordering::Relaxed)
        })
    }

    /// Where reading begins in each topic. Customers are read whole: without their first event nobody knows who they are. A run by event time
    /// replays everything, since its now may lie years back.
    fn starts(&self) -> Vec<StartAt> {
        let configuration = &self.configuration;
        let since = match (configuration.run.start, configuration.run.clock) {
            (Start::Beginning, _) | (_, Clock::Event) => return vec![StartAt::Beginning; configuration.topics.len()],
            (Start::Time, Clock::Wall) => start_time(configuration, wall_now()),
        };
        let start = |kind| if kind == Kind::Customers { StartAt::Beginning } else { StartAt::Time(since) };
        configuration.topics.iter().map(|topic| start(topic.kind)).collect()
    }
}

/// The longest window, the longest lateness and a margin before `now`: what a start by time reads again.
fn start_time(configuration: &Configuration, now: EventTime) -> EventTime {
    let window = configuration.engine.windows.iter().map(|window| window.range).max().unwrap_or_default();
    let lateness = configuration.topics.iter().map(|topic| topic.allowed_lateness).max().unwrap_or_default();
    now - window - lateness - START_MARGIN
}
