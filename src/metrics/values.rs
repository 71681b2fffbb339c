//! Single values of a snapshot, by the name and labels under which the exposition shows them; the live page is made from these.
//!
//! They are read through the same catalogue as the exposition, so a value here and its sample there cannot differ. Does not know where a
//! value is shown.

use super::exposition::{Exposition, is_seen};
use super::family::{Family, Read, SetReader, Variant};
use super::reader::Reader;
use super::state_families;
use super::text::{LabelSet, Sample};
use crate::engine::Snapshot;
use crate::engine::read::{GroupKey, KeyId, Label, bounds_of};

/// The values of a snapshot, those with windows over one of the windows.
pub struct Values<'a> {
    exposition: &'a Exposition,
    snapshot: &'a Snapshot,
    window: usize,
    overall: GroupKey,
}

/// A grouping set: the labels of its groups, and whether it groups customers or contacts.
#[derive(Clone, Copy, Debug)]
pub struct GroupLabels<'a> {
    /// The names of the labels, in the order of the families' names.
    pub labels: &'a [String],
    /// Whether it groups customers; otherwise it groups contacts.
    pub is_customer: bool,
    set: usize,
}

/// One group of a grouping set.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    key: &'a GroupKey,
}

impl<'a> Group<'a> {
    /// The values of the labels, in the order of [`GroupLabels::labels`].
    #[must_use]
    pub fn texts(&self) -> &'a [String] {
        &self.key.texts
    }
}

impl Exposition {
    /// The values of a snapshot, those with windows over the window of this index.
    ///
    /// # Panics
    /// When a value over the window is read and the snapshot has no window of this index.
    #[must_use]
    pub fn values<'a>(&'a self, snapshot: &'a Snapshot, window: usize) -> Values<'a> {
        Values { exposition: self, snapshot, window, overall: GroupKey { id: KeyId::default(), set: None, texts: Vec::new() } }
    }
}

impl<'a> Values<'a> {
    /// The overall sample of a family with these own labels, in the order of the family and without the window. Of a histogram only the
    /// `_count` can be read.
    #[must_use]
    pub fn overall(&self, name: &str, labels: &[(&str, &str)]) -> Option<Sample> {
        self.sample(&self.overall, name, labels)
    }

    /// The sample of one group. `None` also where the family does not exist for the grouping set of the group, or has never counted
    /// anything for the group.
    #[must_use]
    pub fn of_group(&self, group: &Group<'_>, name: &str, labels: &[(&str, &str)]) -> Option<Sample> {
        self.sample(group.key, name, labels)
    }

    /// The samples of a family whose groups are read together, by the values of the set's dimension. A value need not be that of a group in
    /// [`Self::groups`]: small groups are `other`.
    #[must_use]
    pub fn of_set(&self, grouping: &GroupLabels<'_>, name: &str, labels: &[(&str, &str)]) -> Vec<(String, Sample)> {
        let keys: Vec<&GroupKey> = self.groups(grouping).into_iter().map(|group| group.key).collect();
        if keys.is_empty() {
            return Vec::new();
        }
        let sample = |(text, value): (Option<String>, f64)| {
            let text = text?;
            let key = GroupKey { id: KeyId::default(), set: Some(grouping.set), texts: vec![text.clone()] };
            let (family, part, variant) = self.variant(name, labels)?;
            Some((text, Sample { series: self.series(family, part, &key, &variant), value }))
        };
        self.read_set(&keys, name, labels).into_iter().filter_map(sample).collect()
    }

    /// How many durations of a histogram are at or below each of its bounds: the bound in seconds, and the number, of a group or overall. Nothing for a
    /// family that is no histogram.
    #[must_use]
    pub fn at_most(&self, group: Option<&Group<'_>>, name: &str) -> Vec<(f64, f64)> {
        let family = self.exposition.families.iter().find(|family| family.is_configured && family.name == name);
        let Some(Read::Histogram(measure)) = family.map(|family| &family.read) else { return Vec::new() };
        let reader = Reader { snapshot: self.snapshot, group: group.map_or(&self.overall, |group| group.key), window: self.window };
        let counts = reader.durations(*measure, Label::default()).map_or(&[][..], |durations| durations.at_most.as_slice());
        let bounds = bounds_of(*measure, &self.exposition.settings).iter().enumerate();
        bounds.map(|(at, bound)| (bound.as_seconds(), counts.get(at).copied().unwrap_or(0) as f64)).collect()
    }

    /// The combinations of a family's own labels, in the order of the exposition; none for a family that is not configured.
    #[must_use]
    pub fn labels_of(&self, name: &str) -> Vec<Vec<(&'static str, String)>> {
        let family = self.exposition.families.iter().find(|family| family.is_configured && family.name == name);
        let Some(family) = family else { return Vec::new() };
        let texts = |variant: &Variant| family.labels.pairs(variant).map(|(name, value)| (name, value.to_owned())).collect();
        family.labels.variants(self.snapshot).iter().map(texts).collect()
    }

    /// The samples of a family about the state itself, with their labels.
    #[must_use]
    pub fn of_state(&self, name: &str) -> Vec<(Vec<(&'static str, String)>, Sample)> {
        state_families::samples(self.snapshot, name)
    }

    /// The grouping sets.
    #[must_use]
    pub fn groupings(&self) -> Vec<GroupLabels<'a>> {
        let sets = self.exposition.sets.iter().enumerate();
        sets.map(|(set, grouping)| GroupLabels { labels: &grouping.labels, is_customer: grouping.is_customer, set }).collect()
    }

