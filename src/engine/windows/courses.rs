//! The courses of the windows: the overall sums of some measures in equal slices of each window, so that a page can show how a value came about, right
//! after a start as well as later.
//!
//! A slice is a whole number of the window's hops, and therefore of panes. What a pane adds to the totals it adds to its slice too. A slice is dropped
//! as soon as the window no longer holds all of it. Does not know groups: only overall sums have a course.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::accumulator::Accumulator;
use super::geometry::Starts;
use super::panes::PaneEntry;
use super::totals;
use crate::engine::terms::{Label, Measure, WindowSettings};
use crate::time::{EventTime, Span};

/// The most whole slices of a window.
const SLICES_MAX: i64 = 24;

/// What a course is of: a measure and its label.
pub(crate) type CourseKey = (Measure, Label);

/// The courses of all windows, shortest window first.
#[derive(Debug)]
pub(crate) struct Courses(Vec<Course>);

/// The course of one window.
#[derive(Debug)]
pub(crate) struct Course {
    /// The length of a slice.
    pub(crate) step: Span,
    /// The number of the first slice that lies wholly in the window.
    pub(crate) first: i64,
    slices: BTreeMap<i64, FxHashMap<CourseKey, Accumulator>>,
}

impl Courses {
    pub(crate) fn new(windows: &[WindowSettings], starts: &Starts) -> Self {
        let course = |window: &WindowSettings| {
            let hops = (window.range.0 - 1) / (SLICES_MAX * window.hop.0) + 1;
            Course { step: Span(hops * window.hop.0), first: 0, slices: BTreeMap::new() }
        };
        let mut courses = Self(windows.iter().map(course).collect());
        courses.advance_to(starts);
        courses
    }

    /// Drops the slices that the windows no longer hold.
    pub(crate) fn advance_to(&mut self, starts: &Starts) {
        for (course, start) in self.0.iter_mut().zip(starts) {
            // A slice that begins before the window does not lie wholly in it.
            course.first = (*start + Span(course.step.0 - 1)).slice(course.step);
            course.slices = course.slices.split_off(&course.first);
        }
    }

    /// Adds an entry of a pane (`sign` 1) or subtracts it (`sign` -1). The pane begins at `from` and serves the ring `ring`.
    pub(super) fn enter(&mut self, (ring, from): (usize, EventTime), key: CourseKey, entry: &PaneEntry<'_>, keeps_counts: bool, sign: i64) {
        for course in &mut self.0[ring..] {
            let slice = from.slice(course.step);
            if slice < course.first {
                continue;
            }
            let sums = course.slices.entry(slice).or_default();
            let sum = sums.entry(key).or_insert_with(|| totals::zero_of(entry, keeps_counts));
            totals::enter(sum, entry, sign);
            if sum.is_zero() {
                sums.remove(&key);
            }
        }
    }

    /// Adds the courses of another engine, whose windows are at the same instant.
    pub(crate) fn add(&mut self, other: &Self) {
        for (course, other) in self.0.iter_mut().zip(&other.0) {
            for (slice, sums) in other.slices.range(course.first..) {
                let into = course.slices.entry(*slice).or_default();
                for (key, sum) in sums {
                    into.entry(*key).or_insert_with(|| sum.zero()).merge(sum, 1);
                }
            }
        }
    }

    /// The courses, shortest window first.
    pub(crate) fn all(&self) -> &[Course] {
        &self.0
    }
}

impl Course {
    /// The sums in one slice.
    pub(crate) fn sum(&self, slice: i64, key: CourseKey) -> Option<&Accumulator> {
        self.slices.get(&slice)?.get(&key)
    }

    /// What the course has sums of, in order.
    pub(crate) fn keys(&self) -> Vec<CourseKey> {
        let mut keys: Vec<CourseKey> = self.slices.values().flat_map(|sums| sums.keys().copied()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::windows::geometry::Geometry;

    const KEY: CourseKey = (Measure::TicketsResolved, Label(0));

    fn courses(now: EventTime) -> (Courses, Geometry) {
        let window = |range, hop| WindowSettings { name: String::new(), range, hop };
        let windows = [window(Span::hours(1), Span::minutes(1)), window(Span::hours(24), Span::minutes(15))];
        let geometry = Geometry::new(&windows);
        (Courses::new(&windows, &geometry.starts(now)), geometry)
    }

    fn count(courses: &Courses, window: usize, slice: i64) -> Option<i64> {
        match courses.all()[window].sum(slice, KEY) {
            Some(Accumulator::Count(n)) => Some(*n),
            _ => None,
        }
    }

    #[test]
    fn a_pane_counts_in_the_slice_of_each_window_that_holds_it_wholly() {
        let now = EventTime(0) + Span::hours(100);
        let (mut courses, _) = courses(now);
        assert_eq!(courses.all().iter().map(|course| course.step).collect::<Vec<_>>(), [Span::minutes(3), Span::hours(1)]);
        let enter = |courses: &mut Courses, ring, from, sign| courses.enter((ring, from), KEY, &PaneEntry::Count(0, 5), true, sign);
        enter(&mut courses, 0, now - Span::minutes(10), 1);
        enter(&mut courses, 1, now - Span::hours(5), 1);
        // The window of a day began within this hour.
        enter(&mut courses, 1, now - Span::hours(24), 1);
        assert_eq!((count(&courses, 0, (now - Span::minutes(10)).slice(Span::minutes(3))), count(&courses, 1, 99)), (Some(5), Some(5)));
        assert_eq!((count(&courses, 1, 95), count(&courses, 1, 76)), (Some(5), None));
        enter(&mut courses, 1, now - Span::hours(5), -1);
        assert_eq!(count(&courses, 1, 95), None, "what was taken back leaves nothing");
    }

    #[test]
    fn slices_leave_with_their_window_and_engines_add_up() {
        let now = EventTime(0) + Span::hours(100);
        let (mut one, geometry) = courses(now);
        let (mut other, _) = courses(now);
        for courses in [&mut one, &mut other] {
            courses.enter((1, now - Span::hours(20)), KEY, &PaneEntry::Count(0, 3), true, 1);
        }
        one.add(&other);
        assert_eq!(count(&one, 1, 80), Some(6));
        one.advance_to(&geometry.starts(now + Span::hours(4)));
        assert_eq!((count(&one, 1, 80), one.all()[1].keys().len()), (None, 0));
    }
}
