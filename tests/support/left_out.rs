//! Saying aloud which tests were left out, and why. Knows no test and no tool.

use std::io::Write;

/// Says on standard error that the running test is left out, past the test runner's capture of printed text.
pub(crate) fn leave_out(why: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    writeln!(std::io::stderr(), "left out: `{test}`: {why}").expect("standard error is writable");
}

/// An environment variable that is set and not empty.
#[expect(clippy::disallowed_methods, reason = "tests learn of their tools and data from the environment, never from a configuration")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
