//! Saying aloud what tests measured. Knows no measure.

use std::io::Write;

/// Says what the running test measured, past the test runner's capture, which shows printed text of failed tests only.
pub(crate) fn measured(what: &str) {
    writeln!(std::io::stderr(), "measured: {what}").expect("standard error is writable");
}
