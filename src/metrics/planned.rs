//! Families that have their names and labels already and are not exported yet: rules that wait for them can be written and tested.

/// A family to come.
#[derive(Clone, Copy, Debug)]
pub struct Planned {
    /// Its name.
    pub name: &'static str,
    /// The Prometheus type.
    pub kind: &'static str,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it will be, in a sentence.
    pub help: &'static str,
}

/// All of them.
pub const PLANNED: [Planned; 9] = [
    gauge("cx_checkpoint_last_success_timestamp_seconds", "When the newest checkpoint was written."),
    gauge("cx_checkpoint_duration_seconds", "Time that writing the newest checkpoint took."),
    gauge("cx_checkpoint_bytes", "Size of the newest checkpoint."),
    counter("cx_checkpoint_failures_total", &[], "Checkpoints that could not be written."),
    counter("cx_checkpoint_rejected_total", &["reason"], "Checkpoints that could not be used at a start, by reason."),
    gauge("cx_restore_seconds", "Time that restoring the state took."),
    counter("cx_dead_letters_total", &["topic"], "Refused records that were copied to the dead-letter topic."),
    counter("cx_dead_letter_failures_total", &["topic"], "Refused records that could not be copied to the dead-letter topic."),
    gauge("cx_config_last_reload_successful", "Whether the newest reload of the configuration was taken over."),
];

const fn gauge(name: &'static str, help: &'static str) -> Planned {
    Planned { name, kind: "gauge", labels: &[], help }
}

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Planned {
    Planned { name, kind: "counter", labels, help }
}
