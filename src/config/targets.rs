//! `[targets]`: the target of each metric, with overrides by dimension values.
//!
//! Does not know whether a target was met.

use super::dimension_rules::{check_of_customer, check_reached, conditions};
use super::duration::within;
use super::place::KeyPlace;
use super::problem::{ProblemKind, complaint};
use super::section::Section;
use super::value::{chosen, real_within};
use crate::engine::{BusinessHours, DurationBounds, Rule, Ruled, TargetSettings, TimeTarget};
use crate::event::DimensionSettings;
use crate::time::Span;

/// The required share of a time target that names none.
const SHARE: f64 = 0.9;
const CLOCKS: [(&str, bool); 2] = [("business", true), ("calendar", false)];

/// Reads `[targets]` and puts the schedules beside it.
pub(super) fn resolve(
    mut section: Section<'_>,
    (schedules, schedule_rules): (Vec<BusinessHours>, Ruled<usize>),
    dimensions: &[DimensionSettings],
) -> TargetSettings {
    let has_schedules = schedule_rules.is_configured();
    let mut time = |key| time_target(&mut section, key, dimensions, has_schedules);
    let (first_response, resolution, chat_wait) = (time("first_response"), time("resolution"), time("chat_wait"));
    let mut value = |key, min, max| value_target(&mut section, key, min, max, dimensions);
    let settings = TargetSettings {
        schedules,
        schedule_rules,
        first_response,
        resolution,
        chat_wait,
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
    for (bounds, target) in [
        (&mut bounds.response, &targets.first_response),
        (&mut bounds.resolution, &targets.resolution),
        (&mut bounds.chat, &targets.chat_wait),
    ] {
        bounds.extend(target.rules.iter().map(|rule| rule.value.within));
        bounds.sort_unstable();
        bounds.dedup();
    }
}

fn time_target(targets: &mut Section<'_>, key: &'static str, dimensions: &[DimensionSettings], has_schedules: bool) -> Ruled<TimeTarget> {
    let is_there = targets.has(key);
    let mut section = targets.section(key);
    if !is_there {
        return Ruled::default();
    }
    let given: Option<Span> = section.required("within", "say how long it may take: `within = \"4h\"`");
    let mut default = TimeTarget { within: Span::hours(1), share: SHARE, is_business: true };
    if let Some(given) = given {
        match bounds()(&given) {
            Ok(()) => default.within = given,
            Err(complaint) => section.complain("within", complaint),
        }
    }
    default = rest_of(&mut section, default, has_schedules);
    overridden(&mut section, default, dimensions, |section, default| {
        let within = section.checked("within", default.within, bounds());
        rest_of(section, TimeTarget { within, ..default }, has_schedules)
    })
    .0
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
