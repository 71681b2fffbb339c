//! The exposition: a snapshot as the text of every family of the catalogue, overall and for each grouping set.
//!
//! Does not know how a value is computed, nor the families about the process.

use std::sync::Arc;

use super::catalogue::catalogue;
use super::family::{Family, GroupingSets, Merge, Read, ReadSet, SetReader, Variant};
use super::reader::Reader;
use super::selection::FamilySelection;
use super::{change_families, marked_changes, state_families, text};
use crate::config::{Configuration, MarkedChange};
use crate::engine::read::{DurationsReading, GroupKey, KeyId, Label, Measure, bounds_of};
use crate::engine::{EngineSettings, Snapshot};

/// Renders snapshots. It is built once from the configuration.
pub struct Exposition {
    pub(super) families: Vec<Family>,
    pub(super) settings: Arc<EngineSettings>,
    /// The sets of contact dimensions, then those of customer dimensions.
    pub(super) sets: Vec<GroupingSet>,
    selection: FamilySelection,
    /// Groups of fewer cases do not stand by themselves where a change is taken apart.
    pub(super) cases_min: f64,
    /// What somebody has changed by the configuration, also what is still to come.
    changes: Vec<MarkedChange>,
}

/// A configured grouping set as the names of families and labels show it.
pub(super) struct GroupingSet {
    /// The end of its families' names, such as `_by_team`.
    pub(super) suffix: String,
    pub(super) labels: Vec<String>,
    /// Whether it groups customers; otherwise it groups contacts.
    pub(super) is_customer: bool,
    /// Whether its histograms have all their buckets; otherwise they have the last one only.
    pub(super) has_buckets: bool,
}

impl Exposition {
    /// The exposition of a configuration.
    #[must_use]
    pub fn new(configuration: &Configuration) -> Self {
        let settings = &configuration.engine;
        let contact = settings.grouping_sets.iter().map(|set| (set, false));
        let customer = settings.customer_grouping_sets.iter().map(|set| (set, true));
        let named = |(at, (set, is_customer)): (usize, (&Vec<u8>, bool))| {
            let labels: Vec<String> = set.iter().map(|d| settings.dimensions[usize::from(*d)].name.clone()).collect();
            let has_buckets = configuration.export.bucket_sets.contains(&at);
            GroupingSet { suffix: format!("_by_{}", labels.join("_")), labels, is_customer, has_buckets }
        };
        let sets = contact.chain(customer).enumerate().map(named).collect();
        let cases_min = f64::from(configuration.web.group_size_min);
        Self {
            families: catalogue(settings),
            settings: Arc::new(settings.clone()),
            sets,
            selection: FamilySelection::default(),
            cases_min,
            changes: configuration.changes.clone(),
        }
    }

    /// The same with these families only.
    #[must_use]
    pub fn with_only(self, selection: FamilySelection) -> Self {
        Self { selection, ..self }
    }

    /// The marked changes that had been made at the instant of a snapshot, those of its events too, the latest first.
    #[must_use]
    pub fn changes_made(&self, snapshot: &Snapshot) -> Vec<MarkedChange> {
        marked_changes::made(&self.changes, snapshot)
    }

    /// Whether a change is one of the configuration, and not only of its name.
    pub(crate) fn is_configured(&self, change: &MarkedChange) -> bool {
        self.changes.contains(change)
    }

    /// The catalogue that it renders.
    #[must_use]
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// Appends every family that has a value to `out`: those of the catalogue, then those about the state of the engine, then the marked
    /// changes and what they did.
    pub fn render(&self, snapshot: &Snapshot, out: &mut String) {
        self.render_all(snapshot, None, out);
    }

    /// Appends the same values as OpenMetrics samples for back-filling: each with the instant of the snapshot, without comments and without
    /// `# EOF`.
    pub fn render_at(&self, snapshot: &Snapshot, out: &mut String) {
        let at_seconds = Some(snapshot.now.as_seconds());
        self.render_all(snapshot, at_seconds, out);
    }

    /// Appends the ledger as the counters of a process that has handled all of its records since its start, as `replay` needs it.
    pub fn render_totals(&self, snapshot: &Snapshot, out: &mut String) {
        state_families::render_totals(snapshot, out);
    }

