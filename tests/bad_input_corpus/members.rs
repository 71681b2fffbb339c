//! D: names and types of members.

use super::*;

#[test]
fn d_names_and_types() {
    check_edited(|good| good.replace('}', r#","id":"again"}"#).into(), DUPLICATE_KEY);
    check_edited(|good| good.replace('}', r#","id":null}"#).into(), DUPLICATE_KEY);
    check_edited(|good| good.replace('}', r#","x":1,"x":2}"#).into(), DUPLICATE_KEY);
    check_edited(|good| good.replace('}', r#","":1,"":2}"#).into(), DUPLICATE_KEY);
    check_edited(|good| good.replace('}', r#","\u0069d":"again"}"#).into(), DUPLICATE_KEY);
    check_edited(|good| good.replace('{', r#"{"\u0069d":"first","#).into(), DUPLICATE_KEY);
    check_edited(|good| good.replace('}', r#","xy":1,"\u0078y":2}"#).into(), DUPLICATE_KEY);
    check_edited(|good| good.replace('}', r#","\u0078y":1,"xy":2}"#).into(), DUPLICATE_KEY);
    check_with(&[("x", r#"{"a":1,"b":2,"a":3}"#)], DUPLICATE_KEY);
    check_with(&[("x", r#"[[{"a":{"id":1},"id":2,"id":3}]]"#)], DUPLICATE_KEY);
    check_with(&[("x", r#"{"a":{"a":{"a":1}},"id":2,"b":[{"a":1},{"a":1}]}"#)], Applied);
    for member in ["id", "type", "time"] {
        check_with(&[(member, "")], MISSING_FIELD);
        check_with(&[(member, "null")], MISSING_FIELD);
        check_with(&[(member, r#""""#)], MISSING_FIELD);
        check_with(&[(member, "true")], WRONG_TYPE);
        check_with(&[(member, "1.5")], if member == "time" { BAD_TIME } else { WRONG_TYPE });
        check_with(&[(member, "{}")], WRONG_TYPE);
        check_with(&[(member, r#"["x"]"#)], WRONG_TYPE);
    }
    check_edited(|good| good.replace("\"id\"", "\"Id\"").into(), MISSING_FIELD);
    for (id, expected) in
        [("17", Applied), ("0", Applied), ("17.0", WRONG_TYPE), ("1e3", WRONG_TYPE), ("false", WRONG_TYPE), ("[]", WRONG_TYPE)]
    {
        check_with(&[("id", id)], expected);
        check_with(&[("source", id)], WRONG_TYPE);
        check_on(Kind::Tickets, event_text(CREATED, &[("ticket_id", id)]), expected);
        check_on(Kind::Tickets, event_text(CREATED, &[("customer_id", id)]), expected);
        check_on(Kind::Tickets, event_text(CREATED, &[("agent_id", id)]), expected);
        check_on(Kind::Chats, event_text(CHAT, &[("chat_id", id)]), expected);
        check_on(Kind::Chats, event_text(CHAT, &[("ticket_id", id)]), expected);
        check_on(Kind::Surveys, event_text(NPS, &[("survey_id", id)]), expected);
        // Members that the type does not use are not looked at.
        check_on(
            Kind::Tickets,
            event_text(CREATED, &[("chat_id", id), ("survey_id", id), ("into_ticket_id", id), ("public", id)]),
            Applied,
        );
        check_on(Kind::Tickets, event_text(STATUS, &[("customer_id", id), ("tier", id)]), Applied);
        check_on(Kind::Customers, event_text(TOUCHPOINT, &[("agent_id", id), ("ticket_id", id)]), Applied);
    }
    for name in ["ticket.exploded", "ticket.created ", "Ticket.created", "ticket", "ticket.created\\u0000"] {
        check_with(&[("type", &format!("\"{name}\""))], UNKNOWN_TYPE);
    }
    for (kind, good) in GOOD {
        for other in Kind::ALL {
            check_on(other, event_text(good, &[]), if other == kind { Applied } else { WRONG_TOPIC });
        }
    }
    check_with(&[("unknown", "1"), ("__proto__", "{}"), ("$ref", "\"#\""), ("", "[]")], Applied);
    check_with(
        &[("team", "null"), ("agent_id", "null"), ("source", "null"), ("public", "null"), ("specversion", "null"), ("tier", "null")],
        Applied,
    );
    check_edited(
        |good| {
            format!("{{{},{}}}", &good[good.find(",\"time").unwrap() + 1..good.len() - 1], &good[1..good.find(",\"time").unwrap()]).into()
        },
        Applied,
    );
    check_edited(|good| good.replace("\"type\"", r#""\u0074ype""#).into(), Applied);
    check_edited(|good| good.replacen('.', r"\u002e", 1).into(), Applied);
    check_with(
        &[("team", r#""""#), ("agent_id", r#""""#), ("customer_id", r#""C1""#), ("source", r#""""#), ("specversion", r#""""#)],
        Applied,
    );
    for member in ["channel", "team", "priority", "segment", "brand"] {
        check_with(&[(member, "3")], WRONG_TYPE);
        check_with(&[(member, "[]")], WRONG_TYPE);
        check_with(&[(member, "\"\"")], Applied);
    }
    for member in ["public", "automated"] {
        check_on(Kind::Chats, event_text(CHAT, &[(member, "\"true\"")]), WRONG_TYPE);
        check_on(Kind::Chats, event_text(CHAT, &[(member, "1")]), WRONG_TYPE);
        check_on(Kind::Chats, event_text(CHAT, &[(member, "false")]), Applied);
        check_on(Kind::Chats, event_text(CHAT, &[(member, "\"\"")]), Applied);
    }
}

#[test]
fn d_members_of_one_type() {
    let ticket = |changes: &[(&str, &str)], expected| check_on(Kind::Tickets, event_text(CREATED, changes), expected);
    ticket(&[("ticket_id", "")], MISSING_FIELD);
    ticket(&[("ticket_id", "null")], MISSING_FIELD);
    ticket(&[("created_by", r#""agent""#)], Applied);
    ticket(&[("created_by", r#""bot""#)], BAD_VALUE);
    ticket(&[("created_by", "1")], WRONG_TYPE);
    ticket(&[("reason", "1"), ("scope", "1"), ("outcome", "1"), ("direction", "{}"), ("score", "\"x\""), ("author", "1")], Applied);
    let status = |changes: &[(&str, &str)], expected| check_on(Kind::Tickets, event_text(STATUS, changes), expected);
    status(&[("status", "")], MISSING_FIELD);
    status(&[("status", "null")], MISSING_FIELD);
    status(&[("status", "1")], WRONG_TYPE);
    status(&[("status", r#""SOLVED""#)], BAD_VALUE);
    status(&[("status", r#""""#)], MISSING_FIELD);
    status(&[("status", &format!("\"{}\"", r"\u0041".repeat(10_000)))], BAD_VALUE);
    let assigned = |changes: &[(&str, &str)], expected| {
        check_on(Kind::Tickets, event_text(CREATED, &[&[("type", r#""ticket.assigned""#)], changes].concat()), expected);
    };
    assigned(&[("reason", r#""auto""#)], Applied);
    assigned(&[("reason", r#""whim""#)], BAD_VALUE);
    assigned(&[("reason", "1")], WRONG_TYPE);
    let merged = |changes: &[(&str, &str)], expected| {
        check_on(Kind::Tickets, event_text(CREATED, &[&[("type", r#""ticket.merged""#)], changes].concat()), expected);
    };
    merged(&[], MISSING_FIELD);
    merged(&[("into_ticket_id", r#""T2""#)], Applied);
    merged(&[("into_ticket_id", "2")], Applied);
    merged(&[("into_ticket_id", "true")], WRONG_TYPE);
    merged(&[("into_ticket_id", r#""""#)], MISSING_FIELD);
    let snapshot = |changes: &[(&str, &str)], expected| {
        let base = [("type", r#""ticket.snapshot""#), ("created_time", "1772442000000"), ("status", r#""open""#)];
        check_on(Kind::Tickets, event_text(CREATED, &[&base[..], changes].concat()), expected);
    };
    snapshot(
        &[("solved_time", r#""2026-03-02T09:00:00Z""#), ("first_response_time", "1772442000000"), ("awaiting_reply_since", "null")],
        Applied,
    );
    snapshot(&[("created_time", "")], MISSING_FIELD);
    snapshot(&[("status", "")], MISSING_FIELD);
    snapshot(&[("answered", "false"), ("solved_time", "null"), ("first_response_time", r#""""#)], Applied);
    snapshot(&[("answered", "0")], WRONG_TYPE);
    for member in ["created_time", "first_response_time", "solved_time", "awaiting_reply_since"] {
        snapshot(&[(member, "\"yesterday\"")], BAD_TIME);
        snapshot(&[(member, "1772442000")], BAD_TIME);
        snapshot(&[(member, "1.5")], BAD_TIME);
        snapshot(&[(member, "1.7724516E12")], Applied);
        snapshot(&[(member, "true")], WRONG_TYPE);
    }
    let completed = |changes: &[(&str, &str)], expected| {
        let base = [("type", r#""ticket.snapshot_completed""#), ("ticket_id", ""), ("started_time", "1772442000000")];
        check_on(Kind::Tickets, event_text(CREATED, &[&base[..], changes].concat()), expected);
    };
    completed(&[], Applied);
    completed(&[("started_time", "")], MISSING_FIELD);
    completed(&[("started_time", "-1")], BAD_TIME);
    let chat = |changes: &[(&str, &str)], expected| check_on(Kind::Chats, event_text(CHAT, changes), expected);
    chat(&[("author", r#""parrot""#)], BAD_VALUE);
    chat(&[("author", "")], MISSING_FIELD);
    chat(&[("chat_id", "")], MISSING_FIELD);
    let nps = |changes: &[(&str, &str)], expected| check_on(Kind::Surveys, event_text(NPS, changes), expected);
    nps(&[("metric", r#""mood""#)], BAD_VALUE);
    nps(&[("metric", "")], MISSING_FIELD);
    nps(&[("scope", r#""cosmos""#)], BAD_VALUE);
    nps(&[("scope", "1")], WRONG_TYPE);
    nps(&[("direction", r#""sideways""#)], BAD_VALUE);
    nps(&[("score", "")], MISSING_FIELD);
    nps(&[("score", "null")], MISSING_FIELD);
    let sent = |changes: &[(&str, &str)], expected| {
        check_on(Kind::Surveys, event_text(NPS, &[&[("type", r#""survey.sent""#), ("survey_id", r#""S1""#)], changes].concat()), expected);
    };
    sent(&[("score", "99")], Applied);
    sent(&[("survey_id", "")], MISSING_FIELD);
    sent(&[("metric", r#""mood""#)], BAD_VALUE);
    let ces = |changes: &[(&str, &str)], expected| check_on(Kind::Surveys, event_text(CES, changes), expected);
    ces(&[], Applied);
    ces(&[("direction", "")], MISSING_FIELD);
    ces(&[("direction", "null")], MISSING_FIELD);
    ces(&[("direction", ""), ("score", "\"4\"")], MISSING_FIELD);
    let touchpoint = |changes: &[(&str, &str)], expected| check_on(Kind::Customers, event_text(TOUCHPOINT, changes), expected);
    touchpoint(&[("journey_stage", "")], MISSING_FIELD);
    touchpoint(&[("journey_stage", r#""""#)], MISSING_FIELD);
    touchpoint(&[("outcome", r#""""#)], Applied);
    touchpoint(&[("journey_stage", "1")], WRONG_TYPE);
    touchpoint(&[("outcome", r#""meh""#)], BAD_VALUE);
    touchpoint(&[("customer_id", "")], MISSING_FIELD);
    touchpoint(&[("type", r#""customer.cancelled""#), ("reason", "17")], Applied);
    touchpoint(&[("type", r#""customer.merged""#), ("into_customer_id", "17")], Applied);
    touchpoint(&[("type", r#""customer.merged""#)], MISSING_FIELD);
}
