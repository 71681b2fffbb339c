//! `--report`: calendar days, weeks or months in a time zone, to compare numbers with the help desk's own report.
//!
//! Computed exactly from the facts that hold at the end of the log, each in the period of its event time. Does not know how a fact came about, nor
//! how the report is printed.

mod columns;
mod table;

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use rustc_hash::FxHashMap;

use self::columns::PeriodTotals;
use crate::engine::{Engine, LoyaltyAnswer};
use crate::event::Key;
use crate::metrics::Explainer;
use crate::time::EventTime;

/// The length of a calendar period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum PeriodLength {
    /// From midnight to midnight.
    Day,
    /// From Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
}

/// The periods of a report.
#[derive(Clone, Debug)]
pub struct Periods {
    /// The length of each period.
    pub length: PeriodLength,
    /// The time zone of the calendar.
    pub zone: TimeZone,
    /// The report begins with the period that contains this instant; without one, with the period of the first fact.
    pub from: Option<EventTime>,
    /// The report ends with the period that contains this instant; without one, with the period that contains the end of the log.
    pub to: Option<EventTime>,
}

/// Calendar periods with their values.
#[derive(Debug)]
pub struct CalendarReport {
    periods: Periods,
    end: EventTime,
    rows: BTreeMap<Date, PeriodTotals>,
}

impl Periods {
    /// The first day of the period that contains an instant; `None` outside the calendar.
    fn start(&self, time: EventTime) -> Option<Date> {
        let date = Timestamp::from_millisecond(time.0).ok()?.to_zoned(self.zone.clone()).date();
        match self.length {
            PeriodLength::Day => Some(date),
            PeriodLength::Week => date.checked_sub(i64::from(date.weekday().to_monday_zero_offset()).days()).ok(),
            PeriodLength::Month => Some(date.first_of_month()),
        }
    }

    /// The first day of the next period.
    fn after(&self, start: Date) -> Option<Date> {
        let length = match self.length {
            PeriodLength::Day => 1.day(),
            PeriodLength::Week => 1.week(),
            PeriodLength::Month => 1.month(),
        };
        start.checked_add(length).ok()
    }

    /// The instant at which a day begins. It is not midnight where the clock is set forward over midnight.
    fn midnight(&self, day: Date) -> Option<Zoned> {
        day.to_zoned(self.zone.clone()).ok()
    }
}

impl CalendarReport {
    /// The report of the facts that an engine holds, whose log ended at `end`.
    pub(super) fn new(engine: &Engine, explainer: &Explainer<'_>, periods: Periods, end: EventTime) -> Self {
        let mut rows: BTreeMap<Date, PeriodTotals> = BTreeMap::new();
        let period_of = |time: EventTime| {
            let start = periods.start(time).filter(|_| time <= end)?;
            let is_after_first = periods.from.and_then(|from| periods.start(from)).is_none_or(|first| start >= first);
            let is_before_last = periods.to.and_then(|to| periods.start(to)).is_none_or(|last| start <= last);
            (is_after_first && is_before_last).then_some(start)
        };
        for fact in engine.standing_facts() {
            if let Some(start) = fact.time.and_then(&period_of) {
                rows.entry(start).or_default().add(&fact, explainer);
            }
        }
        for ((start, _), answer) in latest_of_each_customer(engine.loyalty_answers(), period_of) {
            rows.entry(start).or_default().add_loyalty(answer);
        }
        let mut report = Self { periods, end, rows };
        report.fill();
        report
    }

    /// Adds the periods without any fact.
    fn fill(&mut self) {
        let start_of = |time: Option<EventTime>| time.and_then(|time| self.periods.start(time));
        let first = start_of(self.periods.from).or_else(|| self.rows.keys().next().copied());
        let last = start_of(Some(self.periods.to.map_or(self.end, |to| to.min(self.end))));
        let (Some(mut start), Some(last)) = (first, last) else { return };
        while start <= last {
            self.rows.entry(start).or_default();
            let Some(next) = self.periods.after(start) else { return };
            start = next;
        }
    }
}

/// The latest answer of each customer in each period.
fn latest_of_each_customer(
    answers: impl Iterator<Item = LoyaltyAnswer>,
    period_of: impl Fn(EventTime) -> Option<Date>,
) -> FxHashMap<(Date, Key), LoyaltyAnswer> {
    let mut latest: FxHashMap<(Date, Key), LoyaltyAnswer> = FxHashMap::default();
    for answer in answers {
        let Some(start) = period_of(answer.time) else { continue };
        let known = latest.entry((start, answer.customer)).or_insert(answer);
        // Of two answers at the same instant neither is later; the rank picks the same one every time.
        if rank(&answer) > rank(known) {
            *known = answer;
        }
    }
    latest
}

fn rank(answer: &LoyaltyAnswer) -> (EventTime, bool, bool) {
    (answer.time, answer.is_detractor, !answer.is_promoter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn periods(length: PeriodLength, zone: &str) -> Periods {
        Periods { length, zone: TimeZone::get(zone).unwrap(), from: None, to: None }
    }

    fn start(length: PeriodLength, zone: &str, instant: &str) -> String {
        let time = EventTime(instant.parse::<Timestamp>().unwrap().as_millisecond());
        periods(length, zone).start(time).unwrap().to_string()
    }

    #[test]
    fn periods_begin_at_the_midnight_of_their_zone() {
        assert_eq!(start(PeriodLength::Day, "UTC", "2026-03-28T23:30:00Z"), "2026-03-28");
        assert_eq!(start(PeriodLength::Day, "Europe/Rome", "2026-03-28T23:30:00Z"), "2026-03-29");
        assert_eq!(start(PeriodLength::Week, "Europe/Rome", "2026-03-29T21:59:59Z"), "2026-03-23");
        assert_eq!(start(PeriodLength::Week, "Europe/Rome", "2026-03-29T22:00:00Z"), "2026-03-30");
        assert_eq!(start(PeriodLength::Month, "America/New_York", "2026-03-01T04:59:59Z"), "2026-02-01");
    }

    #[test]
    fn days_are_as_long_as_the_clock_makes_them() {
        let rome = periods(PeriodLength::Day, "Europe/Rome");
        let hours = |day: &str| {
            let day: Date = day.parse().unwrap();
            let [from, to] = [day, rome.after(day).unwrap()].map(|day| rome.midnight(day).unwrap().timestamp().as_second());
            (to - from) / 3600
        };
        assert_eq!(["2026-03-28", "2026-03-29", "2026-10-25"].map(hours), [24, 23, 25]);
        // The clock of this zone is set forward at midnight.
        let midnight = periods(PeriodLength::Day, "Africa/Cairo").midnight("2026-04-24".parse().unwrap()).unwrap();
        assert_eq!(midnight.timestamp().to_string(), "2026-04-23T22:00:00Z");
    }
}
