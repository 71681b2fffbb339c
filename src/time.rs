//! Event time: instants, lengths of time, and the rounding that windows need.
//!
//! Does not know a clock or a time zone: every instant comes from an event, a record or a caller.

use std::fmt;

use serde::{Deserialize, Serialize};
use std::ops::{Add, Sub};

/// An instant in milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// Adding and subtracting saturates at the ends of the type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventTime(pub i64);

/// A length of time in milliseconds. Negative where a later instant is subtracted from an earlier one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span(pub i64);

impl EventTime {
    /// Earlier than every event.
    pub const MIN: Self = Self(i64::MIN / 4);
    /// Later than every event.
    pub const MAX: Self = Self(i64::MAX / 4);

    /// Seconds since 1970, as Prometheus writes instants.
    ///
    /// ```
    /// assert_eq!(cxpulse::time::EventTime(1_500).as_seconds(), 1.5);
    /// ```
    #[must_use]
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// The number of the slice of length `width` that contains this instant. Slice 0 begins in 1970; the number is rounded down, also
    /// before 1970.
    ///
    /// # Panics
    /// Where `width` is 0.
    ///
    /// ```
    /// use cxpulse::time::{EventTime, Span};
    /// assert_eq!(EventTime(-1).slice(Span(5_000)), -1);
    /// assert_eq!(EventTime(5_000).slice(Span(5_000)), 1);
    /// ```
    #[must_use]
    pub fn slice(self, width: Span) -> i64 {
        self.0.div_euclid(width.0)
    }
}

impl Span {
    /// A length of whole seconds.
    #[must_use]
    pub const fn seconds(n: i64) -> Self {
        Self(n * 1000)
    }

    /// A length of whole minutes.
    #[must_use]
    pub const fn minutes(n: i64) -> Self {
        Self::seconds(n * 60)
    }

    /// A length of whole hours.
    #[must_use]
    pub const fn hours(n: i64) -> Self {
        Self::minutes(n * 60)
    }

    /// A length of days of 24 hours.
    #[must_use]
    pub const fn days(n: i64) -> Self {
        Self::hours(n * 24)
    }

    /// The length in seconds.
    #[must_use]
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

impl Add<Span> for EventTime {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for EventTime {
    type Output = Self;

    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Sub for EventTime {
    type Output = Span;

    fn sub(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for EventTime {
    /// RFC 3339 in UTC with milliseconds, for logs and messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(t) => write!(f, "{t:.3}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl fmt::Display for Span {
    /// The spelling of Prometheus, in the largest unit that divides the length without a rest (`90s`, `5m`, `24h`, `7d`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")];
        for (ms, unit) in units {
            if self.0 % ms == 0 && self.0 != 0 {
                return write!(f, "{}{unit}", self.0 / ms);
            }
        }
        write!(f, "0s")
    }
}
