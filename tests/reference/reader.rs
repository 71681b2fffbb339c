//! A second reader of the input contract: one line to one [`Happening`] or the name of the reason why it is refused.
//!
//! It shares nothing with the product's decoder but the contract, so that a mistake in one of the two shows. It keeps the members that a type uses, and no others.

use std::collections::BTreeMap;

use cxpulse::event::Kind;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use super::instant::instant;
use super::json::object;
use super::setup::DIMENSIONS;

const ID_BYTES_MAX: usize = 128;
const DIMENSION_CHARACTERS_MAX: usize = 64;
const NAME_BYTES_MAX: usize = 1_024;

/// One event as it was sent: flat, with nothing in it but what its type uses.
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
    /// The feed of its topic, to which its ticket, chat and survey ids belong.
    pub(crate) feed: String,
    /// The space to which its customer ids belong: nothing, or a feed that has its own.
    pub(crate) customer_space: String,
    members: BTreeMap<String, Value>,
}

impl Happening {
    /// A member that is a text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name).and_then(Value::as_str)
    }

    /// A member that is true or false, if it is there.
    pub(crate) fn said(&self, name: &str) -> Option<bool> {
        self.members.get(name).and_then(Value::as_bool)
    }

    /// A member that is true or false.
    pub(crate) fn flag(&self, name: &str, otherwise: bool) -> bool {
        self.said(name).unwrap_or(otherwise)
    }

    /// A member that is an instant.
    pub(crate) fn instant(&self, name: &str) -> Option<i64> {
        self.members.get(name).and_then(Value::as_i64)
    }

    /// A member that is a number, in millionths.
    pub(crate) fn millionths(&self, name: &str) -> Option<i64> {
        self.members.get(name).and_then(Value::as_i64)
    }

    /// Whether it takes the team away: `team` stands there and is blank.
    pub(crate) fn takes_team_away(&self) -> bool {
        self.members.get("team") == Some(&Value::Null)
    }

    /// Calls the values of dimensions as they are called here.
    pub(crate) fn rename(&mut self, renames: &BTreeMap<String, BTreeMap<String, String>>) {
        for (dimension, names) in renames {
            if let Some(name) = self.text(dimension).and_then(|value| names.get(value)).cloned() {
                self.members.insert(dimension.clone(), name.into());
            }
        }
    }

    /// A customer id with the space that it belongs to.
    pub(crate) fn customer(&self, name: &str) -> Option<(String, String)> {
        self.text(name).map(|id| (self.customer_space.clone(), id.to_owned()))
    }
}

/// The name of a reason of the contract's closed set.
pub(crate) type Refusal = &'static str;

/// What a member may hold.
#[derive(Clone, Copy)]
enum Holds {
    Id,
    Dimension,
    Instant,
    Truth,
    Number,
    Money,
    Name,
    OneOf(&'static [&'static str]),
}

const AUTHOR: (&str, Holds) = ("author", Holds::OneOf(&["customer", "agent", "bot", "system"]));
const METRIC: (&str, Holds) = ("metric", Holds::OneOf(&["csat", "nps", "ces"]));
const REASON: (&str, Holds) = ("reason", Holds::OneOf(&["transfer", "escalation", "auto"]));
const STATUS: (&str, Holds) = ("status", Holds::OneOf(&["new", "open", "pending", "on_hold", "solved", "closed", "spam", "deleted"]));
const CREATED_BY: (&str, Holds) = ("created_by", Holds::OneOf(&["customer", "agent", "system", "first_author"]));
const PUBLIC: (&str, Holds) = ("public", Holds::Truth);
const AUTOMATED: (&str, Holds) = ("automated", Holds::Truth);
const TICKET: (&str, Holds) = ("ticket_id", Holds::Id);
const INTO_TICKET: (&str, Holds) = ("into_ticket_id", Holds::Id);
const CHAT: (&str, Holds) = ("chat_id", Holds::Id);
const SURVEY: (&str, Holds) = ("survey_id", Holds::Id);
const CUSTOMER: (&str, Holds) = ("customer_id", Holds::Id);
const INTO_CUSTOMER: (&str, Holds) = ("into_customer_id", Holds::Id);
const AGENT: (&str, Holds) = ("agent_id", Holds::Id);
const VALUE: (&str, Holds) = ("value", Holds::Money);

type Members = &'static [(&'static str, Holds)];

