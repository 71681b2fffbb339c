//! The fault of a web configuration, and the reading of its files.
//!
//! Does not know what the files hold.

use std::path::Path;

/// The largest file that is read.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Why a web configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("web.config_file: `{file}`: {what}\nhint: {hint}")]
pub struct WebFileError {
    /// The file at fault: the configuration itself, or one that it names.
    pub file: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub hint: String,
}

/// The bytes of a file.
///
/// # Errors
/// When it cannot be read, or is too large.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, WebFileError> {
    let hint = "name a file that this user can read; a relative path starts from the folder of the web configuration";
    let is_small = std::fs::metadata(path).map(|metadata| metadata.is_file() && metadata.len() <= FILE_BYTES_MAX);
    match is_small.and_then(|is_small| if is_small { std::fs::read(path).map(Some) } else { Ok(None) }) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(fault(path, "it is not a file of at most 1 MiB", hint)),
        Err(error) => Err(fault(path, format!("it cannot be read: {}", error.kind()), hint)),
    }
}

/// A fault of a file.
pub(super) fn fault(path: &Path, what: impl Into<String>, hint: impl Into<String>) -> WebFileError {
    WebFileError { file: path.display().to_string(), what: what.into(), hint: hint.into() }
}
