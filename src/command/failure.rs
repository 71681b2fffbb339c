//! How a command ends: the exit code of an error, and how the error is told.

use std::process::ExitCode;

use crate::config::ConfigError;
use crate::{kafka, runtime};

/// A command line that parses but makes no sense; exit code 64.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// The exit code of something that the user has been told already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("told")]
pub struct Told(u8);

impl Told {
    /// The configuration is wrong.
    pub const CONFIGURATION: Self = Self(EXIT_CONFIGURATION);
    /// The environment is not as it must be.
    pub const FAILURE: Self = Self(EXIT_FAILURE);
}

/// The command line is wrong.
pub(super) const EXIT_USAGE: u8 = 64;
/// The configuration is wrong.
const EXIT_CONFIGURATION: u8 = 78;
/// The environment failed: a port in use, a file that cannot be read.
const EXIT_FAILURE: u8 = 1;

/// The exit code that an error asks for, wherever in its chain of causes the telling one stands.
fn exit_code(error: &anyhow::Error) -> u8 {
    let telling = |cause: &(dyn std::error::Error + 'static)| {
        if let Some(Told(code)) = cause.downcast_ref() {
            Some(*code)
        } else if cause.is::<Usage>() {
            Some(EXIT_USAGE)
        } else if cause.is::<ConfigError>() {
            Some(EXIT_CONFIGURATION)
        } else if let Some(failure) = cause.downcast_ref::<runtime::ServiceFailure>() {
            Some(failure.exit_code())
        } else if let Some(kafka::producer::ProduceError::Client(failure)) = cause.downcast_ref() {
            Some(failure.exit_code())
        } else {
            cause.downcast_ref::<kafka::Failure>().map(kafka::Failure::exit_code)
        }
    };
    error.chain().find_map(telling).unwrap_or(EXIT_FAILURE)
}

/// Tells an error on stderr, causes included, hints last, and gives its exit code.
pub(super) fn tell(error: &anyhow::Error) -> ExitCode {
    if !error.is::<Told>() {
        eprintln!("{}", message(error));
    }
    ExitCode::from(exit_code(error))
}

/// The message: what failed, why, and then the hint, which the outermost text carries on lines of its own.
fn message(error: &anyhow::Error) -> String {
    let outermost = error.to_string();
    let (what, hint) = match outermost.split_once("\nhint: ") {
        Some((what, hint)) => (what.to_owned(), Some(hint.to_owned())),
        None => (outermost, None),
    };
    let mut message = if what.starts_with("error: ") { what } else { format!("error: {what}") };
    for cause in error.chain().skip(1) {
        message.push_str(": ");
        message.push_str(&cause.to_string());
    }
    if let Some(hint) = hint {
        message.push_str("\nhint: ");
        message.push_str(&hint);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_comes_after_the_causes() {
        let cause = std::io::Error::new(std::io::ErrorKind::NotFound, "no such file");
        let error = anyhow::Error::new(cause).context("cannot read `a`\nhint: give another");
        assert_eq!(message(&error), "error: cannot read `a`: no such file\nhint: give another");
    }

    #[test]
    fn the_exit_code_is_that_of_the_telling_cause() {
        assert_eq!(exit_code(&anyhow::Error::new(Usage("no".into())).context("around it")), EXIT_USAGE);
        assert_eq!(exit_code(&kafka::Failure::Refused("no".into()).into()), 5);
        assert_eq!(exit_code(&runtime::ServiceFailure::Kafka(kafka::Failure::Fatal("fenced".into())).into()), 5);
        assert_eq!(exit_code(&Told::CONFIGURATION.into()), EXIT_CONFIGURATION);
        assert_eq!(exit_code(&anyhow::anyhow!("port in use")), EXIT_FAILURE);
    }
}