/// The members that a type must have, and those that it may have beside the dimensions; `None` for a type that the contract does not list.
fn members_of(what: &str) -> Option<(Members, Members)> {
    Some(match what {
        "ticket.created" => (&[TICKET], &[CUSTOMER, AGENT, CREATED_BY]),
        "ticket.message" => (&[TICKET, AUTHOR], &[PUBLIC, AUTOMATED, AGENT]),
        "ticket.status_changed" => (&[TICKET, STATUS], &[AGENT]),
        "ticket.assigned" => (&[TICKET], &[AGENT, REASON]),
        "ticket.escalated" | "ticket.handoff" | "ticket.unmerged" => (&[TICKET], &[]),
        "ticket.merged" => (&[TICKET, INTO_TICKET], &[]),
        "ticket.snapshot" => (
            &[TICKET, ("created_time", Holds::Instant), STATUS],
            &[
                ("first_response_time", Holds::Instant),
                ("solved_time", Holds::Instant),
                ("awaiting_reply_since", Holds::Instant),
                ("answered", Holds::Truth),
                CUSTOMER,
            ],
        ),
        "ticket.snapshot_completed" => (&[("started_time", Holds::Instant)], &[]),
        "chat.started" => (&[CHAT], &[TICKET, CUSTOMER]),
        "chat.accepted" => (&[CHAT], &[TICKET, AGENT]),
        "chat.message" => (&[CHAT, AUTHOR], &[TICKET, PUBLIC, AUTOMATED, AGENT]),
        "chat.transferred" => (&[CHAT], &[TICKET, AGENT, REASON]),
        "chat.handoff" | "chat.ended" | "chat.abandoned" => (&[CHAT], &[TICKET]),
        "survey.sent" => (&[SURVEY, METRIC], &[TICKET, CHAT, CUSTOMER]),
        "survey.responded" => (
            &[METRIC, ("score", Holds::Number)],
            &[
                SURVEY,
                TICKET,
                CHAT,
                CUSTOMER,
                AGENT,
                ("scope", Holds::OneOf(&["service", "experience"])),
                ("scale_min", Holds::Number),
                ("scale_max", Holds::Number),
                ("direction", Holds::OneOf(&["effort", "ease"])),
            ],
        ),
        "customer.active" | "customer.subscribed" => (&[CUSTOMER], &[VALUE]),
        "customer.cancelled" | "customer.erased" => (&[CUSTOMER], &[]),
        "customer.merged" => (&[CUSTOMER, INTO_CUSTOMER], &[]),
        "customer.touchpoint" => {
            (&[CUSTOMER, ("journey_stage", Holds::Dimension)], &[("outcome", Holds::OneOf(&["completed", "abandoned", "failed"])), VALUE])
        }
        "change.marked" => (&[("name", Holds::Name)], &[("withdrawn", Holds::Truth)]),
        _ => return None,
    })
}

/// Reads one line of a topic.
pub(crate) fn read(line: &[u8], topic: &str, kind: Kind) -> Result<Happening, Refusal> {
    let said = flat(object(line)?)?;
    let is_blank = |name: &str| said.get(name).is_none_or(|value| value.is_null() || value == "");
    for name in ["id", "type", "time"] {
        ensure(!is_blank(name), "missing_field")?;
    }
    let id = id(&said["id"])?;
    let what = said["type"].as_str().ok_or("wrong_type")?.to_owned();
    let source = if is_blank("source") { topic.to_owned() } else { id_text(said["source"].as_str().ok_or("wrong_type")?)? };
    let (needed, optional) = members_of(&what).ok_or("unknown_type")?;
    let noun = what.split('.').next().unwrap_or_default();
    ensure(noun == "change" || format!("{noun}s") == kind.name(), "wrong_topic")?;
    let time = instant(&said["time"])?;
    for (name, _) in needed {
        ensure(!is_blank(name), "missing_field")?;
    }
    let mut members = BTreeMap::new();
    let dimensions = DIMENSIONS.iter().map(|(name, _)| (*name, Holds::Dimension));
    for (name, holds) in needed.iter().chain(optional).copied().chain(dimensions) {
        if !is_blank(name) {
            members.insert(name.to_owned(), member(&said[name], holds)?);
        } else if name == "team" && said.contains_key(name) && matches!(what.as_str(), "ticket.assigned" | "chat.transferred") {
            members.insert(name.to_owned(), Value::Null);
        }
    }
    if what == "survey.responded" {
        answer(&members)?;
    }
    let (feed, customer_space) = (String::new(), String::new());
    Ok(Happening { time, kind, what, source, id, nth: 0, feed, customer_space, members })
}

