//! No two modules need each other.
//!
//! The rule: **modules that are declared side by side form no circle**, neither directly nor through what is declared inside them. A module and
//! everything inside it count as one: `a/x.rs` taking a type from `b.rs`, and `b.rs` a function from `a/y.rs`, is a circle of `a` and `b`.
//!
//! Between a module and those inside it no arrow counts. A parent is put together from its children, and the children take what the parent
//! declares; nobody reads or changes one without the other. So neither `mod x; pub use x::T;` nor a child's `super::T` makes a circle.

use std::collections::{BTreeMap, BTreeSet};

use super::crate_map::{Arrow, CrateMap};
use super::repository::assert_none;

/// The circles that exist, each with the reason why it stays. The list is exact: a circle that was broken must leave it.
const ALLOWED: &[(&[&str], &str)] = &[
    (&["config/layers", "config/problem"], "to be broken: a problem names the layer that it is in"),
    (
        &["engine/terms/names", "engine/terms/settings", "engine/terms/target_rules"],
        "to be broken: target rules are resolved to names, and are a part of the settings from which names are made",
    ),
    (
        &["kafka/context", "kafka/group", "kafka/share"],
        "librdkafka's queues carry the context type of the client that they were split from",
    ),
    (&["metrics/families", "metrics/family"], "to be broken: a closed list of families that knows each of them"),
    (&["metrics/itself", "metrics/values"], "to be broken: the reader of all values also defines the sample"),
    (&["metrics/listing", "metrics/reference"], "to be broken: the page and the command line share the process's own families"),
    (&["monitoring/baseline", "monitoring/composite", "monitoring/recording"], "to be broken: one kind of rule is made from another"),
    (&["runtime/consume", "runtime/crew", "runtime/service"], "to be broken: what threads share is defined in one of them"),
];

/// One set of modules side by side that need each other, with the arrows between them.
struct Circle {
    modules: BTreeSet<String>,
    arrows: Vec<String>,
}

#[test]
fn modules_side_by_side_form_no_circle() {
    let circles = circles(&CrateMap::of_the_product().arrows());
    let allowed: Vec<BTreeSet<String>> = ALLOWED.iter().map(|(modules, _)| modules.iter().map(|&name| name.to_owned()).collect()).collect();
    let mut faults = Vec::new();
    for circle in circles.iter().filter(|circle| !allowed.contains(&circle.modules)) {
        faults.push(format!("{:?} need each other:", circle.modules));
        faults.extend(circle.arrows.iter().map(|arrow| format!("    {arrow}")));
    }
    for gone in allowed.iter().filter(|modules| !circles.iter().any(|circle| circle.modules == **modules)) {
        faults.push(format!("{gone:?} are no circle any more: take them out of ALLOWED"));
    }
    assert_none(&faults);
}

/// The circles among these arrows, at every level of the tree of modules.
fn circles(arrows: &[Arrow]) -> Vec<Circle> {
    let mut levels: BTreeMap<&[String], Vec<(&str, &str, &Arrow)>> = BTreeMap::new();
    for arrow in arrows {
        let common = arrow.from.iter().zip(&arrow.to).take_while(|(from, to)| from == to).count();
        if let (Some(from), Some(to)) = (arrow.from.get(common), arrow.to.get(common)) {
            levels.entry(&arrow.from[..common]).or_default().push((from, to, arrow));
        }
    }
    levels.into_iter().flat_map(|(parent, arrows)| circles_of_level(parent, &arrows)).collect()
}

