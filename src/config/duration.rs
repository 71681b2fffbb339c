//! Lengths of time as the configuration writes them: `250ms`, `60s`, `5m`, `24h`, `7d`.
//!
//! Does not know a calendar.

use super::problem::{Complaint, ProblemKind, complaint};
use crate::time::Span;

/// The units in milliseconds.
const UNITS: [(&str, i64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("ms", 1), ("m", 60_000), ("s", 1_000)];

/// Reads a length of time: a whole number and a unit, without a space or a sign. A day has 24 hours.
///
/// `None` for any other text, and for a length beyond 2^63 milliseconds.
///
/// ```
/// use cxpulse::{config::parse_span, time::Span};
/// assert_eq!(parse_span("5m"), Some(Span::minutes(5)));
/// assert_eq!(parse_span("250ms"), Some(Span(250)));
/// assert_eq!(parse_span("5 m"), None);
/// assert_eq!(parse_span("1h30m"), None);
/// ```
#[must_use]
pub fn parse_span(text: &str) -> Option<Span> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let (_, ms) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    number.parse::<i64>().ok()?.checked_mul(ms).map(Span)
}

/// A check that a length of time is within bounds, both inclusive.
pub(super) fn within(min: Span, max: Span) -> impl FnOnce(&Span) -> Result<(), Complaint> {
    move |span| {
        if (min..=max).contains(span) {
            return Ok(());
        }
        Err(complaint(
            ProblemKind::OutOfRange,
            format!("`{span}` is outside `{min}` to `{max}`"),
            format!("use a length of time from `{min}` to `{max}`"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read_and_what_is_none_is_not() {
        let good = [("0s", 0), ("1ms", 1), ("2s", 2_000), ("3m", 180_000), ("4h", 14_400_000), ("5d", 432_000_000)];
        for (text, ms) in good {
            assert_eq!(parse_span(text), Some(Span(ms)), "{text}");
        }
        for text in
            ["", "5", "s", "-5s", "1.5h", "5M", "5 s", " 5s", "1h30m", "9223372036854775807d", "99999999999999999999s", "5\u{0661}s"]
        {
            assert_eq!(parse_span(text), None, "{text}");
        }
    }

    #[test]
    fn what_a_span_displays_is_read_back() {
        for ms in [1, 999, 1_000, 60_000, 90_000, 3_600_000, 86_400_000, 604_800_000] {
            assert_eq!(parse_span(&Span(ms).to_string()), Some(Span(ms)));
        }
    }
}
