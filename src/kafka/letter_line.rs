//! A refused record as a line of a file that people repair: one JSON object, texts as they are, other bytes as base64.
//!
//! Does not know files, nor whether a record is repaired.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::error::Category;

use super::dead_letter_topic::{DeadLetter, RecordOrigin};

/// The line of a refused record, without its end.
#[must_use]
pub fn line_of_letter(letter: &DeadLetter) -> String {
    // A value of texts and numbers always has a text.
    serde_json::to_string(&LetterLine::of(letter)).unwrap_or_default()
}

/// The record of a line.
///
/// # Errors
/// What is wrong with the line, without any of its values.
pub fn letter_of_line(line: &str) -> Result<DeadLetter, String> {
    let parsed: LetterLine = serde_json::from_str(line).map_err(|error| match error.classify() {
        Category::Data => "a member is missing, or has another type".to_owned(),
        Category::Io | Category::Syntax | Category::Eof => "it is not JSON".to_owned(),
    })?;
    parsed.letter().map_err(|_| "a member holds what is no base64".to_owned())
}

/// A line of the file: texts as they are, other bytes as base64.
#[derive(Debug, Serialize, Deserialize)]
struct LetterLine {
    reason: String,
    member: String,
    topic: String,
    partition: i32,
    offset: i64,
    time_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_base64: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value_base64: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_cut: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<HeaderLine>,
}

#[derive(Debug, Serialize, Deserialize)]
struct HeaderLine {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value_base64: Option<String>,
}

impl LetterLine {
    fn of(letter: &DeadLetter) -> Self {
        let (key, key_base64) = text_or_base64(letter.key.as_deref());
        let (value, value_base64) = text_or_base64(letter.value.as_deref());
        let header = |(name, value): &(String, Option<Vec<u8>>)| {
            let (value, value_base64) = text_or_base64(value.as_deref());
            HeaderLine { name: name.clone(), value, value_base64 }
        };
        let RecordOrigin { topic, partition, offset, time_ms } = letter.place.clone();
        Self {
            reason: letter.reason.clone(),
            member: letter.member.clone(),
            topic,
            partition,
            offset,
            time_ms,
            key,
            key_base64,
            value,
            value_base64,
            is_cut: letter.is_cut,
            headers: letter.headers.iter().map(header).collect(),
        }
    }

    fn letter(self) -> Result<DeadLetter, base64::DecodeError> {
        let header = |line: HeaderLine| Ok((line.name, bytes(line.value, line.value_base64)?));
        Ok(DeadLetter {
            reason: self.reason,
            member: self.member,
            place: RecordOrigin { topic: self.topic, partition: self.partition, offset: self.offset, time_ms: self.time_ms },
            key: bytes(self.key, self.key_base64)?,
            value: bytes(self.value, self.value_base64)?,
            headers: self.headers.into_iter().map(header).collect::<Result<_, base64::DecodeError>>()?,
            is_cut: self.is_cut,
            end_offset: None,
        })
    }
}

/// Bytes as a text where they are one, else as base64.
fn text_or_base64(bytes: Option<&[u8]>) -> (Option<String>, Option<String>) {
    match bytes.map(|bytes| str::from_utf8(bytes).map_err(|_| STANDARD.encode(bytes))) {
        None => (None, None),
        Some(Ok(text)) => (Some(text.to_owned()), None),
        Some(Err(encoded)) => (None, Some(encoded)),
    }
}

/// The bytes of a member. A text wins over base64, since a repair writes the text.
fn bytes(text: Option<String>, encoded: Option<String>) -> Result<Option<Vec<u8>>, base64::DecodeError> {
    match (text, encoded) {
        (Some(text), _) => Ok(Some(text.into_bytes())),
        (None, Some(encoded)) => STANDARD.decode(encoded).map(Some),
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(value: &[u8]) -> DeadLetter {
        DeadLetter {
            reason: "bad_time".to_owned(),
            member: "time".to_owned(),
            place: RecordOrigin { topic: "tickets".to_owned(), partition: 3, offset: 70, time_ms: Some(5) },
            key: Some(vec![0xff, 0]),
            value: Some(value.to_vec()),
            headers: vec![("ce_id".to_owned(), Some(b"1".to_vec())), ("none".to_owned(), None), ("raw".to_owned(), Some(vec![0xfe]))],
            is_cut: false,
            end_offset: None,
        }
    }

    #[test]
    fn a_line_of_the_file_brings_every_byte_back() {
        for value in [b"{\"id\":\"x\"}".as_slice(), &[0, 0xff], b""] {
            let letter = letter(value);
            let line = line_of_letter(&letter);
            assert_eq!(letter_of_line(&line).unwrap(), letter, "{line}");
        }
        assert!(letter_of_line("{}").unwrap_err().contains("missing"));
        assert!(!letter_of_line("{secret").unwrap_err().contains("secret"));
    }
}
