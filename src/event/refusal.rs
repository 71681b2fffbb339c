//! The explanation of a refusal: the member at fault, and what was expected in its place.
//!
//! Reads a refused record a second time and follows the contract member by member, so that decoding itself carries no explanations. Never shows the
//! value of an id or a free text: only times, numbers and names of event types.

use std::fmt;

use super::contract::{EventType, SurveyType};
use super::member::{Member, Members};
use super::record_forms::{Attribute, HeaderTexts, RecordForm};
use super::scan::Document;
use super::value::JsonValue;
use super::{
    AMOUNT_MAX, DecodeSettings, ENVELOPE_REQUIRED, Kind, MemberContract, MemberValue, Reason, Record, TopicSettings, dimension, text,
    time_text,
};

/// The longest time or event type that an explanation shows, in bytes.
const SHOWN_BYTES_MAX: usize = 40;

/// Why a record was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason, as it is counted.
    pub reason: Reason,
    /// The name of the member at fault; empty where the fault is in the text as a whole.
    pub member: &'static str,
    /// What is wrong and what was expected.
    pub what: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.member.is_empty() { f.write_str(&self.what) } else { write!(f, "{}: {}", self.member, self.what) }
    }
}

impl Refusal {
    /// The explanation of a record that decoding refuses for a reason.
    #[must_use]
    pub fn of(reason: Reason, record: Record<'_>, topic: &TopicSettings, settings: &DecodeSettings) -> Self {
        let of_member = member_at_fault(reason, record, topic, settings);
        let (member, what) = of_member.unwrap_or_else(|| ("", of_text(reason, record.payload.unwrap_or_default()).to_owned()));
        Self { reason, member, what }
    }
}

/// What is wrong with the text as a whole.
fn of_text(reason: Reason, payload: &[u8]) -> &'static str {
    match reason {
        Reason::Empty => "no bytes, or only white space; expected one JSON object",
        Reason::TooLarge => "more than 256 KiB, an object of more than 256 members, or a name or number of more than 128 bytes",
        Reason::Encoding => match payload {
            [0, _, _, _, _, b'{', ..] => {
                "a zero byte and four more before the JSON: Schema Registry framing; expected plain JSON, from a serializer without a schema"
            }
            [0xEF, 0xBB, 0xBF, ..] => "a byte-order mark before the JSON; expected UTF-8 without one",
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, _, ..] | [_, 0, ..] => "this seems to be UTF-16 or binary; expected UTF-8",
            _ => "not UTF-8, or one half of a surrogate pair as an escape; expected UTF-8",
        },
        Reason::Syntax => "not JSON; expected one JSON object",
        Reason::Depth => "objects and arrays nested more than 32 deep",
        Reason::NotObject => "JSON, but no object; expected one event as one JSON object",
        Reason::DuplicateKey => "an object with one member name twice",
        Reason::MissingField | Reason::WrongType | Reason::UnknownType | Reason::WrongTopic | Reason::BadTime => {
            "the envelope or the form of the event is not complete; see EVENTS.md"
        }
        Reason::ScoreOutOfRange | Reason::BadValue => "a value that the contract does not allow; see EVENTS.md",
    }
}

/// The first member in the order of the checks that is refused for this reason, and what is wrong with it.
fn member_at_fault(reason: Reason, record: Record<'_>, topic: &TopicSettings, settings: &DecodeSettings) -> Option<(&'static str, String)> {
    let text = text::of_payload(record.payload?).ok()?;
    let headers = record.headers.map(HeaderTexts::read).transpose().ok()?;
    let mut document = Document::new(text);
    document.scan(&settings.dimensions, 0).ok()?;
    let form = RecordForm::of(&document, headers).ok()?;
    let mut fault = Fault { reason, found: None };
    let from_record = |attribute| match attribute {
        Attribute::Id => topic.identity_from_record,
        Attribute::Time => topic.time_from_record && record.timestamp.is_some(),
        Attribute::Type | Attribute::Source => false,
    };
    for (contract, attribute) in ENVELOPE_REQUIRED.iter().zip([Attribute::Id, Attribute::Type, Attribute::Time]) {
        fault.required(contract, form.envelope(attribute), from_record(attribute));
    }
    if let Some(source) = form.envelope(Attribute::Source) {
        fault.check(Member::Source.name(), source.with_text_id(|_| ()).err(), || "expected a string of 1 to 128 bytes".into());
    }
    let name = form.envelope(Attribute::Type)?.with_text(SHOWN_BYTES_MAX, str::to_owned).ok();
    let event_type = name.as_deref().and_then(EventType::of);
    if reason == Reason::UnknownType {
        return Some((Member::Type.name(), of_unknown_type(name.as_deref().unwrap_or_default(), topic.kind)));
    }
    if reason == Reason::WrongTopic {
        return event_type.map(|event_type| (Member::Type.name(), of_wrong_topic(event_type, topic.kind)));
    }
    if let Some(event_type) = event_type {
        let contract = event_type.contract();
        for member in contract.required {
            fault.required(member, form.payload.get(member.member()), false);
        }
        for member in contract.optional {
            fault.optional(member, form.payload.get(member.member()));
        }
        fault.dimensions(form.payload, settings);
        if event_type == EventType::Survey(SurveyType::Responded) {
            fault.answer(form.payload);
        }
    }
    fault.found
}

