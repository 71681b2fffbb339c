//! What tests say past the test runner's capture: which were left out and why, and what others measured. Knows no test and no tool.

use std::io::Write;

/// Says that the running test is left out.
///
/// # Panics
/// Under `tests/run.sh`, which has set up everything: there nothing may be left out silently.
pub(crate) fn leave_out(why: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    assert!(!complete(), "`{test}` cannot run, and `tests/run.sh` promised that it can: {why}");
    say(&format!("left out: `{test}`: {why}"));
}

/// Says what the running test measured.
pub(crate) fn measured(what: &str) {
    say(&format!("measured: {what}"));
}

/// Writes a line to standard error; printed text would be shown for failed tests only.
fn say(line: &str) {
    // A line that cannot be written has nobody to read it.
    let _unread = writeln!(std::io::stderr(), "{line}");
}

/// Whether `tests/run.sh` runs the tests.
fn complete() -> bool {
    variable("TESTS_COMPLETE").is_some()
}

/// An environment variable that is set and not empty.
#[expect(clippy::disallowed_methods, reason = "tests learn of their tools and data from the environment, never from a configuration")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
