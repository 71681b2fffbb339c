//! Sums that a batch of facts comes to, by account: facts of one account that add up, or take each other back, reach the totals of their cells as one
//! number.

use super::accounts::AccountId;

/// The sums of the batch in hand.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    sums: Vec<i64>,
    /// Where something was added, in no order and perhaps twice.
    touched: Vec<AccountId>,
}

impl Sums {
    /// Adds to an account.
    pub(crate) fn add(&mut self, account: AccountId, by: i64) {
        let at = account.0 as usize;
        if self.sums.len() <= at {
            self.sums.resize(at + 1, 0);
        }
        if self.sums[at] == 0 {
            self.touched.push(account);
        }
        self.sums[at] += by;
    }

    /// Takes out one of the sums, perhaps 0; an account may come twice, the second time with 0.
    pub(crate) fn pop(&mut self) -> Option<(AccountId, i64)> {
        let account = self.touched.pop()?;
        Some((account, std::mem::take(&mut self.sums[account.0 as usize])))
    }
}
