//! The pairs of quantities that are correlated, and their labels.

use super::{FactLabel, Label};

/// One side of a correlation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The time to the first response.
    FirstResponse,
    /// The time to the latest solve.
    Resolution,
    /// Satisfaction, as a position on the answer's scale.
    Csat,
    /// Customer effort.
    Ces,
    /// The likelihood that the customer recommends the company.
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

/// Every pair that is correlated. The label of a pair is its index. The last two pairs are formed by customer, the others by ticket or chat.
pub const PAIRS: [(Side, Side); 7] = [
    (Side::FirstResponse, Side::Csat),
    (Side::Resolution, Side::Csat),
    (Side::FirstResponse, Side::Ces),
    (Side::Resolution, Side::Ces),
    (Side::FirstResponse, Side::Nps),
    (Side::Csat, Side::Nps),
    (Side::Ces, Side::Nps),
];

/// The label of a pair in [`PAIRS`].
pub(crate) fn pair_label(x: Side, y: Side) -> FactLabel {
    let at = PAIRS.iter().position(|pair| *pair == (x, y));
    FactLabel::Fixed(Label(at.expect("only the pairs in the list are correlated") as u32))
}