/// The search for the member at fault.
struct Fault {
    reason: Reason,
    found: Option<(&'static str, String)>,
}

impl Fault {
    /// Notes a member, if its own reason is that of the record and no other member was found before.
    fn check(&mut self, member: &'static str, reason: Option<Reason>, what: impl FnOnce() -> String) {
        if self.found.is_none() && reason == Some(self.reason) {
            self.found = Some((member, what()));
        }
    }

    fn required(&mut self, contract: &MemberContract, value: Option<JsonValue<'_>>, may_be_absent: bool) {
        if value.is_none() && !may_be_absent {
            let what = || format!("absent, null or empty; expected {}", expected(contract.value));
            self.check(contract.name(), Some(Reason::MissingField), what);
        }
        self.optional(contract, value);
    }

    fn optional(&mut self, contract: &MemberContract, value: Option<JsonValue<'_>>) {
        let Some(value) = value else { return };
        let reason = match contract.value {
            MemberValue::Id => value.check_id().err(),
            MemberValue::Text => value.with_text(1, |_| ()).err(),
            MemberValue::Label => dimension::name(value).err(),
            MemberValue::Boolean => value.flag().err(),
            MemberValue::Number => value.number().err(),
            MemberValue::Amount => value.amount().err(),
            MemberValue::Time => value.time().err(),
            MemberValue::Choice(words) => {
                value.with_text(SHOWN_BYTES_MAX, |text| if words.contains(&text) { Ok(()) } else { Err(Reason::BadValue) }).flatten().err()
            }
        };
        self.check(contract.name(), reason, || match reason {
            Some(Reason::BadTime) => of_time(value),
            Some(Reason::WrongType) => format!("{} stands where {} is expected", described(value), expected(contract.value)),
            _ => format!("expected {}", expected(contract.value)),
        });
    }

    fn dimensions(&mut self, payload: &Members<'_>, settings: &DecodeSettings) {
        for (index, dimension) in settings.dimensions.iter().enumerate() {
            let raw = payload.dimension(index as u8, dimension);
            let reason = (!raw.is_null() && !raw.is_text()).then_some(Reason::WrongType);
            let name = Member::of(dimension.name.as_bytes()).map_or("a dimension", Member::name);
            self.check(name, reason, || format!("{} stands where a string is expected", described(raw.read(payload.text()))));
        }
    }

    /// Notes what the values of an answer say together.
    fn answer(&mut self, payload: &Members<'_>) {
        let score = || payload.get(Member::Score).and_then(|score| score.number().ok()).unwrap_or_default();
        let has_scale = payload.has(Member::ScaleMin) || payload.has(Member::ScaleMax);
        self.check(Member::Direction.name(), Some(Reason::MissingField), || {
            "absent, and `surveys.ces_direction` does not say it; expected `effort` or `ease` on an answer of `ces`".into()
        });
        self.check(Member::Score.name(), Some(Reason::ScoreOutOfRange), || format!("{} is outside its scale", shortened(score())));
        self.check(Member::ScaleMin.name(), Some(Reason::BadValue).filter(|_| has_scale), || {
            "expected both `scale_min` and `scale_max`, the first below the second, within -1000 to 1000; for `nps` 0 and 10, and a whole score".into()
        });
        self.check(Member::Score.name(), Some(Reason::BadValue), || format!("{}: expected a whole score for `nps`", shortened(score())));
    }
}

fn of_unknown_type(name: &str, kind: Kind) -> String {
    let is_shown = name.len() <= SHOWN_BYTES_MAX
        && ["ticket.", "chat.", "survey.", "customer.", "change."].iter().any(|start| name.starts_with(start))
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'.' || byte == b'_');
    let shown = if is_shown { format!("`{name}` is no event type") } else { "no event type".to_owned() };
    format!("{shown}; of {} there are {}", kind.name(), kind.event_types().join(", "))
}

