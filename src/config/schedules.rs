//! `[schedules.<name>]` and `[[schedule_rules]]`: business hours as open intervals of instants, and the contacts to which they apply.
//!
//! The only place that uses the time zone database. Does not know which clock runs in business hours.

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::dimension_rules::{check_reached, conditions};
use super::place::KeyPlace;
use super::problem::{Complaint, ProblemKind, complaint};
use super::section::Section;
use super::spelling_hints::{listed, nearest, suggestion_below_list};
use super::value::{length_within, shown};
use crate::engine::{BusinessHours, Rule, Ruled};
use crate::event::DimensionSettings;
use crate::time::EventTime;

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const INTERVALS_MAX: usize = 24;
const HOLIDAYS_MAX: usize = 2_000;
const SCHEDULES_MAX: usize = 100;
const DAY_MS: i64 = 86_400_000;
/// Events can happen in the years 2000 to 2100. The intervals reach one year further, for the clocks that the last events start.
const FIRST_MS: i64 = 946_684_800_000 - DAY_MS;
const LAST_MS: i64 = 4_133_980_800_000 + 365 * DAY_MS;

/// The open times of a day: beginning and end in milliseconds after midnight.
type Hours = Vec<(i64, i64)>;

/// Reads the schedules, and the rules that give them to contacts.
pub(super) fn resolve(root: &mut Section<'_>, dimensions: &[DimensionSettings]) -> (Vec<BusinessHours>, Ruled<usize>) {
    let mut section = root.section("schedules");
    let mut schedules: Vec<(BusinessHours, KeyPlace)> = Vec::new();
    for (name, place, node) in section.take_entries() {
        let schedule = read(&name, Section::new(node, place.path.clone(), section.report));
        schedules.push((schedule, place));
    }
    if let Err(complaint) = length_within(&schedules, 0, SCHEDULES_MAX) {
        section.report.add(section.place(), complaint);
    }
    let (rules, named) = rules(root, &schedules, dimensions);
    for (_, (schedule, place)) in schedules.iter().enumerate().filter(|(at, _)| !named.contains(at)) {
        let what = "no rule names this schedule, so nothing is counted in its hours";
        let hint =
            format!("add `[[schedule_rules]]` with `schedule = \"{}\"`; without `where` it holds for every contact", schedule.name());
        root.report.add(place, complaint(ProblemKind::ScheduleUnused, what, hint));
    }
    (schedules.into_iter().map(|(schedule, _)| schedule).collect(), rules)
}

fn rules(
    root: &mut Section<'_>,
    schedules: &[(BusinessHours, KeyPlace)],
    dimensions: &[DimensionSettings],
) -> (Ruled<usize>, BTreeSet<usize>) {
    let (mut rules, mut named) = (Vec::new(), BTreeSet::new());
    for mut section in root.tables("schedule_rules", "").unwrap_or_default() {
        let name: Option<String> = section.required("schedule", "name the schedule: `schedule = \"office\"`");
        let conditions = conditions(&mut section, dimensions);
        check_reached(&rules, &conditions, section.place(), section.report);
        let at = name.as_ref().and_then(|name| schedules.iter().position(|(s, _)| s.name() == name));
        match (at, name) {
            (Some(value), _) => {
                named.insert(value);
                rules.push(Rule { conditions, value });
            }
            (None, Some(name)) => {
                let known: Vec<&str> = schedules.iter().map(|(s, _)| s.name()).collect();
                section.complain("schedule", unknown_schedule(&name, &known));
            }
            (None, None) => {}
        }
        section.finish();
    }
    (Ruled { rules }, named)
}

fn unknown_schedule(name: &str, known: &[&str]) -> Complaint {
    let allowed = if known.is_empty() { "none is there".to_owned() } else { format!("allowed are {}", listed(known)) };
    let what = format!("`{}` is no schedule; {allowed}", shown(name));
    let hint = if known.is_empty() { format!("declare it: `[schedules.{}]`", shown(name)) } else { suggestion_below_list(name, known) };
    complaint(ProblemKind::UnknownSchedule, what, hint)
}

fn read(name: &str, mut section: Section<'_>) -> BusinessHours {
    let zone = section.required::<String>("zone", "say whose clock it is: `zone = \"Europe/Berlin\"`");
    let zone = zone.and_then(|name| zone_named(&name).map_err(|c| section.complain("zone", c)).ok());
    let complaints_before = section.report.count();
    let week = WEEKDAYS.map(|day| hours(&mut section, day));
    if week.iter().all(Vec::is_empty) && section.report.count() == complaints_before {
        let what = "not open on any weekday";
        section.report.add(section.place(), complaint(ProblemKind::NeverOpen, what, "write such as `monday = [\"09:00-17:00\"]`"));
    }
    let holidays = holidays(&mut section);
    section.finish();
    BusinessHours::new(name, zone.map(|zone| open_times(&zone, &week, &holidays)).unwrap_or_default())
}

fn zone_named(name: &str) -> Result<TimeZone, Complaint> {
    TimeZone::get(name).map_err(|_| {
        let known: Vec<String> = jiff::tz::db().available().map(|zone| zone.to_string()).filter(|zone| zone.contains('/')).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let hint = match nearest(name, &known) {
            Some(known) => format!("did you mean `{known}`?"),
            None => "write its name in the IANA database, such as `Europe/Berlin`, `America/New_York` or `UTC`".into(),
        };
        complaint(ProblemKind::UnknownZone, format!("`{}` is no time zone of the IANA database", shown(name)), hint)
    })
}

