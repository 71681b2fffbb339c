//! The parts of the demo, started and stopped in order: HTTP server, broker, service, organisation.
//!
//! Does not know what is told about them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::command::feeding::{Limits, Tally, Topics, feed};
use crate::config::Configuration;
use crate::http::{self, Site};
use crate::kafka::embedded::EmbeddedBroker;
use crate::kafka::produce::{ProduceError, Producer};
use crate::metrics::Exposition;
use crate::organisation::{FaultInjector, IncidentSettings, Organisation, PlannedIncidents, Profile};
use crate::runtime::{self, Service, Shared, wall_now};
use crate::time::{EventTime, Span};

/// Partitions of each topic. A month of tickets, compressed, fills a good tenth of what the broker keeps in six.
const PARTITIONS: i32 = 6;
/// The past that is played first.
pub(super) const HISTORY: Span = Span::days(30);
/// How long the service may take to read the last records before it is stopped.
const SETTLE_WITHIN: Duration = Duration::from_secs(2);

/// Everything that runs.
pub(super) struct Parts {
    addresses: Vec<SocketAddr>,
    telemetry_path: String,
    service: Option<Service>,
    shared: Arc<Shared>,
    feeder: Option<JoinHandle<Result<Tally, ProduceError>>>,
    progress: Arc<Progress>,
    incidents: PlannedIncidents,
    web_stop: Option<oneshot::Sender<()>>,
    web: Option<tokio::task::JoinHandle<()>>,
    /// Last, so that its clients are gone before it is.
    _broker: EmbeddedBroker,
}

/// How far the feeder is.
#[derive(Debug, Default)]
struct Progress {
    stop: AtomicBool,
    /// Records of the history, once they are all sent; 0 before.
    history: AtomicU64,
    sent: AtomicU64,
}

/// What went in and what came out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sums {
    /// Records sent.
    pub(super) sent: u64,
    /// Records read.
    pub(super) consumed: u64,
    /// Records counted.
    pub(super) applied: u64,
}

impl Parts {
    /// Starts everything; the port first, since it is what fails.
    pub(super) async fn start(mut configuration: Configuration, seed: u64) -> anyhow::Result<Self> {
        let listeners = http::bind(&configuration.web.listen_addresses).await?;
        let addresses = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
        let topics = Topics::new(&configuration);
        let broker = EmbeddedBroker::start(&topics.names(), PARTITIONS)?;
        configuration.kafka.bootstrap_servers = broker.bootstrap_servers().to_owned();
        let service = Service::start(&configuration)?;
        let shared = service.shared();

        let (web_stop, web_stopped) = oneshot::channel::<()>();
        let site = Site { source: service.shared(), exposition: Arc::new(Exposition::new(&configuration)), web: configuration.web.clone() };
        // The error says that the sender is gone, which is a stop as well.
        let web = tokio::spawn(http::serve(listeners, site, async { drop(web_stopped.await) }));

        let now = wall_now();
        let incidents = PlannedIncidents { first: now + Span::seconds(75), every: Span::minutes(40), length: Span::minutes(6) };
        let progress = Arc::new(Progress::default());
        let producer = Producer::new(&configuration.kafka)?;
        let feeder = start_feeder(producer, topics, profile(now, incidents), seed, now, Arc::clone(&progress))?;
        Ok(Self {
            addresses,
            telemetry_path: configuration.web.telemetry_path,
            service: Some(service),
            shared,
            feeder: Some(feeder),
            progress,
            incidents,
            web_stop: Some(web_stop),
            web: Some(web),
            _broker: broker,
        })
    }

    /// Where the server listens, and the path of the metrics.
    pub(super) fn addresses(&self) -> (&[SocketAddr], &str) {
        (&self.addresses, &self.telemetry_path)
    }

    /// How many records the history has, once it is sent.
    pub(super) fn history_sent(&self) -> Option<u64> {
        Some(self.progress.history.load(Ordering::Relaxed)).filter(|&count| count > 0)
    }

