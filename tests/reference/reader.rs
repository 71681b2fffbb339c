//! A second reader of the input contract: one line to one [`Happening`] or the name of the reason why it is refused.
//!
//! It shares nothing with the product's decoder but the contract, so that a mistake in one of the two shows. It keeps every member as it came.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use cxpulse::event::Kind;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

const BYTES_MAX: usize = 256 * 1024;
const DEPTH_MAX: usize = 32;
const MEMBERS_MAX: usize = 256;
const ID_BYTES_MAX: usize = 128;
const IDS: [&str; 6] = ["ticket_id", "chat_id", "customer_id", "survey_id", "agent_id", "into_ticket_id"];
const TEXTS: [&str; 6] = ["channel", "team", "priority", "segment", "journey_stage", "tier"];
const AUTHORS: &[&str] = &["customer", "agent", "bot", "system"];
const METRICS: &[&str] = &["csat", "nps", "ces"];
const STATUSES: &[&str] = &["new", "open", "pending", "on_hold", "solved", "closed", "spam", "deleted"];

/// One event as it was sent, flat and without null members.
#[derive(Clone, Debug)]
pub(crate) struct Happening {
    /// Event time in epoch milliseconds.
    pub(crate) time: i64,
    /// The kind of its topic.
    pub(crate) kind: Kind,
    /// Its `type`, such as `ticket.created`.
    pub(crate) what: String,
    /// Its `source`; by default the topic's name.
    pub(crate) source: String,
    /// Its `id`.
    pub(crate) id: String,
    /// Which record of all that arrived it was.
    pub(crate) nth: usize,
    members: BTreeMap<String, Value>,
}

impl Happening {
    /// A member that is a text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name).and_then(Value::as_str)
    }

    /// A member that is true or false.
    pub(crate) fn flag(&self, name: &str, otherwise: bool) -> bool {
        self.members.get(name).and_then(Value::as_bool).unwrap_or(otherwise)
    }

    /// A member that is an instant.
    pub(crate) fn instant(&self, name: &str) -> Option<i64> {
        self.members.get(name).and_then(|value| instant(value).ok())
    }

    /// A member that is a number, in millionths.
    pub(crate) fn millionths(&self, name: &str) -> Option<i64> {
        self.members.get(name).and_then(Value::as_f64).map(|x| (x * 1e6).round() as i64)
    }
}

/// The name of a reason of the contract's closed set.
pub(crate) type Refusal = &'static str;

/// Reads one line of a topic.
pub(crate) fn read(line: &[u8], topic: &str, kind: Kind) -> Result<Happening, Refusal> {
    let mut members = flat(object(line)?)?;
    members.retain(|_, value| !value.is_null());
    id(&members, "id", true)?;
    let what = text(&members, "type", true)?.unwrap_or_default().to_owned();
    let source = id(&members, "source", false)?.unwrap_or(topic).to_owned();
    let time = members.get("time").ok_or("missing_field")?;
    ensure(time.is_string() || time.is_i64() || time.is_u64(), "wrong_type")?;
    let (ids, choices) = required(&what).ok_or("unknown_type")?;
    ensure(what.split('.').next().map(|noun| format!("{noun}s")).as_deref() == Some(kind.name()), "wrong_topic")?;
    let time = instant(time)?;
    for name in ids {
        id(&members, name, true)?;
    }
    for (name, allowed) in choices {
        let value = text(&members, name, true)?.unwrap_or_default();
        ensure(if allowed.is_empty() { !value.is_empty() } else { allowed.contains(&value) }, "bad_value")?;
    }
    for (name, needed) in instants(&what) {
        match members.get(*name) {
            Some(value) => drop(instant(value)?),
            None => ensure(!needed, "missing_field")?,
        }
    }
    optional(&what, &members)?;
    if what == "survey.responded" {
        answer(&members)?;
    }
    let id = id(&members, "id", true)?.unwrap_or_default().to_owned();
    Ok(Happening { time, kind, what, source, id, nth: 0, members })
}

