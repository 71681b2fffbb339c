//! Instants as events write them: RFC 3339 with an offset, or whole milliseconds since 1970.
//!
//! Does not know which member holds the instant, and reads no clock.

use crate::time::EventTime;

/// 2000-01-01T00:00:00Z.
const EARLIEST_MS: i64 = 946_684_800_000;
/// The end of the year 2100. The two bounds refuse seconds and microseconds that were sent as milliseconds.
const LATEST_MS: i64 = 4_133_980_800_000;

/// The instant of an RFC 3339 text with an offset, cut off to milliseconds; `None` where the text cannot be read or is outside the years 2000 to 2100.
/// A leap second (`:60`, in any minute) is the next second, because milliseconds since 1970 have no leap seconds.
pub(super) fn rfc3339(text: &str) -> Option<EventTime> {
    let (whole, rest) = text.as_bytes().split_first_chunk::<19>()?;
    let [y0, y1, y2, y3, b'-', o0, o1, b'-', d0, d1, b'T' | b't', h0, h1, b':', m0, m1, b':', s0, s1] = *whole else { return None };
    let (year, month, day) = (two(y0, y1)? * 100 + two(y2, y3)?, two(o0, o1)?, two(d0, d1)?);
    let (hour, minute, second) = (two(h0, h1)?, two(m0, m1)?, two(s0, s1)?);
    if !(1..=12).contains(&month) || day < 1 || day > days_of_month(year, month) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (fraction_ms, zone) = fraction(rest)?;
    let seconds = ((days_since_1970(year, month, day) * 24 + hour) * 60 + minute - offset_minutes(zone)?) * 60 + second;
    epoch_ms(seconds * 1000 + fraction_ms)
}

/// The instant of milliseconds since 1970; `None` outside the years 2000 to 2100.
pub(super) fn epoch_ms(ms: i64) -> Option<EventTime> {
    (EARLIEST_MS..LATEST_MS).contains(&ms).then_some(EventTime(ms))
}

/// The instant of milliseconds since 1970, given as the text of an integer; `None` outside the years 2000 to 2100.
pub(super) fn epoch_ms_text(integer: &str) -> Option<EventTime> {
    // From September 2001 to beyond the last instant they have 13 digits. A number with a sign is never within the bounds.
    if let Ok(digits) = <&[u8; 13]>::try_from(integer.as_bytes())
        && digits[0] != b'-'
    {
        let [a, b, c, d, e, low @ ..] = *digits;
        return epoch_ms(eight_digits([b'0', b'0', b'0', a, b, c, d, e]) * 100_000_000 + eight_digits(low));
    }
    integer.parse().ok().and_then(epoch_ms)
}

/// The instant of milliseconds since 1970, given as the text of a number with a fraction or an exponent; `None` where the number is not whole or is
/// outside the years 2000 to 2100.
pub(super) fn epoch_ms_decimal(number: &str) -> Option<EventTime> {
    let ms: f64 = number.parse().ok()?;
    // The instants are far below 2^53, so each has a float of its own.
    if ms.fract() == 0.0 { epoch_ms(ms as i64) } else { None }
}

/// The number of eight decimal digits. Combines neighbours in one word to numbers of two, four and eight digits.
const fn eight_digits(digits: [u8; 8]) -> i64 {
    let ones = u64::from_le_bytes(digits) & 0x0F0F_0F0F_0F0F_0F0F;
    let twos = (ones.wrapping_mul(10 << 8 | 1) >> 8) & 0x00FF_00FF_00FF_00FF;
    let fours = (twos.wrapping_mul(100 << 16 | 1) >> 16) & 0x0000_FFFF_0000_FFFF;
    (fours.wrapping_mul(10_000 << 32 | 1) >> 32) as i64
}

/// The milliseconds of a fraction of a second, with finer digits cut off, and the text after it.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some(digits) = text.strip_prefix(b".") else { return Some((0, text)) };
    let length = digits.iter().take_while(|digit| digit.is_ascii_digit()).count();
    if length == 0 {
        return None;
    }
    let (digits, zone) = digits.split_at(length);
    let ms = (0..3).fold(0, |ms, place| ms * 10 + digits.get(place).map_or(0, |digit| i64::from(digit - b'0')));
    Some((ms, zone))
}

