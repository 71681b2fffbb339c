//! Sums of money, with the number of customers that they belong to.

use serde::{Deserialize, Serialize};

/// What customers are worth together. The sum is of integers, so that it does not depend on the order in which customers come and go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Amounts {
    /// The number of customers.
    pub(crate) count: i64,
    /// Their sum in millionths of the currency's unit. It has 128 bits, because ten of the largest amounts exceed 64 bits.
    pub(crate) sum: i128,
}

impl Amounts {
    pub(super) fn apply(&mut self, count: i64, amount: i64, sign: i64) {
        self.count += sign * count;
        self.sum += i128::from(sign) * i128::from(amount);
    }

    pub(super) fn merge(&mut self, other: &Self, sign: i64) {
        self.count += sign * other.count;
        self.sum += i128::from(sign) * other.sum;
    }

    pub(super) fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}
