//! Sums that a batch of facts comes to, by account and ring: facts of one account that add up, or take each other back, reach the totals of their
//! cells as one number.

use super::accounts::AccountId;

/// The sums of the batch in hand.
#[derive(Debug)]
pub(crate) struct Sums {
    rings: usize,
    sums: Vec<i64>,
    /// Where something was added, in no order and perhaps twice.
    touched: Vec<usize>,
}

impl Sums {
    pub(crate) fn new(rings: usize) -> Self {
        Self { rings, sums: Vec::new(), touched: Vec::new() }
    }

    /// Adds to an account in a ring.
    pub(crate) fn add(&mut self, account: AccountId, ring: usize, by: i64) {
        let at = account.0 as usize * self.rings + ring;
        if self.sums.len() <= at {
            self.sums.resize((account.0 as usize + 1) * self.rings, 0);
        }
        if self.sums[at] == 0 {
            self.touched.push(at);
        }
        self.sums[at] += by;
    }

    /// Takes out one of the sums, perhaps 0; an account and ring may come twice, the second time with 0.
    pub(crate) fn pop(&mut self) -> Option<(AccountId, usize, i64)> {
        let at = self.touched.pop()?;
        Some((AccountId((at / self.rings) as u32), at % self.rings, std::mem::take(&mut self.sums[at])))
    }
}
