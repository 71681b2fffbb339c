//! The metrics of the process: counters since its start and the state of its Kafka membership, in a registry of the `prometheus` crate.
//!
//! Does not know the ledger, the windows or their coverage: those are read from the snapshot. Each worker counts its records in
//! [`PendingCounts`].

mod checkpoints;
mod pending_counts;
mod samples;

use std::sync::{LazyLock, Mutex, PoisonError};

use prometheus::proto::MetricType;
use prometheus::{Encoder, Gauge, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};

pub use checkpoints::{CheckpointMetrics, RestoreResult};
pub use pending_counts::PendingCounts;
pub use samples::TelemetrySample;

use self::pending_counts::TopicCounters;
use super::family::OperationalFamily;
use super::registration::{register, register_process};
use super::reload_gauges::ReloadGauges;
use crate::checkpoint::Fingerprint;
use crate::engine::Outcome;
use crate::event::Kind;
use crate::time::EventTime;

/// A change of the partitions that are assigned to this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RebalanceKind {
    /// Partitions were assigned; a new generation of the consumer group may assign none.
    Assign,
    /// Partitions were given back.
    Revoke,
    /// Partitions were taken away before they could be given back.
    Lost,
    /// The log of a topic turned out to be another one, and the partitions that belong together with it were assigned once more to be read anew.
    Rebuild,
}

impl RebalanceKind {
    const ALL: [Self; 4] = [Self::Assign, Self::Revoke, Self::Lost, Self::Rebuild];

    const fn name(self) -> &'static str {
        match self {
            Self::Assign => "assign",
            Self::Revoke => "revoke",
            Self::Lost => "lost",
            Self::Rebuild => "rebuild",
        }
    }
}

/// The revision of the sources, where the build names it.
pub const REVISION: &str = match option_env!("CXPULSE_REVISION") {
    Some(revision) => revision,
    None => "unknown",
};

/// Why the records of a batch cannot be read: the values of the label `reason`.
pub const SKIP_REASONS: [&str; 6] = ["checksum", "compression", "format", "offsets", "records", "storage"];

/// The log belongs to the process, and so does the count of what it lost.
static DROPPED_LOG_LINES: LazyLock<IntCounter> = LazyLock::new(|| {
    let help = "Log lines that were dropped since this process started, because stderr did not take them.";
    counter("cx_log_lines_dropped_total", help)
});

/// Counts log lines that were dropped.
pub fn count_dropped_log_lines(count: u64) {
    DROPPED_LOG_LINES.inc_by(count);
}

/// The metrics of the process.
pub struct Telemetry {
    registry: Registry,
    topics: Vec<TopicCounters>,
    event_delay: Histogram,
    rebalances: [IntCounter; RebalanceKind::ALL.len()],
    rebuilt_groups: IntCounter,
    lost_offsets: Vec<IntCounter>,
    skipped_offsets: IntCounterVec,
    dead_letters: Vec<IntCounter>,
    dead_letter_failures: Vec<IntCounter>,
    paused: IntGaugeVec,
    kafka_up: IntGauge,
    ready: IntGauge,
    collect: Gauge,
    memory_budget: Gauge,
    memory_in_use: IntGaugeVec,
    reloads: ReloadGauges,
    build: BuildInfo,
    lag: IntGaugeVec,
    assigned: IntGaugeVec,
    assigned_count: Vec<IntGauge>,
    partitions: IntGaugeVec,
    log_append_time: IntGaugeVec,
    checkpoints: CheckpointMetrics,
    /// The names of the topics, by index.
    names: Vec<String>,
    /// The topic partitions that have series now, so that the series of those that leave can be removed.
    exported: Mutex<Vec<(usize, i32)>>,
}

/// The state of one assigned topic partition.
#[derive(Clone, Copy, Debug)]
pub struct PartitionReading {
    /// The index of the topic.
    pub topic: usize,
    /// The number of the partition.
    pub partition: i32,
    /// Records that are left to read; `None` while the number is not known.
    pub lag_records: Option<i64>,
    /// Whether nothing is taken from the partition: its next batch cannot be read, or a refused record cannot be copied.
    pub is_paused: bool,
}