/// The circles among the modules that one parent declares.
fn circles_of_level(parent: &[String], arrows: &[(&str, &str, &Arrow)]) -> Vec<Circle> {
    let modules: BTreeSet<&str> = arrows.iter().flat_map(|(from, to, _)| [*from, *to]).collect();
    let reached: BTreeMap<&str, BTreeSet<&str>> = modules.iter().map(|module| (*module, reached_from(module, arrows))).collect();
    let need_each_other = |one: &str, other: &str| reached[one].contains(other) && reached[other].contains(one);
    let mut circles: Vec<Circle> = Vec::new();
    let mut placed = BTreeSet::new();
    for module in &modules {
        if !need_each_other(module, module) || !placed.insert(*module) {
            continue;
        }
        let members: BTreeSet<&str> = modules.iter().copied().filter(|other| need_each_other(module, other)).collect();
        placed.extend(&members);
        let mut taken: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
        for (_, _, arrow) in arrows.iter().filter(|(from, to, _)| members.contains(from) && members.contains(to)) {
            let name = arrow.written.rsplit("::").next().unwrap_or_default();
            taken.entry((arrow.from.join("/"), arrow.to.join("/"))).or_default().insert(name);
        }
        circles.push(Circle {
            modules: members.iter().map(|member| named(parent, member)).collect(),
            arrows: taken.into_iter().map(|((from, to), names)| format!("{from} takes from {to}: {names:?}")).collect(),
        });
    }
    circles
}

/// The modules that one can come to along arrows.
fn reached_from<'a>(module: &str, arrows: &[(&'a str, &'a str, &Arrow)]) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut ahead = vec![module];
    while let Some(at) = ahead.pop() {
        for (_, to, _) in arrows.iter().filter(|(from, _, _)| *from == at) {
            if reached.insert(*to) {
                ahead.push(to);
            }
        }
    }
    reached
}

fn named(parent: &[String], module: &str) -> String {
    parent.iter().map(String::as_str).chain([module]).collect::<Vec<_>>().join("/")
}

/// The circles of a crate of some files, as lists of names.
#[cfg(test)]
fn circles_in(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    circles(&CrateMap::of(files).arrows()).into_iter().map(|circle| circle.modules.into_iter().collect()).collect()
}

#[test]
fn siblings_that_name_each_other_are_a_circle() {
    let there = ("a.rs", "use crate::b::B;\npub struct A;");
    assert_eq!(circles_in(&[there, ("b.rs", "pub struct B; fn f() -> crate::a::A { crate::a::A }")]), [["a", "b"]]);
    assert_eq!(circles_in(&[there, ("b.rs", "pub struct B; // crate::a::A\nconst TEXT: &str = \"crate::a::A\";")]).len(), 0);
    assert_eq!(circles_in(&[there, ("b.rs", "pub struct B;\n#[cfg(test)]\nmod tests { use crate::a::A; }")]).len(), 0);
}

#[test]
fn a_circle_through_children_and_re_exports_is_one_of_their_parents() {
    let files = [
        ("a.rs", "mod x; mod y; pub use x::X;"),
        ("a/x.rs", "use crate::b::B; pub struct X;"),
        ("a/y.rs", "pub fn y() {}"),
        ("b.rs", "use crate::a::y; pub struct B; fn f() { y::y() }"),
        ("c.rs", "use crate::d::D as Other; pub struct C;"),
        ("d.rs", "use crate::e; pub struct D; type T = e::C;"),
        ("e.rs", "pub use crate::c::*;"),
    ];
    assert_eq!(circles_in(&files), [vec!["a", "b"], vec!["c", "d", "e"]]);
}

#[test]
fn a_parent_and_its_children_are_one_thing() {
    let files = [
        ("a.rs", "mod x; mod y; pub use self::x::X; use y::Y; pub struct A(X, Y);"),
        ("a/x.rs", "use super::{A, y::Y}; pub struct X;"),
        ("a/y.rs", "pub struct Y; impl super::A {}"),
    ];
    assert_eq!(circles_in(&files).len(), 0);
    // What a parent only passes on belongs to the child that declares it.
    let y = ("a/y.rs", "pub struct Y(super::X);");
    assert_eq!(circles_in(&[files[0], files[1], y]), [["a/x", "a/y"]]);
}