fn of_wrong_topic(event_type: EventType, kind: Kind) -> String {
    let contract = event_type.contract();
    let kinds: Vec<&str> = contract.kinds.iter().map(|kind| kind.name()).collect();
    format!("`{}` belongs on a topic of kind {}, and this one carries {}", contract.name, kinds.join(" or "), kind.name())
}

/// What is wrong with an instant. Shows it only where it consists of the characters of an instant.
fn of_time(value: JsonValue<'_>) -> String {
    const EXPECTED: &str = "an RFC 3339 time with seconds and an offset, such as `2026-03-02T09:00:00Z`";
    match value {
        JsonValue::Integer(number) | JsonValue::Decimal(number) => {
            let instant = |factor: f64| number.parse::<f64>().ok().and_then(|n| time_text::epoch_ms((n * factor) as i64));
            let unit = if instant(1e3).is_some() {
                "; this seems to be seconds"
            } else if instant(1e-3).is_some() {
                "; this seems to be microseconds"
            } else if instant(1e-6).is_some() {
                "; this seems to be nanoseconds"
            } else {
                ""
            };
            format!("{} is no whole number of milliseconds since 1970 within the years 2000 to 2100{unit}", shortened(number))
        }
        JsonValue::Text(text) | JsonValue::Header(text) if text.len() <= SHOWN_BYTES_MAX && text.bytes().all(is_of_time) => {
            format!("\"{text}\" is not {EXPECTED}, within the years 2000 to 2100")
        }
        JsonValue::Text(_)
        | JsonValue::Header(_)
        | JsonValue::Escaped(_)
        | JsonValue::Null
        | JsonValue::Bool(_)
        | JsonValue::Array
        | JsonValue::Object => format!("a text that is not {EXPECTED}"),
    }
}

const fn is_of_time(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'T' | b't' | b'Z' | b'z' | b':' | b'.' | b'+' | b'-' | b' ' | b'/' | b',')
}

/// A number for a message.
fn shortened(number: &str) -> &str {
    number.get(..SHOWN_BYTES_MAX.min(number.len())).unwrap_or_default()
}

fn expected(value: MemberValue) -> String {
    match value {
        MemberValue::Id => "an id: a string of 1 to 128 bytes without a NUL, or an integer".into(),
        MemberValue::Text => "a string".into(),
        MemberValue::Label => "a string of 1 to 64 characters without control characters or overrides of the direction of text".into(),
        MemberValue::Boolean => "true or false".into(),
        MemberValue::Number => "a number".into(),
        MemberValue::Amount => format!("a number of at least 0 and at most {AMOUNT_MAX:e}"),
        MemberValue::Time => "an RFC 3339 time with an offset, or whole milliseconds since 1970".into(),
        MemberValue::Choice(words) => format!("one of {}", words.join(", ")),
    }
}

