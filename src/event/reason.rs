//! The reasons for which a record is refused: a closed set, so that they can be values of a label.
//!
//! Does not know the checks. The order in which they are made is in `decode.rs`.

use std::fmt;

/// The reason of an `invalid` record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// No bytes, or only white space.
    Empty,
    /// The value, the members of an object, a name or a number exceed their bound.
    TooLarge,
    /// Not UTF-8, a byte-order mark, UTF-16, or an unpaired surrogate escape.
    Encoding,
    /// Not JSON.
    Syntax,
    /// Objects and arrays nested more than 32 deep.
    Depth,
    /// JSON, but not an object.
    NotObject,
    /// An object with the same member name twice.
    DuplicateKey,
    /// A required member is absent or null.
    MissingField,
    /// A member with another JSON type than the contract says.
    WrongType,
    /// A `type` that the contract does not list.
    UnknownType,
    /// A known type on a topic of another kind.
    WrongTopic,
    /// A time that cannot be read, has no offset, or is outside the years 2000 to 2100.
    BadTime,
    /// A score outside its scale.
    ScoreOutOfRange,
    /// A value outside its closed set of words or its bounds.
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

    /// The value of the label `reason`.
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
