//! Reads the Prometheus text format, as far as this product writes it. Does not know any metric.

use std::collections::BTreeMap;

/// The samples of a scrape by their series as written, such as `cx_tickets_created{window="24h"}`.
#[derive(Debug)]
pub(crate) struct Exposition {
    samples: BTreeMap<String, f64>,
}

impl Exposition {
    /// Reads a text. The test fails on a line that is no sample, and on a series that is given twice.
    pub(crate) fn parse(text: &str) -> Self {
        let mut samples = BTreeMap::new();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no sample: {line}"));
            let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
            assert!(samples.insert(series.to_owned(), value).is_none(), "given twice: {line}");
        }
        Self { samples }
    }

    /// The value of a series, or `None` if it is absent.
    pub(crate) fn value(&self, series: &str) -> Option<f64> {
        self.samples.get(series).copied()
    }

    /// The value of a count, or 0 if it is absent.
    pub(crate) fn count(&self, series: &str) -> u64 {
        self.value(series).map_or(0, |value| value as u64)
    }

    /// The value of the series with exactly these labels, written in any order.
    pub(crate) fn with_labels(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.family(name)
            .find(|(series, _)| series.matches("=\"").count() == labels.len() && labels.iter().all(|(l, v)| label(series, l) == Some(*v)))
            .map(|(_, value)| value)
    }

    /// All series of one family with their values.
    pub(crate) fn family<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, f64)> {
        self.samples.iter().filter(move |(series, _)| family_of(series) == name).map(|(series, value)| (series.as_str(), *value))
    }

    /// Every series with its value.
    pub(crate) fn samples(&self) -> impl Iterator<Item = (&str, f64)> {
        self.samples.iter().map(|(series, value)| (series.as_str(), *value))
    }
}

/// The metric name of a series.
pub(crate) fn family_of(series: &str) -> &str {
    series.split('{').next().unwrap_or(series)
}

/// The series with its labels in alphabetical order, because two writers may order them differently.
pub(crate) fn canonical(series: &str) -> String {
    let Some((name, labels)) = series.strip_suffix("\"}").and_then(|series| series.split_once('{')) else { return series.to_owned() };
    let mut labels: Vec<_> = labels.split("\",").collect();
    labels.sort_unstable();
    format!("{name}{{{}\"}}", labels.join("\","))
}

/// The value of a label of a series, as written.
pub(crate) fn label<'a>(series: &'a str, name: &str) -> Option<&'a str> {
    let at = series.find(&format!("{{{name}=\"")).or_else(|| series.find(&format!(",{name}=\"")))?;
    series[at + name.len() + 3..].split('"').next()
}
