//! Writes an event as JSON, in the flat form of the input contract.
//!
//! Does not know the meaning of the members. It escapes nothing: all texts of the organisation are plain ASCII without quotes.

use crate::time::{EventTime, Span};

/// The value of a member.
#[derive(Clone, Copy, Debug)]
pub(super) enum MemberValue<'a> {
    /// A word of the organisation's own vocabulary.
    Word(&'a str),
    /// A pseudonym: a letter and a number.
    Id(Id),
    /// A whole number.
    Number(i64),
    /// True or false.
    Flag(bool),
    /// The member is left out.
    Absent,
}

/// The pseudonym of a person or thing: a letter for its kind, and a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(pub(super) char, pub(super) u64);

impl Id {
    /// The text: the letter and 16 hexadecimal digits.
    fn bytes(self) -> [u8; 17] {
        let mut bytes = [self.0 as u8; 17];
        for (place, byte) in bytes[1..].iter_mut().enumerate() {
            *byte = b"0123456789abcdef"[(self.1 >> (60 - 4 * place)) as usize & 15];
        }
        bytes
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.bytes().iter().try_for_each(|&byte| std::fmt::Write::write_char(f, char::from(byte)))
    }
}

/// Writes payloads. Keeps the text of the latest date, because formatting a date for each event would cost more than all other work.
#[derive(Debug, Default)]
pub(super) struct PayloadWriter {
    day: Option<i64>,
    date: String,
    prefix: String,
    written: u64,
}

impl PayloadWriter {
    /// Event ids are this prefix and a running number.
    pub(super) fn new(prefix: u64) -> Self {
        Self { prefix: format!("{prefix:016x}"), ..Self::default() }
    }

    /// The number of payloads written.
    pub(super) const fn written(&self) -> u64 {
        self.written
    }

    /// The payload of one event.
    pub(super) fn write(&mut self, name: &str, time: EventTime, members: &[(&str, MemberValue<'_>)]) -> Vec<u8> {
        let mut text = Vec::with_capacity(320);
        self.written += 1;
        let mut number = itoa::Buffer::new();
        for part in ["{\"id\":\"", &self.prefix, "-", number.format(self.written), "\",\"type\":\"", name, "\",\"time\":\""] {
            text.extend_from_slice(part.as_bytes());
        }
        self.push_time(&mut text, time);
        text.push(b'"');
        for &(member, value) in members {
            if matches!(value, MemberValue::Absent) {
                continue;
            }
            text.extend_from_slice(b",\"");
            text.extend_from_slice(member.as_bytes());
            text.extend_from_slice(b"\":");
            match value {
                MemberValue::Word(word) => push_quoted(&mut text, word.as_bytes()),
                MemberValue::Id(id) => push_quoted(&mut text, &id.bytes()),
                MemberValue::Number(value) => text.extend_from_slice(number.format(value).as_bytes()),
                MemberValue::Flag(flag) => text.extend_from_slice(if flag { b"true" } else { b"false" }),
                MemberValue::Absent => {}
            }
        }
        text.push(b'}');
        text
    }

    /// Appends a time as RFC 3339 in UTC with milliseconds.
    fn push_time(&mut self, text: &mut Vec<u8>, time: EventTime) {
        let day = time.slice(Span::days(1));
        if self.day != Some(day) {
            self.day = Some(day);
            self.date = EventTime(day * Span::days(1).0).to_string().chars().take(10).collect();
        }
        let ms = time.0.rem_euclid(Span::days(1).0);
        text.extend_from_slice(self.date.as_bytes());
        let digits = |value: i64| b'0' + (value % 10) as u8;
        for (mark, value, width) in
            [(b'T', ms / 3_600_000, 2), (b':', ms / 60_000 % 60, 2), (b':', ms / 1_000 % 60, 2), (b'.', ms % 1_000, 3)]
        {
            text.push(mark);
            if width == 3 {
                text.push(digits(value / 100));
            }
            text.push(digits(value / 10));
            text.push(digits(value));
        }
        text.push(b'Z');
    }
}

fn push_quoted(text: &mut Vec<u8>, inner: &[u8]) {
    text.push(b'"');
    text.extend_from_slice(inner);
    text.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_has_the_flat_form() {
        let mut payloads = PayloadWriter::new(0xabc);
        let payload = payloads.write(
            "chat.message",
            EventTime(1_772_451_600_007),
            &[
                ("chat_id", MemberValue::Id(Id('h', 7))),
                ("author", MemberValue::Word("bot")),
                ("public", MemberValue::Flag(true)),
                ("agent_id", MemberValue::Absent),
            ],
        );
        assert_eq!(
            String::from_utf8(payload).unwrap(),
            "{\"id\":\"0000000000000abc-1\",\"type\":\"chat.message\",\"time\":\"2026-03-02T11:40:00.007Z\",\
             \"chat_id\":\"h0000000000000007\",\"author\":\"bot\",\"public\":true}"
        );
    }
}
