//! The three accepted forms of a record: flat, CloudEvents structured and CloudEvents binary. Reads all of them as an envelope and a
//! payload.
//!
//! A structured record has the member `specversion`, and its payload is in `data`. A binary record has its envelope in `ce_*` headers, and
//! its value is the payload; a `specversion` in it is an ordinary member. In both forms the outer envelope wins over members of the same
//! name in the payload, member by member, and the payload fills in members that the outer envelope lacks. So headers win over the envelope
//! in a flat value. Does not know event types.

use super::member::{Member, Members};
use super::scan::Document;
use super::value::{JsonValue, Raw};
use super::{Headers, Reason, number};

/// A member of the envelope.
#[derive(Clone, Copy)]
pub(super) enum Attribute {
    Id,
    Type,
    Time,
    Source,
}

impl Attribute {
    const fn member(self) -> Member {
        match self {
            Self::Id => Member::Id,
            Self::Type => Member::Type,
            Self::Time => Member::Time,
            Self::Source => Member::Source,
        }
    }
}

/// The attributes of the binary form as texts.
#[derive(Clone, Copy)]
pub(super) struct HeaderTexts<'a> {
    id: Option<&'a str>,
    kind: Option<&'a str>,
    time: Option<&'a str>,
    source: Option<&'a str>,
}

impl<'a> HeaderTexts<'a> {
    /// Reads the headers as texts, or gives `encoding`.
    pub(super) fn read(headers: Headers<'a>) -> Result<Self, Reason> {
        let text = |header: Option<&'a [u8]>| header.map(|bytes| str::from_utf8(bytes).map_err(|_| Reason::Encoding)).transpose();
        Ok(Self { id: text(headers.id)?, kind: text(headers.kind)?, time: text(headers.time)?, source: text(headers.source)? })
    }

    /// The value of a header; null where the header is empty, and `None` where there is none.
    fn get(&self, attribute: Attribute) -> Option<JsonValue<'a>> {
        let text = self.text(attribute)?;
        if text.is_empty() {
            return Some(JsonValue::Null);
        }
        Some(match attribute {
            // A header has no JSON type, so a text that is a number is read as a number.
            Attribute::Time => match number::end_of(text.as_bytes(), 0) {
                Ok((end, true)) if end == text.len() => JsonValue::Integer(text),
                Ok((end, false)) if end == text.len() => JsonValue::Decimal(text),
                _ => JsonValue::Header(text),
            },
            Attribute::Id | Attribute::Type | Attribute::Source => JsonValue::Header(text),
        })
    }

    const fn text(&self, attribute: Attribute) -> Option<&'a str> {
        match attribute {
            Attribute::Id => self.id,
            Attribute::Type => self.kind,
            Attribute::Time => self.time,
            Attribute::Source => self.source,
        }
    }
}

/// The envelope and the payload of a record in any of the forms.
pub(super) struct RecordForm<'a, 'd> {
    headers: Option<HeaderTexts<'a>>,
    outer: Option<&'d Members<'a>>,
    /// The members of the event.
    pub(super) payload: &'d Members<'a>,
}

impl<'a, 'd> RecordForm<'a, 'd> {
    /// Finds the form of a record. Gives `missing_field`, `wrong_type` or `bad_value` where a structured record is not complete.
    pub(super) fn of(document: &'d Document<'a>, headers: Option<HeaderTexts<'a>>) -> Result<Self, Reason> {
        let root = &document.root;
        let is_structured = headers.is_none() && root.has(Member::SpecVersion);
        if !is_structured {
            return Ok(Self { headers, outer: None, payload: root });
        }
        root.required_choice(Member::SpecVersion, &[("1.0", ())])?;
        match (root.get(Member::Data), &document.data) {
            (None, _) => Err(Reason::MissingField),
            (Some(JsonValue::Object), Some(data)) => Ok(Self { headers, outer: Some(root), payload: data }),
            (Some(_), _) => Err(Reason::WrongType),
        }
    }

    /// A member of the envelope of a flat record, which is the common form; null in a record of another form.
    #[inline]
    pub(super) fn flat(&self, attribute: Attribute) -> Raw {
        if self.headers.is_none() && self.outer.is_none() { self.payload.raw(attribute.member()) } else { Raw::NULL }
    }

    /// The value of a member of the envelope; `None` where it is absent, null or an empty text.
    pub(super) fn envelope(&self, attribute: Attribute) -> Option<JsonValue<'a>> {
        if let Some(value) = self.headers.and_then(|headers| headers.get(attribute)) {
            // An empty header hides the member of the payload, as a null in the outer envelope does.
            return Some(value).filter(|value| *value != JsonValue::Null);
        }
        let member = attribute.member();
        match self.outer {
            // A null in the outer envelope hides the member of the payload: the sender named the member and left it empty.
            Some(outer) if outer.has_name(member) => outer.get(member),
            _ => self.payload.get(member),
        }
    }
}
