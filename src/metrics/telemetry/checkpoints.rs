//! The metrics of checkpoints: when the state was last safe, how much would be replayed, and what failed.
//!
//! Does not know the store, or when a checkpoint is due.

use prometheus::{Gauge, GaugeVec, IntCounterVec, IntGauge, Opts, Registry};

use super::register;
use crate::checkpoint::{Operation, Refusal};
use crate::time::{EventTime, Span};

/// With what a partition group began when it was assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreResult {
    /// With a checkpoint from the store.
    Restored,
    /// With the state that this process had kept since it last had the partition.
    Resumed,
    /// With the log, because there was no checkpoint.
    Absent,
    /// With the log, because no checkpoint could be used.
    Refused,
    /// With nothing: the store could not be asked.
    Failed,
}

impl RestoreResult {
    const ALL: [Self; 5] = [Self::Restored, Self::Resumed, Self::Absent, Self::Refused, Self::Failed];

    const fn name(self) -> &'static str {
        match self {
            Self::Restored => "restored",
            Self::Resumed => "resumed",
            Self::Absent => "absent",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// The metrics of checkpoints. A gauge that has no value yet is not exported.
pub struct CheckpointMetrics {
    last_success: GaugeVec,
    interval: GaugeVec,
    age_records: IntGauge,
    bytes: IntGauge,
    write_seconds: Gauge,
    restore_seconds: Gauge,
    failures: IntCounterVec,
    restores: IntCounterVec,
    rejected: IntCounterVec,
}

impl CheckpointMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let gauge = |name: &str, help: &str| register(registry, Gauge::new(name, help));
        let count = |name: &str, help: &str| register(registry, IntGauge::new(name, help));
        let optional = |name: &str, help: &str| register(registry, GaugeVec::new(Opts::new(name, help), &[]));
        let counters = |name: &str, help: &str, label: &str| register(registry, IntCounterVec::new(Opts::new(name, help), &[label]));
        let metrics = Self {
            last_success: optional(
                "cx_checkpoint_last_success_timestamp_seconds",
                "When the state of the assigned partitions was last safe: the time of the newest checkpoint of the partition group whose is the oldest. A group that has counted nothing since its checkpoint is safe now. Absent without partitions.",
            ),
            interval: optional(
                "cx_checkpoint_interval_seconds",
                "After how much time of replay a checkpoint is due. Absent when checkpoints are turned off.",
            ),
            age_records: count(
                "cx_checkpoint_age_records",
                "Records that were counted since the newest checkpoints: so many would be read again after a crash.",
            ),
            bytes: count("cx_checkpoint_bytes", "Size of the newest checkpoints of the assigned partitions together."),
            write_seconds: gauge("cx_checkpoint_duration_seconds", "Time that it took to write the newest checkpoint."),
            restore_seconds: gauge("cx_restore_seconds", "Time that it took to restore the state of the latest assignment."),
            failures: counters(
                "cx_checkpoint_failures_total",
                "Uses of the checkpoint store that failed after all attempts, by operation.",
                "operation",
            ),
            restores: counters(
                "cx_checkpoint_restores_total",
                "Partition groups that were assigned, by what they began with: a checkpoint (restored), the state that this process still had (resumed), or the log, since there was no checkpoint (absent), none could be used (refused) or the store could not be asked (failed).",
                "result",
            ),
            rejected: counters(
                "cx_checkpoint_rejected_total",
                "Checkpoints that were found at a restore and not used, by reason.",
                "reason",
            ),
        };
        for operation in Operation::ALL {
            metrics.failures.with_label_values(&[operation.name()]);
        }
        for result in RestoreResult::ALL {
            metrics.restores.with_label_values(&[result.name()]);
        }
        for reason in Refusal::NAMES {
            metrics.rejected.with_label_values(&[reason]);
        }
        metrics
    }

    /// Records when the state was last safe: the oldest among the assigned groups. `None` without any.
    pub fn set_last_success(&self, time: Option<EventTime>) {
        match time {
            Some(time) => self.last_success.with_label_values::<&str>(&[]).set(time.as_seconds()),
            None => self.last_success.reset(),
        }
    }

    /// Records after how much time a checkpoint is due.
    pub fn set_interval(&self, interval: Span) {
        self.interval.with_label_values::<&str>(&[]).set(interval.as_seconds());
    }

    /// Records how many records would be read again after a crash.
    pub fn set_age_records(&self, records: u64) {
        self.age_records.set(i64::try_from(records).unwrap_or(i64::MAX));
    }

    /// Records the size of the newest checkpoints together.
    pub fn set_bytes(&self, bytes: u64) {
        self.bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Records how long the newest write took.
    pub fn set_write_seconds(&self, seconds: f64) {
        self.write_seconds.set(seconds);
    }

    /// Records how long the latest restore took.
    pub fn set_restore_seconds(&self, seconds: f64) {
        self.restore_seconds.set(seconds);
    }

    /// Counts a use of the store that failed.
    pub fn count_failure(&self, operation: Operation) {
        self.failures.with_label_values(&[operation.name()]).inc();
    }

    /// Counts a partition group that was assigned.
    pub fn count_restore(&self, result: RestoreResult) {
        self.restores.with_label_values(&[result.name()]).inc();
    }

    /// Counts a checkpoint that was not used.
    pub fn count_rejected(&self, refusal: &Refusal) {
        self.rejected.with_label_values(&[refusal.name()]).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Kind;
    use crate::metrics::telemetry::Telemetry;

    #[test]
    fn what_is_not_known_is_absent_and_what_is_counted_begins_at_0() {
        let telemetry = Telemetry::new(&[("tickets".to_owned(), Kind::Tickets)]);
        let text = || {
            let mut text = String::new();
            telemetry.render(&mut text);
            text
        };
        let before = text();
        for line in [
            "cx_checkpoint_failures_total{operation=\"write\"} 0",
            "cx_checkpoint_restores_total{result=\"absent\"} 0",
            "cx_checkpoint_rejected_total{reason=\"damaged\"} 0",
            "cx_checkpoint_age_records 0",
        ] {
            assert!(before.contains(line), "{line} is not in\n{before}");
        }
        assert!(!before.contains("cx_checkpoint_last_success_timestamp_seconds") && !before.contains("cx_checkpoint_interval_seconds"));

        let metrics = telemetry.checkpoints();
        metrics.set_last_success(Some(EventTime(1_772_000_000_500)));
        metrics.set_interval(Span::minutes(5));
        metrics.count_failure(Operation::Write);
        metrics.count_rejected(&Refusal::Truncated);
        metrics.count_restore(RestoreResult::Resumed);
        let after = text();
        for line in [
            "cx_checkpoint_last_success_timestamp_seconds 1772000000.5",
            "cx_checkpoint_interval_seconds 300",
            "cx_checkpoint_failures_total{operation=\"write\"} 1",
            "cx_checkpoint_rejected_total{reason=\"truncated\"} 1",
            "cx_checkpoint_restores_total{result=\"resumed\"} 1",
        ] {
            assert!(after.contains(line), "{line} is not in\n{after}");
        }
        metrics.set_last_success(None);
        assert!(!text().contains("cx_checkpoint_last_success_timestamp_seconds"));
    }

    #[test]
    fn every_refusal_has_its_name_in_the_list() {
        let refusals = [Refusal::Empty, Refusal::NotACheckpoint, Refusal::Damaged { section: None }, Refusal::NotAccepted(String::new())];
        assert!(refusals.iter().all(|refusal| Refusal::NAMES.contains(&refusal.name())));
    }
}
