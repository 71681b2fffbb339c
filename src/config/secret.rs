//! Values that are never printed, and the files that hold them.
//!
//! Does not know which keys are secret.

use std::path::Path;

use super::layers::{Node, TreeValue};
use super::place::KeyPlace;
use super::problem::{ProblemKind, ProblemReport, complaint};
use super::section::Section;

/// A longer file is taken for a mistake, such as the path of another file.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// A text that is never printed: its `Debug` shows `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("\"***\"")
    }
}

/// Reads a value that may be secret: a text, number or boolean, or `{ file = "path" }` for the content of a file without its last line end.
/// A relative path starts from the folder of the configuration file.
pub(super) fn read_secret(node: Node, place: &KeyPlace, folder: &Path, report: &ProblemReport) -> Option<Secret> {
    // A password may look like a TOML list, so only a table can name a file.
    let table = node.clone().structured();
    if let TreeValue::Table(_) = table.value {
        let mut section = Section::new(table, place.path.clone(), report);
        let path: Option<String> =
            section.required("file", "name the file that holds the value, such as `{ file = \"/run/secrets/kafka\" }`");
        let place = section.place_of("file");
        section.finish();
        return content(&folder.join(path?), &place, report);
    }
    match node.value {
        TreeValue::Text(s) | TreeValue::Raw(s) => Some(Secret(s)),
        TreeValue::Integer(i) => Some(Secret(i.to_string())),
        TreeValue::Float(x) => Some(Secret(x.to_string())),
        TreeValue::Boolean(b) => Some(Secret(b.to_string())),
        // The message must not contain the value.
        TreeValue::Table(_) | TreeValue::List(_) | TreeValue::Instant => {
            let what = "neither a text nor `{ file = \"path\" }`";
            report.add(place, complaint(ProblemKind::WrongType, what, "put the value in quotes, or in a file of its own"));
            None
        }
    }
}

fn content(path: &Path, place: &KeyPlace, report: &ProblemReport) -> Option<Secret> {
    let problem = |what: String, hint: &str| {
        report.add(place, complaint(ProblemKind::SecretFile, what, hint));
        None
    };
    let shown = path.display();
    let metadata = match std::fs::metadata(path) {
        Ok(m) => m,
        Err(e) => {
            return problem(
                format!("`{shown}` cannot be read: {}", reason(&e)),
                "name a file that this user can read; a relative path starts from the configuration file's folder",
            );
        }
    };
    if !metadata.is_file() || metadata.len() > FILE_BYTES_MAX {
        return problem(format!("`{shown}` is not a file of at most 64 KiB"), "name the file that holds the value alone");
    }
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) => return problem(format!("`{shown}` cannot be read: {}", reason(&e)), "name a text file that this user can read"),
    };
    let text = text.strip_suffix('\n').map_or(text.as_str(), |t| t.strip_suffix('\r').unwrap_or(t));
    if text.is_empty() {
        return problem(format!("`{shown}` is empty"), "write the value into it, without quotes");
    }
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o007 != 0 {
        let what = format!("`{shown}` is open to every user of this machine");
        report.add(place, complaint(ProblemKind::SecretFileOpen, what, "take the others' rights away: `chmod o= FILE`"));
    }
    Some(Secret(text.to_owned()))
}

/// The cause of an error in words that are the same on every system.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds have no words of their own")]
pub(super) fn reason(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::NotFound => "it is not there",
        std::io::ErrorKind::PermissionDenied => "this user may not",
        std::io::ErrorKind::InvalidData => "it is not UTF-8 text",
        std::io::ErrorKind::IsADirectory => "it is a folder",
        _ => "the system refuses",
    }
}
