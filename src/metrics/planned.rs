//! Planned families: their names and labels are settled, so the alerts on them can be written and tested, but nothing exports them yet.

/// A family that is planned.
#[derive(Clone, Copy, Debug)]
pub struct Planned {
    /// The name.
    pub name: &'static str,
    /// The Prometheus type.
    pub kind: &'static str,
    /// The names of the labels.
    pub labels: &'static [&'static str],
    /// The definition, in one sentence.
    pub help: &'static str,
}

/// All planned families.
pub const PLANNED: [Planned; 2] = [
    counter("cx_dead_letters_total", &["topic"], "Refused records that were copied to the dead-letter topic."),
    counter("cx_dead_letter_failures_total", &["topic"], "Refused records that could not be copied to the dead-letter topic."),
];

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Planned {
    Planned { name, kind: "counter", labels, help }
}
