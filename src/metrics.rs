//! Hop 6 and the text of hop 7: snapshot to metric families to the Prometheus text format 0.0.4.
//!
//! Does not know Kafka, HTTP or how a value came about.

mod catalogue;
mod explain;
mod families;
mod family;
mod itself;
mod listing;
mod planned;
mod reader;
mod reference;
pub mod statistics;
pub mod telemetry;
mod text;
mod thresholds;
mod values;

pub use catalogue::catalogue;
pub use explain::Explainer;
pub use family::{Family, Labels, Merge, Sets};
pub use listing::{Listed, Own, own, series};
pub use planned::{PLANNED, Planned};
pub use reference::reference;
pub use thresholds::{COMPLETE_COVERAGE_RATIO_MIN, INDEX_WEIGHT_RATIO_MIN, percent};
pub use values::{Group, Grouping, Sample, Values};

use self::family::{Read, Variant};
use self::reader::Reader;
use crate::config::Configuration;
use crate::engine::read::{DurationsReading, GroupKey, KeyId, Label, Measure, bounds_of};
use crate::engine::{EngineSettings, Snapshot};

/// Renders snapshots; built once from the configuration.
pub struct Exposition {
    families: Vec<Family>,
    settings: std::sync::Arc<EngineSettings>,
    /// The labels and the name suffix of each grouping set, contact sets before customer sets.
    sets: Vec<SetNames>,
    /// Whether a set exports all histogram buckets.
    has_buckets: Vec<bool>,
}

struct SetNames {
    suffix: String,
    labels: Vec<String>,
    is_customer: bool,
}

impl Exposition {
    /// The exposition of a configuration.
    #[must_use]
    pub fn new(configuration: &Configuration) -> Self {
        let settings = &configuration.engine;
        let names = |set: &Vec<u8>, is_customer| {
            let labels: Vec<String> = set.iter().map(|d| settings.dimensions[usize::from(*d)].name.clone()).collect();
            SetNames { suffix: format!("_by_{}", labels.join("_")), labels, is_customer }
        };
        let contact = settings.grouping_sets.iter().map(|set| names(set, false));
        let customer = settings.customer_grouping_sets.iter().map(|set| names(set, true));
        let sets: Vec<SetNames> = contact.chain(customer).collect();
        let has_buckets = (0..sets.len()).map(|set| configuration.export.bucket_sets.contains(&set)).collect();
        Self { families: catalogue(settings), settings: std::sync::Arc::new(settings.clone()), sets, has_buckets }
    }

    /// The catalogue behind it.
    #[must_use]
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// Appends every family that has a value to `out`: the metrics, the ledger of the state and the windows' own families.
    pub fn render(&self, snapshot: &Snapshot, out: &mut String) {
        self.render_families(snapshot, None, out);
        itself::render(snapshot, None, out);
    }

    /// The same as OpenMetrics samples with the snapshot's instant each, without comments and without `# EOF`, for back-filling.
    pub fn render_at(&self, snapshot: &Snapshot, out: &mut String) {
        let at = Some(snapshot.now.as_seconds());
        self.render_families(snapshot, at, out);
        itself::render(snapshot, at, out);
    }

    /// Appends the ledger as the counters that a process would have which handled all of it since its start, for `replay`.
    pub fn render_totals(&self, snapshot: &Snapshot, out: &mut String) {
        itself::render_totals(snapshot, out);
    }

    fn render_families(&self, snapshot: &Snapshot, at: Option<f64>, out: &mut String) {
        let mut by_set: Vec<Vec<&GroupKey>> = vec![Vec::new(); self.sets.len()];
        for key in &snapshot.keys {
            if let Some(set) = key.set {
                by_set[set].push(key);
            }
        }
        let overall = GroupKey { id: KeyId::default(), set: None, texts: Vec::new() };
        for family in self.families.iter().filter(|family| family.is_configured) {
            let variants = family.labels.variants(snapshot);
            self.render_set(family, &family.name, &[&overall], &variants, snapshot, at, out);
            for (set, keys) in by_set.iter().enumerate().filter(|(set, _)| self.exists(family, *set)) {
                let name = format!("{}{}", family.name, self.sets[set].suffix);
                match self.twin(family, set) {
                    Some(twin) if twin < set => {}
                    Some(twin) => self.render_set(family, &name, &[keys.as_slice(), &by_set[twin]].concat(), &variants, snapshot, at, out),
                    None => self.render_set(family, &name, keys, &variants, snapshot, at, out),
                }
            }
        }
    }

    fn exists(&self, family: &Family, set: usize) -> bool {
        let names = &self.sets[set];
        match family.sets {
            Sets::Overall => false,
            Sets::All => !names.is_customer,
            Sets::OneDimension => !names.is_customer && names.labels.len() == 1,
            Sets::Customer => names.is_customer,
            Sets::Every => true,
        }
    }

