//! Survey answers of one scale: CSAT, NPS and CES share the shape, and differ only in what is good and what is bad.

/// One answer, ready to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Vote {
    /// The score in millionths.
    pub(crate) score: i64,
    /// CSAT: satisfied; NPS: promoter; CES: low effort.
    pub(crate) good: bool,
    /// NPS: detractor; CES: high effort.
    pub(crate) bad: bool,
}

/// Sums over the answers of one scale.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answers {
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

impl Answers {
    pub(super) fn lift(&mut self, vote: &Vote, sign: i64) {
        let score = i128::from(vote.score);
        self.count += sign;
        self.good += sign * i64::from(vote.good);
        self.bad += sign * i64::from(vote.bad);
        self.points += i128::from(sign) * score;
        self.squares += i128::from(sign) * score * score;
    }

    pub(crate) fn combine(&mut self, other: &Self, sign: i64) {
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
