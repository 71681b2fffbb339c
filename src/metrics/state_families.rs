//! The families about the state of the engine: windows, ledger, watermarks, stores and limits. They are read from the snapshot, so they
//! agree with its values.
//!
//! Does not know the counters of the process, which are in `telemetry`.

use super::family::Merge;
use super::selection::FamilySelection;
use super::text::{LabelSet, Sample, write_header};
use crate::engine::{Snapshot, TopicSnapshot, WindowState};
use crate::event::Reason;

/// One family about the state.
pub(super) struct StateFamily {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) labels: &'static [&'static str],
    pub(super) merge: Merge,
    pub(super) help: &'static str,
    read: fn(&Snapshot) -> Samples<'_>,
}

/// The label values of each sample, in the order of the family's labels, and its value.
type Samples<'a> = Vec<(Vec<&'a str>, f64)>;

/// All families about the state, in the order of the exposition.
pub(super) const FAMILIES: [StateFamily; 15] = [
    StateFamily {
        name: "cx_window_range_seconds",
        kind: "gauge",
        labels: &["window"],
        merge: Merge::Max,
        help: "Length of the window.",
        read: |s| of_windows(s, |w| Some(w.settings.range.as_seconds())),
    },
    StateFamily {
        name: "cx_window_hop_seconds",
        kind: "gauge",
        labels: &["window"],
        merge: Merge::Max,
        help: "Step by which the window moves.",
        read: |s| of_windows(s, |w| Some(w.settings.hop.as_seconds())),
    },
    StateFamily {
        name: "cx_window_coverage_ratio",
        kind: "gauge",
        labels: &["window"],
        merge: Merge::Min,
        help: "Share of the window for which the data of every assigned partition has been seen, counted from the first record or the configured feed_began, and without times in which records were lost. Below 1 the values of the window are partial.",
        read: |s| of_windows(s, |w| w.coverage),
    },
    StateFamily {
        name: "cx_window_complete_at_timestamp_seconds",
        kind: "gauge",
        labels: &["window"],
        merge: Merge::Max,
        help: "When the window is filled: the time from which on nothing is missing, which is that of the first record or of the last loss, plus the length of the window.",
        read: |s| of_windows(s, |w| w.complete_at.map(|t| t.as_seconds())),
    },
    StateFamily {
        name: "cx_ledger_records",
        kind: "gauge",
        labels: &["outcome", "topic"],
        merge: Merge::Sum,
        help: "Records in the state, by outcome; over all outcomes they add up to the records consumed.",
        read: outcomes,
    },
    StateFamily {
        name: "cx_events_orphaned_total",
        kind: "counter",
        labels: &["topic"],
        merge: Merge::Sum,
        help: "Applied events about a ticket or chat whose creation is not known, or that merge a customer who is not known here. Wrong record keys or a feed that has stopped cause these.",
        read: |s| s.topics.iter().map(|t| (vec![t.name.as_str()], t.ledger.orphaned as f64)).collect(),
    },
    StateFamily {
        name: "cx_events_without_effect_total",
        kind: "counter",
        labels: &["topic", "type"],
        merge: Merge::Sum,
        help: "Applied events that changed nothing that is counted, by type, such as a second start of a running chat, an assignment to the same team, a status that is the status already or the same answer again. A feed that maps its events wrongly shows here first.",
        read: without_effect,
    },
    StateFamily {
        name: "cx_watermark_timestamp_seconds",
        kind: "gauge",
        labels: &["topic"],
        merge: Merge::Min,
        help: "Event time up to which the topic has been read: the smallest watermark of the assigned partitions that have lag, or the largest of all where none has lag.",
        read: |s| s.topics.iter().filter_map(|t| Some((vec![t.name.as_str()], t.watermark?.as_seconds()))).collect(),
    },
    StateFamily {
        name: "cx_dedup_horizon_seconds",
        kind: "gauge",
        labels: &["topic"],
        merge: Merge::Min,
        help: "How far back in time duplicates of an event are recognised.",
        read: |s| s.topics.iter().map(|t| (vec![t.name.as_str()], t.dedup_horizon.as_seconds())).collect(),
    },
    StateFamily {
        name: "cx_backlog_complete",
        kind: "gauge",
        labels: &[],
        merge: Merge::Min,
        help: "1 when the history has been read from the start of the log, or a full set of ticket.snapshot events has; 0 when tickets may be missing from the backlog.",
        read: |s| s.is_backlog_complete.map(|is_complete| (Vec::new(), f64::from(is_complete))).into_iter().collect(),
    },
    StateFamily {
        name: "cx_state_entries",
        kind: "gauge",
        labels: &["store"],
        merge: Merge::Sum,
        help: "Entries kept in memory, by store.",
        read: |s| s.entries.iter().map(|(store, n)| (vec![*store], *n as f64)).collect(),
    },
    StateFamily {
        name: "cx_state_limit_evictions_total",
        kind: "counter",
        labels: &["store"],
        merge: Merge::Sum,
        help: "Entries that left early because a configured limit was reached, by store. For cells and family_cells: samples that found no room for their label set and count in the overall value only. For changes: marked changes beyond 64 of a partition, the oldest first.",
        read: |s| s.evictions.iter().map(|(store, n)| (vec![*store], *n as f64)).collect(),
    },
    StateFamily {
        name: "cx_series_overflow_total",
        kind: "counter",
        labels: &["dimension"],
        merge: Merge::Sum,
        help: "Events with a dimension value that counts as other: one beyond the limit of values of that dimension, longer than 64 characters, or with a character that a label cannot show.",
        read: |s| s.overflows.iter().map(|(dimension, n)| (vec![dimension.as_str()], *n as f64)).collect(),
    },
    StateFamily {
        name: "cx_series",
        kind: "gauge",
        labels: &[],
        merge: Merge::Sum,
        help: "Label sets over all measures that have not expired.",
        read: |s| vec![(Vec::new(), s.cells.0 as f64)],
    },
    StateFamily {
        name: "cx_series_limit",
        kind: "gauge",
        labels: &[],
        merge: Merge::Sum,
        help: "Largest number of label sets that are kept.",
        read: |s| vec![(Vec::new(), s.cells.1 as f64)],
    },
];

