//! One window's page of series: names, grouping sets, and the few shapes that values come in.

use std::collections::BTreeMap;

use cxpulse::time::Span;
use rustc_hash::FxHashMap;

use super::series::{Series, Value, bound_label};
use super::setup::Setup;
use super::statistics::{nearest_rank, wilson};
use super::world::Timed;

/// All series of an evaluation.
pub(crate) type Values = FxHashMap<Series, Value>;

/// Labels beside those of the grouping set.
pub(crate) type Labels<'l> = &'l [(&'l str, &'l str)];

/// One window, or `now`.
pub(crate) struct Sheet<'a> {
    settings: &'a Setup,
    window: Option<&'a str>,
    low: i64,
    high: i64,
    /// What has been written.
    pub(crate) out: Values,
}

/// The samples of one key of a grouping set that lie in the window.
pub(crate) struct Group<'s, V> {
    /// `_by_...`, or nothing.
    suffix: String,
    labels: Vec<(String, String)>,
    /// Whether the set has full histogram buckets.
    full: bool,
    /// The samples.
    pub(crate) inside: Vec<&'s Timed<V>>,
}

impl<V> Group<'_, V> {
    /// Whether it is everything.
    pub(crate) fn is_overall(&self) -> bool {
        self.suffix.is_empty()
    }
}

impl<'a> Sheet<'a> {
    /// A page of a window from `low` to before `high`.
    pub(crate) fn window(settings: &'a Setup, name: &'a str, low: i64, high: i64) -> Self {
        Self { settings, window: Some(name), low, high, out: Values::default() }
    }

    /// The page of what has no window: every sample lies in it.
    pub(crate) fn now(settings: &'a Setup) -> Self {
        Self { settings, window: None, low: i64::MIN, high: i64::MAX, out: Values::default() }
    }

    /// The first instant of the window.
    pub(crate) fn start(&self) -> i64 {
        self.low
    }

    /// Whether an instant lies in the window.
    pub(crate) fn holds(&self, at: i64) -> bool {
        self.low <= at && at < self.high
    }

    /// Writes one series.
    pub(crate) fn put(&mut self, name: &str, labels: Labels<'_>, value: Value) {
        let window = self.window.map(|window| ("window", window));
        self.out.insert(Series::new(name.to_owned(), labels.iter().copied().chain(window)), value);
    }

    /// Writes one series of a group; the suffix stands before a histogram's `tail`.
    pub(crate) fn put_in<V>(&mut self, group: &Group<'_, V>, name: &str, tail: &str, labels: Labels<'_>, value: Value) {
        let mut all: Vec<(&str, &str)> = group.labels.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        all.extend(labels);
        self.put(&format!("{name}{}{tail}", group.suffix), &all, value);
    }

