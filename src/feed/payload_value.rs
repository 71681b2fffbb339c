//! Reads JSON as a value of jq. Its texts are parts of one copy of the payload.
//!
//! Does not know feeds.

use bytes::Bytes;
use jaq_json::{Map, Num, Val};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// So many members are expected in an object.
const MEMBERS: usize = 8;

/// Reads one JSON value, as deep as serde_json goes.
pub(super) fn read(text: &[u8]) -> serde_json::Result<Val> {
    let payload = Bytes::copy_from_slice(text);
    let mut deserializer = serde_json::Deserializer::from_slice(&payload);
    let value = ValueOf(&payload).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct ValueOf<'a>(&'a Bytes);

impl<'de> DeserializeSeed<'de> for ValueOf<'de> {
    type Value = Val;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Val, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueOf<'de> {
    type Value = Val;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Val, E> {
        Ok(Val::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Val, E> {
        Ok(Val::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Val, E> {
        Ok(Val::Num(Num::from_integral(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Val, E> {
        Ok(Val::Num(Num::from_integral(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Val, E> {
        Ok(Val::Num(Num::Float(value)))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Val, E> {
        Ok(Val::utf8_str(self.0.slice_ref(text.as_bytes())))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Val, E> {
        Ok(Val::utf8_str(text.to_owned().into_bytes()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Val, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = elements.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Val::Arr(values.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Val, A::Error> {
        let mut map = Map::with_capacity_and_hasher(MEMBERS, Default::default());
        while let Some(name) = members.next_key_seed(self)? {
            map.insert(name, members.next_value_seed(self)?);
        }
        Ok(Val::obj(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_the_text() {
        let text = r#"{"a":[1,-2,2.5,18446744073709551615,true,null],"b":{"c":"ü\n\"","d":""},"a2":{}}"#;
        assert_eq!(read(text.as_bytes()).unwrap().to_string(), text);
        assert_eq!(read(br#"{"a":1,"b":2,"a":3}"#).unwrap().to_string(), r#"{"a":3,"b":2}"#);
        for faulty in ["", "{", "1 2", "[1,]", "nan", "\"\u{1}\"", &"[".repeat(200)] {
            assert!(read(faulty.as_bytes()).is_err(), "{faulty}");
        }
    }
}
