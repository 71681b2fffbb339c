//! Writes an event as JSON, in the flat form of the input contract.
//!
//! Does not know the meaning of the members. It escapes nothing: all texts of the organisation are plain ASCII without quotes.

use crate::time::{EventTime, Span};

/// The value of a member.
#[derive(Clone, Copy, Debug)]
pub(super) enum PayloadValue<'a> {
    /// A word of the organisation's own vocabulary.
    Word(&'a str),
    /// The text of an id.
    Id(Id),
    /// An instant.
    Time(EventTime),
    /// A whole number.
    Number(i64),
    /// A number of tenths, such as 45 for 4.5.
    Tenths(i64),
    /// True or false.
    Flag(bool),
    /// The member is there, and null: some feeds write it so where they know nothing.
    Null,
    /// The member is left out.
    Absent,
}

/// The id of a person or thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Id {
    /// A pseudonym: a letter for its kind, and a number in 16 hexadecimal digits.
    Pseudonym(char, u64),
    /// A number of at most 53 bits, such as a telephone system gives its calls.
    Numbered(u64),
}

impl Id {
    /// The number in it.
    pub(super) const fn number(self) -> u64 {
        match self {
            Self::Pseudonym(_, number) | Self::Numbered(number) => number,
        }
    }

    /// The value of this id where its own system writes it: a plain number for a call, a text for everything else.
    pub(super) const fn native(self) -> PayloadValue<'static> {
        match self {
            Self::Numbered(number) => PayloadValue::Number(number as i64),
            Self::Pseudonym(..) => PayloadValue::Id(self),
        }
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pseudonym(letter, number) => {
                pseudonym_bytes(*letter, *number).iter().try_for_each(|&byte| std::fmt::Write::write_char(f, char::from(byte)))
            }
            Self::Numbered(number) => std::fmt::Display::fmt(number, f),
        }
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
    pub(super) fn write(&mut self, name: &str, time: EventTime, members: &[(&str, PayloadValue<'_>)]) -> Vec<u8> {
        let mut text = Vec::with_capacity(320);
        self.written += 1;
        let mut number = itoa::Buffer::new();
        for part in ["{\"id\":\"", &self.prefix, "-", number.format(self.written), "\",\"type\":\"", name, "\",\"time\":\""] {
            text.extend_from_slice(part.as_bytes());
        }
        self.push_time(&mut text, time);
        text.push(b'"');
        for &(member, value) in members {
            if matches!(value, PayloadValue::Absent) {
                continue;
            }
            text.extend_from_slice(b",\"");
            text.extend_from_slice(member.as_bytes());
            text.extend_from_slice(b"\":");
            match value {
                PayloadValue::Word(word) => push_quoted(&mut text, word.as_bytes()),
                PayloadValue::Id(Id::Pseudonym(letter, number)) => push_quoted(&mut text, &pseudonym_bytes(letter, number)),
                PayloadValue::Id(Id::Numbered(value)) => push_quoted(&mut text, number.format(value).as_bytes()),
                PayloadValue::Time(time) => {
                    text.push(b'"');
                    self.push_time(&mut text, time);
                    text.push(b'"');
                }
                PayloadValue::Number(value) => text.extend_from_slice(number.format(value).as_bytes()),
                PayloadValue::Tenths(tenths) => {
                    text.extend_from_slice(number.format(tenths / 10).as_bytes());
                    if tenths % 10 != 0 {
                        text.extend_from_slice(&[b'.', b'0' + (tenths % 10) as u8]);
                    }
                }
                PayloadValue::Flag(flag) => text.extend_from_slice(if flag { b"true" } else { b"false" }),
                PayloadValue::Null => text.extend_from_slice(b"null"),
                PayloadValue::Absent => {}
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

/// The letter and the 16 hexadecimal digits of a pseudonym.
fn pseudonym_bytes(letter: char, number: u64) -> [u8; 17] {
    let mut bytes = [letter as u8; 17];
    for (place, byte) in bytes[1..].iter_mut().enumerate() {
        *byte = b"0123456789abcdef"[(number >> (60 - 4 * place)) as usize & 15];
    }
    bytes
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
                ("chat_id", PayloadValue::Id(Id::Pseudonym('h', 7))),
                ("author", PayloadValue::Word("bot")),
                ("public", PayloadValue::Flag(true)),
                ("agent_id", PayloadValue::Absent),
                ("ticket_id", PayloadValue::Null),
                ("score", PayloadValue::Tenths(45)),
                ("since", PayloadValue::Time(EventTime(1_772_409_600_000))),
                ("call", Id::Numbered(12).native()),
                ("about", PayloadValue::Id(Id::Numbered(12))),
            ],
        );
        assert_eq!(
            String::from_utf8(payload).unwrap(),
            "{\"id\":\"0000000000000abc-1\",\"type\":\"chat.message\",\"time\":\"2026-03-02T11:40:00.007Z\",\
             \"chat_id\":\"h0000000000000007\",\"author\":\"bot\",\"public\":true,\"ticket_id\":null,\"score\":4.5,\
             \"since\":\"2026-03-02T00:00:00.000Z\",\"call\":12,\"about\":\"12\"}"
        );
    }
}
