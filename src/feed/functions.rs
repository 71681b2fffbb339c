//! The functions that a program may call: those of jq that depend on nothing but their input, and the stage's own.
//!
//! Does not know programs. What a run counts and reads is in [`Run`].

use std::cell::{Cell, RefCell};

use jaq_core::box_iter::box_once;
use jaq_core::data::HasLut;
use jaq_core::native::{Filter, Fun, bome, run, v};
use jaq_core::{DataT, Error, Exn, Lut, Native, RunPtr};
use jaq_json::Val;
use jaq_std::ValT as _;
use sha2::{Digest, Sha256};

use super::constants::Constants;
use super::hexadecimal::hexadecimal;
use super::quick_functions::{REPLACED_DEFINITIONS, empty, get, present, quick};
use super::steps::STEP;
use super::tables::Tables;

/// The most steps of one payload. Each may be one level of recursion, for which the stack must suffice.
const STEPS_MAX: u32 = 50_000;
/// The time is asked for once in so many steps.
const STEPS_PER_LOOK: u32 = 64;
/// The most values without a meaning that one payload may report.
const UNKNOWN_MAX: usize = 64;
/// The longest reported value, in characters.
const UNKNOWN_CHARACTERS_MAX: usize = 40;

/// The exit code with which a run out of time is halted. No program can catch it.
pub(super) const OUT_OF_TIME: i32 = 1;

/// The functions of jq that are taken away, because they read or change something beside their input.
const REMOVED: [&str; 8] = ["env", "now", "halt", "debug_empty", "stderr_empty", "localtime", "strflocaltime", "range"];
/// The definitions of jq that need a function that is taken away.
const REMOVED_DEFINITIONS: [&str; 4] = ["stderr", "debug", "halt", "halt_error"];

/// Whether a definition of jq or of the prelude is left out: it needs a function that is taken away, or there is a native function in its place.
pub(super) fn is_left_out(definition: &str) -> bool {
    REMOVED_DEFINITIONS.contains(&definition) || REPLACED_DEFINITIONS.contains(&definition)
}

/// What one run of a program reads and counts.
pub(super) struct Run<'a> {
    pub(super) lut: &'a Lut<FeedData>,
    pub(super) tables: &'a Tables,
    pub(super) constants: &'a Constants,
    /// Whether the time of the payload is over.
    pub(super) is_over: &'a dyn Fn() -> bool,
    pub(super) steps: Cell<u32>,
    /// The line of the latest step.
    pub(super) line: Cell<u32>,
    /// Values without a meaning, each with the name under which it is counted.
    pub(super) unknown: RefCell<Vec<(String, String)>>,
}

impl Run<'_> {
    /// Counts a step at a line, 0 for no line of the program. False ends the run.
    fn step(&self, line: &Val) -> bool {
        if let Some(line) = line.as_isize().and_then(|line| u32::try_from(line).ok()).filter(|line| *line > 0) {
            self.line.set(line);
        }
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        steps < STEPS_MAX && !(steps.is_multiple_of(STEPS_PER_LOOK) && (self.is_over)())
    }

    pub(super) fn report_unknown(&self, name: &Val, value: &Val) {
        let mut unknown = self.unknown.borrow_mut();
        if unknown.len() < UNKNOWN_MAX {
            unknown.push((text_of(name), text_of(value).chars().take(UNKNOWN_CHARACTERS_MAX).collect()));
        }
    }
}

/// The kind of data on which programs of feeds run.
pub(super) struct FeedData;

impl DataT for FeedData {
    type V<'a> = Val;
    type Data<'a> = &'a Run<'a>;
}

impl<'a> HasLut<'a, FeedData> for &'a Run<'a> {
    fn lut(&self) -> &'a Lut<FeedData> {
        self.lut
    }
}

/// Every function of a feed.
pub(super) fn functions() -> impl Iterator<Item = Fun<FeedData>> {
    let of_jq = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let kept = of_jq.filter(|(name, ..)| !REMOVED.contains(name));
    let own = own().into_vec().into_iter().chain(quick().into_vec()).map(run::<FeedData>);
    kept.chain(own).chain([step(), empty(), present(), get()])
}

