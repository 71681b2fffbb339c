//! Prometheus' own checker. Does not know the files that it checks.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::tools::leave_out_without_tool;

/// The output of a tool: `Ok` if it succeeded, `Err` if it failed.
pub(crate) type Said = Result<String, String>;

/// Runs a tool of Prometheus. `None`, with a printed message, if it is not installed.
pub(crate) fn run_tool(tool: &str, arguments: &[&str], folder: &Path) -> Option<Said> {
    let Ok(output) = Command::new(tool).args(arguments).current_dir(folder).output() else {
        leave_out_without_tool(&format!("`{tool}` is not installed"));
        return None;
    };
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Some(if output.status.success() { Ok(said) } else { Err(said) })
}

/// The path of a file of the repository.
pub(crate) fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
