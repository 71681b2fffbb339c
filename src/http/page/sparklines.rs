//! The sparklines: which values have one, and how it is drawn as SVG.
//!
//! The line of a headline number is the course of the page's window, in equal slices of it. The line of a tile, which is a state of now, is what the process
//! remembers: each tile has a column in the history. Does not know how the history keeps its points, nor how a slice came about.

use std::fmt::Write as _;

use super::PageContext;
use super::headline_numbers::Kpi;
use super::html::{Escaped, Html};
use super::marked_changes;
use super::number_format::{Unit, duration};
use super::sparkline_history::Sparkline;
use super::tiles::TILES;
use crate::engine::Snapshot;
use crate::metrics::Exposition;

const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 28.0;
/// The room for the width of the stroke.
const MARGIN: f64 = 2.0;

/// The levels that a line is held against.
#[derive(Default)]
pub(super) struct Levels {
    /// The target of the value.
    pub(super) target: Option<f64>,
    /// The value of the rest of a longer window, and the name of that window.
    pub(super) expected: Option<(f64, String)>,
}

/// The values of all columns; NaN where there is no value.
pub(in crate::http) fn sparkline_row(exposition: &Exposition, snapshot: &Snapshot) -> Vec<f64> {
    let now = exposition.values(snapshot, 0);
    TILES.iter().map(|tile| now.overall(tile.family, &[]).map_or(f64::NAN, |sample| sample.value)).collect()
}

/// The number of columns: one for each tile, in the order of [`TILES`].
pub(super) const COLUMNS: usize = TILES.len();

/// The course of a headline number over the page's window; `None` where fewer than two slices have a value, which make no line. A slice with too few
/// cases to be shown has none.
pub(super) fn course(page: &PageContext<'_>, kpi: &Kpi) -> Option<Sparkline> {
    let slices = page.snapshot.course(page.window)?;
    let value = |slice: usize| {
        let values = page.exposition.values(slices, slice);
        let is_shown = kpi.count(&values, None) >= f64::from(page.group_size_min).max(1.0);
        kpi.read(&values, None).filter(|_| is_shown).map_or(f64::NAN, |(sample, _)| sample.value)
    };
    let values: Vec<f64> = (0..slices.windows.len()).map(value).collect();
    let seconds = (page.snapshot.now - slices.windows.first()?.start).as_seconds();
    let known = values.iter().filter(|value| value.is_finite()).count();
    if known < 2 {
        return None;
    }
    let marks = marked_changes::within(page, seconds).into_iter().map(|(place, name)| (on_course(place, values.len()), name)).collect();
    Some(Sparkline { values, seconds, marks })
}

/// The place on a course of a place in its time. A slice is drawn as a point, so the middle of the first slice is the beginning of the line.
fn on_course(place: f64, slices: usize) -> f64 {
    ((place * slices as f64 - 0.5) / (slices as f64 - 1.0)).clamp(0.0, 1.0)
}

/// The length of a slice of the page's window, in seconds.
pub(super) fn step_seconds(page: &PageContext<'_>) -> Option<f64> {
    Some(page.snapshot.course(page.window)?.windows.first()?.settings.range.as_seconds())
}