impl Telemetry {
    /// The telemetry of a process that reads these topics. Every known label value is exported as 0 from the start.
    #[must_use]
    pub fn new(topics: &[(String, Kind)]) -> Self {
        let registry = Registry::new();
        let counters = |name: &str, help: &str, labels: &[&str]| register(&registry, IntCounterVec::new(Opts::new(name, help), labels));
        let gauges = |name: &str, help: &str, labels: &[&str]| register(&registry, IntGaugeVec::new(Opts::new(name, help), labels));
        let gauge = |name: &str, help: &str| register(&registry, IntGauge::new(name, help));

        let events = counters("cx_events_total", "Records consumed since this process started, by outcome.", &["topic", "outcome"]);
        let invalid = counters("cx_events_invalid_total", "Records refused since this process started, by reason.", &["topic", "reason"]);
        let applied = counters("cx_events_applied_total", "Events counted since this process started, by type.", &["topic", "type"]);
        let delay_options = HistogramOpts::new("cx_event_delay_seconds", "Time from an event until it was counted, by the wall clock.")
            .buckets(vec![0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21_600.0, 86_400.0]);
        let event_delay = register(&registry, Histogram::with_opts(delay_options));
        let rebalances = counters(
            "cx_kafka_rebalances_total",
            "Changes of the assignment since this process started: partitions were assigned (assign), given back (revoke), taken away (lost), or assigned anew because a topic was made again (rebuild).",
            &["kind"],
        );
        let rebuilt_help = "Partition groups that were counted anew since this process started, because a topic was deleted and made again or its log was cut off.";
        let rebuilt_groups = register(&registry, IntCounter::new("cx_kafka_rebuilt_groups_total", rebuilt_help));
        let lost_offsets = counters(
            "cx_kafka_lost_offsets_total",
            "Offsets that left the log before this process read them: retention overtook it, records were deleted, or the topic was. What they held is in no value.",
            &["topic"],
        );
        let skipped_offsets = counters(
            "cx_kafka_skipped_offsets_total",
            "Offsets that were passed over since this process started, because the records of their batch cannot be read, by reason. What they held is in no value.",
            &["topic", "reason"],
        );
        let paused = gauges(
            "cx_kafka_partitions_paused",
            "Number of assigned partitions of the topic from which nothing is taken: the next batch cannot be read, or a refused record cannot be copied.",
            &["topic"],
        );
        let dead_letters = counters(
            "cx_dead_letters_total",
            "Refused records that were copied to the dead-letter topic, and notices of batches that could not be read.",
            &["topic"],
        );
        let failures_help = "Tries to copy a refused record to the dead-letter topic that failed.";
        let dead_letter_failures = counters("cx_dead_letter_failures_total", failures_help, &["topic"]);
        let kafka_up = gauge("cx_kafka_up", "1 while the brokers answer, 0 when none has answered within the last seconds.");
        let ready =
            gauge("cx_ready", "1 when this instance has its assignment, has caught up and is connected, as /-/ready says; otherwise 0.");
        let collect = register(&registry, Gauge::new("cx_collect_seconds", "Time that it took to make the newest snapshot of all values."));
        let budget_help = "Memory that the state of the assigned partition groups can take at the configured limits, computed from measured bytes per entry.";
        let memory_budget = register(&registry, Gauge::new("cx_memory_budget_bytes", budget_help));
        let memory_in_use = gauges(
            "cx_memory_in_use_bytes",
            "Memory that is allocated and not freed. Resident memory beyond it is code, and what the allocator keeps to give it out again. Absent where the C library does not count it.",
            &[],
        );
        let reloads = ReloadGauges::register(&registry);
        let lag = gauges("cx_kafka_lag_records", "Records of an assigned partition that are not read yet.", &["topic", "partition"]);
        let assigned = gauges("cx_kafka_partition_assigned", "1 for each partition that this instance reads.", &["topic", "partition"]);
        let assigned_counts =
            gauges("cx_kafka_partitions_assigned", "Number of partitions of the topic that this instance reads.", &["topic"]);
        let partitions = gauges("cx_kafka_partitions", "Number of partitions of the topic.", &["topic"]);
        let log_append_time = gauges(
            "cx_kafka_log_append_time",
            "1 where the broker sets the timestamps of the topic's records. 0 where the producers set them: a producer with a wrong clock can then make the events of others late.",
            &["topic"],
        );
        let build = gauges(
            "cx_build_info",
            "The version of this process and of the C libraries that speak with brokers, and the fingerprint of the settings that shape its state (empty before it is known); always 1.",
            &["version", "revision", "librdkafka", "openssl", "fingerprint"],
        );
        let build = BuildInfo::new(build);
        let checkpoints = CheckpointMetrics::new(&registry);
        register(&registry, Ok(DROPPED_LOG_LINES.clone()));
        register_process(&registry);

        let names: Vec<String> = topics.iter().map(|(name, _)| name.clone()).collect();
        for name in &names {
            paused.with_label_values(&[name.as_str()]).set(0);
            for reason in SKIP_REASONS {
                skipped_offsets.with_label_values(&[name.as_str(), reason]).inc_by(0);
            }
        }
        let topics = topics.iter().map(|(name, kind)| TopicCounters::new(name, *kind, &events, &invalid, &applied)).collect();
        Self {
            topics,
            event_delay,
            rebalances: RebalanceKind::ALL.map(|kind| rebalances.with_label_values(&[kind.name()])),
            rebuilt_groups,
            paused,
            skipped_offsets,
            dead_letters: names.iter().map(|name| dead_letters.with_label_values(&[name.as_str()])).collect(),
            dead_letter_failures: names.iter().map(|name| dead_letter_failures.with_label_values(&[name.as_str()])).collect(),
            lost_offsets: names.iter().map(|name| lost_offsets.with_label_values(&[name.as_str()])).collect(),
            kafka_up,
            ready,
            collect,
            memory_budget,
            memory_in_use,
            reloads,
            build,
            lag,
            assigned,
            assigned_count: names.iter().map(|name| assigned_counts.with_label_values(&[name.as_str()])).collect(),
            partitions,
            log_append_time,
            checkpoints,
            names,
            exported: Mutex::new(Vec::new()),
            registry,
        }
    }

