//! The value of a member as the scan found it, and its readings: id, word of a closed set, boolean, number, instant.
//!
//! Does not know which member it belongs to.

use std::borrow::Cow;
use std::ops::Range;

use super::number::{AMOUNT_MAX, POINT, millionths};
use super::text::unescape;
use super::{Amount, Reason, time_text};
use crate::time::EventTime;

/// The longest id, in bytes.
pub(super) const ID_BYTES_MAX: usize = 128;

/// A value as the scan found it: its shape and its place in the text. It becomes a [`JsonValue`] only where it is read.
///
/// One machine word: four bits for the shape and 24 for each end of the place, because a payload has at most 2^18 bytes. The scan passes
/// many values around for each one that is read, and a wider type would go through memory instead of a register.
#[derive(Clone, Copy)]
pub(super) struct Raw(u64);

/// The kind of a value, as far as the scan can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Null,
    True,
    False,
    Integer,
    Decimal,
    /// A string without escapes; its place is between the quotes.
    Text,
    /// A string with escapes; its place includes the quotes.
    Escaped,
    Array,
    Object,
}

impl Shape {
    const ALL: [Self; 9] =
        [Self::Null, Self::True, Self::False, Self::Integer, Self::Decimal, Self::Text, Self::Escaped, Self::Array, Self::Object];
}

impl Raw {
    pub(super) const NULL: Self = Self::new(Shape::Null, 0, 0);
    const PLACE_BITS: u32 = 24;
    const PLACE_MAX: u64 = (1 << Self::PLACE_BITS) - 1;

    /// A value at these bytes of a payload.
    #[inline]
    pub(super) const fn new(shape: Shape, start: usize, end: usize) -> Self {
        Self((((shape as u64) << Self::PLACE_BITS | start as u64) << Self::PLACE_BITS) | end as u64)
    }

    fn shape(self) -> Shape {
        Shape::ALL[(self.0 >> (2 * Self::PLACE_BITS)) as usize]
    }

    #[inline]
    const fn is(self, shape: Shape) -> bool {
        self.0 >> (2 * Self::PLACE_BITS) == shape as u64
    }

    #[inline]
    pub(super) const fn is_null(self) -> bool {
        self.is(Shape::Null)
    }

    /// Whether it says nothing: null or an empty text.
    #[inline]
    pub(super) fn is_blank(self) -> bool {
        self.is_null() || self.is(Shape::Text) && self.range().is_empty()
    }

    /// Its place in the text.
    #[inline]
    pub(super) const fn range(self) -> Range<usize> {
        (self.0 >> Self::PLACE_BITS & Self::PLACE_MAX) as usize..(self.0 & Self::PLACE_MAX) as usize
    }

    /// Whether it is a text.
    #[inline]
    pub(super) const fn is_text(self) -> bool {
        self.is(Shape::Text) || self.is(Shape::Escaped)
    }

    /// Whether it can be an instant: a text or a number.
    #[inline]
    pub(super) const fn is_time(self) -> bool {
        self.is_text() || self.is(Shape::Integer) || self.is(Shape::Decimal)
    }

    /// Its text, where it is a string without escapes.
    ///
    /// A reader tries this first, because the result stays in registers while a [`JsonValue`] goes through memory.
    #[inline]
    pub(super) fn plain_text(self, text: &str) -> Option<&str> {
        if self.is(Shape::Text) { text.get(self.range()) } else { None }
    }

    /// Its digits, where it is an integer.
    #[inline]
    pub(super) fn integer(self, text: &str) -> Option<&str> {
        if self.is(Shape::Integer) { text.get(self.range()) } else { None }
    }

    /// Its value in the text in which it was found.
    pub(super) fn read(self, text: &str) -> JsonValue<'_> {
        let slice = || &text[self.range()];
        match self.shape() {
            Shape::Null => JsonValue::Null,
            Shape::True => JsonValue::Bool(true),
            Shape::False => JsonValue::Bool(false),
            Shape::Integer => JsonValue::Integer(slice()),
            Shape::Decimal => JsonValue::Decimal(slice()),
            Shape::Text => JsonValue::Text(slice()),
            Shape::Escaped => JsonValue::Escaped(slice()),
            Shape::Array => JsonValue::Array,
            Shape::Object => JsonValue::Object,
        }
    }
}

