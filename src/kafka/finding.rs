//! What `check --connect` has found out about a cluster. Does not know the questions.

use super::failure::Failure;

/// One fact about the cluster that matters to the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: FindingSeverity,
    /// The topic or the cluster that it is about.
    pub place: String,
    /// The finding, in words.
    pub what: String,
    /// The advice to an operator; empty where there is nothing to do.
    pub hint: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingSeverity {
    /// The service runs with it as it should.
    Fine,
    /// The service runs, but not as well as it could.
    Warning,
    /// The service would wait or end.
    Error,
}

impl Finding {
    pub(super) fn new(severity: FindingSeverity, place: &str, what: String, hint: &str) -> Self {
        Self { severity, place: place.to_owned(), what, hint: hint.to_owned() }
    }

    pub(super) fn failure(place: &str, failure: &Failure) -> Self {
        Self::new(FindingSeverity::Error, place, failure.what(), failure.hint().unwrap_or_default())
    }
}
