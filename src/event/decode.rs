//! Decodes one record into one event or one reason of refusal. The checks have the order of the contract: tombstone, size, emptiness,
//! encoding, headers, the scan, object, envelope (id, type, source, and that there is a time), known type, topic, turned off, the value of
//! the time, other members.
//!
//! Does not know the records before: the engine finds duplicates, late events and events of the future.

use smallvec::SmallVec;

use super::contract::{ChangeType, EventType};
use super::id_namespace::IdNamespace;
use super::member::{Member, Members};
use super::record_forms::{Attribute, HeaderTexts, RecordForm};
use super::scan::Document;
use super::value::{ID_BYTES_MAX, is_id_length};
use super::{Body, DecodeSettings, Decoded, DimensionValues, Event, Key, Reason, Record, TopicSettings};
use super::{body, dimension, text, time_text};
use crate::time::EventTime;

/// Decodes one record.
///
/// Never fails: every record is an event, or is ignored, or has a reason of refusal. Allocates only where a string that is read holds escapes, or
/// where the value of a dimension has to be composed, or where the record has more members than any event of the contract, or for the name of a change.
#[must_use]
pub fn decode<'a>(record: Record<'a>, topic: &TopicSettings, settings: &'a DecodeSettings) -> Decoded<'a> {
    let mut decoded = Decoded::Ignored;
    if let Err(reason) = decode_into(&mut decoded, record, topic, settings) {
        decoded = Decoded::Invalid(reason);
    }
    decoded
}

/// The id of the event in a record without headers, in clear text. Calls `each` with the ids of ticket, chat, survey and customer that the record
/// names, each with its hash.
///
/// `None` where the record cannot be decoded. For explanations that a user compares with the source; decoding itself keeps only hashes of ids.
pub fn ids_in_clear(
    record: Record<'_>,
    topic: &TopicSettings,
    settings: &DecodeSettings,
    mut each: impl FnMut(Key, &str),
) -> Option<String> {
    read_in_clear(record, settings, |wire| {
        let ids = IdNamespace::new(&settings.identity_key, topic);
        for member in [Member::TicketId, Member::ChatId, Member::SurveyId, Member::CustomerId, Member::IntoCustomerId] {
            if let Some(id) = wire.payload.get(member) {
                // Another type of event may name no such id, and is right all the same.
                let _unread = id.with_id(|id| each(ids.key_of(id, member.is_of_customer()), id));
            }
        }
        wire.envelope(Attribute::Id)?.with_id(str::to_owned).ok()
    })
}

/// The source that a record without headers names, in clear text; `None` where it names none or cannot be decoded. For reports about where events come from.
#[must_use]
pub fn source_in_clear(record: Record<'_>, settings: &DecodeSettings) -> Option<String> {
    read_in_clear(record, settings, |wire| wire.envelope(Attribute::Source)?.with_text_id(str::to_owned).ok())
}

/// The agent that a record names, in clear text; `None` where it names none or cannot be decoded. For reports about who answers.
#[must_use]
pub fn agent_in_clear(record: Record<'_>, settings: &DecodeSettings) -> Option<String> {
    read_in_clear(record, settings, |wire| wire.payload.get(Member::AgentId)?.with_id(str::to_owned).ok())
}

/// A text of a record without headers; `None` where its payload is no JSON object or has none.
fn read_in_clear(
    record: Record<'_>,
    settings: &DecodeSettings,
    read: impl FnOnce(&RecordForm<'_, '_>) -> Option<String>,
) -> Option<String> {
    let text = text::of_payload(record.payload?).ok()?;
    let mut document = Document::new(text);
    document.scan(&settings.dimensions, name_seed(settings)).ok()?;
    read(&RecordForm::of(&document, None).ok()?)
}

/// Decodes one record in place, because an event is large. An ignored record leaves `decoded` as it is.
#[inline]
fn decode_into<'a>(
    decoded: &mut Decoded<'a>,
    record: Record<'a>,
    topic: &TopicSettings,
    settings: &'a DecodeSettings,
) -> Result<(), Reason> {
    let Some(payload) = record.payload else { return Ok(()) };
    let text = text::of_payload(payload)?;
    let headers = record.headers.map(HeaderTexts::read).transpose()?;
    let mut document = Document::new(text);
    document.scan(&settings.dimensions, name_seed(settings))?;
    let wire = RecordForm::of(&document, headers)?;

    let envelope = envelope(&wire, record, topic, settings)?;
    let event_type = envelope.event_type.ok_or(Reason::UnknownType)?;
    if !event_type.is_carried_by(topic.kind) {
        return Err(Reason::WrongTopic);
    }
    if envelope.is_turned_off {
        return Ok(());
    }
    let time = time(&wire, record)?;
    let ids = IdNamespace::new(&settings.identity_key, topic);
    let body = body_of(event_type, wire.payload, settings, ids)?;
    if event_type.names_agent()
        && let Some(agent) = wire.payload.get(Member::AgentId)
    {
        agent.check_id()?;
    }
    let customer = if event_type.names_customer() { wire.payload.key(Member::CustomerId, ids)? } else { None };
    // Every event of a chat may name the ticket that the help desk keeps of it.
    let ticket = if matches!(event_type, EventType::Chat(_)) { wire.payload.key(Member::TicketId, ids)? } else { None };
    *decoded = Decoded::Event(Event {
        identity: envelope.identity,
        time,
        customer,
        ticket,
        dimensions: DimensionValues::new(),
        overflowed: 0,
        body,
    });
    if let Decoded::Event(event) = decoded {
        dimension::read(wire.payload, settings, event_type.takes_team_away(), event)?;
    }
    Ok(())
}

