//! The repository checks itself: who may use whom, who may read a clock, sizes, first lines, and pages that are true to the code.
//!
//! Reads text only; what the compiler and clippy already hold is not held again here.

use std::fs;
use std::path::{Path, PathBuf};

/// Each top-level module and those of its siblings it may use. What stands further down the way of an event is in nobody's list above it.
const MAY_USE: &[(&str, &[&str])] = &[
    ("time", &[]),
    ("event", &["time"]),
    ("engine", &["time", "event"]),
    ("config", &["time", "event", "engine"]),
    ("metrics", &["time", "event", "engine", "config"]),
    ("monitoring", &["time", "engine", "config", "metrics"]),
    ("kafka", &["time", "event", "config"]),
    ("http", &["time", "engine", "config", "metrics"]),
    ("organisation", &["time", "event", "engine"]),
    ("runtime", &["time", "event", "engine", "config", "metrics", "kafka", "http"]),
    ("command", &["time", "event", "engine", "config", "metrics", "monitoring", "kafka", "http", "organisation", "runtime"]),
];

/// Libraries that have one home each, and the modules that are it.
const HOMES: &[(&str, &[&str])] = &[
    ("rdkafka", &["kafka"]),
    ("prometheus", &["metrics"]),
    ("postcard", &["engine"]),
    ("serde_json", &["event", "monitoring"]),
    ("hyper", &["http"]),
    ("hyper_util", &["http"]),
    ("toml", &["config"]),
    ("clap", &["command"]),
    ("indicatif", &["command"]),
    ("rand", &["organisation"]),
    ("tokio", &["kafka", "http", "runtime", "command"]),
    ("tracing", &["kafka", "http", "runtime", "command"]),
    ("anyhow", &["main", "command"]),
];

/// The only modules that may read a clock.
const SHELL: &[&str] = &["kafka", "http", "runtime", "command"];

/// No file is longer.
const LINES_MAX: usize = 400;

struct Source {
    path: PathBuf,
    /// The top-level module, or `main` or `lib`.
    module: String,
    text: String,
}

