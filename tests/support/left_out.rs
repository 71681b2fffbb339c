//! Reports which tests were left out, and why. Does not know any test or tool.

use std::io::Write;

/// Reports on standard error that the running test is left out. Bypasses the test runner, which captures printed text.
pub(crate) fn leave_out(why: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    writeln!(std::io::stderr(), "left out: `{test}`: {why}").expect("standard error is writable");
}

/// The value of an environment variable, if it is set and not empty.
#[expect(clippy::disallowed_methods, reason = "tests learn of their tools and data from the environment, never from a configuration")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
