//! Business time against a second implementation that asks for each minute whether the office is open.

use cxpulse::engine::BusinessHours;
use cxpulse::time::{EventTime, Span};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::desk::{HOUR, MINUTE, OFFICE, berlin, configured};

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Business hours as a test states them: minutes of the day, for each weekday from Monday.
#[derive(Clone, Debug)]
struct Hours {
    zone: &'static str,
    week: [Vec<(i64, i64)>; 7],
    holidays: Vec<String>,
}

impl Hours {
    fn schedule(&self) -> BusinessHours {
        let clock = |minute: &i64| format!("{:02}:{:02}", minute / 60, minute % 60);
        let mut text = format!("[schedules.s]\nzone = \"{}\"\nholidays = {:?}\n", self.zone, self.holidays);
        for (day, hours) in WEEKDAYS.iter().zip(&self.week) {
            let hours: Vec<String> = hours.iter().map(|(from, to)| format!("{}-{}", clock(from), clock(to))).collect();
            text += &format!("{day} = {hours:?}\n");
        }
        text += "[[schedule_rules]]\nschedule = \"s\"\n";
        configured(&text).engine.targets.schedules.remove(0)
    }

    /// The obvious definition: the local time is within the hours of its weekday, and the day is no holiday.
    fn is_open(&self, zone: &TimeZone, at: i64) -> bool {
        let local = Timestamp::from_millisecond(at).unwrap().to_zoned(zone.clone()).datetime();
        let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
        let weekday = local.weekday().to_monday_zero_offset() as usize;
        !self.holidays.contains(&local.date().to_string()) && self.week[weekday].iter().any(|(from, to)| (*from..*to).contains(&minute))
    }

    /// Business time, minute by minute.
    fn business_time(&self, from: i64, to: i64) -> i64 {
        let zone = TimeZone::get(self.zone).unwrap();
        let minutes = (from.div_euclid(MINUTE)..=to.div_euclid(MINUTE)).map(|minute| minute * MINUTE);
        let open = minutes.filter(|minute| self.is_open(&zone, *minute));
        open.map(|minute| ((minute + MINUTE).min(to) - minute.max(from)).max(0)).sum()
    }
}

/// Business hours with up to three intervals a day and some closed days, in zones whose clocks change by an hour, by half an hour, at midnight, or by a
/// whole day.
fn hours() -> impl Strategy<Value = Hours> {
    let zones = [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "America/St_Johns",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "America/Sao_Paulo",
        "Pacific/Apia",
        "Africa/Casablanca",
    ];
    let day = prop::collection::btree_set(0..=1_440_i64, 0..=6).prop_map(|edges| {
        let edges: Vec<i64> = edges.into_iter().collect();
        edges.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>()
    });
    let week = prop::collection::vec(day, 7).prop_filter("open some day", |week| week.iter().any(|day| !day.is_empty()));
    (prop::sample::select(zones.to_vec()), week).prop_map(|(zone, week)| Hours {
        zone,
        week: week.try_into().unwrap(),
        holidays: Vec::new(),
    })
}

/// Instants near the clock changes of some of the zones, and any other instants.
fn instant() -> impl Strategy<Value = i64> {
    let changes = [
        "2024-03-31T01:00:00Z", // Berlin, forward
        "2024-10-27T01:00:00Z", // Berlin, back
        "2025-03-09T07:00:00Z", // New York, forward
        "2024-04-06T15:00:00Z", // Lord Howe, back by half an hour
        "2011-12-30T10:00:00Z", // Apia, a whole day left out
        "2018-11-04T03:00:00Z", // Sao Paulo, forward at midnight
        "2099-03-29T01:00:00Z", // Berlin, by the rule and no longer by the table
    ];
    let near = prop::sample::select(changes.map(|at| at.parse::<Timestamp>().unwrap().as_millisecond()).to_vec());
    let near = (near, -3 * 24 * HOUR..3 * 24 * HOUR).prop_map(|(at, by)| at + by);
    prop_oneof![3 => near, 1 => 946_684_800_000..4_133_000_000_000_i64]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn business_time_is_the_sum_of_open_minutes(mut hours in hours(), from in instant(), length in 0..9 * 24 * HOUR, closed in prop::option::of(0..9_i64)) {
        if let Some(days) = closed {
            let holiday = Timestamp::from_millisecond(from + days * 24 * HOUR).unwrap().to_zoned(TimeZone::get(hours.zone).unwrap()).date();
            hours.holidays.push(holiday.to_string());
        }
        let schedule = hours.schedule();
        let wanted = hours.business_time(from, from + length);
        prop_assert_eq!(schedule.business_time(EventTime(from), EventTime(from + length)), Span(wanted));
        prop_assert_eq!(schedule.business_time(EventTime(from + length), EventTime(from)), Span(-wanted));
    }

    #[test]
    fn a_deadline_is_the_last_instant_at_which_no_more_than_the_target_has_passed(hours in hours(), start in instant(), target in 1..60 * HOUR) {
        let schedule = hours.schedule();
        let deadline = schedule.deadline(EventTime(start), Span(target)).unwrap();
        prop_assert!(deadline > EventTime(start));
        prop_assert_eq!(schedule.business_time(EventTime(start), deadline), Span(target));
        prop_assert_eq!(schedule.business_time(EventTime(start), EventTime(deadline.0 + 1)), Span(target + 1));
    }
}