/// Appends the wanted families; with `at_seconds` (since 1970), as samples of that instant without comments.
pub(super) fn render(snapshot: &Snapshot, at_seconds: Option<f64>, wanted: &FamilySelection, out: &mut String) {
    for family in FAMILIES.iter().filter(|family| wanted.has(family.name)) {
        write(out, family, (family.read)(snapshot), at_seconds);
    }
}

/// The samples of one family with their labels; none for a name that no family has.
pub(super) fn samples(snapshot: &Snapshot, name: &str) -> Vec<(Vec<(&'static str, String)>, Sample)> {
    let Some(family) = FAMILIES.iter().find(|family| family.name == name) else { return Vec::new() };
    let sample = |(values, value): (Vec<&str>, f64)| {
        let mut labels = LabelSet::default();
        family.labels.iter().zip(&values).for_each(|(name, text)| labels.push(name, text));
        let mut series = name.to_owned();
        labels.write_series(&mut series);
        let texts = family.labels.iter().copied().zip(values.iter().map(|value| (*value).to_owned())).collect();
        (texts, Sample { series, value })
    };
    (family.read)(snapshot).into_iter().map(sample).collect()
}

/// Appends the ledger under the names of the counters of the process, as `replay` prints it.
pub(super) fn render_totals(snapshot: &Snapshot, out: &mut String) {
    let counter = |name, labels, help, read| StateFamily { name, kind: "counter", labels, merge: Merge::Sum, help, read };
    let totals = counter("cx_events_total", &["outcome", "topic"], "Records handled by outcome.", outcomes);
    let reasons = counter("cx_events_invalid_total", &["reason", "topic"], "Refused records by reason.", refusals);
    for family in [totals, reasons] {
        write(out, &family, (family.read)(snapshot), None);
    }
}

fn of_windows(snapshot: &Snapshot, read: impl Fn(&WindowState) -> Option<f64>) -> Samples<'_> {
    snapshot.windows.iter().filter_map(|w| Some((vec![w.settings.name.as_str()], read(w)?))).collect()
}

fn outcomes(snapshot: &Snapshot) -> Samples<'_> {
    let of_topic = |topic: &TopicSnapshot| topic.ledger.outcomes();
    snapshot.topics.iter().flat_map(|t| of_topic(t).map(|(outcome, n)| (vec![outcome, t.name.as_str()], n as f64))).collect()
}

fn without_effect(snapshot: &Snapshot) -> Samples<'_> {
    let topics = snapshot.topics.iter();
    topics.flat_map(|t| t.ledger.without_effect.iter().map(|(type_, n)| (vec![t.name.as_str(), *type_], *n as f64))).collect()
}

fn refusals(snapshot: &Snapshot) -> Samples<'_> {
    let of_topic = |topic: &TopicSnapshot| Reason::ALL.iter().zip(topic.ledger.invalid);
    snapshot.topics.iter().flat_map(|t| of_topic(t).map(|(reason, n)| (vec![reason.name(), t.name.as_str()], n as f64))).collect()
}

fn write(out: &mut String, family: &StateFamily, samples: Samples<'_>, at_seconds: Option<f64>) {
    if at_seconds.is_none() && !samples.is_empty() {
        write_header(out, family.name, family.help, family.kind);
    }
    for (values, value) in samples {
        let mut labels = LabelSet::default();
        family.labels.iter().zip(values).for_each(|(name, text)| labels.push(name, text));
        labels.write_sample(out, family.name, "", value, at_seconds);
    }
}
