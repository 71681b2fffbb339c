//! The events that good input is decoded to: every event type in the three forms. And the refusals of the made data set beside an independent count.

#[path = "support/decode_settings.rs"]
mod decode_settings;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

use cxpulse::event::*;
use cxpulse::time::EventTime;
use decode_settings::{settings, topic};

const TIME: EventTime = EventTime(1_772_442_000_000);

fn key(id: &str) -> Key {
    settings().identity_key.of(id)
}

/// Decodes an event of this type and payload in the three forms: time, source, customer, dimensions and body are the same.
#[track_caller]
fn check(event_type: &str, payload: &str, customer: Option<&str>, dimensions: &[(u8, &str)], body: Body) {
    // A type begins with its kind, or may come on any topic.
    let is_of = |kind: &Kind| event_type.starts_with(kind.name().trim_end_matches('s')) || event_type.starts_with("change.");
    Kind::ALL.into_iter().filter(is_of).for_each(|kind| check_on(kind, event_type, payload, customer, dimensions, &body));
}

#[track_caller]
fn check_on(kind: Kind, event_type: &str, payload: &str, customer: Option<&str>, dimensions: &[(u8, &str)], body: &Body) {
    let settings = settings();
    let envelope = format!(r#""id":"e1","source":"desk","type":"{event_type}","time":"2026-03-02T10:00:00.000999+01:00""#);
    let members = payload.trim_start_matches('{').trim_end_matches('}');
    let headers =
        Headers { id: Some(b"e1"), kind: Some(event_type.as_bytes()), time: Some(b"2026-03-02T09:00:00Z"), source: Some(b"desk") };
    let forms = [
        (format!("{{{envelope},{members}}}"), None),
        (format!("{{{members},{envelope}}}"), None),
        (format!(r#"{{"specversion":"1.0",{envelope},"datacontenttype":"application/json","data":{payload}}}"#), None),
        (payload.to_owned(), Some(headers)),
    ];
    let expected = Event {
        identity: settings.identity_key.of_event("desk", "e1"),
        time: TIME,
        customer: customer.map(key),
        ticket: (kind == Kind::Chats && payload.contains(r#""ticket_id""#)).then(|| key("T1")),
        overflowed: 0,
        dimensions: dimensions.iter().map(|&(index, value)| (index, value.into())).collect(),
        body: body.clone(),
    };
    for (text, headers) in &forms {
        let record = Record { payload: Some(text.as_bytes()), headers: *headers, ..Record::default() };
        assert_eq!(decode(record, &topic(kind), &settings), Decoded::Event(expected.clone()), "{text}");
    }
}

#[test]
fn ticket_events_in_every_form() {
    let ticket = |action| Body::Contact(Contact::Ticket(key("T1")), action);
    let message = |author, public, automated| ticket(ContactAction::Message(Message { author, public, automated }));
    check(
        "ticket.created",
        r#"{"ticket_id":"T1","customer_id":"C9","channel":"email","team":"9","priority":"","brand":null,"journey_stage":"use","segment":"a\u0062"}"#,
        Some("C9"),
        &[(0, "email"), (1, "use"), (2, "Billing"), (5, "ab")],
        ticket(ContactAction::Opened(CreatedBy::Customer)),
    );
    check("ticket.created", r#"{"ticket_id":"T1","created_by":"agent"}"#, None, &[], ticket(ContactAction::Opened(CreatedBy::Agent)));
    check("ticket.created", r#"{"ticket_id":"T1","created_by":"system"}"#, None, &[], ticket(ContactAction::Opened(CreatedBy::System)));
    let payload = r#"{"ticket_id":"T1","created_by":"first_author","customer_id":"","agent_id":7,"chat_id":{},"author":1,"team":""}"#;
    check("ticket.created", payload, None, &[], ticket(ContactAction::Opened(CreatedBy::FirstAuthor)));
    check(
        "ticket.message",
        r#"{"ticket_id":"T1","author":"customer","customer_id":"C9"}"#,
        None,
        &[],
        message(Author::Customer, true, false),
    );
    check("ticket.message", r#"{"ticket_id":"T1","author":"agent","public":false}"#, None, &[], message(Author::Agent, false, false));
    check("ticket.message", r#"{"ticket_id":"T1","author":"bot","automated":true}"#, None, &[], message(Author::Bot, true, true));
    check(
        "ticket.message",
        r#"{"ticket_id":"T\u0031","author":"syst\u0065m","public":null}"#,
        None,
        &[],
        message(Author::System, true, false),
    );
    for (name, status) in [
        ("new", Status::New),
        ("open", Status::Open),
        ("pending", Status::Pending),
        ("on_hold", Status::OnHold),
        ("solved", Status::Solved),
        ("closed", Status::Closed),
        ("spam", Status::Spam),
        ("deleted", Status::Deleted),
    ] {
        let payload = format!(r#"{{"ticket_id":"T1","status":"{name}","team":"b"}}"#);
        check("ticket.status_changed", &payload, None, &[(2, "b")], ticket(ContactAction::Status(status)));
    }
    check("ticket.assigned", r#"{"ticket_id":"T1","team":"b"}"#, None, &[(2, "b")], ticket(ContactAction::Assigned(None)));
    for (name, reason) in [("transfer", AssignReason::Transfer), ("escalation", AssignReason::Escalation), ("auto", AssignReason::Auto)] {
        let payload = format!(r#"{{"ticket_id":"T1","reason":"{name}"}}"#);
        check("ticket.assigned", &payload, None, &[], ticket(ContactAction::Assigned(Some(reason))));
    }
    for none in ["null", r#""""#] {
        let payload = format!(r#"{{"ticket_id":"T1","team":{none},"brand":{none},"reason":{none}}}"#);
        check("ticket.assigned", &payload, None, &[(2, "unknown")], ticket(ContactAction::Assigned(None)));
        check("ticket.handoff", &payload, None, &[], ticket(ContactAction::Handoff));
    }
    check("ticket.escalated", r#"{"ticket_id":"T1","tier":2}"#, None, &[], ticket(ContactAction::Escalated));
    check("ticket.merged", r#"{"ticket_id":"T1","into_ticket_id":"T2"}"#, None, &[], ticket(ContactAction::Merged));
    check("ticket.unmerged", r#"{"ticket_id":"T1"}"#, None, &[], ticket(ContactAction::Unmerged));
    check("ticket.handoff", r#"{"ticket_id":"T1","team":"b"}"#, None, &[(2, "b")], ticket(ContactAction::Handoff));
    let snapshot = TicketSnapshot {
        created: TIME,
        status: Status::Open,
        first_response: None,
        solved: None,
        awaiting_reply_since: None,
        answered: None,
    };
    check(
        "ticket.snapshot",
        r#"{"ticket_id":"T1","created_time":1772442000000,"status":"open","customer_id":"C9"}"#,
        Some("C9"),
        &[],
        ticket(ContactAction::Snapshot(Box::new(snapshot))),
    );
    let [first_response, solved, awaiting_reply_since] = [1, 2, 3].map(|n| Some(EventTime(TIME.0 + n)));
    check(
        "ticket.snapshot",
        r#"{"ticket_id":"T1","created_time":1772442000000,"status":"open","first_response_time":1772442000001,
            "solved_time":"2026-03-02T09:00:00.002Z","awaiting_reply_since":1.772442000003e12,"answered":false}"#,
        None,
        &[],
        ticket(ContactAction::Snapshot(Box::new(TicketSnapshot {
            first_response,
            solved,
            awaiting_reply_since,
            answered: Some(false),
            ..snapshot
        }))),
    );
    check("ticket.snapshot_completed", r#"{"started_time":1772442000000}"#, None, &[], Body::SnapshotCompleted(TIME));
}

#[test]
fn chat_events_in_every_form() {
    let chat = |action| Body::Contact(Contact::Chat(key("R1")), action);
    let payload = r#"{"chat_id":"R1","customer_id":"C9","ticket_id":"T1"}"#;
    check("chat.started", payload, Some("C9"), &[], chat(ContactAction::Opened(CreatedBy::Customer)));
    check("chat.accepted", r#"{"chat_id":"R1","agent_id":"A1"}"#, None, &[], chat(ContactAction::Accepted));
    let message = Message { author: Author::Agent, public: true, automated: false };
    check("chat.message", r#"{"chat_id":"R1","author":"agent"}"#, None, &[], chat(ContactAction::Message(message)));
    check("chat.transferred", r#"{"chat_id":"R1","team":"b"}"#, None, &[(2, "b")], chat(ContactAction::Assigned(None)));
    let payload = r#"{"chat_id":"R1","team":null,"reason":"transfer","ticket_id":"T1"}"#;
    check("chat.transferred", payload, None, &[(2, "unknown")], chat(ContactAction::Assigned(Some(AssignReason::Transfer))));
    check("chat.handoff", r#"{"chat_id":"R1"}"#, None, &[], chat(ContactAction::Handoff));
    check("chat.ended", r#"{"chat_id":"R1"}"#, None, &[], chat(ContactAction::Ended));
    check("chat.abandoned", r#"{"chat_id":"R1"}"#, None, &[], chat(ContactAction::Abandoned));
}

#[test]
fn survey_events_in_every_form() {
    let (ticket, chat) = (Some(key("T1")), Some(key("R1")));
    let survey = |survey: Option<&str>, metric, (ticket, chat), action| {
        Body::Survey(Survey { survey: survey.map(key), metric, ticket, chat, action })
    };
    let sent = |metric, about| survey(Some("S1"), metric, about, SurveyAction::Sent);
    check("survey.sent", r#"{"survey_id":"S1","metric":"csat","chat_id":"R1"}"#, None, &[], sent(SurveyMetric::Csat, (None, chat)));
    let payload = r#"{"survey_id":"S1","metric":"nps","chat_id":"R1","ticket_id":"T1","customer_id":"C9","team":"b"}"#;
    check("survey.sent", payload, Some("C9"), &[(2, "b")], sent(SurveyMetric::Nps, (ticket, chat)));
    check("survey.sent", r#"{"survey_id":"S1","metric":"ces","ticket_id":""}"#, None, &[], sent(SurveyMetric::Ces, (None, None)));

    let answer = |metric, about, score: i64, (min, max, ease): (i64, i64, bool), scope| {
        let scale = Scale { min: min * 1_000_000, max: max * 1_000_000, ease };
        survey(None, metric, about, SurveyAction::Responded(Answer { score, scale, scope }))
    };
    let (neither, ticket, chat) = ((None, None), (ticket, None), (None, chat));
    let responded = |payload: &str, body| check("survey.responded", payload, None, &[], body);
    responded(r#"{"metric":"csat","score":4.5,"ticket_id":"T1"}"#, answer(SurveyMetric::Csat, ticket, 4_500_000, (1, 5, false), None));
    responded(
        r#"{"metric":"csat","score":87.65432149,"scale_min":0,"scale_max":100,"direction":"ease"}"#,
        answer(SurveyMetric::Csat, neither, 87_654_321, (0, 100, false), None),
    );
    responded(r#"{"metric":"nps","score":9}"#, answer(SurveyMetric::Nps, neither, 9_000_000, (0, 10, false), None));
    responded(r#"{"metric":"nps","score":-0,"chat_id":"R1"}"#, answer(SurveyMetric::Nps, chat, 0, (0, 10, false), None));
    responded(
        r#"{"metric":"nps","score":1e1,"chat_id":"R1","scope":"experience"}"#,
        answer(SurveyMetric::Nps, chat, 10_000_000, (0, 10, false), Some(Scope::Experience)),
    );
    responded(
        r#"{"metric":"nps","score":0,"scope":"service"}"#,
        answer(SurveyMetric::Nps, neither, 0, (0, 10, false), Some(Scope::Service)),
    );
    responded(
        r#"{"metric":"ces","score":7,"direction":"ease","ticket_id":"T1"}"#,
        answer(SurveyMetric::Ces, ticket, 7_000_000, (1, 7, true), None),
    );
    responded(
        r#"{"metric":"ces","score":2,"scale_min":1,"scale_max":5,"direction":"effort"}"#,
        answer(SurveyMetric::Ces, neither, 2_000_000, (1, 5, false), None),
    );
}

#[test]
fn the_configuration_says_what_an_effort_answer_leaves_out() {
    let mut settings = settings();
    settings.ces_scale = Scale { min: 0, max: 10_000_000, ease: false };
    for (configured, said, expected) in [(Some(true), "", true), (Some(false), "", false), (Some(true), r#","direction":"effort""#, false)]
    {
        settings.ces_ease = configured;
        let text = format!(r#"{{"id":"e1","type":"survey.responded","time":1772442000000,"metric":"ces","score":10{said}}}"#);
        let Decoded::Event(event) =
            decode(Record { payload: Some(text.as_bytes()), ..Record::default() }, &topic(Kind::Surveys), &settings)
        else {
            panic!("{text}");
        };
        let Body::Survey(Survey { action: SurveyAction::Responded(answer), .. }) = event.body else { panic!("{event:?}") };
        assert_eq!(answer.scale, Scale { ease: expected, ..settings.ces_scale }, "{text}");
    }
}

#[test]
fn customer_events_in_every_form() {
    let event = |event_type: &str, payload: &str, action| check(event_type, payload, Some("C9"), &[], Body::Customer(action));
    check(
        "customer.active",
        r#"{"customer_id":"C9","segment":"vip"}"#,
        Some("C9"),
        &[(5, "vip")],
        Body::Customer(CustomerAction::Active(None)),
    );
    event("customer.subscribed", r#"{"customer_id":"C9"}"#, CustomerAction::Subscribed(None));
    for (value, millionths) in
        [("0", 0), ("-0.0", 0), ("49.9", 49_900_000), ("1e12", 1_000_000_000_000_000_000), ("0.0000004", 0), ("-1e-9", 0)]
    {
        let payload = format!(r#"{{"customer_id":"C9","value":{value}}}"#);
        let amount = Some(Amount(millionths));
        event("customer.active", &payload, CustomerAction::Active(amount));
        event("customer.subscribed", &payload, CustomerAction::Subscribed(amount));
    }
    // A cancellation does not use the member, whatever its type.
    event("customer.cancelled", r#"{"customer_id":"C9","reason":"price","value":"none"}"#, CustomerAction::Cancelled);
    event("customer.merged", r#"{"customer_id":"C9","into_customer_id":8}"#, CustomerAction::Merged(key("8")));
    event("customer.erased", r#"{"customer_id":"C9"}"#, CustomerAction::Erased);
    for (name, outcome) in [
        ("null", None),
        (r#""completed""#, Some(TouchpointOutcome::Completed)),
        (r#""abandoned""#, Some(TouchpointOutcome::Abandoned)),
        (r#""failed""#, Some(TouchpointOutcome::Failed)),
    ] {
        let payload = format!(r#"{{"customer_id":"C9","journey_stage":"renewal","outcome":{name}}}"#);
        check("customer.touchpoint", &payload, Some("C9"), &[(1, "renewal")], Body::Customer(CustomerAction::Touchpoint(outcome, None)));
    }
}

#[test]
fn changes_in_every_form_and_on_every_topic() {
    let marked = |name: &str, withdrawn| Body::Change(Change { name: name.into(), withdrawn });
    check("change.marked", r#"{"name":"new macros"}"#, None, &[], marked("new macros", false));
    let payload = r#"{"name":"new macros","team":"9","segment":"gold","brand":"","withdrawn":false}"#;
    check("change.marked", payload, None, &[(2, "Billing"), (5, "gold")], marked("new macros", false));
    check("change.marked", r#"{"name":"new macros","withdrawn":true}"#, None, &[], marked("new macros", true));
    for none in ["null", "\"\""] {
        let payload = format!(r#"{{"name":"a","withdrawn":{none},"team":{none}}}"#);
        check("change.marked", &payload, None, &[], marked("a", false));
    }
    // The name is held to the rule of the configuration: without white space around it, and composed.
    let (longest, padded) = ("é".repeat(64), format!("{0}xy{0}", " ".repeat(511)));
    for (written, name) in [
        (" new  macros ", "new  macros"),
        (r"\u00a0 new site\n", "new site"),
        (r"Zu\u0308rich", "Zürich"),
        (r#"<b>\"x\""#, "<b>\"x\""),
        (&longest, &longest),
        (&padded, "xy"),
    ] {
        check("change.marked", &format!(r#"{{"name":"{written}"}}"#), None, &[], marked(name, false));
    }
    // What the type does not name is not looked at.
    check("change.marked", r#"{"name":"a","customer_id":{},"author":"nobody"}"#, None, &[], marked("a", false));
}

#[test]
fn a_member_of_any_name_can_be_a_dimension() {
    let mut settings = settings();
    let dimension = |name: &str| DimensionSettings { name: name.into(), ..settings.dimensions[0].clone() };
    let more = ["plan", "agent_id", "reason"].map(dimension);
    settings.dimensions.extend(more);
    let text =
        r#"{"id":"e1","type":"customer.cancelled","time":1772442000000,"customer_id":"C9","plan":"gold","reason":"price","agent_id":"A1"}"#;
    let decoded = decode(Record { payload: Some(text.as_bytes()), ..Record::default() }, &topic(Kind::Customers), &settings);
    let Decoded::Event(event) = decoded else { panic!("{decoded:?}") };
    let values: Vec<_> = event.dimensions.iter().map(|(index, value)| (*index, value.as_ref())).collect();
    assert_eq!(values, [(6, "gold"), (7, "A1"), (8, "price")]);
    for wrong in [text.replace(r#""gold""#, "1"), text.replace(r#""price""#, "{}")] {
        let decoded = decode(Record { payload: Some(wrong.as_bytes()), ..Record::default() }, &topic(Kind::Customers), &settings);
        assert_eq!(decoded, Decoded::Invalid(Reason::WrongType), "{wrong}");
    }
}

#[test]
fn an_integer_as_an_id_is_its_decimal_text() {
    let event = |payload: &str| {
        let text = payload.as_bytes().to_vec();
        let settings = settings();
        let Decoded::Event(event) = decode(Record { payload: Some(&text), ..Record::default() }, &topic(Kind::Chats), &settings) else {
            panic!("{payload}");
        };
        (event.identity, event.ticket, event.body.clone())
    };
    let text = event(r#"{"id":"2","type":"chat.ended","time":1772442000000,"chat_id":"42","ticket_id":"0"}"#);
    assert_eq!(event(r#"{"id":2,"type":"chat.ended","time":1772442000000,"chat_id":42,"ticket_id":-0}"#), text);
    assert_ne!(event(r#"{"id":2,"type":"chat.ended","time":1772442000000,"chat_id":"042","ticket_id":-0}"#), text);
}

#[test]
fn a_value_that_cannot_be_a_label_is_noted_as_overflow() {
    let settings = settings();
    let text = format!(
        r#"{{"id":"e1","type":"ticket.created","time":1772442000000,"ticket_id":"T1","channel":"other","team":"a\u202eb","brand":"{}","segment":"Zu\u0308rich"}}"#,
        "x".repeat(65)
    );
    let decoded = decode(Record { payload: Some(text.as_bytes()), ..Record::default() }, &topic(Kind::Tickets), &settings);
    let Decoded::Event(event) = decoded else { panic!("{decoded:?}") };
    let values: Vec<_> = event.dimensions.iter().map(|(index, value)| (*index, value.as_ref())).collect();
    assert_eq!(values, [(0, "other"), (2, "other"), (4, "other"), (5, "Zürich")]);
    assert_eq!(event.overflowed, 1 << 2 | 1 << 4, "what the event calls other itself is no overflow");
}

/// The refusals of the made data set equal its ledger, by topic and reason.
#[test]
#[expect(clippy::disallowed_methods, reason = "where the data lies is told by the environment")]
fn refusals_of_the_torture_set_are_those_of_its_ledger() {
    let Ok(data) = std::env::var("CXPULSE_DATA") else {
        eprintln!("left out: CXPULSE_DATA does not say where the data sets are");
        return;
    };
    let folder = Path::new(&data).join("torture");
    let settings = settings();
    let mut found = BTreeMap::new();
    for kind in Kind::ALL {
        let file = std::fs::File::open(folder.join(format!("{}.jsonl.gz", kind.name()))).unwrap();
        for line in BufReader::new(flate2::read::GzDecoder::new(file)).split(b'\n') {
            let line = line.unwrap();
            let record = Record { payload: Some(line.strip_suffix(b"\r").unwrap_or(&line)), ..Record::default() };
            match decode(record, &topic(kind), &settings) {
                Decoded::Event(_) => {}
                Decoded::Ignored => panic!("ignored: {}", String::from_utf8_lossy(&line)),
                Decoded::Invalid(reason) => {
                    let series = format!("cx_events_invalid_total{{reason=\"{reason}\",topic=\"{}\"}}", kind.name());
                    *found.entry(series).or_insert(0u64) += 1;
                }
            }
        }
    }
    let ledger = std::fs::read_to_string(folder.join("expected_ledger.json")).unwrap();
    let ledger: BTreeMap<String, BTreeMap<String, BTreeMap<String, u64>>> = serde_json::from_str(&ledger).unwrap();
    let series = ledger.into_values().flat_map(BTreeMap::into_values).flatten();
    let expected: BTreeMap<_, _> = series.filter(|(name, count)| name.starts_with("cx_events_invalid_total") && *count > 0).collect();
    assert!(!expected.is_empty());
    assert_eq!(found, expected);
}

/// Two help desks that number alike are apart; their customers are one person, unless the feed owns its ids.
#[test]
fn a_feed_is_the_namespace_of_its_ids() {
    let keys = |feed: Option<FeedSettings>| {
        let (settings, topic) = (settings(), TopicSettings { feed, ..topic(Kind::Surveys) });
        let text = r#"{"id":"e1","type":"survey.responded","time":1772442000000,"metric":"nps","score":9,"survey_id":"1","ticket_id":"1","chat_id":1,"customer_id":"1"}"#;
        let decoded = decode(Record { payload: Some(text.as_bytes()), ..Record::default() }, &topic, &settings);
        let Decoded::Event(Event { identity, customer, body: Body::Survey(survey), .. }) = decoded else { panic!("{text}") };
        (identity, [survey.survey, survey.ticket, survey.chat], customer)
    };
    let feed = |name: &str, owns_customers| Some(FeedSettings { name: name.into(), owns_customers });
    let (identity, ids, customer) = keys(None);
    assert_eq!(customer, Some(key("1")));
    let (us, own) = (keys(feed("us", false)), keys(feed("us", true)));
    assert_eq!((us.0, us.2), (identity, customer), "the identity of an event goes by its source, and customers are shared");
    assert!(us.1.iter().zip(ids).all(|(id, other)| *id != other));
    assert_eq!(own.1, us.1);
    assert_ne!(own.2, customer);
    assert_ne!(keys(feed("uk", false)).1, us.1);
}
