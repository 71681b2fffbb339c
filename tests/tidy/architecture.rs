//! ARCHITECTURE.md says of every part what it uses and what it does not know, and the imports say the same.
//!
//! A section whose heading names `src/PART.rs` may hold two sentences, and must where the part is a module of `src/lib.rs`:
//!
//! > **Uses:** `time`, `event`. **Does not know:** `kafka`, `http`, JSON, or a clock.
//!
//! A sentence ends with the first full stop that a space or the end of the line follows. Each word in back quotes is a module, by its path below `src/`.
//! *Uses* is exact: it names all modules beside the part from which it takes a name, and no other. *Does not know* names modules from which it takes
//! none; what has no back quotes is for readers. A name counts as taken from the module that declares it, and from every one that passes it on.

use std::collections::BTreeSet;
use std::path::Path;

use super::crate_map::{Arrow, CrateMap, ModulePath};
use super::repository::{assert_none, read};

const PAGE: &str = "ARCHITECTURE.md";
const USES: &str = "**Uses:**";
const DOES_NOT_KNOW: &str = "**Does not know:**";

/// What the page says of one part.
#[derive(Debug, PartialEq, Eq)]
struct Claim {
    part: ModulePath,
    uses: Option<BTreeSet<ModulePath>>,
    does_not_know: Option<BTreeSet<ModulePath>>,
}

#[test]
fn the_page_says_of_every_module_what_it_uses_and_does_not_know() {
    let page = read(Path::new(PAGE));
    let claims = claims(&page);
    let library = read(Path::new("src/lib.rs"));
    let modules: Vec<_> = library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert!(modules.len() > 5, "the module list of src/lib.rs was not found");
    let mut faults = Vec::new();
    for module in modules {
        match claims.iter().find(|claim| claim.part == [module]) {
            None => faults.push(format!("{PAGE}: no section is headed `src/{module}.rs`")),
            Some(claim) if claim.uses.is_none() => faults.push(format!("{PAGE}: the section on `{module}` has no sentence {USES}")),
            Some(claim) if claim.does_not_know.is_none() => {
                faults.push(format!("{PAGE}: the section on `{module}` has no sentence {DOES_NOT_KNOW}"));
            }
            Some(_) => {}
        }
    }
    assert_none(&faults);
}

#[test]
fn the_page_is_true_to_the_imports() {
    let map = CrateMap::of_the_product();
    assert_none(&false_claims(&claims(&read(Path::new(PAGE))), &map));
}

/// The page has a paragraph that begins with **Unsafe code:** and names the files that may hold any, by their paths.
#[test]
fn unsafe_code_is_only_where_the_page_says() {
    let page = read(Path::new(PAGE));
    let paragraph = page.split("\n\n").find_map(|paragraph| paragraph.trim_start().strip_prefix("**Unsafe code:**"));
    let said: BTreeSet<_> = back_quoted(paragraph.expect("a paragraph on unsafe code")).filter(|word| word.ends_with(".rs")).collect();
    let sources = super::repository::product_sources();
    let has_unsafe = |text: &str| text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|word| word == "unsafe");
    let is: BTreeSet<_> = sources
        .iter()
        .filter(|source| source.code().iter().any(|(_, line)| has_unsafe(line)))
        .map(|source| source.path.to_str().expect("a path in ASCII"))
        .collect();
    assert_eq!(is, said);
}

#[test]
fn claims_are_read_and_false_ones_found() {
    let page = "# Page\n\n### `src/a.rs`, `src/a/`\n\nText. **Uses:** `b`. **Does not know:** `c`, JSON, or\na clock: `now` is `d`.\nMore of `b`.\n\n\
                ### `src/b.rs`\n\n**Uses:** no other. **Does not know:** `a/x`. Nor `c`.\n";
    let module = |path: &str| path.split('/').map(str::to_owned).collect::<ModulePath>();
    let read = claims(page);
    assert_eq!(read.len(), 2);
    assert_eq!(read[0].does_not_know, Some(BTreeSet::from(["c", "now", "d"].map(module))));
    assert_eq!(read[1], Claim { part: module("b"), uses: Some(BTreeSet::new()), does_not_know: Some(BTreeSet::from([module("a/x")])) });

    let of = |page: &str, a: &str, b: &str| {
        let files = [("a.rs", a), ("a/x.rs", "pub struct X;"), ("b.rs", b), ("c.rs", "pub struct C;")];
        false_claims(&claims(page), &CrateMap::of(&files))
    };
    let page = "### `src/a.rs`\n**Uses:** `b`. **Does not know:** `c`.\n### `src/b.rs`\n**Does not know:** `a/x`.\n";
    assert_eq!(of(page, "use crate::b::B;", "pub struct B;").len(), 0);
    assert_eq!(of(page, "", "pub struct B;"), ["ARCHITECTURE.md: `a` uses `b`, says the page, and does not"]);
    assert_eq!(
        of(page, "use crate::b::{B, C};", "pub struct B; pub use crate::c::C;").len(),
        2,
        "passed on by b, so c is known all the same"
    );
    assert_eq!(of(page, "use crate::b::B; pub use x::X;", "pub struct B; type T = crate::a::X;").len(), 1);
    assert_eq!(of("### `src/a.rs`\n**Does not know:** `z`.\n", "", ""), ["ARCHITECTURE.md: `z` is no module"]);
}

