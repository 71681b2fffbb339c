//! A sheet: lines that are appended as they come, and merged by key once there are twice as many as merged ones. So writing is a push, and what
//! is kept long is sorted, merged and small.

/// One line of a sheet.
pub(crate) trait Line: Copy {
    /// What lines are merged by.
    fn key(&self) -> u64;

    /// Adds another line of the same key; `false`, changing nothing, where the sum does not fit.
    fn absorb(&mut self, other: &Self) -> bool;

    /// Whether it need not be kept.
    fn is_zero(&self) -> bool;
}

/// So many lines are appended before they are looked at.
const UNMERGED_MIN: usize = 64;

/// Lines of one kind.
#[derive(Clone, Debug)]
pub(crate) struct Sheet<L> {
    lines: Vec<L>,
    /// The lines up to here are in the order of their keys and merged.
    merged: usize,
}

impl<L> Default for Sheet<L> {
    fn default() -> Self {
        Self { lines: Vec::new(), merged: 0 }
    }
}

impl<L: Line> Sheet<L> {
    pub(crate) fn push(&mut self, line: L) {
        self.lines.push(line);
        if self.lines.len() > 2 * self.merged + UNMERGED_MIN {
            self.merge();
        }
    }

    /// Takes in the lines of another sheet.
    pub(crate) fn append(&mut self, other: Self) {
        if self.lines.is_empty() {
            *self = other;
            return;
        }
        self.lines.extend_from_slice(&other.lines);
        // What is rolled together is kept long, so it is not left to grow as far as what is being written.
        if self.lines.len() > self.merged + self.merged / 4 + UNMERGED_MIN {
            self.merge();
        }
    }

    /// The lines, not all of them merged.
    pub(crate) fn lines(&self) -> &[L] {
        &self.lines
    }

    /// Merges all lines and gives back memory that is not needed.
    pub(crate) fn merge(&mut self) {
        if self.merged == self.lines.len() {
            return;
        }
        // The sort finds the merged lines as one long run and sorts only those after them.
        self.lines.sort_by_key(Line::key);
        let mut kept = 0;
        for at in 0..self.lines.len() {
            let line = self.lines[at];
            if kept > 0 && self.lines[kept - 1].key() == line.key() && self.lines[kept - 1].absorb(&line) {
                continue;
            }
            if kept > 0 && self.lines[kept - 1].is_zero() {
                kept -= 1;
            }
            self.lines[kept] = line;
            kept += 1;
        }
        if kept > 0 && self.lines[kept - 1].is_zero() {
            kept -= 1;
        }
        self.lines.truncate(kept);
        self.merged = kept;
        self.lines.shrink_to(kept + kept / 4);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Copy)]
    struct Narrow(u8, i8);

    impl Line for Narrow {
        fn key(&self) -> u64 {
            u64::from(self.0)
        }

        fn absorb(&mut self, other: &Self) -> bool {
            let sum = self.1.checked_add(other.1);
            self.1 = sum.unwrap_or(self.1);
            sum.is_some()
        }

        fn is_zero(&self) -> bool {
            self.1 == 0
        }
    }

    proptest! {
        #[test]
        fn lines_add_up_by_key_also_where_a_sum_does_not_fit_one_line(pushed in prop::collection::vec((0u8..4, -100i8..100), 0..400)) {
            let (mut sheet, mut other, mut sums) = (Sheet::default(), Sheet::default(), BTreeMap::<u8, i64>::new());
            for (nth, (key, n)) in pushed.into_iter().enumerate() {
                if nth % 3 == 0 { &mut other } else { &mut sheet }.push(Narrow(key, n));
                *sums.entry(key).or_default() += i64::from(n);
            }
            sheet.append(other);
            sheet.merge();
            let mut got = BTreeMap::<u8, i64>::new();
            for line in sheet.lines() {
                prop_assert!(line.1 != 0);
                *got.entry(line.0).or_default() += i64::from(line.1);
            }
            sums.retain(|_, n| *n != 0);
            got.retain(|_, n| *n != 0);
            prop_assert_eq!(sums, got);
        }
    }
}
