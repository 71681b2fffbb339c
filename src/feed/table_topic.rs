//! A table of `lookup` that a topic of change data capture fills: inboxes, teams or states, as the help desk itself keeps them.
//!
//! Does not know how records are read.

use serde_json::Value;

/// Which rows of a topic are the entries of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableTopic {
    /// The table of `lookup`.
    pub table: String,
    /// The topic with the rows.
    pub topic: String,
    /// The table of the database, which records name as `source.table`. Rows that name another one are left out.
    pub rows_of: String,
    /// The column that is looked up.
    pub key: String,
    /// The column that is found.
    pub value: String,
}

impl TableTopic {
    /// The key and the value of a row: Debezium's envelope with or without its schema, or the row alone. `None` for another table's row, for a row that was
    /// removed (what was named stays named, because older payloads may mean it), and for what is no row.
    ///
    /// ```
    /// # use cxpulse::feed::TableTopic;
    /// let text = |text: &str| text.to_owned();
    /// let teams = TableTopic { table: text("teams"), topic: text("desk"), rows_of: text("teams"), key: text("id"), value: text("name") };
    /// let row = br#"{"after": {"id": 7, "name": "Billing"}, "source": {"table": "teams"}, "op": "u"}"#;
    /// assert_eq!(teams.entry(row), Some((text("7"), text("Billing"))));
    /// ```
    #[must_use]
    pub fn entry(&self, record: &[u8]) -> Option<(String, String)> {
        let mut record: Value = serde_json::from_slice(record).ok()?;
        if record.get("schema").is_some() && record.get("payload").is_some_and(Value::is_object) {
            record = record["payload"].take();
        }
        let is_change = record.get("op").is_some();
        if is_change && record["source"]["table"].as_str().is_some_and(|table| table != self.rows_of) {
            return None;
        }
        let row = if is_change { record.get("after")? } else { &record };
        Some((text_of(row.get(&self.key)?)?, text_of(row.get(&self.value)?)?))
    }
}

/// A text, or a number as a text; an empty text says nothing.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => (!text.is_empty()).then(|| text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_table_are_entries_and_nothing_else_is() {
        let [table, topic, rows_of, key, value] = ["inboxes", "desk", "inboxes", "id", "name"].map(str::to_owned);
        let topic = TableTopic { table, topic, rows_of, key, value };
        let cases = [
            (r#"{"before": null, "after": {"id": 3, "name": "Shop"}, "source": {"table": "inboxes"}, "op": "r"}"#, Some("Shop")),
            (
                r#"{"schema": {}, "payload": {"after": {"id": "3", "name": "Shop"}, "source": {"table": "inboxes"}, "op": "c"}}"#,
                Some("Shop"),
            ),
            (r#"{"id": 3, "name": "Shop"}"#, Some("Shop")),
            (r#"{"before": {"id": 3, "name": "Shop"}, "after": null, "source": {"table": "inboxes"}, "op": "d"}"#, None),
            (r#"{"after": {"id": 3, "name": "Shop"}, "source": {"table": "teams"}, "op": "r"}"#, None),
            (r#"{"after": {"id": 3, "name": ""}, "source": {"table": "inboxes"}, "op": "r"}"#, None),
            (r#"{"after": {"id": 3}, "source": {"table": "inboxes"}, "op": "r"}"#, None),
            ("[1]", None),
            ("", None),
        ];
        for (record, expected) in cases {
            assert_eq!(topic.entry(record.as_bytes()), expected.map(|name| ("3".to_owned(), name.to_owned())), "{record}");
        }
    }
}
