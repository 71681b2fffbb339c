//! What the page's sparklines are drawn from: a bounded number of points of the recent past, kept by this process alone.
//!
//! Begins with a point a second; when it is full, every second point is left out and the next ones come half as often, so that it covers the
//! whole time since the start, up to [`STRIDE_MAX`] seconds a point. Does not know which value a column is, nor a clock: it is told when a second
//! has passed.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Points at most. With the default windows a point holds some 70 numbers of 4 bytes, so the whole is about 35 KiB; with twelve windows, twice that.
pub(super) const POINTS_MAX: usize = 120;
/// The longest time between two points, in seconds: a full history then covers 17 hours.
const STRIDE_MAX: u32 = 512;

/// The memory that the points of so many columns take at most.
pub(super) fn bytes_max(columns: usize) -> f64 {
    (POINTS_MAX * columns * size_of::<f32>()) as f64
}

/// The recent past of a fixed list of columns.
#[derive(Debug, Default)]
pub(super) struct History(Mutex<Points>);

#[derive(Debug)]
struct Points {
    /// Seconds between two points.
    stride: u32,
    /// Seconds since the last point.
    since: u32,
    /// NaN where there was no value.
    rows: VecDeque<Box<[f32]>>,
}

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    /// The values in their order, NaN where there was none.
    pub(super) values: Vec<f64>,
    /// Seconds between two of them.
    pub(super) stride: u32,
}

impl Line {
    /// The time from the first of them to the last.
    pub(super) fn seconds(&self) -> f64 {
        f64::from(self.stride) * self.values.len().saturating_sub(1) as f64
    }
}

impl Default for Points {
    fn default() -> Self {
        // The first second that passes makes a point.
        Self { stride: 1, since: 0, rows: VecDeque::new() }
    }
}

impl History {
    /// Says that a second has passed; asks for a row only if it is time for one. `None` is a time without values.
    pub(super) fn tick(&self, row: impl FnOnce() -> Option<Vec<f64>>) {
        let is_due = {
            let mut points = self.lock();
            points.since += 1;
            points.since >= points.stride
        };
        if is_due {
            // Without the lock, so that a page does not wait for the row.
            let row = row();
            self.lock().push(row);
        }
    }

    /// A column; `None` as long as nothing can be drawn of it.
    pub(super) fn line(&self, column: usize) -> Option<Line> {
        let points = self.lock();
        let value = |row: &[f32]| row.get(column).map_or(f64::NAN, |value| f64::from(*value));
        let values: Vec<f64> = points.rows.iter().map(|row| value(row)).collect();
        let known = values.iter().filter(|value| value.is_finite()).count();
        (known >= 2).then_some(Line { values, stride: points.stride })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Points> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Points {
    fn push(&mut self, row: Option<Vec<f64>>) {
        self.since = 0;
        // A gap is worth a point only between values.
        let Some(row) = row.or_else(|| (!self.rows.is_empty()).then(Vec::new)) else { return };
        if self.rows.len() == POINTS_MAX {
            if self.stride < STRIDE_MAX {
                let mut is_kept = true;
                self.rows.retain(|_| {
                    is_kept = !is_kept;
                    is_kept
                });
                self.stride *= 2;
            } else {
                self.rows.pop_front();
            }
        }
        // The digits that a line of some pixels cannot show are left out.
        self.rows.push_back(row.into_iter().map(|value| value as f32).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: u32) -> History {
        let history = History::default();
        for second in 0..seconds {
            history.tick(|| Some(vec![f64::from(second)]));
        }
        history
    }

    #[test]
    fn it_begins_with_a_point_a_second() {
        let line = after(3).line(0).unwrap();
        assert_eq!((line.stride, line.values), (1, vec![0.0, 1.0, 2.0]));
        assert_eq!(after(1).line(0), None, "one point is no line");
        assert_eq!(after(3).line(1), None, "nothing is known of another column");
    }

    #[test]
    fn a_full_one_keeps_every_second_point_and_takes_half_as_many() {
        let line = after(POINTS_MAX as u32 + 1).line(0).unwrap();
        assert_eq!((line.stride, line.values.len()), (2, POINTS_MAX / 2 + 1));
        assert_eq!(line.values[..3], [1.0, 3.0, 5.0]);
        assert_eq!(line.values.last(), Some(&f64::from(POINTS_MAX as u32)));
    }

    #[test]
    fn it_never_holds_more_than_its_points_and_ends_with_the_newest() {
        let line = after(200_000).line(0).unwrap();
        assert_eq!(line.stride, STRIDE_MAX);
        assert!(line.values.len() <= POINTS_MAX && *line.values.last().unwrap() > 199_000.0, "{line:?}");
        assert!(line.values.is_sorted());
    }

    #[test]
    fn a_time_without_values_is_a_gap_and_not_a_start() {
        let history = History::default();
        history.tick(|| None);
        history.tick(|| Some(vec![1.0]));
        history.tick(|| None);
        history.tick(|| Some(vec![2.0]));
        let line = history.line(0).unwrap();
        assert!(line.values.len() == 3 && line.values[1].is_nan(), "{line:?}");
    }
}
