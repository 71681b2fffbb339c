//! Why a record is refused: a closed set, so that it can be a label.

use std::fmt;

/// The reason of an `invalid` record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// No bytes, or only white space.
    Empty,
    /// A bound of size was passed: the value, one object's members, a name or a number.
    TooLarge,
    /// Not UTF-8, a byte-order mark, UTF-16, or an unpaired surrogate escape.
    Encoding,
    /// Not JSON.
    Syntax,
    /// Nested deeper than 32.
    Depth,
    /// JSON, but not an object.
    NotObject,
    /// A member name twice in one object.
    DuplicateKey,
    /// A required member is absent or null.
    MissingField,
    /// A member of another JSON type than the contract says.
    WrongType,
    /// A `type` that the contract does not list.
    UnknownType,
    /// A known type on a topic of another kind.
    WrongTopic,
    /// A time that is none, has no zone, or lies outside 2000..2100.
    BadTime,
    /// A score outside its scale.
    ScoreOutOfRange,
    /// A value outside its closed set or bounds.
    BadValue,
}

impl Reason {
    /// Every reason, in the order of the contract.
    pub const ALL: [Self; 14] = [
        Self::Empty,
        Self::TooLarge,
        Self::Encoding,
        Self::Syntax,
        Self::Depth,
        Self::NotObject,
        Self::DuplicateKey,
        Self::MissingField,
        Self::WrongType,
        Self::UnknownType,
        Self::WrongTopic,
        Self::BadTime,
        Self::ScoreOutOfRange,
        Self::BadValue,
    ];

    /// The label value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLarge => "too_large",
            Self::Encoding => "encoding",
            Self::Syntax => "syntax",
            Self::Depth => "depth",
            Self::NotObject => "not_object",
            Self::DuplicateKey => "duplicate_key",
            Self::MissingField => "missing_field",
            Self::WrongType => "wrong_type",
            Self::UnknownType => "unknown_type",
            Self::WrongTopic => "wrong_topic",
            Self::BadTime => "bad_time",
            Self::ScoreOutOfRange => "score_out_of_range",
            Self::BadValue => "bad_value",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
