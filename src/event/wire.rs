//! The three forms of a record - flat, CloudEvents structured, CloudEvents binary - as one: envelope and payload.
//!
//! A structured record has `specversion` and its payload under `data`. A binary record has its envelope in `ce_*` headers, and its value is
//! the payload as it stands (a `specversion` in it is a member like any other). In both, the outer envelope wins member by member over
//! members of the same name in the payload, which fill in what the outer one leaves out: so headers win over the envelope of a flat value.
//! Does not know event types.

use super::member::{Member, Members};
use super::scan::Document;
use super::value::{Raw, Value};
use super::{Headers, Reason};

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
    /// The headers as texts, or `encoding`.
    pub(super) fn read(headers: Headers<'a>) -> Result<Self, Reason> {
        let text = |header: Option<&'a [u8]>| header.map(|bytes| str::from_utf8(bytes).map_err(|_| Reason::Encoding)).transpose();
        Ok(Self { id: text(headers.id)?, kind: text(headers.kind)?, time: text(headers.time)?, source: text(headers.source)? })
    }

    fn get(&self, attribute: Attribute) -> Option<Value<'a>> {
        match attribute {
            Attribute::Id => self.id.map(Value::Header),
            Attribute::Type => self.kind.map(Value::Header),
            Attribute::Source => self.source.map(Value::Header),
            // A header has no type: what is written as an integer is one.
            Attribute::Time => self.time.map(|time| if is_integer(time) { Value::Integer(time) } else { Value::Header(time) }),
        }
    }
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A record's envelope and payload, whichever form it came in.
pub(super) struct Wire<'a, 'd> {
    headers: Option<HeaderTexts<'a>>,
    outer: Option<&'d Members<'a>>,
    /// The members that event types ask for.
    pub(super) payload: &'d Members<'a>,
}

impl<'a, 'd> Wire<'a, 'd> {
    /// Tells the form of a record.
    pub(super) fn of(document: &'d Document<'a>, headers: Option<HeaderTexts<'a>>) -> Result<Self, Reason> {
        let root = &document.root;
        let is_structured = headers.is_none() && root.has(Member::SpecVersion);
        if !is_structured {
            return Ok(Self { headers, outer: None, payload: root });
        }
        root.required_choice(Member::SpecVersion, &[("1.0", ())])?;
        match (root.get(Member::Data), &document.data) {
            (None, _) => Err(Reason::MissingField),
            (Some(Value::Object), Some(data)) => Ok(Self { headers, outer: Some(root), payload: data }),
            (Some(_), _) => Err(Reason::WrongType),
        }
    }

    /// An envelope member as it stands in a flat record, as most are; null in one of another form.
    #[inline]
    pub(super) fn flat(&self, attribute: Attribute) -> Raw {
        if self.headers.is_none() && self.outer.is_none() { self.payload.raw(attribute.member()) } else { Raw::NULL }
    }

    /// The value of an envelope member that is there and not null.
    pub(super) fn envelope(&self, attribute: Attribute) -> Option<Value<'a>> {
        if let Some(value) = self.headers.and_then(|headers| headers.get(attribute)) {
            return Some(value);
        }
        let member = attribute.member();
        match self.outer {
            // A null outside hides what stands inside: the sender named the member and left it empty.
            Some(outer) if outer.has_name(member) => outer.get(member),
            _ => self.payload.get(member),
        }
    }
}
