//! The contract as documents for other programs: a JSON Schema of an event, and an AsyncAPI description of the topics. Both come from the one table, so
//! that they cannot differ from the decoder.
//!
//! Does not know how an event is decoded. What a schema cannot say (scores within their scales, `scale_min` only with `scale_max`, names that cannot be
//! labels, unknown types on the wrong topic) is refused by decoding alone.

use serde_json::{Map, Value, json};

use super::contract::{ENVELOPE_OPTIONAL, ENVELOPE_REQUIRED, EventContract, EventType, MemberContract, MemberValue};
use super::number::AMOUNT_MAX;
use super::settings::Kind;

/// Where the schema is kept, relative to the AsyncAPI document.
const SCHEMA_FILE: &str = "events.schema.json";

/// The JSON Schema (draft 2020-12) of one event in its flat form.
#[must_use]
pub fn json_schema() -> Value {
    let mut definitions = Map::new();
    for event_type in EventType::ALL {
        let contract = event_type.contract();
        definitions.insert(contract.name.to_owned(), definition(contract));
    }
    let branches: Vec<Value> = EventType::ALL
        .iter()
        .map(|event_type| {
            let name = event_type.name();
            json!({"if": {"properties": {"type": {"const": name}}}, "then": {"$ref": format!("#/$defs/{name}")}})
        })
        .collect();
    let names: Vec<&str> = EventType::ALL.iter().map(|event_type| event_type.name()).collect();
    let mut properties = members(ENVELOPE_REQUIRED, false);
    properties.extend(members(ENVELOPE_OPTIONAL, true));
    properties.insert("type".to_owned(), json!({"enum": names, "description": "One of the event types."}));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "cxpulse event",
        "description": "One event in its flat form, as a record of a topic carries it. Further members may be dimensions, which are texts; unknown members are ignored.",
        "type": "object",
        "required": ENVELOPE_REQUIRED.iter().map(MemberContract::name).collect::<Vec<_>>(),
        "properties": properties,
        "allOf": branches,
        "$defs": definitions,
    })
}

/// The AsyncAPI 3.0 description of the topics under their default names.
#[must_use]
pub fn async_api() -> Value {
    let mut channels = Map::new();
    let mut operations = Map::new();
    let mut messages = Map::new();
    for kind in Kind::ALL {
        let mut of_channel = Map::new();
        for event_type in EventType::ALL.iter().filter(|event_type| event_type.is_carried_by(kind)) {
            let EventContract { name, meaning, .. } = event_type.contract();
            let payload = json!({"schemaFormat": "application/schema+json;version=draft-2020-12", "schema": {"$ref": format!("./{SCHEMA_FILE}#/$defs/{name}")}});
            messages.insert(
                (*name).to_owned(),
                json!({"name": name, "summary": meaning, "contentType": "application/json", "payload": payload}),
            );
            of_channel.insert((*name).to_owned(), json!({"$ref": format!("#/components/messages/{name}")}));
        }
        channels.insert(
            kind.name().to_owned(),
            json!({"address": kind.name(), "description": format!("Events of {}, keyed by customer, else by ticket or chat.", kind.name()), "messages": of_channel}),
        );
        operations.insert(
            format!("receive_{}", kind.name()),
            json!({"action": "receive", "channel": {"$ref": format!("#/channels/{}", kind.name())}, "summary": format!("cxpulse reads the events of {}.", kind.name())}),
        );
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "cxpulse",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The topics that cxpulse reads, under their default names. EVENTS.md has the same for people.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    })
}

/// The schema of the members of one type.
fn definition(contract: &EventContract) -> Value {
    let mut properties = members(contract.required, false);
    properties.extend(members(contract.optional, true));
    properties.insert("type".to_owned(), json!({"const": contract.name}));
    let required: Vec<&str> = ENVELOPE_REQUIRED.iter().chain(contract.required).map(MemberContract::name).collect();
    json!({"description": contract.meaning, "type": "object", "required": required, "properties": properties})
}

fn members(members: &[MemberContract], is_optional: bool) -> Map<String, Value> {
    members.iter().map(|member| (member.name().to_owned(), schema_of(member, is_optional))).collect()
}

/// The schema of a member. An optional one that is null or empty is absent.
fn schema_of(member: &MemberContract, is_optional: bool) -> Value {
    let mut allowed = match member.value {
        MemberValue::Id => vec![json!({"type": "string", "minLength": 1, "maxLength": 128}), json!({"type": "integer"})],
        MemberValue::Text | MemberValue::Label => vec![json!({"type": "string", "minLength": 1})],
        MemberValue::Choice(words) => vec![json!({"enum": words})],
        MemberValue::Boolean => vec![json!({"type": "boolean"})],
        MemberValue::Number => vec![json!({"type": "number"})],
        MemberValue::Amount => vec![json!({"type": "number", "minimum": 0, "maximum": AMOUNT_MAX})],
        MemberValue::Time => {
            vec![json!({"type": "string", "format": "date-time"}), json!({"type": "integer", "description": "Milliseconds since 1970."})]
        }
    };
    if is_optional {
        allowed.extend([json!({"type": "null"}), json!({"const": ""})]);
    }
    json!({"description": member.meaning, "anyOf": allowed})
}
