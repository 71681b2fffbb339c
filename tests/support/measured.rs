//! Reports the measurements of tests. Does not know their meaning.

use std::io::Write;

/// Reports a measurement of the running test. Bypasses the test runner, which shows printed text of failed tests only.
pub(crate) fn measured(what: &str) {
    writeln!(std::io::stderr(), "measured: {what}").expect("standard error is writable");
}
