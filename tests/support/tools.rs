//! Tools outside Rust that may be missing. Does not know their purpose.

use super::left_out::{leave_out, variable};

/// Reports that the running test is left out because a tool is missing.
///
/// # Panics
/// Under `tests/run.sh`, which installs every tool, so that none may be missing there.
pub(crate) fn leave_out_without_tool(why: &str) {
    assert!(variable("TESTS_COMPLETE").is_none(), "`tests/run.sh` promised that this runs: {why}");
    leave_out(why);
}