/// The value of a member as the definitions see it: instants in milliseconds, numbers in millionths.
fn member(value: &Value, holds: Holds) -> Result<Value, Refusal> {
    Ok(match holds {
        Holds::Id => id(value)?.into(),
        Holds::Dimension => dimension_value(value.as_str().ok_or("wrong_type")?).into(),
        Holds::Instant => instant(value)?.into(),
        Holds::Truth => value.as_bool().ok_or("wrong_type")?.into(),
        Holds::Number => {
            let number = value.as_f64().ok_or("wrong_type")?;
            ensure(number.abs() < 1e9, "bad_value")?;
            ((number * 1e6).round_ties_even() as i64).into()
        }
        Holds::Money => {
            let number = value.as_f64().ok_or("wrong_type")?;
            // In millionths of a unit, as scores are; what rounds to nothing is nothing.
            let rounded = (number * 1e6).round();
            ensure((0.0..=1e18).contains(&rounded), "bad_value")?;
            (rounded as i64).into()
        }
        Holds::Name => {
            let text = value.as_str().ok_or("wrong_type")?;
            let name: String = text.trim().nfc().collect();
            ensure(text.len() <= NAME_BYTES_MAX && !name.is_empty() && !is_unfit(&name), "bad_value")?;
            name.into()
        }
        Holds::OneOf(allowed) => {
            let value = value.as_str().ok_or("wrong_type")?;
            ensure(allowed.contains(&value), "bad_value")?;
            value.into()
        }
    })
}

/// A value of a dimension: in NFC, and `other` where it is too long or would confuse who reads it.
fn dimension_value(text: &str) -> String {
    let value: String = text.nfc().collect();
    if is_unfit(&value) { "other".to_owned() } else { value }
}

/// Whether a text is too long for a label, or would confuse who reads it.
fn is_unfit(text: &str) -> bool {
    let is_odd = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c);
    text.chars().count() > DIMENSION_CHARACTERS_MAX || text.chars().any(is_odd)
}

/// An id: a text, or an integer, which is the same as its decimal text.
fn id(value: &Value) -> Result<String, Refusal> {
    match value {
        Value::Number(number) if number.is_i64() || number.is_u64() => Ok(number.to_string()),
        Value::String(text) => id_text(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Err("wrong_type"),
    }
}

fn id_text(text: &str) -> Result<String, Refusal> {
    ensure(text.len() <= ID_BYTES_MAX && !text.contains('\0'), "bad_value")?;
    Ok(text.to_owned())
}

/// Score and scale of an answer.
fn answer(members: &BTreeMap<String, Value>) -> Result<(), Refusal> {
    let metric = members["metric"].as_str().unwrap_or_default();
    let number = |name: &str| members.get(name).and_then(Value::as_i64);
    ensure(metric != "ces" || members.contains_key("direction"), "missing_field")?;
    ensure(number("scale_min").is_some() == number("scale_max").is_some(), "bad_value")?;
    let (low, high) = default_scale(metric);
    let (low, high, score) = (number("scale_min").unwrap_or(low), number("scale_max").unwrap_or(high), number("score").unwrap_or(low));
    ensure(-1_000_000_000 <= low && low < high && high <= 1_000_000_000, "bad_value")?;
    ensure(metric != "nps" || ((low, high) == default_scale("nps") && score % 1_000_000 == 0), "bad_value")?;
    ensure((low..=high).contains(&score), "score_out_of_range")
}

/// The scale of an answer that names none, in millionths.
pub(crate) fn default_scale(metric: &str) -> (i64, i64) {
    match metric {
        "nps" => (0, 10_000_000),
        "ces" => (1_000_000, 7_000_000),
        _ => (1_000_000, 5_000_000),
    }
}

pub(crate) fn ensure(condition: bool, reason: Refusal) -> Result<(), Refusal> {
    if condition { Ok(()) } else { Err(reason) }
}

/// The flat form of a flat or structured event.
fn flat(mut outer: BTreeMap<String, Value>) -> Result<BTreeMap<String, Value>, Refusal> {
    match outer.get("specversion") {
        None | Some(Value::Null) => return Ok(outer),
        Some(Value::String(version)) if version.is_empty() => return Ok(outer),
        Some(Value::String(version)) => ensure(version == "1.0", "bad_value")?,
        Some(_) => return Err("wrong_type"),
    }
    let mut inner: BTreeMap<String, Value> = match outer.remove("data") {
        None | Some(Value::Null) => return Err("missing_field"),
        Some(Value::String(text)) if text.is_empty() => return Err("missing_field"),
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
