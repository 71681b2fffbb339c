//! What the process says about itself: counters since its start and the state of its Kafka membership, through the `prometheus` crate in a registry
//! of its own.
//!
//! Does not know the state's own ledger, windows or coverage: those come from the snapshot. What is counted for every record is counted in a
//! [`Tally`] of each worker's own, so that no two threads want the same memory and no label is hashed per event.

mod samples;
mod tally;

use std::sync::Mutex;

use prometheus::core::Collector;
use prometheus::{Encoder, Gauge, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};

pub use samples::TelemetrySample;
pub use tally::Tally;

use crate::engine::Outcome;
use crate::event::{Kind, Reason};

/// What happened to the assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebalance {
    /// Partitions came (or none did, in a new generation).
    Assign,
    /// They were given back.
    Revoke,
    /// They were taken away without asking.
    Lost,
}

impl Rebalance {
    const ALL: [Self; 3] = [Self::Assign, Self::Revoke, Self::Lost];

    const fn name(self) -> &'static str {
        match self {
            Self::Assign => "assign",
            Self::Revoke => "revoke",
            Self::Lost => "lost",
        }
    }
}

/// The process's own metrics.
pub struct Telemetry {
    registry: Registry,
    topics: Vec<TopicTelemetry>,
    event_delay: Histogram,
    rebalances: [IntCounter; 3],
    kafka_up: IntGauge,
    ready: IntGauge,
    collect: Gauge,
    memory_budget: Gauge,
    lag: IntGaugeVec,
    assigned: IntGaugeVec,
    assigned_count: Vec<IntGauge>,
    partitions: IntGaugeVec,
    log_append_time: IntGaugeVec,
    names: Vec<String>,
    /// The topic partitions that have series now, so that those that leave can be removed.
    exported: Mutex<Vec<(usize, i32)>>,
}

/// The counters of one topic.
#[derive(Clone)]
struct TopicTelemetry {
    outcomes: [IntCounter; Outcome::NAMES.len()],
    reasons: [IntCounter; Reason::ALL.len()],
    /// By event type, for the types of the topic's kind.
    applied: Vec<(&'static str, IntCounter)>,
}

/// How one assigned topic partition stands.
#[derive(Clone, Copy, Debug)]
pub struct PartitionReading {
    /// The index of the topic.
    pub topic: usize,
    /// The partition.
    pub partition: i32,
    /// Records left to read, where known.
    pub lag_records: Option<i64>,
}

impl Telemetry {
    /// Telemetry for these topics; every known label value is exported as 0 from the start.
    #[must_use]
    pub fn new(topics: &[(String, Kind)]) -> Self {
        let registry = Registry::new();
        let counters = |name: &str, help: &str, labels: &[&str]| register(&registry, IntCounterVec::new(Opts::new(name, help), labels));
        let gauges = |name: &str, help: &str, labels: &[&str]| register(&registry, IntGaugeVec::new(Opts::new(name, help), labels));
        let gauge = |name: &str, help: &str| register(&registry, IntGauge::new(name, help));

        let events =
            counters("cx_events_total", "Records consumed since this process started, by what became of them.", &["topic", "outcome"]);
        let invalid = counters("cx_events_invalid_total", "Records refused since this process started, by reason.", &["topic", "reason"]);
        let applied = counters("cx_events_applied_total", "Events counted since this process started, by type.", &["topic", "type"]);
        let delay_options = HistogramOpts::new("cx_event_delay_seconds", "Time from an event to its being counted, by the wall clock.")
            .buckets(vec![0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21_600.0, 86_400.0]);
        let event_delay = register(&registry, Histogram::with_opts(delay_options));
        let rebalances = counters(
            "cx_kafka_rebalances_total",
            "Changes of the assignment since this process started: partitions assigned, given back (revoke), or taken away (lost).",
            &["kind"],
        );
        let kafka_up = gauge("cx_kafka_up", "Whether the brokers answered within the last seconds.");
        let ready = gauge("cx_ready", "Whether this instance is assigned, caught up and connected, as /-/ready says.");
        let collect = register(&registry, Gauge::new("cx_collect_seconds", "Time that making the newest snapshot of all values took."));
        let budget_help =
            "Memory that the state of the assigned partition groups may take at the configured limits, from measured bytes an entry.";
        let memory_budget = register(&registry, Gauge::new("cx_memory_budget_bytes", budget_help));
        let lag = gauges("cx_kafka_lag_records", "Records of an assigned partition that are not read yet.", &["topic", "partition"]);
        let assigned = gauges("cx_kafka_partition_assigned", "1 for each partition that this instance reads.", &["topic", "partition"]);
        let assigned_counts = gauges("cx_kafka_partitions_assigned", "Partitions of the topic that this instance reads.", &["topic"]);
        let partitions = gauges("cx_kafka_partitions", "Partitions that the topic has.", &["topic"]);
        let log_append_time = gauges(
            "cx_kafka_log_append_time",
            "1 where the broker stamps the topic's records, 0 where their producers do and one with a wrong clock can make others late.",
            &["topic"],
        );
        let build = gauges("cx_build_info", "The version of this process; always 1.", &["version", "revision"]);
        build.with_label_values(&[env!("CARGO_PKG_VERSION"), option_env!("CXPULSE_REVISION").unwrap_or("unknown")]).set(1);
        register_process(&registry);

        let names: Vec<String> = topics.iter().map(|(name, _)| name.clone()).collect();
        let topics = topics
            .iter()
            .map(|(name, kind)| TopicTelemetry {
                outcomes: Outcome::NAMES.map(|outcome| events.with_label_values(&[name.as_str(), outcome])),
                reasons: Reason::ALL.map(|reason| invalid.with_label_values(&[name.as_str(), reason.name()])),
                applied: kind.event_types().iter().map(|type_| (*type_, applied.with_label_values(&[name.as_str(), *type_]))).collect(),
            })
            .collect();
        Self {
            topics,
            event_delay,
            rebalances: Rebalance::ALL.map(|kind| rebalances.with_label_values(&[kind.name()])),
            kafka_up,
            ready,
            collect,
            memory_budget,
            lag,
            assigned,
            assigned_count: names.iter().map(|name| assigned_counts.with_label_values(&[name.as_str()])).collect(),
            partitions,
            log_append_time,
            names,
            exported: Mutex::new(Vec::new()),
            registry,
        }
    }

