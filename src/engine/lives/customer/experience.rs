//! The latest experience of a customer by metric: good, bad or neither.

use crate::engine::terms::{FactLabel, Label};
use serde::{Deserialize, Serialize};

/// The experience that the latest answer of a metric expresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Feeling {
    /// Satisfied, a promoter, low effort.
    Good,
    /// Dissatisfied, a detractor, high effort.
    Bad,
    /// Neither, or there is no answer.
    #[default]
    None,
}

/// The metrics by which experience is distinguished. A label is the index of the metric times three plus the index of the feeling.
pub(crate) const METRICS: [&str; 3] = ["csat", "nps", "ces"];
/// The values of the label `experience`, by index.
pub(crate) const FEELINGS: [&str; 3] = ["good", "bad", "none"];

/// The latest experience of a customer, in the order of [`METRICS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Experience(pub(super) [Feeling; 3]);

impl Experience {
    /// The label of each metric.
    pub(super) fn labels(self) -> impl Iterator<Item = FactLabel> {
        (0u32..).zip(self.0).map(|(metric, feeling)| FactLabel::Fixed(Label(metric * 3 + feeling as u32)))
    }
}
