//! The office clock and the week: how many contacts arrive at each hour, and how many agents work then.
//!
//! Does not know contacts: it answers questions about instants only.

use crate::time::{EventTime, Span};

const HOUR_MS: f64 = 3_600_000.0;
const WEEK_HOURS: usize = 168;

/// The rate of contacts on an average weekday at each full hour, relative to the busiest hour. Between full hours it is interpolated linearly.
const WEEKDAY_DEMAND: [f64; 24] = [
    0.02, 0.015, 0.01, 0.01, 0.01, 0.02, 0.04, 0.12, 0.45, 0.88, 1.0, 0.92, 0.66, 0.58, 0.66, 0.62, 0.5, 0.36, 0.2, 0.13, 0.1, 0.07, 0.05,
    0.03,
];
const WEEKEND_DEMAND: [f64; 24] = [
    0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.02, 0.05, 0.1, 0.14, 0.15, 0.14, 0.12, 0.11, 0.1, 0.09, 0.07, 0.06, 0.05, 0.04, 0.03, 0.02,
    0.01,
];
/// A factor on the rate for each day from Monday to Sunday. Monday has contacts left from the weekend; Sunday has the fewest.
const DAY_FACTOR: [f64; 7] = [1.2, 1.1, 1.0, 0.96, 0.86, 1.0, 0.7];
/// The agents who answer tickets at each hour of a weekday, relative to full staffing.
const WEEKDAY_DESK: [f64; 24] =
    [0.02, 0.02, 0.02, 0.02, 0.02, 0.02, 0.05, 0.35, 0.7, 0.95, 1.0, 1.0, 0.8, 0.8, 0.85, 0.8, 0.7, 0.5, 0.25, 0.18, 0.1, 0.06, 0.04, 0.02];
const WEEKEND_DESK: [f64; 24] = [
    0.02, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02, 0.08, 0.16, 0.2, 0.2, 0.2, 0.18, 0.16, 0.16, 0.14, 0.1, 0.06, 0.05, 0.03, 0.02, 0.02,
    0.02,
];

/// The organisation's week in the time of its office clock.
#[derive(Debug)]
pub(super) struct Calendar {
    offset: Span,
    demand_mean: f64,
}

/// The staffing of a queue over the week, as the work that its agents do up to an instant, and the inverse.
#[derive(Debug)]
pub(super) struct Shift {
    offset: Span,
    hourly: [f64; WEEK_HOURS],
    /// Staffed hours from the week's start to each hour; the last entry is the whole week.
    before: [f64; WEEK_HOURS + 1],
}

impl Calendar {
    pub(super) fn new(offset: Span) -> Self {
        let mut calendar = Self { offset, demand_mean: 1.0 };
        let quarters = WEEK_HOURS * 4;
        let sum: f64 = (0..quarters).map(|quarter| calendar.demand_at_hour(quarter as f64 / 4.0)).sum();
        calendar.demand_mean = sum / quarters as f64;
        calendar
    }

    /// The rate of contacts at this instant, relative to the mean of the week.
    pub(super) fn demand(&self, at: EventTime) -> f64 {
        self.demand_at_hour(hour_of_week(at, self.offset)) / self.demand_mean
    }

    /// The rate at the busiest instant of an average weekday, relative to the mean of the week.
    pub(super) fn peak(&self) -> f64 {
        1.0 / self.demand_mean
    }

    /// Whether chat and telephone are staffed.
    pub(super) fn is_open(&self, at: EventTime) -> bool {
        let hour = hour_of_week(at, self.offset);
        let of_day = hour % 24.0;
        if hour < 120.0 { (8.0..20.0).contains(&of_day) } else { (9.0..17.0).contains(&of_day) }
    }

    /// Whether the daily wave of the relationship survey is sent: on weekday mornings.
    pub(super) fn is_survey_wave(&self, at: EventTime) -> bool {
        let hour = hour_of_week(at, self.offset);
        hour < 120.0 && (9.0..12.0).contains(&(hour % 24.0))
    }

    /// The first instant after this one at which the office clock shows this time of day.
    pub(super) fn next_time_of_day(&self, after: EventTime, of_day: Span) -> EventTime {
        let day = Span::days(1).0;
        let since = (monday_based(after, self.offset) as i64 - of_day.0).rem_euclid(day);
        after + Span(day - since)
    }

    fn demand_at_hour(&self, hour_of_week: f64) -> f64 {
        let at = |hour: usize| {
            let hour = hour % WEEK_HOURS;
            let day = hour / 24;
            let table = if day < 5 { &WEEKDAY_DEMAND } else { &WEEKEND_DEMAND };
            table[hour % 24] * DAY_FACTOR[day]
        };
        let hour = hour_of_week as usize;
        let part = hour_of_week - hour as f64;
        at(hour) * (1.0 - part) + at(hour + 1) * part
    }
}

