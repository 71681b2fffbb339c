//! Files that open with their purpose and stay short, pages with one title and links that work, and a changelog that begins with this version.

use std::path::Path;

use super::repository::{assert_none, files_below, read, root};

/// The largest number of lines that a file may have.
const LINES_MAX: usize = 600;

#[test]
fn files_are_short_and_say_first_what_they_are_for() {
    let mut faults = Vec::new();
    for path in files_below("", "rs") {
        let text = read(&path);
        let lines = text.lines().count();
        if lines > LINES_MAX {
            faults.push(format!("{}: {lines} lines, {LINES_MAX} at most", path.display()));
        }
        if !text.starts_with("//! ") {
            faults.push(format!("{}: does not begin with `//! ` and what it is for", path.display()));
        }
    }
    assert_none(&faults);
}

#[test]
fn pages_have_one_title_and_links_that_lead_somewhere() {
    let mut faults = Vec::new();
    for path in files_below("", "md") {
        let text = read(&path);
        let prose = outside_fences(&text);
        let titles = prose.iter().filter(|line| line.starts_with("# ")).count();
        if titles != 1 || !text.starts_with("# ") {
            faults.push(format!("{}: {titles} titles, one wanted and first", path.display()));
        }
        for target in prose.iter().flat_map(|line| link_targets(line)) {
            let file = target.split('#').next().unwrap_or_default();
            let folder = path.parent().unwrap_or_else(|| Path::new(""));
            if !file.is_empty() && !file.contains("://") && !root().join(folder).join(file).exists() {
                faults.push(format!("{}: `{target}` leads nowhere", path.display()));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn the_changelog_begins_with_this_version() {
    let log = read(Path::new("CHANGELOG.md"));
    let first = log.lines().find_map(|line| line.strip_prefix("## ")).expect("a version in CHANGELOG.md");
    assert!(
        first.starts_with(env!("CARGO_PKG_VERSION")),
        "CHANGELOG.md begins with `{first}`, Cargo.toml says {}",
        env!("CARGO_PKG_VERSION")
    );
}

#[test]
fn titles_and_links_are_read_outside_fences() {
    assert_eq!(outside_fences("# Title\n```\n# a comment\n```\ntext"), ["# Title", "text"]);
    assert_eq!(link_targets("see [a](b.md) and [c](d.md#e)"), ["b.md", "d.md#e"]);
}

fn outside_fences(text: &str) -> Vec<&str> {
    let mut fenced = false;
    text.lines()
        .filter(|line| {
            let fence = line.trim_start().starts_with("```");
            fenced ^= fence;
            !fenced && !fence
        })
        .collect()
}

fn link_targets(line: &str) -> Vec<&str> {
    line.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect()
}
