//! What a marked change did: after it against before it in the contacts that it was for, less the same in all others.
//!
//! This is a difference in differences: what happened to everybody is in both and falls out. Source: J. D. Angrist and J.-S. Pischke, "Mostly harmless
//! econometrics", 2009, chapter 5. The cases of one day are not independent of each other, so the interval comes from the differences between whole days,
//! as M. Bertrand, E. Duflo and S. Mullainathan ask in "How much should we trust differences-in-differences estimates?", 2004. Does not know how the sums
//! of days came about, nor how an effect is written.

use super::statistics::student;
use super::thresholds::COMPLETE_COVERAGE_RATIO_MIN;
use crate::engine::{ChangeDays, ChangePeriod, ComparedDay, DatedMetric, DaySum};

/// The fewest cases of each of the four cells: before and after, in the marked contacts and in all others.
pub const CELL_CASES_MIN: i64 = 30;
/// The fewest days with cases on each side of the change, below which the differences between days say too little about chance.
pub const SIDE_DAYS_MIN: usize = 4;

/// The least variance of an effect. Days that do not differ at all, such as where every answer is the best one, tell nothing about chance.
pub const VARIANCE_MIN: f64 = 1e-12;

/// What a change did to one number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangeEffect {
    /// The number.
    pub metric: DatedMetric,
    /// The effect: a difference of shares for CSAT and high effort, points for NPS, and a difference of mean natural logarithms for durations.
    pub effect: f64,
    /// The lower bound of its interval.
    pub lower: f64,
    /// The upper bound of its interval.
    pub upper: f64,
    /// The same one span earlier, where there was no change; `None` where those days are not kept or have too few cases.
    pub placebo: Option<f64>,
    /// The cases of the cell that has the fewest.
    pub cases: i64,
}

/// The number of whole weeks that are compared on each side of a change; 0 where the logs are not known well enough.
#[must_use]
pub fn compared_weeks(change: &ChangeDays) -> i32 {
    if change.coverage >= COMPLETE_COVERAGE_RATIO_MIN { change.weeks } else { 0 }
}

/// What a change did to each number for which there are enough cases.
#[must_use]
pub fn effects_of(change: &ChangeDays) -> Vec<ChangeEffect> {
    if compared_weeks(change) == 0 {
        return Vec::new();
    }
    DatedMetric::ALL.into_iter().filter_map(|metric| effect_on(change, metric)).collect()
}

fn effect_on(change: &ChangeDays, metric: DatedMetric) -> Option<ChangeEffect> {
    let side = |period| Side::of(change.days().iter().filter(|day| day.metric == metric && day.period == period), metric);
    let (before, after) = (side(ChangePeriod::Before)?, side(ChangePeriod::After)?);
    let effect = after.difference - before.difference;
    let half = half_width(&before, &after)?;
    let placebo = side(ChangePeriod::Earlier).map(|earlier| before.difference - earlier.difference);
    let cases = before.cases.min(after.cases);
    Some(ChangeEffect { metric, effect, lower: effect - half, upper: effect + half, placebo, cases })
}

/// The difference between the marked contacts and all others over some days.
struct Side {
    /// The mean of the marked contacts less that of the others.
    difference: f64,
    /// The variance of that difference, by how much it differs between days.
    variance: f64,
    /// The number of days.
    days: usize,
    /// The cases of the group that has fewer.
    cases: i64,
}

impl Side {
    /// The difference over some days; `None` where there are too few cases or days.
    ///
    /// Each mean is a ratio of sums, m = Σsᵈ / Σcᵈ over the days d. Its residual on a day is (sᵈ - m cᵈ) / Σcᵈ, and uᵈ is the residual of the marked contacts
    /// less that of the others, so that what moved both on that day falls out. The variance of the difference is n/(n-1) Σ(uᵈ)² over n days: that of a ratio
    /// of sums over clusters. Where all days have as many cases, it is the variance of the daily differences divided by n. Source: W. G. Cochran, "Sampling
    /// techniques", 1977, 6.3.
    fn of<'a>(days: impl Iterator<Item = &'a ComparedDay> + Clone, metric: DatedMetric) -> Option<Self> {
        let (mut marked, mut others) = (DaySum::default(), DaySum::default());
        let mut number = 0;
        for day in days.clone() {
            marked = sum_of(marked, day.marked);
            others = sum_of(others, day.others);
            number += 1;
        }
        if marked.cases < CELL_CASES_MIN || others.cases < CELL_CASES_MIN || number < SIDE_DAYS_MIN {
            return None;
        }
        let mean = |sum: DaySum| sum.sum as f64 * metric.unit() / sum.cases as f64;
        let residual = |day: DaySum, all: DaySum| (day.sum as f64 * metric.unit() - mean(all) * day.cases as f64) / all.cases as f64;
        let squares: f64 = days.map(|day| (residual(day.marked, marked) - residual(day.others, others)).powi(2)).sum();
        let n = number as f64;
        Some(Self {
            difference: mean(marked) - mean(others),
            variance: n / (n - 1.0) * squares,
            days: number,
            cases: marked.cases.min(others.cases),
        })
    }
}

/// Half of the interval of the difference between two sides. Its degrees of freedom are Welch's, from as many as each side has days less one. Source: B. L.
/// Welch, "The generalization of Student's problem when several different population variances are involved", 1947.
fn half_width(before: &Side, after: &Side) -> Option<f64> {
    let variance = before.variance + after.variance;
    let part = |side: &Side| side.variance.powi(2) / (side.days - 1) as f64;
    let half = student(variance.powi(2) / (part(before) + part(after))) * variance.sqrt();
    (variance >= VARIANCE_MIN).then_some(half)
}

const fn sum_of(a: DaySum, b: DaySum) -> DaySum {
    DaySum { cases: a.cases + b.cases, sum: a.sum + b.sum }
}
