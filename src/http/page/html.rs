//! The building blocks of the markup: escaped text, a value that carries the name of its series, an instant, a bar.
//!
//! Does not know which of them a section writes.

use std::fmt::{self, Write as _};

use super::number_format::Unit;
use crate::metrics::Sample;
use crate::time::{EventTime, Span};

/// A page under construction.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Appends markup. Text from outside the program must go through [`Escaped`] or [`Shown`].
    pub(super) fn put(&mut self, markup: fmt::Arguments<'_>) {
        self.0.write_fmt(markup).expect("a String takes all that is written to it");
    }

    /// Appends constant markup.
    pub(super) fn raw(&mut self, markup: &'static str) {
        self.0.push_str(markup);
    }

    /// The finished markup.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// A text, escaped so that it can be used between tags and in double quotes.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// A sample as a person reads it, with its exact value and the name of its series in the exposition.
pub(super) struct Shown<'a>(pub(super) &'a Sample, pub(super) Unit);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(sample, unit) = self;
        let series = Escaped(&sample.series);
        write!(f, "<data value=\"{}\" data-unit=\"{}\" title=\"{series}\">{}</data>", sample.exact(), unit.name(), unit.text(sample.value))
    }
}

/// Writes an instant in UTC; the page's script changes it to the reader's own time zone.
pub(super) fn write_instant(html: &mut Html, at: EventTime) {
    let text = at.to_string();
    let short = text.get(..16).map_or_else(|| text.clone(), |minute| minute.replace('T', " "));
    html.put(format_args!("<time datetime=\"{text}\">{short} UTC</time>"));
}

/// Writes an instant that lies shortly before `now`: the minute alone, and the day where it is not near.
pub(super) fn write_minute(html: &mut Html, at: EventTime, now: EventTime) {
    const NEAR: Span = Span::hours(12);
    let text = at.to_string();
    match text.get(11..16).filter(|_| now - at < NEAR) {
        Some(minute) => html.put(format_args!("<time datetime=\"{text}\" data-precision=\"minute\">{minute} UTC</time>")),
        None => write_instant(html, at),
    }
}

/// Draws a share of 0 to 1 as a bar; `class` decides its colour. Sizes are attributes, because the page's policy allows no inline style.
pub(super) fn share_bar(html: &mut Html, class: &'static str, share: f64) {
    let width = share.clamp(0.0, 1.0) * 100.0;
    html.put(format_args!(
        "<svg class=\"bar {class}\" viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"rail\" width=\"100\" height=\"6\"/>\
         <rect width=\"{width:.1}\" height=\"6\"/></svg>"
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_become_markup() {
        let sample = Sample { series: "cx_a{team=\"<img src=x onerror='alert(1)'>\"}".to_owned(), value: 0.5 };
        let html = Shown(&sample, Unit::Percent).to_string();
        assert_eq!(
            html,
            "<data value=\"0.5\" data-unit=\"percent\" title=\"cx_a{team=&quot;&lt;img src=x onerror=&#39;alert(1)&#39;&gt;&quot;}\">50.0\u{a0}%</data>"
        );
        assert_eq!(Escaped("a & b").to_string(), "a &amp; b");
    }
}