    /// The pending counts of one worker, which it flushes itself.
    #[must_use]
    pub fn pending_counts(&self) -> PendingCounts {
        PendingCounts::new(&self.topics, &self.event_delay)
    }

    /// The metrics of checkpoints.
    #[must_use]
    pub const fn checkpoints(&self) -> &CheckpointMetrics {
        &self.checkpoints
    }

    /// Records the fingerprint of the settings that shape the state.
    pub fn set_fingerprint(&self, fingerprint: Fingerprint) {
        self.build.change(|labels| labels[4] = fingerprint.short());
    }

    /// Counts a change of the assignment.
    pub fn count_rebalance(&self, kind: RebalanceKind) {
        self.rebalances[kind as usize].inc();
    }

    /// Whether the group has assigned partitions to this instance, or none, at least once.
    #[must_use]
    pub fn was_assigned(&self) -> bool {
        self.rebalances[RebalanceKind::Assign as usize].get() > 0
    }

    /// Counts partition groups that are counted anew because a log is another one.
    pub fn count_rebuilt_groups(&self, groups: usize) {
        self.rebuilt_groups.inc_by(groups as u64);
    }

    /// Counts offsets of a topic that left the log before they were read.
    pub fn count_lost_offsets(&self, topic: usize, offsets: i64) {
        self.lost_offsets[topic].inc_by(u64::try_from(offsets).unwrap_or_default());
    }

    /// Counts offsets of a topic that were passed over, because the records of their batch cannot be read. The reason is one of [`SKIP_REASONS`].
    pub fn count_skipped_offsets(&self, topic: usize, reason: &'static str, offsets: i64) {
        self.skipped_offsets.with_label_values(&[self.names[topic].as_str(), reason]).inc_by(u64::try_from(offsets).unwrap_or_default());
    }

    /// Counts refused records of a topic that were copied, and tries that failed.
    pub fn count_dead_letters(&self, topic: usize, confirmed: u64, failed: u64) {
        self.dead_letters[topic].inc_by(confirmed);
        self.dead_letter_failures[topic].inc_by(failed);
    }

    /// Records whether the brokers answer.
    pub fn set_kafka_up(&self, up: bool) {
        self.kafka_up.set(i64::from(up));
    }

    /// Records whether this instance is ready.
    pub fn set_ready(&self, ready: bool) {
        self.ready.set(i64::from(ready));
    }

    /// Records how long it took to make the newest snapshot.
    pub fn set_collect_seconds(&self, seconds: f64) {
        self.collect.set(seconds);
    }

    /// Records how much memory the state can take at the configured limits.
    pub fn set_memory_budget(&self, bytes: u64) {
        self.memory_budget.set(bytes as f64);
    }

