//! How a failed command ends: its message on stderr, with the hint last, and its exit code.
//!
//! Does not know why a command fails.

use std::error::Error;
use std::fmt::{self, Display};
use std::process::ExitCode;

use super::log_queue;
use super::printing::note;
use crate::checkpoint::StoreFailure;
use crate::config::ConfigError;
use crate::feed::ProgramError;
use crate::kafka::TransferError;
use crate::kafka::producer::ProduceError;
use crate::{kafka, runtime};

/// A command line that parses but makes no sense; exit code 64.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// A failure that has already been reported to the user: only its exit code is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("reported")]
pub struct Reported(u8);

impl Reported {
    /// The configuration is wrong.
    pub const CONFIGURATION: Self = Self(EXIT_CONFIGURATION);
    /// The environment is not as the command needs it.
    pub const FAILURE: Self = Self(EXIT_FAILURE);
    /// The kept state cannot be used.
    pub const STATE: Self = Self(EXIT_STATE);
    /// Something in the records bends numbers.
    pub const BENT: Self = Self(EXIT_BENT);
}

/// An error and the advice to the user, which comes after the causes.
#[derive(Debug)]
pub(super) struct WithHint {
    error: anyhow::Error,
    hint: &'static str,
}

impl WithHint {
    pub(super) fn new(error: impl Into<anyhow::Error>, hint: &'static str) -> Self {
        Self { error: error.into(), hint }
    }
}

impl Display for WithHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for WithHint {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

/// The exit code of a wrong command line.
pub(super) const EXIT_USAGE: u8 = 64;
/// The exit code of kept state that cannot be used.
pub(super) const EXIT_STATE: u8 = 4;
/// The exit code of a wrong configuration.
const EXIT_CONFIGURATION: u8 = 78;
/// The exit code of a failure of the environment, such as a port in use or a file that cannot be read.
const EXIT_FAILURE: u8 = 1;
/// The exit code of `check --sample` where something in the records bends numbers.
const EXIT_BENT: u8 = 2;

/// Prints an error on stderr unless it has been reported already, and gives its exit code.
pub(super) fn report(error: &anyhow::Error) -> ExitCode {
    if !error.is::<Reported>() {
        let message = message(error);
        // A running log keeps the order of the lines, and it does not wait for stderr.
        if !log_queue::print(&message) {
            note(message);
        }
    }
    ExitCode::from(exit_code(error))
}

/// The exit code of the first error that has one in the chain of causes.
fn exit_code(error: &anyhow::Error) -> u8 {
    let code_of = |cause: &(dyn Error + 'static)| {
        if let Some(Reported(code)) = cause.downcast_ref() {
            Some(*code)
        } else if cause.is::<Usage>() {
            Some(EXIT_USAGE)
        } else if cause.is::<ConfigError>() || cause.is::<ProgramError>() {
            Some(EXIT_CONFIGURATION)
        } else if let Some(failure) = cause.downcast_ref::<runtime::ServiceFailure>() {
            Some(failure.exit_code())
        } else if let Some(failure) = cause.downcast_ref::<StoreFailure>() {
            Some(failure.exit_code())
        } else if let Some(ProduceError::Client(failure)) = cause.downcast_ref() {
            Some(failure.exit_code())
        } else if let Some(TransferError::Client(failure)) = cause.downcast_ref() {
            Some(failure.exit_code())
        } else {
            cause.downcast_ref::<kafka::Failure>().map(kafka::Failure::exit_code)
        }
    };
    error.chain().find_map(code_of).unwrap_or(EXIT_FAILURE)
}

/// The message: the failure, its causes, and then the hint.
///
/// An error without a cause ends its own text with its hint. For an error with causes [`WithHint`] keeps the hint apart, so that it comes last.
fn message(error: &anyhow::Error) -> String {
    let what = error.to_string();
    let mut message = if what.starts_with("error: ") { what } else { format!("error: {what}") };
    for cause in error.chain().skip(1) {
        message.push_str(": ");
        message.push_str(&cause.to_string());
    }
    if let Some(WithHint { hint, .. }) = error.downcast_ref() {
        message.push_str("\nhint: ");
        message.push_str(hint);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_comes_after_the_causes() {
        let cause = std::io::Error::new(std::io::ErrorKind::NotFound, "no such file");
        let error = WithHint::new(anyhow::Error::new(cause).context("cannot read `a`"), "give another").into();
        assert_eq!(message(&error), "error: cannot read `a`: no such file\nhint: give another");
    }

    #[test]
    fn the_exit_code_is_that_of_the_telling_cause() {
        assert_eq!(exit_code(&anyhow::Error::new(Usage("no".into())).context("around it")), EXIT_USAGE);
        assert_eq!(exit_code(&kafka::Failure::Refused("no".into()).into()), 5);
        assert_eq!(exit_code(&TransferError::Client(kafka::Failure::Refused("no".into())).into()), 5);
        assert_eq!(exit_code(&runtime::ServiceFailure::Kafka(kafka::Failure::Fatal("fenced".into())).into()), 5);
        assert_eq!(exit_code(&Reported::CONFIGURATION.into()), EXIT_CONFIGURATION);
        assert_eq!(exit_code(&Reported::STATE.into()), 4);
        assert_eq!(exit_code(&anyhow::anyhow!("port in use")), EXIT_FAILURE);
    }
}
