//! One word, one thing: no two modules of the engine declare a type of the same name.

use std::collections::BTreeMap;

use super::crate_map::CrateMap;
use super::repository::assert_none;

/// The module whose types are compared, with everything inside it.
const MODULE: &str = "engine";

#[test]
fn no_two_modules_of_the_engine_declare_a_type_of_the_same_name() {
    let declared_twice = declared_twice(&CrateMap::of_the_product(), MODULE);
    let faults: Vec<_> = declared_twice.iter().map(|(name, places)| format!("`{name}` is declared twice: {}", places.join(", "))).collect();
    assert_none(&faults);
}

#[test]
fn names_are_compared_across_modules_and_only_inside_the_one_that_is_checked() {
    let files = [
        ("engine.rs", "pub struct Entry; impl Iterator for Entry { type Item = u8; }"),
        ("engine/panes.rs", "enum Entry {} pub(crate) trait Item {}"),
        ("engine/panes/sheet.rs", "type Item = u8; struct Other;"),
        ("http.rs", "struct Other;"),
    ];
    let found: Vec<_> = declared_twice(&CrateMap::of(&files), "engine").into_keys().collect();
    assert_eq!(found, ["Entry", "Item"]);
}

/// The names of types that several modules inside one declare, with the places.
fn declared_twice(map: &CrateMap, inside: &str) -> BTreeMap<String, Vec<String>> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (_, name, place) in map.types().filter(|(module, ..)| module.first().is_some_and(|first| first == inside)) {
        places.entry(name.to_owned()).or_default().push(place);
    }
    places.retain(|_, places| places.len() > 1);
    places
}
