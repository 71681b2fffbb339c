//! The families about the state itself: ledger, watermarks, windows, stores. They come from the snapshot, so that they agree with its values.

use super::text::{Labels, write_header};
use crate::engine::Snapshot;
use crate::event::Reason;

/// Appends them; with `at`, as bare samples of that instant.
pub(super) fn render(snapshot: &Snapshot, at: Option<f64>, out: &mut String) {
    let mut writer = Writer { at, out };
    windows(snapshot, &mut writer);
    topics(snapshot, &mut writer);
    stores(snapshot, &mut writer);
}

/// Appends the ledger under the names of the process's counters.
pub(super) fn render_totals(snapshot: &Snapshot, out: &mut String) {
    let mut writer = Writer { at: None, out };
    writer.header("cx_events_total", "Records handled by outcome.", "counter");
    for topic in &snapshot.topics {
        for (outcome, n) in topic.ledger.outcomes() {
            writer.sample("cx_events_total", &[("topic", &topic.name), ("outcome", outcome)], n as f64);
        }
    }
    writer.header("cx_events_invalid_total", "Refused records by reason.", "counter");
    for topic in &snapshot.topics {
        for (reason, n) in Reason::ALL.iter().zip(topic.ledger.invalid) {
            writer.sample("cx_events_invalid_total", &[("topic", &topic.name), ("reason", reason.name())], n as f64);
        }
    }
}

fn windows(snapshot: &Snapshot, writer: &mut Writer<'_>) {
    let mut family = |name, help, read: &dyn Fn(&crate::engine::WindowState) -> Option<f64>| {
        let values: Vec<_> = snapshot.windows.iter().filter_map(|w| Some((w.settings.name.as_str(), read(w)?))).collect();
        writer.family(name, help, "gauge", values.iter().map(|(window, value)| (vec![("window", *window)], *value)));
    };
    family("cx_window_range_seconds", "Length of the window.", &|w| Some(w.settings.range.as_seconds()));
    family("cx_window_hop_seconds", "Step by which the window moves on.", &|w| Some(w.settings.hop.as_seconds()));
    family(
        "cx_window_coverage_ratio",
        "Share of the window for which every assigned partition's data has been seen, counted from the first record. Below 1 its values are partial.",
        &|w| w.coverage,
    );
    family(
        "cx_window_complete_at_timestamp_seconds",
        "When the window is filled for the first time: the first record and its range.",
        &|w| w.complete_at.map(|t| t.as_seconds()),
    );
}

fn topics(snapshot: &Snapshot, writer: &mut Writer<'_>) {
    let outcomes = snapshot.topics.iter().flat_map(|topic| {
        let outcomes = topic.ledger.outcomes();
        outcomes.into_iter().map(|(outcome, n)| (vec![("topic", topic.name.as_str()), ("outcome", outcome)], n as f64))
    });
    writer.family("cx_ledger_records", "Records in the state by outcome; they add up to the records consumed.", "gauge", outcomes);
    let orphaned = snapshot.topics.iter().map(|t| (vec![("topic", t.name.as_str())], t.ledger.orphaned as f64));
    writer.family(
        "cx_events_orphaned_total",
        "Applied events about a ticket or chat whose creation was not known: wrong keys or a dead feed look like this.",
        "counter",
        orphaned,
    );
    let watermarks = snapshot.topics.iter().filter_map(|t| Some((vec![("topic", t.name.as_str())], t.watermark?.as_seconds())));
    writer.family(
        "cx_watermark_timestamp_seconds",
        "Event time up to which the topic has been read: the smallest watermark over assigned partitions with lag, without lag the largest.",
        "gauge",
        watermarks,
    );
    let horizons = snapshot.topics.iter().map(|t| (vec![("topic", t.name.as_str())], t.dedup_horizon.as_seconds()));
    writer.family("cx_dedup_horizon_seconds", "How far back copies of an event are recognised.", "gauge", horizons);
}

fn stores(snapshot: &Snapshot, writer: &mut Writer<'_>) {
    let entries = snapshot.entries.iter().map(|(store, n)| (vec![("store", *store)], *n as f64));
    writer.family("cx_state_entries", "Entries kept in memory by store.", "gauge", entries);
    let evictions = snapshot.evictions.iter().map(|(store, n)| (vec![("store", *store)], *n as f64));
    writer.family(
        "cx_state_limit_evictions_total",
        "Entries that left early because a configured limit was reached.",
        "counter",
        evictions,
    );
    let overflows = snapshot.overflows.iter().map(|(dimension, n)| (vec![("dimension", dimension.as_str())], *n as f64));
    writer.family(
        "cx_series_overflow_total",
        "Events that named a value beyond the limit of values of a dimension, counted as other.",
        "counter",
        overflows,
    );
    let complete = snapshot.is_backlog_complete.map(|is_complete| (Vec::new(), f64::from(u8::from(is_complete))));
    writer.family(
        "cx_backlog_complete",
        "1 when the history was read from the log's start, or a full set of ticket.snapshot was; 0 when the backlog may lack tickets.",
        "gauge",
        complete.into_iter(),
    );
    let (cells, cells_max) = snapshot.cells;
    writer.family("cx_series", "Label sets kept over all measures.", "gauge", std::iter::once((Vec::new(), cells as f64)));
    writer.family("cx_series_limit", "Label sets that are kept at the most.", "gauge", std::iter::once((Vec::new(), cells_max as f64)));
}

struct Writer<'a> {
    at: Option<f64>,
    out: &'a mut String,
}

impl Writer<'_> {
    fn family<'a>(&mut self, name: &str, help: &str, kind: &str, samples: impl Iterator<Item = (Vec<(&'a str, &'a str)>, f64)>) {
        let mut samples = samples.peekable();
        if samples.peek().is_some() {
            self.header(name, help, kind);
        }
        samples.for_each(|(labels, value)| self.sample(name, &labels, value));
    }

    fn header(&mut self, name: &str, help: &str, kind: &str) {
        if self.at.is_none() {
            write_header(self.out, name, help, kind);
        }
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let mut text = Labels::default();
        labels.iter().for_each(|(name, value)| text.push(name, value));
        text.write_sample(self.out, name, "", value, self.at);
    }
}
