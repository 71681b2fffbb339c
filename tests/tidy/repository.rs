//! The files of the repository, and how a check reports what it found in them.
//!
//! Does not know what is looked for.

use std::fs;
use std::path::{Path, PathBuf};

/// A source file of the product.
pub(super) struct Source {
    /// Its path from the repository's root.
    pub(super) path: PathBuf,
    /// Its top-level module, or `main` or `lib`.
    pub(super) module: String,
    /// What is in it.
    pub(super) text: String,
}

impl Source {
    /// The numbered lines outside comments and test code.
    pub(super) fn code(&self) -> Vec<(usize, &str)> {
        let mut code = Vec::new();
        let mut lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        while let Some((number, line)) = lines.next() {
            let trimmed = line.trim_start();
            if trimmed == "#[cfg(test)]" {
                skip_item(&mut lines, line.len() - trimmed.len());
            } else if !trimmed.starts_with("//") {
                code.push((number, line));
            }
        }
        code
    }

    /// A fault in one of its lines.
    pub(super) fn fault(&self, number: usize, what: &str) -> String {
        format!("{}:{number}: {what}", self.path.display())
    }
}

/// Passes over the item behind `#[cfg(test)]`: to a line that ends it, or to the closing brace at its own indentation.
fn skip_item<'a>(lines: &mut impl Iterator<Item = (usize, &'a str)>, indentation: usize) {
    let mut opened = false;
    for (_, line) in lines {
        if !opened && line.trim_end().ends_with(';') {
            return;
        }
        opened |= line.contains('{');
        if opened && line.len() > indentation && line[indentation..].starts_with('}') {
            return;
        }
    }
}

/// The product's source files without its tests.
pub(super) fn product_sources() -> Vec<Source> {
    let sources: Vec<_> = files_below("src", "rs")
        .into_iter()
        .filter(|path| !is_test(path))
        .map(|path| {
            let first = path.components().nth(1).expect("a file below src").as_os_str().to_string_lossy().into_owned();
            Source { module: first.trim_end_matches(".rs").to_owned(), text: read(&path), path }
        })
        .collect();
    assert!(sources.len() > 10, "the sources were not found");
    sources
}

/// Whether a file holds only tests.
pub(super) fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs")
}

/// The repository's files with an extension, relative to its root, without build output and hidden folders.
pub(super) fn files_below(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).expect("a readable folder") {
            let entry = entry.expect("a readable entry");
            let name = entry.file_name();
            let path = folder.join(&name);
            let hidden = name.to_string_lossy().starts_with('.') || name == "target";
            if entry.file_type().expect("a known file type").is_dir() {
                if !hidden {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The text of a file, by its path from the repository's root.
pub(super) fn read(path: &Path) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// The repository's root.
pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Fails with all faults, one a line.
#[track_caller]
pub(super) fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn code_is_what_remains_without_comments_and_tests() {
    let source = Source {
        path: PathBuf::from("src/a.rs"),
        module: "a".to_owned(),
        text: "// x\none\n#[cfg(test)]\nmod tests;\ntwo\n#[cfg(test)]\nmod tests {\n    hidden\n}\nthree".to_owned(),
    };
    assert_eq!(source.code(), [(2, "one"), (5, "two"), (10, "three")]);
}