    /// Records how much memory is in use.
    pub fn set_memory_in_use(&self, bytes: u64) {
        self.memory_in_use.with_label_values::<&str>(&[]).set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Records the versions of the C libraries that are linked in.
    pub fn set_libraries(&self, librdkafka: &str, openssl: &str) {
        self.build.change(|labels| [labels[2], labels[3]] = [librdkafka, openssl].map(str::to_owned));
    }

    /// Records that the configuration was read, and when.
    pub fn set_reloaded(&self, at: EventTime) {
        self.reloads.set_reloaded(at);
    }

    /// Records that a reload was refused. The time of the last one that was not stays.
    pub fn set_reload_refused(&self) {
        self.reloads.set_refused();
    }

    /// Records how many partitions a topic has.
    pub fn set_partitions(&self, topic: usize, count: usize) {
        self.partitions.with_label_values(&[self.names[topic].as_str()]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Records whether the broker, and not the producers, sets the timestamps of a topic's records.
    pub fn set_log_append_time(&self, topic: usize, by_broker: bool) {
        self.log_append_time.with_label_values(&[self.names[topic].as_str()]).set(i64::from(by_broker));
    }

    /// Replaces the readings of the assigned partitions, and removes the series of partitions that are no longer assigned.
    pub fn set_assignment(&self, readings: &[PartitionReading]) {
        let mut exported = self.exported.lock().unwrap_or_else(PoisonError::into_inner);
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
            let paused = readings.iter().filter(|reading| reading.topic == topic && reading.is_paused).count();
            self.paused.with_label_values(&[self.names[topic].as_str()]).set(i64::try_from(paused).unwrap_or(i64::MAX));
        }
        *exported = readings.iter().map(|reading| (reading.topic, reading.partition)).collect();
    }

    /// The number of records of a topic with this outcome since the process started, without those still pending.
    #[must_use]
    pub fn outcome_count(&self, topic: usize, outcome: Outcome) -> u64 {
        self.topics[topic].outcomes[outcome.index()].get()
    }

    /// Appends every family of the process to `out`, in the text format.
    pub fn render(&self, out: &mut String) {
        let mut bytes = Vec::with_capacity(16 * 1024);
        let text = match TextEncoder::new().encode(&self.registry.gather(), &mut bytes) {
            Ok(()) => String::from_utf8_lossy(&bytes),
            // Writing to memory cannot fail. A family without a sample would be our own bug, and it must not hide all others.
            Err(error) => format!("# telemetry could not be written: {error}\n").into(),
        };
        out.push_str(&text);
    }

    /// The families that the registry exports now, sorted by name.
    pub(super) fn families(&self) -> Vec<OperationalFamily> {
        let described = |family: &prometheus::proto::MetricFamily| OperationalFamily {
            name: family.name().to_owned(),
            kind: kind_name(family.get_field_type()).to_owned(),
            labels: family
                .get_metric()
                .first()
                .map_or(&[][..], |metric| metric.get_label())
                .iter()
                .map(|label| label.name().to_owned())
                .collect(),
            merge: None,
            help: family.help().to_owned(),
        };
        self.registry.gather().iter().map(described).collect()
    }
}

/// The gauge of this build, whose labels become known one after another.
struct BuildInfo {
    gauge: IntGaugeVec,
    /// The version, the revision, librdkafka, OpenSSL, and the fingerprint of the settings.
    labels: Mutex<[String; 5]>,
}

impl BuildInfo {
    fn new(gauge: IntGaugeVec) -> Self {
        let labels = [env!("CARGO_PKG_VERSION"), REVISION, "unknown", "unknown", ""].map(str::to_owned);
        let info = Self { gauge, labels: Mutex::new(labels) };
        info.change(|_| {});
        info
    }

    fn change(&self, change: impl FnOnce(&mut [String; 5])) {
        // A panic of another holder leaves plain texts behind that are never half changed.
        let mut labels = self.labels.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut labels);
        self.gauge.reset();
        self.gauge.with_label_values(&labels.each_ref().map(String::as_str)).set(1);
    }
}

const fn kind_name(kind: MetricType) -> &'static str {
    match kind {
        MetricType::COUNTER => "counter",
        MetricType::GAUGE => "gauge",
        MetricType::HISTOGRAM => "histogram",
        MetricType::SUMMARY => "summary",
        MetricType::UNTYPED => "untyped",
    }
}

fn holds(readings: &[PartitionReading], topic: usize, partition: i32) -> bool {
    readings.iter().any(|reading| reading.topic == topic && reading.partition == partition)
}

/// A counter without labels.
#[allow(clippy::expect_used, reason = "the names are constants of this file")]
fn counter(name: &str, help: &str) -> IntCounter {
    IntCounter::new(name, help).expect("the family's name is valid")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Body, Contact, ContactAction, Key, Reason};

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
        let mut counts = telemetry.pending_counts();
        counts.count_outcome(0, Outcome::Applied);
        counts.count_applied(0, &Body::Contact(Contact::Ticket(Key(1)), ContactAction::Merged), -3.0);
        counts.count_outcome(1, Outcome::Invalid(Reason::BadValue));
        assert_eq!(telemetry.outcome_count(0, Outcome::Applied), 0, "not flushed yet");
        counts.flush();
        counts.flush();
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
        let reading = |partition| PartitionReading { topic: 0, partition, lag_records: Some(5), is_paused: partition == 1 };
        telemetry.set_assignment(&[reading(0), reading(1)]);
        assert!(text(&telemetry).contains("cx_kafka_lag_records{partition=\"1\",topic=\"tickets\"} 5"));
        assert!(text(&telemetry).contains("cx_kafka_partitions_paused{topic=\"tickets\"} 1"));
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
