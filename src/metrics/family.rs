//! One entry of the catalogue: a metric family with its name, help text, labels, grouping sets, how replicas merge, and the function that
//! reads its value from a snapshot.
//!
//! Does not know which families exist, nor how a value is written.

use super::reader::Reader;
use super::statistics::{CONFIDENCE_PERCENT, wilson};
use crate::engine::Snapshot;
use crate::engine::read::{GroupKey, Label, Measure};

/// A metric family before it is spread over grouping sets: its name is the name of the overall series.
pub struct Family {
    /// The name of the overall family; the family of a grouping set has the suffix `_by_<dimension>[_<dimension>]`.
    pub name: String,
    /// The definition, in one sentence or two.
    pub help: String,
    /// Whether the family has a series for each window; otherwise its value is the state of now.
    pub is_windowed: bool,
    /// Whether this configuration exports the family. One that it does not export still stands in the catalogue and on the reference page.
    pub is_configured: bool,
    /// The grouping sets for which the family exists.
    pub sets: GroupingSets,
    /// The labels of the family beside those of the grouping set and the window.
    pub labels: OwnLabels,
    /// How the series of several replicas become one.
    pub merge: Merge,
    /// A group has a series once one of these measures has counted something for it. Where the list is empty, every known group has one.
    pub(super) seen_by: Vec<Measure>,
    pub(super) read: Read,
}

/// The grouping sets for which a family exists, beside its overall value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupingSets {
    /// Every configured set of contact dimensions.
    All,
    /// The sets of one contact dimension.
    OneDimension,
    /// No set.
    Overall,
    /// Every configured set of customer dimensions.
    Customer,
    /// Every configured set. A set of contact dimensions and a set of customer dimensions with the same labels share one family.
    Every,
}

/// How the series of several replicas become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// Their sum.
    Sum,
    /// The smallest of them.
    Min,
    /// The largest of them.
    Max,
    /// The value is computed again from merged parts. The exported series speaks for the partitions of one replica only.
    Derived,
}

/// The labels of a family beside those of its grouping set and the window: their names, and the combinations of values that a snapshot has.
/// The file that declares the family declares its labels too.
#[derive(Clone, Copy)]
pub struct OwnLabels {
    names: &'static [&'static str],
    variants: fn(&Snapshot) -> Vec<Variant>,
}

/// One combination of values of a family's own labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Variant {
    /// The label under which the engine keeps the measure.
    pub(super) label: Label,
    /// Tells apart the variants that share the label of the measure, such as the three groups of NPS answers.
    pub(super) part: usize,
    /// The values, in the order of the labels' names.
    pub(super) values: Vec<String>,
}

pub(super) type ReadValue = Box<dyn Fn(&Reader<'_>, &Variant) -> Option<f64> + Send + Sync>;

/// The groups of a grouping set over one window, for values that are made from several of them.
pub(super) struct SetReader<'a> {
    /// Reads the overall values.
    pub(super) overall: Reader<'a>,
    /// The groups of the set; none for the overall value.
    pub(super) keys: &'a [&'a GroupKey],
    /// Groups of fewer cases are not shown by themselves.
    pub(super) cases_min: f64,
}

