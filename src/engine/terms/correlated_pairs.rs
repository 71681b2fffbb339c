//! The pairs of sides that are correlated, and their labels.

use super::{FactLabel, Label};

/// One side of a correlation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Time to the first response.
    FirstResponse,
    /// Time to the latest solve.
    Resolution,
    /// Satisfaction, by its place on its scale.
    Csat,
    /// Effort.
    Ces,
    /// Likelihood to recommend.
    Nps,
}

impl Side {
    /// The value of the labels `x` and `y`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FirstResponse => "first_response",
            Self::Resolution => "resolution",
            Self::Csat => "csat",
            Self::Ces => "ces",
            Self::Nps => "nps",
        }
    }
}

/// Every pair that is correlated; the label of a pair is its index. The last two are paired by customer, the others by ticket or chat.
pub const PAIRS: [(Side, Side); 7] = [
    (Side::FirstResponse, Side::Csat),
    (Side::Resolution, Side::Csat),
    (Side::FirstResponse, Side::Ces),
    (Side::Resolution, Side::Ces),
    (Side::FirstResponse, Side::Nps),
    (Side::Csat, Side::Nps),
    (Side::Ces, Side::Nps),
];

/// The label of a pair of [`PAIRS`].
pub(crate) fn pair_label(x: Side, y: Side) -> FactLabel {
    let at = PAIRS.iter().position(|pair| *pair == (x, y));
    FactLabel::Fixed(Label(at.expect("only pairs of the list are correlated") as u32))
}
