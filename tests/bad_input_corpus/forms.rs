//! D: the envelope and its forms; event types that are turned off, and envelopes that are filled in from the record.

use super::*;

#[test]
fn d_forms() {
    let structured = |envelope: &str, payload: &str| format!(r#"{{"specversion":"1.0",{envelope}"data":{payload}}}"#);
    let envelope = r#""id":"e1","type":"ticket.created","time":1772442000000,"#;
    let check = |text: String, expected| check_on(Kind::Tickets, text, expected);
    check(structured(envelope, r#"{"ticket_id":"T1"}"#), Applied);
    check(structured(envelope, "null"), MISSING_FIELD);
    check(format!("{{\"specversion\":\"1.0\",{}}}", envelope.trim_end_matches(',')), MISSING_FIELD);
    check(structured(envelope, "[]"), WRONG_TYPE);
    check(structured(envelope, r#""{}""#), WRONG_TYPE);
    check(structured(envelope, "{}"), MISSING_FIELD);
    check(structured(envelope, r#"{"ticket_id":"T1","ticket_id":"T1"}"#), DUPLICATE_KEY);
    check(structured(envelope, r#"{"ticket_id":"T1"},"data":{}"#.trim_end_matches('}')), DUPLICATE_KEY);
    check(structured(&format!("{envelope}\"ticket_id\":\"T1\","), "{}"), MISSING_FIELD);
    for (version, expected) in [("\"1.0\"", Applied), ("\"0.3\"", BAD_VALUE), ("1.0", WRONG_TYPE), ("[]", WRONG_TYPE)] {
        check(structured(envelope, r#"{"ticket_id":"T1"}"#).replace("\"1.0\"", version), expected);
    }
    // The payload may come first. It fills in members that the envelope lacks, but not members that are null there.
    check(format!(r#"{{"data":{{"ticket_id":"T1","team":"a"}},{envelope}"specversion":"1.0"}}"#), Applied);
    check(structured("", &event_text(CREATED, &[])), Applied);
    check(structured("\"id\":null,", &event_text(CREATED, &[])), MISSING_FIELD);
    check(structured("\"type\":\"chat.ended\",", &event_text(CREATED, &[])), WRONG_TOPIC);
    // Without `specversion`, `data` is a member like any other.
    check(event_text(CREATED, &[("data", "{\"ticket_id\":1}")]), Applied);
    check(event_text(CREATED, &[("data", "{\"x\":1,\"x\":2}")]), DUPLICATE_KEY);
}

#[test]
fn d_headers() {
    let headers = Headers { id: Some(b"e1"), kind: Some(b"ticket.created"), time: Some(b"2026-03-02T09:00:00Z"), source: Some(b"desk") };
    let check = |headers: Headers<'_>, payload: &str, expected| {
        assert_eq!(fate(Kind::Tickets, Some(payload.as_bytes()), Some(headers)), expected, "{payload}")
    };
    let payload = r#"{"ticket_id":"T1"}"#;
    check(headers, payload, Applied);
    check(Headers { source: None, ..headers }, payload, Applied);
    check(Headers { time: Some(b"1772442000000"), ..headers }, payload, Applied);
    check(Headers { time: Some(b"1772442000"), ..headers }, payload, BAD_TIME);
    check(Headers { time: Some(b"1.772442E12"), ..headers }, payload, Applied);
    check(Headers { time: Some(b"1.5"), ..headers }, payload, BAD_TIME);
    check(Headers { time: Some(b"-"), ..headers }, payload, BAD_TIME);
    check(Headers { time: Some(b""), ..headers }, payload, MISSING_FIELD);
    check(Headers { id: None, ..headers }, payload, MISSING_FIELD);
    check(Headers { id: Some(b""), ..headers }, payload, MISSING_FIELD);
    check(Headers { source: Some(b""), ..headers }, payload, Applied);
    check(Headers { id: Some(&[b'x'; 129]), ..headers }, payload, BAD_VALUE);
    check(Headers { id: Some(&[b'x'; 64 * 1024]), ..headers }, payload, BAD_VALUE);
    check(Headers { id: Some(b"caf\xE9"), ..headers }, payload, ENCODING);
    check(Headers { source: Some(b"\xFF"), ..headers }, payload, ENCODING);
    check(Headers { kind: Some(b"ticket.exploded"), ..headers }, payload, UNKNOWN_TYPE);
    check(Headers { kind: Some(b"chat.ended"), ..headers }, payload, WRONG_TOPIC);
    check(headers, "", EMPTY);
    check(headers, "[]", NOT_OBJECT);
    check(headers, "{}", MISSING_FIELD);
    assert_eq!(fate(Kind::Tickets, None, Some(headers)), Ignored);
    // Headers win over the envelope of a flat event, which fills in headers that are missing. The value is the payload.
    check(Headers { kind: Some(b"chat.ended"), ..headers }, &event_text(CREATED, &[]), WRONG_TOPIC);
    check(headers, &event_text(CREATED, &[("type", r#""chat.ended""#), ("id", "17"), ("time", "true")]), Applied);
    check(Headers { kind: None, time: None, ..headers }, &event_text(CREATED, &[]), Applied);
    check(headers, r#"{"specversion":"1.0","ticket_id":"T1"}"#, Applied);
    check(headers, r#"{"specversion":"1.0","data":{"ticket_id":"T1"}}"#, MISSING_FIELD);
}

#[test]
fn turned_off_types_and_records_without_envelope() {
    let mut desk = topic(Kind::Tickets);
    desk.ignored_types.push("ticket.created".into());
    let fate_of = |payload: &str, topic: &_, timestamp: Option<i64>| {
        let record = Record {
            payload: Some(payload.as_bytes()),
            timestamp: timestamp.map(cxpulse::time::EventTime),
            partition: 3,
            offset: 17,
            headers: None,
        };
        match decode(record, topic, &settings()) {
            Decoded::Event(Event { identity, time, .. }) => Ok(Some((identity, time.0))),
            Decoded::Ignored => Ok(None),
            Decoded::Invalid(reason) => Err(reason),
        }
    };
    // An event type that is turned off is ignored after the check of the topic and before that of the time.
    assert_eq!(fate_of(&event_text(CREATED, &[("time", "1")]), &desk, None), Ok(None));
    assert_eq!(fate_of(&event_text(CREATED, &[("time", "true")]), &desk, None), Err(Reason::WrongType));
    assert_eq!(fate_of(&event_text(CREATED, &[("type", r#""chat.ended""#)]), &desk, None), Err(Reason::WrongTopic));
    assert!(matches!(fate_of(&event_text(STATUS, &[]), &desk, None), Ok(Some(_))));

    let mut webhook = topic(Kind::Tickets);
    (webhook.identity_from_record, webhook.time_from_record) = (true, true);
    let bare = event_text(CREATED, &[("id", ""), ("time", "null")]);
    let key = settings().identity_key.of_event("tickets", "tickets/3/17");
    assert_eq!(fate_of(&bare, &webhook, Some(1_772_442_000_001)), Ok(Some((key, 1_772_442_000_001))));
    assert_eq!(fate_of(&bare, &webhook, None), Err(Reason::MissingField));
    assert_eq!(fate_of(&bare, &webhook, Some(-1)), Err(Reason::BadTime));
    assert_eq!(fate_of(&bare, &topic(Kind::Tickets), Some(1_772_442_000_001)), Err(Reason::MissingField));
    let own = settings().identity_key.of_event("tickets", "e1");
    assert_eq!(fate_of(&event_text(CREATED, &[]), &webhook, Some(1_772_442_000_001)), Ok(Some((own, 1_772_442_000_000))));
}
