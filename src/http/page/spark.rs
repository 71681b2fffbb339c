//! Lines and bars as SVG: the recent past of a value, an interval on its scale, a share.
//!
//! Does not know what is drawn. Sizes are attributes, since the page's policy allows no inline style.

use std::fmt::Write as _;

use super::format::{Unit, duration};
use super::html::{Escaped, Html};
use crate::http::history::Line;

const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 28.0;
/// Room for the width of the stroke.
const MARGIN: f64 = 2.0;

/// The recent past of a value, with its target as a dashed line where that lies near; said in words for those who do not see it.
pub(super) fn line(html: &mut Html, line: &Line, unit: Unit, target: Option<f64>) {
    let known: Vec<f64> = line.values.iter().copied().filter(|value| value.is_finite()).collect();
    let (Some(first), Some(last)) = (known.first(), known.last()) else { return };
    let (low, high) = known.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
    let time = duration(line.seconds());
    let words =
        format!("The last {time}: from {} to {}, between {} and {}.", unit.text(*first), unit.text(*last), unit.text(low), unit.text(high));
    let scale = Scale::of(low, high);
    html.put(format_args!(
        "<svg class=\"spark\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">",
        Escaped(&words)
    ));
    if let Some(y) = target.and_then(|target| scale.y_inside(target)) {
        html.put(format_args!("<path class=\"aim\" d=\"M0 {y:.1}H{WIDTH}\"/>"));
    }
    html.put(format_args!("<path class=\"line\" d=\"{}\"/></svg>", path(&line.values, &scale)));
}

/// A rho from -1 to 1 with its interval.
pub(super) fn rho(html: &mut Html, value: f64, bounds: Option<(f64, f64)>) {
    let x = |value: f64| 60.0 + value.clamp(-1.0, 1.0) * 58.0;
    html.raw("<svg class=\"rho\" viewBox=\"0 0 120 16\" aria-hidden=\"true\"><path class=\"axis\" d=\"M2 8H118M60 2V14\"/>");
    if let Some((lower, upper)) = bounds {
        html.put(format_args!("<path class=\"band\" d=\"M{:.1} 8H{:.1}\"/>", x(lower), x(upper)));
    }
    html.put(format_args!("<circle cx=\"{:.1}\" cy=\"8\" r=\"3.5\"/></svg>", x(value)));
}

/// A share as a bar; `class` tells what it is of.
pub(super) fn share(html: &mut Html, class: &'static str, share: f64) {
    let width = share.clamp(0.0, 1.0) * 100.0;
    html.put(format_args!(
        "<svg class=\"bar {class}\" viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"rail\" width=\"100\" height=\"6\"/>\
         <rect width=\"{width:.1}\" height=\"6\"/></svg>"
    ));
}

/// From values to heights.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// A line that hardly moves is drawn as one: at least 2 % of the value's size are shown.
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

/// The path through the values, broken where there was none.
fn path(values: &[f64], scale: &Scale) -> String {
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
        line(&mut html, &Line { values, stride: 2 }, Unit::Score, target);
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