impl Shift {
    /// The agents who answer tickets.
    pub(super) fn desk(offset: Span) -> Self {
        Self::new(offset, |day, hour| if day < 5 { WEEKDAY_DESK[hour] } else { WEEKEND_DESK[hour] })
    }

    /// The agents who answer chats and calls: staffed for the demand, with a reserve.
    pub(super) fn live(offset: Span) -> Self {
        Self::new(offset, |day, hour| {
            let table = if day < 5 { &WEEKDAY_DEMAND } else { &WEEKEND_DEMAND };
            table[hour].max(table[(hour + 1) % 24]) * 1.12 + 0.1
        })
    }

    /// The work done from the Monday of the epoch's week to this instant, in staffed milliseconds.
    pub(super) fn worked_by(&self, at: EventTime) -> f64 {
        let week_ms = HOUR_MS * WEEK_HOURS as f64;
        let office = monday_based(at, self.offset);
        let week = (office / week_ms).floor();
        let hours = (office - week * week_ms) / HOUR_MS;
        let hour = (hours as usize).min(WEEK_HOURS - 1);
        (week * self.before[WEEK_HOURS] + self.before[hour] + (hours - hour as f64) * self.hourly[hour]) * HOUR_MS
    }

    /// The instant at which this much work is done: the inverse of [`Self::worked_by`].
    pub(super) fn when_worked(&self, worked_ms: f64) -> EventTime {
        let total = self.before[WEEK_HOURS];
        let worked = worked_ms / HOUR_MS;
        let week = (worked / total).floor();
        let rest = worked - week * total;
        let hour = self.before.partition_point(|&before| before <= rest).clamp(1, WEEK_HOURS) - 1;
        let hours = week * WEEK_HOURS as f64 + hour as f64 + (rest - self.before[hour]) / self.hourly[hour];
        EventTime((hours * HOUR_MS).round() as i64) - self.offset - Span::days(3)
    }

    fn new(offset: Span, staff: impl Fn(usize, usize) -> f64) -> Self {
        let hourly: [f64; WEEK_HOURS] = std::array::from_fn(|hour| staff(hour / 24, hour % 24));
        let mut before = [0.0; WEEK_HOURS + 1];
        for hour in 0..WEEK_HOURS {
            before[hour + 1] = before[hour] + hourly[hour];
        }
        Self { offset, hourly, before }
    }
}

/// The smallest offset, positive or negative, with which `at` is this hour of the office's week (Monday 00:00 is 0).
pub(super) fn offset_for(at: EventTime, hour_of_week_wanted: f64) -> Span {
    let week_ms = (HOUR_MS as i64) * WEEK_HOURS as i64;
    let wanted = (hour_of_week_wanted * HOUR_MS) as i64;
    let forward = (wanted - monday_based(at, Span(0)) as i64).rem_euclid(week_ms);
    Span(if forward > week_ms / 2 { forward - week_ms } else { forward })
}

/// Milliseconds of office time since Monday, 1969-12-29, 00:00; 1970-01-01 was a Thursday.
fn monday_based(at: EventTime, offset: Span) -> f64 {
    (at + offset + Span::days(3)).0 as f64
}

fn hour_of_week(at: EventTime, offset: Span) -> f64 {
    (monday_based(at, offset) / HOUR_MS).rem_euclid(WEEK_HOURS as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_time_and_its_inverse_agree() {
        let shift = Shift::desk(Span::hours(5));
        for hour in 0..400 {
            let at = EventTime(1_772_451_600_000) + Span(hour * 3_600_000 + 1_234_567);
            let back = shift.when_worked(shift.worked_by(at));
            assert!((back - at).0.abs() <= 1_000, "{at} became {back}");
        }
    }

    #[test]
    fn office_clock_makes_any_instant_the_wanted_hour() {
        let at = EventTime(1_772_451_612_345);
        let offset = offset_for(at, 34.25);
        assert!((hour_of_week(at, offset) - 34.25).abs() < 1e-3);
        assert!(offset.0.abs() <= Span::hours(84).0);
    }

    #[test]
    fn the_next_time_of_day_is_within_a_day_and_never_now() {
        let calendar = Calendar::new(Span::hours(3));
        let two = calendar.next_time_of_day(EventTime(1_772_532_000_123), Span::hours(2));
        // 2026-03-03, 23:00 UTC.
        assert_eq!(two, EventTime(1_772_578_800_000));
        assert_eq!(calendar.next_time_of_day(two, Span::hours(2)), two + Span::days(1));
        assert_eq!(calendar.next_time_of_day(two - Span(1), Span::hours(2)), two);
    }

    #[test]
    fn tuesday_morning_is_busy_and_sunday_night_is_not() {
        let tuesday = EventTime(1_772_532_000_000);
        let calendar = Calendar::new(Span(0));
        assert!(calendar.demand(tuesday) > 3.0, "{}", calendar.demand(tuesday));
        assert!(calendar.demand(tuesday - Span::hours(34)) < 0.3);
        assert!(calendar.is_open(tuesday) && !calendar.is_open(tuesday - Span::hours(6)));
    }
}