/// The envelope. That there is a time is checked with it. The value of the time is read only after the type is known to belong on this
/// topic.
struct Envelope {
    identity: Key,
    event_type: Option<EventType>,
    is_turned_off: bool,
}

/// Checks that the envelope is complete and its members have the right types, in the order of id, type, source and time.
fn envelope(wire: &RecordForm<'_, '_>, record: Record<'_>, topic: &TopicSettings, settings: &DecodeSettings) -> Result<Envelope, Reason> {
    let text = wire.payload.text();
    let plain_id = |attribute| wire.flat(attribute).plain_text(text).filter(|id| is_id_length(id.len()));
    let id = plain_id(Attribute::Id);
    if id.is_none() {
        match wire.envelope(Attribute::Id) {
            Some(id) => id.check_id()?,
            None if topic.identity_from_record => {}
            None => return Err(Reason::MissingField),
        }
    }
    let is_turned_off = |kind: &str| topic.ignored_types.iter().any(|ignored| ignored == kind);
    let read_type = |kind: &str| (EventType::of(kind), is_turned_off(kind));
    let (event_type, is_turned_off) = match wire.flat(Attribute::Type).plain_text(text) {
        Some(kind) => read_type(kind),
        None => wire.envelope(Attribute::Type).ok_or(Reason::MissingField)?.with_text(ID_BYTES_MAX, read_type)?,
    };
    let identity = match (plain_id(Attribute::Source), id) {
        (Some(source), Some(id)) => settings.identity_key.of_event(source, id),
        _ => identity(wire, record, topic, settings)?,
    };
    if !wire.flat(Attribute::Time).is_time() {
        match wire.envelope(Attribute::Time) {
            Some(time) if time.is_time() => {}
            Some(_) => return Err(Reason::WrongType),
            None if topic.time_from_record && record.timestamp.is_some() => {}
            None => return Err(Reason::MissingField),
        }
    }
    Ok(Envelope { identity, event_type, is_turned_off })
}

/// The identity of an event: the hash of its source and of its id, which was checked before.
fn identity(wire: &RecordForm<'_, '_>, record: Record<'_>, topic: &TopicSettings, settings: &DecodeSettings) -> Result<Key, Reason> {
    let of_source = |source: &str| match wire.envelope(Attribute::Id) {
        Some(id) => id.with_id(|id| settings.identity_key.of_event(source, id)),
        None => Ok(identity_of_place(source, record, topic, settings)),
    };
    match wire.envelope(Attribute::Source) {
        Some(source) => source.with_text_id(of_source)?,
        None => of_source(&topic.name),
    }
}

/// The time at which an event happened: the time of the envelope, or the timestamp of the record where the topic allows an envelope without
/// a time.
fn time(wire: &RecordForm<'_, '_>, record: Record<'_>) -> Result<EventTime, Reason> {
    if let Some(ms) = wire.flat(Attribute::Time).integer(wire.payload.text()) {
        return time_text::epoch_ms_text(ms).ok_or(Reason::BadTime);
    }
    match wire.envelope(Attribute::Time) {
        Some(time) => time.time(),
        None => record.timestamp.and_then(|timestamp| time_text::epoch_ms(timestamp.0)).ok_or(Reason::BadTime),
    }
}

/// The identity of an event without an id: the place of its record.
fn identity_of_place(source: &str, record: Record<'_>, topic: &TopicSettings, settings: &DecodeSettings) -> Key {
    // The name of a topic has at most 249 bytes, so this does not allocate.
    let mut place: SmallVec<[u8; 288]> = SmallVec::new();
    place.extend_from_slice(topic.name.as_bytes());
    place.push(b'/');
    place.extend_from_slice(itoa::Buffer::new().format(record.partition).as_bytes());
    place.push(b'/');
    place.extend_from_slice(itoa::Buffer::new().format(record.offset).as_bytes());
    settings.identity_key.of_event(source, str::from_utf8(&place).expect("it was written as a text"))
}

fn body_of(event_type: EventType, payload: &Members<'_>, settings: &DecodeSettings, ids: IdNamespace<'_>) -> Result<Body, Reason> {
    match event_type {
        EventType::Ticket(ticket_type) => body::ticket(ticket_type, payload, ids),
        EventType::Chat(chat_type) => body::chat(chat_type, payload, ids),
        EventType::Survey(survey_type) => body::survey(survey_type, payload, settings, ids),
        EventType::Customer(customer_type) => body::customer(customer_type, payload, ids),
        EventType::Change(ChangeType::Marked) => body::change(payload),
    }
}

/// The key for the hashes of member names. Without it a sender could choose names whose hashes collide.
fn name_seed(settings: &DecodeSettings) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = settings.identity_key.0;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}
