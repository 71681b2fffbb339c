//! The keys that the layers of a configuration give, and those in which two configurations differ.
//!
//! Values may be secret, so they are compared and never shown. Does not know which keys there are, nor what a key means.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::layers::{Node, TreeValue};

/// The keys that a file, the environment and flags give, each with its value as bytes. A list is one value.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct WrittenKeys(BTreeMap<String, Vec<u8>>);

impl WrittenKeys {
    /// The keys of a tree.
    pub(super) fn of(root: &Node) -> Self {
        let mut keys = Self::default();
        keys.add("", root);
        keys
    }

    /// The keys, dotted as in the file, that only one of the two gives, or that the two give other values; ascending.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let keys: BTreeSet<&String> = self.0.keys().chain(other.0.keys()).collect();
        keys.into_iter().filter(|key| self.0.get(*key) != other.0.get(*key)).cloned().collect()
    }

    fn add(&mut self, path: &str, node: &Node) {
        if let TreeValue::Table(entries) = &node.value {
            for (key, node) in entries {
                let key = if is_bare(key) { key.clone() } else { format!("{key:?}") };
                self.add(&if path.is_empty() { key } else { format!("{path}.{key}") }, node);
            }
        } else {
            let mut bytes = Vec::new();
            put(&mut bytes, node);
            self.0.insert(path.to_owned(), bytes);
        }
    }
}

impl fmt::Debug for WrittenKeys {
    /// Shows no value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Whether a key needs no quotes.
fn is_bare(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// Appends a value. Different values never give the same bytes.
fn put(bytes: &mut Vec<u8>, node: &Node) {
    let mut text = |kind: u8, text: &str| {
        bytes.push(kind);
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    };
    match &node.value {
        TreeValue::Text(value) => text(1, value),
        TreeValue::Integer(value) => text(2, &value.to_string()),
        TreeValue::Float(value) => text(3, &value.to_bits().to_string()),
        TreeValue::Boolean(value) => text(4, &value.to_string()),
        TreeValue::Instant => text(5, ""),
        TreeValue::Raw(value) => text(6, value),
        TreeValue::List(entries) => {
            text(7, &entries.len().to_string());
            entries.iter().for_each(|entry| put(bytes, entry));
        }
        TreeValue::Table(entries) => {
            text(8, &entries.len().to_string());
            for (key, entry) in entries {
                bytes.extend((key.len() as u64).to_le_bytes());
                bytes.extend(key.as_bytes());
                put(bytes, entry);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::layers;
    use super::super::problem::ProblemReport;
    use super::*;

    fn keys(text: &str) -> WrittenKeys {
        WrittenKeys::of(&layers::of_file("a.toml", text, &ProblemReport::default()).unwrap())
    }

    #[test]
    fn keys_differ_by_value_and_by_presence_and_show_no_value() {
        let before = keys("[kafka]\ngroup_id = \"a\"\n[kafka.properties]\n\"sasl.password\" = \"canary7\"\n[[windows]]\nname = \"1h\"\n");
        let after = keys(
            "[kafka]\ngroup_id = \"a\"\n[kafka.properties]\n\"sasl.password\" = \"canary8\"\n[[windows]]\nname = \"2h\"\n[web]\npage = true\n",
        );
        assert_eq!(before.differences(&after), ["kafka.properties.\"sasl.password\"", "web.page", "windows"]);
        assert_eq!(after.differences(&before), before.differences(&after));
        assert!(before.differences(&before.clone()).is_empty());
        assert!(!format!("{before:?}").contains("canary7"));
        assert_ne!(keys("a = [\"b\", \"c\"]"), keys("a = [\"bc\"]"));
    }
}