fn offset_minutes(zone: &[u8]) -> Option<i64> {
    let (sign, hours, minutes) = match *zone {
        [b'Z' | b'z'] => return Some(0),
        [b'+', h0, h1, b':', m0, m1] => (1, two(h0, h1)?, two(m0, m1)?),
        [b'-', h0, h1, b':', m0, m1] => (-1, two(h0, h1)?, two(m0, m1)?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn two(tens: u8, ones: u8) -> Option<i64> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
}

const fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The days since 1970-01-01 in the Gregorian calendar. Counts in years that begin in March, so that the leap day is the last day of a
/// year.
const fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = year - (month <= 2) as i64;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    // There are 719,468 days between 0000-03-01 and 1970-01-01. A year is negative here only before March 0000, which is out of range
    // anyway.
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: Option<i64>) {
        assert_eq!(rfc3339(text).map(|t| t.0), expected, "{text}");
    }

    #[test]
    fn rfc3339_texts_become_milliseconds() {
        check("2026-03-02T09:00:00Z", Some(1_772_442_000_000));
        check("2026-03-02T09:00:00.5Z", Some(1_772_442_000_500));
        check("2026-03-02T09:00:00.123456789Z", Some(1_772_442_000_123));
        check("2026-03-02T09:00:00.9999999999999999999999Z", Some(1_772_442_000_999));
        check("2026-03-02T14:30:00+05:30", Some(1_772_442_000_000));
        check("2026-03-02T01:00:00-08:00", Some(1_772_442_000_000));
        check("2026-03-02T09:00:00-00:00", Some(1_772_442_000_000));
        check("2024-02-29T00:00:00Z", Some(1_709_164_800_000));
        check("2000-01-01T00:00:00Z", Some(EARLIEST_MS));
        check("2100-12-31T23:59:59.999Z", Some(LATEST_MS - 1));
        check("2026-03-02t09:00:00z", Some(1_772_442_000_000));
        check("2016-12-31T23:59:60Z", Some(1_483_228_800_000));
        check("2026-03-02T08:59:60.25+00:00", Some(1_772_442_000_250));
    }

    #[test]
    fn whole_numbers_are_milliseconds_however_they_are_written() {
        let check = |number: &str, expected: Option<i64>| assert_eq!(epoch_ms_decimal(number).map(|t| t.0), expected, "{number}");
        check("1.7724516E12", Some(1_772_451_600_000));
        check("1741510800001.0", Some(1_741_510_800_001));
        check("1772442000000.5", None);
        check("1.772442e9", None);
        check("1e999", None);
        check("-1.7724516E12", None);
    }

    #[test]
    fn what_is_no_instant_of_2000_to_2100_is_refused() {
        for text in [
            "",
            "2026-03-02",
            "2026-03-02T09:00:00",
            "2026-03-02 09:00:00Z",
            "2026-03-02T09:00Z",
            "2026-03-02T09:00:61Z",
            "2100-12-31T23:59:60Z",
            "2026-03-02T24:00:00Z",
            "2026-03-02T09:60:00Z",
            "2026-02-30T09:00:00Z",
            "2025-02-29T09:00:00Z",
            "2100-02-29T09:00:00Z",
            "2026-00-01T09:00:00Z",
            "2026-13-01T09:00:00Z",
            "2026-01-00T09:00:00Z",
            "2026-04-31T09:00:00Z",
            "2026-03-02T09:00:00.Z",
            "2026-03-02T09:00:00+25:00",
            "2026-03-02T09:00:00+05:60",
            "2026-03-02T09:00:00+0530",
            "2026-03-02T09:00:00+05",
            "2026-03-02T09:00:00Z ",
            "2026-03-02T09:00:00Ża",
            "+026-03-02T09:00:00Z",
            "1999-12-31T23:59:59.999Z",
            "2101-01-01T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
        ] {
            check(text, None);
        }
    }

    proptest! {
        #[test]
        fn every_instant_reads_as_the_calendar_library_writes_it(ms in EARLIEST_MS..LATEST_MS) {
            check(&EventTime(ms).to_string(), Some(ms));
        }

        #[test]
        fn integers_are_read_as_the_standard_library_reads_them(integer in prop_oneof!["-?[0-9]{12,14}", "-?[0-9]{1,22}"], ms in EARLIEST_MS - 9..LATEST_MS + 9) {
            for integer in [integer, ms.to_string(), format!("0{ms}"), format!("-{ms}")] {
                prop_assert_eq!(epoch_ms_text(&integer), integer.parse().ok().and_then(epoch_ms));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,30}") {
            let _time = rfc3339(&text);
        }
    }
}