    /// The other set whose family would have the same name, where a family exists for sets of contacts and of customers.
    fn twin(&self, family: &Family, set: usize) -> Option<usize> {
        let is_twin = |other: &usize| *other != set && self.sets[*other].suffix == self.sets[set].suffix;
        (0..self.sets.len()).find(is_twin).filter(|_| family.sets == Sets::Every)
    }

    #[expect(clippy::too_many_arguments, reason = "one call site, and each is a different axis of the family")]
    fn render_set(
        &self,
        family: &Family,
        name: &str,
        keys: &[&GroupKey],
        variants: &[Variant],
        snapshot: &Snapshot,
        at: Option<f64>,
        out: &mut String,
    ) {
        let start = out.len();
        if at.is_none() {
            text::write_header(out, name, &self.help(family), family.kind());
        }
        let samples_start = out.len();
        for key in keys {
            for variant in variants.iter().filter(|v| key.set.is_none() || is_seen(family, v.label, key.id, snapshot)) {
                self.render_series(family, name, key, variant, snapshot, at, out);
            }
        }
        if out.len() == samples_start {
            out.truncate(start);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one call site, and each is a different axis of the family")]
    fn render_series(
        &self,
        family: &Family,
        name: &str,
        key: &GroupKey,
        variant: &Variant,
        snapshot: &Snapshot,
        at: Option<f64>,
        out: &mut String,
    ) {
        let mut labels = text::Labels::default();
        if let Some(set) = key.set {
            self.sets[set].labels.iter().zip(&key.texts).for_each(|(name, value)| labels.push(name, value));
        }
        variant.texts.iter().for_each(|(name, value)| labels.push(name, value));
        let common = labels.len();
        let windows = if family.is_windowed { snapshot.windows.len() } else { 1 };
        for window in 0..windows {
            if family.is_windowed {
                labels.push("window", &snapshot.windows[window].settings.name);
            }
            let reader = Reader { snapshot, group: key, window };
            match &family.read {
                Read::Value(read) => {
                    if let Some(value) = read(&reader, variant).filter(|v| v.is_finite()) {
                        labels.write_sample(out, name, "", value, at);
                    }
                }
                Read::Histogram(measure) => {
                    let none = DurationsReading::default();
                    let reading = reader.durations(*measure, variant.label).unwrap_or(&none);
                    let has_buckets = key.set.is_none_or(|set| self.has_buckets[set]);
                    self.render_histogram(*measure, name, reading, has_buckets, &mut labels, at, out);
                }
            }
            labels.truncate(common);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one call site, and each is a different axis of the family")]
    fn render_histogram(
        &self,
        measure: Measure,
        name: &str,
        reading: &DurationsReading,
        has_buckets: bool,
        labels: &mut text::Labels,
        at: Option<f64>,
        out: &mut String,
    ) {
        let common = labels.len();
        let mut bucket = |bound: &str, n: i64, out: &mut String| {
            labels.push("le", bound);
            labels.write_sample(out, name, "_bucket", n as f64, at);
            labels.truncate(common);
        };
        let mut bound_text = String::new();
        let bounds = if has_buckets { bounds_of(measure, &self.settings) } else { &[] };
        for (at_bound, bound) in bounds.iter().enumerate() {
            bound_text.clear();
            text::write_number(&mut bound_text, bound.as_seconds());
            bucket(&bound_text, reading.at_most.get(at_bound).copied().unwrap_or(0), out);
        }
        bucket("+Inf", reading.count, out);
        labels.write_sample(out, name, "_sum", reading.sum_seconds, at);
        labels.write_sample(out, name, "_count", reading.count as f64, at);
    }

    fn help(&self, family: &Family) -> String {
        let window = if family.is_windowed { " Windows overlap: never sum over the label window." } else { "" };
        let instance = if family.merge == Merge::Derived { " Speaks for this instance's partitions only." } else { "" };
        format!("{}{window}{instance}", family.help)
    }
}

/// Whether a label set has ever had something of the measures that a family is made of.
#[expect(clippy::wildcard_enum_match_arm, reason = "answers are the exception")]
fn is_seen(family: &Family, label: Label, key: KeyId, snapshot: &Snapshot) -> bool {
    family.seen_by.is_empty()
        || family.seen_by.iter().any(|measure| match measure {
            // Answers lie in a cell for each scale, which is no label of the family.
            Measure::Csat | Measure::Ces => {
                snapshot.labels_of(*measure).iter().any(|scale| snapshot.readings(*measure, *scale, key).is_some())
            }
            measure => snapshot.readings(*measure, label, key).is_some(),
        })
}