    /// The known groups of a set, sorted by their label values.
    #[must_use]
    pub fn groups(&self, grouping: &GroupLabels<'_>) -> Vec<Group<'a>> {
        self.snapshot.keys.iter().filter(|key| key.set == Some(grouping.set)).map(|key| Group { key }).collect()
    }

    fn sample(&self, key: &GroupKey, name: &str, labels: &[(&str, &str)]) -> Option<Sample> {
        let (family, part, variant) = self.variant(name, labels)?;
        if key.set.is_some_and(|set| !self.exposition.exists(family, set)) {
            return None;
        }
        if key.set.is_some() && !is_seen(family, variant.label, key.id, self.snapshot) {
            return None;
        }
        let reader = Reader { snapshot: self.snapshot, group: key, window: self.window };
        let value = match &family.read {
            Read::Value(read) => read(&reader, &variant).filter(|value| value.is_finite())?,
            Read::Histogram(measure) => reader.durations(*measure, variant.label).map_or(0, |durations| durations.count) as f64,
            // The groups of a set are read by `of_set`.
            Read::Set(_) if key.set.is_some() => return None,
            Read::Set(_) => self.read_set(&[], name, labels).first()?.1,
        };
        Some(Sample { series: self.series(family, part, key, &variant), value })
    }

    /// The values of a family whose groups are read together.
    fn read_set(&self, keys: &[&GroupKey], name: &str, labels: &[(&str, &str)]) -> Vec<(Option<String>, f64)> {
        let Some((family, _, variant)) = self.variant(name, labels) else { return Vec::new() };
        let Read::Set(read) = family.read else { return Vec::new() };
        let is_kept = keys.first().and_then(|key| key.set).is_none_or(|set| self.exposition.exists(family, set));
        let overall = Reader { snapshot: self.snapshot, group: &self.overall, window: self.window };
        if is_kept { read(&SetReader { overall, keys, cases_min: self.exposition.cases_min }, &variant) } else { Vec::new() }
    }

    /// The family of a name, the suffix of the series where it is a histogram, and the variant with these labels.
    fn variant(&self, name: &str, labels: &[(&str, &str)]) -> Option<(&'a Family, &'static str, Variant)> {
        let (family, part) = self.find(name)?;
        let fits =
            |variant: &Variant| labels.iter().copied().eq(family.labels.pairs(variant).map(|(name, value): (&str, &str)| (name, value)));
        Some((family, part, family.labels.variants(self.snapshot).into_iter().find(fits)?))
    }

    /// The family that a name belongs to, and the suffix of the series where it is a histogram.
    fn find(&self, name: &str) -> Option<(&'a Family, &'static str)> {
        let named = |name: &str| self.exposition.families.iter().find(|family| family.is_configured && family.name == name);
        let histogram = || name.strip_suffix("_count").and_then(named).filter(|family| matches!(family.read, Read::Histogram(_)));
        match named(name) {
            Some(family) => (!matches!(family.read, Read::Histogram(_))).then_some((family, "")),
            None => histogram().map(|family| (family, "_count")),
        }
    }

    fn series(&self, family: &Family, part: &str, key: &GroupKey, variant: &Variant) -> String {
        let mut labels = LabelSet::default();
        let mut series = family.name.clone();
        if let Some(set) = key.set {
            let grouping = &self.exposition.sets[set];
            series.push_str(&grouping.suffix);
            grouping.labels.iter().zip(&key.texts).for_each(|(name, value)| labels.push(name, value));
        }
        family.labels.pairs(variant).for_each(|(name, value)| labels.push(name, value));
        if family.is_windowed {
            labels.push("window", &self.snapshot.windows[self.window].settings.name);
        }
        series.push_str(part);
        labels.write_series(&mut series);
        series
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::Configuration;
    use crate::engine::Engine;

    #[test]
    fn every_sample_is_the_line_of_the_exposition() {
        let configuration = Configuration::default();
        let snapshot = Engine::new(std::sync::Arc::new(configuration.engine.clone())).snapshot();
        let exposition = Exposition::new(&configuration);
        let mut text = String::new();
        exposition.render(&snapshot, &mut text);
        let lines: BTreeMap<&str, &str> = text.lines().filter(|line| !line.starts_with('#')).filter_map(|l| l.rsplit_once(' ')).collect();
        let values = exposition.values(&snapshot, 2);
        let mut compared = 0;
        for family in exposition.families() {
            let name = if family.kind() == "histogram" { format!("{}_count", family.name) } else { family.name.clone() };
            for labels in values.labels_of(&family.name) {
                let labels: Vec<(&str, &str)> = labels.iter().map(|(name, text)| (*name, text.as_str())).collect();
                let Some(sample) = values.overall(&name, &labels) else { continue };
                assert_eq!(lines.get(sample.series.as_str()), Some(&sample.exact().as_str()), "{}", sample.series);
                compared += 1;
            }
        }
        for (_, sample) in values.of_state("cx_window_range_seconds") {
            assert_eq!(lines.get(sample.series.as_str()), Some(&sample.exact().as_str()), "{}", sample.series);
        }
        assert!(compared > 40, "{compared} samples");
    }

    #[test]
    fn a_histogram_has_a_count_and_no_value_and_unknown_names_have_nothing() {
        let configuration = Configuration::default();
        let snapshot = Engine::new(std::sync::Arc::new(configuration.engine.clone())).snapshot();
        let exposition = Exposition::new(&configuration);
        let values = exposition.values(&snapshot, 0);
        assert_eq!(values.overall("cx_resolution_seconds", &[]), None);
        assert_eq!(
            values.overall("cx_resolution_seconds_count", &[]).map(|s| s.series),
            Some("cx_resolution_seconds_count{window=\"5m\"}".into())
        );
        assert_eq!(values.overall("cx_nowhere", &[]), None);
        assert_eq!(values.overall("cx_nps_score", &[("scope", "nowhere")]), None);
    }
}
