//! Every family that a configuration can export, by name: those that rules, dashboards and pages may ask for.
//!
//! Does not know any value.

use super::exposition::Exposition;
use super::family::{Family, OperationalFamily};
use super::telemetry::{PartitionReading, Telemetry};
use super::{change_families, marked_changes, state_families};
use crate::config::Configuration;
use crate::time::{EventTime, Span};

/// A family of the catalogue for one grouping set, or its overall family.
#[derive(Clone, Copy)]
pub struct ListedFamily<'a> {
    /// The entry of the catalogue.
    pub family: &'a Family,
    /// The end of the name, such as `_by_team`; empty for the overall family.
    pub suffix: &'a str,
    /// The labels of the grouping set.
    pub dimensions: &'a [String],
    /// Whether a histogram has all its buckets.
    pub has_buckets: bool,
}

impl ListedFamily<'_> {
    /// The name as exported.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}{}", self.family.name, self.suffix)
    }

    /// The names of all labels except `le`, in the order of the exposition.
    #[must_use]
    pub fn labels(&self) -> Vec<String> {
        let window = self.family.is_windowed.then_some("window");
        let own = self.family.labels.names().iter().copied().chain(window).map(str::to_owned);
        self.dimensions.iter().cloned().chain(own).collect()
    }
}

impl Exposition {
    /// Every family of the catalogue with each grouping set for which it exists, in the order of the exposition.
    #[must_use]
    pub fn listed_families(&self) -> Vec<ListedFamily<'_>> {
        let mut listed = Vec::new();
        for family in &self.families {
            listed.push(ListedFamily { family, suffix: "", dimensions: &[], has_buckets: true });
            for (set, grouping) in self.sets.iter().enumerate().filter(|(set, _)| self.exists(family, *set)) {
                if self.twin(family, set).is_none_or(|twin| twin > set) {
                    let (suffix, dimensions) = (grouping.suffix.as_str(), grouping.labels.as_slice());
                    listed.push(ListedFamily { family, suffix, dimensions, has_buckets: grouping.has_buckets });
                }
            }
        }
        listed
    }
}

/// The families about the state, those about marked changes, and then those about the process.
#[must_use]
pub fn operational_families(configuration: &Configuration) -> Vec<OperationalFamily> {
    let of_state = state_families::FAMILIES.iter().map(|family| OperationalFamily {
        name: family.name.to_owned(),
        kind: family.kind.to_owned(),
        labels: family.labels.iter().map(|label| (*label).to_owned()).collect(),
        merge: Some(family.merge),
        help: family.help.to_owned(),
    });
    of_state
        .chain([marked_changes::family(configuration)])
        .chain(change_families::families())
        .chain(process_families(configuration))
        .collect()
}

/// The names of all series that a configuration can export, with the names of their labels. A histogram has three.
#[must_use]
pub fn series(configuration: &Configuration) -> Vec<(String, Vec<String>)> {
    let exposition = Exposition::new(configuration);
    let of_catalogue = exposition.listed_families().into_iter().map(|l| (l.name(), l.family.kind().to_owned(), l.labels()));
    let operational = operational_families(configuration).into_iter().map(|family| (family.name, family.kind, family.labels));
    let of_family = |(name, kind, labels): (String, String, Vec<String>)| {
        if kind == "histogram" {
            let with_le = labels.iter().cloned().chain(["le".to_owned()]).collect();
            vec![(format!("{name}_bucket"), with_le), (format!("{name}_sum"), labels.clone()), (format!("{name}_count"), labels)]
        } else {
            vec![(name, labels)]
        }
    };
    of_catalogue.chain(operational).flat_map(of_family).collect()
}

/// The families about the process, sorted by name. The families by partition have no series while no partition is assigned, so one
/// is, and so that its checkpoint has a time.
pub(super) fn process_families(configuration: &Configuration) -> Vec<OperationalFamily> {
    let topics: Vec<_> = configuration.topics.iter().map(|topic| (topic.name.clone(), topic.kind)).collect();
    let telemetry = Telemetry::new(&topics);
    telemetry.set_partitions(0, 1);
    telemetry.set_log_append_time(0, true);
    telemetry.set_assignment(&[PartitionReading { topic: 0, partition: 0, lag_records: Some(0), is_paused: false }]);
    telemetry.checkpoints().set_last_success(Some(EventTime(0)));
    telemetry.checkpoints().set_interval(Span(0));
    telemetry.families()
}
