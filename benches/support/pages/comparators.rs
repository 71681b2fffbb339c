//! What people use today, on the mean over an hour of each team: a fixed threshold, three standard deviations over a week, and a change against the
//! same hour last week. Each has one number, which is calibrated on runs that are never reported.
//!
//! Does not know incidents.

use std::collections::BTreeMap;

use super::episodes::{Episode, episodes};
use super::evaluation::STEP;

const WEEK: i64 = 7 * 86_400;
/// The seconds for which each must hold and is kept, as the shipped alerts on the same values.
const HOLD: i64 = 900;
const KEEP: i64 = 900;

/// A comparator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparator {
    Fixed,
    Sigma,
    LastWeek,
}

/// The values of one team by instant, in seconds.
pub(crate) type Values = BTreeMap<i64, f64>;

impl Comparator {
    pub(crate) const ALL: [Self; 3] = [Self::Fixed, Self::Sigma, Self::LastWeek];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed threshold on the 1 h mean",
            Self::Sigma => "mean and standard deviations of a week",
            Self::LastWeek => "same hour last week",
        }
    }

    /// The numbers to choose from, from the most sensitive on; the first is the usual one. For satisfaction a share, a number of deviations and a fall
    /// in points; for times seconds, a number of deviations and a factor.
    pub(crate) fn numbers(self, falls: bool) -> Vec<f64> {
        let steps = (0..40).map(f64::from);
        match (self, falls) {
            (Self::Fixed, true) => steps.map(|step| 0.75 - 0.02 * step).collect(),
            (Self::Fixed, false) => steps.map(|step| 7_200.0 * 1.2_f64.powf(step)).collect(),
            (Self::Sigma, _) => steps.map(|step| 3.0 + 0.25 * step).collect(),
            (Self::LastWeek, true) => steps.map(|step| 0.15 + 0.025 * step).collect(),
            (Self::LastWeek, false) => steps.map(|step| 1.5 * 1.25_f64.powf(step)).collect(),
        }
    }

    /// The episodes over a period; both in seconds.
    pub(crate) fn episodes(self, values: &Values, falls: bool, number: f64, from: i64, to: i64) -> Vec<Episode> {
        let sign = if falls { -1.0 } else { 1.0 };
        let week = rolling(values);
        let is_beyond = |at: i64, value: f64| match self {
            Self::Fixed => sign * (value - number) > 0.0,
            Self::Sigma => week.get(&at).is_some_and(|(mean, deviation)| sign * (value - mean) > number * deviation),
            Self::LastWeek => {
                values.get(&(at - WEEK)).is_some_and(|then| if falls { value < then - number } else { value > then * number })
            }
        };
        let active: Vec<i64> = values.range(from..=to).filter(|(at, value)| is_beyond(**at, **value)).map(|(at, _)| *at).collect();
        episodes(&active, from, to, STEP, HOLD, KEEP)
    }
}

/// The mean and the standard deviation over the week up to each instant.
fn rolling(values: &Values) -> BTreeMap<i64, (f64, f64)> {
    let mut out = BTreeMap::new();
    let (mut oldest, mut count, mut sum, mut squares) = (values.iter().peekable(), 0.0, 0.0, 0.0);
    for (at, value) in values {
        (count, sum, squares) = (count + 1.0, sum + value, squares + value * value);
        while let Some((_, old)) = oldest.next_if(|(then, _)| **then <= at - WEEK) {
            (count, sum, squares) = (count - 1.0, sum - old, squares - old * old);
        }
        let mean: f64 = sum / count;
        let variance: f64 = squares / count - mean * mean;
        out.insert(*at, (mean, variance.max(0.0).sqrt()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat_with_fall() -> Values {
        let value = |step: i64| if step >= 4_000 { 0.4 } else { 0.8 + 0.01 * (step % 3) as f64 };
        (0..4_100).map(|step| (step * STEP, value(step))).collect()
    }

    #[test]
    fn each_finds_a_fall_and_none_fires_before_it() {
        let values = flat_with_fall();
        for comparator in Comparator::ALL {
            let number = comparator.numbers(true)[0];
            let found = comparator.episodes(&values, true, number, 2_100 * STEP, 4_099 * STEP);
            assert_eq!(found.first().map(|episode| episode.from), Some(4_003 * STEP), "{comparator:?}: {found:?}");
        }
    }
}
