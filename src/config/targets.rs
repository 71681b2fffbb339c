//! `[targets]`: the target of each metric, with overrides by dimension values.
//!
//! Does not know whether a target was met.

use super::duration::within;
use super::place::KeyPlace;
use super::problem::{ProblemKind, complaint};
use super::section::Section;
use super::spelled_lengths::spelled_lengths;
use super::value::{chosen, real_within};
use super::where_conditions::{check_of_customer, check_reached, conditions};
use crate::engine::{BusinessHours, DurationBounds, Rule, Ruled, TargetPauses, TargetSettings, TimeTarget};
use crate::event::{DimensionSettings, Status};
use crate::time::Span;

/// The required share of a time target that names none.
const SHARE: f64 = 0.9;
/// How far ahead tickets are due soon where the configuration does not say it.
const DUE_WITHIN: [&str; 3] = ["15m", "1h", "4h"];
const DUE_WITHIN_MAX: usize = 8;
/// The statuses in which a clock can stand still.
const PAUSES: [(&str, Status); 4] =
    [("new", Status::New), ("open", Status::Open), ("pending", Status::Pending), ("on_hold", Status::OnHold)];
const CLOCKS: [(&str, bool); 2] = [("business", true), ("calendar", false)];

/// Reads `[targets]` and puts the schedules beside it.
pub(super) fn resolve(
    mut section: Section<'_>,
    (schedules, schedule_rules): (Vec<BusinessHours>, Ruled<usize>),
    dimensions: &[DimensionSettings],
) -> TargetSettings {
    let has_schedules = schedule_rules.is_configured();
    let mut time = |key| time_target(&mut section, key, dimensions, has_schedules);
    let (first_response, resolution) = (time("first_response"), time("resolution"));
    let (next_response, chat_wait) = (time("next_response"), time("chat_wait"));
    let due_within = spelled_lengths(&mut section, "due_within", &DUE_WITHIN, DUE_WITHIN_MAX, bounds);
    let mut value = |key, min, max| value_target(&mut section, key, min, max, dimensions);
    let settings = TargetSettings {
        schedules,
        schedule_rules,
        pauses: TargetPauses { first_response: first_response.1, next_response: next_response.1, resolution: resolution.1 },
        first_response: first_response.0,
        next_response: next_response.0,
        resolution: resolution.0,
        chat_wait: chat_wait.0,
        due_within,
        csat: value("csat", 0.0, 1.0),
        nps_service: value("nps_service", -100.0, 100.0),
        nps_experience: value("nps_experience", -100.0, 100.0),
        ces: value("ces", 1.0, 5.0),
        churn: value("churn", 0.0, 1.0),
    };
    section.finish();
    settings
}

/// Makes each time target a bucket bound of its histogram, so that the histogram also shows the share that met the target.
pub(super) fn add_bounds(bounds: &mut DurationBounds, targets: &TargetSettings) {
    let TargetSettings { first_response, next_response, resolution, chat_wait, .. } = targets;
    for (bounds, targets) in [
        (&mut bounds.response, &[first_response, next_response][..]),
        (&mut bounds.resolution, &[resolution]),
        (&mut bounds.chat, &[chat_wait]),
    ] {
        bounds.extend(targets.iter().flat_map(|target| &target.rules).map(|rule| rule.value.within));
        bounds.sort_unstable();
        bounds.dedup();
    }
}

/// Reads a time target and the statuses in which its clock stands still. A chat has no status, so its wait has no pauses.
fn time_target(
    targets: &mut Section<'_>,
    key: &'static str,
    dimensions: &[DimensionSettings],
    has_schedules: bool,
) -> (Ruled<TimeTarget>, Vec<Status>) {
    let is_there = targets.has(key);
    let mut section = targets.section(key);
    if !is_there {
        return (Ruled::default(), Vec::new());
    }
    let pauses = if key == "chat_wait" { Vec::new() } else { pauses(&mut section) };
    let given: Option<Span> = section.required("within", "say how long it may take: `within = \"4h\"`");
    let mut default = TimeTarget { within: Span::hours(1), share: SHARE, is_business: true };
    if let Some(given) = given {
        match bounds()(&given) {
            Ok(()) => default.within = given,
            Err(complaint) => section.complain("within", complaint),
        }
    }
    default = rest_of(&mut section, default, has_schedules);
    let (ruled, _) = overridden(&mut section, default, dimensions, |section, default| {
        let within = section.checked("within", default.within, bounds());
        rest_of(section, TimeTarget { within, ..default }, has_schedules)
    });
    section.finish();
    (ruled, pauses)
}

