//! Since when: the part of a course in which a share is no longer as it was.
//!
//! Each slice speaks for the share of now or for the one before, by the logarithm of its likelihood under either. The part whose slices speak most for
//! now is the spell, as a CUSUM finds it. Does not know which share it is, nor markup.

use crate::metrics::statistics::Z_SQUARED;

/// How much more likely a spell must be than none, as a logarithm: half of the square of 3.5 standard deviations, as for an alert on the whole.
const GAIN_MIN: f64 = 6.125;
/// A share that never or always occurred counts as this near to 0 or 1, so that one case does not decide alone.
const NEAREST: f64 = 0.01;

/// Some of a number of cases.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tally {
    /// Those that count against the team.
    pub(super) bad: f64,
    /// All of them.
    pub(super) cases: f64,
}

/// A run of slices, by their numbers from 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spell {
    /// The first and the last slice in which it may have begun, as far as 95 % of chance allow to say.
    pub(super) may_begin: (usize, usize),
    /// Its last slice.
    pub(super) last: usize,
    /// The logarithm of how much more likely it is than none.
    pub(super) gain: f64,
}

impl Tally {
    /// The share of the bad ones; `None` without cases.
    pub(super) fn share(self) -> Option<f64> {
        (self.cases > 0.0).then(|| self.bad / self.cases)
    }

    /// Those of this one that are not in another one, which this one holds.
    pub(super) fn without(self, other: Self) -> Self {
        Self { bad: (self.bad - other.bad).max(0.0), cases: (self.cases - other.cases).max(0.0) }
    }
}

/// The spell of a course in which the share is that of `now` and not that of `before`; `None` where chance may have made it.
pub(super) fn spell(course: &[Tally], now: f64, before: f64) -> Option<Spell> {
    let (now, before) = (now.clamp(NEAREST, 1.0 - NEAREST), before.clamp(NEAREST, 1.0 - NEAREST));
    if now <= before {
        return None;
    }
    let (bad, good) = ((now / before).ln(), ((1.0 - now) / (1.0 - before)).ln());
    let gains: Vec<f64> = course.iter().map(|tally| tally.bad * bad + (tally.cases - tally.bad) * good).collect();
    let gain = |begin: usize, last: usize| gains[begin..=last].iter().sum::<f64>();
    let runs = (0..gains.len()).flat_map(|begin| (begin..gains.len()).map(move |last| (begin, last)));
    let (begin, last) = runs.max_by(|(a, b), (c, d)| gain(*a, *b).total_cmp(&gain(*c, *d)))?;
    let most = gain(begin, last);
    // A begin is possible if it is not less likely than the likeliest one by more than the bound of a likelihood ratio.
    let possible: Vec<usize> = (0..=last).filter(|begin| gain(*begin, last) >= most - Z_SQUARED / 2.0).collect();
    let may_begin = (*possible.first()?, *possible.last()?);
    (most >= GAIN_MIN).then_some(Spell { may_begin, last, gain: most })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(bad_of_ten: &[u32]) -> Vec<Tally> {
        bad_of_ten.iter().map(|bad| Tally { bad: f64::from(*bad), cases: 10.0 }).collect()
    }

    #[test]
    fn a_spell_begins_where_the_share_rises_and_ends_where_it_falls() {
        let found = spell(&course(&[1, 0, 1, 2, 1, 7, 8, 6]), 0.7, 0.1).unwrap();
        assert_eq!((found.may_begin, found.last), ((5, 5), 7));
        let over = spell(&course(&[1, 0, 7, 8, 1, 0, 1, 1]), 0.7, 0.1).unwrap();
        assert_eq!((over.may_begin, over.last), ((2, 2), 3));
    }

    #[test]
    fn where_slices_have_few_cases_several_begins_are_possible() {
        let mut few = course(&[1, 1, 1, 1, 7, 7, 7]);
        few[4] = Tally::default();
        few[3] = Tally { bad: 1.0, cases: 2.0 };
        let found = spell(&few, 0.7, 0.1).unwrap();
        assert_eq!((found.last, found.may_begin), (6, (3, 5)));
    }

    #[test]
    fn chance_and_a_share_that_did_not_rise_have_none() {
        assert_eq!(spell(&course(&[1, 0, 2, 1, 1, 3, 0, 1]), 0.7, 0.1), None);
        assert_eq!(spell(&course(&[7, 7, 7]), 0.1, 0.1), None);
        assert_eq!(spell(&[], 0.7, 0.1), None);
    }

    #[test]
    fn an_earlier_spell_is_not_taken_for_the_begin_of_this_one() {
        let found = spell(&course(&[7, 7, 1, 1, 1, 1, 1, 8, 8, 8]), 0.8, 0.1).unwrap();
        assert_eq!((found.may_begin, found.last), ((7, 7), 9));
    }
}
