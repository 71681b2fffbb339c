//! The gauges about reloads of the configuration, which every running command has. Does not know what is reloaded.

use prometheus::{Gauge, IntGauge, Registry};

use super::registration::register;
use crate::time::EventTime;

/// Whether the last reload succeeded, and when the configuration in force was read.
#[derive(Debug)]
pub(super) struct ReloadGauges {
    successful: IntGauge,
    success_at: Gauge,
}

impl ReloadGauges {
    pub(super) fn register(registry: &Registry) -> Self {
        let help = "1 when the configuration was last read without an error, at the start or at a reload; 0 when a reload was refused.";
        let successful = register(registry, IntGauge::new("cx_config_last_reload_successful", help));
        let help = "When the configuration in force was read: at the start, or at the last reload that was not refused.";
        let success_at = register(registry, Gauge::new("cx_config_last_reload_success_timestamp_seconds", help));
        Self { successful, success_at }
    }

    /// The configuration was read.
    pub(super) fn set_reloaded(&self, at: EventTime) {
        self.successful.set(1);
        self.success_at.set(at.as_seconds());
    }

    /// A reload was refused. The time of the last one that was not stays.
    pub(super) fn set_refused(&self) {
        self.successful.set(0);
    }
}
