//! Files that a killed process left half written in a folder. They are called like their object with `#` and a number behind it, and no
//! listing of the store shows them.
//!
//! Does not know who wrote them: only their age says that nobody writes them any more.

use std::path::Path;
use std::time::Duration;

/// Removes the staged files in a folder and the folders in it that were last written longer ago than `age_min`. Returns how many.
///
/// What cannot be looked at or removed stays: it takes space, and does no harm.
pub(super) fn remove_abandoned(folder: &Path, age_min: Duration) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let mut removed = 0;
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            removed += remove_abandoned(&entry.path(), age_min);
        } else if kind.is_file() && is_staged(&entry.file_name().to_string_lossy()) && is_older(&entry, age_min) {
            removed += usize::from(std::fs::remove_file(entry.path()).is_ok());
        }
    }
    removed
}

/// Whether a name is that of a checkpoint with `#` and a number behind it.
fn is_staged(name: &str) -> bool {
    name.rsplit_once('#').is_some_and(|(object, number)| {
        super::object_name::ObjectName::parse(object).is_some() && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// A file of the future, as after a clock that was set back, is not older.
fn is_older(entry: &std::fs::DirEntry, age_min: Duration) -> bool {
    let written = entry.metadata().and_then(|metadata| metadata.modified());
    written.is_ok_and(|written| written.elapsed().is_ok_and(|age| age > age_min))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_staged_files_are_removed() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join("desk/00/3");
        std::fs::create_dir_all(&folder).expect("made");
        let object = format!("{:020}-{:020}-{}.checkpoint", 5, 1, "0".repeat(24));
        let (staged, other) = (folder.join(format!("{object}#1")), folder.join("notes#1"));
        for path in [&folder.join(&object), &staged, &other] {
            std::fs::write(path, "x").expect("written");
        }
        assert_eq!(remove_abandoned(root.path(), Duration::from_secs(60)), 0, "somebody may still write it");
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(remove_abandoned(root.path(), Duration::from_millis(10)), 1);
        assert!(!staged.exists() && other.exists() && folder.join(object).exists());
        assert_eq!(remove_abandoned(Path::new("/nowhere"), Duration::ZERO), 0);
    }
}
