//! Business hours as plain instants: when an office is open, how much business time lies between two instants, and when a target runs out.
//!
//! Knows no calendar and no time zone. The configuration turns weekdays, holidays and daylight saving into instants once, so that nothing is looked
//! up while events are counted.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::time::{EventTime, Span};

/// The business hours of an office: when it is open.
#[derive(Clone, PartialEq, Eq)]
pub struct BusinessHours {
    name: Arc<str>,
    /// The open intervals, ascending and disjoint. They are shared, because settings are cloned.
    open: Arc<[Open]>,
}

/// A half-open interval in which the office is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Open {
    start: EventTime,
    end: EventTime,
    /// The business time before the interval.
    before: Span,
}

impl BusinessHours {
    /// Business hours that consist of the given half-open intervals, which must ascend. Intervals that touch or overlap are joined, and empty ones
    /// are dropped.
    ///
    /// ```
    /// use cxpulse::{engine::BusinessHours, time::{EventTime, Span}};
    /// let office = BusinessHours::new("office", [EventTime(0)..EventTime(10), EventTime(20)..EventTime(30)]);
    /// assert_eq!(office.business_time(EventTime(5), EventTime(25)), Span(10));
    /// assert_eq!(office.deadline(EventTime(5), Span(10)), Some(EventTime(25)));
    /// ```
    #[must_use]
    pub fn new(name: &str, open: impl IntoIterator<Item = Range<EventTime>>) -> Self {
        let mut merged: Vec<Open> = Vec::new();
        for Range { start, end } in open {
            match merged.last_mut() {
                Some(last) if start <= last.end => last.end = last.end.max(end),
                last if start < end => {
                    let before = last.map_or(Span(0), |l| Span(l.before.0 + (l.end - l.start).0));
                    merged.push(Open { start, end, before });
                }
                _ => {}
            }
        }
        Self { name: name.into(), open: merged.into() }
    }

    /// The name in the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The open intervals, ascending and disjoint.
    pub(crate) fn intervals(&self) -> impl Iterator<Item = Range<EventTime>> {
        self.open.iter().map(|open| open.start..open.end)
    }

    /// The business time between two instants; negative if `to` is before `from`.
    #[must_use]
    pub fn business_time(&self, from: EventTime, to: EventTime) -> Span {
        Span(self.worked_until(to).0 - self.worked_until(from).0)
    }

    /// The last instant at which no more business time than `target` has passed since `start`. If the target ends at closing time, that is the next
    /// opening. `None` if the business hours end before.
    #[must_use]
    pub fn deadline(&self, start: EventTime, target: Span) -> Option<EventTime> {
        let goal = Span(self.worked_until(start).0 + target.0);
        let reaches = self.open.partition_point(|open| open.before.0 + (open.end - open.start).0 <= goal.0);
        self.open.get(reaches).map(|open| open.start + Span(goal.0 - open.before.0))
    }

    /// All business time before an instant.
    fn worked_until(&self, time: EventTime) -> Span {
        let next = self.open.partition_point(|open| open.end <= time);
        match (self.open.get(next), self.open.last()) {
            (Some(open), _) => Span(open.before.0 + (time - open.start).0.max(0)),
            (None, Some(last)) => Span(last.before.0 + (last.end - last.start).0),
            (None, None) => Span(0),
        }
    }
}

impl fmt::Debug for BusinessHours {
    /// Shows a summary, because there are tens of thousands of intervals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.open.last().map_or(Span(0), |last| self.worked_until(last.end));
        f.debug_struct("BusinessHours").field("name", &self.name).field("intervals", &self.open.len()).field("total", &total).finish()
    }
}