impl Source {
    /// The numbered lines outside comments and test code.
    fn code(&self) -> Vec<(usize, &str)> {
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

    fn is_test(&self) -> bool {
        self.path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs")
    }
}

#[test]
fn modules_use_only_what_stands_above_them() {
    let mut faults = Vec::new();
    for source in product_sources() {
        let Some((_, allowed)) = MAY_USE.iter().find(|(module, _)| *module == source.module) else {
            assert!(["main", "lib"].contains(&source.module.as_str()), "`{}` is missing in MAY_USE", source.module);
            continue;
        };
        for (number, line) in source.code() {
            for used in siblings_in(line) {
                let known = MAY_USE.iter().any(|(module, _)| *module == used);
                if known && used != source.module && !allowed.contains(&used) {
                    faults.push(fault(&source, number, &format!("`{}` may not use `{used}`", source.module)));
                }
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn libraries_are_used_only_in_their_homes() {
    let mut faults = Vec::new();
    for source in product_sources() {
        for (number, line) in source.code() {
            for (library, homes) in HOMES {
                if uses_library(line, library) && !homes.contains(&source.module.as_str()) {
                    faults.push(fault(&source, number, &format!("`{library}` belongs in {homes:?}")));
                }
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn only_the_shell_reads_a_clock() {
    let clocks = ["SystemTime::now", "Instant::now", "Timestamp::now", "Zoned::now"];
    let faults: Vec<_> = product_sources()
        .iter()
        .filter(|source| !SHELL.contains(&source.module.as_str()))
        .flat_map(|source| faults_in(source, &clocks, "the core takes `now` as an argument"))
        .collect();
    assert_none(&faults);
}

#[test]
fn nothing_is_left_unfinished_or_unwrapped() {
    let banned = ["todo!(", "unimplemented!(", "dbg!(", ".unwrap()"];
    let mut faults: Vec<_> =
        product_sources().iter().flat_map(|source| faults_in(source, &banned, "finish it, or say in words what holds")).collect();
    // Put together here, so that this file does not find itself.
    let ignored = concat!("#[", "ignore");
    for path in files_below("", "rs") {
        let text = read(&path);
        faults.extend(
            text.lines().filter(|line| line.trim_start().starts_with(ignored)).map(|_| format!("{}: an ignored test", path.display())),
        );
    }
    assert_none(&faults);
}

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
fn the_architecture_page_says_of_every_module_what_it_does_not_know() {
    let page = read(Path::new("ARCHITECTURE.md"));
    let sections: Vec<_> = page.split("\n#").collect();
    let library = read(Path::new("src/lib.rs"));
    let modules: Vec<_> = library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert!(modules.len() > 5, "the module list of src/lib.rs was not found");
    let mut faults = Vec::new();
    for module in modules {
        let heading = format!("`src/{module}.rs`");
        match sections.iter().find(|section| section.lines().next().is_some_and(|line| line.contains(&heading))) {
            None => faults.push(format!("ARCHITECTURE.md: no section headed {heading}")),
            Some(section) if !section.contains("**Does not know") => {
                faults.push(format!("ARCHITECTURE.md: the section on {heading} says nothing in bold of what it does not know"));
            }
            Some(_) => {}
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
fn this_file_sees_what_it_looks_for() {
    assert_eq!(siblings_in("use crate::{kafka::Consumer, http};"), ["kafka", "http"]);
    assert_eq!(siblings_in("    let x = crate::event::decode(crate::time::NOW);"), ["event", "time"]);
    assert!(
        uses_library("use rdkafka::consumer;", "rdkafka") && uses_library("(rand::random)", "rand") && uses_library("use toml;", "toml")
    );
    assert!(!uses_library("my_rdkafka::consumer", "rdkafka") && !uses_library("\"rdkafka\"", "rdkafka"));
    let source = Source {
        path: PathBuf::from("src/a.rs"),
        module: "a".to_owned(),
        text: "// x\none\n#[cfg(test)]\nmod tests;\ntwo\n#[cfg(test)]\nmod tests {\n    hidden\n}\nthree".to_owned(),
    };
    assert_eq!(source.code(), [(2, "one"), (5, "two"), (10, "three")]);
    assert_eq!(link_targets("see [a](b.md) and [c](d.md#e)"), ["b.md", "d.md#e"]);
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

/// The modules that a line names behind `crate::`, alone or in braces.
fn siblings_in(line: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for part in line.split("crate::").skip(1) {
        match part.strip_prefix('{') {
            Some(list) => names.extend(list.split([',', '}']).map(|item| first_word(item.trim()))),
            None => names.push(first_word(part)),
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn first_word(text: &str) -> &str {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default()
}

fn uses_library(line: &str, library: &str) -> bool {
    line.trim() == format!("use {library};")
        || line
            .match_indices(&format!("{library}::"))
            .any(|(at, _)| !line[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':'))
}

fn faults_in(source: &Source, banned: &[&str], why: &str) -> Vec<String> {
    let found = |line: &str| banned.iter().find(|word| line.contains(**word)).copied();
    source.code().iter().filter_map(|(number, line)| Some(fault(source, *number, &format!("`{}`: {why}", found(line)?)))).collect()
}

fn fault(source: &Source, number: usize, what: &str) -> String {
    format!("{}:{number}: {what}", source.path.display())
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

fn product_sources() -> Vec<Source> {
    let sources: Vec<_> = files_below("src", "rs")
        .into_iter()
        .map(|path| {
            let first = path.components().nth(1).expect("a file below src").as_os_str().to_string_lossy().into_owned();
            Source { module: first.trim_end_matches(".rs").to_owned(), text: read(&path), path }
        })
        .filter(|source| !source.is_test())
        .collect();
    assert!(sources.len() > 10, "the sources were not found");
    sources
}

/// The repository's files with an extension, relative to its root, without build output and hidden folders.
fn files_below(folder: &str, extension: &str) -> Vec<PathBuf> {
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

fn read(path: &Path) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
