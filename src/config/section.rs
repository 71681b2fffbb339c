//! Reading one table: each key by its type, and at the end everything that was not asked for is a problem.
//!
//! An own reader and not serde, because serde stops at the first value of a wrong type, and a report must name all.

#![expect(clippy::wildcard_enum_match_arm, reason = "a value of any other type is wrong in the same way")]

use std::collections::BTreeMap;

use super::layers::{Node, Origin, Place, Value};
use super::nearest::suggestion;
use super::problem::{Complaint, ProblemKind, Report, complaint};
use super::value::Setting;

/// A table being read. What is wrong goes to the report, and reading goes on with the default.
pub(super) struct Section<'r> {
    pub(super) report: &'r Report,
    place: Place,
    entries: BTreeMap<String, Node>,
    /// Where each key that was asked for stands.
    known: BTreeMap<&'static str, Place>,
}

impl<'r> Section<'r> {
    /// Reads `node`, which must be a table.
    pub(super) fn new(node: Node, path: impl Into<String>, report: &'r Report) -> Self {
        let node = node.structured();
        let place = Place::new(&node.origin, path);
        let entries = match node.value {
            Value::Table(entries) => entries,
            other => {
                let what = format!("{} stands where a section is wanted", other.description());
                report.add(&place, complaint(ProblemKind::WrongType, what, format!("write `[{}]` and its keys below it", place.path)));
                BTreeMap::new()
            }
        };
        Self { report, place, entries, known: BTreeMap::new() }
    }

    /// The value of a key, `None` where it is absent or wrong (which is reported).
    pub(super) fn value<T: Setting>(&mut self, key: &'static str) -> Option<T> {
        let node = self.node(key)?;
        T::read(node, &self.place_of(key), self.report)
    }

    /// The value of a key, or its default.
    pub(super) fn or<T: Setting>(&mut self, key: &'static str, default: T) -> T {
        self.value(key).unwrap_or(default)
    }

    /// The value of a key if it passes the check (else that is reported), or its default.
    pub(super) fn checked<T: Setting>(&mut self, key: &'static str, default: T, check: impl FnOnce(&T) -> Result<(), Complaint>) -> T {
        match self.value(key) {
            Some(value) => match check(&value) {
                Ok(()) => value,
                Err(complaint) => {
                    self.complain(key, complaint);
                    default
                }
            },
            None => default,
        }
    }

    /// The value of a key that must be there.
    pub(super) fn required<T: Setting>(&mut self, key: &'static str, hint: &str) -> Option<T> {
        if !self.entries.contains_key(key) {
            self.known.insert(key, self.place.clone());
            self.report.add(&self.place, complaint(ProblemKind::MissingKey, format!("`{key}` is missing"), hint));
            return None;
        }
        self.value(key)
    }

    /// The section below a key; empty where it is absent.
    pub(super) fn section(&mut self, key: &'static str) -> Self {
        let node = self.node(key);
        let node = node.unwrap_or_else(|| Node { origin: self.place.origin.clone(), value: Value::Table(BTreeMap::new()) });
        Self::new(node, self.path_of(key), self.report)
    }

    /// The tables of a list; `None` where the key is absent. A table is called by the value of its `label`, else by its index.
    pub(super) fn tables(&mut self, key: &'static str, label: &str) -> Option<Vec<Self>> {
        let node = self.node(key)?.structured();
        let path = self.path_of(key);
        let Value::List(list) = node.value else {
            let what = format!("{} stands where a list of sections is wanted", node.value.description());
            self.complain(key, complaint(ProblemKind::WrongType, what, format!("write `[[{path}]]` before each")));
            return None;
        };
        let sections = list.into_iter().enumerate().map(|(i, node)| {
            let name = match &node.value {
                Value::Table(t) => t.get(label).and_then(|n| match &n.value {
                    Value::Text(s) => Some(s.clone()),
                    _ => None,
                }),
                _ => None,
            };
            let path = name.map_or_else(|| format!("{path}[{i}]"), |n| format!("{path}.`{n}`"));
            Section::new(node, path, self.report)
        });
        Some(sections.collect())
    }

    /// All entries that are left, for tables whose keys are the user's.
    pub(super) fn take_entries(&mut self) -> Vec<(String, Place, Node)> {
        let entries = std::mem::take(&mut self.entries);
        entries.into_iter().map(|(key, node)| (key.clone(), Place::new(&node.origin, self.path_of(&key)), node)).collect()
    }

    /// Whether a key is there and was not read yet.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Reports about a key.
    pub(super) fn complain(&self, key: &str, complaint: Complaint) {
        self.report.add(&self.place_of(key), complaint);
    }

    /// Where this section stands.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Where a key stands that was asked for; the section itself where it is absent.
    pub(super) fn place_of(&self, key: &str) -> Place {
        self.known.get(key).cloned().unwrap_or_else(|| Place::new(&self.place.origin, self.path_of(key)))
    }

    /// Reports every key that nobody asked for. A variable is only warned of: Kubernetes sets `CXPULSE_PORT` and the like for a
    /// service of that name, and nobody can turn that off for a single name.
    pub(super) fn finish(self) {
        let known: Vec<&str> = self.known.keys().copied().collect();
        for (key, node) in &self.entries {
            let hint = suggestion(key, &known);
            match first_variable(node) {
                Some(name) => {
                    let place = Place::new(&Origin::Variable(name.as_str().into()), "");
                    self.report.add(&place, complaint(ProblemKind::UnknownVariable, "sets nothing, because no key has this name", hint));
                }
                None => {
                    let place = Place::new(&node.origin, self.path_of(key));
                    self.report.add(&place, complaint(ProblemKind::UnknownKey, "unknown key", hint));
                }
            }
        }
    }

    /// The value of a key as it stands in the tree.
    pub(super) fn node(&mut self, key: &'static str) -> Option<Node> {
        let node = self.entries.remove(key);
        let origin = node.as_ref().map_or(&self.place.origin, |n| &n.origin);
        let place = Place::new(origin, self.path_of(key));
        self.known.insert(key, place);
        node
    }

    fn path_of(&self, key: &str) -> String {
        let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        let key = if plain { key.to_owned() } else { format!("`{key}`") };
        if self.place.path.is_empty() { key } else { format!("{}.{key}", self.place.path) }
    }
}

/// The variable that a value came from, also where only the variable's name made the tables around it.
fn first_variable(node: &Node) -> Option<String> {
    match (&node.origin, &node.value) {
        (Origin::Variable(name), _) => Some(name.to_string()),
        (Origin::Default, Value::Table(t)) => t.values().find_map(first_variable),
        _ => None,
    }
}
