//! Survey answers of one scale. CSAT, NPS and CES have the same sums and differ only in the meaning of good and bad.

use serde::{Deserialize, Serialize};

use crate::engine::terms::Vote;

/// The sums over the answers of one scale.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AnswerSums {
    /// The number of answers.
    pub(crate) count: i64,
    /// The number of good answers.
    pub(crate) good: i64,
    /// The number of bad answers.
    pub(crate) bad: i64,
    /// The sum of the scores, in millionths of a point.
    pub(crate) points: i128,
    /// The sum of the squared scores, in millionths of millionths.
    pub(crate) squares: i128,
}

impl AnswerSums {
    pub(super) fn apply(&mut self, vote: &Vote, sign: i64) {
        let score = i128::from(vote.score);
        self.count += sign;
        self.good += sign * i64::from(vote.good);
        self.bad += sign * i64::from(vote.bad);
        self.points += i128::from(sign) * score;
        self.squares += i128::from(sign) * score * score;
    }

    pub(crate) fn merge(&mut self, other: &Self, sign: i64) {
        self.count += sign * other.count;
        self.good += sign * other.good;
        self.bad += sign * other.bad;
        self.points += i128::from(sign) * other.points;
        self.squares += i128::from(sign) * other.squares;
    }

    pub(super) fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}
