//! Writing HTML: what is text is escaped, and a value carries the series it is.
//!
//! Does not know what is written.

use std::fmt::{self, Write as _};

use super::format::Unit;
use crate::metrics::Sample;

/// A page under construction.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Appends markup; texts from outside it go through [`Escaped`] or [`Shown`].
    pub(super) fn put(&mut self, markup: fmt::Arguments<'_>) {
        self.0.write_fmt(markup).expect("a String takes all that is written to it");
    }

    /// Appends fixed markup.
    pub(super) fn raw(&mut self, markup: &'static str) {
        self.0.push_str(markup);
    }

    /// What was written.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// A text that may stand between tags and in double quotes.
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

/// A sample as a person reads it, with its exact value and the series that it is on the exposition.
pub(super) struct Shown<'a>(pub(super) &'a Sample, pub(super) Unit);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(sample, unit) = self;
        let series = Escaped(&sample.series);
        write!(f, "<data value=\"{}\" data-unit=\"{}\" title=\"{series}\">{}</data>", sample.exact(), unit.name(), unit.text(sample.value))
    }
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
