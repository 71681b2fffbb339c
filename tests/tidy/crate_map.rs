//! The modules of the product's library, and which of them takes a name from which.
//!
//! An *arrow* goes from the module that writes a path to the module that declares the name at the end of it, past every re-export on the way: a
//! parent that only passes a child's type on does not become its home. A method call writes no path, so it makes no arrow; but a module can seldom
//! call a method without a name from the module of its type. Does not know which arrows are allowed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::repository::{files_below, is_test, read};
use super::rust::{Module, modules_of};

/// The names that lead from the crate's root to a module: empty for the root itself.
pub(super) type ModulePath = Vec<String>;

/// One module's use of a name of another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arrow {
    /// The module that writes the path.
    pub(super) from: ModulePath,
    /// The module that declares the name.
    pub(super) to: ModulePath,
    /// The path as it is written.
    pub(super) written: String,
    /// Where it is written.
    pub(super) place: String,
    /// The modules of the crate through which the path goes as it is written, re-exports included.
    pub(super) through: BTreeSet<ModulePath>,
}

/// All modules of a crate by their paths.
#[derive(Debug, Default)]
pub(super) struct CrateMap {
    modules: BTreeMap<ModulePath, (String, Module)>,
}

impl CrateMap {
    /// The library below `src/`, without its tests and without `main.rs`, which is a crate of its own.
    pub(super) fn of_the_product() -> Self {
        let mut map = Self::default();
        for path in files_below("src", "rs") {
            if !is_test(&path) && path != Path::new("src/main.rs") {
                map.add(&path.to_string_lossy(), &read(&path));
            }
        }
        assert!(map.modules.len() > 10, "the sources were not found");
        map
    }

    /// A crate of some files, each with its path below `src/` and its text.
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let mut map = Self::default();
        map.add("src/lib.rs", "");
        files.iter().for_each(|(file, text)| map.add(&format!("src/{file}"), text));
        map
    }

    fn add(&mut self, file: &str, text: &str) {
        let own = file.trim_start_matches("src/").trim_end_matches(".rs");
        let own: ModulePath = if own == "lib" { Vec::new() } else { own.split('/').map(str::to_owned).collect() };
        for module in modules_of(text) {
            let path = own.iter().chain(&module.inside).cloned().collect();
            self.modules.insert(path, (file.to_owned(), module));
        }
    }

    /// Whether there is a module with this path.
    pub(super) fn contains(&self, path: &[String]) -> bool {
        self.modules.contains_key(path)
    }

    /// The types and traits that each module declares, with the places.
    pub(super) fn types(&self) -> impl Iterator<Item = (&ModulePath, &str, String)> {
        self.modules
            .iter()
            .flat_map(|(path, (file, module))| module.types.iter().map(move |(name, line)| (path, name.as_str(), format!("{file}:{line}"))))
    }

    /// All arrows between different modules.
    pub(super) fn arrows(&self) -> Vec<Arrow> {
        let mut arrows = Vec::new();
        for (from, (file, module)) in &self.modules {
            for (path, line) in &module.paths {
                let mut through = BTreeSet::new();
                if let Some(to) = self.home_of(from, path, &mut through, 0)
                    && to != *from
                {
                    arrows.push(Arrow { from: from.clone(), to, written: path.join("::"), place: format!("{file}:{line}"), through });
                }
            }
        }
        arrows
    }

    /// The module that declares what a path names; nothing where the path leads out of the crate.
    fn home_of(&self, from: &[String], path: &[String], through: &mut BTreeSet<ModulePath>, depth: usize) -> Option<ModulePath> {
        /// Re-exports of re-exports; two imports that name each other would go on for ever.
        const DEPTH_MAX: usize = 16;
        let (head, rest) = path.split_first().filter(|_| depth < DEPTH_MAX)?;
        match head.as_str() {
            "crate" => self.home_below(&[], rest, through, depth),
            "self" => self.home_below(from, rest, through, depth),
            "super" => {
                let (_, parent) = from.split_last()?;
                let ups = rest.iter().take_while(|word| *word == "super").count();
                let above = &parent[..parent.len().checked_sub(ups)?];
                self.home_below(above, &rest[ups..], through, depth)
            }
            _ => self.named_in(from, path, through, depth),
        }
    }

    /// The same for a path that begins at a module of the crate. A name that is not found there is taken for declared there: by a macro, perhaps.
    fn home_below(&self, module: &[String], rest: &[String], through: &mut BTreeSet<ModulePath>, depth: usize) -> Option<ModulePath> {
        through.insert(module.to_vec());
        if rest.is_empty() {
            return Some(module.to_vec());
        }
        self.named_in(module, rest, through, depth).or_else(|| Some(module.to_vec()))
    }

    /// The same for a path whose first name is one of a module's: a child, an item, or an import.
    fn named_in(&self, module: &[String], path: &[String], through: &mut BTreeSet<ModulePath>, depth: usize) -> Option<ModulePath> {
        let (head, rest) = path.split_first()?;
        let child: ModulePath = module.iter().cloned().chain([head.clone()]).collect();
        let (_, declared) = self.modules.get(module)?;
        if self.contains(&child) && (!rest.is_empty() || !declared.items.contains(head)) {
            return self.home_below(&child, rest, through, depth + 1);
        }
        if declared.items.contains(head) {
            return Some(module.to_vec());
        }
        if let Some(import) = declared.imports.get(head) {
            let whole: Vec<String> = import.iter().chain(rest).cloned().collect();
            return self.home_of(module, &whole, through, depth + 1);
        }
        let globs = declared.globs.iter();
        globs.filter_map(|glob| self.home_of(module, glob, &mut BTreeSet::new(), depth + 1)).find_map(|from| {
            let is_there =
                self.modules.get(&from).is_some_and(|(_, module)| module.items.contains(head) || module.imports.contains_key(head));
            if is_there { self.named_in(&from, path, through, depth + 1) } else { None }
        })
    }
}

#[test]
fn an_arrow_ends_where_a_name_is_declared() {
    let map = CrateMap::of(&[
        ("a.rs", "mod x; pub use x::{X, Y as Z}; pub mod read { pub(crate) use super::x::X; } pub struct A;"),
        ("a/x.rs", "use super::A; pub struct X; pub enum Y { One }"),
        ("b.rs", "use crate::a::{self, A, read::X}; fn f(vec: Vec<u8>) -> a::Z { std::mem::drop(vec); a::Z::One }"),
    ]);
    let arrows: BTreeSet<_> = map.arrows().into_iter().map(|arrow| (arrow.from.join("/"), arrow.written, arrow.to.join("/"))).collect();
    let of = |from: &str, written: &str, to: &str| (from.to_owned(), written.to_owned(), to.to_owned());
    let wanted = [
        of("a", "x::X", "a/x"),
        of("a", "x::Y", "a/x"),
        of("a/read", "super::x::X", "a/x"),
        of("a/x", "super::A", "a"),
        of("b", "a::Z", "a/x"),
        of("b", "a::Z::One", "a/x"),
        of("b", "crate::a", "a"),
        of("b", "crate::a::A", "a"),
        of("b", "crate::a::read::X", "a/x"),
    ];
    assert_eq!(arrows, BTreeSet::from(wanted));
}
