//! The reader of one table: reads each key by its type, and at the end reports the keys that were not read.
//!
//! Not serde, because serde stops at the first value of a wrong type, and a report must name all of them. Does not know which keys exist.

#![expect(clippy::wildcard_enum_match_arm, reason = "a value of any other type is wrong in the same way")]

use std::collections::BTreeMap;

use super::layers::{Node, TreeValue};
use super::place::{KeyPlace, Origin};
use super::problem::{Complaint, ProblemKind, ProblemReport, complaint};
use super::spelling_hints::suggestion;
use super::value::KeyType;

/// A table that is being read. A problem goes to the report, and reading continues with the default.
pub(super) struct Section<'r> {
    pub(super) report: &'r ProblemReport,
    place: KeyPlace,
    entries: BTreeMap<String, Node>,
    /// The place of each key that was read or looked for.
    known: BTreeMap<&'static str, KeyPlace>,
}

impl<'r> Section<'r> {
    /// Reads `node`, which must be a table.
    pub(super) fn new(node: Node, path: impl Into<String>, report: &'r ProblemReport) -> Self {
        let node = node.structured();
        let place = KeyPlace::new(&node.origin, path);
        let entries = match node.value {
            TreeValue::Table(entries) => entries,
            other => {
                let what = format!("{} stands where a section is wanted", other.description());
                report.add(&place, complaint(ProblemKind::WrongType, what, format!("write `[{}]` and its keys below it", place.path)));
                BTreeMap::new()
            }
        };
        Self { report, place, entries, known: BTreeMap::new() }
    }

    /// The value of a key; `None` where it is absent, or wrong, which is reported.
    pub(super) fn value<T: KeyType>(&mut self, key: &'static str) -> Option<T> {
        let node = self.node(key)?;
        T::read(node, &self.place_of(key), self.report)
    }

    /// The value of a key, or its default.
    pub(super) fn or<T: KeyType>(&mut self, key: &'static str, default: T) -> T {
        self.value(key).unwrap_or(default)
    }

    /// The value of a key if it passes the check; otherwise the default. A failed check is reported.
    pub(super) fn checked<T: KeyType>(&mut self, key: &'static str, default: T, check: impl FnOnce(&T) -> Result<(), Complaint>) -> T {
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

    /// The value of a required key; `None` where it is absent or wrong, which is reported.
    pub(super) fn required<T: KeyType>(&mut self, key: &'static str, hint: &str) -> Option<T> {
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
        let node = node.unwrap_or_else(|| Node { origin: self.place.origin.clone(), value: TreeValue::Table(BTreeMap::new()) });
        Self::new(node, self.path_of(key), self.report)
    }

    /// The tables of a list; `None` where the key is absent. Messages name a table by the value of its key `label`, or by its index.
    pub(super) fn tables(&mut self, key: &'static str, label: &str) -> Option<Vec<Self>> {
        let node = self.node(key)?.structured();
        let path = self.path_of(key);
        let TreeValue::List(list) = node.value else {
            let what = format!("{} stands where a list of sections is wanted", node.value.description());
            self.complain(key, complaint(ProblemKind::WrongType, what, format!("write `[[{path}]]` before each")));
            return None;
        };
        let sections = list.into_iter().enumerate().map(|(i, node)| {
            let name = match &node.value {
                TreeValue::Table(t) => t.get(label).and_then(|n| match &n.value {
                    TreeValue::Text(s) => Some(s.clone()),
                    _ => None,
                }),
                _ => None,
            };
            let path = name.map_or_else(|| format!("{path}[{i}]"), |n| format!("{path}.`{n}`"));
            Section::new(node, path, self.report)
        });
        Some(sections.collect())
    }

    /// All entries that were not read yet, for tables whose keys the user chooses.
    pub(super) fn take_entries(&mut self) -> Vec<(String, KeyPlace, Node)> {
        let entries = std::mem::take(&mut self.entries);
        entries.into_iter().map(|(key, node)| (key.clone(), KeyPlace::new(&node.origin, self.path_of(&key)), node)).collect()
    }

    /// Whether a key is present and was not read yet.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Reports a problem of a key.
    pub(super) fn complain(&self, key: &str, complaint: Complaint) {
        self.report.add(&self.place_of(key), complaint);
    }

    /// The place of this section.
    pub(super) fn place(&self) -> &KeyPlace {
        &self.place
    }

    /// The place of a key that was looked for.
    pub(super) fn place_of(&self, key: &str) -> KeyPlace {
        self.known.get(key).cloned().unwrap_or_else(|| KeyPlace::new(&self.place.origin, self.path_of(key)))
    }

    /// Reports every key that was not read. A variable is only a warning: for a service named `cxpulse` Kubernetes sets `CXPULSE_PORT` and
    /// others, and this cannot be turned off for a single name.
    pub(super) fn finish(self) {
        let known: Vec<&str> = self.known.keys().copied().collect();
        for (key, node) in &self.entries {
            let hint = suggestion(key, &known);
            match first_variable(node) {
                Some(name) => {
                    let place = KeyPlace::new(&Origin::Variable(name.as_str().into()), "");
                    self.report.add(&place, complaint(ProblemKind::UnknownVariable, "sets nothing, because no key has this name", hint));
                }
                None => {
                    let place = KeyPlace::new(&node.origin, self.path_of(key));
                    self.report.add(&place, complaint(ProblemKind::UnknownKey, "unknown key", hint));
                }
            }
        }
    }

    /// The node of a key in the tree.
    pub(super) fn node(&mut self, key: &'static str) -> Option<Node> {
        let node = self.entries.remove(key);
        let origin = node.as_ref().map_or(&self.place.origin, |n| &n.origin);
        let place = KeyPlace::new(origin, self.path_of(key));
        self.known.insert(key, place);
        node
    }

    fn path_of(&self, key: &str) -> String {
        let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        let key = if plain { key.to_owned() } else { format!("`{key}`") };
        if self.place.path.is_empty() { key } else { format!("{}.{key}", self.place.path) }
    }
}

/// The variable that a value came from. Also looks into tables that exist only because of the name of a variable.
fn first_variable(node: &Node) -> Option<String> {
    match (&node.origin, &node.value) {
        (Origin::Variable(name), _) => Some(name.to_string()),
        (Origin::Default, TreeValue::Table(t)) => t.values().find_map(first_variable),
        _ => None,
    }
}
