//! The parts of the demo: HTTP server, broker, service, organisation. They are started in this order, and stopped so that no record is lost.
//!
//! Does not know which messages are printed about them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::sync::oneshot;

use crate::command::sending::{SendLimits, SentRecords, Topics, send_in_time};
use crate::config::Configuration;
use crate::http::{self, Access, Site};
use crate::kafka::embedded_broker::EmbeddedBroker;
use crate::kafka::producer::{ProduceError, Producer};
use crate::metrics::Exposition;
use crate::runtime::{Service, ServiceFailure, ServiceView, wall_now};
use crate::simulator::{FaultInjector, IncidentSettings, Organisation, PlannedIncidents, Profile};
use crate::time::{EventTime, Span};

/// The partitions of each topic. A month of tickets, compressed, fills four tenths of the bytes that the broker keeps for eight partitions.
const PARTITIONS: i32 = 8;
/// The length of the history that is sent first.
pub(super) const HISTORY: Span = Span::days(30);
/// The team that the incidents concern.
pub(super) const INCIDENT_TEAM: &str = "billing";
/// When the first incident begins after the start.
const FIRST_INCIDENT_AFTER: Span = Span::seconds(75);
/// The span from the begin of an incident to the begin of the next.
const INCIDENT_EVERY: Span = Span::minutes(40);
/// How long an incident lasts, from its begin or, where it began before the start, from the start.
const INCIDENT_LENGTH: Span = Span::minutes(6);
/// How long the service may take to read the last records before it is stopped.
const READ_WITHIN: Duration = Duration::from_secs(2);

/// All parts of a running demo.
pub(super) struct DemoParts {
    addresses: Vec<SocketAddr>,
    telemetry_path: String,
    service: Option<Service>,
    view: Arc<ServiceView>,
    sender: Option<JoinHandle<Result<SentRecords, ProduceError>>>,
    sending: Arc<SendingProgress>,
    incidents: PlannedIncidents,
    web_stop: Option<oneshot::Sender<()>>,
    web: Option<tokio::task::JoinHandle<()>>,
    /// The last field, so that its clients are dropped before it.
    _broker: EmbeddedBroker,
}

/// How far the sender has come.
#[derive(Debug, Default)]
struct SendingProgress {
    stop: AtomicBool,
    /// The number of records of the history once all of them are sent; 0 before.
    history: AtomicU64,
    sent: AtomicU64,
}

/// The numbers of records on their way through the demo.
#[derive(Clone, Copy, Debug)]
pub(super) struct DemoSums {
    /// Records sent.
    pub(super) sent: u64,
    /// Records read.
    pub(super) consumed: u64,
    /// Records applied.
    pub(super) applied: u64,
}

impl DemoParts {
    /// Starts all parts, in the midst of an incident that has been going on for `incident_since` if that is given. The port is bound first, since that is
    /// the step most likely to fail.
    pub(super) async fn start(mut configuration: Configuration, seed: u64, incident_since: Option<Span>) -> anyhow::Result<Self> {
        let listeners = http::bind(&configuration.web.listen_addresses).await?;
        let addresses = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
        let topics = Topics::new(&configuration);
        let broker = EmbeddedBroker::start(&topics.names(), PARTITIONS)?;
        configuration.kafka.bootstrap_servers = broker.bootstrap_servers().to_owned();
        // A demonstration begins anew each time.
        configuration.checkpoint.url = None;
        let service = Service::start(&configuration)?;
        let view = service.view();

        let (web_stop, web_stopped) = oneshot::channel::<()>();
        let site = Site {
            source: service.view(),
            exposition: Arc::new(ArcSwap::from_pointee(Exposition::new(&configuration))),
            web: configuration.web.clone(),
            access: Access::open(configuration.web.config_file.as_deref())?,
            lifecycle: None,
        };
        // The sender of this channel is only ever dropped, which is the signal to stop.
        let web = tokio::spawn(http::serve(listeners, site, async { drop(web_stopped.await) }));

        let now = wall_now();
        let incidents = planned_incidents(now, incident_since);
        let sending = Arc::new(SendingProgress::default());
        let producer = Producer::new(&configuration.kafka)?;
        let sender = start_sender(producer, topics, profile(now, incidents), seed, now, Arc::clone(&sending))?;
        Ok(Self {
            addresses,
            telemetry_path: configuration.web.telemetry_path,
            service: Some(service),
            view,
            sender: Some(sender),
            sending,
            incidents,
            web_stop: Some(web_stop),
            web: Some(web),
            _broker: broker,
        })
    }

    /// The addresses on which the server listens, and the path of the metrics.
    pub(super) fn addresses(&self) -> (&[SocketAddr], &str) {
        (&self.addresses, &self.telemetry_path)
    }

    /// The number of records of the history, once all of them are sent.
    pub(super) fn history_sent(&self) -> Option<u64> {
        Some(self.sending.history.load(Ordering::Relaxed)).filter(|&count| count > 0)
    }

