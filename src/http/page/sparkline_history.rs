//! The points of the lines of the present state: a limited number of rows of the recent past, which only this process remembers.
//!
//! The history begins with a point each second. When it is full it drops every second point and takes new points half as often. It thus covers the
//! whole time since the start, until two points are [`STRIDE_MAX`] seconds apart; from then on the oldest points leave.
//!
//! Does not know which value a column holds, nor any clock: its caller says when a second has passed.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// The most points. A point holds a number of 4 bytes for each tile, so the whole history takes less than 4 KiB.
pub(super) const POINTS_MAX: usize = 120;
/// The longest time between two points, in seconds. A full history then covers 17 hours.
const STRIDE_MAX: u32 = 512;

/// The most bytes that the points of so many columns take.
pub(super) fn bytes_max(columns: usize) -> f64 {
    (POINTS_MAX * columns * size_of::<f32>()) as f64
}

/// The recent past of a fixed list of columns.
#[derive(Debug, Default)]
pub(in crate::http) struct SparklineHistory(Mutex<Points>);

#[derive(Debug)]
struct Points {
    /// The seconds between two points.
    stride: u32,
    /// The seconds since the last point.
    since: u32,
    /// The points; NaN where there was no value.
    rows: VecDeque<Box<[f32]>>,
}

/// The points of a line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sparkline {
    /// The values from the oldest to the newest; NaN where there was none.
    pub(super) values: Vec<f64>,
    /// The time that the line covers, in seconds.
    pub(super) seconds: f64,
    /// What is marked on the line: places between its ends, 0 to 1, each with a name.
    pub(super) marks: Vec<(f64, String)>,
}

impl Default for Points {
    fn default() -> Self {
        // The first second that passes adds a point.
        Self { stride: 1, since: 0, rows: VecDeque::new() }
    }
}

impl SparklineHistory {
    /// Says that a second has passed. Calls `row` only if a point is due; a row of `None` records that there were no values.
    pub(in crate::http) fn tick(&self, row: impl FnOnce() -> Option<Vec<f64>>) {
        let is_due = {
            let mut points = self.lock();
            points.since += 1;
            points.since >= points.stride
        };
        if is_due {
            // Called without the lock, so that a page does not wait for the row.
            let row = row();
            self.lock().push(row);
        }
    }

    /// The values of a column; `None` while it has fewer than two, which make no line.
    pub(super) fn sparkline(&self, column: usize) -> Option<Sparkline> {
        let points = self.lock();
        let value = |row: &[f32]| row.get(column).map_or(f64::NAN, |value| f64::from(*value));
        let values: Vec<f64> = points.rows.iter().map(|row| value(row)).collect();
        let known = values.iter().filter(|value| value.is_finite()).count();
        let seconds = f64::from(points.stride) * values.len().saturating_sub(1) as f64;
        (known >= 2).then_some(Sparkline { values, seconds, marks: Vec::new() })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Points> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Points {
    fn push(&mut self, row: Option<Vec<f64>>) {
        self.since = 0;
        // A gap gets a point only between values, so none before the first value.
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
        // 4 bytes hold more digits than a line of some pixels can show.
        self.rows.push_back(row.into_iter().map(|value| value as f32).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: u32) -> SparklineHistory {
        let history = SparklineHistory::default();
        for second in 0..seconds {
            history.tick(|| Some(vec![f64::from(second)]));
        }
        history
    }

    #[test]
    fn it_begins_with_a_point_a_second() {
        let sparkline = after(3).sparkline(0).unwrap();
        assert_eq!((sparkline.seconds, sparkline.values), (2.0, vec![0.0, 1.0, 2.0]));
        assert_eq!(after(1).sparkline(0), None, "one point is no line");
        assert_eq!(after(3).sparkline(1), None, "nothing is known of another column");
    }

    #[test]
    fn a_full_one_keeps_every_second_point_and_takes_half_as_many() {
        let sparkline = after(POINTS_MAX as u32 + 1).sparkline(0).unwrap();
        assert_eq!((sparkline.seconds, sparkline.values.len()), (POINTS_MAX as f64, POINTS_MAX / 2 + 1));
        assert_eq!(sparkline.values[..3], [1.0, 3.0, 5.0]);
        assert_eq!(sparkline.values.last(), Some(&f64::from(POINTS_MAX as u32)));
    }

    #[test]
    fn it_never_holds_more_than_its_points_and_ends_with_the_newest() {
        let sparkline = after(200_000).sparkline(0).unwrap();
        assert_eq!(sparkline.seconds, f64::from(STRIDE_MAX) * (sparkline.values.len() - 1) as f64);
        assert!(sparkline.values.len() <= POINTS_MAX && *sparkline.values.last().unwrap() > 199_000.0, "{sparkline:?}");
        assert!(sparkline.values.is_sorted());
    }

    #[test]
    fn a_time_without_values_is_a_gap_and_not_a_start() {
        let history = SparklineHistory::default();
        history.tick(|| None);
        history.tick(|| Some(vec![1.0]));
        history.tick(|| None);
        history.tick(|| Some(vec![2.0]));
        let sparkline = history.sparkline(0).unwrap();
        assert!(sparkline.values.len() == 3 && sparkline.values[1].is_nan(), "{sparkline:?}");
    }
}
