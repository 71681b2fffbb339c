//! One run of a program: what it reads, counts and reports, and when it is over.
//!
//! Does not know which functions there are.

use std::cell::{Cell, RefCell};

use jaq_core::data::HasLut;
use jaq_core::{DataT, Lut};
use jaq_json::Val;
use jaq_std::ValT as _;

use super::constants::Constants;
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
    pub(super) fn step(&self, line: &Val) -> bool {
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

/// A value as a text: a text itself, everything else as JSON.
pub(super) fn text_of(value: &Val) -> String {
    match value.as_utf8_bytes() {
        Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        None => value.to_string(),
    }
}
