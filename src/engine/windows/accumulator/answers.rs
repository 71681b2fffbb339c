//! Survey answers of one scale: CSAT, NPS and CES share the shape, and differ only in what is good and what is bad.

use crate::engine::terms::Vote;

/// Sums over the answers of one scale.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AnswerSums {
    /// How many.
    pub(crate) count: i64,
    /// How many good ones.
    pub(crate) good: i64,
    /// How many bad ones.
    pub(crate) bad: i64,
    /// The sum of the scores, in millionths.
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
