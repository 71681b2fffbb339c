//! The sparklines: which values have one, and how it is drawn as SVG.
//!
//! A line has a column in the history: first a column for each tile of the current state, then one for each headline number in each window.
//! Does not know how the history keeps its points.

use std::fmt::Write as _;

use super::html::{Escaped, Html};
use super::kpis::KPIS;
use super::number_format::{Unit, duration};
use super::right_now::TILES;
use super::sparkline_history::Sparkline;
use crate::engine::Snapshot;
use crate::metrics::Exposition;

const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 28.0;
/// The room for the width of the stroke.
const MARGIN: f64 = 2.0;

/// The values of all columns; NaN where there is no value.
pub(in crate::http) fn sparkline_row(exposition: &Exposition, snapshot: &Snapshot) -> Vec<f64> {
    let now = exposition.values(snapshot, 0);
    let mut row: Vec<f64> = TILES.iter().map(|tile| now.overall(tile.family, &[]).map_or(f64::NAN, |sample| sample.value)).collect();
    for window in 0..snapshot.windows.len() {
        let values = exposition.values(snapshot, window);
        row.extend(KPIS.iter().map(|kpi| kpi.read(&values, None).map_or(f64::NAN, |(sample, _)| sample.value)));
    }
    row
}

/// The number of columns.
pub(super) fn column_count(snapshot: &Snapshot) -> usize {
    TILES.len() + snapshot.windows.len() * KPIS.len()
}

/// The column of a tile, by its index in [`TILES`].
pub(super) const fn column_of_tile(tile: usize) -> usize {
    tile
}

/// The column of a headline number in a window, by its index in [`KPIS`] and the window's index.
pub(super) const fn column_of_kpi(kpi: usize, window: usize) -> usize {
    TILES.len() + window * KPIS.len() + kpi
}

/// Draws the recent past of a value, with its target as a dashed line if the target lies near the values. A text describes the line for people who
/// do not see it.
pub(super) fn draw(html: &mut Html, sparkline: &Sparkline, unit: Unit, target: Option<f64>) {
    let known: Vec<f64> = sparkline.values.iter().copied().filter(|value| value.is_finite()).collect();
    let (Some(first), Some(last)) = (known.first(), known.last()) else { return };
    let (low, high) = known.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
    let time = duration(sparkline.seconds());
    let words =
        format!("The last {time}: from {} to {}, between {} and {}.", unit.text(*first), unit.text(*last), unit.text(low), unit.text(high));
    let scale = VerticalScale::of(low, high);
    html.put(format_args!(
        "<svg class=\"spark\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">",
        Escaped(&words)
    ));
    if let Some(y) = target.and_then(|target| scale.y_inside(target)) {
        html.put(format_args!("<path class=\"aim\" d=\"M0 {y:.1}H{WIDTH}\"/>"));
    }
    html.put(format_args!("<path class=\"line\" d=\"{}\"/></svg>", path(&sparkline.values, &scale)));
}

/// Turns values into heights.
struct VerticalScale {
    low: f64,
    high: f64,
}

impl VerticalScale {
    /// The scale for values between `low` and `high`. It spans at least 2 % of their size, so that a value that hardly moves is drawn as a flat line.
    fn of(low: f64, high: f64) -> Self {
        let least = (low.abs().max(high.abs()) * 0.02).max(1e-9);
        let pad = ((least - (high - low)) / 2.0).max(0.0);
        Self { low: low - pad, high: high + pad }
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - MARGIN - (value - self.low) / (self.high - self.low) * (HEIGHT - 2.0 * MARGIN)
    }

    fn y_inside(&self, value: f64) -> Option<f64> {
        Some(self.y(value)).filter(|y| (0.0..=HEIGHT).contains(y))
    }
}

/// The path through the values, with a gap where there was none.
fn path(values: &[f64], scale: &VerticalScale) -> String {
    let step = WIDTH / (values.len() - 1).max(1) as f64;
    let mut path = String::new();
    let mut is_drawing = false;
    for (at, value) in values.iter().enumerate() {
        if value.is_finite() {
            let command = if is_drawing { 'L' } else { 'M' };
            write!(path, "{command}{:.1} {:.1}", at as f64 * step, scale.y(*value)).expect("a String takes all that is written to it");
        }
        is_drawing = value.is_finite();
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(values: Vec<f64>, target: Option<f64>) -> String {
        let mut html = Html::default();
        draw(&mut html, &Sparkline { values, stride: 2 }, Unit::Score, target);
        html.finish()
    }

    #[test]
    fn a_gap_breaks_the_line_and_the_words_tell_its_ends() {
        let svg = drawn(vec![10.0, 20.0, f64::NAN, 15.0, 15.0], None);
        assert!(svg.contains("d=\"M0.0 26.0L30.0 2.0M90.0 14.0L120.0 14.0\""), "{svg}");
        assert!(svg.contains("The last 8.0\u{a0}s: from 10.0 to 15.0, between 10.0 and 20.0."), "{svg}");
    }

    #[test]
    fn a_target_is_drawn_only_where_it_lies_among_the_values() {
        assert!(drawn(vec![10.0, 20.0], Some(15.0)).contains("class=\"aim\" d=\"M0 14.0H120\""));
        assert!(!drawn(vec![10.0, 20.0], Some(75.0)).contains("aim"));
    }

    #[test]
    fn a_steady_line_lies_in_the_middle() {
        assert!(drawn(vec![7.0, 7.0], None).contains("M0.0 14.0L120.0 14.0"));
    }
}