    /// Counts of one worker, which nobody sees until it flushes them.
    #[must_use]
    pub fn tally(&self) -> Tally {
        Tally::of(&self.topics, &self.event_delay)
    }

    /// Counts a change of the assignment.
    pub fn count_rebalance(&self, kind: Rebalance) {
        self.rebalances[kind as usize].inc();
    }

    /// Notes whether the brokers answer.
    pub fn set_kafka_up(&self, up: bool) {
        self.kafka_up.set(i64::from(up));
    }

    /// Notes whether this instance is ready.
    pub fn set_ready(&self, ready: bool) {
        self.ready.set(i64::from(ready));
    }

    /// Notes how long the newest snapshot took.
    pub fn set_collect_seconds(&self, seconds: f64) {
        self.collect.set(seconds);
    }

    /// Notes how much memory the state may take.
    pub fn set_memory_budget(&self, bytes: u64) {
        self.memory_budget.set(bytes as f64);
    }

    /// Notes how many partitions a topic has.
    pub fn set_partitions(&self, topic: usize, count: usize) {
        self.partitions.with_label_values(&[self.names[topic].as_str()]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Notes who stamps a topic's records.
    pub fn set_log_append_time(&self, topic: usize, by_broker: bool) {
        self.log_append_time.with_label_values(&[self.names[topic].as_str()]).set(i64::from(by_broker));
    }

    /// Replaces what is exported about the assigned partitions; the series of those that are gone are removed.
    pub fn set_assignment(&self, readings: &[PartitionReading]) {
        let mut exported = self.exported.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for (topic, partition) in exported.iter().filter(|(topic, partition)| !holds(readings, *topic, *partition)) {
            let partition = partition.to_string();
            let labels = [self.names[*topic].as_str(), partition.as_str()];
            // A lag that was never known has no series to remove.
            drop((self.assigned.remove_label_values(&labels), self.lag.remove_label_values(&labels)));
        }
        for reading in readings {
            let partition = reading.partition.to_string();
            let labels = [self.names[reading.topic].as_str(), partition.as_str()];
            self.assigned.with_label_values(&labels).set(1);
            if let Some(lag) = reading.lag_records {
                self.lag.with_label_values(&labels).set(lag);
            }
        }
        for (topic, count) in self.assigned_count.iter().enumerate() {
            let assigned = readings.iter().filter(|reading| reading.topic == topic).count();
            count.set(i64::try_from(assigned).unwrap_or(i64::MAX));
        }
        *exported = readings.iter().map(|reading| (reading.topic, reading.partition)).collect();
    }

    /// The number of records of a topic with this outcome since the process started.
    #[must_use]
    pub fn outcome_count(&self, topic: usize, outcome: Outcome) -> u64 {
        self.topics[topic].outcomes[outcome.index()].get()
    }

    /// Appends the text of every family to `out`.
    pub fn render(&self, out: &mut String) {
        let mut bytes = Vec::with_capacity(16 * 1024);
        let text = match TextEncoder::new().encode(&self.registry.gather(), &mut bytes) {
            Ok(()) => String::from_utf8_lossy(&bytes),
            // Writing to memory cannot fail; a family without a sample would be our own bug and must not hide all others.
            Err(error) => format!("# telemetry could not be written: {error}\n").into(),
        };
        out.push_str(&text);
    }
}

fn holds(readings: &[PartitionReading], topic: usize, partition: i32) -> bool {
    readings.iter().any(|reading| reading.topic == topic && reading.partition == partition)
}

/// Registers a family. A bad or repeated name is a mistake in this file, which the first test run shows.
#[allow(clippy::expect_used, reason = "the names are constants of this file")]
fn register<C: Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<C>) -> C {
    let family = made.expect("the family's name and labels are valid");
    registry.register(Box::new(family.clone())).expect("the family's name is used once");
    family
}

#[cfg(target_os = "linux")]
fn register_process(registry: &Registry) {
    let collector = prometheus::process_collector::ProcessCollector::for_self();
    // Its names are not ours, so this cannot collide; a system without `/proc` just has no such metrics.
    drop(registry.register(Box::new(collector)));
}

#[cfg(not(target_os = "linux"))]
fn register_process(_registry: &Registry) {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Body, Contact, ContactAction, Key};