/// The open times of a weekday, ascending. Without the key the day is closed.
fn hours(section: &mut Section<'_>, day: &'static str) -> Hours {
    let texts = section.checked(day, Vec::new(), |list: &Vec<String>| length_within(list, 0, INTERVALS_MAX));
    let place = section.place_of(day);
    let mut hours: Vec<(i64, i64, usize)> = Vec::new();
    for (i, text) in texts.iter().enumerate() {
        match interval(text) {
            Some((from, to)) => hours.push((from, to, i)),
            None => {
                let what = format!("`{}` are no hours; allowed is `HH:MM-HH:MM` within one day, the end later than the start", shown(text));
                let hint = "write such as `09:00-12:30` or `13:00-24:00`; hours past midnight are two, one on each day";
                section.report.add(&place.entry(i), complaint(ProblemKind::BadHours, what, hint));
            }
        }
    }
    hours.sort_unstable();
    for pair in hours.windows(2).filter(|pair| pair[1].0 < pair[0].1) {
        let what = format!("`{}` overlaps `{}`", texts[pair[1].2], texts[pair[0].2]);
        section.report.add(&place, complaint(ProblemKind::HoursOverlap, what, "write the hours of a day apart from each other"));
    }
    hours.into_iter().map(|(from, to, _)| (from, to)).collect()
}

/// Reads `09:00-17:30`; `24:00` is the end of the day.
fn interval(text: &str) -> Option<(i64, i64)> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (time_of_day(from.trim())?, time_of_day(to.trim())?);
    (from < to).then_some((from, to))
}

fn time_of_day(text: &str) -> Option<i64> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| (text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten();
    let (hour, minute): (i64, i64) = (number(hour)?, number(minute)?);
    let ms = (hour * 60 + minute) * 60_000;
    (minute < 60 && ms <= DAY_MS).then_some(ms)
}

/// The closed days, each as the number of days since 1970-01-01.
fn holidays(section: &mut Section<'_>) -> BTreeSet<i64> {
    let texts = section.checked("holidays", Vec::new(), |list: &Vec<String>| length_within(list, 0, HOLIDAYS_MAX));
    let place = section.place_of("holidays");
    let mut holidays = BTreeSet::new();
    for (i, text) in texts.iter().enumerate() {
        let problem = match day_number(text) {
            Some(day) if holidays.insert(day) => continue,
            Some(_) => complaint(ProblemKind::Duplicate, format!("`{text}` stands here twice"), "remove one of the two"),
            None => complaint(
                ProblemKind::BadDate,
                format!("`{}` is no date; allowed is year-month-day", shown(text)),
                "write such as `\"2026-12-25\"`, in quotes",
            ),
        };
        section.report.add(&place.entry(i), problem);
    }
    holidays
}

fn day_number(text: &str) -> Option<i64> {
    let date: Date = text.parse().ok().filter(|_| text.len() == 10)?;
    Some(date.duration_since(Date::constant(1970, 1, 1)).as_hours() / 24)
}

/// Every instant whose local day is not a holiday and whose local time is within the open times of its weekday.
///
/// Between two changes of the zone's clock, local time differs from UTC by one offset. So hours that a change skips or repeats need no
/// special case.
fn open_times(zone: &TimeZone, week: &[Hours; 7], holidays: &BTreeSet<i64>) -> Vec<Range<EventTime>> {
    let instant = |ms| Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX);
    let changes = zone.following(instant(FIRST_MS)).map(|change| change.timestamp().as_millisecond());
    let mut open = Vec::new();
    let mut start = FIRST_MS;
    for end in changes.take_while(|at| *at < LAST_MS).chain([LAST_MS]) {
        let offset = i64::from(zone.to_offset(instant(start)).seconds()) * 1_000;
        let local_days = (start + offset).div_euclid(DAY_MS)..=(end - 1 + offset).div_euclid(DAY_MS);
        for day in local_days.filter(|day| !holidays.contains(day)) {
            // 1970-01-01 was a Thursday.
            for (from, to) in &week[(day + 3).rem_euclid(7) as usize] {
                let midnight = day * DAY_MS - offset;
                let (from, to) = ((midnight + from).max(start), (midnight + to).min(end));
                if from < to {
                    open.push(EventTime(from)..EventTime(to));
                }
            }
        }
        start = end;
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_lie_within_one_day() {
        assert_eq!(interval("09:00-17:30"), Some((32_400_000, 63_000_000)));
        assert_eq!(interval("00:00 - 24:00"), Some((0, DAY_MS)));
        for text in
            ["", "9:00-17:00", "09:00", "17:00-09:00", "09:00-09:00", "09:60-10:00", "23:00-24:01", "+9:00-10:00", "09:00-10:00-11:00"]
        {
            assert_eq!(interval(text), None, "{text}");
        }
    }

    #[test]
    fn dates_are_days_of_the_calendar() {
        assert_eq!((day_number("1970-01-02"), day_number("2024-02-29")), (Some(1), Some(19_782)));
        for text in ["", "2026-02-29", "2026-1-1", "25.12.2026", "2026-12-25T00:00"] {
            assert_eq!(day_number(text), None, "{text}");
        }
    }
}