    /// The samples in the window by every key that ever had one, in every grouping set.
    pub(crate) fn groups<'s, V>(&self, samples: &'s [Timed<V>]) -> Vec<Group<'s, V>> {
        self.groups_of(&self.settings.grouping_sets, samples)
    }

    /// The same for the grouping sets of one dimension only.
    pub(crate) fn one_dimension_groups<'s, V>(&self, samples: &'s [Timed<V>]) -> Vec<Group<'s, V>> {
        let sets: Vec<Vec<u8>> = self.settings.grouping_sets.iter().filter(|set| set.len() == 1).cloned().collect();
        self.groups_of(&sets, samples)
    }

    /// The same for other grouping sets.
    pub(crate) fn groups_of<'s, V>(&self, sets: &[Vec<u8>], samples: &'s [Timed<V>]) -> Vec<Group<'s, V>> {
        let everything = samples.iter().filter(|s| self.holds(s.at)).collect();
        let mut out = vec![Group { suffix: String::new(), labels: vec![], full: true, inside: everything }];
        for set in sets {
            let name = |&d: &u8| self.settings.dimensions[usize::from(d)].name.clone();
            let names: Vec<String> = set.iter().map(name).collect();
            let mut keys: BTreeMap<Vec<&str>, Vec<&Timed<V>>> = BTreeMap::new();
            for sample in samples {
                let key = set.iter().map(|&d| sample.dims[usize::from(d)].as_str()).collect();
                let inside = keys.entry(key).or_default();
                if self.holds(sample.at) {
                    inside.push(sample);
                }
            }
            out.extend(keys.into_iter().map(|(key, inside)| Group {
                suffix: format!("_by_{}", names.join("_")),
                labels: names.iter().cloned().zip(key.into_iter().map(str::to_owned)).collect(),
                full: set.len() == 1,
                inside,
            }));
        }
        out
    }

    /// How many samples there are.
    pub(crate) fn count<V>(&mut self, name: &str, samples: &[Timed<V>]) {
        for group in self.groups(samples) {
            self.put_in(&group, name, "", &[], Value::Count(group.inside.len() as i64));
        }
    }

    /// The share of those that are in the part, with its interval. The parts' count has the name `part`.
    pub(crate) fn ratio(&mut self, ratio: &str, part: Option<&str>, labels: Labels<'_>, samples: &[Timed<bool>]) {
        for group in self.groups(samples) {
            let n = group.inside.iter().filter(|s| s.value).count() as i64;
            if let Some(part) = part {
                self.put_in(&group, part, "", labels, Value::Count(n));
            }
            self.proportion(&group, ratio, labels, n, group.inside.len() as i64);
        }
    }

    /// The same, absent until anything of the part was ever seen.
    pub(crate) fn ratio_once(&mut self, is_known: bool, ratio: &str, part: &str, labels: Labels<'_>, samples: &[Timed<bool>]) {
        self.ratio(ratio, Some(part), labels, samples);
        for group in self.groups(samples).iter().filter(|_| !is_known) {
            self.proportion(group, ratio, labels, 0, 0);
        }
    }

    /// A ratio and its Wilson interval; absent where there is nothing to divide by.
    pub(crate) fn proportion<V>(&mut self, group: &Group<'_, V>, name: &str, labels: Labels<'_>, part: i64, whole: i64) {
        let (low, high) = if whole > 0 { wilson(part, whole) } else { (0.0, 0.0) };
        let present = |x: f64| if whole > 0 { Value::Real(x) } else { Value::Absent };
        self.put_in(group, name, "", labels, present(part as f64 / whole as f64));
        self.put_in(group, &format!("{name}_lower"), "", labels, present(low));
        self.put_in(group, &format!("{name}_upper"), "", labels, present(high));
    }

    /// A histogram of milliseconds with its mean and quantiles; `stem` is the name without its unit.
    pub(crate) fn durations(&mut self, stem: &str, bounds: &[Span], samples: &[Timed<i64>]) {
        let histogram = format!("{stem}_seconds");
        for group in self.groups(samples) {
            let mut values: Vec<i64> = group.inside.iter().map(|s| s.value).collect();
            values.sort_unstable();
            let (n, sum) = (values.len(), values.iter().sum::<i64>());
            self.put_in(&group, &histogram, "_count", &[], Value::Count(n as i64));
            self.put_in(&group, &histogram, "_sum", &[], Value::Millis(sum));
            self.put_in(&group, &histogram, "_bucket", &[("le", "+Inf")], Value::Count(n as i64));
            for bound in bounds.iter().filter(|_| group.full) {
                let up_to = values.partition_point(|v| *v <= bound.0) as i64;
                self.put_in(&group, &histogram, "_bucket", &[("le", &bound_label(bound.as_seconds()))], Value::Count(up_to));
            }
            if ["cx_first_response", "cx_resolution"].contains(&stem) {
                let logs: Vec<f64> = values.iter().map(|ms| (*ms as f64 / 1000.0).max(1.0).ln()).collect();
                // A duration may be off by one part in a hundred.
                let near = |want: f64, within: f64| Value::Near { want, within: within + 1e-9 };
                self.put_in(&group, &format!("{stem}_logarithms"), "", &[], near(logs.iter().sum(), 0.01 * n as f64));
                let squares = near(logs.iter().map(|log| log * log).sum(), logs.iter().map(|log| 0.02 * log + 1e-4).sum());
                self.put_in(&group, &format!("{stem}_squared_logarithms"), "", &[], squares);
            }
            let mean = if n > 0 { Value::Real(sum as f64 / 1000.0 / n as f64) } else { Value::Absent };
            self.put_in(&group, &format!("{stem}_mean_seconds"), "", &[], mean);
            for &percent in &self.settings.quantiles_percent {
                let quantile =
                    |k: usize| Value::Quantile { exact: values[k], below: values[k.saturating_sub(1)], above: values[(k + 1).min(n - 1)] };
                let value = if n > 0 { quantile(nearest_rank(n, percent)) } else { Value::Absent };
                self.put_in(&group, &format!("{stem}_p{percent}_seconds"), "", &[], value);
            }
        }
    }
}
