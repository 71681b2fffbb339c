//! Why a payload became no events: the closed set of reasons, and the place in the program.
//!
//! Does not know what happens to a rejected payload.

use std::fmt;

/// Declares the closed set, so that no reason is missing from [`RejectionReason::ALL`].
macro_rules! rejection_reasons {
    ($($(#[$doc:meta])* $reason:ident = $name:literal,)+) => {
        /// Why a payload became no events. The value of the label `reason`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RejectionReason {
            $($(#[$doc])* $reason,)+
        }

        impl RejectionReason {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$reason,)+];

            /// The name, as the label `reason` has it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$reason => $name,)+
                }
            }
        }
    };
}

rejection_reasons! {
    /// The payload is larger than a feed takes.
    TooLarge = "too_large",
    /// The payload is not one JSON value.
    NotJson = "not_json",
    /// The program ended with an error.
    Program = "program",
    /// The program gave more outputs than one payload may have.
    TooManyOutputs = "too_many_outputs",
    /// The program took more time or more steps than one payload may take.
    OutOfTime = "out_of_time",
    /// An output is not an object of texts, numbers and booleans.
    NotAnEvent = "not_an_event",
    /// An output is not an event of the contract.
    InvalidEvent = "invalid_event",
}

/// A payload that became no events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The reason.
    pub reason: RejectionReason,
    /// What is wrong, for people. Holds no value of the payload, except in the words of the program itself.
    pub what: String,
    /// The line of the program that ran last; 0 before the program began.
    pub line: u32,
}

impl Rejection {
    pub(super) fn new(reason: RejectionReason, what: impl Into<String>) -> Self {
        Self { reason, what: what.into(), line: 0 }
    }

    pub(super) fn at(self, line: u32) -> Self {
        Self { line, ..self }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.name(), self.what)?;
        if self.line > 0 { write!(f, " (line {} of the program)", self.line) } else { Ok(()) }
    }
}
