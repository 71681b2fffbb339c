//! Dated cases: the facts whose contact has a known opening, with what each adds to the sums of its day.
//!
//! The day is that of the opening in UTC, so that a case belongs to the same day however late its answer comes. Does not know groups, nor what the sums
//! of the days are compared with.

use serde::{Deserialize, Serialize};

use super::{Contribution, DurationBins, Fact, FactLabel, LOG_PARTS, Label, Measure};
use crate::event::Scope;
use crate::time::{EventTime, Span};

/// A number that is kept by the day of opening. A checkpoint stores its place, so a new order is a new layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DatedMetric {
    /// The satisfied share of CSAT answers.
    Csat,
    /// The share of CES answers with high effort.
    HighEffort,
    /// The net promoter score of answers about a ticket or chat.
    Nps,
    /// The mean natural logarithm of the time to the first response.
    FirstResponse,
    /// The mean natural logarithm of the time to the latest solve.
    Resolution,
}

/// The cases of one number that were opened on one day, as exact integers that can be added and subtracted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaySum {
    /// The number of cases.
    pub cases: i64,
    /// The sum of their values, in parts of [`DatedMetric::unit`].
    pub sum: i64,
}

/// One case with its day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DatedCase {
    pub(crate) metric: DatedMetric,
    /// The day of the opening, counted from 1970.
    pub(crate) day: i32,
    /// What the case adds to the sum of the day.
    pub(crate) value: i64,
}

impl DatedMetric {
    /// All of them, in the order of the exposition.
    pub const ALL: [Self; 5] = [Self::Csat, Self::HighEffort, Self::Nps, Self::FirstResponse, Self::Resolution];

    /// The value of the label `metric`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csat => "csat",
            Self::HighEffort => "high_effort",
            Self::Nps => "nps",
            Self::FirstResponse => "first_response",
            Self::Resolution => "resolution",
        }
    }

    /// What one part of a sum is worth: 1 for a share, 100 points for NPS, and the parts in which logarithms are counted.
    #[must_use]
    pub const fn unit(self) -> f64 {
        match self {
            Self::Csat | Self::HighEffort => 1.0,
            Self::Nps => 100.0,
            Self::FirstResponse | Self::Resolution => 1.0 / LOG_PARTS as f64,
        }
    }
}

impl DaySum {
    /// Adds another sum (`sign` 1) or subtracts it (`sign` -1).
    pub(crate) fn merge(&mut self, other: Self, sign: i64) {
        self.cases += sign * other.cases;
        self.sum += sign * other.sum;
    }

    pub(crate) fn is_zero(self) -> bool {
        self == Self::default()
    }
}

impl Fact {
    /// When the contact of the fact was opened, where the fact is one of a [`DatedMetric`] and the opening is known. For a duration it is the start of its
    /// clock.
    pub(crate) fn opened(&self) -> Option<EventTime> {
        self.dated().map(|(_, opened)| opened)
    }

    /// The fact as a case of its day.
    #[inline]
    pub(crate) fn dated_case(&self, bins: &DurationBins) -> Option<DatedCase> {
        let (metric, opened) = self.dated()?;
        let value = match self.value {
            Contribution::Vote(vote) if metric == DatedMetric::HighEffort => i64::from(vote.bad),
            Contribution::Vote(vote) => i64::from(vote.good) - i64::from(vote.bad),
            Contribution::Duration(_, bin) => bins.log(bin),
            Contribution::Count(_) | Contribution::Pair(..) | Contribution::Since(_) | Contribution::Amount(..) => return None,
        };
        Some(DatedCase { metric, day: day_of(opened), value })
    }

    #[inline]
    fn dated(&self) -> Option<(DatedMetric, EventTime)> {
        let metric = dated_metric(self.measure)?;
        match self.value {
            Contribution::Duration(ms, _) => Some((metric, self.time - Span(ms))),
            Contribution::Vote(vote) => {
                let is_of_contacts = metric != DatedMetric::Nps || self.label == FactLabel::Fixed(Label(Scope::Service as u32));
                (vote.opened > EventTime::MIN && is_of_contacts).then_some((metric, vote.opened))
            }
            Contribution::Count(_) | Contribution::Pair(..) | Contribution::Since(_) | Contribution::Amount(..) => None,
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the list is closed, and most measures are not in it")]
const fn dated_metric(measure: Measure) -> Option<DatedMetric> {
    match measure {
        Measure::Csat => Some(DatedMetric::Csat),
        Measure::Ces => Some(DatedMetric::HighEffort),
        Measure::Nps => Some(DatedMetric::Nps),
        Measure::FirstResponse => Some(DatedMetric::FirstResponse),
        Measure::Resolution => Some(DatedMetric::Resolution),
        _ => None,
    }
}

/// The day in UTC of an instant, counted from 1970.
pub(crate) fn day_of(time: EventTime) -> i32 {
    time.slice(Span::days(1)).clamp(i32::MIN.into(), i32::MAX.into()) as i32
}

/// The first instant of a day.
pub(crate) fn start_of_day(day: i32) -> EventTime {
    EventTime(0) + Span::days(day.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::terms::{DimensionsId, Vote};

    const DAY: i64 = 86_400_000;

    fn fact(measure: Measure, time: i64, value: Contribution) -> Fact {
        Fact { measure, label: FactLabel::None, dimensions: DimensionsId::default(), time: EventTime(time), value }
    }

    #[test]
    fn a_case_lies_on_the_day_of_its_opening_with_the_part_that_its_number_sums() {
        let bins = DurationBins::new([]);
        let vote = |good, bad| Contribution::Vote(Vote { score: 0, opened: EventTime(3 * DAY - 1), good, bad });
        let case = |fact: Fact| fact.dated_case(&bins).map(|case| (case.metric, case.day, case.value));
        assert_eq!(case(fact(Measure::Csat, 9 * DAY, vote(true, false))), Some((DatedMetric::Csat, 2, 1)));
        assert_eq!(case(fact(Measure::Ces, 9 * DAY, vote(true, false))), Some((DatedMetric::HighEffort, 2, 0)));
        assert_eq!(case(fact(Measure::Ces, 9 * DAY, vote(false, true))), Some((DatedMetric::HighEffort, 2, 1)));
        let service = fact(Measure::Nps, 9 * DAY, vote(false, true)).numbered(Scope::Service as u32);
        assert_eq!(case(service), Some((DatedMetric::Nps, 2, -1)));
        assert_eq!(case(service.numbered(Scope::Experience as u32)), None, "it is about no ticket or chat");
        let hour = 3_600_000;
        let duration = Contribution::Duration(hour, bins.of(hour));
        let (metric, day, value) = case(fact(Measure::FirstResponse, 5 * DAY + hour - 1, duration)).unwrap();
        assert_eq!((metric, day), (DatedMetric::FirstResponse, 4));
        assert!((value as f64 * metric.unit() - 3_600_f64.ln()).abs() < 0.01, "{value}");
        assert_eq!(case(fact(Measure::NextResponse, 5 * DAY, duration)), None);
    }

    #[test]
    fn an_answer_without_a_known_opening_is_no_case_of_a_day() {
        let vote = Contribution::Vote(Vote { score: 0, opened: EventTime::MIN, good: true, bad: false });
        assert_eq!(fact(Measure::Csat, DAY, vote).opened(), None);
        assert_eq!((day_of(EventTime(-1)), start_of_day(-1)), (-1, EventTime(-DAY)));
    }
}
