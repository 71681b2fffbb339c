//! The grammar of a line: one JSON object, with the reasons for which a record is refused before anybody looks at its members.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

use super::reader::{Refusal, ensure};

const BYTES_MAX: usize = 256 * 1024;
const DEPTH_MAX: usize = 32;
const MEMBERS_MAX: usize = 256;

/// The members of the object that a line holds.
pub(crate) fn object(line: &[u8]) -> Result<BTreeMap<String, Value>, Refusal> {
    ensure(line.len() <= BYTES_MAX, "too_large")?;
    ensure(!line.iter().all(|b| b" \t\r\n".contains(b)), "empty")?;
    let text = std::str::from_utf8(line).map_err(|_| "encoding")?;
    let faults = Faults::default();
    let mut input = serde_json::Deserializer::from_str(text);
    let value = Strict(&faults, 0).deserialize(&mut input).and_then(|value| input.end().map(|()| value));
    // Of several faults the first in the line gives the reason.
    if let Some(first) = faults.0.get() {
        return Err(first);
    }
    let value = value.map_err(|_| "syntax")?;
    match value {
        Value::Object(members) => Ok(members.into_iter().collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Err("not_object"),
    }
}

/// The first fault that is none of the grammar.
#[derive(Default)]
struct Faults(Cell<Option<Refusal>>);

impl Faults {
    fn note(&self, is_fault: bool, reason: Refusal) {
        if is_fault && self.0.get().is_none() {
            self.0.set(Some(reason));
        }
    }
}

/// Builds a value and notes what `serde_json::Value` would silently forget; the number is the depth around it.
struct Strict<'f>(&'f Faults, usize);

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Value, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let depth = self.1 + 1;
        self.0.note(depth > DEPTH_MAX, "depth");
        let mut out = Vec::new();
        while let Some(item) = items.next_element_seed(Strict(self.0, depth))? {
            out.push(item);
        }
        Ok(Value::Array(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let depth = self.1 + 1;
        self.0.note(depth > DEPTH_MAX, "depth");
        let mut out = serde_json::Map::new();
        let mut count = 0;
        while let Some(name) = members.next_key::<String>()? {
            count += 1;
            self.0.note(out.contains_key(&name), "duplicate_key");
            self.0.note(count > MEMBERS_MAX, "too_large");
            let value = members.next_value_seed(Strict(self.0, depth))?;
            out.insert(name, value);
        }
        Ok(Value::Object(out))
    }
}
