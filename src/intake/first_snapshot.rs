//! Whether the first snapshot of a database has come to its end in the topics of change data capture.
//!
//! Does not know tables.

use serde::Deserialize;

/// What the rows that were seen say of the first snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FirstSnapshot {
    has_begun: bool,
    has_ended: bool,
}

/// As much of Debezium's envelope as says where in a snapshot a row stands.
#[derive(Deserialize)]
struct Change {
    source: Option<Source>,
    payload: Option<Box<Self>>,
}

#[derive(Deserialize)]
struct Source {
    snapshot: Option<serde_json::Value>,
}

impl FirstSnapshot {
    /// Notes a record; one that is no row of a snapshot says nothing.
    ///
    /// ```
    /// # use cxpulse::intake::FirstSnapshot;
    /// let mut snapshot = FirstSnapshot::default();
    /// snapshot.note(br#"{"after": {}, "op": "r", "source": {"snapshot": "last_in_data_collection"}}"#);
    /// assert!(snapshot.is_under_way(), "further tables follow");
    /// snapshot.note(br#"{"after": {}, "op": "r", "source": {"snapshot": "last"}}"#);
    /// assert!(!snapshot.is_under_way());
    /// ```
    pub fn note(&mut self, record: &[u8]) {
        let Ok(change) = serde_json::from_slice::<Change>(record) else { return };
        let source = change.source.or_else(|| change.payload.and_then(|payload| payload.source));
        match source.and_then(|source| source.snapshot).as_ref().and_then(serde_json::Value::as_str) {
            Some("last") => self.has_ended = true,
            Some("first" | "true" | "first_in_data_collection" | "last_in_data_collection") => self.has_begun = true,
            Some(_) | None => {}
        }
    }

    /// Whether rows of a snapshot came, and its last one did not.
    #[must_use]
    pub const fn is_under_way(self) -> bool {
        self.has_begun && !self.has_ended
    }
}
