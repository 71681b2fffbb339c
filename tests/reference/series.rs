//! Series and their values as the tests compare them: parsed from text, written as text, judged.

use std::fmt;

/// A name with labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Series {
    /// The name, with `_by_...` and a histogram's suffix.
    pub(crate) name: String,
    /// The labels as `a="b",c="d"` in the order of their names; `le` as the shortest decimal of its number.
    labels: String,
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{{{}}}", self.name, self.labels)
    }
}

impl Series {
    /// A name with labels in any order.
    pub(crate) fn new<'l>(name: String, labels: impl IntoIterator<Item = (&'l str, &'l str)>) -> Self {
        let mut sorted: Vec<(&str, &str)> = labels.into_iter().collect();
        sorted.sort_unstable();
        let mut labels = String::with_capacity(64);
        for (label, value) in sorted {
            let comma = if labels.is_empty() { "" } else { "," };
            labels.extend([comma, label, "=\"", value, "\""]);
        }
        Self { name, labels }
    }

    /// Parses `name{a="b"}` or `name` and gives what follows it. The tests' values hold nothing that is escaped.
    pub(crate) fn parse(line: &str) -> Option<(Self, &str)> {
        let end = line.find(['{', ' ']).unwrap_or(line.len());
        let name = line[..end].to_owned();
        let Some(inside) = line[end..].strip_prefix('{') else { return Some((Self::new(name, []), &line[end..])) };
        let (inside, rest) = inside.split_once('}')?;
        let mut bound = String::new();
        let mut labels = Vec::new();
        for pair in inside.split_terminator("\",").filter(|pair| !pair.is_empty()) {
            let (label, value) = pair.trim_start_matches(',').split_once("=\"")?;
            labels.push((label, value.trim_end_matches('"')));
        }
        if let Some((_, value)) = labels.iter_mut().find(|(label, _)| *label == "le") {
            bound = value.parse::<f64>().ok().map(bound_label)?;
            *value = "";
        }
        let labels = labels.iter().map(|(label, value)| (*label, if *label == "le" { bound.as_str() } else { *value }));
        Some((Self::new(name, labels), rest))
    }

    /// The value of a label.
    pub(crate) fn label(&self, name: &str) -> Option<&str> {
        self.pairs().find(|(label, _)| *label == name).map(|(_, value)| value)
    }

    /// The labels with their values.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.labels.split_terminator("\",").map(|pair| pair.trim_end_matches('"'));
        pairs.filter_map(|pair| pair.split_once("=\""))
    }

    /// Whether it has a label beside `window`.
    pub(crate) fn is_labelled(&self) -> bool {
        !self.labels.is_empty() && (!self.labels.starts_with("window=") || self.labels.contains(','))
    }

    /// The family's name without the suffix of its grouping set.
    pub(crate) fn base(&self) -> &str {
        self.name.split_once("_by_").map_or(&self.name, |(base, _)| base)
    }
}

/// The label `le` of a bound.
pub(crate) fn bound_label(bound: f64) -> String {
    if bound.is_infinite() { "+Inf".to_owned() } else { bound.to_string() }
}

/// What a series must be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// A whole number, exactly.
    Count(i64),
    /// A sum or an instant in milliseconds, exactly; exported in seconds.
    Millis(i64),
    /// A sum of scores in millionths, exactly.
    Millionths(i64),
    /// A number to within 1e-9 of itself.
    Real(f64),
    /// A bound of an NPS, which may be clamped to -100..100.
    NpsBound(f64),
    /// The nearest-rank quantile in milliseconds and its neighbours in the sorted sample.
    Quantile {
        /// The nearest rank.
        exact: i64,
        /// The sample below it.
        below: i64,
        /// The sample above it.
        above: i64,
    },
    /// A correlation of exact ranks, and of ranks in which whatever bins of durations may take together is tied.
    Correlation {
        /// By exact ranks.
        exact: f64,
        /// By the bluntest ranks; `None` where they leave one side constant.
        blunt: Option<f64>,
    },
    /// A number that may be so far off.
    Near {
        /// The number.
        want: f64,
        /// How far.
        within: f64,
    },
    /// No such series.
    Absent,
    /// Not for this model to say.
    Any,
}

impl Value {
    /// The number itself; seconds where milliseconds are kept.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Count(n) => Some(*n as f64),
            Self::Millis(ms) | Self::Quantile { exact: ms, .. } => Some(*ms as f64 / 1000.0),
            Self::Millionths(n) => Some(*n as f64 / 1e6),
            Self::Real(x) | Self::NpsBound(x) | Self::Correlation { exact: x, .. } | Self::Near { want: x, .. } => Some(*x),
            Self::Absent | Self::Any => None,
        }
    }

    /// Why `got` is not this value; `None` when it is.
    pub(crate) fn fault(&self, series: &Series, got: Option<f64>) -> Option<String> {
        let want = self.number();
        let right = match (self, want, got) {
            (Self::Any, _, _) | (Self::Absent, _, None) => true,
            (Self::Absent, _, Some(_)) => false,
            (Self::Correlation { blunt, .. }, _, None) => blunt.is_none(),
            (Self::Near { within, .. }, Some(want), Some(got)) => (got - want).abs() <= *within,
            (_, _, None) => want == Some(0.0) && may_be_absent(series),
            (Self::Millis(ms), _, Some(got)) => (got * 1000.0).round() as i64 == *ms,
            (Self::Millionths(n), _, Some(got)) => (got * 1e6).round() as i64 == *n,
            (Self::Quantile { .. }, Some(want), Some(got)) => (got - want).abs() <= 0.010_001 * want,
            (Self::Correlation { exact, blunt }, _, Some(got)) => near_correlation(*exact, *blunt, got),
            (Self::NpsBound(_), Some(want), Some(got)) => near(want, got) || (want.abs() > 100.0 && got == 100f64.copysign(want)),
            (Self::Real(_), Some(want), Some(got)) => near(want, got),
            (_, want, Some(got)) => want == Some(got),
        };
        (!right).then(|| format!("{series}: expected {self:?}, got {}", got.map_or_else(|| "nothing".to_owned(), |x| x.to_string())))
    }
}

/// Whether a 0 may be left out: a label set that was never seen, or has expired.
fn may_be_absent(series: &Series) -> bool {
    series.is_labelled() || series.name.ends_with("_count") || series.name.ends_with("_sum")
}

/// Equal to within 1e-9 of the larger.
pub(crate) fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()) + 1e-12
}

/// Where bins cannot tie anything, a correlation is exact; else it lies within 0.02 of what lies between exact and bluntest.
fn near_correlation(exact: f64, blunt: Option<f64>, got: f64) -> bool {
    let blunt = blunt.unwrap_or(0.0);
    near(exact, got) || (exact != blunt && (exact.min(blunt) - 0.02..=exact.max(blunt) + 0.02).contains(&got))
}