/// The ids and the closed choices (none: any text but an empty one) that a type requires; `None` for a type that the contract does not list.
type Required = (&'static [&'static str], &'static [(&'static str, &'static [&'static str])]);

fn required(what: &str) -> Option<Required> {
    Some(match what {
        "ticket.created" | "ticket.assigned" | "ticket.escalated" => (&["ticket_id"], &[]),
        "ticket.message" => (&["ticket_id"], &[("author", AUTHORS)]),
        "ticket.status_changed" => (&["ticket_id"], &[("status", STATUSES)]),
        "ticket.merged" => (&["ticket_id", "into_ticket_id"], &[]),
        "ticket.snapshot" => (&["ticket_id"], &[("status", STATUSES)]),
        "ticket.snapshot_completed" => (&[], &[]),
        "chat.started" | "chat.accepted" | "chat.transferred" | "chat.ended" | "chat.abandoned" => (&["chat_id"], &[]),
        "chat.message" => (&["chat_id"], &[("author", AUTHORS)]),
        "survey.sent" => (&["survey_id"], &[("metric", METRICS)]),
        "survey.responded" => (&[], &[("metric", METRICS)]),
        "customer.active" | "customer.subscribed" | "customer.cancelled" | "customer.erased" => (&["customer_id"], &[]),
        "customer.touchpoint" => (&["customer_id"], &[("journey_stage", &[])]),
        _ => return None,
    })
}

/// The further instants that a type has, and whether it must.
fn instants(what: &str) -> &'static [(&'static str, bool)] {
    match what {
        "ticket.snapshot" => {
            &[("created_time", true), ("first_response_time", false), ("solved_time", false), ("awaiting_reply_since", false)]
        }
        "ticket.snapshot_completed" => &[("started_time", true)],
        _ => &[],
    }
}

fn optional(what: &str, members: &BTreeMap<String, Value>) -> Result<(), Refusal> {
    for name in IDS {
        id(members, name, false)?;
    }
    for name in TEXTS {
        text(members, name, false)?;
    }
    for name in ["public", "automated"] {
        ensure(members.get(name).is_none_or(Value::is_boolean), "wrong_type")?;
    }
    let choices: &[(&str, &[&str])] = match what {
        "ticket.created" => &[("created_by", &["customer", "agent", "system"])],
        "ticket.assigned" => &[("reason", &["transfer", "escalation", "auto"])],
        "survey.responded" => &[("scope", &["service", "experience"]), ("direction", &["effort", "ease"])],
        "customer.touchpoint" => &[("outcome", &["completed", "abandoned", "failed"])],
        _ => &[],
    };
    for (name, allowed) in choices {
        ensure(text(members, name, false)?.is_none_or(|value| allowed.contains(&value)), "bad_value")?;
    }
    Ok(())
}

fn answer(members: &BTreeMap<String, Value>) -> Result<(), Refusal> {
    let metric = text(members, "metric", true)?.unwrap_or_default();
    ensure(members.contains_key("score") && (metric != "ces" || members.contains_key("direction")), "missing_field")?;
    for name in ["score", "scale_min", "scale_max"] {
        ensure(members.get(name).is_none_or(Value::is_number), "wrong_type")?;
    }
    ensure(members.contains_key("scale_min") == members.contains_key("scale_max"), "bad_value")?;
    let number = |name: &str, otherwise: f64| members.get(name).and_then(Value::as_f64).unwrap_or(otherwise);
    let (low, high) = default_scale(metric);
    let (low, high, score) = (number("scale_min", low), number("scale_max", high), number("score", f64::NAN));
    ensure((-1000.0..=1000.0).contains(&low) && low < high && high <= 1000.0, "bad_value")?;
    ensure(metric != "nps" || (low == 0.0 && high == 10.0 && score.fract() == 0.0), "bad_value")?;
    ensure((low..=high).contains(&score), "score_out_of_range")?;
    ensure((score * 1e6 - (score * 1e6).round()).abs() < 1e-3, "bad_value")
}