    /// Whether the family exists for a grouping set.
    pub(super) fn exists(&self, family: &Family, set: usize) -> bool {
        let grouping = &self.sets[set];
        match family.sets {
            GroupingSets::Overall => false,
            GroupingSets::All => !grouping.is_customer,
            GroupingSets::OneDimension => !grouping.is_customer && grouping.labels.len() == 1,
            GroupingSets::Customer => grouping.is_customer,
            GroupingSets::Every => true,
        }
    }

    /// The other set whose family would have the same name, for a family that exists for sets of contacts and of customers. The two share
    /// one family, which is rendered at the first of them.
    pub(super) fn twin(&self, family: &Family, set: usize) -> Option<usize> {
        let is_twin = |other: &usize| *other != set && self.sets[*other].suffix == self.sets[set].suffix;
        (0..self.sets.len()).find(is_twin).filter(|_| family.sets == GroupingSets::Every)
    }

    fn render_all(&self, snapshot: &Snapshot, at_seconds: Option<f64>, out: &mut String) {
        self.render_families(snapshot, at_seconds, out);
        state_families::render(snapshot, at_seconds, &self.selection, out);
        if self.selection.has(marked_changes::NAME) {
            marked_changes::render(&self.changes, snapshot, at_seconds, out);
        }
        change_families::render(snapshot, at_seconds, &self.selection, out);
    }

    fn render_families(&self, snapshot: &Snapshot, at_seconds: Option<f64>, out: &mut String) {
        if snapshot.is_withheld {
            return;
        }
        let mut by_set: Vec<Vec<&GroupKey>> = vec![Vec::new(); self.sets.len()];
        for key in &snapshot.keys {
            if let Some(set) = key.set {
                by_set[set].push(key);
            }
        }
        let overall = GroupKey { id: KeyId::default(), set: None, texts: Vec::new() };
        for family in self.families.iter().filter(|family| family.is_configured) {
            let variants = family.labels.variants(snapshot);
            let rendering = Rendering { exposition: self, family, snapshot, at_seconds };
            if self.selection.has(&family.name) {
                rendering.family(&family.name, &[&overall], &variants, out);
            }
            for (set, keys) in by_set.iter().enumerate().filter(|(set, _)| self.exists(family, *set)) {
                let name = format!("{}{}", family.name, self.sets[set].suffix);
                if !self.selection.has(&name) {
                    continue;
                }
                match self.twin(family, set) {
                    Some(twin) if twin < set => {}
                    Some(twin) => rendering.family(&name, &[keys.as_slice(), &by_set[twin]].concat(), &variants, out),
                    None => rendering.family(&name, keys, &variants, out),
                }
            }
        }
    }
}

/// One family of one snapshot on its way into the text.
struct Rendering<'a> {
    exposition: &'a Exposition,
    family: &'a Family,
    snapshot: &'a Snapshot,
    /// The instant that samples for back-filling are given, in seconds since 1970.
    at_seconds: Option<f64>,
}

