//! The tables of `lookup`: names of inboxes, teams and states by their ids, and the settings of a feed.
//!
//! Does not know where the entries come from.

use std::collections::BTreeMap;

/// Tables by name, each with its values by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables(BTreeMap<String, BTreeMap<String, String>>);

impl Tables {
    /// The value of a key in a table.
    #[must_use]
    pub fn get(&self, table: &str, key: &str) -> Option<&str> {
        self.0.get(table)?.get(key).map(String::as_str)
    }

    /// Sets the value of a key, in a table that may be new.
    pub fn set(&mut self, table: &str, key: impl Into<String>, value: impl Into<String>) {
        self.0.entry(table.to_owned()).or_default().insert(key.into(), value.into());
    }

    /// Makes sure that a table exists, though it may be empty.
    pub fn add_table(&mut self, table: &str) {
        self.0.entry(table.to_owned()).or_default();
    }

    /// These tables with the entries of others over them.
    #[must_use]
    pub fn overlaid(&self, over: &Self) -> Self {
        let mut all = self.clone();
        for (table, entries) in &over.0 {
            all.0.entry(table.clone()).or_default().extend(entries.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        all
    }
}
