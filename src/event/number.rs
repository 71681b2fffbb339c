//! JSON numbers: their grammar, and their values in millionths, as scores and amounts are kept.
//!
//! Does not know which member a number belongs to.

use super::Reason;

/// The longest number, in bytes.
const NUMBER_BYTES_MAX: usize = 128;

/// One point of a score in its fixed-point unit.
pub(super) const POINT: i64 = 1_000_000;

/// The largest amount of money, in units of the currency.
pub const AMOUNT_MAX: f64 = 1e12;

/// A number from here on is no score, on whatever scale.
const POINTS_BOUND: f64 = 1e300;

/// The end of the number that begins at `start`, and whether it is written as an integer.
pub(super) fn end_of(bytes: &[u8], start: usize) -> Result<(usize, bool), Reason> {
    let (end, well_formed, is_integer) = grammar(bytes, start);
    // The first fault in byte order counts, and the bound comes before a fault beyond it.
    match (end - start > NUMBER_BYTES_MAX, well_formed) {
        (true, _) => Err(Reason::TooLarge),
        (false, false) => Err(Reason::Syntax),
        (false, true) => Ok((end, is_integer)),
    }
}

/// The end of the number or the place of its first fault; whether it is well formed; and whether it is written as an integer.
fn grammar(bytes: &[u8], start: usize) -> (usize, bool, bool) {
    let mut at = start + usize::from(bytes.get(start) == Some(&b'-'));
    match bytes.get(at) {
        Some(b'0') => at += 1,
        Some(b'1'..=b'9') => at = digits_end(bytes, at),
        _ => return (at, false, false),
    }
    let mut is_integer = true;
    if bytes.get(at) == Some(&b'.') {
        is_integer = false;
        let end = digits_end(bytes, at + 1);
        if end == at + 1 {
            return (end, false, false);
        }
        at = end;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        is_integer = false;
        at += 1;
        at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
        let end = digits_end(bytes, at);
        if end == at {
            return (end, false, false);
        }
        at = end;
    }
    (at, true, is_integer)
}

fn digits_end(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

/// The value of a number in points; infinite where it is too large for a float.
fn points(number: &str) -> f64 {
    // Nearly every score has one digit.
    match number.as_bytes() {
        [digit @ b'0'..=b'9'] => f64::from(digit - b'0'),
        _ => number.parse().unwrap_or(f64::INFINITY),
    }
}

/// The value of a number in millionths of a point or of another unit, rounded to a whole one; `None` where it is beyond any scale by hundreds of digits.
pub(super) fn millionths(number: &str) -> Option<f64> {
    let points = points(number);
    (points.abs() < POINTS_BOUND).then(|| (points * POINT as f64).round())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_end_where_the_grammar_says() {
        let check = |text: &str, expected: Result<(usize, bool), Reason>| assert_eq!(end_of(text.as_bytes(), 0), expected, "{text}");
        check("0", Ok((1, true)));
        check("-0,", Ok((2, true)));
        check("01", Ok((1, true)));
        check("120}", Ok((3, true)));
        check("1.50 ", Ok((4, false)));
        check("1e5", Ok((3, false)));
        check("1E-05", Ok((5, false)));
        check("-1.5e+10", Ok((8, false)));
        for bad in ["-", "1.", "1.e5", "1e", "1e+", "-a", "1.x", ""] {
            check(bad, Err(Reason::Syntax));
        }
        check(&"9".repeat(128), Ok((128, true)));
        check(&"9".repeat(129), Err(Reason::TooLarge));
        check(&format!("{}.", "9".repeat(129)), Err(Reason::TooLarge));
        check(&format!("{}.", "9".repeat(120)), Err(Reason::Syntax));
    }

    #[test]
    fn scores_are_rounded_to_millionths() {
        let check = |text: &str, expected: Option<f64>| assert_eq!(millionths(text), expected, "{text}");
        check("5", Some(5_000_000.0));
        check("5.0", Some(5_000_000.0));
        check("-0.0e5", Some(0.0));
        check("4.333333", Some(4_333_333.0));
        check("4.3333333333333335", Some(4_333_333.0));
        check("4.9999999", Some(5_000_000.0));
        check("0.30000000000000004", Some(300_000.0));
        check("-999.999999", Some(-999_999_999.0));
        check("5e-324", Some(0.0));
        check("1e299", Some(1e299 * 1e6));
        check("1e300", None);
        check("1e999", None);
    }

    proptest! {
        #[test]
        fn every_millionth_within_the_scales_is_kept(n in -1_000_000_000i64..=1_000_000_000) {
            let text = format!("{}{}.{:06}", if n < 0 { "-" } else { "" }, n.abs() / POINT, n.abs() % POINT);
            prop_assert_eq!(millionths(&text), Some(n as f64));
        }
    }
}