/// Draws a line through the values, its target as a dashed line, the rest of the longer window as a dotted one, and an upright one at each mark, with its name.
/// A text describes all of it for people who do not see them.
pub(super) fn draw(html: &mut Html, sparkline: &Sparkline, unit: Unit, levels: &Levels) {
    let Levels { target, expected } = levels;
    let known: Vec<f64> = sparkline.values.iter().copied().filter(|value| value.is_finite()).collect();
    let (Some(first), Some(last)) = (known.first(), known.last()) else { return };
    let (low, high) = known.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
    let time = duration(sparkline.seconds);
    let aim = target.map_or_else(String::new, |target| format!(" The target is {}.", unit.text(target)));
    let before =
        expected.as_ref().map_or_else(String::new, |(value, baseline)| format!(" In the rest of {baseline}: {}.", unit.text(*value)));
    let names: Vec<&str> = sparkline.marks.iter().map(|(_, name)| name.as_str()).collect();
    let marked = if names.is_empty() { String::new() } else { format!(" Marked: {}.", names.join(", ")) };
    let words = format!(
        "The last {time}: from {} to {}, between {} and {}.{aim}{before}{marked}",
        unit.text(*first),
        unit.text(*last),
        unit.text(low),
        unit.text(high)
    );
    let levels = [("aim", *target), ("usual", expected.as_ref().map(|(value, _)| *value))];
    let drawn = levels.into_iter().filter_map(|(class, level)| Some((class, level?)));
    let (low, high) = drawn.clone().fold((low, high), |(low, high), (_, level)| (low.min(level), high.max(level)));
    let scale = VerticalScale::of(low, high);
    html.put(format_args!(
        "<svg class=\"spark\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">",
        Escaped(&words)
    ));
    for (class, level) in drawn {
        html.put(format_args!("<path class=\"{class}\" d=\"M0 {:.1}H{WIDTH}\"/>", scale.y(level)));
    }
    for (place, name) in &sparkline.marks {
        html.put(format_args!("<path class=\"mark\" d=\"M{:.1} 0V{HEIGHT}\"><title>{}</title></path>", place * WIDTH, Escaped(name)));
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
        with_marks(values, target, Vec::new())
    }

    fn with_marks(values: Vec<f64>, target: Option<f64>, marks: Vec<(f64, String)>) -> String {
        let mut html = Html::default();
        draw(
            &mut html,
            &Sparkline { seconds: 2.0 * (values.len() - 1) as f64, values, marks },
            Unit::Score,
            &Levels { target, expected: None },
        );
        html.finish()
    }

    #[test]
    fn the_rest_of_the_longer_window_is_a_dotted_line_and_is_told() {
        let mut html = Html::default();
        let levels = Levels { target: Some(30.0), expected: Some((25.0, "7d".to_owned())) };
        draw(&mut html, &Sparkline { seconds: 2.0, values: vec![10.0, 20.0], marks: Vec::new() }, Unit::Score, &levels);
        let svg = html.finish();
        assert!(svg.contains("class=\"aim\" d=\"M0 2.0H120\"") && svg.contains("class=\"usual\" d=\"M0 8.0H120\""), "{svg}");
        assert!(svg.contains("between 10.0 and 20.0. The target is 30.0. In the rest of 7d: 25.0.\""), "{svg}");
    }

    #[test]
    fn a_mark_is_an_upright_line_with_its_name_as_text() {
        let svg = with_marks(vec![10.0, 20.0], None, vec![(0.75, "new <b>".to_owned())]);
        assert!(svg.contains("<path class=\"mark\" d=\"M90.0 0V28\"><title>new &lt;b&gt;</title></path>"), "{svg}");
        assert!(svg.contains("between 10.0 and 20.0. Marked: new &lt;b&gt;.\""), "{svg}");
        assert!(!drawn(vec![10.0, 20.0], None).contains("mark"));
    }

    #[test]
    fn a_gap_breaks_the_line_and_the_words_tell_its_ends() {
        let svg = drawn(vec![10.0, 20.0, f64::NAN, 15.0, 15.0], None);
        assert!(svg.contains("d=\"M0.0 26.0L30.0 2.0M90.0 14.0L120.0 14.0\""), "{svg}");
        assert!(svg.contains("The last 8.0\u{a0}s: from 10.0 to 15.0, between 10.0 and 20.0."), "{svg}");
    }

    #[test]
    fn a_target_is_drawn_among_the_values_and_beyond_them_and_is_told() {
        assert!(drawn(vec![10.0, 20.0], Some(15.0)).contains("class=\"aim\" d=\"M0 14.0H120\""));
        let beyond = drawn(vec![10.0, 20.0], Some(30.0));
        assert!(beyond.contains("class=\"aim\" d=\"M0 2.0H120\"") && beyond.contains("The target is 30.0."), "{beyond}");
    }

    #[test]
    fn a_mark_stands_at_the_point_of_the_slice_in_whose_middle_it_is() {
        let places = [0.0, 0.1, 0.3, 0.5, 0.9, 1.0].map(|place| (on_course(place, 5) * 100.0).round());
        assert_eq!(places, [0.0, 0.0, 25.0, 50.0, 100.0, 100.0]);
    }

    #[test]
    fn a_steady_line_lies_in_the_middle() {
        assert!(drawn(vec![7.0, 7.0], None).contains("M0.0 14.0L120.0 14.0"));
    }
}
