//! Tools that are not Rust's and may not be there. Does not know what they are for.

use super::left_out::{leave_out, variable};

/// Says that the running test is left out for want of a tool.
///
/// # Panics
/// Under `tests/run.sh`, which sets up every tool: there none may be missing silently.
pub(crate) fn leave_out_without_tool(why: &str) {
    assert!(variable("TESTS_COMPLETE").is_none(), "`tests/run.sh` promised that this runs: {why}");
    leave_out(why);
}