impl Rendering<'_> {
    /// Appends the family under the name of one grouping set; nothing where no group has a sample.
    fn family(&self, name: &str, keys: &[&GroupKey], variants: &[Variant], out: &mut String) {
        let start = out.len();
        if self.at_seconds.is_none() {
            text::write_header(out, name, &self.help(), self.family.kind());
        }
        let samples_start = out.len();
        if let Read::Set(read) = self.family.read {
            self.set(name, keys, variants, read, out);
        }
        for key in keys.iter().filter(|_| !matches!(self.family.read, Read::Set(_))) {
            let is_shown = |variant: &&Variant| key.set.is_none() || is_seen(self.family, variant.label, key.id, self.snapshot);
            for variant in variants.iter().filter(is_shown) {
                self.series(name, key, variant, out);
            }
        }
        if out.len() == samples_start {
            out.truncate(start);
        }
    }

    /// Appends the samples of a family whose groups are read together.
    fn set(&self, name: &str, keys: &[&GroupKey], variants: &[Variant], read: ReadSet, out: &mut String) {
        let snapshot = self.snapshot;
        let overall = GroupKey { id: KeyId::default(), set: None, texts: Vec::new() };
        // A set without groups has no values, and the overall value comes with the overall key.
        let Some(set) = keys.first().map(|key| key.set) else { return };
        let keys = if set.is_some() { keys } else { &[] };
        for variant in variants {
            for (window, state) in snapshot.windows.iter().enumerate() {
                let overall = Reader { snapshot, group: &overall, window };
                for (value, sample) in read(&SetReader { overall, keys, cases_min: self.exposition.cases_min }, variant) {
                    let mut labels = text::LabelSet::default();
                    let dimension = set.and_then(|set| self.exposition.sets[set].labels.first());
                    dimension.zip(value).into_iter().for_each(|(name, value)| labels.push(name, &value));
                    self.family.labels.pairs(variant).for_each(|(name, value)| labels.push(name, value));
                    labels.push("window", &state.settings.name);
                    labels.write_sample(out, name, "", sample, self.at_seconds);
                }
            }
        }
    }

    /// Appends the samples of one group and variant, one for each window.
    fn series(&self, name: &str, key: &GroupKey, variant: &Variant, out: &mut String) {
        let (family, snapshot) = (self.family, self.snapshot);
        let mut labels = text::LabelSet::default();
        if let Some(set) = key.set {
            self.exposition.sets[set].labels.iter().zip(&key.texts).for_each(|(name, value)| labels.push(name, value));
        }
        family.labels.pairs(variant).for_each(|(name, value)| labels.push(name, value));
        let common = labels.len();
        let windows = if family.is_windowed { snapshot.windows.len() } else { 1 };
        for window in 0..windows {
            if family.is_windowed {
                labels.push("window", &snapshot.windows[window].settings.name);
            }
            let reader = Reader { snapshot, group: key, window };
            match &family.read {
                Read::Value(read) => {
                    if let Some(value) = read(&reader, variant).filter(|value| value.is_finite()) {
                        labels.write_sample(out, name, "", value, self.at_seconds);
                    }
                }
                Read::Histogram(measure) => {
                    let none = DurationsReading::default();
                    let reading = reader.durations(*measure, variant.label).unwrap_or(&none);
                    let has_buckets = key.set.is_none_or(|set| self.exposition.sets[set].has_buckets);
                    let bounds = if has_buckets { bounds_of(*measure, &self.exposition.settings) } else { &[] };
                    let bounds_seconds = bounds.iter().map(|bound| bound.as_seconds());
                    write_histogram(name, reading, bounds_seconds, &mut labels, self.at_seconds, out);
                }
                Read::Set(_) => unreachable!("the groups of a set are read together"),
            }
            labels.truncate(common);
        }
    }

    fn help(&self) -> String {
        let window = if self.family.is_windowed { " Windows overlap: never sum over the label window." } else { "" };
        let instance = if self.family.merge == Merge::Derived { " Speaks for the partitions of this instance only." } else { "" };
        format!("{}{window}{instance}", self.family.help)
    }
}

/// Whether a group has a series of a family. It has one if it had something of the measures from which the family is made and that has not
/// expired since.
#[expect(clippy::wildcard_enum_match_arm, reason = "answers are the exception")]
pub(super) fn is_seen(family: &Family, label: Label, key: KeyId, snapshot: &Snapshot) -> bool {
    family.seen_by.is_empty()
        || family.seen_by.iter().any(|measure| match measure {
            // Answers lie in one cell for each scale, and the scale is no label of the family.
            Measure::Csat | Measure::Ces => {
                snapshot.labels_of(*measure).iter().any(|scale| snapshot.readings(*measure, *scale, key).is_some())
            }
            measure => snapshot.readings(*measure, label, key).is_some(),
        })
}

fn write_histogram(
    name: &str,
    reading: &DurationsReading,
    bounds_seconds: impl Iterator<Item = f64>,
    labels: &mut text::LabelSet,
    at_seconds: Option<f64>,
    out: &mut String,
) {
    let common = labels.len();
    let mut bucket = |bound: &str, count: i64, out: &mut String| {
        labels.push("le", bound);
        labels.write_sample(out, name, "_bucket", count as f64, at_seconds);
        labels.truncate(common);
    };
    let mut bound_text = String::new();
    for (at, bound) in bounds_seconds.enumerate() {
        bound_text.clear();
        text::write_number(&mut bound_text, bound);
        bucket(&bound_text, reading.at_most.get(at).copied().unwrap_or(0), out);
    }
    bucket("+Inf", reading.count, out);
    labels.write_sample(out, name, "_sum", reading.sum_seconds, at_seconds);
    labels.write_sample(out, name, "_count", reading.count as f64, at_seconds);
}
