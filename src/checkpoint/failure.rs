//! Why a store cannot be used: the operation, the place, the reason and a hint.
//!
//! Does not know which store it is, and never holds credentials.

use std::error::Error;
use std::fmt::{self, Display};
use std::io::ErrorKind;

/// What was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// To open the store.
    Open,
    /// To write a checkpoint.
    Write,
    /// To list what lies there.
    List,
    /// To read a checkpoint.
    Read,
    /// To remove a checkpoint.
    Remove,
}

/// The kind of a failure, which decides the hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// This user may not, or the place is read-only.
    Denied,
    /// No space is left, or a limit of the file system or the process is reached.
    Full,
    /// No answer, or an answer that says to try again later.
    Away,
    /// The folder or the bucket does not exist.
    Missing,
    /// The settings of the store cannot be used.
    Settings,
    /// Anything else.
    Other,
}

/// A store cannot be used. The text is one sentence with place and reason, and a hint on a line of its own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}\nhint: {}", self.what(), self.hint())]
pub struct StoreFailure {
    /// What was tried.
    pub operation: Operation,
    /// The folder, bucket or object. Never holds credentials.
    pub place: String,
    /// The kind.
    pub kind: FailureKind,
    /// The reason in the words of the system, at most 300 characters.
    pub reason: String,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 5] = [Self::Open, Self::Write, Self::List, Self::Read, Self::Remove];

    /// A short name, for the label `operation` of a counter.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Write => "write",
            Self::List => "list",
            Self::Read => "read",
            Self::Remove => "remove",
        }
    }
}

impl StoreFailure {
    pub(super) fn new(operation: Operation, place: impl Display, kind: FailureKind, reason: impl Display) -> Self {
        Self { operation, place: place.to_string(), kind, reason: one_line(&reason.to_string()) }
    }

    /// The failure behind an error of the file system.
    pub(super) fn of_io(operation: Operation, place: impl Display, error: &std::io::Error) -> Self {
        Self::new(operation, place, kind_of_io(error).unwrap_or(FailureKind::Other), reason_of_io(error))
    }

    /// The failure behind an error of the object store. `is_remote` says that the other side of a network is the likely cause.
    pub(super) fn of_store(operation: Operation, place: impl Display, error: &object_store::Error, is_remote: bool) -> Self {
        if let Some(io) = io_cause(error).filter(|_| !is_remote) {
            return Self::of_io(operation, place, io);
        }
        #[expect(clippy::wildcard_enum_match_arm, reason = "the other errors have no hint of their own, and more may come")]
        let kind = match error {
            object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => FailureKind::Denied,
            object_store::Error::NotFound { .. } => FailureKind::Missing,
            object_store::Error::Generic { .. } if is_remote => kind_of_answer(&last_cause(error)),
            _ => FailureKind::Other,
        };
        Self::new(operation, place, kind, last_cause(error))
    }

    /// The exit code of the process that cannot start without the store: 78 for its settings, else 1.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self.kind {
            FailureKind::Settings => 78,
            FailureKind::Denied | FailureKind::Full | FailureKind::Away | FailureKind::Missing | FailureKind::Other => 1,
        }
    }

    /// The sentence without reason and hint.
    #[must_use]
    pub fn what(&self) -> String {
        let place = &self.place;
        match self.operation {
            Operation::Open => format!("the checkpoint store `{place}` cannot be opened"),
            Operation::Write => format!("no checkpoint can be written to `{place}`"),
            Operation::List => format!("the checkpoints in `{place}` cannot be listed"),
            Operation::Read => format!("the checkpoint `{place}` cannot be read"),
            Operation::Remove => format!("the checkpoint `{place}` cannot be removed"),
        }
    }

    /// The advice.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self.kind {
            FailureKind::Denied => "give this user the right to read, write and remove there, or name another place with `checkpoint.url`",
            FailureKind::Full => "make space there, or name another place with `checkpoint.url`",
            FailureKind::Away => "look whether the store runs and can be reached from this machine",
            FailureKind::Missing => "make the folder or the bucket, or name another with `checkpoint.url`",
            FailureKind::Settings => "correct the settings in `[checkpoint]`, or the variables that begin with `AWS_`",
            FailureKind::Other => "look at the file system or the store; the checkpoint before it is still used",
        }
    }
}

fn kind_of_io(error: &std::io::Error) -> Option<FailureKind> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds have no hint of their own")]
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Some(FailureKind::Denied),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Some(FailureKind::Full),
        ErrorKind::NotFound | ErrorKind::NotADirectory => Some(FailureKind::Missing),
        ErrorKind::TimedOut | ErrorKind::StaleNetworkFileHandle => Some(FailureKind::Away),
        _ => None,
    }
}

/// The kind of an answer of a bucket by its status, which stands only in the text of an error. Without one of these the store is at fault.
fn kind_of_answer(text: &str) -> FailureKind {
    let has_status = |status: &str| text.contains(&format!("status code: {status} "));
    if has_status("401") || has_status("403") {
        FailureKind::Denied
    } else if has_status("404") {
        FailureKind::Missing
    } else {
        FailureKind::Away
    }
}

/// The words for a reason that are the same on every system, where there are any.
fn reason_of_io(error: &std::io::Error) -> String {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds have no words of their own")]
    match error.kind() {
        ErrorKind::PermissionDenied => "this user may not".to_owned(),
        ErrorKind::ReadOnlyFilesystem => "it is read-only".to_owned(),
        ErrorKind::StorageFull => "no space is left".to_owned(),
        ErrorKind::QuotaExceeded => "the quota is used up".to_owned(),
        ErrorKind::FileTooLarge => "the largest allowed file size is reached".to_owned(),
        _ => error.to_string(),
    }
}

/// The error of the file system in the chain of causes.
fn io_cause<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e std::io::Error> {
    std::iter::successors(Some(error), |&cause| cause.source()).find_map(|cause| cause.downcast_ref())
}

fn last_cause(error: &object_store::Error) -> String {
    let first: &(dyn Error + 'static) = error;
    std::iter::successors(Some(first), |&cause| cause.source()).last().map_or_else(String::new, ToString::to_string)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect()
}

impl Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_says_where_why_and_what_to_do() {
        let full = std::io::Error::from(ErrorKind::StorageFull);
        let failure = StoreFailure::of_io(Operation::Write, "/state", &full);
        assert_eq!(
            failure.to_string(),
            "no checkpoint can be written to `/state`: no space is left\nhint: make space there, or name another place with `checkpoint.url`"
        );
        assert_eq!((failure.kind, failure.exit_code()), (FailureKind::Full, 1));
    }

    #[test]
    fn a_reason_is_one_line_of_bounded_length() {
        let failure = StoreFailure::new(Operation::List, "s3://b", FailureKind::Away, "a\n  b".repeat(400));
        assert!(!failure.reason.contains('\n') && failure.reason.chars().count() == 300);
    }
}