/// The step, which passes its input on, in a path and in an update too.
fn step() -> Fun<FeedData> {
    fn halted<'a, T: 'a>() -> jaq_core::box_iter::BoxIter<'a, Result<T, Exn<'a, Val>>> {
        box_once(Err(Exn::halt(OUT_OF_TIME)))
    }
    let native: Native<FeedData> = Native::new(|mut cv| {
        let line = cv.0.pop_var();
        if cv.0.data().step(&line) { box_once(Ok(cv.1)) } else { halted() }
    });
    let native = native.with_paths(|mut cv| {
        let line = cv.0.pop_var();
        if cv.0.data().step(&line) { box_once(Ok(cv.1)) } else { halted() }
    });
    let native = native.with_update(|mut cv, update| {
        let line = cv.0.pop_var();
        if cv.0.data().step(&line) { update(cv.1) } else { halted() }
    });
    (STEP, v(1), native)
}

fn own() -> Box<[Filter<RunPtr<FeedData>>]> {
    Box::new([
        ("digest", v(0), |cv| bome(Ok(Val::utf8_str(digest_of(&cv.1.to_string()))))),
        ("lookup", v(1), |mut cv| {
            let table = text_of(&cv.0.pop_var());
            let found = cv.0.data().tables.get(&table, &text_of(&cv.1));
            bome(Ok(found.map_or(Val::Null, |text| Val::from(text.to_owned()))))
        }),
        ("unknown", v(1), |mut cv| {
            let name = cv.0.pop_var();
            cv.0.data().report_unknown(&name, &cv.1);
            bome(Ok(Val::Null))
        }),
        ("epoch", v(1), |mut cv| {
            let unit = text_of(&cv.0.pop_var());
            bome(epoch(cv.1, &unit))
        }),
        ("zoned", v(1), |mut cv| {
            let zone = text_of(&cv.0.pop_var());
            bome(zoned(cv.1, &zone))
        }),
        // As jq's own, with a step for each number.
        ("range", v(3), |mut cv| {
            let (by, to, mut next) = (cv.0.pop_var(), cv.0.pop_var(), Some(cv.0.pop_var()));
            let upwards = by > Val::from(0_isize);
            Box::new(std::iter::from_fn(move || {
                let number = next.take()?;
                let is_within = if upwards { number < to } else { by < Val::from(0_isize) && number > to };
                if !is_within {
                    return None;
                }
                if !cv.0.data().step(&Val::Null) {
                    return Some(Err(Exn::halt(OUT_OF_TIME)));
                }
                match number.clone() + by.clone() {
                    Ok(following) => next = Some(following),
                    Err(error) => return Some(Err(error.into())),
                }
                Some(Ok(number))
            }))
        }),
    ])
}

/// A value as a text: a text itself, everything else as JSON.
pub(super) fn text_of(value: &Val) -> String {
    match value.as_utf8_bytes() {
        Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        None => value.to_string(),
    }
}

/// The first half of the SHA-256 of a text, as 32 hexadecimal digits.
fn digest_of(text: &str) -> String {
    hexadecimal(&Sha256::digest(text.as_bytes())[..16])
}

/// A number of units since 1970 as RFC 3339; null stays null.
fn epoch(value: Val, unit: &str) -> Result<Val, Error<Val>> {
    if matches!(value, Val::Null) {
        return Ok(value);
    }
    let unit_ns: i128 = match unit {
        "s" => 1_000_000_000,
        "ms" => 1_000_000,
        "us" => 1_000,
        "ns" => 1,
        _ => return Err(Error::str("epoch: the unit is `s`, `ms`, `us` or `ns`")),
    };
    let text = text_of(&value);
    let ns = match text.parse::<i128>() {
        Ok(whole) => whole.checked_mul(unit_ns),
        // Rounded to whole microseconds, because a fraction of a double has no more.
        Err(_) => text.parse::<f64>().ok().filter(|x| x.is_finite()).map(|x| (x * (unit_ns as f64 / 1e3)).round() as i128 * 1_000),
    };
    let timestamp = ns.and_then(|ns| jiff::Timestamp::from_nanosecond(ns).ok());
    timestamp.map(|at| Val::from(at.to_string())).ok_or_else(|| Error::str(format!("epoch: not a number of {unit} since 1970")))
}

/// A local time without an offset as RFC 3339 in UTC; one with an offset is only normalised, and null stays null.
fn zoned(value: Val, zone: &str) -> Result<Val, Error<Val>> {
    if matches!(value, Val::Null) {
        return Ok(value);
    }
    let text = text_of(&value);
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Ok(Val::from(timestamp.to_string()));
    }
    let zone = jiff::tz::TimeZone::get(zone).map_err(|_| Error::str("zoned: not a zone of the IANA database, such as `Europe/Berlin`"))?;
    let local = text.parse::<jiff::civil::DateTime>().ok().and_then(|local| local.to_zoned(zone).ok());
    local.map(|at| Val::from(at.timestamp().to_string())).ok_or_else(|| Error::str("zoned: not a date and a time"))
}