    fn telemetry() -> Telemetry {
        Telemetry::new(&[("tickets".to_owned(), Kind::Tickets), ("voc".to_owned(), Kind::Surveys)])
    }

    fn text(telemetry: &Telemetry) -> String {
        let mut text = String::new();
        telemetry.render(&mut text);
        text
    }

    #[test]
    fn known_label_values_are_zero_from_the_start() {
        let text = text(&telemetry());
        for line in [
            "cx_events_total{outcome=\"late\",topic=\"tickets\"} 0",
            "cx_events_invalid_total{reason=\"bad_time\",topic=\"voc\"} 0",
            "cx_events_applied_total{topic=\"tickets\",type=\"ticket.snapshot_completed\"} 0",
            "cx_events_applied_total{topic=\"voc\",type=\"survey.responded\"} 0",
            "cx_kafka_rebalances_total{kind=\"lost\"} 0",
            "cx_kafka_up 0",
            "cx_ready 0",
            "cx_kafka_partitions_assigned{topic=\"voc\"} 0",
            "cx_event_delay_seconds_count 0",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("topic=\"voc\",type=\"ticket"), "a survey topic carries no tickets");
        assert!(text.contains(concat!("version=\"", env!("CARGO_PKG_VERSION"), "\"")));
    }

    #[test]
    fn outcomes_reasons_and_types_count_where_they_belong() {
        let telemetry = telemetry();
        let mut tally = telemetry.tally();
        tally.count_outcome(0, Outcome::Applied);
        tally.count_applied(0, &Body::Contact(Contact::Ticket(Key(1)), ContactAction::Merged), -3.0);
        tally.count_outcome(1, Outcome::Invalid(Reason::BadValue));
        assert_eq!(telemetry.outcome_count(0, Outcome::Applied), 0, "not told yet");
        tally.flush();
        tally.flush();
        let text = text(&telemetry);
        assert_eq!(telemetry.outcome_count(0, Outcome::Applied), 1);
        assert!(text.contains("cx_events_applied_total{topic=\"tickets\",type=\"ticket.merged\"} 1"));
        assert!(text.contains("cx_events_total{outcome=\"invalid\",topic=\"voc\"} 1"));
        assert!(text.contains("cx_events_invalid_total{reason=\"bad_value\",topic=\"voc\"} 1"));
        assert!(text.contains("cx_event_delay_seconds_bucket{le=\"0.25\"} 1"));
    }

    #[test]
    fn a_partition_that_leaves_takes_its_series_with_it() {
        let telemetry = telemetry();
        let reading = |partition| PartitionReading { topic: 0, partition, lag_records: Some(5) };
        telemetry.set_assignment(&[reading(0), reading(1)]);
        assert!(text(&telemetry).contains("cx_kafka_lag_records{partition=\"1\",topic=\"tickets\"} 5"));
        telemetry.set_assignment(&[reading(0)]);
        let text = text(&telemetry);
        assert!(!text.contains("partition=\"1\""), "{text}");
        assert!(text.contains("cx_kafka_partition_assigned{partition=\"0\",topic=\"tickets\"} 1"));
        assert!(text.contains("cx_kafka_partitions_assigned{topic=\"tickets\"} 1"));
    }

    #[test]
    fn reasons_are_counted_by_their_place_in_the_contract() {
        for (index, reason) in Reason::ALL.iter().enumerate() {
            assert_eq!(*reason as usize, index);
        }
    }
}