/// What the sections of a page say of the parts that their headings name.
fn claims(page: &str) -> Vec<Claim> {
    let mut claims = Vec::new();
    for section in page.split("\n#") {
        let (heading, text) = section.split_once('\n').unwrap_or((section, ""));
        let file = back_quoted(heading).find_map(|word| word.strip_prefix("src/")?.strip_suffix(".rs"));
        if let Some(file) = file {
            claims.push(Claim { part: module(file), uses: modules_after(text, USES), does_not_know: modules_after(text, DOES_NOT_KNOW) });
        }
    }
    claims
}

/// The modules in the sentence behind a mark.
fn modules_after(text: &str, mark: &str) -> Option<BTreeSet<ModulePath>> {
    let (_, after) = text.split_once(mark)?;
    let end = [". ", ".\n"].iter().filter_map(|end| after.find(end)).min().unwrap_or(after.len());
    Some(back_quoted(&after[..end]).map(module).collect())
}

fn back_quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn module(path: &str) -> ModulePath {
    path.split('/').map(str::to_owned).collect()
}

fn false_claims(claims: &[Claim], map: &CrateMap) -> Vec<String> {
    let arrows = map.arrows();
    let mut faults = Vec::new();
    for claim in claims {
        let named = claim.uses.iter().chain(&claim.does_not_know).flatten().chain([&claim.part]);
        faults.extend(named.filter(|path| !map.contains(path)).map(|path| format!("{PAGE}: `{}` is no module", path.join("/"))));
        let own: Vec<&Arrow> = arrows.iter().filter(|arrow| arrow.from.starts_with(&claim.part)).collect();
        if let Some(said) = &claim.uses {
            faults.extend(wrong_uses(&claim.part, said, &own));
        }
        for unknown in claim.does_not_know.iter().flatten() {
            let taken = own.iter().filter(|arrow| touched(arrow).any(|path| path.starts_with(unknown)));
            faults.extend(taken.map(|arrow| {
                format!(
                    "{}: `{}` does not know `{}`, says {PAGE}: `{}`",
                    arrow.place,
                    claim.part.join("/"),
                    unknown.join("/"),
                    arrow.written
                )
            }));
        }
    }
    faults
}

/// Where the modules beside a part from which it takes names are not those that are said.
fn wrong_uses(part: &ModulePath, said: &BTreeSet<ModulePath>, own: &[&Arrow]) -> Vec<String> {
    let beside = |path: &ModulePath| {
        let level = part.len();
        (path.len() >= level && path[..level - 1] == part[..level - 1] && path[..level] != part[..]).then(|| path[..level].to_vec())
    };
    let mut faults = Vec::new();
    let mut used = BTreeSet::new();
    for arrow in own {
        for module in touched(arrow).filter_map(beside) {
            if !said.contains(&module) && used.insert(module.clone()) {
                faults.push(format!("{}: `{}` uses `{}`, and {PAGE} does not say so", arrow.place, part.join("/"), module.join("/")));
            }
            used.insert(module);
        }
    }
    let unused = said.iter().filter(|module| !used.contains(*module));
    faults.extend(unused.map(|module| format!("{PAGE}: `{}` uses `{}`, says the page, and does not", part.join("/"), module.join("/"))));
    faults
}

/// The modules that an arrow goes to or passes through.
fn touched(arrow: &Arrow) -> impl Iterator<Item = &ModulePath> {
    arrow.through.iter().chain([&arrow.to])
}
