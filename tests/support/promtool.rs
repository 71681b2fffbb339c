//! Prometheus' own checker. Does not know which files it is asked about.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::tools::leave_out_without_tool;

/// What a run of a tool said, where it ended without an error; the other way round for an error.
pub(crate) type Said = Result<String, String>;

/// Runs a tool of Prometheus; `None`, said aloud, where it is not installed.
pub(crate) fn run_tool(tool: &str, arguments: &[&str], folder: &Path) -> Option<Said> {
    let Ok(output) = Command::new(tool).args(arguments).current_dir(folder).output() else {
        leave_out_without_tool(&format!("`{tool}` is not installed"));
        return None;
    };
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Some(if output.status.success() { Ok(said) } else { Err(said) })
}

/// A file of the repository.
pub(crate) fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
