//! The days around a marked change that can be compared, as a snapshot has them.
//!
//! The day of the change itself belongs to no side. Before it and after it lie as many whole weeks, so that each weekday counts equally often on both
//! sides. Does not know what is computed from the days.

use crate::engine::coverage::CoveredTime;
use crate::engine::terms::{DatedMetric, DaySum, day_of, start_of_day};
use crate::engine::windows::{CHANGE_WEEKS_MAX, ChangeSums, SumsOfChange};
use crate::time::{EventTime, Span};

/// The days around a marked change that can be compared.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeDays {
    /// The name of the change.
    pub name: String,
    /// The number of whole weeks before the change and after it, 0 to 4; 0 where nothing can be compared yet, or any more.
    pub weeks: i32,
    /// Whether the weeks before those are there too, so that the same can be computed one span earlier.
    pub has_earlier: bool,
    /// The share of the time from the first of these days to now for which the data of every assigned partition has been seen, 0 to 1.
    pub coverage: f64,
    /// The days that have a case, by metric, period and day.
    pub days: Vec<ComparedDay>,
}

/// A period of whole weeks before or after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangePeriod {
    /// One span earlier than before the change.
    Earlier,
    /// Before the change.
    Before,
    /// After the change.
    After,
}

/// The cases of one metric that were opened on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComparedDay {
    /// What the sums are of.
    pub metric: DatedMetric,
    /// The period of the day.
    pub period: ChangePeriod,
    /// The day, counted from that of the change: -1 is the day before.
    pub day: i32,
    /// The sum over the contacts that the change was for.
    pub marked: DaySum,
    /// The sum over all other contacts.
    pub others: DaySum,
}

impl ChangePeriod {
    /// All of them, the earliest first.
    pub const ALL: [Self; 3] = [Self::Earlier, Self::Before, Self::After];

    /// The value of the label `part`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Earlier => "earlier",
            Self::Before => "before",
            Self::After => "after",
        }
    }

    fn days(self, weeks: i32) -> std::ops::Range<i32> {
        let span = 7 * weeks;
        match self {
            Self::Earlier => -2 * span..-span,
            Self::Before => -span..0,
            Self::After => 1..span + 1,
        }
    }
}

impl ChangeDays {
    /// The same change, of which nothing is known.
    pub(crate) fn without_days(self) -> Self {
        Self { weeks: 0, has_earlier: false, coverage: 0.0, days: Vec::new(), ..self }
    }
}

/// The days around each change, for what was covered of the logs.
pub(crate) fn change_days(changes: &ChangeSums, covered: Option<&CoveredTime>, now: EventTime) -> Vec<ChangeDays> {
    changes.changes().iter().map(|sums| days_of(sums, changes, covered, now)).collect()
}

fn days_of(sums: &SumsOfChange, changes: &ChangeSums, covered: Option<&CoveredTime>, now: EventTime) -> ChangeDays {
    let seen_from = covered.map_or(EventTime::MAX, CoveredTime::from);
    // A day that the logs hold from its middle on is not whole.
    let first = changes.kept_from().max(day_of(seen_from - Span(1)).saturating_add(1));
    let before = sums.day.saturating_sub(first).div_euclid(7);
    // A week after the change is over once a day has passed since its end.
    let after = (changes.today() - sums.day - 2).div_euclid(7);
    let weeks = before.min(after).clamp(0, CHANGE_WEEKS_MAX);
    let has_earlier = weeks > 0 && before >= 2 * weeks;
    let start = start_of_day(sums.day - 7 * weeks * if has_earlier { 2 } else { 1 });
    let periods = ChangePeriod::ALL.into_iter().filter(|period| has_earlier || *period != ChangePeriod::Earlier);
    let compared = |metric: DatedMetric| {
        periods.clone().flat_map(move |period| {
            period.days(weeks).map(move |day| ComparedDay {
                metric,
                period,
                day,
                marked: sums.sum(metric, true, day),
                others: sums.sum(metric, false, day),
            })
        })
    };
    ChangeDays {
        name: sums.name.to_string(),
        weeks,
        has_earlier,
        coverage: covered.map_or(0.0, |covered| covered.share(start, now)),
        days: DatedMetric::ALL.into_iter().flat_map(compared).filter(|day| day.marked.cases != 0 || day.others.cases != 0).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_period_has_every_weekday_equally_often_and_the_day_of_the_change_is_in_none() {
        let days = |period: ChangePeriod, weeks| period.days(weeks).collect::<Vec<i32>>();
        assert_eq!(days(ChangePeriod::Earlier, 1), (-14..=-8).collect::<Vec<i32>>());
        assert_eq!(days(ChangePeriod::Before, 1), (-7..=-1).collect::<Vec<i32>>());
        assert_eq!(days(ChangePeriod::After, 2), (1..=14).collect::<Vec<i32>>());
    }
}