fn office() -> BusinessHours {
    configured(&super::desk::open_office()).engine.targets.schedules.remove(0)
}

fn due(schedule: &BusinessHours, start: &str, target: Span) -> i64 {
    schedule.deadline(EventTime(berlin(start)), target).unwrap().0
}

#[test]
fn friday_half_past_four_and_an_hour_is_monday_half_past_nine() {
    assert_eq!(due(&office(), "2026-05-08T16:30", Span::hours(1)), berlin("2026-05-11T09:30"));
}

#[test]
fn four_hours_from_friday_four_are_over_on_monday_noon() {
    assert_eq!(due(&office(), "2026-05-08T16:00", Span::hours(4)), berlin("2026-05-11T12:00"));
}

#[test]
fn a_target_that_ends_with_the_day_is_due_at_the_next_opening() {
    assert_eq!(due(&office(), "2026-05-08T16:00", Span::hours(1)), berlin("2026-05-11T09:00"));
    assert_eq!(due(&office(), "2026-05-08T16:00", Span(3_600_000 - 1)), berlin("2026-05-08T17:00") - 1);
}

#[test]
fn what_comes_in_at_night_starts_in_the_morning() {
    assert_eq!(due(&office(), "2026-05-06T22:13", Span::hours(1)), berlin("2026-05-07T10:00"));
    let time = office().business_time(EventTime(berlin("2026-05-09T08:00")), EventTime(berlin("2026-05-10T20:00")));
    assert_eq!(time, Span(0), "a weekend");
}

#[test]
fn a_holiday_is_closed_however_the_week_is() {
    let text = format!("{OFFICE}holidays = [\"2026-12-25\"]\n[[schedule_rules]]\nschedule = \"office\"\n");
    let schedule = configured(&text).engine.targets.schedules.remove(0);
    assert_eq!(due(&schedule, "2026-12-24T16:30", Span::hours(1)), berlin("2026-12-28T09:30"), "Friday is Christmas");
}

#[test]
fn a_lunch_break_counts_for_nobody() {
    let hours = Hours { zone: "Europe/Berlin", week: std::array::from_fn(|_| vec![(540, 750), (780, 1020)]), holidays: Vec::new() };
    assert_eq!(due(&hours.schedule(), "2026-05-04T12:00", Span::hours(1)), berlin("2026-05-04T13:30"));
}

#[test]
fn days_on_which_the_clock_changes_are_shorter_and_longer() {
    let hours = Hours { zone: "Europe/Berlin", week: std::array::from_fn(|_| vec![(0, 1_440)]), holidays: Vec::new() };
    let schedule = hours.schedule();
    let day = |from: &str, to: &str| schedule.business_time(EventTime(berlin(from)), EventTime(berlin(to)));
    assert_eq!(day("2026-03-29T00:00", "2026-03-30T00:00"), Span::hours(23));
    assert_eq!(day("2026-10-25T00:00", "2026-10-26T00:00"), Span::hours(25));
    // The office is closed while the clocks change, so its days have their usual length.
    let time = office().business_time(EventTime(berlin("2026-03-27T09:00")), EventTime(berlin("2026-03-30T17:00")));
    assert_eq!(time, Span::hours(16));
}

#[test]
fn hours_within_the_hour_that_a_change_skips_or_repeats_are_what_the_clock_shows() {
    let hours = Hours { zone: "Europe/Berlin", week: std::array::from_fn(|_| vec![(120, 150)]), holidays: Vec::new() };
    let schedule = hours.schedule();
    let day = |from: &str, to: &str| schedule.business_time(EventTime(berlin(from)), EventTime(berlin(to)));
    assert_eq!(day("2026-03-29T00:00", "2026-03-30T00:00"), Span(0));
    assert_eq!(day("2026-10-25T00:00", "2026-10-26T00:00"), Span::hours(1));
}
