//! The process's own numbers, read back from their exposition text, which is all that the server is given of them.
//!
//! Does not know which of them a page shows.

use crate::metrics::Sample;

/// Samples with their labels.
#[derive(Debug, Default)]
pub(in crate::http) struct Telemetry(Vec<Reading>);

#[derive(Debug)]
struct Reading {
    name: String,
    labels: Vec<(String, String)>,
    sample: Sample,
}

impl Telemetry {
    /// The samples of a text; lines that are none are passed over.
    pub(in crate::http) fn read(text: &str) -> Self {
        Self(text.lines().filter(|line| !line.starts_with('#')).filter_map(Reading::of).collect())
    }

    /// The first sample of a family that has these labels, among others.
    pub(super) fn sample(&self, name: &str, labels: &[(&str, &str)]) -> Option<&Sample> {
        self.all(name, labels).next()
    }

    /// The samples of a family that have these labels, among others.
    pub(super) fn all<'a>(&'a self, name: &str, labels: &[(&str, &str)]) -> impl Iterator<Item = &'a Sample> {
        let has = |reading: &Reading| {
            reading.name == name && labels.iter().all(|(label, text)| reading.labels.iter().any(|(l, t)| l == label && t == text))
        };
        let found: Vec<&Sample> = self.0.iter().filter(|reading| has(reading)).map(|reading| &reading.sample).collect();
        found.into_iter()
    }

    /// The values of one label that a family has, each once, in the order of the text.
    pub(super) fn values_of(&self, name: &str, label: &str) -> Vec<&str> {
        let mut values: Vec<&str> = Vec::new();
        for (_, value) in self.0.iter().filter(|reading| reading.name == name).flat_map(|r| &r.labels).filter(|(l, _)| l == label) {
            if !values.contains(&value.as_str()) {
                values.push(value);
            }
        }
        values
    }
}

impl Reading {
    fn of(line: &str) -> Option<Self> {
        let (series, value) = line.rsplit_once(' ')?;
        let value: f64 = value.parse().ok().filter(|value: &f64| value.is_finite())?;
        let (name, labels) = match series.split_once('{') {
            Some((name, rest)) => (name, labels(rest.strip_suffix('}')?)?),
            None => (series, Vec::new()),
        };
        Some(Self { name: name.to_owned(), labels, sample: Sample { series: series.to_owned(), value } })
    }
}

/// `a="1",b="x\"y"` as pairs.
fn labels(text: &str) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, quoted) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut characters = quoted.char_indices();
        let end = loop {
            match characters.next()? {
                (at, '"') => break at,
                (_, '\\') => match characters.next()?.1 {
                    'n' => value.push('\n'),
                    c => value.push(c),
                },
                (_, c) => value.push(c),
            }
        };
        pairs.push((name.to_owned(), value));
        rest = quoted[end + 1..].trim_start_matches(',');
    }
    Some(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_found_by_some_of_their_labels() {
        let text = "# TYPE a counter\na{reason=\"x\",topic=\"t,\\\"1\"} 3\na{reason=\"y\",topic=\"t,\\\"1\"} 4\na{topic=\"u\"} 5\nb 0.5\nc NaN\nrubbish\n";
        let telemetry = Telemetry::read(text);
        assert_eq!(telemetry.all("a", &[("topic", "t,\"1")]).map(|s| s.value).sum::<f64>(), 7.0);
        assert_eq!(telemetry.sample("a", &[("reason", "y")]).map(|s| s.series.as_str()), Some("a{reason=\"y\",topic=\"t,\\\"1\"}"));
        assert_eq!(telemetry.sample("b", &[]).map(|s| s.value), Some(0.5));
        assert_eq!((telemetry.sample("c", &[]), telemetry.sample("b", &[("x", "y")])), (None, None));
        assert_eq!(telemetry.values_of("a", "reason"), ["x", "y"]);
    }
}
