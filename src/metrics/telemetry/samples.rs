//! The process's counters and gauges as values, for readers who would otherwise have to parse the text of the exposition.
//!
//! Does not know which of them a reader shows. Leaves histograms out, because a single sample of a histogram says little.

use prometheus::proto::{Metric, MetricFamily, MetricType};

use super::Telemetry;
use crate::metrics::Sample;
use crate::metrics::text::Labels;

/// One counter or gauge of the process, with its labels.
#[derive(Clone, Debug, PartialEq)]
pub struct TelemetrySample {
    /// The name of the family, such as `cx_kafka_up`.
    pub family: String,
    /// The names and values of the labels, in the order of the exposition.
    pub labels: Vec<(String, String)>,
    /// The value, and the series as the exposition spells it.
    pub sample: Sample,
}

impl TelemetrySample {
    /// The value of the label of this name, if the family has one.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.as_str())
    }
}

impl Telemetry {
    /// Every counter and gauge as it is now, in the order of the exposition.
    #[must_use]
    pub fn samples(&self) -> Vec<TelemetrySample> {
        self.registry.gather().iter().flat_map(|family| family.get_metric().iter().filter_map(|metric| sample(family, metric))).collect()
    }
}

fn sample(family: &MetricFamily, metric: &Metric) -> Option<TelemetrySample> {
    let value = match family.get_field_type() {
        MetricType::COUNTER => metric.get_counter().get_value(),
        MetricType::GAUGE => metric.get_gauge().get_value(),
        MetricType::HISTOGRAM | MetricType::SUMMARY | MetricType::UNTYPED => return None,
    };
    let labels: Vec<(String, String)> =
        metric.get_label().iter().map(|label| (label.name().to_owned(), label.value().to_owned())).collect();
    let mut written = Labels::default();
    labels.iter().for_each(|(name, value)| written.push(name, value));
    let mut series = family.name().to_owned();
    written.write_series(&mut series);
    Some(TelemetrySample { family: family.name().to_owned(), labels, sample: Sample { series, value } }).filter(|_| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Kind;

    #[test]
    fn every_sample_is_a_line_of_the_exposition() {
        let telemetry = Telemetry::new(&[("tickets \"1\"".to_owned(), Kind::Tickets)]);
        telemetry.set_partitions(0, 12);
        let mut text = String::new();
        telemetry.render(&mut text);
        // The process's own memory and time move on between two looks.
        let samples: Vec<TelemetrySample> = telemetry.samples().into_iter().filter(|sample| sample.family.starts_with("cx_")).collect();
        assert!(samples.len() > 20, "{samples:?}");
        for TelemetrySample { sample, .. } in &samples {
            let line = format!("{} {}", sample.series, sample.exact());
            assert!(text.lines().any(|other| other == line), "{line} is not in\n{text}");
        }
        let partitions = samples.iter().find(|sample| sample.family == "cx_kafka_partitions").unwrap();
        assert_eq!((partitions.label("topic"), partitions.label("partition")), (Some("tickets \"1\""), None));
        assert_eq!(partitions.sample.value, 12.0);
    }
}
