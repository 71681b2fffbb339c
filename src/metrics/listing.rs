//! Every family that a configuration can export by name: what rules, dashboards and pages may ask for.
//!
//! Does not know who asks, nor any value.

use super::family::{Family, Merge};
use super::{Exposition, itself, reference};
use crate::config::Configuration;

/// A family of the catalogue for one grouping set, or its overall one.
#[derive(Clone, Copy)]
pub struct Listed<'a> {
    /// The entry of the catalogue.
    pub family: &'a Family,
    /// The end of the name: `_by_team`, empty for the overall family.
    pub suffix: &'a str,
    /// The labels of the grouping set.
    pub dimensions: &'a [String],
    /// Whether a histogram has all its buckets.
    pub has_buckets: bool,
}

/// A family about the state or the process.
#[derive(Clone, Debug)]
pub struct Own {
    /// Its name.
    pub name: String,
    /// The Prometheus type.
    pub kind: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// How replicas merge; none for what speaks of one process.
    pub merge: Option<Merge>,
    /// Its definition.
    pub help: String,
}

impl Listed<'_> {
    /// The name as exported.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}{}", self.family.name, self.suffix)
    }

    /// All labels, without `le`.
    #[must_use]
    pub fn labels(&self) -> Vec<String> {
        let window = self.family.is_windowed.then_some("window");
        let own = reference::own_labels(self.family.labels).into_iter().chain(window).map(str::to_owned);
        self.dimensions.iter().cloned().chain(own).collect()
    }
}

impl Exposition {
    /// Every family of the catalogue for each grouping set that it exists for, in the order of the exposition.
    #[must_use]
    pub fn listed(&self) -> Vec<Listed<'_>> {
        let mut listed = Vec::new();
        for family in &self.families {
            listed.push(Listed { family, suffix: "", dimensions: &[], has_buckets: true });
            for (set, names) in self.sets.iter().enumerate().filter(|(set, _)| self.exists(family, *set)) {
                if self.twin(family, set).is_none_or(|twin| twin > set) {
                    listed.push(Listed { family, suffix: &names.suffix, dimensions: &names.labels, has_buckets: self.has_buckets[set] });
                }
            }
        }
        listed
    }
}

/// The families about the state and the process, the state's first.
#[must_use]
pub fn own(configuration: &Configuration) -> Vec<Own> {
    let labels = |labels: &[&str]| labels.iter().map(|label| (*label).to_owned()).collect();
    let mut families: Vec<Own> = itself::FAMILIES
        .iter()
        .map(|own| Own {
            name: own.name.to_owned(),
            kind: own.kind.to_owned(),
            labels: labels(own.labels),
            merge: Some(own.merge),
            help: own.help.to_owned(),
        })
        .collect();
    families.extend(reference::of_process(configuration));
    families
}

/// The names of the series that a configuration can export, with their labels: a histogram is three.
#[must_use]
pub fn series(configuration: &Configuration) -> Vec<(String, Vec<String>)> {
    let exposition = Exposition::new(configuration);
    let of_catalogue = exposition.listed().into_iter().map(|l| (l.name(), l.family.kind().to_owned(), l.labels()));
    let all = of_catalogue.chain(own(configuration).into_iter().map(|own| (own.name, own.kind, own.labels)));
    all.flat_map(|(name, kind, labels)| {
        if kind == "histogram" {
            let with_le = labels.iter().cloned().chain(["le".to_owned()]).collect();
            vec![(format!("{name}_bucket"), with_le), (format!("{name}_sum"), labels.clone()), (format!("{name}_count"), labels)]
        } else {
            vec![(name, labels)]
        }
    })
    .collect()
}