    /// The numbers of records so far.
    pub(super) fn sums(&self) -> DemoSums {
        let snapshot = self.view.snapshot();
        let sum = |of: fn(&crate::engine::Ledger) -> u64| snapshot.topics.iter().map(|topic| of(&topic.ledger)).sum();
        DemoSums {
            sent: self.sending.sent.load(Ordering::Relaxed),
            consumed: sum(|ledger| ledger.consumed),
            applied: sum(|ledger| ledger.applied),
        }
    }

    /// Whether the service is ready.
    pub(super) fn is_ready(&self) -> bool {
        self.view.ready().is_ok()
    }

    /// Whether an incident is going on in the organisation.
    pub(super) fn is_incident_on(&self) -> bool {
        self.incidents.is_on(wall_now())
    }

    /// Whether the sender has ended, which happens by itself only when it fails.
    pub(super) fn has_sender_ended(&self) -> bool {
        self.sender.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Completes when the service ends by itself, which is always a failure.
    pub(super) async fn service_ended(&mut self) -> Result<(), ServiceFailure> {
        match &mut self.service {
            Some(service) => service.ended().await,
            None => Ok(()),
        }
    }

    /// Stops sending, lets the service read the last records, and stops it.
    pub(super) async fn stop(&mut self) -> anyhow::Result<DemoSums> {
        self.sending.stop.store(true, Ordering::Relaxed);
        let joined = match self.sender.take() {
            Some(sender) => Some(tokio::task::spawn_blocking(move || sender.join()).await?),
            None => None,
        };
        let sent = match joined {
            Some(Ok(sent)) => sent?,
            Some(Err(_)) => anyhow::bail!("the organisation's thread panicked; please report it"),
            None => SentRecords::default(),
        };
        let deadline = Instant::now() + READ_WITHIN;
        while self.sums().consumed < sent.records() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let sums = DemoSums { sent: sent.records(), ..self.sums() };
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

/// The incidents of the demo. One that began before the start goes on for as long as one that is seen from its begin.
fn planned_incidents(now: EventTime, since: Option<Span>) -> PlannedIncidents {
    let (first, length) = match since {
        Some(since) => (now - since, Span(since.0 + INCIDENT_LENGTH.0)),
        None => (now + FIRST_INCIDENT_AFTER, INCIDENT_LENGTH),
    };
    PlannedIncidents { first, every: INCIDENT_EVERY, length, team: Some(INCIDENT_TEAM) }
}

/// The profile of the organisation: it is a busy morning now; incidents are random in the past, and planned from now on.
fn profile(now: EventTime, incidents: PlannedIncidents) -> Profile {
    let incidents = IncidentSettings { random_until: now - Span::hours(6), planned: Some(incidents), ..IncidentSettings::default() };
    Profile { incidents, partitions: PARTITIONS, ..Profile::medium().busy_at(now) }
}

fn start_sender(
    producer: Producer,
    topics: Topics,
    profile: Profile,
    seed: u64,
    now: EventTime,
    sending: Arc<SendingProgress>,
) -> std::io::Result<JoinHandle<Result<SentRecords, ProduceError>>> {
    let send_all = move || {
        let records = FaultInjector::new(Organisation::new(profile, seed, now - HISTORY), 0.0, seed);
        send_in_time(records, &producer, &topics, SendLimits::default(), &sending.stop, |record, count| {
            if record.time > now && sending.history.load(Ordering::Relaxed) == 0 {
                sending.history.store(count.max(1), Ordering::Relaxed);
            }
            sending.sent.store(count + 1, Ordering::Relaxed);
        })
    };
    std::thread::Builder::new().name("cxpulse-organisation".to_owned()).spawn(send_all)
}

#[cfg(test)]
mod tests {
    use rdkafka::config::ClientConfig;
    use rdkafka::consumer::{BaseConsumer, Consumer};

    use super::*;

    /// The embedded broker silently drops the records that it cannot hold, so a history that outgrows it must be noticed here.
    #[test]
    fn the_history_fits_into_the_embedded_broker_unread() {
        let mut configuration = Configuration::default();
        let topics = Topics::new(&configuration);
        let broker = EmbeddedBroker::start(&topics.names(), PARTITIONS).unwrap();
        configuration.kafka.bootstrap_servers = broker.bootstrap_servers().to_owned();
        let now = wall_now();
        let never = PlannedIncidents { first: EventTime::MAX, every: Span::days(1), length: Span(1), team: None };
        let limits = SendLimits::default();
        let stop = AtomicBool::new(false);
        let producer = Producer::new(&configuration.kafka).unwrap();
        // Twice, to leave room for other seeds, and for the hours after the history.
        for seed in 0..2 {
            let records = FaultInjector::new(Organisation::new(profile(now, never), seed, now - HISTORY), 0.0, seed);
            send_in_time(records.take_while(|record| record.time <= now), &producer, &topics, limits, &stop, |_, _| {}).unwrap();
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