fn pauses(section: &mut Section<'_>) -> Vec<Status> {
    let mut statuses = Vec::new();
    for word in section.or::<Vec<String>>("pauses", Vec::new()) {
        match chosen(&word, &PAUSES) {
            Ok(status) if statuses.contains(&status) => {
                let what = format!("`{word}` stands here twice");
                section.complain("pauses", complaint(ProblemKind::Duplicate, what, "remove one of the two"));
            }
            Ok(status) => statuses.push(status),
            Err(complaint) => section.complain("pauses", complaint),
        }
    }
    statuses
}

fn bounds() -> impl FnOnce(&Span) -> Result<(), super::problem::Complaint> {
    within(Span::seconds(1), Span::days(400))
}

/// Reads the share and the clock of a time target.
fn rest_of(section: &mut Section<'_>, default: TimeTarget, has_schedules: bool) -> TimeTarget {
    let share = section.checked("share", default.share, real_within(0.0, 1.0));
    let word = section.value::<String>("clock");
    let clock = word.and_then(|word| chosen(&word, &CLOCKS).map_err(|c| section.complain("clock", c)).ok());
    if clock == Some(true) && !has_schedules {
        let what = "`business` has no hours to count in, because no rule gives any contact a schedule";
        let hint = "add `[schedules.office]` and `[[schedule_rules]]` with `schedule = \"office\"`, or use `clock = \"calendar\"`";
        section.complain("clock", complaint(ProblemKind::ClockWithoutSchedule, what, hint));
    }
    TimeTarget { share, is_business: clock.unwrap_or(default.is_business), ..default }
}

fn value_target(targets: &mut Section<'_>, key: &'static str, min: f64, max: f64, dimensions: &[DimensionSettings]) -> Ruled<f64> {
    const HINT: &str = "say what is to be reached, such as `value = 0.9` for a share";
    let is_there = targets.has(key);
    let mut section = targets.section(key);
    if !is_there {
        return Ruled::default();
    }
    let value_of = move |section: &mut Section<'_>| {
        let value: f64 = section.required("value", HINT)?;
        real_within(min, max)(&value).map_err(|complaint| section.complain("value", complaint)).ok().map(|()| value)
    };
    let default = value_of(&mut section).unwrap_or(min);
    let (ruled, places) = overridden(&mut section, default, dimensions, |section, default| value_of(section).unwrap_or(default));
    section.finish();
    if key == "churn" {
        for (rule, place) in ruled.rules.iter().zip(&places) {
            check_of_customer(&rule.conditions, dimensions, place, targets.report);
        }
    }
    ruled
}

/// The overrides in their order, then the default for all other contacts; and the place of each override.
fn overridden<T: Copy>(
    section: &mut Section<'_>,
    default: T,
    dimensions: &[DimensionSettings],
    mut read: impl FnMut(&mut Section<'_>, T) -> T,
) -> (Ruled<T>, Vec<KeyPlace>) {
    let (mut rules, mut places) = (Vec::new(), Vec::new());
    for mut entry in section.tables("overrides", "").unwrap_or_default() {
        if !entry.has("where") {
            let hint = "say for whom: `where = { team = \"billing\" }`; for everyone else, the values beside `overrides` hold";
            entry.report.add(entry.place(), complaint(ProblemKind::MissingKey, "`where` is missing", hint));
        }
        let conditions = conditions(&mut entry, dimensions);
        check_reached(&rules, &conditions, entry.place(), entry.report);
        let value = read(&mut entry, default);
        places.push(entry.place().clone());
        entry.finish();
        rules.push(Rule { conditions, value });
    }
    rules.push(Rule { conditions: Vec::new(), value: default });
    (Ruled { rules }, places)
}
