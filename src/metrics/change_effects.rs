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
    let side = |period| Side::of(change.days.iter().filter(|day| day.metric == metric && day.period == period), metric);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A change with these days of CSAT: the period, and the cases and good answers of the marked contacts and of the others, for each day from -14 on.
    fn change(days: impl Iterator<Item = (ChangePeriod, [i64; 2], [i64; 2])>) -> ChangeDays {
        let sum = |[cases, sum]: [i64; 2]| DaySum { cases, sum };
        let day = |(at, (period, marked, others)): (usize, (ChangePeriod, [i64; 2], [i64; 2]))| ComparedDay {
            metric: DatedMetric::Csat,
            period,
            day: at as i32 - 14,
            marked: sum(marked),
            others: sum(others),
        };
        ChangeDays { name: "new macros".to_owned(), weeks: 1, has_earlier: true, coverage: 1.0, days: days.enumerate().map(day).collect() }
    }

    /// Seven days of each period with ten answers in each group; the good ones of the marked group are given by day.
    fn weeks(good: [[i64; 7]; 3]) -> ChangeDays {
        let days = ChangePeriod::ALL.into_iter().zip(good).flat_map(|(period, good)| good.map(|good| (period, [10, good], [10, 5])));
        change(days)
    }

    #[test]
    fn a_worked_effect_has_the_interval_of_its_daily_differences() {
        // Daily differences of 0.1, 0.2, 0.3, ... against 0: with as many cases on each day the variance is that of the days, divided by their number.
        let all = effects_of(&weeks([[5; 7], [5; 7], [6, 7, 8, 6, 7, 8, 7]]));
        let [effect] = all.as_slice() else { panic!("{all:?}") };
        let days = [0.1, 0.2, 0.3, 0.1, 0.2, 0.3, 0.2];
        let mean = days.iter().sum::<f64>() / 7.0;
        let variance = days.iter().map(|day: &f64| (day - mean).powi(2)).sum::<f64>() / 6.0 / 7.0;
        assert!((effect.effect - mean).abs() < 1e-12 && effect.placebo == Some(0.0) && effect.cases == 70, "{effect:?}");
        // Only one side differs between days, so the degrees of freedom are those of its seven days.
        assert!((effect.upper - mean - student(6.0) * variance.sqrt()).abs() < 1e-12, "{effect:?}");
        assert!((effect.upper + effect.lower - 2.0 * mean).abs() < 1e-12);
    }

    #[test]
    fn there_is_none_below_thirty_cases_or_four_days_or_where_no_day_differs_or_the_logs_have_gaps() {
        let good = [[5, 6, 7, 5, 6, 7, 6]; 3];
        let known = weeks(good);
        assert_eq!(effects_of(&known).len(), 1);
        assert!(effects_of(&ChangeDays { coverage: 0.9, ..known.clone() }).is_empty());
        assert!(effects_of(&weeks([[10; 7]; 3])).is_empty(), "nothing tells of chance");
        let some = |until: i32| ChangeDays { days: known.days.iter().filter(|day| day.day < until).copied().collect(), ..known.clone() };
        // Of the seven days after the change, which begin at 0 here, three have 30 cases.
        assert!(effects_of(&some(3)).is_empty() && effects_of(&some(4)).len() == 1);
        let few = change(ChangePeriod::ALL.into_iter().flat_map(|period| [1, 0, 3, 2, 1, 0, 3].map(|good| (period, [4, good], [10, 5]))));
        assert!(effects_of(&few).is_empty(), "28 cases");
        let without = ChangeDays { days: known.days.iter().filter(|day| day.day >= -7).copied().collect(), ..known };
        assert_eq!(effects_of(&without).first().map(|effect| effect.placebo), Some(None));
    }
}
