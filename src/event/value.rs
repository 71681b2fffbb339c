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
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw {
    shape: Shape,
    start: u32,
    end: u32,
}

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

impl Raw {
    pub(super) const NULL: Self = Self { shape: Shape::Null, start: 0, end: 0 };

    /// A value that stands at these bytes of a payload, whose length fits 32 bits by far.
    #[inline]
    pub(super) const fn new(shape: Shape, start: usize, end: usize) -> Self {
        Self { shape, start: start as u32, end: end as u32 }
    }

    pub(super) const fn shape(self) -> Shape {
        self.shape
    }

    #[inline]
    pub(super) fn is_null(self) -> bool {
        self.shape == Shape::Null
    }

    /// Where it stands.
    #[inline]
    pub(super) const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Its reading in the text that it was found in.
    pub(super) fn read(self, text: &str) -> Value<'_> {
        let slice = || &text[self.range()];
        match self.shape {
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
    Array,
    Object,
}

impl<'a> Value<'a> {
    /// A text, or `wrong_type`.
    pub(super) fn text(self) -> Result<Cow<'a, str>, Reason> {
        match self {
            Self::Text(text) => Ok(Cow::Borrowed(text)),
            Self::Escaped(quoted) => Ok(unescape(quoted)),
            Self::Null | Self::Bool(_) | Self::Integer(_) | Self::Decimal(_) | Self::Array | Self::Object => Err(Reason::WrongType),
        }
    }

    /// A text that is not decoded where it must be longer than `bytes_max`: an escape is at most six times its character.
    pub(super) fn text_within(self, bytes_max: usize) -> Result<Option<Cow<'a, str>>, Reason> {
        if matches!(self, Self::Escaped(quoted) if quoted.len() > 6 * bytes_max + 2) {
            return Ok(None);
        }
        self.text().map(|text| (text.len() <= bytes_max).then_some(text))
    }

    /// Whether it is a text, without reading it.
    pub(super) const fn is_text(self) -> bool {
        matches!(self, Self::Text(_) | Self::Escaped(_))
    }

    /// An id: a text of 1 to 128 bytes without NUL.
    pub(super) fn id(self) -> Result<Cow<'a, str>, Reason> {
        let id = self.text_within(ID_BYTES_MAX)?.ok_or(Reason::BadValue)?;
        // Between quotes a NUL only comes of an escape; a header may hold one as it is.
        if id.is_empty() || id.bytes().any(|byte| byte == 0) { Err(Reason::BadValue) } else { Ok(id) }
    }

    /// One of a closed set of texts.
    pub(super) fn choice<T: Copy>(self, choices: &[(&str, T)]) -> Result<T, Reason> {
        let text = self.text_within(ID_BYTES_MAX)?.ok_or(Reason::BadValue)?;
        choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice).ok_or(Reason::BadValue)
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
        let time = if let Self::Integer(ms) = self { time_text::epoch_ms_text(ms) } else { time_text::rfc3339(&self.text()?) };
        time.ok_or(Reason::BadTime)
    }
}