/// A value that is well-formed JSON.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum JsonValue<'a> {
    Null,
    Bool(bool),
    /// A number without fraction and exponent, as written.
    Integer(&'a str),
    /// Any other number, as written.
    Decimal(&'a str),
    /// A string without escapes, without its quotes.
    Text(&'a str),
    /// A string with escapes, with its quotes.
    Escaped(&'a str),
    /// The text of a record header, which may hold any character.
    Header(&'a str),
    Array,
    Object,
}

impl<'a> JsonValue<'a> {
    /// Whether it is a text, without reading it.
    pub(super) const fn is_text(self) -> bool {
        matches!(self, Self::Text(_) | Self::Escaped(_) | Self::Header(_))
    }

    /// The result of `read` on a text, or `wrong_type`.
    ///
    /// The text is borrowed, so that texts without escapes need no owned copy. An escape is at most six times as long as its character; a
    /// text that must be longer than `bytes_max` for that reason is not decoded, but read as a NUL, which is in no closed set.
    #[inline]
    pub(super) fn with_text<R>(self, bytes_max: usize, read: impl FnOnce(&str) -> R) -> Result<R, Reason> {
        match self {
            Self::Text(text) | Self::Header(text) => Ok(read(text)),
            Self::Escaped(quoted) => Ok(read(&Self::unescape_within(quoted, bytes_max))),
            Self::Null | Self::Bool(_) | Self::Integer(_) | Self::Decimal(_) | Self::Array | Self::Object => Err(Reason::WrongType),
        }
    }

    /// A text that outlives the call, read as by [`JsonValue::with_text`], or `wrong_type`.
    #[inline]
    pub(super) fn text_to_keep(self, bytes_max: usize) -> Result<Cow<'a, str>, Reason> {
        match self {
            Self::Text(text) | Self::Header(text) => Ok(Cow::Borrowed(text)),
            Self::Escaped(quoted) => Ok(Self::unescape_within(quoted, bytes_max)),
            Self::Null | Self::Bool(_) | Self::Integer(_) | Self::Decimal(_) | Self::Array | Self::Object => Err(Reason::WrongType),
        }
    }

    #[cold]
    fn unescape_within(quoted: &str, bytes_max: usize) -> Cow<'_, str> {
        if quoted.len() > 6 * bytes_max + 2 { Cow::Borrowed("\0") } else { unescape(quoted) }
    }

    /// The result of `read` on an id: an integer, which is its decimal text, or a text of 1 to 128 bytes without a NUL. Otherwise `wrong_type` or
    /// `bad_value`.
    #[inline]
    pub(super) fn with_id<R>(self, read: impl FnOnce(&str) -> R) -> Result<R, Reason> {
        if let Self::Integer(digits) = self {
            // It has at most 128 bytes, as every number.
            return Ok(read(if digits == "-0" { "0" } else { digits }));
        }
        self.with_text_id(read)
    }

    /// The result of `read` on an id that must be a text. Otherwise `wrong_type` or `bad_value`.
    #[inline]
    pub(super) fn with_text_id<R>(self, read: impl FnOnce(&str) -> R) -> Result<R, Reason> {
        // In JSON a NUL can only be written as an escape.
        let may_hold_nul = !matches!(self, Self::Text(_));
        let is_id = |id: &str| is_id_length(id.len()) && !(may_hold_nul && id.contains('\0'));
        self.with_text(ID_BYTES_MAX, |id| if is_id(id) { Ok(read(id)) } else { Err(Reason::BadValue) })?
    }

    /// Checks that the value is an id.
    #[inline]
    pub(super) fn check_id(self) -> Result<(), Reason> {
        self.with_id(|_| ())
    }

    /// The choice of a word from a closed set. Otherwise `wrong_type` or `bad_value`.
    #[inline]
    pub(super) fn choice<T: Copy>(self, choices: &[(&str, T)]) -> Result<T, Reason> {
        self.with_text(ID_BYTES_MAX, |text| choice_of(choices, text))?
    }

    /// A boolean, or `wrong_type`.
    pub(super) fn flag(self) -> Result<bool, Reason> {
        if let Self::Bool(flag) = self { Ok(flag) } else { Err(Reason::WrongType) }
    }

    /// A number as it is written, or `wrong_type`.
    pub(super) fn number(self) -> Result<&'a str, Reason> {
        if let Self::Integer(number) | Self::Decimal(number) = self { Ok(number) } else { Err(Reason::WrongType) }
    }

    /// An amount of money in whole millionths. Otherwise `wrong_type` or `bad_value`.
    pub(super) fn amount(self) -> Result<Amount, Reason> {
        let amount = millionths(self.number()?).filter(|amount| (0.0..=AMOUNT_MAX * POINT as f64).contains(amount));
        amount.map(|amount| Amount(amount as i64)).ok_or(Reason::BadValue)
    }

    /// Whether it can be an instant: a text or a number.
    pub(super) const fn is_time(self) -> bool {
        self.is_text() || matches!(self, Self::Integer(_) | Self::Decimal(_))
    }

    /// An instant: RFC 3339, or a whole number of milliseconds since 1970. Otherwise `wrong_type` or `bad_time`.
    pub(super) fn time(self) -> Result<EventTime, Reason> {
        let time = match self {
            Self::Integer(ms) => time_text::epoch_ms_text(ms),
            Self::Decimal(ms) => time_text::epoch_ms_decimal(ms),
            Self::Text(_) | Self::Escaped(_) | Self::Header(_) | Self::Null | Self::Bool(_) | Self::Array | Self::Object => {
                self.with_text(ID_BYTES_MAX, time_text::rfc3339)?
            }
        };
        time.ok_or(Reason::BadTime)
    }
}

/// Whether an id may have this length, in bytes.
#[inline]
pub(super) const fn is_id_length(bytes: usize) -> bool {
    1 <= bytes && bytes <= ID_BYTES_MAX
}

/// The choice of a word from a closed set, or `bad_value`.
#[inline]
pub(super) fn choice_of<T: Copy>(choices: &[(&str, T)], text: &str) -> Result<T, Reason> {
    choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice).ok_or(Reason::BadValue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_where_the_scan_found_it() {
        let text = "x".repeat(262_140) + "true";
        for shape in Shape::ALL {
            let raw = Raw::new(shape, 262_140, 262_144);
            assert_eq!((raw.shape(), raw.range()), (shape, 262_140..262_144));
            assert_eq!(raw.is_null(), shape == Shape::Null);
        }
        assert_eq!(Raw::new(Shape::Text, 262_140, 262_144).read(&text), JsonValue::Text("true"));
        assert_eq!(Raw::NULL.read(&text), JsonValue::Null);
    }
}