    pub(super) fn sums(&self) -> Sums {
        let snapshot = self.shared.snapshot();
        let sum = |of: fn(&crate::engine::Ledger) -> u64| snapshot.topics.iter().map(|topic| of(&topic.ledger)).sum();
        Sums {
            sent: self.progress.sent.load(Ordering::Relaxed),
            consumed: sum(|ledger| ledger.consumed),
            applied: sum(|ledger| ledger.applied),
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.shared.ready().is_ok()
    }

    pub(super) fn has_incident(&self) -> bool {
        self.incidents.is_on(wall_now())
    }

    /// Whether the organisation has stopped sending, which it does only when it cannot.
    pub(super) fn has_feeder_ended(&self) -> bool {
        self.feeder.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Completes when the service ends by itself, which is a failure.
    pub(super) async fn service_ended(&mut self) -> Result<(), runtime::Failure> {
        match &mut self.service {
            Some(service) => service.ended().await,
            None => Ok(()),
        }
    }

    /// Stops sending, lets the service read what was sent, and stops it.
    pub(super) async fn stop(&mut self) -> anyhow::Result<Sums> {
        self.progress.stop.store(true, Ordering::Relaxed);
        let fed = match self.feeder.take() {
            Some(feeder) => Some(tokio::task::spawn_blocking(move || feeder.join()).await?),
            None => None,
        };
        let tally = match fed {
            Some(Ok(fed)) => fed?,
            Some(Err(_)) => anyhow::bail!("the organisation's thread panicked; please report it"),
            None => Tally::default(),
        };
        let deadline = Instant::now() + SETTLE_WITHIN;
        while self.sums().consumed < tally.records() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let sums = Sums { sent: tally.records(), ..self.sums() };
        drop(self.web_stop.take());
        if let Some(web) = self.web.take() {
            web.await?;
        }
        if let Some(service) = self.service.take() {
            tokio::task::spawn_blocking(move || service.stop()).await??;
        }
        Ok(sums)
    }
}

/// A busy morning now; the past has incidents of its own, and from here on they come by plan.
fn profile(now: EventTime, incidents: PlannedIncidents) -> Profile {
    let incidents = IncidentSettings { random_until: now - Span::hours(6), planned: Some(incidents), ..IncidentSettings::default() };
    Profile { incidents, ..Profile::medium().busy_at(now) }
}

fn start_feeder(
    producer: Producer,
    topics: Topics,
    profile: Profile,
    seed: u64,
    now: EventTime,
    progress: Arc<Progress>,
) -> std::io::Result<JoinHandle<Result<Tally, ProduceError>>> {
    let feed_all = move || {
        let records = FaultInjector::new(Organisation::new(profile, seed, now - HISTORY), 0.0, seed);
        feed(records, &producer, &topics, Limits::default(), &progress.stop, |fed, count| {
            if fed.time > now && progress.history.load(Ordering::Relaxed) == 0 {
                progress.history.store(count.max(1), Ordering::Relaxed);
            }
            progress.sent.store(count + 1, Ordering::Relaxed);
        })
    };
    std::thread::Builder::new().name("cxpulse-organisation".to_owned()).spawn(feed_all)
}

#[cfg(test)]
mod tests {
    use rdkafka::config::ClientConfig;
    use rdkafka::consumer::{BaseConsumer, Consumer};

    use super::*;

    /// What the embedded broker cannot hold it drops without a word, so a history that grows must be noticed here.
    #[test]
    fn the_history_fits_into_the_embedded_broker_unread() {
        let mut configuration = Configuration::default();
        let topics = Topics::new(&configuration);
        let broker = EmbeddedBroker::start(&topics.names(), PARTITIONS).unwrap();
        configuration.kafka.bootstrap_servers = broker.bootstrap_servers().to_owned();
        let now = wall_now();
        let never = PlannedIncidents { first: EventTime::MAX, every: Span::days(1), length: Span(1) };
        let limits = Limits::default();
        let stop = AtomicBool::new(false);
        let producer = Producer::new(&configuration.kafka).unwrap();
        // Twice, because room is wanted for other seeds, and for the hours that are lived through after it.
        for seed in 0..2 {
            let records = FaultInjector::new(Organisation::new(profile(now, never), seed, now - HISTORY), 0.0, seed);
            feed(records.take_while(|fed| fed.time <= now), &producer, &topics, limits, &stop, |_, _| {}).unwrap();
        }
        let mut client = ClientConfig::new();
        let client: BaseConsumer = client.set("bootstrap.servers", broker.bootstrap_servers()).create().unwrap();
        for topic in topics.names() {
            for partition in 0..PARTITIONS {
                let (low, high) = client.fetch_watermarks(topic, partition, Duration::from_secs(5)).unwrap();
                assert_eq!(low, 0, "{topic} {partition} lost its first records");
                assert!(high > 1_000, "{topic} {partition} has {high} records");
            }
        }
    }
}
