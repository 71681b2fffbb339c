//! Times as programs write them: RFC 3339 texts and numbers of milliseconds, to epoch milliseconds.

use serde_json::{Number, Value};

use super::reader::{Refusal, ensure};

/// Epoch milliseconds of a time member: an RFC 3339 text with its zone, or a whole number, however it is written.
pub(crate) fn instant(value: &Value) -> Result<i64, Refusal> {
    let time = match value {
        Value::String(text) => millis(text).ok_or("bad_time")?,
        Value::Number(number) => whole(number).ok_or("bad_time")?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return Err("wrong_type"),
    };
    ensure((946_684_800_000..4_133_980_800_000).contains(&time), "bad_time")?;
    Ok(time)
}

fn whole(number: &Number) -> Option<i64> {
    let float = number.as_f64().filter(|x| x.fract() == 0.0 && x.abs() < 1e15)?;
    number.as_i64().or(Some(float as i64))
}

/// Epoch milliseconds of an RFC 3339 text, in which the second `:60` is the next one; fractions of a millisecond are cut off.
pub(crate) fn millis(text: &str) -> Option<i64> {
    let digits = |from: usize, to: usize| -> Option<i64> {
        let part = text.get(from..to)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let mark = |at: usize, c: u8| (text.as_bytes().get(at) == Some(&c)).then_some(());
    let (year, month, day) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
    let (hour, minute, second) = (digits(11, 13)?, digits(14, 16)?, digits(17, 19)?);
    for (at, c) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')] {
        let small = c.to_ascii_lowercase();
        mark(at, c).or_else(|| mark(at, small))?;
    }
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let month_index = usize::try_from(month - 1).ok()?;
    let right = (1..=*lengths.get(month_index)?).contains(&day) && year >= 1 && hour < 24 && minute < 60 && second <= 60;
    let (fraction, zone) = match text.get(19..)?.strip_prefix('.') {
        None => ("", text.get(19..)?),
        Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?),
    };
    if !right || (fraction.is_empty() && text.as_bytes().get(19) == Some(&b'.')) {
        return None;
    }
    let fraction: i64 = format!("{fraction}000").get(..3)?.parse().ok()?;
    let years_before = year - 1;
    let days = years_before * 365 + years_before / 4 - years_before / 100 + years_before / 400 - 719_162
        + lengths[..month_index].iter().sum::<i64>()
        + day
        - 1;
    let local = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some((local - offset_seconds(zone)?) * 1000 + fraction)
}

fn offset_seconds(zone: &str) -> Option<i64> {
    if zone == "Z" || zone == "z" {
        return Some(0);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let two = |part: &str| (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<i64>().ok())?;
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60)
}
