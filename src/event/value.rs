//! A member's value as the scan found it, and the readings that the contract asks for.
//!
//! Does not know which member it is, except by what it is asked for.

use std::borrow::Cow;
use std::ops::Range;

use super::text::unescape;
use super::{Reason, time_text};
use crate::time::EventTime;

/// The longest id, in bytes.
pub(super) const ID_BYTES_MAX: usize = 128;

/// A value as the scan notes it: what it is and where it stands. A reading makes a [`Value`] of it, only where it is asked for.
///
/// One word (four bits of shape, 24 of each end; a payload has at most 2^18 bytes), because the scan hands thousands of them around for
/// each one that is read, and what is wider than a register goes through memory.
#[derive(Clone, Copy)]
pub(super) struct Raw(u64);

/// What a value is, as far as its first and last bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Null,
    True,
    False,
    Integer,
    Decimal,
    /// Without escapes; stands between its quotes.
    Text,
    /// With escapes; stands with its quotes.
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

    /// A value that stands at these bytes of a payload.
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

    /// Where it stands.
    #[inline]
    pub(super) const fn range(self) -> Range<usize> {
        (self.0 >> Self::PLACE_BITS & Self::PLACE_MAX) as usize..(self.0 & Self::PLACE_MAX) as usize
    }

    /// Whether it is a text without escapes that may be an id, as most ids are: then there is nothing more to check.
    #[inline]
    pub(super) fn is_plain_id(self) -> bool {
        let range = self.range();
        self.is(Shape::Text) && is_id_length(range.end - range.start)
    }

    /// Whether it is a text.
    #[inline]
    pub(super) const fn is_text(self) -> bool {
        self.is(Shape::Text) || self.is(Shape::Escaped)
    }

    /// Whether it can be an instant: a text or an integer.
    #[inline]
    pub(super) const fn is_time(self) -> bool {
        self.is_text() || self.is(Shape::Integer)
    }

    /// Its text, where it is one without escapes.
    ///
    /// What reads a value asks here first, because two words stay in registers, while a [`Value`] goes through memory.
    #[inline]
    pub(super) fn plain_text(self, text: &str) -> Option<&str> {
        if self.is(Shape::Text) { text.get(self.range()) } else { None }
    }

    /// Its digits, where it is an integer.
    #[inline]
    pub(super) fn integer(self, text: &str) -> Option<&str> {
        if self.is(Shape::Integer) { text.get(self.range()) } else { None }
    }

    /// Its reading in the text that it was found in.
    pub(super) fn read(self, text: &str) -> Value<'_> {
        let slice = || &text[self.range()];
        match self.shape() {
            Shape::Null => Value::Null,
            Shape::True => Value::Bool(true),
            Shape::False => Value::Bool(false),
            Shape::Integer => Value::Integer(slice()),
            Shape::Decimal => Value::Decimal(slice()),
            Shape::Text => Value::Text(slice()),
            Shape::Escaped => Value::Escaped(slice()),
            Shape::Array => Value::Array,
            Shape::Object => Value::Object,
        }
    }
}

/// A value that is well-formed JSON.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
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

impl<'a> Value<'a> {
    /// Whether it is a text, without reading it.
    pub(super) const fn is_text(self) -> bool {
        matches!(self, Self::Text(_) | Self::Escaped(_) | Self::Header(_))
    }

    /// What `read` makes of a text; or `wrong_type`.
    ///
    /// The text is lent rather than given, so that the many that need no decoding cost no owner. One that must be longer than `bytes_max`,
    /// because an escape is at most six times its character, is not decoded but read as a text of NULs, which is in no closed set.
    #[inline]
    pub(super) fn with_text<R>(self, bytes_max: usize, read: impl FnOnce(&str) -> R) -> Result<R, Reason> {
        match self {
            Self::Text(text) | Self::Header(text) => Ok(read(text)),
            Self::Escaped(quoted) => Ok(read(&Self::unescape_within(quoted, bytes_max))),
            Self::Null | Self::Bool(_) | Self::Integer(_) | Self::Decimal(_) | Self::Array | Self::Object => Err(Reason::WrongType),
        }
    }

    /// A text to keep, read as by [`Value::with_text`]; or `wrong_type`.
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

    /// What `read` makes of an id: a text of 1 to 128 bytes without NUL.
    #[inline]
    pub(super) fn with_id<R>(self, read: impl FnOnce(&str) -> R) -> Result<R, Reason> {
        // A NUL between quotes can only come of an escape.
        let may_hold_nul = !matches!(self, Self::Text(_));
        let is_id = |id: &str| is_id_length(id.len()) && !(may_hold_nul && id.contains('\0'));
        self.with_text(ID_BYTES_MAX, |id| if is_id(id) { Ok(read(id)) } else { Err(Reason::BadValue) })?
    }

    /// Checks that it is an id.
    #[inline]
    pub(super) fn check_id(self) -> Result<(), Reason> {
        self.with_id(|_| ())
    }

    /// One of a closed set of texts.
    #[inline]
    pub(super) fn choice<T: Copy>(self, choices: &[(&str, T)]) -> Result<T, Reason> {
        self.with_text(ID_BYTES_MAX, |text| choice_of(choices, text))?
    }

    /// A boolean.
    pub(super) fn flag(self) -> Result<bool, Reason> {
        if let Self::Bool(flag) = self { Ok(flag) } else { Err(Reason::WrongType) }
    }

    /// A number as written.
    pub(super) fn number(self) -> Result<&'a str, Reason> {
        if let Self::Integer(number) | Self::Decimal(number) = self { Ok(number) } else { Err(Reason::WrongType) }
    }

    /// Whether it can be an instant: a text or an integer.
    pub(super) const fn is_time(self) -> bool {
        self.is_text() || matches!(self, Self::Integer(_))
    }

    /// An instant: RFC 3339 or integer epoch milliseconds.
    pub(super) fn time(self) -> Result<EventTime, Reason> {
        let time =
            if let Self::Integer(ms) = self { time_text::epoch_ms_text(ms) } else { self.with_text(ID_BYTES_MAX, time_text::rfc3339)? };
        time.ok_or(Reason::BadTime)
    }
}

/// Whether an id may have so many bytes.
#[inline]
pub(super) const fn is_id_length(bytes: usize) -> bool {
    1 <= bytes && bytes <= ID_BYTES_MAX
}

/// The one of a closed set that is spelled so; or `bad_value`.
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
        assert_eq!(Raw::new(Shape::Text, 262_140, 262_144).read(&text), Value::Text("true"));
        assert_eq!(Raw::NULL.read(&text), Value::Null);
    }
}
