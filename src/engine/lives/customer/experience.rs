//! What a customer experienced last, by metric: good, bad or neither.

use crate::engine::terms::{FactLabel, Label};
use serde::{Deserialize, Serialize};

/// How the last answer of a metric was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Feeling {
    /// Satisfied, a promoter, low effort.
    Good,
    /// Dissatisfied, a detractor, high effort.
    Bad,
    /// Neither, or no answer.
    #[default]
    None,
}

/// The metrics by which experience is told apart, and what it may be; a label is the place of the one times three plus that of the other.
pub(crate) const METRICS: [&str; 3] = ["csat", "nps", "ces"];
/// The values of the label `experience`.
pub(crate) const FEELINGS: [&str; 3] = ["good", "bad", "none"];

/// What a customer felt last, in the order of [`METRICS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Experience(pub(super) [Feeling; 3]);

impl Experience {
    /// The label of each metric.
    pub(super) fn labels(self) -> impl Iterator<Item = FactLabel> {
        (0u32..).zip(self.0).map(|(metric, feeling)| FactLabel::Fixed(Label(metric * 3 + feeling as u32)))
    }
}
