//! A sheet: lines are appended as they come, and merged by key once there are about twice as many lines as merged ones. So writing a line is a push,
//! and a sheet that is kept for long is sorted, merged and small.

/// One line of a sheet.
pub(crate) trait Line: Copy {
    /// The key by which lines are merged.
    fn key(&self) -> u64;

    /// Adds another line with the same key; returns `false` and changes nothing if the sum does not fit.
    fn absorb(&mut self, other: &Self) -> bool;

    /// Whether the line need not be kept.
    fn is_zero(&self) -> bool;
}

/// The number of lines that are always appended before any are merged.
const UNMERGED_MIN: usize = 64;

/// Lines of one kind.
#[derive(Clone, Debug)]
pub(crate) struct Sheet<L> {
    lines: Vec<L>,
    /// The number of lines at the start that are merged and in the order of their keys.
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

    /// Adds the lines of another sheet.
    pub(crate) fn append(&mut self, other: Self) {
        if self.lines.is_empty() {
            *self = other;
            return;
        }
        self.lines.extend_from_slice(&other.lines);
        // A rolled-up sheet is kept for long, so it is merged sooner than a sheet to which lines are still pushed.
        if self.lines.len() > self.merged + self.merged / 4 + UNMERGED_MIN {
            self.merge();
        }
    }

    /// All lines, which are not necessarily merged.
    pub(crate) fn lines(&self) -> &[L] {
        &self.lines
    }

    /// Whether all lines are merged.
    pub(crate) fn is_merged(&self) -> bool {
        self.merged == self.lines.len()
    }

    /// Merges all lines and releases memory that is not needed.
    pub(crate) fn merge(&mut self) {
        if self.is_merged() {
            return;
        }
        // The sort finds the merged lines as one long run and sorts only the lines after them.
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