const fn described(value: JsonValue<'_>) -> &'static str {
    match value {
        JsonValue::Null => "null",
        JsonValue::Bool(_) => "a boolean",
        JsonValue::Integer(_) => "an integer",
        JsonValue::Decimal(_) => "a number that is not written as an integer",
        JsonValue::Text(_) | JsonValue::Escaped(_) | JsonValue::Header(_) => "a string",
        JsonValue::Array => "an array",
        JsonValue::Object => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DecodeSettings, Decoded, DimensionOwner, DimensionSettings, IdentityKey, Scale, decode};
    use super::*;

    fn refusal(kind: Kind, payload: &[u8]) -> String {
        let dimension =
            |name: &str| DimensionSettings { name: name.into(), owner: DimensionOwner::Contact, renames: [].into(), values_max: 200 };
        let settings = DecodeSettings {
            identity_key: IdentityKey(*b"sixteen bytes it"),
            dimensions: ["channel", "journey_stage", "team", "plan"].map(dimension).into(),
            ces_ease: None,
            csat_scale: Scale { min: 1_000_000, max: 5_000_000, ease: false },
            ces_scale: Scale { min: 1_000_000, max: 7_000_000, ease: false },
        };
        let topic = TopicSettings::of(kind);
        let record = Record { payload: Some(payload), ..Record::default() };
        let Decoded::Invalid(reason) = decode(record, &topic, &settings) else { panic!("it is not refused") };
        let refusal = Refusal::of(reason, record, &topic, &settings);
        format!("{}: {refusal}", refusal.reason)
    }

    #[track_caller]
    fn check(kind: Kind, members: &str, expected: &str) {
        let found = refusal(kind, format!("{{{members}}}").as_bytes());
        assert!(found.contains(expected), "{found}");
        assert!(!found.contains("secret"), "{found}");
    }

    #[test]
    fn the_member_and_what_was_expected_are_named_and_no_id_or_free_text() {
        use Kind::{Surveys, Tickets};
        let created = r#""id":"e1","type":"ticket.created","ticket_id":"T1""#;
        check(Tickets, &format!(r#"{created},"time":"2026-03-02 09:00""#), r#"bad_time: time: "2026-03-02 09:00" is not an RFC 3339 time"#);
        check(Tickets, &format!(r#"{created},"time":1772442000"#), "time: 1772442000 is no whole number of milliseconds since 1970");
        check(Tickets, &format!(r#"{created},"time":1772442000"#), "this seems to be seconds");
        check(Tickets, &format!(r#"{created},"time":"secret Z""#), "bad_time: time: a text that is not an RFC 3339 time");
        let message = r#""id":"e1","type":"ticket.message","time":1772442000000,"ticket_id":"T1""#;
        check(
            Tickets,
            &format!(r#"{message},"author":"agent","public":"secret""#),
            "wrong_type: public: a string stands where true or false",
        );
        check(Tickets, &format!(r#"{message},"author":"secret""#), "bad_value: author: expected one of customer, agent, bot, system");
        check(Tickets, message, "missing_field: author: absent");
        check(Tickets, &format!(r#"{message},"author":"bot","agent_id":{{}}"#), "wrong_type: agent_id: an object stands where an id");
        check(Tickets, &format!(r#"{message},"author":"bot","team":7"#), "wrong_type: team: an integer stands where a string");
        check(Tickets, &format!(r#"{message},"author":"bot","plan":7"#), "wrong_type: a dimension: an integer");
        check(
            Tickets,
            r#""id":"e1","type":"ticket.opened","time":1"#,
            "unknown_type: type: `ticket.opened` is no event type; of tickets there are",
        );
        check(Tickets, r#""id":"e1","type":"secret","time":1"#, "unknown_type: type: no event type");
        check(Surveys, message, "wrong_topic: type: `ticket.message` belongs on a topic of kind tickets");
        check(Tickets, r#""type":"ticket.created","time":1"#, "missing_field: id: absent");
        let answer = r#""id":"e1","type":"survey.responded","time":1772442000000"#;
        check(Surveys, &format!(r#"{answer},"metric":"csat","score":6"#), "score_out_of_range: score: 6 is outside its scale");
        check(Surveys, &format!(r#"{answer},"metric":"nps","score":8.5"#), "bad_value: score: 8.5: expected a whole score");
        check(Surveys, &format!(r#"{answer},"metric":"ces","score":5"#), "missing_field: direction: absent");
        check(Surveys, &format!(r#"{answer},"metric":"csat","score":5,"scale_min":1"#), "bad_value: scale_min: expected both");
        let marked = r#""id":"e1","type":"change.marked","time":1772442000000"#;
        check(Surveys, marked, "missing_field: name: absent, null or empty; expected a string of 1 to 64 characters");
        check(Tickets, &format!(r#"{marked},"name":"secret\n1""#), "bad_value: name: expected a string of 1 to 64 characters");
        check(Tickets, &format!(r#"{marked},"name":7"#), "wrong_type: name: an integer stands where a string of 1 to 64 characters");
        check(
            Tickets,
            &format!(r#"{marked},"name":"secret","withdrawn":"secret""#),
            "wrong_type: withdrawn: a string stands where true or false",
        );
        check(Tickets, r#""id":"e1","type":"change.made","time":1"#, "`change.made` is no event type; of tickets there are ticket.created");
        let active = r#""id":"e1","type":"customer.active","time":1772442000000,"customer_id":"secret""#;
        check(Kind::Customers, &format!(r#"{active},"value":-1"#), "bad_value: value: expected a number of at least 0 and at most 1e12");
        check(Kind::Customers, &format!(r#"{active},"value":"secret""#), "wrong_type: value: a string stands where a number of at least 0");
    }

    #[test]
    fn bytes_before_the_json_are_named() {
        let event = br#"{"id":"e1"}"#;
        let framed = refusal(Kind::Tickets, &[&[0, 0, 0, 0, 7], &event[..]].concat());
        assert!(framed.starts_with("encoding: ") && framed.contains("Schema Registry"), "{framed}");
        let marked = refusal(Kind::Tickets, &[&b"\xEF\xBB\xBF"[..], &event[..]].concat());
        assert!(marked.contains("byte-order mark"), "{marked}");
        assert!(refusal(Kind::Tickets, b"{").contains("not JSON"));
    }
}