/// The scale of an answer that names none.
pub(crate) fn default_scale(metric: &str) -> (f64, f64) {
    match metric {
        "nps" => (0.0, 10.0),
        "ces" => (1.0, 7.0),
        _ => (1.0, 5.0),
    }
}

fn ensure(condition: bool, reason: Refusal) -> Result<(), Refusal> {
    if condition { Ok(()) } else { Err(reason) }
}

fn text<'a>(members: &'a BTreeMap<String, Value>, name: &str, needed: bool) -> Result<Option<&'a str>, Refusal> {
    match members.get(name) {
        None if needed => Err("missing_field"),
        None => Ok(None),
        Some(Value::String(value)) => Ok(Some(value)),
        Some(_) => Err("wrong_type"),
    }
}

fn id<'a>(members: &'a BTreeMap<String, Value>, name: &str, needed: bool) -> Result<Option<&'a str>, Refusal> {
    let value = text(members, name, needed)?;
    ensure(value.is_none_or(|v| (1..=ID_BYTES_MAX).contains(&v.len()) && !v.contains('\0')), "bad_value")?;
    Ok(value)
}

/// The flat form of a flat or structured event.
fn flat(mut outer: BTreeMap<String, Value>) -> Result<BTreeMap<String, Value>, Refusal> {
    match outer.get("specversion") {
        None | Some(Value::Null) => return Ok(outer),
        Some(Value::String(version)) => ensure(version == "1.0", "bad_value")?,
        Some(_) => return Err("wrong_type"),
    }
    let mut inner: BTreeMap<String, Value> = match outer.remove("data") {
        None | Some(Value::Null) => return Err("missing_field"),
        Some(Value::Object(data)) => data.into_iter().collect(),
        Some(_) => return Err("wrong_type"),
    };
    for name in ["id", "type", "time", "source"] {
        if let Some(value) = outer.remove(name) {
            inner.insert(name.to_owned(), value);
        }
    }
    Ok(inner)
}

fn object(line: &[u8]) -> Result<BTreeMap<String, Value>, Refusal> {
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

/// Epoch milliseconds of a time member: an RFC 3339 text with its zone, or a whole number.
fn instant(value: &Value) -> Result<i64, Refusal> {
    let time = match value {
        Value::String(text) => millis(text).ok_or("bad_time")?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.as_i64().ok_or("bad_time")?,
    };
    ensure((946_684_800_000..4_133_980_800_000).contains(&time), "bad_time")?;
    Ok(time)
}

/// Epoch milliseconds of an RFC 3339 text; fractions of a millisecond are cut off.
pub(crate) fn millis(text: &str) -> Option<i64> {
    let digits = |from: usize, to: usize| -> Option<i64> {
        let part = text.get(from..to)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let mark = |at: usize, c: u8| (text.as_bytes().get(at) == Some(&c)).then_some(());
    let (year, month, day) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
    let (hour, minute, second) = (digits(11, 13)?, digits(14, 16)?, digits(17, 19)?);
    for (at, c) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')] {
        mark(at, c)?;
    }
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let month_index = usize::try_from(month - 1).ok()?;
    let right = (1..=*lengths.get(month_index)?).contains(&day) && year >= 1 && hour < 24 && minute < 60 && second < 60;
    let (fraction, zone) = match text.get(19..)?.strip_prefix('.') {
        None => ("", text.get(19..)?),
        Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?),
    };
    if !right || (fraction.is_empty() && text.as_bytes().get(19) == Some(&b'.')) {
        return None;
    }
    let fraction: i64 = format!("{fraction}000").get(..3)?.parse().ok()?;
    let years_before = year - 1;
    let days = years_before * 365 + years_before / 4 - years_before / 100 + years_before / 400 - 719_162
        + lengths[..month_index].iter().sum::<i64>()
        + day
        - 1;
    let local = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some((local - offset_seconds(zone)?) * 1000 + fraction)
}

fn offset_seconds(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let two = |part: &str| (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<i64>().ok())?;
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60)
}