/// Reads one value for each value of the set's only dimension, which need not be that of a known group; for the overall value, one under `None`.
pub(super) type ReadSet = fn(&SetReader<'_>, &Variant) -> Vec<(Option<String>, f64)>;

/// How the values of a family are read.
pub(super) enum Read {
    /// A gauge.
    Value(ReadValue),
    /// A histogram of durations.
    Histogram(Measure),
    /// Gauges of all groups of a set together.
    Set(ReadSet),
}

/// A family about the service itself: the state of the engine, or the process.
#[derive(Clone, Debug)]
pub struct OperationalFamily {
    /// The name.
    pub name: String,
    /// The Prometheus type.
    pub kind: String,
    /// The names of the labels.
    pub labels: Vec<String>,
    /// How the series of replicas become one; `None` where a series speaks for one process.
    pub merge: Option<Merge>,
    /// The definition.
    pub help: String,
}

impl Family {
    /// A count: it adds up over replicas, and it is 0 where nothing lies in the window.
    pub(super) fn count(name: &str, help: &str, measure: Measure) -> Self {
        Self::value(name, help, &[measure], move |reader, variant| Some(reader.count_of(measure, variant.label) as f64)).merged(Merge::Sum)
    }

    /// A derived value; it is absent where `read` gives `None`.
    pub(super) fn value(
        name: &str,
        help: &str,
        seen_by: &[Measure],
        read: impl Fn(&Reader<'_>, &Variant) -> Option<f64> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.to_owned(),
            help: help.to_owned(),
            is_windowed: true,
            is_configured: true,
            sets: GroupingSets::All,
            labels: OwnLabels::NONE,
            merge: Merge::Derived,
            seen_by: seen_by.to_vec(),
            read: Read::Value(Box::new(read)),
        }
    }

    /// A proportion and the bounds of its Wilson interval: three families. `read` gives the part and the whole; over an empty whole all
    /// three are absent.
    pub(super) fn proportion(
        name: &str,
        help: &str,
        seen_by: &[Measure],
        read: impl Fn(&Reader<'_>, &Variant) -> Option<(i64, i64)> + Clone + Send + Sync + 'static,
    ) -> [Self; 3] {
        let bound_help = |side: &str| format!("{side} {CONFIDENCE_PERCENT} % Wilson bound of {name}.");
        let (read_lower, read_upper) = (read.clone(), read.clone());
        let interval = |parts: Option<(i64, i64)>| parts.and_then(|(part, whole)| wilson(part, whole));
        [
            Self::value(name, help, seen_by, move |reader, variant| {
                read(reader, variant).filter(|(_, whole)| *whole > 0).map(|(part, whole)| part as f64 / whole as f64)
            }),
            Self::value(&format!("{name}_lower"), &bound_help("Lower"), seen_by, move |reader, variant| {
                interval(read_lower(reader, variant)).map(|(lower, _)| lower)
            }),
            Self::value(&format!("{name}_upper"), &bound_help("Upper"), seen_by, move |reader, variant| {
                interval(read_upper(reader, variant)).map(|(_, upper)| upper)
            }),
        ]
    }

    /// A value of all groups of a set together, such as what each of them contributed to a change.
    pub(super) fn of_sets(name: &str, help: &str, read: ReadSet) -> Self {
        Self { read: Read::Set(read), ..Self::value(name, help, &[], |_, _| None) }
    }

    pub(super) fn merged(self, merge: Merge) -> Self {
        Self { merge, ..self }
    }

    pub(super) fn labelled(self, labels: OwnLabels) -> Self {
        Self { labels, ..self }
    }

    pub(super) fn over(self, sets: GroupingSets) -> Self {
        Self { sets, ..self }
    }

    /// Exported only where the configuration asks for it.
    pub(super) fn only_if(self, is_configured: bool) -> Self {
        Self { is_configured, ..self }
    }

    /// Whether something is so now, 1 or 0, as one value for the whole.
    pub(super) fn flag(name: &str, help: &str, is_so: impl Fn(&Reader<'_>, &Variant) -> bool + Send + Sync + 'static) -> Self {
        let value = Self::value(name, help, &[], move |reader, variant| Some(f64::from(is_so(reader, variant))));
        value.merged(Merge::Max).over(GroupingSets::Overall).of_now()
    }

    /// The state of now, without a window.
    pub(super) fn of_now(self) -> Self {
        Self { is_windowed: false, ..self }
    }

    /// The Prometheus type: `gauge` or `histogram`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.read {
            Read::Value(_) | Read::Set(_) => "gauge",
            Read::Histogram(_) => "histogram",
        }
    }
}

impl OwnLabels {
    /// No label of its own: one variant.
    pub(super) const NONE: Self = Self::new(&[], |_| vec![Variant::default()]);

    pub(super) const fn new(names: &'static [&'static str], variants: fn(&Snapshot) -> Vec<Variant>) -> Self {
        Self { names, variants }
    }

    /// The names of the labels, in the order of the exposition.
    #[must_use]
    pub const fn names(&self) -> &'static [&'static str] {
        self.names
    }

    /// The combinations of values to export, in the order of the exposition: those that are known in advance, or those that were seen.
    pub(super) fn variants(&self, snapshot: &Snapshot) -> Vec<Variant> {
        (self.variants)(snapshot)
    }

    /// The names with the values of a variant.
    pub(super) fn pairs<'a>(&self, variant: &'a Variant) -> impl Iterator<Item = (&'static str, &'a str)> + use<'a> {
        self.names.iter().copied().zip(variant.values.iter().map(String::as_str))
    }
}

impl Variant {
    /// The variant of a measure's label, with the values that it is exported with.
    pub(super) fn of_label(label: Label, values: &[&str]) -> Self {
        Self { label, part: 0, values: values.iter().map(|value| (*value).to_owned()).collect() }
    }

    /// The variants of a measure without a label, told apart by their part: one for each value, in this order.
    pub(super) fn of_parts<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<Self> {
        let variant = |(part, value): (usize, &str)| Self { part, ..Self::of_label(Label::default(), &[value]) };
        values.into_iter().enumerate().map(variant).collect()
    }
}
