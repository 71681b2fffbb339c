//! From an output of a program to an event of the contract: ids with the name of their feed, no null members, the record's key and topic kind.
//!
//! Does not know how the output came about.

use jaq_json::Val;
use jaq_std::ValT as _;

use super::rejection::{Rejection, RejectionReason};
use super::settings::{FeedSettings, RecordKey};
use crate::event::{Body, DecodeSettings, Decoded, Kind, Reason, Record, Refusal, TopicSettings, decode};
use crate::time::EventTime;

/// An event that is ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct MappedEvent {
    /// The kind of topic that carries it; of several the first.
    pub kind: Kind,
    /// The value of its member `type`.
    pub event_type: &'static str,
    /// Where in the topic it goes.
    pub target: RecordTarget,
    /// When it happened.
    pub time: EventTime,
    /// The event as JSON.
    pub json: Vec<u8>,
}

/// Where in a topic an event goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordTarget {
    /// To the partition of this key.
    Key(String),
    /// To every partition, for the end of a full set of snapshots.
    EveryPartition,
}

/// The members that hold ids, by the kind of id.
const CONTACT_IDS: [&str; 3] = ["ticket_id", "chat_id", "into_ticket_id"];
const CUSTOMER_IDS: [&str; 2] = ["customer_id", "into_customer_id"];
const SURVEY_ID: &str = "survey_id";

/// Makes events of outputs.
pub(super) struct Outputs<'a> {
    pub(super) settings: &'a FeedSettings,
    pub(super) decode: &'a DecodeSettings,
}

/// The ids of an event, as they are written.
#[derive(Default)]
struct Ids {
    ticket: Option<String>,
    chat: Option<String>,
    survey: Option<String>,
    customer: Option<String>,
}

impl Outputs<'_> {
    /// The event of one output.
    pub(super) fn event(&self, output: &Val) -> Result<MappedEvent, Rejection> {
        let (json, ids) = self.written(output)?;
        let of_type = |name: &str| Kind::ALL.into_iter().find_map(|kind| Some((kind, *kind.event_types().iter().find(|t| **t == name)?)));
        let Val::Obj(members) = output else { return Err(not_an_event("an output is not an object")) };
        let event_type = members.get(&Val::from("type".to_owned())).and_then(|value| value.as_utf8_bytes());
        let event_type = event_type.and_then(|bytes| str::from_utf8(bytes).ok());
        let Some((kind, event_type)) = event_type.and_then(of_type) else {
            let what = format!("type: `{}` is not an event type of the contract", event_type.unwrap_or("null"));
            return Err(Rejection::new(RejectionReason::InvalidEvent, what));
        };
        let (time, target) = self.checked(&json, kind)?;
        let target = target.unwrap_or_else(|| RecordTarget::Key(self.key(ids, kind)));
        Ok(MappedEvent { kind, event_type, target, time, json })
    }

    /// The event as JSON, with its ids.
    fn written(&self, output: &Val) -> Result<(Vec<u8>, Ids), Rejection> {
        let Val::Obj(members) = output else { return Err(not_an_event("an output is not an object")) };
        let mut json = Vec::with_capacity(256);
        let mut ids = Ids::default();
        let mut has_source = false;
        json.push(b'{');
        for (name, value) in members.iter() {
            let name = name.as_utf8_bytes().and_then(|bytes| str::from_utf8(bytes).ok());
            let name = name.ok_or_else(|| not_an_event("a name of a member is not a text"))?;
            if matches!(value, Val::Null) {
                continue;
            }
            if json.len() > 1 {
                json.push(b',');
            }
            has_source |= name == "source";
            append_text(&mut json, name);
            json.push(b':');
            match self.namespace(name) {
                Some(namespace) => {
                    let id = id_text(value).ok_or_else(|| not_an_event(format!("{name}: neither a text nor a whole number")))?;
                    let id = if namespace.is_empty() { id } else { format!("{namespace}:{id}") };
                    append_text(&mut json, &id);
                    ids.note(name, id);
                }
                None => append_scalar(&mut json, name, value)?,
            }
        }
        if !has_source {
            if json.len() > 1 {
                json.push(b',');
            }
            json.extend_from_slice(b"\"source\":");
            append_text(&mut json, &self.settings.name);
        }
        json.push(b'}');
        Ok((json, ids))
    }

    /// The name that an id of this member carries: empty for an id that all feeds share, `None` for a member that is no id.
    fn namespace(&self, member: &str) -> Option<&str> {
        let FeedSettings { name, desk, owns_customers, .. } = self.settings;
        if CONTACT_IDS.contains(&member) {
            Some(desk.as_deref().unwrap_or(name))
        } else if CUSTOMER_IDS.contains(&member) {
            Some(if *owns_customers { name } else { "" })
        } else {
            (member == SURVEY_ID).then_some(name.as_str())
        }
    }

    /// The time of an event that decoding accepts, and its target where no id decides about it: all words about one change belong together.
    fn checked(&self, json: &[u8], kind: Kind) -> Result<(EventTime, Option<RecordTarget>), Rejection> {
        let topic = TopicSettings { name: self.settings.name.clone(), ..TopicSettings::of(kind) };
        let record = Record { payload: Some(json), ..Record::default() };
        match decode(record, &topic, self.decode) {
            Decoded::Event(event) => {
                let target = match event.body {
                    Body::SnapshotCompleted(_) => Some(RecordTarget::EveryPartition),
                    Body::Change(change) => Some(RecordTarget::Key(change.name.into())),
                    Body::Contact(..) | Body::Survey(_) | Body::Customer(_) => None,
                };
                Ok((event.time, target))
            }
            Decoded::Ignored => Err(not_an_event("an output is empty")),
            Decoded::Invalid(reason) => {
                let refusal = Refusal::of(reason, record, &topic, self.decode);
                // The scale may be configured where the event is counted.
                if reason == Reason::ScoreOutOfRange
                    && let Some(time) = time_of(json)
                {
                    return Ok((time, None));
                }
                Err(Rejection::new(RejectionReason::InvalidEvent, format!("{reason}: {refusal}")))
            }
        }
    }

    fn key(&self, ids: Ids, kind: Kind) -> String {
        let contact = ids.ticket.or(ids.chat);
        let by_customer = self.settings.key == RecordKey::Customer || kind == Kind::Customers;
        let (first, second) = if by_customer { (ids.customer, contact) } else { (contact, ids.customer) };
        first.or(second).or(ids.survey).unwrap_or_default()
    }
}

