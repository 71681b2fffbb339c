//! One record to one event or one reason, in the contract's order of checks: tombstone, size, emptiness, encoding, the scan, object,
//! envelope, type, topic, turned off, time, other members.
//!
//! Does not know what came before: duplicates, lateness and the record's timestamp are the engine's.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::event_type::EventType;
use super::member::{Member, Members};
use super::scan::Document;
use super::value::Value;
use super::wire::{Attribute, HeaderTexts, Wire};
use super::{Body, DecodeSettings, Decoded, Event, Key, Reason, Record, TopicSettings};
use super::{chat, customer, dimension, survey, text, ticket, time_text};
use crate::time::EventTime;

/// Decodes one record.
///
/// Allocates nothing unless a string that is read holds escapes, or a record has more members than any event of the contract.
#[must_use]
pub fn decode<'a>(record: Record<'a>, topic: &TopicSettings, settings: &'a DecodeSettings) -> Decoded<'a> {
    match event(record, topic, settings) {
        Ok(Some(event)) => Decoded::Event(event),
        Ok(None) => Decoded::Ignored,
        Err(reason) => Decoded::Invalid(reason),
    }
}

/// The event of a record; `None` where it is to be ignored.
fn event<'a>(record: Record<'a>, topic: &TopicSettings, settings: &'a DecodeSettings) -> Result<Option<Event<'a>>, Reason> {
    let Some(payload) = record.payload else { return Ok(None) };
    let text = text::of_payload(payload)?;
    let headers = record.headers.map(HeaderTexts::read).transpose()?;
    let mut document = Document::new(text);
    document.scan(&settings.dimensions, name_seed(settings))?;
    let wire = Wire::of(&document, headers)?;

    let Envelope { identity, kind, time } = envelope(&wire, record, topic, settings)?;
    let event_type = EventType::of(&kind).ok_or(Reason::UnknownType)?;
    if event_type.kind() != topic.kind {
        return Err(Reason::WrongTopic);
    }
    if topic.ignored_types.iter().any(|ignored| *ignored == kind) {
        return Ok(None);
    }
    let time = time.read()?;
    let body = body(event_type, wire.payload, settings)?;
    let customer = customer_key(event_type, wire.payload, settings)?;
    let dimensions = dimension::values(wire.payload, settings)?;
    Ok(Some(Event { identity, time, customer, dimensions, body }))
}

/// What stands in the envelope; the time is read only once the type is known to belong here.
struct Envelope<'a> {
    identity: Key,
    kind: Cow<'a, str>,
    time: Time<'a>,
}

/// Where an event's time comes from.
enum Time<'a> {
    Member(Value<'a>),
    Record(EventTime),
}

impl Time<'_> {
    fn read(&self) -> Result<EventTime, Reason> {
        match self {
            Self::Member(value) => value.time(),
            Self::Record(timestamp) => time_text::epoch_ms(timestamp.0).ok_or(Reason::BadTime),
        }
    }
}

fn envelope<'a>(wire: &Wire<'a, '_>, record: Record<'a>, topic: &TopicSettings, settings: &DecodeSettings) -> Result<Envelope<'a>, Reason> {
    let id = match wire.envelope(Attribute::Id) {
        Some(id) => Some(id.id()?),
        None if topic.identity_from_record => None,
        None => return Err(Reason::MissingField),
    };
    let kind = wire.envelope(Attribute::Type).ok_or(Reason::MissingField)?.text()?;
    let source = wire.envelope(Attribute::Source).map(Value::id).transpose()?;
    let source = source.as_deref().unwrap_or(&topic.name);
    let time = match (wire.envelope(Attribute::Time), record.timestamp) {
        (Some(time), _) if time.is_time() => Time::Member(time),
        (Some(_), _) => return Err(Reason::WrongType),
        (None, Some(timestamp)) if topic.time_from_record => Time::Record(timestamp),
        (None, _) => return Err(Reason::MissingField),
    };
    let identity = match id {
        Some(id) => settings.identity_key.of_event(source, &id),
        None => identity_of_place(source, record, topic, settings),
    };
    Ok(Envelope { identity, kind, time })
}

/// The identity of an event without an id: the place of its record.
fn identity_of_place(source: &str, record: Record<'_>, topic: &TopicSettings, settings: &DecodeSettings) -> Key {
    // A topic's name has at most 249 bytes, so this stays on the stack.
    let mut place: SmallVec<[u8; 288]> = SmallVec::new();
    place.extend_from_slice(topic.name.as_bytes());
    place.push(b'/');
    place.extend_from_slice(itoa::Buffer::new().format(record.partition).as_bytes());
    place.push(b'/');
    place.extend_from_slice(itoa::Buffer::new().format(record.offset).as_bytes());
    settings.identity_key.of_event(source, str::from_utf8(&place).expect("it was written as a text"))
}

fn body(event_type: EventType, payload: &Members<'_>, settings: &DecodeSettings) -> Result<Body, Reason> {
    match event_type {
        EventType::Ticket(ticket_type) => ticket::body(ticket_type, payload, &settings.identity_key),
        EventType::Chat(chat_type) => chat::body(chat_type, payload, &settings.identity_key),
        EventType::Survey(survey_type) => survey::body(survey_type, payload, settings),
        EventType::Customer(customer_type) => customer::body(customer_type, payload),
    }
}

/// The customer that an event names, where its type has one.
fn customer_key(event_type: EventType, payload: &Members<'_>, settings: &DecodeSettings) -> Result<Option<Key>, Reason> {
    let id = if event_type.names_customer() { payload.get(Member::CustomerId) } else { None };
    id.map(|id| id.id().map(|id| settings.identity_key.of(&id))).transpose()
}

/// What keys the hashes of member names, so that a sender cannot make them collide.
fn name_seed(settings: &DecodeSettings) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = settings.identity_key.0;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}