impl Ids {
    fn note(&mut self, member: &str, id: String) {
        match member {
            "ticket_id" => self.ticket = Some(id),
            "chat_id" => self.chat = Some(id),
            "survey_id" => self.survey = Some(id),
            "customer_id" => self.customer = Some(id),
            _ => {}
        }
    }
}

fn not_an_event(what: impl Into<String>) -> Rejection {
    Rejection::new(RejectionReason::NotAnEvent, what)
}

/// The time of an event whose only fault is its score.
fn time_of(json: &[u8]) -> Option<EventTime> {
    #[derive(serde::Deserialize)]
    struct Timed<'a> {
        #[serde(borrow)]
        time: &'a serde_json::value::RawValue,
    }
    let timed: Timed<'_> = serde_json::from_slice(json).ok()?;
    let text = timed.time.get().trim_matches('"');
    text.parse::<i64>().ok().or_else(|| Some(text.parse::<jiff::Timestamp>().ok()?.as_millisecond())).map(EventTime)
}

/// An id as a text: a text itself, or the digits of a whole number.
fn id_text(value: &Val) -> Option<String> {
    match value.as_utf8_bytes() {
        Some(bytes) => String::from_utf8(bytes.to_vec()).ok(),
        None => value.is_int().then(|| value.to_string()),
    }
}

fn append_text(json: &mut Vec<u8>, text: &str) {
    // Writing to memory does not fail, and a text is always JSON.
    json.extend_from_slice(serde_json::to_string(text).unwrap_or_default().as_bytes());
}

fn append_scalar(json: &mut Vec<u8>, name: &str, value: &Val) -> Result<(), Rejection> {
    match value {
        Val::TStr(_) => {
            let text = value.as_utf8_bytes().and_then(|bytes| str::from_utf8(bytes).ok());
            append_text(json, text.ok_or_else(|| not_an_event(format!("{name}: not a text in UTF-8")))?);
            Ok(())
        }
        Val::Bool(_) | Val::Num(_) => {
            json.extend_from_slice(value.to_string().as_bytes());
            Ok(())
        }
        Val::Null | Val::BStr(_) | Val::Arr(_) | Val::Obj(_) => Err(not_an_event(format!("{name}: not a text, a number or a boolean"))),
    }
}
